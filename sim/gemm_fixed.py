"""Sums of products in fixed point: integer and Kulisch accumulators, by exact products of a BLAS.

Operands are integers in units of their smallest bit. Where the products of a sum together take no
more than the 24 or 53 bits of a float, the processor's matrix product is exact, whatever its order.
Wide operands are cut into limbs, long sums into pieces::

    a = a1 * 2**L + a0        a * b = a1*b1 * 2**2L + (a1*b0 + a0*b1) * 2**L + a0*b0
"""

from functools import lru_cache
from importlib import import_module
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config import MacConfig
from fp8mac.hw.formats import FloatFormat, Format
from fp8mac.sim.encoding import code_dtype, has_numba, in_units, look_up

__all__ = ["LONGEST", "Words", "add", "plan_limbs", "saturate", "to_float", "wrapping"]

Words = NDArray[np.uint64]
"""Two's complement, shape (..., words), least significant word first."""

#: Products in a piece of a sum, at least: in float32, in float64.
_SHORTEST = {np.float32: 64, np.float64: 1024}

#: Longest sum: its pieces are added in 64 bits.
LONGEST = 1 << 20

_LIMB_PRODUCT = 43  # bits; a piece has at least 256 products
_BITS = 51  # of a sum in float64, which leaves two for its conversion
_MAGIC = 1.5 * 2.0**52


class Cut(NamedTuple):
    """How sums of products are cut into exact matrix products."""

    kind: type  #: Of the matrix products.
    a_bits: int  #: Of a limb.
    b_bits: int
    piece: int  #: Products in a piece of a sum.
    acc_bits: int  #: Of the accumulator.


