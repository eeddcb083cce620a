"""Convolutions as products of matrices, forward and backward, of any number of dimensions.

All three are gathers: a table says which place of a tensor each product reads, and a place behind
the last one is zero. Nothing is scattered, so every sum stands in the unit::

    forward          y[p]   = sum over taps t      x[place(p, t)] w[t]
    data gradient    dx[q]  = sum over taps t      dy[p: place(p, t) = q] w[t]     kernels flipped
    weight gradient  dw[t]  = sum over outputs p   dy[p] x[place(p, t)]

With strides the outputs of a data gradient fall into phases that see different taps; each is a
product of its own, and none multiplies the zeros that would lie between strides. A transposed
convolution is the same with forward pass and data gradient exchanged. Products are added in the
order of the kernel's places and, within a place, of the channels; those of a weight gradient in the
order of the images and, within an image, of the places.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.torch.operands import Arrange, TensorOperand
from fp8mac.sim.torch.products import Side

__all__ = ["Convolution", "Multiply"]

Array = NDArray[Any]
Sizes = tuple[int, ...]
Multiply = Callable[[Side, Side, str], NDArray[np.float32]]
"""Computes one product of the layer, in the pass that is named."""


@dataclass(frozen=True)
class Convolution:
    """Geometry of a convolution whose kernel moves over ``wide`` places and yields ``narrow`` ones.

    Parameters
    ----------
    wide, narrow : tuple of int
        Sizes of input and output; of a transposed convolution the other way round.
    kernel, stride, padding, dilation : tuple of int
        For each dimension.
    groups : int
        Channels are divided among so many convolutions.
    """

    wide: Sizes
    narrow: Sizes
    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    groups: int

    def gathered(
        self, wide: TensorOperand, kernel: TensorOperand, multiply: Multiply, step: str
    ) -> Array:
        """Places of the narrow side from the wide one: (n, c, *wide) -> (n, o, *narrow)."""
        table = _reads(self)
        images, outputs = len(wide.numbers), kernel.numbers.shape[0]
        left = wide, self._patches_by_tap(table)
        right = kernel, _kernel_columns(self.groups, range(prod(self.kernel)), transposed=False)
        y = multiply(left, right, step)
        return self._image(y, images, outputs, self.narrow)

    def spread(
        self, narrow: TensorOperand, kernel: TensorOperand, multiply: Multiply, step: str
    ) -> Array:
        """Places of the wide side from the narrow one: (n, o, *narrow) -> (n, c, *wide)."""
        images, channels = len(narrow.numbers), kernel.numbers.shape[1] * self.groups

        def phase(places: Array, taps: Sizes, table: Array) -> Array:
            left = narrow, self._patches_by_tap(table)
            right = kernel, _kernel_columns(self.groups, taps, transposed=True)
            y = multiply(left, right, step)
            return self._image(y, images, channels, (len(places),))

        phases = [each for each in _phases(self) if each[1]]  # what some output has seen
        if all(size == 1 for size in self.stride):
            return phase(*phases[0]).reshape(images, channels, *self.wide)
        out = np.zeros((images, channels, prod(self.wide)), np.float32)
        for each in phases:
            out[:, :, each[0]] = phase(*each)
        return out.reshape(images, channels, *self.wide)

    def by_kernel(
        self, narrow: TensorOperand, wide: TensorOperand, multiply: Multiply, step: str
    ) -> NDArray[np.float32]:
        """Gradient of the kernel, (o, c / groups, *kernel), from both sides of the convolution."""
        table = _reads(self)
        groups, patches = self.groups, self._patches(table)

        def columns(x: Array) -> Array:
            n, channels = x.shape[:2]
            split = x.reshape(n, groups, channels // groups, -1)
            return split.transpose(1, 2, 0, 3).reshape(groups, channels // groups, -1)

        found = multiply((narrow, columns), (wide, patches), step)
        outputs, per = narrow.numbers.shape[1], wide.numbers.shape[1] // groups
        split = found.reshape(groups, outputs // groups, prod(self.kernel), per)
        moved = split.transpose(0, 1, 3, 2)
        return np.ascontiguousarray(moved).reshape(outputs, per, *self.kernel)

    def along(self) -> Iterator[tuple[int, ...]]:
        """Wide and narrow size, kernel, stride, padding, dilation of each dimension."""
        return zip(
            *(self.wide, self.narrow, self.kernel, self.stride, self.padding, self.dilation),
            strict=True,
        )

    def _patches(self, table: Array) -> Arrange:
        """Rows of numbers that a kernel meets, (groups, n places, taps channels)."""
        groups = self.groups

        def arrange(x: Array) -> Array:
            n, channels = x.shape[:2]
            flat = np.zeros((groups, n, prod(x.shape[2:]) + 1, channels // groups), x.dtype)
            split = x.reshape(n, groups, channels // groups, -1)
            flat[:, :, :-1] = split.transpose(1, 0, 3, 2)
            return np.take(flat, table, axis=2).reshape(groups, n * len(table), -1)

        return arrange

    def _patches_by_tap(self, table: Array) -> Arrange:
        """The same; numbers of one tap and channel lie beside each other, as kernels read them."""
        groups, places = self.groups, table.T.copy()

        def arrange(x: Array) -> Array:
            n, channels = x.shape[:2]
            per = channels // groups
            flat = np.zeros((groups, per, n, prod(x.shape[2:]) + 1), x.dtype)
            flat[..., :-1] = x.reshape(n, groups, per, -1).transpose(1, 2, 0, 3)
            out = np.empty((groups, len(places), per, n, places.shape[1]), x.dtype)
            for tap, read in enumerate(places):
                np.take(flat, read, axis=3, out=out[:, tap], mode="clip")
            return out.reshape(groups, len(places) * per, -1).swapaxes(1, 2)

        return arrange

    def _image(self, y: Array, images: int, channels: int, sizes: Sizes) -> Array:
        split = y.reshape(self.groups, images, prod(sizes), channels // self.groups)
        moved = split.transpose(1, 0, 3, 2)
        return np.ascontiguousarray(moved).reshape(images, channels, *sizes)


def _kernel_columns(groups: int, taps: Any, *, transposed: bool) -> Arrange:
    """Matrices of a kernel (o, c, *places): (groups, taps c, o), or (groups, taps o, c)."""
    order = list(taps)

    def arrange(w: Array) -> Array:
        outputs, channels = w.shape[:2]
        split = w.reshape(groups, outputs // groups, channels, -1)[..., order]
        axes = (0, 3, 1, 2) if transposed else (0, 3, 2, 1)
        moved = split.transpose(axes)
        return moved.reshape(groups, -1, moved.shape[-1])

    return arrange


@lru_cache(maxsize=64)
def _reads(of: Convolution) -> Array:
    """Place of the wide side that each narrow place meets at each tap, (places, taps)."""
    along = []
    for size, count, taps, step, pad, apart in of.along():
        place = np.arange(count)[:, None] * step - pad + np.arange(taps) * apart
        along.append(np.where((place >= 0) & (place < size), place, -1))
    return _joined(along, of.wide)


@lru_cache(maxsize=64)
def _phases(of: Convolution) -> list[tuple[Array, tuple[int, ...], Array]]:
    """Places of the wide side, the taps that reach them, and the narrow places that each reads."""
    each = []  # of each dimension: places, taps, what they read
    for size, count, taps, step, pad, apart in of.along():
        found = []
        for first in range(min(step, size)):
            places = np.arange(first, size, step)
            some = [tap for tap in range(taps) if (first + pad - tap * apart) % step == 0]
            reads = (places[:, None] + pad - np.array(some, int) * apart) // step
            found.append((places, some, np.where((reads >= 0) & (reads < count), reads, -1)))
        each.append(found)
    phases = []
    for chosen in product(*each):
        taps = [int(t) for t in _flat([np.array(some, int) for _, some, _ in chosen], of.kernel)]
        places = _flat([places for places, _, _ in chosen], of.wide)
        phases.append((places, tuple(taps), _joined([reads for _, _, reads in chosen], of.narrow)))
    return phases


def _flat(along: list[Array], sizes: Sizes) -> Array:
    """Numbers of the places of a grid."""
    found = np.zeros((), int)
    for numbers, size in zip(along, sizes, strict=True):
        found = found[..., None] * size + numbers
    return found.reshape(-1)


def _joined(along: list[Array], sizes: Sizes) -> Array:
    """Places of several dimensions in one number, (places, taps); zero's where one is outside."""
    found, outside = np.zeros((1, 1), int), np.zeros((1, 1), bool)
    for reads, size in zip(along, sizes, strict=True):
        shape = len(found) * len(reads), -1
        found = found[:, None, :, None] * size + np.maximum(reads, 0)[None, :, None, :]
        outside = outside[:, None, :, None] | (reads < 0)[None, :, None, :]
        found, outside = found.reshape(shape), outside.reshape(shape)
    return np.where(outside, prod(sizes), found)
