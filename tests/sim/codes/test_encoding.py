"""Codes and values on arrays against the scalar model and against other libraries."""

import re
from fractions import Fraction
from itertools import product

import gfloat
import ml_dtypes
import numpy as np
import pytest
from gfloat.formats import format_info_ocp_e4m3, format_info_ocp_e5m2

from fp8mac.hw.config.formats import (
    NAMED_FORMATS,
    FloatFormat,
    Format,
    IntFormat,
    Overflow,
    Rounding,
    parse_format,
)
from fp8mac.sim.codes import encoding
from fp8mac.sim.codes.encoding import decode, encode, has_special, round_to
from fp8mac.sim.codes.encoding_rule import BLOCK, code_dtype
from fp8mac.sim.exact import codecs
from fp8mac.sim.exact.values import Kind, Value

MORE = [
    "e7m9fnuz",
    "e4m3ieee",
    "e5m2none",
    "e8m7b-512",
    "e8m23b512",
    "e8m23fn",
    "e1m2fn",
    "e1m1none",
]
FORMATS = [*NAMED_FORMATS, *MORE]


def scalar(number: float) -> Value:
    if np.isnan(number):
        return Value(0, 0, 0, Kind.NAN)
    if np.isinf(number):
        return Value(int(number < 0), 0, 0, Kind.INF)
    value = Value.of(Fraction(float(number)))
    return value._replace(sign=int(np.signbit(number)))


