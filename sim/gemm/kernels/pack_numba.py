"""Operands as `aligned_numba` reads them."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.gemm.kernels.shape import KernelShape, PackedOperands
from fp8mac.sim.jit import as_bits, jit

__all__ = ["pack", "room"]

_LINE_BYTES = 64  # of a cache; a vector that lies in two of them is read twice


def room(size: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Room for numbers that begins with a line of the cache."""
    kind = np.dtype(dtype)
    raw = np.empty(prod(size) * kind.itemsize + _LINE_BYTES, np.uint8)
    skipped = -raw.ctypes.data % _LINE_BYTES
    return raw[skipped : raw.size - _LINE_BYTES + skipped].view(kind).reshape(size)


@jit
def _exponents(values: Any, out: Any, rules: Any) -> None:
    """Exponents that a unit sees of numbers; both arrays are flat."""
    bits, bias, emin, of_zero, none = rules
    for place in range(len(values)):
        size = abs(values[place])
        found = max((as_bits(size) >> bits) - bias, emin)
        found = of_zero if size == 0 else found
        out[place] = found if size < np.inf else none


def _in_panels(rows: NDArray[Any], width: int) -> NDArray[Any]:
    """Columns by panels, shape (panels, k, width); a view."""
    return rows.reshape(len(rows), -1, width).transpose(1, 0, 2)


def pack(
    shape: KernelShape, left: NDArray[Any], right: NDArray[Any], emins: tuple[int, int]
) -> PackedOperands:
    """Operands of a kernel.

    Parameters
    ----------
    shape : KernelShape
        What the kernel is built for.
    left, right : ndarray of the carrier's type, shapes (m, k) and (k, n)
        Values. What is not finite counts as zero, and has no exponent.
    emins : pair of int
        Smallest exponents of both formats.
    """
    (rows, terms), columns, width = left.shape, right.shape[1], shape.width
    panels, none = -(-columns // width), shape.lowest_exponent
    if columns < panels * width:
        right = np.pad(right, ((0, 0), (0, panels * width - columns)))
    sides = [np.ascontiguousarray(each) for each in (left, right)]
    exponents = [room(each.shape, np.int16) for each in sides]
    of_zero = none if shape.zero is None else shape.zero
    for side, found, emin in zip(sides, exponents, emins, strict=True):
        _exponents(
            side.reshape(-1), found.reshape(-1), (shape.bits, shape.bias, emin, of_zero, none)
        )
    exponents[0] += np.int16(shape.bias)
    sides = [each if np.isfinite(each).all() else _finite(each) for each in sides]
    places, zero = room((rows, terms), np.int32), shape.dtype(0)
    np.multiply(sides[0] < 0, np.int32(width), out=places)
    found = room((panels, terms, 1 + shape.splits, width), shape.dtype)
    by_panels = _in_panels(sides[1], width)
    if shape.splits:
        np.maximum(by_panels, zero, out=found[:, :, 0])
        np.negative(by_panels, out=found[:, :, 1])
        np.maximum(found[:, :, 1], zero, out=found[:, :, 1])
    else:
        found[:, :, 0] = by_panels
    numbers, theirs = room((rows, terms), shape.dtype), room((panels, terms, width), np.int16)
    np.copyto(numbers, sides[0])
    if shape.splits:
        np.abs(numbers, out=numbers)
    theirs[...] = _in_panels(exponents[1], width)
    return PackedOperands(numbers, places, exponents[0], found, theirs)


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    return np.where(np.isfinite(values), values, values.dtype.type(0))
