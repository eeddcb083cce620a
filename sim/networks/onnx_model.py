"""A user's own ONNX model: products on an engine, all else by onnx's reference evaluator, float32.

=========  ============================================================================
operator   on the engine
=========  ============================================================================
MatMul     a product with a weight if one side is constant, else of two activations
Gemm       the same; the third term, and both factors, are float32
Conv       any number of axes, strides, dilations, pads and groups; filters are constant
=========  ============================================================================

A value is constant if it follows from the model alone: an initialiser, or what is computed of
nothing else (a transposed or dequantised weight). Models with other operators that multiply and
add, such as LSTM, are refused: their products would not be the unit's.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx.inliner import inline_local_functions
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from fp8mac.sim.networks.convolution import Geometry, convolve, same_pads
from fp8mac.sim.networks.images import NetworkError
from fp8mac.sim.networks.sequential import FullEngine

__all__ = ["OnnxModel"]

Array = NDArray[Any]

_ON_UNIT = ("MatMul", "Gemm", "Conv")
_HIDDEN = (
    "Attention ConvInteger ConvTranspose DeformConv Einsum FlexAttention GRU LSTM LinearAttention "
    "MatMulInteger QLinearConv QLinearMatMul RNN"
).split()


class OnnxModel:
    """A model.

    Parameters
    ----------
    path : Path
        Its file.

    Attributes
    ----------
    inputs : dict of str to dtype
        Names of what it is given, and their type.
    batch : int or None
        How many questions it takes at once, None if any number.

    Raises
    ------
    NetworkError
        If it cannot be read, has operators that are not there, or that hide products.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        model = _read(path)
        nodes, constants = list(_nodes(model.graph)), _constants(model.graph)
        kinds = Counter(node.op_type for node in nodes)
        for kind in _HIDDEN:
            if kind in kinds:
                raise NetworkError(
                    f"'{path}' has the operator {kind}; products run on a unit if they are "
                    f"{', '.join(_ON_UNIT[:-1])} or {_ON_UNIT[-1]}."
                )
        if not any(kind in kinds for kind in _ON_UNIT):
            raise NetworkError(f"'{path}' has no {', '.join(_ON_UNIT[:-1])} or {_ON_UNIT[-1]}.")
        given = [each for each in model.graph.input if each.name not in constants]
        self.inputs = {
            each.name: onnx.helper.tensor_dtype_to_np_dtype(each.type.tensor_type.elem_type)
            for each in given
        }
        sides = [each.type.tensor_type.shape.dim[:1] for each in given]
        self.batch = max((side[0].dim_value for side in sides if side), default=0) or None
        self._engine: list[FullEngine] = []
        operators = _operators(self._engine, constants, Counter(node.name for node in nodes))
        try:
            self._evaluator = ReferenceEvaluator(model, new_ops=operators)
        except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:
            raise NetworkError(f"'{path}' cannot be run: {_first_line(error)}") from error

    def run(self, engine: FullEngine, feeds: dict[str, Array]) -> Array:
        """First output, shape (n, ...), for inputs with n questions along the first axis.

        Raises
        ------
        NetworkError
            If an operator cannot do what it is asked.
        """
        count = len(next(iter(feeds.values())))
        size = self.batch or count
        found = []
        for start in range(0, count, size):
            rows = np.minimum(np.arange(start, start + size), count - 1)
            found.append(self._run(engine, {name: x[rows] for name, x in feeds.items()}))
        return np.concatenate(found)[:count]

    def _run(self, engine: FullEngine, feeds: dict[str, Array]) -> Array:
        self._engine[:] = [engine]
        typed = {name: x.astype(self.inputs[name], copy=False) for name, x in feeds.items()}
        try:
            first, *_ = self._evaluator.run(None, typed)
        except (NotImplementedError, RuntimeError, TypeError, ValueError, IndexError) as error:
            if isinstance(error, NetworkError):
                raise
            raise NetworkError(f"'{self._path}' cannot be run: {_first_line(error)}") from error
        return np.asarray(first)


def _read(path: Path) -> onnx.ModelProto:
    try:
        return inline_local_functions(onnx.load(path))
    except OSError as error:
        raise NetworkError(f"'{path}' cannot be read: {error.strerror}.") from error
    except (DecodeError, onnx.checker.ValidationError) as error:
        raise NetworkError(f"'{path}' is not an ONNX model, or is damaged.") from error


