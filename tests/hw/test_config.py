"""Configurations: slugs, names, lines, ways of adding, widths, flags, errors."""

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fp8mac.hw.config.accumulators import (
    AccumulatorConfig,
    ConfigError,
    FloatAccConfig,
    IntAccConfig,
    KulischConfig,
    Resolve,
    parse_accumulator,
)
from fp8mac.hw.config.formats import (
    NAMED_FORMATS,
    FloatFormat,
    FormatError,
    IntFormat,
    Overflow,
    Rounding,
    Specials,
    parse_format,
)
from fp8mac.hw.config.summation import PLAIN, Summation, parse_summation
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit

OPERANDS = (
    "int2 int2s int4 int8 int8s int16 e2m1 e2m1ieee e2m5 e2m5fnuz e3m4 e4m3 e4m3ieee e4m3none "
    "e4m3fnuz e4m3b11fnuz e4m3b8 e4m3b-8 e5m2 e5m2b-1none fp16 bf16 tf32"
).split()

FLOAT_ACCUMULATORS = "fp16 bf16 e6m9 fp32 e4m3 e4m3fnuz e4m3none e5m3b20 e5m3b-20".split()
OPTIONS = [
    "",
    ":rtz",
    ":sr",
    ":ftz",
    ":saturate",
    ":rtz:ftz",
    ":rtz:saturate",
    ":sr:ftz:saturate",
    ":sr=4",
]
ACCUMULATORS = (
    "kulisch:0 kulisch:2 kulisch:12 int32 int32:saturate int33 int40 int64:saturate".split()
    + "kulisch:3:segmented=4 kulisch:12:segmented=1:resolve=idle int32:segmented=4".split()
    + "int32:segmented=4:resolve=idle int32:segmented=4:resolve=combinational".split()
    + [format_ + options for format_, options in product(FLOAT_ACCUMULATORS, OPTIONS)]
)

UNKNOWN = (
    "Unknown accumulator '{}'; an accumulator is kulisch[:<guard bits>], int<N>[:saturate], or a "
    "float format such as fp16 with options :rtz, :ftz, :saturate."
)
NOT_FLOAT = (
    "'{}' is not an accumulator; a float accumulator takes the options rtz, odd, sr or "
    "sr=<random bits>, ftz or daz, saturate or inf, and sum0 or plus0, once each."
)
BEHIND = ", and behind it :segmented=<bits> and :resolve=combinational or :resolve=idle."
NOT_INT = "'{}' is not an accumulator; write int<N> or int<N>:saturate" + BEHIND
NOT_KULISCH = "'{}' is not an accumulator; write kulisch or kulisch:<guard bits>" + BEHIND

ACCUMULATOR_ERRORS = [
    *((text, UNKNOWN.format(text)) for text in ("", "fp8", "accumulator", "fx12", "fp17:rtz")),
    *((text, NOT_FLOAT.format(text)) for text in ("fp16:", "fp16:wrap", "fp16:rtz:rtz", "e4m3:8")),
    *((text, NOT_FLOAT.format(text)) for text in ("fp16:sr=", "fp16:sr=x", "fp16:rtz=3")),
    *(
        (text, NOT_INT.format(text))
        for text in ("int", "int8s", "int32:wrap", "int32:rtz", "int32:")
    ),
    *((text, NOT_KULISCH.format(text)) for text in ("kulisch:", "kulisch:x", "kulisch:1:2")),
    *(
        (text, NOT_KULISCH.format(text))
        for text in ("kulisch:segmented", "kulisch:segmented=x", "kulisch:segmented=2:segmented=3")
    ),
    *((text, NOT_INT.format(text)) for text in ("int8:segmented=-1", "int8:segmented=3:resolve=x")),
    ("fp16:segmented=4", NOT_FLOAT.format("fp16:segmented=4")),
    ("kulisch:segmented=0", "A segment has 1 bit or more, not 0."),
    (
        "kulisch:resolve=idle",
        "Only a register in segments has carries to resolve; add segmented=<bits>.",
    ),
    (
        "int32:saturate:segmented=4",
        (
            "A register that saturates cannot be cut into segments: only the resolved sum tells "
            "whether it is out of range."
        ),
    ),
    ("fp16:rtz:sr", "'fp16:rtz:sr' names more than one rounding."),
    ("fp16:sr:sr=4", "'fp16:sr:sr=4' names more than one rounding."),
    ("fp16:sr=0", "Stochastic rounding takes 1 to 26 random bits, not 0."),
    ("fp16:sr=27", "Stochastic rounding takes 1 to 26 random bits, not 27."),
    ("e9m3:rtz", "A float format with 'ieee' specials has 2 to 8 exponent bits, not 9."),
    ("kulisch:65", "A Kulisch accumulator has 0 to 64 guard bits, not 65."),
    ("int1", "An integer accumulator has 2 to 64 bits, not 1."),
    ("int65", "An integer accumulator has 2 to 64 bits, not 65."),
]