def near(format_: Format, count: int, dtype: type, seed: int) -> np.ndarray:
    """Numbers of the format, ties between them, their neighbours; special, tiny and huge ones."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 1 << format_.bits, count)
    low = decode(codes, format_)
    high = decode((codes + 1) % (1 << format_.bits), format_)
    with np.errstate(all="ignore"):
        ties = low + (high - low) * 0.5
        wide = low * np.exp2(rng.integers(-3, 4, count))
        kind = rng.integers(0, 5, count)
        numbers = np.choose(kind, [low, ties, wide, low * rng.normal(size=count), ties]).astype(
            dtype
        )
        toward = np.where(rng.random(count) < 0.5, np.inf, -np.inf).astype(dtype)
        numbers = np.where(kind == 4, np.nextafter(numbers, toward), numbers)
    extreme = [1e300, -1e300, 1e-310] if dtype is np.float64 else [1e38, -1e38, 1e-45]
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, *extreme]
    numbers[: len(special)] = special
    if isinstance(format_, IntFormat) or not format_.has_nan:
        numbers = np.where(np.isnan(numbers), dtype(1), numbers)
    return numbers


@pytest.mark.parametrize("name", FORMATS)
def test_decode(name):
    format_ = parse_format(name)
    rng = np.random.default_rng(1)
    codes = (
        np.arange(1 << format_.bits)
        if format_.bits <= 8
        else rng.integers(0, 1 << format_.bits, 2000)
    )
    for code, number in zip(codes.tolist(), decode(codes, format_).tolist(), strict=True):
        want = codecs.decode(format_, code)
        if want.kind is Kind.NAN:
            assert np.isnan(number)
        elif want.kind is Kind.INF:
            assert number == (-np.inf if want.sign else np.inf)
        else:
            assert Fraction(number) == want.fraction
            assert np.signbit(number) == want.sign


@pytest.mark.parametrize("name", FORMATS)
def test_encode_is_the_scalar_model(name):
    format_ = parse_format(name)
    overflows = [Overflow.SATURATE, Overflow.TO_SPECIAL, Overflow.TO_INF]
    overflows += [Overflow.WRAP] * isinstance(format_, IntFormat)
    compared = 0
    for index, (dtype, rounding, overflow) in enumerate(
        product((np.float32, np.float64), Rounding, overflows)
    ):
        numbers = near(format_, 300, dtype, seed=index)
        if overflow is Overflow.WRAP:
            numbers = numbers[np.isfinite(numbers)]
        rng = np.random.default_rng(index)
        bits = int(rng.integers(0, 24)) if rounding is Rounding.STOCHASTIC else 0
        random = rng.integers(0, 1 << bits, len(numbers))
        got = encode(numbers, format_, rounding, overflow, random=random, random_bits=bits)
        want = [
            codecs.encode(format_, scalar(x), rounding, overflow, random=r, random_bits=bits)
            for x, r in zip(numbers.tolist(), random.tolist(), strict=True)
        ]
        assert got.tolist() == want
        assert got.dtype == code_dtype(format_.bits)
        compared += len(want)
    assert compared > 3000


MILLION = ["e2m5", "e3m4", "e4m3", "e5m2", "e2m5fnuz", "e4m3fnuz", "e3m4ieee", "fp16", "bf16"]


@pytest.mark.parametrize("name", [*MILLION, "e6m9", "int8s", "int4s"])
def test_a_million_numbers(name):
    """Against rounding by the definition: the nearest of the two neighbours among all numbers."""
    format_ = parse_format(name)
    codes = np.arange(1 << (format_.bits - 1))
    grid = decode(codes, format_)
    grid = grid[np.isfinite(grid)]
    assert np.all(np.diff(grid) > 0)
    numbers = near(format_, 1_000_000, np.float32, seed=1)
    numbers = numbers[~np.isnan(numbers)]
    magnitude = np.abs(numbers).astype(np.float64)
    below = np.clip(np.searchsorted(grid, magnitude, side="right") - 1, 0, len(grid) - 1)
    above = np.minimum(below + 1, len(grid) - 1)
    with np.errstate(invalid="ignore"):
        down, up = magnitude - grid[below], grid[above] - magnitude
    nearest = np.where((up < down) | ((up == down) & (below & 1 == 1)), above, below)
    nearest = np.where(magnitude >= grid[-1], len(grid) - 1, nearest)
    odd = np.where(down == 0, below, np.minimum(below | 1, len(grid) - 1))
    wanted = {Rounding.RNE: nearest, Rounding.RTZ: below, Rounding.ODD: odd}
    for rounding, want in wanted.items():
        got = decode(encode(numbers, format_, rounding), format_)
        assert np.array_equal(np.abs(got), grid[want])
        if isinstance(format_, FloatFormat):
            signed = (want > 0) | format_.has_negative_zero
            assert np.array_equal(np.signbit(got), np.signbit(numbers) & signed)


ML_DTYPES = {
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e4m3ieee": ml_dtypes.float8_e4m3,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2": ml_dtypes.float8_e5m2,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
}


@pytest.mark.parametrize("name", ML_DTYPES)
def test_ml_dtypes_agrees(name):
    format_, other = parse_format(name), np.dtype(ML_DTYPES[name])
    numbers = near(format_, 1_000_000, np.float32, seed=2)
    got = encode(numbers, format_, overflow=Overflow.TO_SPECIAL)
    codes = np.arange(1 << format_.bits).astype(got.dtype)
    with np.errstate(all="ignore"):
        want = numbers.astype(other).view(got.dtype)
        decoded = codes.view(other).astype(np.float64)
    assert _same_nans(got, want, format_)
    np.testing.assert_array_equal(decode(codes, format_), decoded)


def _same_nans(got: np.ndarray, want: np.ndarray, format_: Format) -> bool:
    """Whether codes are equal where they are not both NaN, whose codes are free."""
    both = np.isnan(decode(got, format_)) & np.isnan(decode(want, format_))
    return np.array_equal(got[~both], want[~both])


@pytest.mark.parametrize(
    ("name", "info"), [("e4m3", format_info_ocp_e4m3), ("e5m2", format_info_ocp_e5m2)]
)
@pytest.mark.parametrize("rounding", [Rounding.RNE, Rounding.RTZ])
@pytest.mark.parametrize("saturates", [True, False])
def test_gfloat_agrees(name, info, rounding, saturates):
    format_ = parse_format(name)
    numbers = near(format_, 50_000, np.float64, seed=3)
    overflow = Overflow.SATURATE if saturates else Overflow.TO_SPECIAL
    mode = {Rounding.RNE: gfloat.RoundMode.TiesToEven, Rounding.RTZ: gfloat.RoundMode.TowardZero}
    with np.errstate(all="ignore"):
        want = gfloat.round_ndarray(info, numbers, mode[rounding], sat=saturates)
    np.testing.assert_array_equal(round_to(numbers, format_, rounding, overflow), want)


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e2m5fnuz", "bf16", "fp16", "int8", "e2m1"])
def test_round_to_is_decode_of_encode(name):
    format_ = parse_format(name)
    exact = (Rounding.RNE, Rounding.RTZ, Rounding.ODD)
    for dtype, rounding in product((np.float32, np.float64), exact):
        numbers = near(format_, 20_000, dtype, seed=4)
        got = round_to(numbers, format_, rounding)
        want = decode(encode(numbers, format_, rounding), format_, dtype)
        assert got.dtype == dtype
        np.testing.assert_array_equal(got, want)
        np.testing.assert_array_equal(np.signbit(got), np.signbit(want))


@pytest.mark.parametrize(
    "name", ["e4m3", "e5m2", "e2m5fnuz", "e2m1", "fp16", "e5m11", "e7m9", "e8m20"]
)
def test_compiled_or_not(name, monkeypatch):
    """Blocks of small numbers, of some beyond the largest code, and of huge and special ones."""
    format_ = parse_format(name)
    hows = [
        *product((Rounding.RNE, Rounding.RTZ), (Overflow.SATURATE, Overflow.TO_SPECIAL)),
        (Rounding.RTZ, Overflow.TO_INF),
        (Rounding.ODD, Overflow.TO_SPECIAL),
    ]
    for dtype, (rounding, overflow) in product((np.float32, np.float64), hows):
        numbers = near(format_, 2 * BLOCK + 99, dtype, seed=5)[::-1].copy()
        limits = np.repeat(dtype([1, 2.0 ** min(format_.emax + 1, 127)]), BLOCK)
        usual = np.abs(numbers[: 2 * BLOCK]) < limits
        numbers[: 2 * BLOCK] = np.where(usual, numbers[: 2 * BLOCK], np.nextafter(limits, dtype(0)))
        for work in (encode, round_to):
            compiled = work(numbers, format_, rounding, overflow)
            with monkeypatch.context() as patch:
                patch.setattr(encoding, "has_numba", lambda: False)
                alone = work(numbers, format_, rounding, overflow)
            assert compiled.dtype == alone.dtype
            np.testing.assert_array_equal(compiled, alone)
            np.testing.assert_array_equal(np.signbit(compiled), np.signbit(alone))


def test_shapes_are_kept():
    numbers = np.linspace(-3, 3, 24).reshape(2, 3, 4)
    e4m3 = parse_format("e4m3")
    assert encode(numbers, e4m3).shape == numbers.shape
    assert round_to(numbers[:, ::2], e4m3).shape == (2, 2, 4)
    assert encode(numbers.T, e4m3).tolist() == encode(numbers, e4m3).T.tolist()
    assert encode(1.0, e4m3) == 0x38
    assert encode([], e4m3).shape == (0,)


@pytest.mark.parametrize("name", FORMATS)
def test_special_codes_are_found(name):
    format_ = parse_format(name)
    codes = np.arange(1 << min(format_.bits, 16)).astype(code_dtype(format_.bits))
    codes += codes.dtype.type((1 << format_.bits) - len(codes))
    special = ~np.isfinite(decode(codes, format_))
    assert has_special(codes, format_) == special.any()
    assert not has_special(codes[~special], format_)
    for code in codes[special][:300]:
        assert has_special(np.array([0, code, 1], codes.dtype), format_)


def test_what_has_no_code():
    e4m3, int8, e2m1 = (parse_format(name) for name in ("e4m3", "int8", "e2m1"))
    cases = [
        (lambda: encode([1, np.nan], int8), "int8 has no code for NaN."),
        (lambda: encode([1, np.nan], e2m1), "e2m1 has no code for NaN."),
        (lambda: round_to(np.float32([1, np.nan]), e2m1), "e2m1 has no code for NaN."),
        (
            lambda: encode([np.inf], int8, overflow=Overflow.WRAP),
            "An infinity cannot wrap in int8.",
        ),
        (lambda: encode([1.0], e4m3, overflow=Overflow.WRAP), "e4m3 cannot wrap."),
        (lambda: decode([256], e4m3), "The array holds 256, but e4m3 has the codes 0 to 255."),
        (lambda: decode([-1], e4m3), "The array holds -1, but e4m3 has the codes 0 to 255."),
        (
            lambda: decode([1.0], e4m3),
            "The array holds float64 numbers, not codes of e4m3; encode them first.",
        ),
        (
            lambda: encode([1.0], e4m3, Rounding.STOCHASTIC),
            "Stochastic rounding takes random numbers of 0 to 32 bits.",
        ),
        (
            lambda: encode([1.0], e4m3, Rounding.STOCHASTIC, random=[8], random_bits=3),
            "Random numbers of 3 bits are 0 to 7.",
        ),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            call()
