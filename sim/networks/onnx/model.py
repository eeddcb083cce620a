"""A user's own ONNX model: products on an engine, all else by onnxruntime, float32.

==========================  ======================================================================
operator                    on the engine
==========================  ======================================================================
MatMul, Gemm, Einsum        a product with a weight if one side is constant, else of activations
Conv, ConvTranspose         any number of axes, strides, dilations, pads and groups
LSTM, GRU, RNN              the products of each step; gates are float32
Attention                   its products, see ONNX's definition of it by other operators
MatMulInteger, ConvInteger  the float product that they stand for, rounded to integers
QLinearMatMul, QLinearConv  the same
==========================  ======================================================================

A value is constant if it follows from the model alone: an initialiser, or what is computed of
nothing else (a transposed or dequantised weight). Models with other operators that multiply
matrices are refused by name: their products would not be the unit's.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import external_data_helper as external
from onnx.inliner import inline_local_functions, inline_selected_functions

from fp8mac.sim.networks.engines.reference import Plain
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.models.sequential import FullEngine
from fp8mac.sim.networks.onnx.graph import Graph
from fp8mac.sim.networks.onnx.nodes import PRODUCTS, ModelContext, bodies_of, kind, nodes_of
from fp8mac.sim.networks.onnx.session import FAILURES, VERSION, session

__all__ = ["Input", "OnnxModel", "load_onnx", "weight_files"]

Array = NDArray[Any]

_DEFINED = {
    ("", name) for name in ("AffineGrid", "Attention", "CausalConvWithState", "LinearAttention")
}
"""Operators that ONNX defines by others, among them products of matrices."""
_HIDDEN = {
    ("", "DeformConv"),
    ("", "FlexAttention"),
    ("ai.onnx.preview", "FlexAttention"),
    *(("ai.onnx.ml", name) for name in ("LinearClassifier", "LinearRegressor")),
    *(("ai.onnx.ml", name) for name in ("SVMClassifier", "SVMRegressor")),
}
"""Operators that multiply matrices where they cannot be seen."""
_HIDDEN_PARTS = ("Attention", "Conv", "Gemm", "GRU", "LSTM", "MatMul", "MoE", "SSM")
"""In names of operators that are not ONNX's own."""


@dataclass(frozen=True)
class Input:
    """What a model is given.

    Parameters
    ----------
    dtype : dtype
        Of numbers; object for text.
    shape : tuple of int, str or None, optional
        Sizes that are fixed, names of those that are not, None where they have no name; None if
        not even their number is known.
    """

    dtype: np.dtype[Any]
    shape: tuple[int | str | None, ...] | None