def floats() -> st.SearchStrategy[FloatFormat]:
    bits = {"exponent_bits": st.integers(2, 8), "mantissa_bits": st.integers(1, 23)}
    bias = st.none() | st.integers(-3, 3)
    return st.builds(FloatFormat, **bits, bias=bias, specials=st.sampled_from(Specials))


def units() -> st.SearchStrategy[MacConfig]:
    named = st.sampled_from(list(NAMED_FORMATS.values()))
    operands = named | floats() | st.builds(IntFormat, st.integers(2, 32), st.booleans())
    overflow = st.sampled_from([Overflow.SATURATE, Overflow.TO_SPECIAL])
    rounding = st.sampled_from(Rounding)
    # Products have three bits at least.
    segments = st.sampled_from([(None, None), (1, None), (2, None), *((2, how) for how in Resolve)])
    accumulators = st.builds(
        lambda guard, cut: KulischConfig(guard, *cut), st.integers(0, 64), segments
    ) | st.builds(FloatAccConfig, floats(), rounding, overflow, st.booleans())
    stochastic = st.just(Rounding.STOCHASTIC)
    accumulators |= st.builds(
        FloatAccConfig, floats(), stochastic, overflow, st.booleans(), st.integers(1, 26)
    )
    plain = st.builds(MacConfig, operands, operands, accumulators)
    return st.builds(staged, st.builds(added, plain, ways(accumulators)), st.integers(1, 3))


def staged(unit: MacConfig, stages: int) -> MacConfig:
    """The unit in so many stages, if there is such a unit."""
    try:
        return replace(unit, stages=stages)
    except ConfigError:
        return unit


def ways(accumulators: st.SearchStrategy[AccumulatorConfig]) -> st.SearchStrategy[Summation]:
    few = st.integers(1, 9)
    lanes = st.builds(Summation, lanes=few, window_bits=st.none() | few, chunk=st.none() | few)
    trees = st.builds(Summation, lanes=st.sampled_from([2, 4, 1 << 16]), tree=st.just(True))
    outer = st.builds(Summation, lanes=few, chunk=few, outer=st.none() | accumulators)
    return st.just(PLAIN) | lanes | trees | outer


def added(unit: MacConfig, way: Summation) -> MacConfig:
    """The unit, in which products are added so, if there is such a unit."""
    try:
        return replace(unit, summation=way)
    except ConfigError:
        return unit


def all_units() -> list[MacConfig]:
    found = []
    for a, b, acc in product(OPERANDS, OPERANDS, ACCUMULATORS):
        if not acc.startswith("int") or (a.startswith("int") and b.startswith("int")):
            found.append(parse_unit(a, b, acc=acc))
    return found


@pytest.mark.slow
def test_config_slugs_are_distinct_identifiers() -> None:
    every = all_units()
    slugs = {config.slug for config in every if re.fullmatch("mac_[a-z0-9_]+", config.slug)}
    assert len(every) == len(set(every)) == len(slugs) == 23 * 23 * 86 + 6 * 6 * 8


@settings(derandomize=True, database=None, deadline=None, max_examples=500)
@given(
    units(),
    units(),
    st.sampled_from(["a", "b", "accumulator", "summation", "stages", None]),
)
def test_config_slugs_are_equal_where_configs_are(
    one: MacConfig, other: MacConfig, part: str | None
) -> None:
    """Configurations that differ in one part at most, or in all of them."""
    if part:
        try:
            other = replace(one, **{part: getattr(other, part)})
        except ConfigError:
            return
    assert (one.slug == other.slug) == (one == other)