@lru_cache(maxsize=256)
def plan_limbs(config: MacConfig, k: int) -> Cut:
    """Cut with the fewest matrix products."""
    a_bits, b_bits = (each.max_magnitude.bit_length() for each in (config.a, config.b))
    units = config.a.max_magnitude * config.b.max_magnitude
    for kind, bits in ((np.float32, 24), (np.float64, _BITS)):
        piece = ((1 << bits) - 1) // units
        if piece >= min(k, _SHORTEST[kind]):
            return Cut(kind, a_bits, b_bits, max(1, min(k, piece)), config.acc_bits)
    cuts = []
    for a_count, b_count in product(range(1, 40), repeat=2):
        a_limb, b_limb = -(-a_bits // a_count), -(-b_bits // b_count)
        if a_limb + b_limb <= _LIMB_PRODUCT:
            cuts.append((a_count * b_count, a_limb + b_limb, a_limb, b_limb))
    _, both, a_limb, b_limb = min(cuts)
    return Cut(np.float64, a_limb, b_limb, min(k, 1 << (_BITS - both)), config.acc_bits)


def _limbs(codes: NDArray[Any], format_: Format, cut: tuple[type, int]) -> list[NDArray[Any]]:
    """Limbs of numbers in units of their smallest bit, least significant first; of NaN, zeros."""
    if isinstance(format_, FloatFormat) and format_.bits <= 16:
        return [look_up(codes, table) for table in _tables(format_, *cut)]
    return _cut_limbs(in_units(codes, format_, cut[0]), format_, cut[1])


@lru_cache(maxsize=64)
def _tables(format_: Format, kind: type, limb_bits: int) -> list[NDArray[Any]]:
    """Limbs of every code."""
    codes = np.arange(1 << format_.bits).astype(code_dtype(format_.bits))
    return _cut_limbs(in_units(codes, format_, kind), format_, limb_bits)


def _cut_limbs(units: NDArray[Any], format_: Format, limb_bits: int) -> list[NDArray[Any]]:
    if isinstance(format_, FloatFormat):
        units = np.where(np.isfinite(units), units, 0)
    count = -(-format_.max_magnitude.bit_length() // limb_bits)
    limbs = []
    for place in reversed(range(count)):
        limb = np.trunc(np.ldexp(units, -place * limb_bits)) if place else units
        units = units - np.ldexp(limb, place * limb_bits) if place else units
        limbs.append(limb)
    return limbs[::-1]


def wrapping(
    config: MacConfig, a: NDArray[Any], b: NDArray[Any], start: Words | None
) -> NDArray[Any]:
    """Sums modulo ``2**config.acc_bits``.

    Parameters
    ----------
    a, b : ndarray of int, shapes (m, k) and (k, n)
        Codes; infinities and NaN count as zeros.
    start : Words, shape (m, n, words), optional
        What is held before.

    Returns
    -------
    ndarray of uint8, uint16, uint32 or uint64, shape (m, n); Words beyond 64 bits
        Bits beyond the width are 0.
    """
    kind, a_bits, b_bits, piece, acc_bits = plan_limbs(config, a.shape[1])
    parts = []
    for a_place, a_limb in enumerate(_limbs(a, config.a, (kind, a_bits))):
        for b_place, b_limb in enumerate(_limbs(b, config.b, (kind, b_bits))):
            parts.append((a_place * a_bits + b_place * b_bits, _product(a_limb, b_limb, piece)))
    if start is None and len(parts) == 1 and acc_bits <= 64:
        return _patterns(parts[0][1], acc_bits)
    count = -(-acc_bits // 64)
    planes = np.zeros((count, a.shape[0], b.shape[1]), np.uint64)
    if start is not None:
        planes[:] = np.moveaxis(start, -1, 0)
    add = _numba().add_shifted if count <= 2 and has_numba() else _add_shifted
    for shift, part in parts:
        add(planes, part.astype(np.int64, copy=False), shift)
    total = _cut(np.stack(list(planes), axis=-1), acc_bits)
    return total if count > 1 else total[..., 0].astype(code_dtype(acc_bits))


@lru_cache
def _numba() -> Any:
    """The compiled kernels."""
    return import_module("fp8mac.sim.fixed_numba")


def _product(a: NDArray[Any], b: NDArray[Any], piece: int) -> NDArray[Any]:
    """Exact sums of products of integers, as int32 or int64."""
    total = _integers(a[:, :piece] @ b[:piece])
    if a.shape[1] > piece:
        total = total.astype(np.int64, copy=False)
    for first in range(piece, a.shape[1], piece):
        total += _integers(a[:, first : first + piece] @ b[first : first + piece])
    return total


def _integers(sums: NDArray[Any]) -> NDArray[Any]:
    """Integers of a fresh array, as int32 or, in its place, as int64.

    A memory page that is new costs more than the numbers in it.
    """
    if sums.dtype == np.float32:
        return sums.astype(np.int32)
    integers = sums.view(np.int64)
    if has_numba():
        _numba().to_integers(sums)
        return integers
    sums += _MAGIC  # whose last bit weighs one
    integers -= np.float64(_MAGIC).view(np.int64)
    return integers


def _patterns(sums: NDArray[Any], bits: int) -> NDArray[Any]:
    """Two's complement of up to 64 bits, in the smallest type."""
    dtype = code_dtype(bits)
    codes = sums.astype(f"i{dtype.itemsize}", copy=False).view(dtype)
    if bits < 8 * dtype.itemsize:
        codes &= dtype.type((1 << bits) - 1)
    return codes


def _cut(words: Words, bits: int) -> Words:
    """Words without the bits beyond a width, in place."""
    if bits % 64:
        words[..., -1] &= np.uint64((1 << bits % 64) - 1)
    return words


def _extend(words: Words, bits: int) -> Words:
    """Words with the sign in the bits beyond a width."""
    unused = 64 * words.shape[-1] - bits
    extended = words.copy()
    extended[..., -1] = ((words[..., -1] << np.uint64(unused)).view(np.int64) >> unused).view(
        np.uint64
    )
    return extended


def add(x: tuple[Words, int], y: tuple[Words, int], *, saturates: bool) -> Words:
    """Sum of two's complements of given widths, in the width of the first; modulo, or saturated."""
    bits = x[1]
    total, addend = _extend(*x), _extend(*y)
    sign = (addend[..., -1:].view(np.int64) >> 63).view(np.uint64)
    carry = np.zeros(total.shape[:-1], bool)
    before = total[..., -1].view(np.int64) < 0
    for word in range(total.shape[-1]):
        digit = addend[..., word] if word < addend.shape[-1] else sign[..., 0]
        _add_digit(total, word, digit, carry)
    if not saturates:
        return _cut(total, bits)
    # Integers have one word; a sum of equal signs that leaves 64 bits has the other sign.
    assert total.shape[-1] == addend.shape[-1] == 1
    number, same = total[..., 0].view(np.int64), before == (sign[..., 0] > 0)
    wrapped = same & ((number < 0) != before)
    largest = np.int64(2 ** (bits - 1) - 1)
    number = np.where(wrapped, np.where(before, ~largest, largest), number)
    number = np.clip(number, ~largest, largest)
    return _cut(number.view(np.uint64)[..., None], bits)


def _add_digit(total: Words, word: int, digit: NDArray[np.uint64], carry: NDArray[Any]) -> None:
    """Add one digit and the carry of the digit before, both in place."""
    after = total[..., word] + digit
    wrapped = after < digit
    after += carry
    carry[...] = wrapped | (carry & (after == 0))
    total[..., word] = after


def _add_shifted(planes: NDArray[np.uint64], part: NDArray[np.int64], shift: int) -> None:
    """Add ``part * 2**shift`` to words, shape (words, m, n), in place, modulo their width."""
    total = np.moveaxis(planes, 0, -1)
    place, bits = divmod(shift, 64)
    carry = np.zeros(part.shape, bool)
    for word in range(place, len(planes)):
        if word == place:
            addend = part << bits
        elif word == place + 1 and bits:
            addend = part >> (64 - bits)
        else:
            addend = part >> 63
        _add_digit(total, word, addend.view(np.uint64), carry)


def saturate(
    acc: NDArray[np.int64],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    span: tuple[int, int, int],
    largest: int,
) -> None:
    """Add all products to some rows, in place; every step saturates.

    ``span`` is the first row, the one behind the last, and the products that are added in a step.
    """
    first_row, last_row, lanes = span
    held, mine = acc[first_row:last_row], a[first_row:last_row]
    for first in range(0, a.shape[1], lanes):
        held += mine[:, first : first + lanes] @ b[first : first + lanes]
        np.clip(held, ~largest, largest, out=held)


def to_float(words: Words, bits: int, lsb_exponent: int) -> NDArray[np.float64]:
    """Correctly rounded values of two's complement in units of ``2**lsb_exponent``."""
    magnitude, negative = _magnitude(words, bits)
    weight = np.full(words.shape[:-1], lsb_exponent)
    for _ in range(words.shape[-1] - 1):
        empty = magnitude[..., -1] == 0
        magnitude[empty, 1:] = magnitude[empty, :-1]
        magnitude[empty, 0] = 0
        weight -= np.where(empty, 64, 0)
    weight += 64 * (words.shape[-1] - 1)
    head = magnitude[..., -1]
    if words.shape[-1] > 1:
        # Next to a power of two the length is one too large, and a bit of 64 stays unused.
        length = np.frexp(head.astype(np.float64))[1]
        up = np.clip(64 - length, 0, 63).astype(np.uint64)
        below = magnitude[..., -2]
        lost = (below << up != 0) | (magnitude[..., :-2] != 0).any(axis=-1)
        head = head << up | below >> np.uint64(1) >> (np.uint64(63) - up) | lost  # odd if inexact
        weight -= up.astype(np.int64)
    with np.errstate(over="ignore"):
        return np.ldexp(np.where(negative, -1.0, 1.0) * head.astype(np.float64), weight)


def _magnitude(words: Words, bits: int) -> tuple[Words, NDArray[np.bool_]]:
    """Absolute values, and which numbers are negative."""
    magnitude = _extend(words, bits)
    negative = magnitude[..., -1].view(np.int64) < 0
    carry = negative
    for word in range(words.shape[-1]):
        digit = np.where(negative, ~magnitude[..., word], magnitude[..., word])
        digit += carry
        carry = carry & (digit == 0)
        magnitude[..., word] = digit
    return magnitude, negative
