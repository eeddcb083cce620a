"""Numbers and codes of every type, against the scalar model; and what is refused."""

import re
import warnings
from decimal import Decimal
from fractions import Fraction
from itertools import product

import ml_dtypes
import numpy as np
import pytest

from fp8mac.hw.config.formats import FloatFormat, Overflow, Rounding, parse_format
from fp8mac.sim.codes import encoding
from fp8mac.sim.codes.encoding import decode, encode, round_to
from fp8mac.sim.codes.quantize import Calibration, Scaling, find_scale, quantize, rounded
from fp8mac.sim.exact import codecs as exact
from fp8mac.sim.exact.values import Kind, Value

FORMATS = [
    "e4m3",
    "e5m2",
    "bf16",
    "fp16",
    "fp32",
    "e2m1",
    "e6m9",
    "int8",
    "int8s",
    "int16",
    "int32",
]
WIDE = np.finfo(np.longdouble).nmant > 52


def scalar(number) -> Value:
    """Of an integer or a long double, exactly."""
    if isinstance(number, np.longdouble):
        if np.isnan(number):
            return Value(0, 0, 0, Kind.NAN)
        if np.isinf(number):
            return Value(int(number < 0), 0, 0, Kind.INF)
        value = Value.of(Fraction(*map(int, number.as_integer_ratio())))
        return value._replace(sign=int(np.signbit(number)))
    return Value.of(Fraction(int(number)))


def integers(format_, dtype) -> np.ndarray:
    """Next to numbers of the format and ties of them, of every size, and the extreme ones."""
    rng = np.random.default_rng(1)
    info = np.iinfo(dtype)
    count = format_.precision + 1 if isinstance(format_, FloatFormat) else format_.bits
    heads = rng.integers(1 << (count - 1), 1 << count, 300, dtype=np.int64).tolist()
    found = [int(info.min), int(info.max), 0, 1, info.max - 1]
    for head in heads:
        tie = head << int(rng.integers(0, 64 - head.bit_length()))
        near = tie + int(rng.integers(-2, 3)) * (int(rng.integers(0, 1 << 30)) + 1)
        found += [tie, tie + 1, tie - 1, near, -tie, -tie - 1, 1 - tie]
    return np.array([x for x in found if info.min <= x <= info.max], dtype)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
@pytest.mark.parametrize("name", FORMATS)
def test_integers_of_64_bits_are_rounded_once(name, dtype):
    format_ = parse_format(name)
    numbers, compared = integers(format_, dtype), 0
    overflows = [Overflow.SATURATE, Overflow.TO_SPECIAL, Overflow.TO_INF]
    overflows += [Overflow.WRAP] * (not isinstance(format_, FloatFormat))
    for rounding, overflow in product(Rounding, overflows):
        bits = 9 if rounding is Rounding.STOCHASTIC else 0
        random = np.random.default_rng(2).integers(0, 1 << bits, len(numbers))
        got = encode(numbers, format_, rounding, overflow, random=random, random_bits=bits)
        want = [
            exact.encode(format_, scalar(x), rounding, overflow, random=r, random_bits=bits)
            for x, r in zip(numbers, random.tolist(), strict=True)
        ]
        assert got.tolist() == want
        if rounding is not Rounding.STOCHASTIC:
            values = round_to(numbers, format_, rounding, overflow)
            np.testing.assert_array_equal(values, decode(got, format_))
        compared += len(want)
    assert compared > 4000


@pytest.mark.skipif(not WIDE, reason="a long double is a float64 here")
@pytest.mark.parametrize("name", FORMATS)
def test_long_doubles_are_rounded_once(name):
    format_ = parse_format(name)
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 1 << format_.bits, 150)
    low = decode(codes, format_).astype(np.longdouble)
    high = decode((codes + 1) % (1 << format_.bits), format_).astype(np.longdouble)
    low, high = (np.where(np.isfinite(x), x, 1) for x in (low, high))
    ties = (low + high) / 2
    tiny = np.ldexp(np.longdouble(1), -62)
    extreme = [np.longdouble(text) for text in ("1e4000", "-1e4000", "1e-4000", "-1e-4000", "0")]
    parts = [ties, ties * (1 + tiny), ties * (1 - tiny), low, low * (1 + tiny)]
    parts += [extreme, [np.longdouble(2) ** 60 + 1, -(np.longdouble(2) ** 62) - 3]]
    numbers = np.concatenate([np.asarray(part, np.longdouble) for part in parts])
    overflows = [Overflow.SATURATE, Overflow.TO_SPECIAL, Overflow.TO_INF]
    overflows += [Overflow.WRAP] * (not isinstance(format_, FloatFormat))
    for rounding, overflow in product(Rounding, overflows):
        bits = 5 if rounding is Rounding.STOCHASTIC else 0
        random = rng.integers(0, 1 << bits, len(numbers))
        got = encode(numbers, format_, rounding, overflow, random=random, random_bits=bits)
        want = [
            exact.encode(format_, scalar(x), rounding, overflow, random=r, random_bits=bits)
            for x, r in zip(numbers, random.tolist(), strict=True)
        ]
        assert got.tolist() == want
    if isinstance(format_, FloatFormat) and format_.has_nan:
        special = np.array([np.nan, np.inf, -np.inf], np.longdouble)
        assert encode(special, format_).tolist() == encode(special.astype(float), format_).tolist()


