"""Exact values: decode and encode against ml_dtypes and gfloat, products and sums against IEEE."""

import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import gfloat
import ml_dtypes
import numpy as np
import pytest

from fp8mac.hw.config.formats import (
    NAMED_FORMATS,
    FloatFormat,
    IntFormat,
    Overflow,
    Rounding,
    Specials,
    parse_format,
)
from fp8mac.sim.exact.codecs import codec, decode, encode
from fp8mac.sim.exact.values import Kind, Value, add, multiply

ML_DTYPES = {
    "e2m1": ml_dtypes.float4_e2m1fn,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e4m3ieee": ml_dtypes.float8_e4m3,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e5m2": ml_dtypes.float8_e5m2,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
    "fp32": np.float32,
}

# Every kind of special codes, biases far off the default, the narrowest fields.
GFLOAT = (
    "e2m1ieee e2m1fn e2m1fnuz e2m3 e2m5 e2m5ieee e2m5none e2m5fnuz e3m2 e3m4 e3m4fn e3m4fnuz e4m3 "
    "e4m3none e4m3fnuz e4m3b20 e4m3b-6 e5m2 e5m2none e5m2fnuz e5m3b-20 e1m1fn e1m6fnuz e1m6none "
    "e6m1 e8m1"
).split()


def to_float(value: Value) -> float:
    """Number as a float, which must be able to hold it."""
    if value.kind is Kind.NAN:
        return math.nan
    assert value.magnitude < 2**53
    assert value.magnitude == 0 or -1022 <= value.exponent < 900
    number = math.inf if value.kind is Kind.INF else math.ldexp(value.magnitude, value.exponent)
    return -number if value.sign else number


def from_float(number: float) -> Value:
    """Exact value of a float."""
    sign = int(math.copysign(1, number) < 0)
    if math.isfinite(number):
        significand, exponent = math.frexp(abs(number))
        return Value(sign, int(significand * 2**53), exponent - 53)
    return Value(0, 0, 0, Kind.NAN) if math.isnan(number) else Value(sign, 0, 0, Kind.INF)


def same(x: float, y: float) -> bool:
    """Equal, zeros by sign, NaN with NaN."""
    return (math.isnan(x) and math.isnan(y)) or (
        x == y and math.copysign(1, x) == math.copysign(1, y)
    )


def float_format(name: str) -> FloatFormat:
    format_ = parse_format(name)
    assert isinstance(format_, FloatFormat)
    return format_


def gfloat_info(name: str) -> gfloat.FormatInfo:
    """The format as gfloat describes it, from the name's fields and the standards."""
    format_ = float_format(name)
    nans = {Specials.IEEE: 2**format_.mantissa_bits - 1, Specials.FN: 1}
    return gfloat.FormatInfo(
        name,
        1 + format_.exponent_bits + format_.mantissa_bits,
        1 + format_.mantissa_bits,
        bias=format_.exponent_bias,
        is_signed=True,
        domain=gfloat.Domain.Extended
        if format_.specials is Specials.IEEE
        else gfloat.Domain.Finite,
        has_nz=format_.specials is not Specials.FNUZ,
        num_high_nans=nans.get(format_.specials, 0),
        has_subnormals=True,
        is_twos_complement=False,
    )


def codes_of(name: str) -> np.ndarray:
    """All codes, or where there are more than 2**16 of them, so many random ones."""
    bits = float_format(name).bits
    if bits <= 16:
        return np.arange(2**bits, dtype=np.uint8 if bits <= 8 else np.uint16)
    return np.random.default_rng(1).integers(0, 2**bits, 2**16, dtype=np.uint32)


def numbers_around(codes: np.ndarray) -> np.ndarray:
    """Numbers of the codes, the midpoints between neighbours, and what is just beside both.

    Goes on beyond the largest number for two binades, in its last steps. All are float32 numbers:
    gfloat and ml_dtypes are not exact for those of float64.
    """
    finite = np.unique(np.abs(codes[np.isfinite(codes)]))
    last_step = finite[-1] - finite[-2]
    beyond = finite[-1] + last_step * np.concatenate([np.arange(0.5, 9, 0.5), [1e3]])
    tiny = finite[1] * np.array([0.25, 0.75])
    with np.errstate(over="ignore"):
        points = np.concatenate([finite, (finite[1:] + finite[:-1]) / 2, beyond, tiny])
        points = points.astype(np.float32)
        above, below = np.nextafter(points, np.float32(np.inf)), np.nextafter(points, np.float32(0))
    positive = np.concatenate([points, above, below, [np.inf, np.nan]]).astype(np.float64)
    return np.concatenate([positive, -positive])


