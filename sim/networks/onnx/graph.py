"""A graph of ONNX, cut at its products: what is between them is onnxruntime's.

::

    constants   once, when the model is loaded
    segment 0   all that needs no product              one session of onnxruntime
    products    all that need segment 0 alone          an engine, one by one
    segment 1   all that needs these products          one session
    ...

A loop, a scan or a branch that holds products is run here, its bodies cut in the same way; one that
holds none is part of a segment.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from fp8mac.sim.networks.models.sequential import FullEngine
from fp8mac.sim.networks.onnx.control import Control, Step, Values
from fp8mac.sim.networks.onnx.nodes import (
    PRODUCTS,
    ModelContext,
    attribute,
    kind,
    needs_of,
)
from fp8mac.sim.networks.onnx.products import Call
from fp8mac.sim.networks.onnx.session import session

__all__ = ["Graph"]

Array = NDArray[Any]

_RANDOM = ("RandomNormal", "RandomUniform", "Multinomial", "Bernoulli")
_EMBEDDED = 1 << 16  # bytes; a larger constant is given to each session instead of copied into it


@dataclass
class _Constants:
    """What follows from the model alone, as tensors of the file or arrays."""

    found: dict[str, onnx.TensorProto | Any]

    def __contains__(self, name: str) -> bool:
        return name in self.found

    def array(self, name: str) -> Any:
        value = self.found[name]
        if isinstance(value, onnx.TensorProto):
            value = self.found[name] = numpy_helper.to_array(value)
        return value

    def tensor(self, name: str) -> onnx.TensorProto | None:
        """To be copied into a model, None if it is large."""
        value = self.found[name]
        if isinstance(value, onnx.TensorProto):
            return value if value.ByteSize() <= _EMBEDDED else None
        if not isinstance(value, np.ndarray) or value.nbytes > _EMBEDDED:
            return None
        return numpy_helper.from_array(value, name)

    def joined(self, more: dict[str, Any]) -> "_Constants":
        return _Constants(self.found | more)


class _Segment(Step):
    """Nodes for onnxruntime."""

    def __init__(
        self,
        nodes: list[onnx.NodeProto],
        wanted: set[str],
        constants: _Constants,
        setting: ModelContext,
    ) -> None:
        self._nodes, self._setting, self._constants = nodes, setting, constants
        made = {name for node in nodes for name in node.output}
        outer = set[str]().union(*(needs_of(node) for node in nodes)) - made
        self.needs = {name for name in outer if name not in constants}
        self.gives = sorted(made & wanted)
        self._fixed = sorted(outer - self.needs)
        self._session: Any = None
        self._large: dict[str, Any] = {}

    def run(self, values: Values, engine: FullEngine | None = None) -> None:
        feeds = {name: values[name] for name in self.needs}
        if self._session is None:
            self._session = self._build(feeds)
        found = self._session.run(self.gives, feeds | self._large)
        values.update(zip(self.gives, found, strict=True))

    def _build(self, feeds: dict[str, Any]) -> Any:
        tensors = {name: self._constants.tensor(name) for name in self._fixed}
        self._large = {n: self._constants.array(n) for n, t in tensors.items() if t is None}
        small = []
        for name, tensor in tensors.items():
            if tensor is not None:
                copy = onnx.TensorProto()
                copy.CopyFrom(tensor)
                copy.name = name
                small.append(copy)
        inputs = [
            helper.make_value_info(name, _type(value))
            for name, value in (feeds | self._large).items()
        ]
        outputs = [onnx.ValueInfoProto(name=name) for name in self.gives]
        graph = helper.make_graph(self._nodes, "segment", inputs, outputs, small)
        model = self._setting.model
        whole = helper.make_model(
            graph, opset_imports=model.opset_import, ir_version=max(4, model.ir_version)
        )
        self._nodes = []
        return session(whole.SerializeToString())


def _type(value: Any) -> onnx.TypeProto:
    """Of a value that onnxruntime gave or takes."""
    if isinstance(value, list):
        inner = _type(value[0]) if value else _type(np.zeros(1, np.float32))
        return helper.make_sequence_type_proto(inner)
    dtype = np.asarray(value).dtype
    number = (
        onnx.TensorProto.STRING if dtype.kind in "OUS" else helper.np_dtype_to_tensor_dtype(dtype)
    )
    return helper.make_tensor_type_proto(number, None)


class _Product(Step):
    """A node on the engine."""

    def __init__(self, node: onnx.NodeProto, constants: _Constants, setting: ModelContext) -> None:
        self._constants, self._inputs = constants, list(node.input)
        self._compute, self._name = PRODUCTS[kind(node)], setting.label(node)
        self._how = {each.name: attribute(each) for each in node.attribute}
        self._outputs = list(node.output)
        self.needs = {name for name in node.input if name and name not in constants}
        self.gives = [name for name in node.output if name]

    def run(self, values: Values, engine: FullEngine) -> None:
        fixed = [name in self._constants for name in self._inputs]
        inputs = [
            self._constants.array(name) if known else values[name] if name else None
            for name, known in zip(self._inputs, fixed, strict=True)
        ]
        call = Call(engine, self._name, inputs, fixed, self._how)
        found = self._compute(call)
        values.update((name, y) for name, y in zip(self._outputs, found, strict=False) if name)


class Graph:
    """A graph.

    Parameters
    ----------
    proto : GraphProto
        What it is made of.
    setting : ModelContext
        Of its model.
    constants : dict
        Of graphs around it, as tensors or arrays.
    """

    def __init__(
        self,
        proto: onnx.GraphProto,
        setting: ModelContext,
        constants: dict[str, onnx.TensorProto | Any] | None = None,
    ) -> None:
        given = {each.name: each for each in proto.initializer}
        self.inputs = [each.name for each in proto.input if each.name not in given]
        self.outputs = [each.name for each in proto.output]
        self._constants = _Constants((constants or {}) | given)
        nodes = [*_sparse(proto), *proto.node]
        self._steps = list(self._cut(_live(nodes, self.outputs), setting))
        self._last = self._uses()

    def run(self, values: Values, engine: FullEngine) -> list[Any]:
        """Outputs; ``values`` has the inputs, and what is taken from around the graph."""
        for number, step in enumerate(self._steps):
            step.run(values, engine)
            for name in self._last.get(number, ()):
                values.pop(name, None)
        return [
            self._constants.array(name) if name in self._constants else values[name]
            for name in self.outputs
        ]

    def _cut(self, nodes: list[onnx.NodeProto], setting: ModelContext) -> Iterator[Step]:
        """Steps in their order."""
        fixed, moving = self._parted(nodes, setting)
        wanted = {name for node in moving for name in needs_of(node)} | set(self.outputs)
        if fixed:
            segment, found = _Segment(fixed, wanted, self._constants, setting), {}
            segment.run(found)
            self._constants = self._constants.joined(found)
        levels: dict[str, int] = {}
        layers: dict[int, tuple[list[onnx.NodeProto], list[onnx.NodeProto]]] = {}
        for node in moving:
            level = max((levels.get(name, 0) for name in needs_of(node)), default=0)
            on_engine = setting.is_product(node) or setting.holds_products(node)
            layers.setdefault(level, ([], []))[on_engine].append(node)
            levels.update(dict.fromkeys(node.output, level + on_engine))
        for level in sorted(layers):
            plain, products = layers[level]
            if plain:
                inside = {id(node) for node in plain}
                outside = (needs_of(node) for node in moving if id(node) not in inside)
                yield _Segment(plain, set(self.outputs).union(*outside), self._constants, setting)
            for node in products:
                if setting.is_product(node):
                    yield _Product(node, self._constants, setting)
                else:
                    bodies = {
                        each.name: Graph(each.g, setting, self._constants.found)
                        for each in node.attribute
                        if each.type == onnx.AttributeProto.GRAPH
                    }
                    yield Control(node, bodies, self._constants)

    def _parted(
        self, nodes: list[onnx.NodeProto], setting: ModelContext
    ) -> tuple[list[onnx.NodeProto], list[onnx.NodeProto]]:
        """Nodes that follow from the model alone, and the others."""
        fixed: list[onnx.NodeProto] = []
        moving: list[onnx.NodeProto] = []
        known = set(self._constants.found)
        for node in nodes:
            on_engine = setting.is_product(node) or setting.holds_products(node)
            if (
                on_engine
                or node.op_type.startswith(_RANDOM)
                or not known.issuperset(needs_of(node))
            ):
                moving.append(node)
            else:
                fixed.append(node)
                known.update(node.output)
        return fixed, moving

    def _uses(self) -> dict[int, list[str]]:
        """Names that are not needed after each step."""
        last: dict[str, int] = {}
        made: set[str] = set()
        for number, step in enumerate(self._steps):
            last.update(dict.fromkeys(step.needs, number))
            last.update((name, number) for name in step.gives if name not in last)
            made.update(step.gives)
        found: dict[int, list[str]] = {}
        for name, number in last.items():
            if name in made and name not in self.outputs:
                found.setdefault(number, []).append(name)
        return found


def _sparse(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Sparse tensors of the file as nodes."""
    return [
        helper.make_node("Constant", [], [each.values.name], sparse_value=each)
        for each in graph.sparse_initializer
    ]


def _live(nodes: list[onnx.NodeProto], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    """Those that outputs depend on."""
    wanted, found = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted |= needs_of(node)
            found.append(node)
    return found[::-1]
