"""What headers and docs/formats.md say of special cases is what the golden model returns."""

import re
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

from fp8mac.gen.describe import describe
from fp8mac.gen.verilog import verilog_text
from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, IntFormat
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.sim.exact.golden import Kind, Value, add_products, decode, multiply, read

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"

UNITS = [
    parse_unit(a, b, acc=acc)
    for a, b, acc in (
        ("e4m3", "e4m3", "fp16"),
        ("e5m2", "e4m3", "fp16:saturate"),
        ("e5m2", "e5m2", "fp16:rtz"),
        ("e3m4", "e3m4", "e4m3"),
        ("e5m2", "e2m1", "e4m3:saturate"),
        ("e5m2", "e5m2", "e4m3:rtz"),
        ("e5m2", "e4m3fnuz", "e4m3fnuz"),
        ("e5m2", "int4", "e5m2fnuz:saturate:ftz"),
        ("e4m3fnuz", "e4m3fnuz", "e5m2fnuz:ftz"),
        ("int8", "int8", "fp16"),
        ("int8", "int4", "e4m3"),
        ("int4", "e4m3", "bf16:ftz"),
        ("e2m1", "e2m1", "e3m2"),
        ("e2m3", "e2m3", "fp16"),
        ("e4m3", "e4m3", "e3m2"),
        ("e5m2", "e5m2", "e3m2:rtz"),
        ("e4m3", "e4m3", "e4m3:ftz"),
        ("e5m2", "e5m2", "e4m3fnuz:rtz"),
        ("e4m3", "e4m3", "e3m2:ftz"),
        ("e5m2", "e5m2", "e3m2:saturate"),
        ("e4m3b-5", "e4m3b-5", "bf16"),
        ("e4m3", "e4m3", "kulisch"),
        ("e5m2", "e4m3", "kulisch:3"),
        ("e2m1", "int4", "kulisch:2"),
        ("int8", "int8", "int32"),
        ("int8", "int4", "int16:saturate"),
        ("e4m3", "e4m3", "kulisch:3:segmented=5"),
    )
]


FLUSHED = (
    "A subnormal accumulator counts as zero, and a sum that is subnormal before rounding becomes "
    "zero{}. Operands keep their subnormals."
)
INFINITE = (
    "An infinite product raises pos_inf or neg_inf, a NaN product both; both up mean NaN, and acc "
    "is not specified while one is up."
)


def word(config: MacConfig, product_: Value, acc: int) -> str:
    """What kind of thing the golden model makes of a sum."""
    state = add_products(config, acc, [product_])
    if any(state.flags):
        return " ".join(flag for flag, up in zip(config.flags, state.flags, strict=True) if up)
    assert state.acc is not None
    value = read(config, state.acc)
    if value.kind is not Kind.FINITE:
        return {Kind.NAN: "NaN", Kind.INF: "infinity"}[value.kind]
    if not value.magnitude:
        return "-0" if value.sign else "0"
    acc_config = config.accumulator
    if isinstance(acc_config, FloatAccConfig) and abs(value.fraction) == acc_config.format.max:
        return "the largest number"
    return "negative" if value.sign else "positive"


def products(config: MacConfig, *kinds: str) -> list[Value]:
    """Products of codes of such kinds, in both orders: nan, inf, zero, one, minus."""
    tests = {
        "nan": lambda v: v.kind is Kind.NAN,
        "inf": lambda v: v.kind is Kind.INF and not v.sign,
        "zero": lambda v: v.kind is Kind.FINITE and not v.magnitude and not v.sign,
        "number": lambda v: v.kind is Kind.FINITE and v.magnitude and not v.sign,
        "minus": lambda v: v.kind is Kind.FINITE and v.magnitude and v.sign,
    }
    found = []
    for first, second in {kinds, kinds[::-1]}:
        values = [
            next((v for c in range(1 << f.bits) if tests[kind](v := decode(f, c))), None)
            for f, kind in ((config.a, first), (config.b, second))
        ]
        if None not in values:
            found.append(multiply(*values))
    return found


def one_word(config: MacConfig, values: list[Value], acc: int) -> str | None:
    """The word for all of them; None if there are none."""
    words = {word(config, each, acc) for each in values}
    assert len(words) <= 1
    return words.pop() if words else None


