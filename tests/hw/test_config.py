"""Configurations: slugs, names, widths, flags, errors."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fp8mac.hw.config.accumulators import (
    ConfigError,
    FloatAccConfig,
    IntAccConfig,
    KulischConfig,
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
from fp8mac.hw.config.unit import MacConfig, parse_unit

OPERANDS = (
    "int2 int2s int4 int8 int8s int16 e2m1 e2m1ieee e2m5 e2m5fnuz e3m4 e4m3 e4m3ieee e4m3none "
    "e4m3fnuz e4m3b11fnuz e4m3b8 e4m3b-8 e5m2 e5m2b-1none fp16 bf16 tf32"
).split()

FLOAT_ACCUMULATORS = "fp16 bf16 e6m9 fp32 e4m3 e4m3fnuz e4m3none e5m3b20 e5m3b-20".split()
OPTIONS = ["", ":rtz", ":sr", ":ftz", ":saturate", ":rtz:ftz", ":rtz:saturate", ":sr:ftz:saturate"]
ACCUMULATORS = (
    "kulisch:0 kulisch:2 kulisch:12 int32 int32:saturate int33 int40 int64:saturate".split()
    + [format_ + options for format_, options in product(FLOAT_ACCUMULATORS, OPTIONS)]
)

UNKNOWN = (
    "Unknown accumulator '{}'; an accumulator is kulisch[:<guard bits>], int<N>[:saturate], or a "
    "float format such as fp16 with options :rtz, :ftz, :saturate."
)
NOT_FLOAT = (
    "'{}' is not an accumulator; a float accumulator takes the options rtz or sr, ftz and "
    "saturate, once each."
)
NOT_INT = "'{}' is not an accumulator; write int<N> or int<N>:saturate."
NOT_KULISCH = "'{}' is not an accumulator; write kulisch or kulisch:<guard bits>."

ACCUMULATOR_ERRORS = [
    *((text, UNKNOWN.format(text)) for text in ("", "fp8", "accumulator", "fx12", "fp17:rtz")),
    *((text, NOT_FLOAT.format(text)) for text in ("fp16:", "fp16:wrap", "fp16:rtz:rtz", "e4m3:8")),
    *(
        (text, NOT_INT.format(text))
        for text in ("int", "int8s", "int32:wrap", "int32:rtz", "int32:")
    ),
    *((text, NOT_KULISCH.format(text)) for text in ("kulisch:", "kulisch:x", "kulisch:1:2")),
    ("fp16:rtz:sr", "'fp16:rtz:sr' names more than one rounding."),
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
    accumulators = st.builds(KulischConfig, st.integers(0, 64)) | st.builds(
        FloatAccConfig, floats(), rounding, overflow, st.booleans()
    )
    return st.builds(MacConfig, operands, operands, accumulators)


def all_units() -> list[MacConfig]:
    found = []
    for a, b, acc in product(OPERANDS, OPERANDS, ACCUMULATORS):
        if not acc.startswith("int") or (a.startswith("int") and b.startswith("int")):
            found.append(parse_unit(a, b, acc=acc))
    return found


def test_config_slugs_are_distinct_identifiers() -> None:
    every = all_units()
    slugs = {config.slug for config in every if re.fullmatch("mac_[a-z0-9_]+", config.slug)}
    assert len(every) == len(set(every)) == len(slugs) == 23 * 23 * 75 + 6 * 6 * 5


@settings(derandomize=True, database=None, deadline=None, max_examples=500)
@given(units(), units(), st.sampled_from(["a", "b", "accumulator", None]))
def test_config_slugs_are_equal_where_configs_are(
    one: MacConfig, other: MacConfig, part: str | None
) -> None:
    """Configurations that differ in one part at most, or in all of them."""
    if part:
        other = replace(one, **{part: getattr(other, part)})
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
    ],
)
def test_config_slug(a: str, b: str | None, acc: str, slug: str) -> None:
    assert parse_unit(a, b, acc=acc).slug == slug


def test_config_accumulator_names_are_read_back() -> None:
    names = [name for name in ACCUMULATORS if parse_accumulator(name).name == name]
    assert names == ACCUMULATORS
    assert len(names) == 80


@settings(derandomize=True, database=None, deadline=None, max_examples=500)
@given(units())
def test_config_names_are_read_back(config: MacConfig) -> None:
    assert parse_unit(config.a.name, config.b.name, acc=config.accumulator.name) == config


@pytest.mark.parametrize(
    ("text", "accumulator"),
    [
        ("kulisch", KulischConfig(12)),
        (" KULISCH:3 ", KulischConfig(3)),
        ("int32", IntAccConfig(32, Overflow.WRAP)),
        ("int24:saturate", IntAccConfig(24, Overflow.SATURATE)),
        ("fp16", FloatAccConfig(FloatFormat(5, 10))),
        ("bf16:sr", FloatAccConfig(FloatFormat(8, 7), Rounding.STOCHASTIC)),
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
        (lambda: KulischConfig(-1), "A Kulisch accumulator has 0 to 64 guard bits, not -1."),
    ],
    ids=["float", "int", "kulisch"],
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
