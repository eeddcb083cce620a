"""Golden model: steps against MPFR, rounding tables and plain integers; registers over time."""

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import gmpy2
import ml_dtypes
import numpy as np
import pytest
from samples import one_in

from fp8mac.hw.config.formats import Rounding, parse_format
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit
from fp8mac.sim.exact import codecs, golden, values
from fp8mac.sim.exact.golden import Kind, State, mac, read, reset, step

Codes = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Codes of operands a and b, and patterns of accumulators."""


class Register(NamedTuple):
    """A format that MPFR can round to: IEEE specials, default bias."""

    precision: int
    exponent_bits: int
    nan_code: int

    @property
    def bits(self) -> int:
        return self.precision + self.exponent_bits

    @property
    def emax(self) -> int:
        return 2 ** (self.exponent_bits - 1) - 1

    def context(self, rounding: int) -> gmpy2.context:
        emin = 1 - self.emax
        return gmpy2.context(
            precision=self.precision,
            emax=self.emax + 1,
            emin=emin - self.precision + 2,
            subnormalize=True,
            round=rounding,
        )

    def numbers(self, codes: np.ndarray) -> np.ndarray:
        """Numbers of codes, by the fields of a float64."""
        shift = np.uint64(53 - self.precision)
        codes = codes.astype(np.uint64)
        sign = codes >> np.uint64(self.bits - 1) << np.uint64(63)
        unsigned = (codes & np.uint64(2 ** (self.bits - 1) - 1)) << shift
        # Read with float64's bias, subnormals included, a number is too small by a power of two.
        scaled = (sign | unsigned).view(np.float64) * 2.0 ** (1023 - self.emax)
        special = unsigned >> np.uint64(52) == 2**self.exponent_bits - 1
        fraction = unsigned & np.uint64(2**52 - 1)
        infinity = np.copysign(np.inf, scaled)
        return np.where(special, np.where(fraction == 0, infinity, np.nan), scaled)


REGISTERS = {
    "fp16": Register(11, 5, 0x7E00),
    "bf16": Register(8, 8, 0x7FC0),
    "e6m9": Register(10, 6, 0x7F00),
    "fp32": Register(24, 8, 0x7FC00000),
}


def operand_numbers(name: str) -> np.ndarray:
    """Numbers of all codes, by ml_dtypes or from the definition."""
    codes = np.arange(256, dtype=np.uint8)
    if name == "int8":
        return codes.view(np.int8).astype(np.float64)
    if name in ("e2m5", "e2m5fnuz"):  # not in ml_dtypes
        bias = {"e2m5": 1, "e2m5fnuz": 2}[name]
        field, mantissa = codes >> 5 & 3, codes & 31
        magnitude = np.where(field == 0, mantissa / 16, (1 + mantissa / 32) * 2.0**field) / 2**bias
        nan = codes & 127 == 127 if name == "e2m5" else codes == 128
        return np.where(nan, np.nan, np.where(codes < 128, magnitude, -magnitude))
    name = {"e4m3": "e4m3fn"}.get(name, name)
    return codes.view(getattr(ml_dtypes, f"float8_{name}")).astype(np.float64)


def codes_near(register: Register, magnitudes: np.ndarray) -> np.ndarray:
    """Codes with the leading bits of the magnitudes, within the finite range."""
    exponent = np.frexp(magnitudes)[1] - 1
    exponent = np.maximum(exponent, 1 - register.emax)
    significand = magnitudes * 2.0 ** (register.precision - 1 - exponent)
    field = exponent - (1 - register.emax)
    codes = (field << (register.precision - 1)) + significand.astype(np.int64)
    largest = (2**register.exponent_bits - 1 << (register.precision - 1)) - 1
    return np.clip(codes, 0, largest)


def biased_triples(
    operands: tuple[np.ndarray, np.ndarray], register: Register, count: int, seed: int
) -> Codes:
    """Codes of operands and accumulators, most of which are placed relative to the product.

    ========  =============================================================
    eighths   accumulator
    ========  =============================================================
    3         0 to p + 4 binades above the product, few bits set: ties
    2         a few codes beside the product: cancellation
    1         up to 4 binades below the product
    1         the smallest and the largest codes, infinities and NaN
    1         any code
    ========  =============================================================
    """
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 256, (2, count))
    with np.errstate(invalid="ignore"):
        products = operands[0][a] * operands[1][b]
    near = codes_near(register, np.where(np.isfinite(products), np.abs(products), 1.0))
    mantissa_bits = register.precision - 1
    top = 2 ** (register.bits - 1)
    few_bits = 1 << rng.integers(0, mantissa_bits, count) & -rng.integers(0, 2, count)
    above = rng.integers(0, register.precision + 4, count) << mantissa_bits
    above = (near + above >> mantissa_bits << mantissa_bits) + few_bits - rng.integers(0, 2, count)
    below = near - (rng.integers(0, 5, count) << mantissa_bits) + rng.integers(-9, 10, count)
    edges = np.array([0, 1 << mantissa_bits, top - (1 << mantissa_bits)])
    edge = rng.choice(edges, count) + rng.integers(-4, 5, count)
    beside = near + rng.integers(-3, 4, count)
    choices = [above, above, above, beside, beside, below, edge, rng.integers(0, top, count)]
    magnitude = np.clip(np.choose(rng.integers(0, 8, count), choices), 0, top - 1)
    opposite = np.where(rng.integers(0, 4, count) > 0, products > 0, products <= 0)
    return a, b, magnitude + np.where(opposite, top, 0)


def mpfr_fma(
    operands: tuple[np.ndarray, np.ndarray],
    register: Register,
    triples: Codes,
    rounding: int,
) -> np.ndarray:
    """Sums of products and accumulators, rounded once by MPFR."""
    x, y = ([gmpy2.mpfr(number) for number in numbers.tolist()] for numbers in operands)
    a, b, acc = triples
    with register.context(rounding):
        numbers = [
            float(gmpy2.fma(x[i], y[j], gmpy2.mpfr(c)))
            for i, j, c in zip(a.tolist(), b.tolist(), register.numbers(acc).tolist(), strict=True)
        ]
    return np.array(numbers)


def count_wrong(codes: np.ndarray, want: np.ndarray, register: Register) -> int:
    """How many codes are not the wanted numbers, sign of zero and canonical NaN included."""
    got = register.numbers(codes)
    equal = (got == want) & (np.signbit(got) == np.signbit(want))
    equal |= np.isnan(want) & (codes == register.nan_code)
    return len(codes) - int(equal.sum())


def golden_codes(config: MacConfig, triples: Codes) -> np.ndarray:
    lists = [codes.tolist() for codes in triples]
    steps = [mac(config, *triple) for triple in zip(*lists, strict=True)]
    assert {step.flags for step in steps} == {()}
    return np.array([step.acc for step in steps])


OPERANDS = [
    ("e4m3", "e4m3"),
    ("e5m2", "e5m2"),
    ("e3m4", "e3m4"),
    ("e2m5", "e2m5"),
    ("e4m3", "e5m2"),
    ("e4m3fnuz", "e5m2fnuz"),
    ("int8", "e4m3"),
    ("int8", "int8"),
]

COUNT = 12_000


@pytest.mark.parametrize("rounding", ["rne", "rtz"])
@pytest.mark.parametrize("acc", REGISTERS)
@pytest.mark.parametrize("names", OPERANDS, ids="-".join)
def test_mac_float_is_mpfr_fma(names: tuple[str, str], acc: str, rounding: str) -> None:
    operands, register = (operand_numbers(names[0]), operand_numbers(names[1])), REGISTERS[acc]
    triples = biased_triples(operands, register, COUNT, seed=len(acc) + len(rounding))
    mode = {"rne": gmpy2.RoundToNearest, "rtz": gmpy2.RoundToZero}[rounding]
    want = mpfr_fma(operands, register, triples, mode)
    codes = golden_codes(parse_unit(*names, acc=f"{acc}:{rounding}"), triples)
    assert len(codes) == len(want) == COUNT
    assert count_wrong(codes, want, register) == 0


def plant_ties_away(magnitude: int, shift: int, *_: object) -> int:
    return magnitude << -shift if shift <= 0 else magnitude + (1 << shift >> 1) >> shift


def plant_lost_sticky(magnitude: int, shift: int, *_: object) -> int:
    if shift <= 2:
        return _true_round(magnitude, max(shift, 0), Rounding.RNE, 0, 0) << max(-shift, 0)
    return _true_round(magnitude >> (shift - 2), 2, Rounding.RNE, 0, 0)


def plant_sign_of_zero(x: values.Value, y: values.Value) -> values.Value:
    value = _true_add(x, y)
    return value._replace(sign=x.sign) if value.magnitude == 0 else value


_true_round, _true_add = codecs._round, values.add

BUGS = {
    "ties away from zero": (codecs, "_round", plant_ties_away),
    "sticky bits lost": (codecs, "_round", plant_lost_sticky),
    "sign of an exact zero": (golden, "add", plant_sign_of_zero),
    "threshold of overflow": ("codec", "max_code", 0x7BFE),
    "no infinity": ("codec", "inf_code", None),
    "subnormals flushed": ("codec", "subnormals", False),
    "signalling NaN": ("codec", "nan_code", 0x7D00),
    "smallest subnormal": ("codec", "lsb_exponent", -25),
}


@pytest.mark.parametrize("bug", BUGS)
def test_mac_float_planted_bug_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    register, operands = REGISTERS["fp16"], (operand_numbers("e5m2"), operand_numbers("e5m2"))
    triples = biased_triples(operands, register, COUNT, seed=1)
    want = mpfr_fma(operands, register, triples, gmpy2.RoundToNearest)
    config = parse_unit("e5m2", acc="fp16")
    assert count_wrong(golden_codes(config, triples), want, register) == 0
    target, name, value = BUGS[bug]
    target = codecs.codec(parse_format("fp16"), True) if target == "codec" else target
    monkeypatch.setattr(target, name, value)
    assert count_wrong(golden_codes(config, triples), want, register) >= 5


# Narrow operands, so that all of their pairs meet all 8-bit accumulators.
E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
E2M1_IEEE = [0, 0.5, 1, 1.5, 2, 3, np.inf, np.nan]


class Table(NamedTuple):
    """An 8-bit accumulator as a table of its numbers, and a scale of operands to reach its ends."""

    numbers: np.ndarray  # of all codes
    max_code: int
    min_normal: float
    inf_code: int | None
    nan_code: int
    has_negative_zero: bool
    bias: int  # of operand b

    def round(
        self, sums: np.ndarray, rounding: str, overflow: str, flush: bool, random: np.ndarray
    ) -> np.ndarray:
        """Codes of sums, by looking them up between their neighbours; 4 random bits."""
        magnitudes = np.abs(sums)
        if flush:
            magnitudes = np.where(magnitudes < self.min_normal, 0, magnitudes)
        finite = self.numbers[: self.max_code + 1]
        beyond = finite[-1] + (finite[-1] - finite[-2])  # as if exponents had no bound
        table = np.append(finite, beyond)
        below = np.clip(np.searchsorted(table, magnitudes, "right") - 1, 0, self.max_code)
        fraction = (magnitudes - table[below]) / (table[below + 1] - table[below])
        up = {
            "rne": (fraction > 0.5) | ((fraction == 0.5) & (below % 2 == 1)),
            "rtz": np.zeros_like(fraction, bool),
            "sr": fraction + random / 16 >= 1,
        }[rounding]
        codes = below + up
        signs = np.where(np.signbit(sums), 128, 0)
        special = self.nan_code if self.inf_code is None else self.inf_code + signs
        largest = self.max_code + signs
        too_large = special if overflow == "special" and rounding != "rtz" else largest
        infinite = special if overflow == "special" or self.inf_code is not None else largest
        signed = np.where((codes > 0) | self.has_negative_zero, codes + signs, 0)
        result = np.where(codes > self.max_code, too_large, signed)
        result = np.where(np.isinf(sums), infinite, result)
        return np.where(np.isnan(sums), self.nan_code, result)


def table(dtype: type, max_code: int, inf_code: int | None, nan_code: int, bias: int) -> Table:
    numbers = np.arange(256, dtype=np.uint8).view(dtype).astype(np.float64)
    min_normal = float(ml_dtypes.finfo(dtype).smallest_normal)
    return Table(numbers, max_code, min_normal, inf_code, nan_code, nan_code != 0x80, bias)


TABLES = {
    "e4m3": table(ml_dtypes.float8_e4m3fn, 0x7E, None, 0x7F, -4),
    "e4m3ieee": table(ml_dtypes.float8_e4m3, 0x77, 0x78, 0x7C, -3),
    "e4m3fnuz": table(ml_dtypes.float8_e4m3fnuz, 0x7F, None, 0x80, 8),
    "e5m2": table(ml_dtypes.float8_e5m2, 0x7B, 0x7C, 0x7E, -12),
    "e5m2fnuz": table(ml_dtypes.float8_e5m2fnuz, 0x7F, None, 0x80, 17),
    "e3m4": table(ml_dtypes.float8_e3m4, 0x6F, 0x70, 0x78, 4),
}


@pytest.mark.parametrize("flush", [False, True], ids=["", "ftz"])
@pytest.mark.parametrize("overflow", ["special", "saturate"])
@pytest.mark.parametrize("rounding", ["rne", "rtz", "sr"])
@pytest.mark.parametrize("acc", TABLES)
def test_mac_float_is_table(acc: str, rounding: str, overflow: str, flush: bool) -> None:
    expected = TABLES[acc]
    options = ":sr=4" if rounding == "sr" else f":{rounding}"
    options += ":ftz" * flush + ":saturate" * (overflow == "saturate")
    config = parse_unit("e2m1ieee", f"e2m1b{expected.bias}", acc=acc + options)
    rng = np.random.default_rng(6)
    a, b, c = rng.permutation(2**16)[:12_000] // [[1], [16], [256]] % [[16], [16], [256]]
    random = rng.integers(0, 16, len(a))
    x = np.array(E2M1_IEEE + [-number for number in E2M1_IEEE])
    y = np.array(E2M1 + [-number for number in E2M1]) * 2.0 ** (1 - expected.bias)
    x[8] = y[8] = -0.0
    held = expected.numbers[c]
    if flush:
        held = np.where(np.abs(held) < expected.min_normal, np.copysign(0, held), held)
    with np.errstate(invalid="ignore"):
        sums = x[a] * y[b] + held
    want = expected.round(sums, rounding, overflow, flush, random).tolist()
    lists = [codes.tolist() for codes in (a, b, c, random)]
    steps = [mac(config, *triple, random=draw) for *triple, draw in zip(*lists, strict=True)]
    assert [step.acc for step in steps] == want
    assert {step.flags for step in steps} == {()}
    assert len(want) == 12_000


@pytest.mark.parametrize(
    ("a", "b", "bits", "lsb_exponent", "flags"),
    one_in(
        3,
        [
            ("e4m3", "e4m3", 49, -18, ("nan",)),
            ("e5m2", "e5m2", 77, -32, ("pos_inf", "neg_inf")),
            ("e3m4", "e3m4", 33, -12, ("pos_inf", "neg_inf")),
            ("e2m5", "e2m5", 29, -10, ("nan",)),
            ("e4m3", "e5m2", 63, -25, ("pos_inf", "neg_inf")),
            ("int8", "e4m3", 38, -9, ("nan",)),
            ("int8", "int8", 28, 0, ()),
        ],
    ),
)
def test_mac_kulisch_is_integer_sum(
    a: str, b: str, bits: int, lsb_exponent: int, flags: tuple[str, ...]
) -> None:
    """All pairs of operands, each with another accumulator."""
    config = parse_unit(a, b, acc="kulisch:12")
    with np.errstate(invalid="ignore"):
        products = np.multiply.outer(operand_numbers(a), operand_numbers(b)).ravel().tolist()
    rng = np.random.default_rng(7)
    words = rng.integers(0, 2**32, (2**16, 3)).tolist()
    edges = [0, 1, 2**bits - 1, 2 ** (bits - 1), 2 ** (bits - 1) - 1]
    for index, (words_of_acc, number) in enumerate(zip(words, products, strict=True)):
        acc = sum(word << 32 * i for i, word in enumerate(words_of_acc)) % 2**bits
        acc = edges[index % 7] if index % 7 < 5 else acc
        raised = {
            "nan": np.isnan(number),
            "pos_inf": np.isnan(number) or number == np.inf,
            "neg_inf": np.isnan(number) or number == -np.inf,
        }
        want = tuple(bool(raised[flag]) for flag in flags)
        total = None if any(want) else (acc + int(number * 2.0**-lsb_exponent)) % 2**bits
        assert mac(config, index // 256, index % 256, acc) == (total, want)
    assert len(products) == 65_536
    assert config.flags == flags


@pytest.mark.parametrize("overflow", ["", ":saturate"])
@pytest.mark.parametrize(
    ("a", "b", "bits"), [("int8", "int8", 32), ("int8", "int8", 17), ("int4", "int8", 12)]
)
def test_mac_integer_is_python(a: str, b: str, bits: int, overflow: str) -> None:
    config = parse_unit(a, b, acc=f"int{bits}{overflow}")
    a_range, b_range = (range(-(2 ** (int(n[3:]) - 1)), 2 ** (int(n[3:]) - 1)) for n in (a, b))
    largest = 2 ** (bits - 1) - 1
    rng, checked = np.random.default_rng(8), 0
    for index, (x, y) in enumerate(product(a_range, b_range)):
        near = int(rng.integers(0, 300))
        choices = [0, -1, largest - near, near - largest - 1, int(rng.integers(-largest, largest))]
        acc = choices[index % 5]
        total = acc + x * y
        if overflow:
            total = min(max(total, -largest - 1), largest)
        codes = (x % 2 ** int(a[3:]), y % 2 ** int(b[3:]), acc % 2**bits)
        assert mac(config, *codes) == (total % 2**bits, ())
        checked += 1
    assert checked == len(a_range) * len(b_range) >= 4096


# Codes of E5M2: 1 = 0x3C, inf = 0x7C, NaN = 0x7F, 57344 = 0x7B, 2**-16 = 0x01, sign 0x80.
@pytest.mark.parametrize(
    ("unit", "a", "b", "acc", "want"),
    [
        ("fp16", 0x7C, 0x3C, 0x0000, 0x7C00),  # inf
        ("fp16", 0x7C, 0xBC, 0x7BFF, 0xFC00),  # -inf
        ("fp16", 0x7C, 0x00, 0x3C00, 0x7E00),  # inf * 0
        ("fp16", 0x7C, 0x3C, 0xFC00, 0x7E00),  # inf - inf
        ("fp16", 0x7B, 0x7B, 0xFC00, 0xFC00),  # a product out of range is still finite
        ("fp16", 0x7B, 0x7B, 0x0000, 0x7C00),
        ("fp16", 0x3C, 0x3C, 0x7D01, 0x7E00),  # signalling NaN
        ("fp16", 0x3C, 0x3C, 0xFFFF, 0x7E00),
        ("fp16", 0x3C, 0x3C, 0xBC00, 0x0000),  # exact cancellation
        ("fp16:rtz", 0x3C, 0xBC, 0x3C00, 0x0000),
        ("fp16", 0x00, 0xBC, 0x8000, 0x8000),  # (-0) + (-0)
        ("fp16", 0x00, 0x3C, 0x8000, 0x0000),
        ("fp16", 0x01, 0x81, 0x0000, 0x8000),  # underflow keeps its sign
        ("fp16:rtz", 0x7B, 0x7B, 0x0000, 0x7BFF),
        ("fp16:saturate", 0x7B, 0xFB, 0x0000, 0xFBFF),
        ("fp16:saturate", 0x7C, 0x3C, 0x0000, 0x7C00),  # infinities do not saturate,
        ("fp16:saturate", 0x3C, 0x3C, 0xFC00, 0xFC00),
        ("e4m3", 0x7C, 0xBC, 0x00, 0x7F),  # unless there are none to hold them
        ("e4m3:saturate", 0x7C, 0xBC, 0x00, 0xFE),
        ("e4m3fnuz:saturate", 0x7C, 0xBC, 0x00, 0xFF),
        ("e4m3fnuz:saturate", 0x7C, 0x00, 0x00, 0x80),
        ("e4m3fnuz", 0x01, 0x81, 0x00, 0x00),
        ("fp16:ftz", 0x3C, 0x00, 0x83FF, 0x0000),  # -0 + 0
        ("fp16:ftz", 0x3C, 0x80, 0x83FF, 0x8000),  # -0 + -0
        ("fp16:ftz", 0x3C, 0x01, 0x03FF, 0x0000),  # 0 + 2**-16 is below 2**-14
        ("fp16:ftz", 0x3C, 0x04, 0x03FF, 0x0400),  # 0 + 2**-14 is not
        ("fp16:ftz", 0x3C, 0x01, 0x8400, 0x8000),  # -(2**-14) + 2**-16
        ("fp16:ftz", 0x40, 0x02, 0x0400, 0x0800),  # operands keep their subnormals
    ],
)
def test_mac_float_typed_in(unit: str, a: int, b: int, acc: int, want: int) -> None:
    assert mac(parse_unit("e5m2", acc=unit), a, b, acc) == (want, ())


@pytest.mark.parametrize(
    ("a", "b", "want", "flags"),
    [
        (0x7C, 0x3C, None, (True, False)),
        (0xFC, 0x3C, None, (False, True)),
        (0xFC, 0xBC, None, (True, False)),
        (0x7C, 0x80, None, (True, True)),
        (0x3C, 0xFF, None, (True, True)),
        (0x7B, 0xFB, 0xFF, (False, False)),
        (0x3C, 0x3C, 0x38, (False, False)),
    ],
)
def test_mac_float_without_specials_raises_flags(
    a: int, b: int, want: int | None, flags: tuple[bool, bool]
) -> None:
    config = parse_unit("e5m2", acc="e4m3none")
    assert config.flags == ("pos_inf", "neg_inf")
    assert mac(config, a, b, 0x00) == (want, flags)


def test_mac_integer_operands_have_signed_zero_products() -> None:
    config = parse_unit("int8", acc="fp16")
    assert mac(config, 0, 0xFB, 0x8000) == (0x8000, ())  # -0 + 0 * -5
    assert mac(config, 0, 0x05, 0x8000) == (0x0000, ())


def test_mac_stochastic_is_unbiased() -> None:
    """1 + 2**-13 is an eighth of the way from 1 to the next FP16 number."""
    config = parse_unit("e5m2", acc="fp16:sr")
    held = State(0x3C00, ())
    drawn = [step(config, held, 0x08, 0x3C, random=r).acc for r in range(256)]
    assert [drawn.count(0x3C00), drawn.count(0x3C01)] == [224, 32]


def test_mac_finds_the_unit_of_each_configuration() -> None:
    """Throwaway configurations, whose addresses are used again."""
    results = [mac(parse_unit("int8", acc=f"int{16 + i % 40}"), 0xFF, 1, 0).acc for i in range(400)]
    assert results == [2 ** (16 + i % 40) - 1 for i in range(400)]


@pytest.mark.parametrize(
    ("a", "acc", "pattern", "number"),
    [
        ("e4m3", "fp16", 0xC000, -2),
        ("e4m3", "fp16", 0x0001, Fraction(1, 2**24)),
        ("e4m3", "fp16:ftz", 0x03FF, 0),
        ("e4m3", "fp16:ftz", 0x8400, -Fraction(1, 2**14)),
        ("e4m3", "kulisch:12", 2**49 - 1, -Fraction(1, 2**18)),
        ("e4m3", "kulisch:12", 2**18, 1),
        ("e4m3", "kulisch:0", 2**36, -(2**18)),
        ("e5m3b-20", "kulisch:0", 1, 2**36),
        ("int8", "int32", 2**32 - 5, -5),
        ("int8", "int32:saturate", 2**31 - 1, 2**31 - 1),
    ],
)
def test_read(a: str, acc: str, pattern: int, number: Fraction) -> None:
    assert read(parse_unit(a, acc=acc), pattern).fraction == number


def test_read_specials() -> None:
    config = parse_unit("e4m3", acc="fp16:ftz")
    assert read(config, 0xFC00) == (1, 0, 0, Kind.INF)
    assert read(config, 0xFC01) == (0, 0, 0, Kind.NAN)
    assert read(config, 0x8000)[:2] == (1, 0)


@pytest.mark.parametrize("acc", ["kulisch", "fp32", "fp32:rtz", "e6m9:ftz"])
def test_step_sums_small_integers(acc: str) -> None:
    """Sums that no accumulator here must round."""
    config, rng = parse_unit("e4m3", "int4", acc=acc), np.random.default_rng(9)
    a_codes = rng.integers(0, 256, 2000)
    a_numbers = operand_numbers("e4m3")[a_codes]
    keep = (np.abs(a_numbers) <= 4) & (a_numbers * 2 == np.rint(a_numbers * 2))
    state, total, checked = reset(config), Fraction(0), 0
    for code, number in zip(a_codes[keep].tolist(), a_numbers[keep].tolist(), strict=True):
        factor = 3 if total <= 0 else -3
        factor = factor if number > 0 else -factor
        state, total = step(config, state, code, factor % 16), total + Fraction(number) * factor
        assert state.acc is not None
        assert read(config, state.acc).fraction == total
        checked += 1
    assert checked > 100


@pytest.mark.parametrize(
    ("signals", "want"),
    [
        ({}, (47, (False,))),
        ({"en": True, "clear": True}, (42, (False,))),
        ({"en": False}, (5, (False,))),
        ({"en": False, "clear": True}, (5, (False,))),
        ({"rst": True}, (0, (False,))),
        ({"en": False, "rst": True}, (0, (False,))),
        ({"en": True, "clear": True, "rst": True}, (0, (False,))),
    ],
)
def test_step_signals(signals: dict[str, bool], want: tuple[int, tuple[bool]]) -> None:
    """5 + 6 * 7 in units of 2**-9, since the code 7 of E4M3 is subnormal."""
    config = parse_unit("int8", "e4m3", acc="kulisch")
    assert step(config, State(5, (False,)), 6, 7, **signals) == want


def test_step_flags_are_sticky() -> None:
    config = parse_unit("e5m2", acc="kulisch")
    one, inf, minus_inf, zero = 0x3C, 0x7C, 0xFC, 0x00
    unit = 2**32  # the number 1
    states = [reset(config)]
    for a, b, signals in [
        (one, one, {}),
        (inf, one, {}),
        (one, one, {}),
        (inf, one, {"en": False, "clear": True}),
        (minus_inf, one, {}),
        (one, one, {"clear": True}),
        (inf, zero, {}),
        (minus_inf, one, {"clear": True}),
        (one, one, {"rst": True}),
        (one, one, {}),
    ]:
        states.append(step(config, states[-1], a, b, **signals))
    assert states == [
        (0, (False, False)),
        (unit, (False, False)),
        (None, (True, False)),
        (None, (True, False)),
        (None, (True, False)),
        (None, (True, True)),
        (unit, (False, False)),
        (None, (True, True)),
        (None, (False, True)),
        (0, (False, False)),
        (unit, (False, False)),
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: mac(parse_unit("e4m3", acc="fp16"), 256, 0, 0),
            "e4m3 has the codes 0 to 255, not 256.",
        ),
        (
            lambda: mac(parse_unit("e4m3", acc="fp16"), 0, -1, 0),
            "e4m3 has the codes 0 to 255, not -1.",
        ),
        (
            lambda: mac(parse_unit("e4m3", acc="fp16"), 0, 0, 65536),
            "fp16 has the codes 0 to 65535, not 65536.",
        ),
        (
            lambda: mac(parse_unit("int8", acc="int16"), 0, 0, -1),
            "int16 has the codes 0 to 65535, not -1.",
        ),
        (
            lambda: read(parse_unit("int8", acc="kulisch:1"), 2**17),
            "kulisch:1 has the codes 0 to 131071, not 131072.",
        ),
        (
            lambda: mac(parse_line("e4m3 -> fp16, chunk 8"), 0x38, 0x38, 0),
            (
                "The golden model adds products one by one; `fp8mac.sim.gemm` computes "
                "e4m3 -> fp16, chunk 8."
            ),
        ),
        (
            lambda: mac(parse_unit("e4m3", acc="fp16:sr"), 0x38, 0x38, 0),
            "None is not a random number of 8 bits.",
        ),
        (
            lambda: mac(parse_unit("e4m3", acc="fp16:sr=8"), 0x38, 0x38, 0, random=256),
            "256 is not a random number of 8 bits.",
        ),
    ],
)
def test_mac_error(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()
