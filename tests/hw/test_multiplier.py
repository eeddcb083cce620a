# amaranth: UnusedElaboratable=no
"""Every product of two 8-bit operands, on the synthesised netlist."""

import numpy as np
import pytest
from circuits import all_pairs, mapped, products
from samples import one_in

from fp8mac.hw.area.integer import IntAccumulator
from fp8mac.hw.area.product import FloatMultiplier
from fp8mac.hw.config.formats import parse_format
from fp8mac.hw.parts.layout import NumberLayout
from fp8mac.sim.exact.values import Kind

EIGHT_BITS = "e2m5 e3m4 e4m3 e5m2 e2m5fnuz e3m4fnuz e4m3fnuz e5m2fnuz".split()
PAIRS = [(name, name) for name in EIGHT_BITS]
PAIRS += [("e4m3", "e5m2"), ("e5m2", "e4m3"), ("int8", "e4m3"), ("int8", "int8"), ("e5m2", "int8s")]
PAIRS += [("e2m1", "e4m3"), ("e3m2", "e2m3"), ("int4", "int8"), ("e1m6none", "e4m3b20ieee")]


def numbers(words, multiplier):
    """Products as tuples: NaN alone, infinity with sign, else sign and multiple of the smallest."""
    layout, lowest = NumberLayout(multiplier.range), multiplier.range.exponent_min

    def field(name):
        entry = layout[name]
        return (words >> np.uint64(entry.offset) & np.uint64((1 << entry.width) - 1)).tolist()

    half = 1 << (layout["exponent"].width - 1)
    for nan, inf, zero, sign, exponent, significand in zip(
        *map(field, ("nan", "inf", "zero", "sign", "exponent", "significand")), strict=True
    ):
        if nan:
            yield (Kind.NAN,)
        elif inf:
            yield Kind.INF, sign
        elif zero:
            assert multiplier.normalised or significand == 0
            yield Kind.FINITE, sign, 0
        else:
            assert not multiplier.normalised or significand >> multiplier.range.significand_bits - 2
            yield Kind.FINITE, sign, significand << (exponent ^ half) - half - lowest


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize(("a_name", "b_name"), one_in(3, PAIRS))
def test_float_multiplier_all_pairs(a_name, b_name, normalised):
    a_format, b_format = parse_format(a_name), parse_format(b_name)
    multiplier = FloatMultiplier(a_format, b_format, normalised=normalised)
    unit_exponent = multiplier.range.base + multiplier.range.exponent_min
    a, b = all_pairs(a_format, b_format)
    golden = products(a_format, b_format)
    got = numbers(mapped(multiplier).evaluate({"a": a, "b": b})["product"][:, 0], multiplier)
    checked = 0
    for code_a, code_b, number in zip(a.tolist(), b.tolist(), got, strict=True):
        want = golden(code_a, code_b)
        if want.kind is Kind.NAN:
            assert number == (Kind.NAN,), (code_a, code_b)
        elif want.kind is Kind.INF:
            assert number == (Kind.INF, want.sign), (code_a, code_b)
        else:
            kind, sign, multiple = number
            assert (kind, sign) == (Kind.FINITE, want.sign), (code_a, code_b)
            shift = want.exponent - unit_exponent
            assert multiple << max(-shift, 0) == want.magnitude << max(shift, 0), (code_a, code_b)
        checked += 1
    assert (
        checked
        == len(a)
        == (1 << a_format.bits) * (1 << b_format.bits) - excluded(a_format, b_format)
    )


def excluded(a_format, b_format):
    """Pairs with a code that symmetric integers do not have."""
    symmetric = [getattr(format_, "symmetric", False) for format_ in (a_format, b_format)]
    a_codes, b_codes = 1 << a_format.bits, 1 << b_format.bits
    return a_codes * b_codes - (a_codes - symmetric[0]) * (b_codes - symmetric[1])


@pytest.mark.parametrize(
    ("a_name", "b_name", "width"),
    [
        ("int8", "int8", 32),
        ("int8", "int8", 16),
        ("int4", "int8", 20),
        ("int8", "int4", 12),
        ("int5", "int7", 33),
        ("int2", "int2", 4),
        ("int3", "int2", 64),
    ],
)
def test_int_accumulator_all_pairs(a_name, b_name, width):
    a_format, b_format = parse_format(a_name), parse_format(b_name)
    a, b = all_pairs(a_format, b_format)
    rng = np.random.default_rng(1)
    netlist = mapped(IntAccumulator(a_format, b_format, width))
    for acc in (np.zeros(len(a), np.uint64), rng.integers(0, 1 << width, len(a), dtype=np.uint64)):
        got = netlist.evaluate({"a": a, "b": b, "c": acc})["y"][:, 0].tolist()
        want = [
            (start + x * y) % (1 << width)
            for x, y, start in zip(
                signed(a, a_format), signed(b, b_format), acc.tolist(), strict=True
            )
        ]
        assert got == want
        assert len(got) == 1 << a_format.bits + b_format.bits


def signed(codes, format_):
    """Two's complement, by its definition."""
    return [code - (code >> format_.bits - 1 << format_.bits) for code in codes.tolist()]