@pytest.mark.parametrize("name", ML_DTYPES)
def test_decode_ml_dtypes(name: str) -> None:
    codes = codes_of(name)
    with np.errstate(invalid="ignore"):  # signalling NaN
        numbers = codes.view(ML_DTYPES[name]).astype(np.float64)
    format_ = parse_format(name)
    pairs = zip(codes.tolist(), numbers.tolist(), strict=True)
    equal = [same(to_float(decode(format_, code)), number) for code, number in pairs]
    assert sum(equal) == len(codes) == min(2**format_.bits, 2**16)


@pytest.mark.parametrize("name", GFLOAT)
def test_decode_gfloat(name: str) -> None:
    format_, info = parse_format(name), gfloat_info(name)
    equal = [
        same(to_float(decode(format_, code)), gfloat.decode_float(info, code).fval)
        for code in range(2**format_.bits)
    ]
    assert sum(equal) == 2**format_.bits


@pytest.mark.parametrize(
    ("name", "dtype"), [("int8", np.int8), ("int8s", np.int8), ("int16", np.int16)]
)
def test_decode_integers(name: str, dtype: type) -> None:
    format_ = parse_format(name)
    numbers = np.arange(2**format_.bits).astype(dtype).tolist()
    equal = [decode(format_, code).fraction == number for code, number in enumerate(numbers)]
    assert sum(equal) == 2**format_.bits
    assert decode(format_, 0).sign == 0


@pytest.mark.parametrize("name", [name for name in NAMED_FORMATS if name not in ("fp32", "tf32")])
def test_encode_inverts_decode(name: str) -> None:
    format_ = parse_format(name)
    values = {code: decode(format_, code) for code in range(2**format_.bits)}
    kept = [code for code, value in values.items() if value.kind is not Kind.NAN]
    again = [
        encode(format_, values[code], rounding, Overflow.TO_SPECIAL, random=0)
        for code in kept
        for rounding in Rounding
        if name != "int8s" or code != 0x80
    ]
    if name == "int8s":
        kept.remove(0x80)
    assert again == [code for code in kept for _ in Rounding]
    assert len(again) > 2**format_.bits * 2


@pytest.mark.parametrize("name", [name for name in ML_DTYPES if name != "fp32"])
def test_encode_ml_dtypes(name: str) -> None:
    codes, format_, dtype = codes_of(name), float_format(name), ML_DTYPES[name]
    with np.errstate(all="ignore"):
        numbers = numbers_around(codes.view(dtype).astype(np.float64))
        if not format_.has_nan:
            numbers = numbers[~np.isnan(numbers)]
        want = numbers.astype(dtype)
    nan = np.isnan(want.astype(np.float64))
    want_codes = np.where(nan, format_.nan_code or 0, want.view(codes.dtype)).tolist()
    got = [
        encode(format_, from_float(number), overflow=Overflow.TO_SPECIAL)
        for number in numbers.tolist()
    ]
    assert got == want_codes
    assert len(got) > 5 * 2**format_.bits


def test_encode_fp32() -> None:
    rng = np.random.default_rng(2)
    numbers = np.ldexp(rng.uniform(-1, 1, 50_000), rng.integers(-155, 130, 50_000))
    ties = rng.integers(0, 2**25, 10_000) * 2.0 ** rng.integers(-155, 104, 10_000)
    numbers = np.concatenate([numbers, ties, -ties])
    with np.errstate(over="ignore"):
        want = numbers.astype(np.float32).view(np.uint32).tolist()
    fp32, special = parse_format("fp32"), {"overflow": Overflow.TO_SPECIAL}
    assert [encode(fp32, from_float(x), **special) for x in numbers.tolist()] == want
    assert len(want) == 70_000