def facts(config: MacConfig) -> dict[str, str | None]:
    """What the golden model makes of every special case; None where it cannot occur."""
    format_ = getattr(config.accumulator, "format", None)
    nan, inf = products(config, "nan", "number"), products(config, "inf", "number")
    found = {
        "NaN operand": one_word(config, nan, 0),
        "infinity * 0": one_word(config, products(config, "inf", "zero"), 0),
        "infinite product": one_word(config, inf, 0),
    }
    if not isinstance(format_, FloatFormat):
        end, step = (1 << config.acc_bits - 1) - 1, Value(0, 1, config.product_lsb_exponent)
        beyond = word(config, step, end)
        return found | {"beyond": {"negative": "wraps", "positive": "its nearest end"}[beyond]}
    largest, number = Value.of(format_.max), products(config, "number", "number")
    one = Value(0, 1, 0)
    at_one = add_products(config, 0, [one]).acc
    ulp = Fraction(2) ** -format_.mantissa_bits
    moves = [
        add_products(config, at_one, [Value.of(part * ulp)]).acc != at_one
        for part in (Fraction(1, 2), Fraction(3, 4))
    ]
    minus_zero = format_.sign_code if format_.has_negative_zero else 0
    integers = [f for f in (config.a, config.b) if isinstance(f, IntFormat)]
    return found | {
        "rounding": {(False, True): "to nearest even", (False, False): "toward zero"}[tuple(moves)],
        "beyond": word(config, largest, format_.max_code),
        "infinite accumulator": format_.inf_code and one_word(config, number[:1], format_.inf_code),
        "infinity - infinity": format_.inf_code
        and one_word(config, inf, format_.inf_code + format_.sign_code),
        "NaN accumulator": format_.nan_code and one_word(config, number[:1], format_.nan_code),
        "subnormal": " ".join(
            word(config, Value(sign, 0, 0), format_.sign_code * sign + 1) for sign in (0, 1)
        ),
        "subnormal sum": word(config, Value.of(format_.min_subnormal), 0),
        "cancellation": word(config, Value.of(-format_.max), format_.max_code),
        "zeros": word(config, Value(1, 0, 0), minus_zero),
        "integer zero": one_word(config, products(config, "zero", "minus"), minus_zero)
        if integers
        else None,
    }


def sentences(config: MacConfig) -> list[str]:
    """What has to be said of it."""
    found, acc = facts(config), config.accumulator
    said = []
    if "rounding" in found:
        assert isinstance(acc, FloatAccConfig)
        number = f"the largest number, {float(acc.format.max):g}"
        become = found["beyond"].replace("the largest number", number)
        said += [f"acc + a * b is exact and is rounded once, {found['rounding']}."]
        said += [f"A finite sum beyond the largest number becomes {become}."]
        if found["infinite accumulator"]:
            assert found["infinite accumulator"] == "infinity"
            assert found["infinite product"] in (None, "infinity")
            said += ["An infinite product or accumulator gives infinity."]
        elif found["infinite product"] and not config.flags:
            become = found["infinite product"]
            become = become.replace("the largest number", f"{number}, with its sign")
            said += [f"An infinite product gives {become}."]
        order = ("NaN operand", "infinity * 0", "infinity - infinity", "NaN accumulator")
        causes = [cause for cause in order if found[cause] == "NaN"]
        if causes:
            listed = [f"a {cause}" if cause.startswith("NaN") else cause for cause in causes]
            listed = [", ".join(listed[:-1])] * (len(listed) > 1) + listed[-1:]
            verb, code = "gives" if len(causes) == 1 else "give", acc.format.nan_code
            text = " and ".join(listed)
            said += [f"{text[0].upper()}{text[1:]} {verb} the NaN {acc.format.bits}'h{code:x}."]
        said += {
            "positive negative": ["Subnormal numbers are kept."],
            "0 -0": [FLUSHED.format("; both keep their sign")],
            "0 0": [FLUSHED.format("")],
        }[found["subnormal"]]
        assert (found["subnormal sum"] == "positive") == acc.subnormals
        assert found["cancellation"] == "0"
        said += {
            "-0": ["Exact cancellation gives +0; -0 + -0 is -0."],
            "0": ["Exact cancellation gives 0."],
        }[found["zeros"]]
        if found["integer zero"] == "-0":
            said += ["An integer is the float that it converts to: 0 is +0, and 0 * -1 is -0."]
    elif config.flags or config.accumulator.name.startswith("kulisch"):
        holds = 2**config.accumulator.guard_bits
        said += [f"Exact: holds any sum of {holds} products; beyond that it {found['beyond']}."]
    else:
        verb = found["beyond"].replace("its", "becomes its")
        said += [f"A sum outside the range {verb}."]
    if config.flags == ("nan",):
        assert found["NaN operand"] == "nan"
        said += ["A NaN operand raises nan; acc is not specified while it is up."]
    elif config.flags:
        assert found["infinite product"] == "pos_inf"
        assert found["infinity * 0"] == found["NaN operand"] == "pos_inf neg_inf"
        said += [INFINITE]
    return said


@pytest.mark.parametrize("config", UNITS, ids=lambda config: config.slug)
def test_description_says_what_the_golden_model_does(config):
    assert describe(config, Shape.CORE)["special_cases"] == sentences(config)


@pytest.mark.parametrize("config", UNITS[:9:4], ids=lambda config: config.slug)
def test_header_holds_the_description(config):
    header = verilog_text(config, Shape.UNIT).partition("\n/*")[0]
    text = re.sub(r"\n//\s*", " ", header)
    for sentence in sentences(config):
        assert f"* {sentence}" in text, sentence