@pytest.mark.parametrize(
    ("a", "b", "acc", "slug"),
    [
        ("e4m3", None, "fp16", "mac_e4m3_e4m3_fp16"),
        ("E4M3FN", "e4m3b7", "e5m10", "mac_e4m3_e4m3_fp16"),
        ("e4m3", "e5m2", "kulisch", "mac_e4m3_e5m2_kulisch12"),
        ("int8", "int4", "int32:saturate", "mac_int8_int4_int32_saturate"),
        ("int8s", None, "kulisch:5", "mac_int8s_int8s_kulisch5"),
        (
            "e5m3b-20",
            "e5m3b20",
            "e6m9:saturate:ftz:rtz",
            "mac_e5m3bn20_e5m3b20_e6m9_rtz_ftz_saturate",
        ),
        ("int8", "e4m3", "bf16:rne:ftz", "mac_int8_e4m3_bf16_ftz"),
        ("e4m3", None, "fp16:sr", "mac_e4m3_e4m3_fp16_sr"),
        ("e4m3", None, "fp16:sr=8", "mac_e4m3_e4m3_fp16_sr"),
        ("e4m3", None, "fp16:ftz:sr=12", "mac_e4m3_e4m3_fp16_sr12_ftz"),
    ],
)
def test_config_slug(a: str, b: str | None, acc: str, slug: str) -> None:
    assert parse_unit(a, b, acc=acc).slug == slug


def test_config_accumulator_names_are_read_back() -> None:
    names = [name for name in ACCUMULATORS if parse_accumulator(name).name == name]
    assert names == ACCUMULATORS
    assert len(names) == 94


@settings(derandomize=True, database=None, deadline=None, max_examples=500)
@given(units())
def test_config_names_are_read_back(config: MacConfig) -> None:
    names = config.a.name, config.b.name
    way = config.summation.name
    more = {"summation": way, "stages": config.stages}
    assert parse_unit(*names, acc=config.accumulator.name, **more) == config
    assert parse_line(config.text) == config
    assert parse_line(config.text.upper().replace(" ", "  ")) == config


#: A line, the line as it is printed, slug.
LINES = [
    ("e4m3 -> fp16", "e4m3 -> fp16", "mac_e4m3_e4m3_fp16"),
    ("e4m3*e4m3->fp16", "e4m3 -> fp16", "mac_e4m3_e4m3_fp16"),
    ("E4M3 * E5M2 x 1 -> FP16:FTZ:RTZ", "e4m3*e5m2 -> fp16:rtz:ftz", "mac_e4m3_e5m2_fp16_rtz_ftz"),
    ("int8*int4 x 4 -> int32", "int8*int4 x 4 -> int32", "mac_int8_int4_int32_x4"),
    (
        "e4m3 -> fp32, window 26, x 32",
        "e4m3 x 32 -> fp32, window 26",
        "mac_e4m3_e4m3_fp32_x32_window26",
    ),
    (
        "e5m2 x 8 -> bf16, tree",
        "e5m2 x 8 -> bf16, tree",
        "mac_e5m2_e5m2_bf16_x8_tree",
    ),
    (
        "e4m3 x 16 -> fp16, chunk 128->fp32:ftz",
        "e4m3 x 16 -> fp16, chunk 128 -> fp32:ftz",
        "mac_e4m3_e4m3_fp16_x16_chunk128_fp32_ftz",
    ),
    ("e5m3b-20 -> e5m3b20, chunk 4 -> e5m3b-20",) * 2
    + ("mac_e5m3bn20_e5m3bn20_e5m3b20_chunk4_e5m3bn20",),
    (
        "int8 -> kulisch:3, chunk 9 -> kulisch",
        "int8 -> kulisch:3, chunk 9 -> kulisch:12",
        "mac_int8_int8_kulisch3_chunk9_kulisch12",
    ),
    ("e4m3 -> fp16, chunk 64 -> fp16", "e4m3 -> fp16, chunk 64", "mac_e4m3_e4m3_fp16_chunk64"),
    ("e4m3 -> fp16, stages 1", "e4m3 -> fp16", "mac_e4m3_e4m3_fp16"),
    ("e4m3->fp16,stages  2", "e4m3 -> fp16, stages 2", "mac_e4m3_e4m3_fp16_stages2"),
]


@pytest.mark.parametrize(("line", "text", "slug"), LINES)
def test_config_lines(line: str, text: str, slug: str) -> None:
    config = parse_line(line)
    assert (config.text, config.slug) == (text, slug)
    assert parse_line(text) == config


