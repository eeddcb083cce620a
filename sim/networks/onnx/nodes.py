"""Nodes of ONNX graphs: which are products, and what they need."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import helper

from fp8mac.sim.networks.onnx.convolutions import CONVOLUTIONS
from fp8mac.sim.networks.onnx.integers import INTEGER_PRODUCTS
from fp8mac.sim.networks.onnx.products import MATRIX_PRODUCTS, Call
from fp8mac.sim.networks.onnx.recurrent import RECURRENT

__all__ = [
    "PRODUCTS",
    "ModelContext",
    "attribute",
    "bodies_of",
    "kind",
    "needs_of",
    "nodes_of",
]

Array = NDArray[Any]

PRODUCTS: dict[tuple[str, str], Callable[[Call], tuple[Array, ...]]] = {
    **MATRIX_PRODUCTS,
    **INTEGER_PRODUCTS,
    **CONVOLUTIONS,
    **RECURRENT,
}
"""What is on the engine, by domain and name."""

_WHOLE = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE}


@dataclass
class ModelContext:
    """What the graphs of a model have in common.

    Parameters
    ----------
    model : ModelProto
        Its versions count.
    types : dict of str to int
        Element types of values, as far as they are known.
    names : dict of str to int
        How many nodes have each name.
    products : list of str
        Is given the names of all products.
    """

    model: onnx.ModelProto
    types: dict[str, int]
    names: dict[str, int]
    products: list[str] = field(default_factory=list)

    def label(self, node: onnx.NodeProto) -> str:
        """The node's name if no other has it, else that of its output."""
        name = node.name if node.name and self.names[node.name] == 1 else node.output[0]
        label, number = name, 2
        while label in self.products:
            label, number = f"{name}_{number}", number + 1
        self.products.append(label)
        return label

    def is_product(self, node: onnx.NodeProto) -> bool:
        """Whether a node is on the engine."""
        if kind(node) not in PRODUCTS:
            return False
        if node.op_type == "Einsum":
            return len(node.input) > 1 and _adds(helper.get_node_attr_value(node, "equation"))
        if node.op_type in ("MatMul", "Gemm"):
            return self.types.get(node.input[0], onnx.TensorProto.FLOAT) in _WHOLE
        return True

    def holds_products(self, node: onnx.NodeProto) -> bool:
        """Whether a node's graphs have some."""
        return any(self.is_product(each) for body in bodies_of(node) for each in nodes_of(body))


def attribute(found: onnx.AttributeProto) -> Any:
    """Its value, text decoded."""
    value = helper.get_attribute_value(found)
    if isinstance(value, list):
        return [each.decode() if isinstance(each, bytes) else each for each in value]
    return value.decode() if isinstance(value, bytes) else value


def kind(node: onnx.NodeProto) -> tuple[str, str]:
    """Domain and name of its operator."""
    return ("" if node.domain == "ai.onnx" else node.domain, node.op_type)


def nodes_of(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """All nodes, those of branches and loops too."""
    for node in graph.node:
        yield node
        for body in bodies_of(node):
            yield from nodes_of(body)


def _adds(equation: bytes) -> bool:
    """Whether an Einsum adds products up."""
    terms, arrow, output = equation.decode().replace(" ", "").partition("->")
    letters = set(terms) - set(",.")
    joined = terms.replace(",", "")
    kept = output if arrow else [each for each in letters if joined.count(each) == 1]
    return not letters <= set(kept)


def bodies_of(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    """Graphs that it holds."""
    found = [each for attribute in node.attribute for each in [attribute.g, *attribute.graphs]]
    return [each for each in found if each.node or each.output]


def needs_of(node: onnx.NodeProto) -> set[str]:
    """Names of what a node is computed of, by its graphs too."""
    return {each for each in node.input if each}.union(*(_free(body) for body in bodies_of(node)))


def _free(graph: onnx.GraphProto) -> set[str]:
    """Names that a graph takes from around it."""
    own = {each.name for each in [*graph.input, *graph.initializer]}
    own |= {each.values.name for each in graph.sparse_initializer}
    own |= {name for node in graph.node for name in node.output}
    used = {each.name for each in graph.output}.union(*(needs_of(node) for node in graph.node))
    return used - own