COLUMNS = ("`ieee`", "`fn`", "`fnuz`", "`none`", "kulisch", "int")
CASES = {
    "NaN operand": "NaN operand",
    "infinity * 0": "infinity * 0",
    "infinite operand": "infinite product",
    "infinity - infinity": "infinity - infinity",
    "sum beyond the largest number": "beyond",
    "subnormal accumulator": "subnormal",
    "exact cancellation": "cancellation",
    "-0 + -0": "zeros",
    "integers, -0 + 0 * -1": "integer zero",
}
SHOWN = {
    "positive negative": "kept",
    "0 -0": "zero, with its sign",
    "0 0": "zero",
    **dict.fromkeys(("nan", "pos_inf", "pos_inf neg_inf"), "flag"),
}


def column(config: MacConfig) -> str:
    """Column of the page's table that is about a unit."""
    acc = config.accumulator
    if isinstance(acc, FloatAccConfig):
        return f"`{acc.format.specials.value}`"
    return acc.name.partition(":")[0].rstrip("0123456789")


def options(config: MacConfig, case: str) -> set[str]:
    """Options of the accumulator that a case of the table depends on."""
    matters = {"infinite operand": {"saturate"}, "subnormal accumulator": {"ftz"}}
    matters["sum beyond the largest number"] = {"saturate", "rtz"}
    return set(config.accumulator.name.split(":")[1:]) & matters.get(case, set())


def test_page_says_what_the_golden_model_does():
    """Every cell of the table of special cases, for all units that it is about."""
    text = PAGE.read_text(encoding="utf-8").partition("## Special cases")[2]
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line]
    assert tuple(rows[0]) == ("case", *COLUMNS)
    cells = {
        (name, named, head): cell
        for case, *line in rows[2:]
        for name, _, with_ in [case.partition(" with ")]
        for named in (re.findall("`:([a-z]+)`", with_) or [""])
        for head, cell in zip(COLUMNS, line, strict=True)
    }
    seen = set()
    for config, case in product(UNITS, CASES):
        got = facts(config).get(CASES[case])
        for option in options(config, case) or {""}:
            if got is not None:
                place = case, option, column(config)
                assert cells[place] == SHOWN.get(got, got), (place, config.slug)
                seen.add(place)
    assert seen == {place for place, cell in cells.items() if cell}


def header(unit: MacConfig, shape: Shape) -> list[str]:
    """Paragraphs of a header, each in one line."""
    lines = []
    for line in verilog_text(unit, shape).splitlines():
        if not line.startswith("//"):
            break
        lines.append(line.removeprefix("//").strip())
    return [paragraph.replace("\n", " ") for paragraph in "\n".join(lines).split("\n\n")]


SEGMENTS = (
    "In segments of 5 bits: the carry out of each is held, and enters the next one in the next "
    "step. {}, modulo 2**40, in two's complement: exact at all times, but many words and carries "
    "stand for one number."
)
CLOCKED = (
    "On a rising edge of clk: rst clears acc, carry and flags; otherwise, where en is high, a * b "
    "is added to the sum, or to 0 where clear is high as well{}. Latency 1 cycle, one product per "
    "cycle."
)
SUM = "The sum is acc + carry[0] * 2**5 + ... + carry[6] * 2**35"
IDLE = (
    "; in every other cycle the carries move on, the sum stays, and after 7 such cycles acc is the "
    "sum. ready is high while it is"
)


@pytest.mark.parametrize(
    ("resolve", "how"),
    [
        ("", ""),
        (":resolve=combinational", "; sum is acc and carry, added"),
        (":resolve=idle", IDLE),
    ],
)
def test_header_says_how_segments_are_read(resolve, how):
    unit = parse_unit("e4m3", acc=f"kulisch:3:segmented=5{resolve}")
    assert header(unit, Shape.UNIT)[2:4] == [SEGMENTS.format(SUM), CLOCKED.format(how)]


def test_header_of_a_core_in_segments():
    accumulators = (
        "The accumulators are c + c_carry[0] * 2**5 + ... + c_carry[6] * 2**35 and "
        "y + y_carry[0] * 2**5 + ... + y_carry[6] * 2**35"
    )
    unit = parse_unit("e4m3", acc="kulisch:3:segmented=5")
    assert header(unit, Shape.CORE)[2] == SEGMENTS.format(accumulators)


def test_description_of_segments():
    acc = "int20:segmented=8:resolve=idle"
    facts = describe(parse_unit("int4", acc=acc), Shape.UNIT)["accumulator"]
    assert facts == {
        "name": acc,
        "kind": "int",
        "overflow": "wrap",
        "segment_bits": 8,
        "carry_places": [8, 16],
        "resolve": "idle",
    }