def _first_line(error: Exception) -> str:
    cause = error.__cause__ or error
    return str(cause).strip().partition("\n")[0].rstrip(".") + "."


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """All of them, those of branches and loops too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                yield from _nodes(inner)


def _constants(graph: onnx.GraphProto) -> set[str]:
    """Names of values that follow from the model alone."""
    known = {"", *(each.name for each in graph.initializer)}
    for node in graph.node:
        graphs = [each for attribute in node.attribute for each in [attribute.g, *attribute.graphs]]
        inner = [each for each in graphs if each.node]
        for each in inner:
            known |= _constants(each)
        if not inner and not node.op_type.startswith("Random") and known.issuperset(node.input):
            known |= set(node.output)
    return known


def _operators(
    engine: list[FullEngine], constants: set[str], names: Counter[str]
) -> list[type[OpRun]]:
    """Operators whose products are those of the engine in the list."""

    class _Product(OpRun):
        op_domain = ""

        @property
        def label(self) -> str:
            name = self.onnx_node.name
            return name if name and names[name] == 1 else self.onnx_node.output[0]

        def constant(self, place: int) -> bool:
            return self.onnx_node.input[place] in constants

        def product(self, a: Array, b: Array) -> Array:
            return _matmul(engine[0], self.label, (a, b), (self.constant(0), self.constant(1)))

    class MatMul(_Product):
        def _run(self, a: Array, b: Array) -> tuple[Array]:
            return (self.product(a, b).astype(a.dtype),)

    class Gemm(_Product):
        def _run(self, a: Array, b: Array, c: Array | None = None, **how: Any) -> tuple[Array]:
            a, b = a.T if how.get("transA") else a, b.T if how.get("transB") else b
            y = self.product(a, b) * np.float32(how.get("alpha", 1))
            y = y if c is None else y + c * np.float32(how.get("beta", 1))
            return (y.astype(a.dtype),)

    class Conv(_Product):
        def _run(self, x: Array, w: Array, b: Array | None = None, **how: Any) -> tuple[Array]:
            if not self.constant(1):
                raise NetworkError(f"The filters of the convolution {self.label} are not constant.")
            y = _conv(engine[0], self.label, x, w, b, how=how)
            return (y.astype(x.dtype),)

    return [MatMul, Gemm, Conv, GlobalMaxPool]


class GlobalMaxPool(OpRun):
    """Onnx's own takes the wrong axes of images with one or three (1.23.2)."""

    op_domain = ""

    def _run(self, x: Array) -> tuple[Array]:
        return (x.max(tuple(range(2, x.ndim)), keepdims=True),)


def _matmul(
    engine: FullEngine, name: str, sides: tuple[Array, Array], constant: tuple[bool, bool]
) -> Array:
    """As numpy's, on an engine."""
    a, b = sides
    left = np.atleast_2d(a).astype(np.float32)
    right = (b[:, None] if b.ndim == 1 else b).astype(np.float32)
    if constant[1] and right.ndim == 2:
        y = engine.linear(name, left.reshape(-1, len(right)), right, None)
        y = y.reshape(*left.shape[:-1], -1)
    elif constant[0] and left.ndim == 2:
        columns = right.swapaxes(-1, -2)
        y = engine.linear(name, columns.reshape(-1, left.shape[1]), left.T, None)
        y = y.reshape(*columns.shape[:-1], -1).swapaxes(-1, -2)
    else:
        outer = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        left, right = (
            np.broadcast_to(each, outer + each.shape[-2:]).reshape(-1, *each.shape[-2:])
            for each in (left, right)
        )
        y = engine.product(name, left, right)
        y = y.reshape(*outer, *y.shape[-2:])
    y = y[..., 0] if b.ndim == 1 else y
    return y if a.ndim > 1 else y[..., 0] if b.ndim == 1 else y[..., 0, :]


def _conv(
    engine: FullEngine,
    name: str,
    x: Array,
    w: Array,
    b: Array | None,
    *,
    how: dict[str, Any],
) -> Array:
    """Channels first, as ONNX has them."""
    axes, kernel = x.ndim - 2, w.shape[2:]
    strides = tuple(how.get("strides") or [1] * axes)
    dilations = tuple(how.get("dilations") or [1] * axes)
    flat = how.get("pads") or [0] * (2 * axes)
    pads = tuple(zip(flat[:axes], flat[axes:], strict=True))
    kind = how.get("auto_pad") or "NOTSET"
    if kind.startswith("SAME"):
        before = kind == "SAME_LOWER"
        pads = same_pads(x.shape[2:], kernel, strides, dilations, more_before=before)
    geometry = Geometry(strides, dilations, pads, how.get("group") or 1)
    image = np.moveaxis(x, 1, -1).astype(np.float32)
    filters = np.ascontiguousarray(w.transpose(*range(2, w.ndim), 1, 0), np.float32)
    return np.moveaxis(convolve(engine, name, image, filters, b, geometry=geometry), -1, 1)