FORM = (
    "'{}' is not a unit; write <format>[*<format>] [x <lanes>] -> <accumulator>, and how products "
    "are added behind a comma; 'fp8mac units' lists names."
)
NO_WAY = (
    "'{}' is not a way of adding; write x <lanes>, tree, window <bits>, chunk <products> or "
    "chunk <products> -> <accumulator>."
)
NO_IDLE = (
    "A register that idle cycles resolve is of one stage: ready would say nothing of a product "
    "that is on its way."
)
NO_STAGES = "'stages {}' is no number of stages; write stages 2."


@pytest.mark.parametrize(
    ("line", "message"),
    [
        *(
            (line, FORM.format(line))
            for line in ("", "e4m3", "e4m3 fp16", "-> fp16", "e4m3 -> , x 4")
        ),
        ("e4m3 -> fp16, fast", NO_WAY.format("fast")),
        ("e4m3 x  -> fp16", NO_WAY.format("x")),
        ("e4m3 x 1.5 -> fp16", NO_WAY.format("x 1.5")),
        ("e4m3 -> fp16, tree 4", NO_WAY.format("tree 4")),
        ("e4m3 -> fp16, chunk -> fp32", NO_WAY.format("chunk -> fp32")),
        ("e4m3 x 4 -> fp16, x 4", "Products are added in one way; 'x 4' is one too many."),
        ("e4m3 -> fp16, chunk 4 -> fp99", UNKNOWN.format("fp99")),
        ("e4m3 -> fp16, stages 3", "e4m3 -> fp16 has 1 or 2 stages, not 3."),
        ("int8 -> int32, stages 4", "int8 -> int32 has 1 to 3 stages, not 4."),
        ("e4m3 x 4 -> kulisch:3, stages 0", "e4m3 x 4 -> kulisch:3 has 1 or 2 stages, not 0."),
        ("e4m3 -> fp16, stages two", NO_STAGES.format("two")),
        ("e4m3 -> fp16, stages", NO_STAGES.format("")),
        ("e4m3 -> kulisch:segmented=5:resolve=idle, stages 2", NO_IDLE),
        ("e4m3 -> fp16, stages 2, stages 2", "'stages 2' is said twice."),
    ],
)
def test_config_line_error(line: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_line(line)
    assert str(error.value) == message


def test_config_line_format_error() -> None:
    for line in ("e4m3* -> fp16", "*e4m3 -> fp16", "e4m3x4 -> fp16"):
        with pytest.raises(FormatError):
            parse_line(line)


@pytest.mark.parametrize(
    ("unit", "how", "message"),
    [
        ("fp16", {"lanes": 0}, "Lanes and chunks are of one product or more."),
        ("fp16", {"chunk": -1}, "Lanes and chunks are of one product or more."),
        ("fp16", {"window_bits": 0}, "An alignment window has one bit or more."),
        (
            "fp16",
            {"outer": KulischConfig()},
            "There is an outer accumulator, but no chunk says when to add to it.",
        ),
        (
            "fp16",
            {"chunk": 2, "outer": IntAccConfig(32)},
            (
                "Partial sums in fp16 cannot be added in int32: both are to be float, both integer "
                "or both Kulisch."
            ),
        ),
        (
            "fp16",
            {"chunk": 2, "outer": parse_accumulator("e5m6none")},
            "Partial sums in fp16 cannot be added in e5m6none: only one of them holds NaN.",
        ),
        (
            "kulisch",
            {"window_bits": 12},
            "Alignment is for float products in a float accumulator.",
        ),
        (
            "kulisch",
            {"lanes": 4, "tree": True},
            "A tree of rounding adders is for float accumulators, not kulisch:12.",
        ),
        (
            "fp16",
            {"lanes": 6, "tree": True},
            "A tree of adders has 2, 4, 8, ... 65536 lanes, not 6.",
        ),
        (
            "fp16",
            {"lanes": 1 << 17, "tree": True},
            "A tree of adders has 2, 4, 8, ... 65536 lanes, not 131072.",
        ),
        ("fp16", {"tree": True}, "A tree of adders has 2, 4, 8, ... 65536 lanes, not 1."),
        (
            "fp16",
            {"lanes": 4, "tree": True, "window_bits": 9},
            "A window aligns all products of a step, but a tree adds them in pairs.",
        ),
        (
            "fp16:sr",
            {"lanes": 4, "tree": True},
            "A step draws one random number, but every adder of a tree needs one.",
        ),
    ],
)
def test_config_summation_error(unit: str, how: dict, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        replace(parse_unit("e4m3", acc=unit), summation=Summation(**how))
    assert str(error.value) == message


def test_config_outer_accumulators_hold_products() -> None:
    with pytest.raises(ConfigError) as error:
        parse_line("int8 -> int32, chunk 4 -> int15")
    assert str(error.value) == (
        "The accumulator int15 is too narrow: one exact int8 x int8 product takes 16 bits."
    )
    with pytest.raises(ConfigError) as error:
        parse_line("e4m3*int8 -> fp32, window 9")
    assert str(error.value) == "Alignment is for float products in a float accumulator."


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Summation, "lanes"),
        (Summation, "window_bits"),
        (Summation, "chunk"),
        (KulischConfig, "guard_bits"),
        (IntAccConfig, "bits"),
    ],
)
def test_config_integers(kind: type, name: str) -> None:
    for wrong in (2.0, 2.5, True, np.True_, "2", np.float64(2), [2]):
        with pytest.raises(ConfigError) as error:
            kind(**{name: wrong})
        assert str(error.value) == f"{name} is an integer, not {wrong!r}."
    for right in (2, np.int8(2), np.uint64(2), np.array(2)):
        config = kind(**{name: right})
        assert config == kind(**{name: 2})
        assert type(getattr(config, name)) is int


