"""Convolutions of any number of axes, strides, dilations and groups, as products of matrices.

::

    group 1   patches (n, k)  x  filters (k, outputs / groups)
    group 2   patches (n, k)  x  filters (k, outputs / groups)        n: images and places
    ...                                                               k: kernel, channel of a group

The unit adds the kernel's places in order, the last axis fastest, and at each place the channels
of the group. A depthwise convolution has a group for each channel: its sums are as short as the
kernel.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.models.sequential import FullEngine

__all__ = ["Geometry", "convolve", "same_pads"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Geometry:
    """Where a filter steps.

    Parameters
    ----------
    strides, dilations : tuple of int
        For each axis of the image: distance of steps, and of the kernel's places.
    pads : tuple of (int, int)
        For each axis, zeros before and after the image; as many places are cut off if negative.
    groups : int
        Parts into which channels of input and output are divided, each with its own filters.
    """

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    groups: int = 1

    def patches(self, x: Array, kernel: tuple[int, ...]) -> Array:
        """What each step sees: shape (n, *steps, *kernel, channels) of x (n, *image, channels)."""
        axes = tuple(range(1, 1 + len(kernel)))
        padded = np.pad(x, ((0, 0), *((max(0, a), max(0, b)) for a, b in self.pads), (0, 0)))
        cuts = (slice(max(0, -a), -max(0, -b) or None) for a, b in self.pads)
        padded = padded[(slice(None), *cuts)]
        reach = tuple(self.dilations[axis] * (size - 1) + 1 for axis, size in enumerate(kernel))
        view = np.lib.stride_tricks.sliding_window_view(padded, reach, axes)
        steps = tuple(slice(None, None, each) for each in self.strides)
        places = tuple(slice(None, None, each) for each in self.dilations)
        view = view[(slice(None), *steps, slice(None), *places)]
        return np.moveaxis(view, 1 + len(kernel), -1)


def convolve(
    engine: FullEngine,
    name: str,
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    geometry: Geometry,
    stretch: tuple[int, ...] = (),
    constant: bool = True,
) -> Array:
    """Convolution on any engine.

    Parameters
    ----------
    engine : Engine
        What multiplies matrices.
    name : str
        Of the product.
    x : ndarray
        Images, shape (n, *image, channels).
    weight : ndarray
        Filters, shape (*kernel, channels / groups, outputs).
    bias : ndarray, optional
        Shape (outputs,).
    geometry : Geometry
        Where the filters step.
    stretch : tuple of int
        For each axis of the image: distance of its places, with zeros between; 1 by default.
    constant : bool
        Whether the filters are a weight, or change from image to image.

    Returns
    -------
    ndarray
        Shape (n, *steps, outputs).
    """
    *kernel, inner, outputs = weight.shape
    groups, terms = geometry.groups, math.prod(kernel) * inner
    steps: list[int] = []

    def arrange(x: Array) -> Array:
        found = geometry.patches(_stretched(x, stretch), tuple(kernel))
        steps[:] = found.shape[1 : 1 + len(kernel)]
        if groups == 1:
            return found.reshape(-1, terms)
        parted = found.reshape(-1, math.prod(kernel), groups, inner)
        return parted.transpose(2, 0, 1, 3).reshape(groups, -1, terms)

    filters = weight.reshape(terms, outputs)
    if groups > 1:
        filters = filters.reshape(terms, groups, -1).transpose(1, 0, 2)
        bias = None if bias is None else bias.reshape(groups, 1, -1)
    if constant:
        y = engine.linear(name, x, filters, bias, arrange)
    else:
        y = engine.product(
            name, arrange(x).reshape(groups, -1, terms), filters.reshape(groups, terms, -1)
        )
        y = y if bias is None else y + bias
    if y.ndim == 3:
        y = y.transpose(1, 0, 2)
    return y.reshape(len(x), *steps, outputs)


def _stretched(x: Array, distances: tuple[int, ...]) -> Array:
    """With zeros between the image's places."""
    if all(each == 1 for each in distances):
        return x
    sides = [each * (side - 1) + 1 for each, side in zip(distances, x.shape[1:-1], strict=True)]
    wide = np.zeros((len(x), *sides, x.shape[-1]), x.dtype)
    wide[(slice(None), *(slice(None, None, each) for each in distances))] = x
    return wide


def same_pads(
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    *,
    more_before: bool = False,
) -> tuple[tuple[int, int], ...]:
    """Zeros that make as many steps as the image divided by the stride, rounded up.

    An odd zero is after the image, unless ``more_before``.
    """
    pads = []
    for side, size, stride, dilation in zip(image, kernel, strides, dilations, strict=True):
        reach = dilation * (size - 1) + 1
        total = max(0, (-(-side // stride) - 1) * stride + reach - side)
        few = total // 2
        pads.append((total - few, few) if more_before else (few, total - few))
    return tuple(pads)
