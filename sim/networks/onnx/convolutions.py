"""Convolutions of ONNX, channels first, as products on an engine.

A transposed convolution is one of the image with zeros between its places, with the filters turned
round, so that all that meets in an output is one sum of the unit::

    x      a b c              stride 2:   0 a 0 b 0 c 0   *   w2 w1 w0
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.models.convolution import Geometry, convolve, same_pads
from fp8mac.sim.networks.onnx.integers import dequantized, requantized
from fp8mac.sim.networks.onnx.products import Call

__all__ = ["CONVOLUTIONS"]

Array = NDArray[Any]
_Pads = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Steps:
    """Attributes of a convolution of an image and a kernel."""

    image: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: _Pads
    groups: int
    kind: str

    @classmethod
    def of(cls, call: Call, x: Array, w: Array) -> "_Steps":
        axes, how = x.ndim - 2, call.how
        flat = how.get("pads") or [0] * (2 * axes)
        return cls(
            x.shape[2:],
            w.shape[2:],
            tuple(how.get("strides") or [1] * axes),
            tuple(how.get("dilations") or [1] * axes),
            tuple(zip(flat[:axes], flat[axes:], strict=True)),
            how.get("group") or 1,
            how.get("auto_pad") or "NOTSET",
        )

    @property
    def reach(self) -> tuple[int, ...]:
        """Places from a kernel's first to its last."""
        return tuple(
            step * (size - 1) + 1 for step, size in zip(self.dilations, self.kernel, strict=True)
        )

    def forward(self) -> Geometry:
        """Of a convolution."""
        pads = self.pads
        if self.kind.startswith("SAME"):
            before = self.kind == "SAME_LOWER"
            pads = same_pads(
                self.image, self.kernel, self.strides, self.dilations, more_before=before
            )
        elif self.kind == "VALID":
            pads = tuple((0, 0) for _ in self.image)
        return Geometry(self.strides, self.dilations, pads, self.groups)

    def backward(self, how: dict[str, Any]) -> Geometry:
        """Of a transposed one, on an image with zeros in it."""
        more = how.get("output_padding") or [0] * len(self.image)
        full = [
            stride * (side - 1) + extra + reach
            for stride, side, extra, reach in zip(
                self.strides, self.image, more, self.reach, strict=True
            )
        ]
        wanted = how.get("output_shape")
        if not wanted and self.kind.startswith("SAME"):
            scaled = (n * stride for n, stride in zip(self.image, self.strides, strict=True))
            wanted = [min(side, size) for side, size in zip(scaled, full, strict=True)]
        cut: list[tuple[int, int]] = list(self.pads)
        if self.kind == "VALID":
            cut = [(0, 0) for _ in cut]
        if wanted:
            for axis, (size, side) in enumerate(zip(full, wanted[-len(full) :], strict=True)):
                total = max(0, size - side)
                first = total // 2 if self.kind == "SAME_UPPER" else total - total // 2
                cut[axis] = (first, size - side - first)
        pads = tuple(
            (reach - 1 - before, reach - 1 - after + extra)
            for reach, extra, (before, after) in zip(self.reach, more, cut, strict=True)
        )
        return Geometry((1,) * len(self.image), self.dilations, pads, self.groups)


def _convolved(
    call: Call, x: Array, w: Array, bias: Array | None, *, constant: bool, transposed: bool = False
) -> Array:
    """``x`` (n, channels, ...) with ``w``, whose first axes are as in ONNX."""
    steps = _Steps.of(call, x, w)
    image = np.moveaxis(x, 1, -1).astype(np.float32, copy=False)
    if not transposed:
        geometry, filters = steps.forward(), w.transpose(*range(2, w.ndim), 1, 0)
        stretch = (1,) * len(steps.image)
    else:
        geometry, stretch = steps.backward(call.how), steps.strides
        inputs, outputs = w.shape[:2]
        parted = w.reshape(steps.groups, inputs // steps.groups, outputs, *steps.kernel)
        turned = parted[(..., *(slice(None, None, -1) for _ in steps.kernel))]
        order = (*range(3, turned.ndim), 1, 0, 2)
        filters = turned.transpose(order).reshape(*steps.kernel, inputs // steps.groups, -1)
    y = convolve(
        *(call.engine, call.name, image, np.ascontiguousarray(filters, np.float32)),
        None if bias is None else bias.astype(np.float32, copy=False),
        geometry=geometry,
        stretch=stretch,
        constant=constant,
    )
    return np.moveaxis(y, -1, 1)


def _conv(call: Call) -> tuple[Array, ...]:
    x = call.given(0)
    y = _convolved(call, x, call.given(1), call.get(2), constant=call.fixed(1))
    return (y.astype(x.dtype),)


def _conv_transpose(call: Call) -> tuple[Array, ...]:
    x, w = call.given(0), call.given(1)
    y = _convolved(call, x, w, call.get(2), constant=call.fixed(1), transposed=True)
    return (y.astype(x.dtype),)


def _of_filters(x: Array | None, axes: int) -> Array | None:
    """Numbers of each output channel, beside filters."""
    return x.reshape(-1, *(1,) * (axes - 1)) if x is not None and x.size > 1 else x


def _conv_integer(call: Call) -> tuple[Array, ...]:
    x, w = call.given(0), call.given(1)
    filters = dequantized(w, 1, _of_filters(call.get(3), w.ndim))
    image = dequantized(x, 1, call.get(2))
    y = _convolved(call, image, filters, None, constant=call.fixed(1, 3))
    return (np.rint(y).astype(np.int32),)


def _q_linear_conv(call: Call) -> tuple[Array, ...]:
    w, scale, bias = call.given(3), call.given(4), call.get(8)
    filters = dequantized(
        w, np.asarray(_of_filters(scale, w.ndim)), _of_filters(call.get(5), w.ndim)
    )
    image = dequantized(call.given(0), call.given(1), call.get(2))
    if bias is not None:
        bias = bias.astype(np.float32) * (call.given(1) * scale).astype(np.float32)
    y = _convolved(call, image, filters, bias, constant=call.fixed(3, 4, 5))
    return (requantized(y, call.given(6), call.get(7)),)


CONVOLUTIONS: dict[tuple[str, str], Callable[[Call], tuple[Array, ...]]] = {
    ("", "Conv"): _conv,
    ("", "ConvTranspose"): _conv_transpose,
    ("", "ConvInteger"): _conv_integer,
    ("", "QLinearConv"): _q_linear_conv,
}
"""By domain and name."""