def test_config_summations_are_read_back() -> None:
    assert parse_summation("") == parse_summation(" , ") == parse_summation("x 1") == PLAIN
    assert PLAIN.name == ""
    every = Summation(3, window_bits=10**30, chunk=10**30, outer=parse_accumulator("fp32"))
    assert every.name == f"x 3, window {10**30}, chunk {10**30} -> fp32"
    assert parse_summation(every.name) == every


def test_config_results_and_rates() -> None:
    unit = parse_line("e4m3 x 16 -> fp16, chunk 64 -> fp32:rtz")
    assert unit.plain == parse_unit("e4m3", acc="fp16")
    assert unit.result == parse_unit("e4m3", acc="fp32:rtz")
    assert (unit.products_per_cycle, unit.latency_cycles) == (16, 1)
    plain = unit.plain
    assert plain.plain is plain.result is plain
    assert (plain.products_per_cycle, plain.latency_cycles) == (1, 1)
    assert parse_line("e4m3 x 4 -> fp16").result == plain


def test_config_hashes_are_those_of_the_process() -> None:
    """A unit from another process is found among those of this one."""
    code = (
        "import pickle, sys; from fp8mac.hw.config.unit import parse_line;"
        "sys.stdout.buffer.write(pickle.dumps(parse_line('e4m3 x 4 -> fp16, chunk 8')))"
    )
    unit = parse_line("e4m3 x 4 -> fp16, chunk 8")
    for seed in "12":
        theirs = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        assert pickle.loads(theirs.stdout) in {unit}


@pytest.mark.parametrize(
    ("text", "accumulator"),
    [
        ("kulisch", KulischConfig(12)),
        (" KULISCH:3 ", KulischConfig(3)),
        ("int32", IntAccConfig(32, Overflow.WRAP)),
        ("int24:saturate", IntAccConfig(24, Overflow.SATURATE)),
        ("fp16", FloatAccConfig(FloatFormat(5, 10))),
        ("bf16:sr", FloatAccConfig(FloatFormat(8, 7), Rounding.STOCHASTIC)),
        ("bf16:sr=8", FloatAccConfig(FloatFormat(8, 7), Rounding.STOCHASTIC)),
        ("bf16:sr=26", FloatAccConfig(FloatFormat(8, 7), Rounding.STOCHASTIC, random_bits=26)),
        (
            "e6m9:saturate:ftz:rtz",
            FloatAccConfig(FloatFormat(6, 9), Rounding.RTZ, Overflow.SATURATE, subnormals=False),
        ),
    ],
)
def test_config_parse_accumulator(text: str, accumulator: KulischConfig) -> None:
    assert parse_accumulator(text) == accumulator