class OnnxModel:
    """A model; see `load_onnx`.

    Attributes
    ----------
    inputs : dict of str to Input
        What it is given.
    outputs : list of str
        Names of what it gives.
    products : list of str
        Names of what is on the engine.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        model = _read(path)
        self._check(model)
        try:
            self._whole = session(str(path))
            setting = ModelContext(
                model, _types(model), Counter(node.name for node in nodes_of(model.graph))
            )
            self._graph = Graph(model.graph, setting)
        except FAILURES as error:
            raise self._failure(error) from error
        self.products = setting.products
        self.outputs = self._graph.outputs
        given = {each.name: each.type for each in model.graph.input}
        self.inputs = {name: self._input(name, given[name]) for name in self._graph.inputs}
        if not self.products:
            raise NetworkError(
                f"'{path}' has no product of matrices; on a unit, there are {_KNOWN}."
            )

    def reference(self, feeds: dict[str, Array]) -> list[Any]:
        """Outputs of the whole model in onnxruntime.

        Raises
        ------
        NetworkError
            If it cannot be run with these inputs.
        """
        try:
            return list(self._whole.run(None, feeds))
        except FAILURES as error:
            raise self._failure(error) from error

    def run(self, feeds: dict[str, Array], product: FullEngine | None = None) -> list[Any]:
        """Outputs, with products on an engine; on float32 numbers by default.

        Raises
        ------
        NetworkError
            If it cannot be run with these inputs.
        """
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                return self._graph.run(dict(feeds), product or Plain())
        except FAILURES as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> NetworkError:
        if isinstance(error, NetworkError):
            return error
        return NetworkError(f"'{self._path}' cannot be run: {_first_line(error)}")

    def _check(self, model: onnx.ModelProto) -> None:
        """Complain of what cannot be."""
        for node in nodes_of(model.graph):
            domain, name = kind(node)
            foreign = domain not in ("", "ai.onnx.ml") and kind(node) not in PRODUCTS
            if kind(node) in _HIDDEN or (foreign and any(each in name for each in _HIDDEN_PARTS)):
                where = f" of {domain}" if domain else ""
                raise NetworkError(
                    f"'{self._path}' has the operator {name}{where}; on a unit, there are {_KNOWN}."
                )

    def _input(self, name: str, type_: onnx.TypeProto) -> Input:
        tensor = type_.tensor_type
        if not type_.HasField("tensor_type"):
            raise NetworkError(f"The input {name} of '{self._path}' is not a tensor.")
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        if not tensor.HasField("shape"):
            return Input(dtype, None)
        sizes = [
            each.dim_value if each.dim_value > 0 else each.dim_param or None
            for each in tensor.shape.dim
        ]
        return Input(dtype, tuple(sizes))


def load_onnx(path: Path | str) -> OnnxModel:
    """Read a model.

    Raises
    ------
    NetworkError
        If it cannot be read, onnxruntime does not run it, or it has operators that hide products.
    """
    return OnnxModel(Path(path))


def weight_files(path: Path) -> list[Path]:
    """Other files that hold its weights, in alphabetical order."""
    model = onnx.load_model(path, load_external_data=False)
    outside = filter(external.uses_external_data, _tensors(model.graph))
    return sorted({path.parent / external.ExternalDataInfo(each).location for each in outside})


_names = [name for domain, name in PRODUCTS if not domain] + ["Attention"]
_KNOWN = f"{', '.join(_names[:-1])} or {_names[-1]}"


def _read(path: Path) -> onnx.ModelProto:
    """Model with its weights and without functions."""
    try:
        model = onnx.load_model_from_string(path.read_bytes())
        if not model.HasField("graph") or not model.opset_import:
            raise DecodeError
        _load_weights(model, path)
        model = inline_local_functions(model)
        model = _by_definition(model)
    except OSError as error:
        raise NetworkError(f"'{path}' cannot be read: {error.strerror}.") from error
    except DecodeError as error:
        raise NetworkError(f"'{path}' is not an ONNX model, or is damaged.") from error
    return model


def _by_definition(model: onnx.ModelProto) -> onnx.ModelProto:
    """With operators that ONNX defines by products of matrices as those products."""
    used = {kind(node) for node in nodes_of(model.graph)} & _DEFINED
    if not used:
        return model
    typed = onnx.shape_inference.infer_shapes(model)
    for each in typed.graph.initializer:
        value = onnx.helper.make_tensor_value_info(each.name, each.data_type, each.dims)
        typed.graph.value_info.append(value)
    left_out = onnx.helper.make_tensor_value_info("", onnx.TensorProto.FLOAT, None)
    typed.graph.value_info.append(left_out)
    return inline_selected_functions(typed, sorted(used), inline_schema_functions=True)


def _load_weights(model: onnx.ModelProto, path: Path) -> None:
    """Those that are in other files."""
    for tensor in _tensors(model.graph):
        if not external.uses_external_data(tensor):
            continue
        where = external.ExternalDataInfo(tensor)
        file = path.parent / where.location
        if not file.is_file():
            raise NetworkError(
                f"'{path}' keeps its weight {tensor.name} in the file '{file}', which is not there."
            )
        if file.stat().st_size < (where.offset or 0) + (where.length or 0):
            raise NetworkError(f"'{file}' ends before the weight {tensor.name} of '{path}'.")
        try:
            external.load_external_data_for_tensor(tensor, str(path.parent))
        except (onnx.checker.ValidationError, ValueError) as error:
            raise NetworkError(f"'{path}' cannot be read: {_first_line(error)}") from error
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """All that the file holds."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from [attribute.t, *attribute.tensors]
        for body in bodies_of(node):
            yield from _tensors(body)


def _types(model: onnx.ModelProto) -> dict[str, int]:
    """Element types of values, as far as they can be told."""
    try:
        graph = onnx.shape_inference.infer_shapes(model).graph
    except (RuntimeError, ValueError):
        graph = model.graph
    return dict(_found_types(graph))


def _found_types(graph: onnx.GraphProto) -> Iterator[tuple[str, int]]:
    for each in [*graph.input, *graph.value_info, *graph.output]:
        yield each.name, each.type.tensor_type.elem_type or onnx.TensorProto.FLOAT
    for tensor in graph.initializer:
        yield tensor.name, tensor.data_type
    for node in graph.node:
        for body in bodies_of(node):
            yield from _found_types(body)


def _first_line(error: Exception) -> str:
    """What it says, without where in onnxruntime it was said."""
    text = str(error).rpartition("Status Message:")[2]
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text.strip())
    text = re.sub(r"^Load model from .* failed:", "", text)
    text = re.sub(r"^\S+\.(cc|h):\d+ (.*\) (?=\S)|\w+ )", "", text)
    opset = re.search(r"Opset (\d+) is under development.* domain (\S+) is till opset (\d+)", text)
    if opset:
        domain = "" if opset[2] == "ai.onnx" else f" of {opset[2]}"
        return f"it has opset {opset[1]}{domain}, onnxruntime {VERSION} knows {opset[3]} at most."
    return " ".join(text.split("\n")).strip().rstrip(". ") + "."