ROUNDINGS = {
    Rounding.RNE: gfloat.RoundMode.TiesToEven,
    Rounding.RTZ: gfloat.RoundMode.TowardZero,
    Rounding.STOCHASTIC: gfloat.RoundMode.StochasticFastest,
}


def draws(rounding: Rounding, count: int) -> Iterator[tuple[int, int]]:
    """Random numbers and their widths, as both models take them."""
    rng = np.random.default_rng(3)
    for _ in range(count):
        bits = int(rng.integers(1, 13)) if rounding is Rounding.STOCHASTIC else 0
        yield int(rng.integers(0, 2**bits)), bits


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", GFLOAT)
def test_encode_gfloat(name: str, rounding: Rounding) -> None:
    format_, info = float_format(name), gfloat_info(name)
    numbers = numbers_around(
        np.array([gfloat.decode_float(info, code).fval for code in range(2**format_.bits)])
    )
    if not format_.has_nan:
        numbers = numbers[~np.isnan(numbers)]
    large = numbers[~(np.abs(numbers) < float(format_.max) * 0.75)]
    checked = 0
    for overflow, chosen in ((Overflow.TO_SPECIAL, numbers), (Overflow.SATURATE, large)):
        # Without infinity and NaN, gfloat refuses to overflow; this model then saturates anyway.
        saturate = overflow is Overflow.SATURATE or not format_.has_nan
        for number, (random, bits) in zip(
            chosen.tolist(), draws(rounding, len(chosen)), strict=True
        ):
            value, draw = from_float(number), {"random": random, "random_bits": bits}
            code = encode(format_, value, rounding, overflow, **draw)
            want = gfloat.round_float(info, number, ROUNDINGS[rounding], saturate, random, bits)
            assert same(gfloat.decode_float(info, code).fval, want), (number, random, bits)
            assert not math.isnan(want) or code == format_.nan_code
            checked += 1
    assert checked == len(numbers) + len(large) > 5 * 2**format_.bits
    assert len(large) > 100


@pytest.mark.parametrize(
    ("name", "number", "rounding", "overflow", "code"),
    [
        # E4M3: ..., 416, 448 = 0x7E, (480)
        ("e4m3", 464, "rne", "special", 0x7E),
        ("e4m3", Fraction(929, 2), "rne", "special", 0x7F),
        ("e4m3", Fraction(-929, 2), "rne", "special", 0x7F),
        ("e4m3", Fraction(929, 2), "rne", "saturate", 0x7E),
        ("e4m3", Fraction(-929, 2), "rne", "saturate", 0xFE),
        ("e4m3", 10**9, "rtz", "special", 0x7E),
        ("e4m3", -(10**9), "rtz", "special", 0xFE),
        # E5M2: ..., 57344 = 0x7B, (65536)
        ("e5m2", 61439, "rne", "special", 0x7B),
        ("e5m2", 61440, "rne", "special", 0x7C),
        ("e5m2", -61440, "rne", "special", 0xFC),
        ("e5m2", 61440, "rne", "saturate", 0x7B),
        ("e5m2", 10**9, "rtz", "special", 0x7B),
        # E4M3 fnuz: ..., 240 = 0x7F, (256); no -0
        ("e4m3fnuz", 247, "rne", "special", 0x7F),
        ("e4m3fnuz", 248, "rne", "special", 0x80),
        ("e4m3fnuz", -248, "rne", "saturate", 0xFF),
        ("e4m3fnuz", Fraction(-1, 2**11), "rne", "special", 0x00),
        # E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6 = 0x7
        ("e2m1", 100, "rne", "special", 0x7),
        ("e2m1", -100, "rne", "saturate", 0xF),
        ("e2m1", Fraction(1, 4), "rne", "special", 0x0),
        ("e2m1", Fraction(-1, 4), "rne", "special", 0x8),
        ("e2m1", Fraction(3, 4), "rne", "special", 0x2),
        ("e2m1", 5, "rne", "special", 0x6),
        # INT8
        ("int8", 127, "rne", "special", 0x7F),
        ("int8", Fraction(255, 2), "rne", "special", 0x7F),
        ("int8", -129, "rne", "saturate", 0x80),
        ("int8s", -129, "rne", "saturate", 0x81),
        ("int8", Fraction(-5, 2), "rne", "saturate", 0xFE),
        ("int8", Fraction(-7, 4), "rtz", "saturate", 0xFF),
        ("int8", 300, "rne", "wrap", 44),
        ("int8", -129, "rne", "wrap", 0x7F),
    ],
)
def test_encode_typed_in(
    name: str, number: Fraction, rounding: str, overflow: str, code: int
) -> None:
    value = Value.of(number)
    assert encode(parse_format(name), value, Rounding(rounding), Overflow(overflow)) == code