def test_random_bits_that_cannot_be_told_apart():
    fp32 = parse_format("fp32")
    for bits, numbers in ((32, [1 << 52]), (28, [(1 << 62) + 1])):
        array = np.array(numbers)
        want = exact.encode(
            fp32,
            scalar(array[0]),
            Rounding.STOCHASTIC,
            Overflow.SATURATE,
            random=3,
            random_bits=bits,
        )
        assert encode(array, fp32, Rounding.STOCHASTIC, random=3, random_bits=bits) == want
    with pytest.raises(ValueError, match=r"random bits, not 29\.$") as error:
        encode([(1 << 62) + 1], fp32, Rounding.STOCHASTIC, random=3, random_bits=29)
    assert str(error.value) == (
        "Stochastic rounding of int64 numbers to fp32 takes at most 28 random bits, not 29."
    )


EXACT = [np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64]
EXACT += [np.uint64, np.float16, np.float32, np.float64, np.longdouble, ml_dtypes.bfloat16]
EXACT += [ml_dtypes.float8_e5m2, ml_dtypes.float8_e4m3fn, ml_dtypes.int4, ml_dtypes.uint4]
EXACT += [ml_dtypes.float4_e2m1fn]


@pytest.mark.parametrize("dtype", EXACT, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("name", ["e4m3", "bf16", "int8"])
def test_types_layouts_and_shapes(name, dtype):
    format_ = parse_format(name)
    plain = np.array([[0, 1, 1], [1, 0, 1]] if dtype is np.bool_ else [[0, 1, 2], [3, 1, 4]])
    typed = plain.astype(dtype)
    want = encode(plain.astype(np.float64), format_)
    layouts = [
        typed,
        typed.T.copy().T,
        np.repeat(typed, 2, axis=1)[:, ::2],
        typed[:, ::-1][:, ::-1],
    ]
    if typed.dtype.kind in "iuf" and typed.dtype.isbuiltin == 1:
        layouts.append(typed.astype(typed.dtype.newbyteorder(">")))
    for layout in layouts:
        for action in (encode, round_to):
            got = action(layout, format_)
            assert got.shape == (2, 3)
            np.testing.assert_array_equal(got if action is encode else encode(got, format_), want)
    assert encode(typed[1, 1], format_).shape == ()
    assert encode(typed[1, 1], format_) == want[1, 1]
    assert encode(typed[:0], format_).shape == (0, 3)
    many = np.tile(typed, (20_000, 1))  # compiled, where there is numba
    np.testing.assert_array_equal(encode(many, format_), np.tile(want, (20_000, 1)))


def test_order_of_bytes_keeps_the_type():
    numbers = np.array([1.1, -3.3], ">f4")
    got = round_to(numbers, parse_format("e4m3"))
    assert got.dtype == np.float32
    assert got.tolist() == [1.125, -3.25]
    codes = np.array([0x3C00, 0x4000], ">u2")
    assert decode(codes, parse_format("fp16")).tolist() == [1.0, 2.0]
    many = np.tile(codes, 20_000)
    assert decode(many, parse_format("fp16")).sum() == 60_000


E4M3, INT8 = parse_format("e4m3"), parse_format("int8")
MASKED = np.ma.masked_greater(np.array([1.0, 2.0]), 1)
SAY = "say with filled() what masked elements are."


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: encode(MASKED, E4M3), f"The array is a masked array; {SAY}"),
        (lambda: round_to(MASKED, E4M3), f"The array is a masked array; {SAY}"),
        (lambda: quantize(E4M3, MASKED), f"The array is a masked array; {SAY}"),
        (lambda: rounded(E4M3, MASKED), f"The array is a masked array; {SAY}"),
        (lambda: find_scale(Scaling(E4M3), MASKED, "w"), f"w is a masked array; {SAY}"),
        (lambda: decode(MASKED.astype(int), E4M3), f"The array is a masked array; {SAY}"),
        (
            lambda: encode([1.0], E4M3, Rounding.STOCHASTIC, random=MASKED.astype(int)),
            f"random is a masked array; {SAY}",
        ),
        (
            lambda: encode([1 + 2j], E4M3),
            "Numbers to encode are integers or floats, not complex128.",
        ),
        (
            lambda: encode([Fraction(1, 3)], E4M3),
            "Numbers to encode are integers or floats, not object.",
        ),
        (
            lambda: encode([Decimal("0.1")], INT8),
            "Numbers to encode are integers or floats, not object.",
        ),
        (lambda: encode([10**30], E4M3), "Numbers to encode are integers or floats, not object."),
        (lambda: encode(["1"], E4M3), "Numbers to encode are integers or floats, not <U1."),
        (lambda: encode(None, E4M3), "Numbers to encode are integers or floats, not object."),
        (
            lambda: encode(np.array(["2020"], "M8[Y]"), E4M3),
            "Numbers to encode are integers or floats, not datetime64[Y].",
        ),
        (
            lambda: encode(np.zeros(2, "V3"), E4M3),
            "Numbers to encode are integers or floats, not |V3.",
        ),
        (
            lambda: encode([[1.0], [2.0, 3.0]], E4M3),
            "The array is not an array: its rows differ in length.",
        ),
        (
            lambda: encode([1.0], E4M3, Rounding.STOCHASTIC, random=[1], random_bits=2.5),
            "random_bits is an integer, not 2.5.",
        ),
        (
            lambda: encode([1.0], E4M3, Rounding.STOCHASTIC, random=[1], random_bits=True),
            "random_bits is an integer, not True.",
        ),
        (
            lambda: encode([1.0], E4M3, Rounding.STOCHASTIC, random=[1], random_bits=-1),
            "Stochastic rounding takes random numbers of 0 to 32 bits.",
        ),
        (
            lambda: encode([1.0], E4M3, Rounding.STOCHASTIC, random=[0.5], random_bits=4),
            "Random numbers are integers, not float64.",
        ),
        (
            lambda: encode([1.0, 2.0], E4M3, Rounding.STOCHASTIC, random=[1, 2, 3], random_bits=4),
            "Random numbers of shape (3,) do not fit numbers of shape (2,).",
        ),
        (
            lambda: decode(np.ones(2, ml_dtypes.float8_e5m2), E4M3),
            "The array holds numbers of e5m2 (float8_e5m2), not codes of e4m3; encode them first.",
        ),
        (
            lambda: decode(np.ones(2, ml_dtypes.float8_e8m0fnu), E4M3),
            "The array holds float8_e8m0fnu numbers, not codes of e4m3; encode them first.",
        ),
        (
            lambda: decode([True], E4M3),
            "The array holds bool numbers, not codes of e4m3; encode them first.",
        ),
    ],
)
def test_what_is_refused(action, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        action()


SIGNALLING = {
    np.float32: np.array([0x7F800001, 0xFF800001, 0x7FC00000, 0x3F800000], np.uint32),
    np.float64: np.array(
        [0x7FF0 << 48 | 1, 0xFFF0 << 48 | 1, 0x7FF8 << 48, 0x3FF0 << 48], np.uint64
    ),
    np.float16: np.array([0x7C01, 0xFC01, 0x7E00, 0x3C00], np.uint16),
}


@pytest.mark.parametrize("compiles", [True, False])
@pytest.mark.parametrize("dtype", SIGNALLING)
def test_signalling_nan_says_nothing(dtype, compiles, monkeypatch):
    """Whatever the caller makes of floating-point errors; numbers out of range beside it."""
    monkeypatch.setattr(encoding, "has_numba", lambda: compiles)
    numbers = np.concatenate([SIGNALLING[dtype].view(dtype), [np.finfo(dtype).max]]).astype(dtype)
    numbers[:4] = SIGNALLING[dtype].view(dtype)
    count = 0
    for how in ("raise", "warn"):
        with warnings.catch_warnings(), np.errstate(all=how):
            warnings.simplefilter("error")
            for name, repeats in product(("e4m3", "e5m2", "bf16", "fp16", "fp32"), (1, 9000)):
                format_, many = parse_format(name), np.tile(numbers, repeats)
                for rounding, overflow in product(
                    Rounding, (Overflow.SATURATE, Overflow.TO_SPECIAL, Overflow.TO_INF)
                ):
                    more = {"random": 0, "random_bits": 1}
                    for action in (encode, round_to):
                        got = action(many, format_, rounding, overflow, **more)
                        values = decode(got, format_) if action is encode else got
                        assert np.isnan(values[:3]).all()
                        assert values[3] == 1
                        count += 1
                assert np.isnan(decode(quantize(format_, many, 0.5), format_)[:3]).all()
                assert np.isnan(rounded(format_, many, 0.5)[:3]).all()
            assert quantize(INT8, numbers, 1.0).tolist()[:4] == [0, 0, 0, 1]
            with pytest.raises(ValueError, match=r"^int8 has no code for NaN\.$"):
                encode(numbers, INT8)
            with pytest.raises(ValueError, match="contain NaN"):
                find_scale(Scaling(INT8, Calibration.MAX), numbers)
    assert count == 2 * 5 * 2 * 4 * 3 * 2
