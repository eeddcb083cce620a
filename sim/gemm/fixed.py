"""Sums of products in fixed point: integer and Kulisch accumulators, by exact products of a BLAS.

Operands are integers in units of their smallest bit. Where the products of a sum together take no
more than the 24 or 53 bits of a float, the processor's matrix product is exact, whatever its order.
Wide operands are cut into limbs, long sums into pieces::

    a = a1 * 2**L + a0        a * b = a1*b1 * 2**2L + (a1*b0 + a0*b1) * 2**L + a0*b0
"""

import math
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import FloatFormat, Format
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import has_numba, in_units, look_up
from fp8mac.sim.codes.encoding_rule import code_dtype
from fp8mac.sim.gemm.words import Words, add_shifted, cut

__all__ = ["LONGEST", "Cut", "plan_limbs", "saturate", "wrapping"]

#: Products in a piece of a sum, at least: in float32, in float64.
_SHORTEST = {np.float32: 64, np.float64: 1024}

#: Longest sum whose pieces are added in 64 bits; longer ones are added in the accumulator.
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


def _limbs(codes: NDArray[Any], format_: Format, how: tuple[type, int]) -> list[NDArray[Any]]:
    """Limbs of numbers in units of their smallest bit, least significant first; of NaN, zeros."""
    if isinstance(format_, FloatFormat) and format_.bits <= 16:
        return [look_up(codes, table) for table in _tables(format_, *how)]
    return _cut_limbs(in_units(codes, format_, how[0]), format_, how[1])


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
    total = _wrapped(config, a[:, :LONGEST], b[:LONGEST], start)
    for first in range(LONGEST, a.shape[1], LONGEST):
        part, held = slice(first, first + LONGEST), total.astype(np.uint64)
        held = held[..., None] if held.ndim == 2 else held
        total = _wrapped(config, a[:, part], b[part], held)
    return total


def _wrapped(
    config: MacConfig, a: NDArray[Any], b: NDArray[Any], start: Words | None
) -> NDArray[Any]:
    """The same for sums that are not longer than `LONGEST`."""
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
    add = _numba().add_shifted if count <= 2 and has_numba() else add_shifted
    for shift, part in parts:
        add(planes, part.astype(np.int64, copy=False), shift)
    total = cut(np.stack(list(planes), axis=-1), acc_bits)
    return total if count > 1 else total[..., 0].astype(code_dtype(acc_bits))


@lru_cache
def _numba() -> Any:
    """The compiled kernels."""
    from fp8mac.sim.gemm.kernels import fixed_numba

    return fixed_numba


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


def saturate(
    acc: NDArray[np.int64],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    span: tuple[int, int, int],
    largest: int,
) -> None:
    """Add all products to some rows, in place; every step saturates.

    ``span`` is the first row, the one behind the last, and the products that are added in a step.
    Steps are taken together as long as no sum can leave its range before the last one of them.
    """
    first_row, last_row, lanes = span
    held, mine = acc[first_row:last_row], a[first_row:last_row]
    most = lanes * math.prod(int(np.abs(each).max(initial=0)) for each in (mine, b))
    first = 0
    while first < a.shape[1]:
        room = largest - int(np.abs(held).max(initial=0))
        last = first + lanes * (1 + max(0, room) // max(1, most))
        held += mine[:, first:last] @ b[first:last]
        np.clip(held, ~largest, largest, out=held)
        first = last
