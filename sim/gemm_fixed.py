"""Sums of products in fixed point: integer and Kulisch accumulators, by exact products of a BLAS.

Operands are integers in units of their smallest bit. Where the products of a sum together take no
more than the 24 or 53 bits of a float, the processor's matrix product is exact, whatever its order.
Wide operands are cut into limbs, long sums into pieces::

    a = a1 * 2**L + a0        a * b = a1*b1 * 2**2L + (a1*b0 + a0*b1) * 2**L + a0*b0
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config import MacConfig
from fp8mac.hw.formats import Format
from fp8mac.sim.encoding import code_dtype

__all__ = ["LONGEST", "Words", "add", "plan_limbs", "saturate", "to_float", "wrapping"]

Words = NDArray[np.uint64]
"""Two's complement, shape (..., words), least significant word first."""

#: Products in a piece of a sum, at least: in float32, in float64.
_SHORTEST = {np.float32: 64, np.float64: 1024}

#: Longest sum: its pieces of 53 bits are added in 64.
LONGEST = 1 << 20


def _limbs(units: NDArray[Any], format_: Format, limb_bits: int) -> list[NDArray[Any]]:
    """Integers cut into limbs, least significant first."""
    count = -(-format_.max_magnitude.bit_length() // limb_bits)
    limbs = []
    for place in reversed(range(count)):
        limb = np.trunc(np.ldexp(units, -place * limb_bits)) if place else units
        units = units - np.ldexp(limb, place * limb_bits) if place else units
        limbs.append(limb)
    return limbs[::-1]


def plan_limbs(config: MacConfig, k: int) -> tuple[type, int, int]:
    """Type of the matrix products, bits of a limb, and products in a piece of a sum."""
    units = config.a.max_magnitude * config.b.max_magnitude
    widest = max(config.a.max_magnitude, config.b.max_magnitude).bit_length()
    for kind, bits in ((np.float32, 24), (np.float64, 53)):
        piece = ((1 << bits) - 1) // units
        if piece >= min(k, _SHORTEST[kind]):
            return kind, widest, max(1, min(k, piece))
    limbs = -(-widest // 20)
    limb_bits = -(-widest // limbs)
    return np.float64, limb_bits, min(k, 1 << (52 - 2 * limb_bits))


def wrapping(
    config: MacConfig, a: NDArray[Any], b: NDArray[Any], start: Words | None
) -> NDArray[Any]:
    """Sums modulo ``2**config.acc_bits``.

    Parameters
    ----------
    a, b : ndarray of the type that `plan_limbs` says, shapes (m, k) and (k, n)
        Values in units of their smallest bits, all finite.
    start : Words, shape (m, n, words), optional
        What is held before.

    Returns
    -------
    ndarray of uint8, uint16, uint32 or uint64, shape (m, n); Words beyond 64 bits
        Bits beyond the width are 0.
    """
    k = a.shape[1]
    _, limb_bits, piece = plan_limbs(config, k)
    sums: dict[int, NDArray[Any]] = {}
    for a_place, a_limb in enumerate(_limbs(a, config.a, limb_bits)):
        for b_place, b_limb in enumerate(_limbs(b, config.b, limb_bits)):
            part = _product(a_limb, b_limb, piece)
            place = a_place + b_place
            sums[place] = sums[place] + part.astype(np.int64) if place in sums else part
    if start is None and len(sums) == 1 and config.acc_bits <= 64:
        return _patterns(sums[0], config.acc_bits)
    shape = a.shape[0], b.shape[1], -(-config.acc_bits // 64)
    total = np.zeros(shape, np.uint64) if start is None else start.copy()
    for place, part in sums.items():
        _add_shifted(total, part.astype(np.int64), place * limb_bits)
    total = _cut(total, config.acc_bits)
    return total if shape[2] > 1 else total[..., 0].astype(code_dtype(config.acc_bits))


def _product(a: NDArray[Any], b: NDArray[Any], piece: int) -> NDArray[Any]:
    """Exact sums of products of integers, as int32 or int64."""
    kind = np.int32 if a.dtype == np.float32 and a.shape[1] <= piece else np.int64
    total = (a[:, :piece] @ b[:piece]).astype(kind)
    for first in range(piece, a.shape[1], piece):
        total += (a[:, first : first + piece] @ b[first : first + piece]).astype(kind)
    return total


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


def _add_shifted(total: Words, part: NDArray[np.int64], shift: int) -> None:
    """Add ``part * 2**shift``, in place, modulo the width of the words."""
    place, bits = divmod(shift, 64)
    carry = np.zeros(part.shape, bool)
    for word in range(place, total.shape[-1]):
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