@pytest.mark.parametrize(
    ("name", "to_special", "saturate"),
    [
        ("fp16", 0xFC00, 0xFBFF),
        ("e4m3", 0x7F, 0xFE),
        ("e4m3fnuz", 0x80, 0xFF),
        ("e2m1", 0xF, 0xF),
        ("int8", 0x80, 0x80),
        ("int8s", 0x81, 0x81),
    ],
)
def test_encode_minus_infinity(name: str, to_special: int, saturate: int) -> None:
    format_, value = parse_format(name), Value(1, 0, 0, Kind.INF)
    codes = {
        (rounding, overflow): encode(format_, value, rounding, overflow, random=0)
        for rounding in Rounding
        for overflow in (Overflow.TO_SPECIAL, Overflow.SATURATE)
    }
    assert {codes[rounding, Overflow.TO_SPECIAL] for rounding in Rounding} == {to_special}
    assert {codes[rounding, Overflow.SATURATE] for rounding in Rounding} == {saturate}


def test_encode_stochastic_counts() -> None:
    """Of the 2**n random numbers, as many round up as the fraction has parts in 2**n."""
    format_, checked = float_format("e4m3"), 0
    for parts in range(33):
        value = Value.of(1 + Fraction(parts, 8 * 32))  # between 1 and 1.125
        codes = [
            encode(format_, value, Rounding.STOCHASTIC, random=r, random_bits=4) for r in range(16)
        ]
        assert codes == sorted(codes)
        assert codes.count(0x39) == (parts // 2 if parts < 32 else 16)
        assert codes.count(0x38) == 16 - codes.count(0x39)
        checked += 1
    assert checked == 33


@pytest.mark.parametrize("rounding", ["rne", "rtz"])
def test_encode_integers(rounding: str) -> None:
    python = {"rne": round, "rtz": math.trunc}[rounding]
    checked = 0
    for quarters in range(-4 * 300, 4 * 300):
        number = Fraction(quarters, 4)
        want = python(number)
        clipped = min(max(want, -128), 127)
        for overflow, integer in ((Overflow.WRAP, want), (Overflow.SATURATE, clipped)):
            code = encode(IntFormat(8), Value.of(number), Rounding(rounding), overflow)
            assert code == integer % 256
            checked += 1
    assert checked == 4800


@pytest.mark.parametrize("name", ["fp16", "e4m3", "e4m3fnuz", "e5m2"])
def test_codec_flushes_subnormals(name: str) -> None:
    format_ = float_format(name)
    flushing, checked = codec(format_, subnormals=False), 0
    for code in range(2**format_.bits):
        value = decode(format_, code)
        if value.kind is Kind.FINITE and 0 < abs(value.fraction) < format_.min_normal:
            zero = format_.sign_code if value.sign and name != "e4m3fnuz" else 0
            assert flushing.decode(code) == Value(value.sign, 0, format_.lsb_exponent)
            assert flushing.encode(value, Rounding.RNE, Overflow.TO_SPECIAL) == zero
            checked += 1
        else:
            assert flushing.decode(code) == value
    assert checked == 2 * (2**format_.mantissa_bits - 1)


@pytest.mark.parametrize("rounding", ["rne", "rtz", "sr"])
def test_codec_flushes_before_it_rounds(rounding: str) -> None:
    fp16 = codec(parse_format("fp16"), subnormals=False)
    below = Fraction(1, 2**14) - Fraction(1, 2**40)  # rounds up to the smallest normal number
    options = (Rounding(rounding), Overflow.TO_SPECIAL, 255, 8)
    assert fp16.encode(Value.of(below), *options) == 0
    assert fp16.encode(Value.of(-below), *options) == 0x8000
    assert fp16.encode(Value.of(Fraction(1, 2**14)), *options) == 0x0400


def all_numbers(name: str) -> tuple[np.ndarray, list[Value]]:
    codes = codes_of(name)
    numbers = codes.view(ML_DTYPES[name]).astype(np.float64)
    return numbers, [decode(parse_format(name), code) for code in codes.tolist()]


@pytest.mark.parametrize("names", [("e5m2", "e5m2"), ("e4m3", "e5m2"), ("e3m4", "e4m3fnuz")])
@pytest.mark.parametrize("operation", [multiply, add])
def test_arithmetic_is_ieee(
    names: tuple[str, str], operation: Callable[[Value, Value], Value]
) -> None:
    """All pairs; sums and products of these formats are exact in float64."""
    (x, x_values), (y, y_values) = map(all_numbers, names)
    with np.errstate(invalid="ignore"):
        want = x[:, None] * y if operation is multiply else x[:, None] + y
    got = np.array([[to_float(operation(v, w)) for w in y_values] for v in x_values])
    assert got.shape == (256, 256)
    np.testing.assert_array_equal(got, want)
    numbers = ~np.isnan(want)
    np.testing.assert_array_equal(np.signbit(got[numbers]), np.signbit(want[numbers]))
    assert 0 < numbers.sum() < 65536


def test_value_of() -> None:
    numbers = [Fraction(n, d) for n in range(-9, 10) for d in (1, 2, 8, 1024)]
    assert [Value.of(number).fraction for number in numbers] == numbers
    assert len(numbers) == 76
    assert Value.of(0) == Value(0, 0, 0)


def encoding(name: str, value: Value, *options: Any, **more: int) -> Callable[[], object]:
    return lambda: encode(parse_format(name), value, *options, **more)


NAN_VALUE, INF_VALUE, HUGE = Value(0, 0, 0, Kind.NAN), Value(1, 0, 0, Kind.INF), Value(0, 1, 99)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Value.of(Fraction(1, 3)), "1/3 is not a binary fraction."),
        (lambda: NAN_VALUE.fraction, "A value of kind 'nan' is not a number."),
        (lambda: INF_VALUE.fraction, "A value of kind 'inf' is not a number."),
        (lambda: decode(parse_format("e4m3"), 256), "e4m3 has the codes 0 to 255, not 256."),
        (lambda: decode(parse_format("fp16"), -1), "fp16 has the codes 0 to 65535, not -1."),
        (lambda: decode(parse_format("int4"), 16), "int4 has the codes 0 to 15, not 16."),
        (lambda: decode(parse_format("int4"), -1), "int4 has the codes 0 to 15, not -1."),
        (encoding("e2m1", NAN_VALUE), "e2m1 has no code for NaN."),
        (encoding("int8", NAN_VALUE), "int8 has no code for NaN."),
        (
            encoding("int8", INF_VALUE, Rounding.RNE, Overflow.WRAP),
            "An infinity cannot wrap in int8.",
        ),
        (encoding("e4m3", INF_VALUE, Rounding.RNE, Overflow.WRAP), "e4m3 cannot wrap."),
        (encoding("e4m3", HUGE, Rounding.RNE, Overflow.WRAP), "e4m3 cannot wrap."),
        (encoding("e4m3", HUGE, Rounding.RTZ, Overflow.WRAP), "e4m3 cannot wrap."),
        (
            encoding("e4m3", Value(0, 1, 0), Rounding.STOCHASTIC),
            "None is not a random number of 0 bits.",
        ),
        (
            encoding("e4m3", Value(0, 1, 0), Rounding.STOCHASTIC, random=16, random_bits=4),
            "16 is not a random number of 4 bits.",
        ),
        (
            encoding("int8", Value(0, 1, 0), Rounding.STOCHASTIC, random=-1, random_bits=4),
            "-1 is not a random number of 4 bits.",
        ),
    ],
)
def test_exact_error(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()
