"""Networks that are a row of layers: what a layer is, and a forward pass on any engine.

A convolution is a product of matrices: row (image, y, x), column an output channel, and k counts
(kernel row, kernel column, input channel), which is the order in which the unit adds::

                 k = 9 c                     outputs
    patch of  [ - - - - - - ]   x   k [ - - - ]   ->   one pixel of the next layer
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Arrange",
    "Engine",
    "FullEngine",
    "Layer",
    "Parameters",
    "forward",
    "max_pool",
    "patches",
]

Array = NDArray[Any]
Arrange = Callable[[Array], Array]
Parameters = dict[str, NDArray[np.float32]]
"""Weights as ``<layer>.weight``, shape (k, outputs), and ``<layer>.bias``, shape (outputs,)."""


class Engine(Protocol):
    """What multiplies matrices, see `fp8mac.sim.networks.engines.engine`."""

    def linear(
        self, name: str, x: Array, weight: Array, bias: Array | None, arrange: Arrange = ...
    ) -> Array:
        """``arrange(x) @ weight + bias``, where ``arrange`` copies entries, and adds zeros."""
        ...


class FullEngine(Engine, Protocol):
    """An engine that can also multiply activations, and add residual connections."""

    def product(self, name: str, a: Array, b: Array) -> Array:
        """``a @ b`` of shapes (g, n, k) and (g, k, m)."""
        ...

    def add(self, name: str, x: Array, y: Array) -> Array:
        """``x + y``."""
        ...


@dataclass(frozen=True)
class Layer:
    """A product of matrices, and what follows it.

    Parameters
    ----------
    name : str
        Prefix of its parameters.
    inputs, outputs : int
        Channels.
    kernel : int
        Side of the filter, odd, with zeros around the image; 0 for a dense layer.
    stride : int
        Step of the filter.
    relu : bool
        Whether negative outputs become zero.
    pool : str
        ``""``, ``"max"`` (2 x 2) or ``"mean"`` (of the whole image, after the rectifier).
    """

    name: str
    inputs: int
    outputs: int
    kernel: int = 0
    stride: int = 1
    relu: bool = True
    pool: str = ""

    @property
    def terms(self) -> int:
        """Length of its sums."""
        return self.inputs * max(self.kernel, 1) ** 2

    def arrange(self, x: Array) -> Array:
        """Rows of the product: patches of a convolution, else a row an image."""
        if not self.kernel:
            return x.reshape(len(x), -1)
        return patches(x, self.kernel, self.stride).reshape(-1, self.terms)

    def image(self, rows: Array, x: Array) -> Array:
        """Rows of the result as images again, where ``x`` was the layer's input."""
        if not self.kernel:
            return rows
        height, width = (-(-side // self.stride) for side in x.shape[1:3])
        return rows.reshape(len(x), height, width, -1)


def forward(engine: Engine, layers: Sequence[Layer], parameters: Parameters, x: Array) -> Array:
    """Outputs of the last layer.

    Parameters
    ----------
    engine : Engine
        What multiplies matrices.
    layers, parameters
        The network.
    x : ndarray of float32
        Images, shape (n, height, width, channels), or rows, shape (n, inputs).

    Returns
    -------
    ndarray
        Shape (n, outputs).
    """
    for layer in layers:
        weight, bias = parameters[f"{layer.name}.weight"], parameters[f"{layer.name}.bias"]
        y = layer.image(engine.linear(layer.name, x, weight, bias, layer.arrange), x)
        if layer.relu:
            y = np.maximum(y, 0)
        if layer.pool == "max":
            y = max_pool(y)
        elif layer.pool == "mean":
            y = y.mean((1, 2))
        x = y
    return x


def patches(x: Array, kernel: int, stride: int) -> Array:
    """What each step of a filter sees: shape (n, height, width, kernel, kernel, channels).

    Height and width are the image's, divided by the stride and rounded up.
    """
    edge = kernel // 2
    padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (1, 2))
    return view[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)


def max_pool(x: Array) -> Array:
    """Largest of each 2 x 2."""
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max((2, 4))
