"""Matrices of codes that round, cancel, overflow or hold special values."""

import numpy as np

from fp8mac.hw.config.formats import FloatFormat, Format, Specials
from fp8mac.hw.config.unit import MacConfig

KINDS = ("random", "cancelling", "overflowing", "special")


def codes_of(
    format_: Format, shape: tuple[int, int], kind: str, rng: np.random.Generator
) -> np.ndarray:
    """Finite codes; large ones to overflow, and a few special ones."""
    codes = rng.integers(0, 1 << format_.bits, shape).astype(np.uint32)
    magnitude = codes & ((1 << (format_.bits - 1)) - 1)
    if isinstance(format_, FloatFormat):
        if kind == "overflowing":
            magnitude = format_.max_code - magnitude % (4 << format_.mantissa_bits)
        legal = np.minimum(magnitude, format_.max_code)
        sign = codes & np.uint32(format_.sign_code if kind != "overflowing" else 0)
        legal |= np.where(legal == 0, 0, sign) if format_.specials is Specials.FNUZ else sign
        return np.where(rng.random(shape) < 0.05, codes, legal) if kind == "special" else legal
    if kind == "overflowing":
        return (1 << (format_.bits - 1)) - 1 - magnitude % 4
    if format_.symmetric:
        codes[codes == 1 << (format_.bits - 1)] = 1
    return codes


def negated(format_: Format, codes: np.ndarray) -> np.ndarray:
    """Codes of the numbers with the other sign; the most negative integer's is one off."""
    if isinstance(format_, FloatFormat):
        return codes ^ np.uint32(format_.sign_code)
    largest = (1 << (format_.bits - 1)) - 1
    return np.where(codes == largest + 1, largest, -codes.astype(np.int64) & (2 * largest + 1))


def matrices(
    config: MacConfig, shape: tuple[int, int, int], kind: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    m, k, n = shape
    rng = np.random.default_rng([seed, len(kind)])
    a, b = codes_of(config.a, (m, k), kind, rng), codes_of(config.b, (k, n), kind, rng)
    if kind == "cancelling":
        half = k // 2
        a[:, half : 2 * half], b[half : 2 * half] = a[:, :half], negated(config.b, b[:half])
    return a, b
