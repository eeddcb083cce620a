"""Two's complement of any width in arrays of 64-bit words: sums, saturation, values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Words", "add", "add_shifted", "cut", "to_float"]

Words = NDArray[np.uint64]
"""Two's complement, shape (..., words), least significant word first."""


def cut(words: Words, bits: int) -> Words:
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
        return cut(total, bits)
    # Integers have one word; a sum of equal signs that leaves 64 bits has the other sign.
    assert total.shape[-1] == addend.shape[-1] == 1
    number, same = total[..., 0].view(np.int64), before == (sign[..., 0] > 0)
    wrapped = same & ((number < 0) != before)
    largest = np.int64(2 ** (bits - 1) - 1)
    number = np.where(wrapped, np.where(before, ~largest, largest), number)
    number = np.clip(number, ~largest, largest)
    return cut(number.view(np.uint64)[..., None], bits)


def _add_digit(total: Words, word: int, digit: NDArray[np.uint64], carry: NDArray[Any]) -> None:
    """Add one digit and the carry of the digit before, both in place."""
    after = total[..., word] + digit
    wrapped = after < digit
    after += carry
    carry[...] = wrapped | (carry & (after == 0))
    total[..., word] = after


def add_shifted(planes: NDArray[np.uint64], part: NDArray[np.int64], shift: int) -> None:
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


def to_float(
    words: Words, bits: int, lsb_exponent: int, *, odd: bool = False
) -> NDArray[np.float64]:
    """Correctly rounded values of two's complement in units of ``2**lsb_exponent``.

    With ``odd``, they are rounded to odd: to fewer than 51 bits they then round as the exact ones.
    """
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
    if odd:
        length = np.frexp(head.astype(np.float64))[1]
        beyond = np.clip(length - 53, 0, 63).astype(np.uint64)
        cut_off = head >> beyond << beyond
        head = cut_off | ((head != cut_off).astype(np.uint64) << beyond)
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