@pytest.mark.parametrize(("text", "message"), ACCUMULATOR_ERRORS)
def test_config_accumulator_error(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_accumulator(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("a", "b", "acc", "message"),
    [
        (
            "int8",
            "e4m3",
            "int32",
            (
                "The integer accumulator int32 cannot add e4m3 products; use kulisch or a float "
                "accumulator."
            ),
        ),
        (
            "int8",
            "int8",
            "int15:saturate",
            (
                "The accumulator int15:saturate is too narrow: one exact int8 x int8 product takes "
                "16 bits."
            ),
        ),
        (
            "int8s",
            "int8",
            "int14",
            "The accumulator int14 is too narrow: one exact int8s x int8 product takes 15 bits.",
        ),
    ],
)
def test_config_unit_error(a: str, b: str, acc: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_unit(a, b, acc=acc)
    assert str(error.value) == message


def test_config_unit_format_error() -> None:
    with pytest.raises(FormatError) as error:
        parse_unit("e4m3", "e1m3", acc="fp16")
    assert (
        str(error.value) == "A float format with 'ieee' specials has 2 to 8 exponent bits, not 1."
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: FloatAccConfig(FloatFormat(5, 10), overflow=Overflow.WRAP),
            "A floating-point accumulator cannot wrap.",
        ),
        (
            lambda: IntAccConfig(32, Overflow.TO_SPECIAL),
            "An integer accumulator wraps or saturates; it has no special values.",
        ),
        (
            lambda: FloatAccConfig(FloatFormat(5, 10), random_bits=8),
            "Random bits are for stochastic rounding (:sr) alone.",
        ),
        (
            lambda: FloatAccConfig(FloatFormat(5, 10), Rounding.STOCHASTIC, random_bits=2.0),
            "random_bits is an integer, not 2.0.",
        ),
        (lambda: KulischConfig(-1), "A Kulisch accumulator has 0 to 64 guard bits, not -1."),
    ],
    ids=["float", "int", "random bits", "not whole", "kulisch"],
)
def test_config_constructor_error(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        build()
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("a", "b", "acc", "flags"),
    [
        ("e4m3", "e4m3", "fp16", ()),
        ("e5m2", "e5m2", "e4m3", ()),
        ("e5m2", "e5m2", "e4m3fnuz", ()),
        ("int8", "int8", "int32", ()),
        ("int8", "int8", "kulisch", ()),
        ("e2m1", "e4m3none", "kulisch", ()),
        ("e2m1", "e2m1", "e4m3none", ()),
        ("e4m3", "e4m3", "kulisch", ("nan",)),
        ("int8", "e4m3fnuz", "kulisch", ("nan",)),
        ("e4m3", "e2m1", "e4m3none", ("nan",)),
        ("e5m2", "e5m2", "kulisch", ("pos_inf", "neg_inf")),
        ("e4m3", "e5m2", "kulisch", ("pos_inf", "neg_inf")),
        ("e3m4", "int4", "e5m2none", ("pos_inf", "neg_inf")),
    ],
)
def test_config_flags(a: str, b: str, acc: str, flags: tuple[str, ...]) -> None:
    assert parse_unit(a, b, acc=acc).flags == flags


@pytest.mark.parametrize(
    ("a", "b", "acc", "widths"),  # exponent of a product's unit, its bits, the accumulator's bits
    [
        ("e4m3", "e4m3", "kulisch:12", (-18, 37, 49)),
        ("e4m3", "e5m2", "kulisch:0", (-25, 51, 51)),
        ("e5m2", "e5m2", "fp16", (-32, 65, 16)),
        ("int8", "int8", "int32", (0, 16, 32)),
        ("int8s", "int8", "kulisch:1", (0, 15, 16)),
        ("int8", "e4m3", "bf16", (-9, 26, 16)),
        ("e4m3b-8", "e2m5b0", "kulisch:3", (2, 27, 30)),
        ("fp16", "fp16", "kulisch:30", (-48, 81, 111)),
        ("bf16", "bf16", "fp32", (-266, 523, 32)),
    ],
)
def test_config_widths(a: str, b: str, acc: str, widths: tuple[int, int, int]) -> None:
    config = parse_unit(a, b, acc=acc)
    assert (config.product_lsb_exponent, config.product_bits, config.acc_bits) == widths


@pytest.mark.parametrize("a", ["int2", "int4s", "e2m1", "e2m3", "e3m2", "e4m3", "e4m3b11fnuz"])
def test_config_product_bits_are_necessary_and_sufficient(a: str) -> None:
    config = parse_unit(a, "int3", acc="kulisch")
    format_ = parse_format(a)
    largest = format_.max_magnitude * 4  # -4 of int3
    assert config.product_bits == min(
        bits for bits in range(2, 99) if -(2 ** (bits - 1)) <= -largest <= largest < 2 ** (bits - 1)
    )
