"""Small ONNX models made in memory, run whole by onnxruntime: what others are compared with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import defs, helper, numpy_helper

__all__ = [
    "QUESTIONS",
    "Array",
    "Graph",
    "Recipe",
    "Variant",
    "edges",
    "flaw",
    "onnxruntime_says",
    "variants",
]

Array = NDArray[Any]

QUESTIONS = 3
FIRST, LAST = 7, 21  # opsets

onnxruntime.set_default_logger_severity(4)


class Graph:
    """A model in the making; its first product is exact, so that no rounding reaches what follows.

    Attributes
    ----------
    opset : int
        Of the standard operators.
    feeds : dict of str to ndarray
        What the model is asked, questions along the first axis.
    """

    def __init__(self, opset: int, seed: int = 1) -> None:
        self.opset = opset
        self.feeds: dict[str, Array] = {}
        self._rng = np.random.default_rng(seed)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def some(self, *shape: int) -> Array:
        """Quarters from -2 to 2."""
        return (self._rng.integers(-8, 9, shape) / 4).astype(np.float32)

    def integers(self, low: int, high: int, *shape: int, dtype: Any = np.uint8) -> Array:
        """From ``low`` to ``high``, both included."""
        return self._rng.integers(low, high + 1, shape).astype(dtype)

    def given(self, *shape: int, value: Array | None = None) -> str:
        """An input; ``shape`` is that of one question."""
        name = f"x{len(self.feeds)}"
        self.feeds[name] = self.some(QUESTIONS, *shape) if value is None else value
        return name

    def constant(self, value: Any, dtype: Any = None) -> str:
        """An initialiser."""
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def weight(self, *shape: int) -> str:
        """An initialiser of quarters."""
        return self.constant(self.some(*shape))

    def tensor(self, tensor: onnx.TensorProto) -> str:
        """An initialiser of a type that numpy does not have."""
        self._weights.append(tensor)
        return tensor.name

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """The output of a node; attributes that are None are left out."""
        return self.several(1, operator, *inputs, domain=domain, **attributes)[0]

    def several(
        self, outputs: int, operator: str, *inputs: str, domain: str = "", **attributes: Any
    ) -> list[str]:
        """All outputs of a node."""
        found = [f"h{len(self._nodes)}_{n}" for n in range(outputs)]
        kept = {name: value for name, value in attributes.items() if value is not None}
        name = f"n{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(operator, inputs, found, name=name, domain=domain, **kept)
        )
        return found

    def axes(self, operator: str, x: str, axes: list[int] | None, since: int, **rest: Any) -> str:
        """An operator whose axes are an attribute before the opset ``since``, then an input."""
        if self.opset < since:
            return self.add(operator, x, axes=axes, **rest)
        more = [] if axes is None else [self.constant(axes, np.int64)]
        return self.add(operator, x, *more, **rest)

    def model(self, *outputs: str, batch: str | int = "n") -> onnx.ModelProto:
        """Of several outputs one is made, side by side for each question."""
        if len(outputs) > 1:
            flat = [self.add("Flatten", self.floats(each), axis=1) for each in outputs]
            outputs = (self.add("Concat", *flat, axis=1),)
        graph = helper.make_graph(
            self._nodes,
            "variant",
            [
                helper.make_tensor_value_info(
                    name, helper.np_dtype_to_tensor_dtype(x.dtype), [batch, *x.shape[1:]]
                )
                for name, x in self.feeds.items()
            ],
            [onnx.ValueInfoProto(name=outputs[0])],
            self._weights,
        )
        imports = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=imports, ir_version=10)

    def floats(self, x: str) -> str:
        """The same as float32."""
        return self.add("Cast", x, to=onnx.TensorProto.FLOAT)


Recipe = Callable[[Graph], str | tuple[str, ...]]
"""Makes the nodes, and says which outputs are the model's."""


@dataclass(frozen=True, eq=False)
class Variant:
    """A form of an operator in an opset.

    Parameters
    ----------
    name : str
        What is special about it, and ``@opset``.
    opset : int
        Of the standard operators.
    recipe : callable
        Makes the nodes.
    """

    name: str
    opset: int
    recipe: Recipe

    def build(self) -> tuple[onnx.ModelProto, dict[str, Array]]:
        """The model, and what it is asked."""
        graph = Graph(self.opset)
        found = self.recipe(graph)
        return graph.model(*((found,) if isinstance(found, str) else found)), graph.feeds


def edges(*operators: str, first: int = FIRST, last: int = LAST) -> list[int]:
    """First and last opsets of each meaning that operators have had since ``first``."""
    found = {last}
    for operator in operators:
        for opset in range(first, last + 1):
            try:
                since = defs.get_schema(operator, max_inclusive_version=opset).since_version
            except defs.SchemaError:
                continue
            found |= {max(since, first)} | ({since - 1} if since > first else set())
    return sorted(each for each in found if all(_exists(name, each) for name in operators))


def _exists(operator: str, opset: int) -> bool:
    try:
        return not defs.get_schema(operator, max_inclusive_version=opset).deprecated
    except defs.SchemaError:
        return False


def variants(recipes: Iterable[tuple[str, list[int], Recipe]]) -> list[Variant]:
    """One for each recipe and opset; of more than three opsets every second, in turns."""
    return [
        Variant(f"{name}@{opset}", opset, recipe)
        for n, (name, opsets, recipe) in enumerate(recipes)
        for opset in (opsets if len(opsets) < 4 else opsets[n % 2 :: 2])
    ]


def onnxruntime_says(model: onnx.ModelProto, feeds: dict[str, Array]) -> list[Array] | None:
    """Outputs of a whole model; None if onnxruntime refuses it, without its fusions too."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Products with dequantised weights stay float32; by default their other side becomes 8 bits.
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    for level in ("ORT_ENABLE_ALL", "ORT_DISABLE_ALL"):
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        try:
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
            return session.run(None, feeds)
        except Exception as error:  # its exceptions have no common base but this one
            foreign = isinstance(error, RuntimeError) and "MLDataType" in str(error)
            if not foreign and not type(error).__module__.startswith("onnxruntime"):
                raise
    return None


def flaw(found: list[Array], wanted: list[Array]) -> str:
    """How outputs differ by more than 1e-5 of the largest; empty if they do not.

    Those of narrower floats may be a step apart.
    """
    if len(found) != len(wanted):
        return f"{len(found)} outputs, not {len(wanted)}"
    for ours, theirs in zip(map(np.asarray, found), map(np.asarray, wanted), strict=True):
        if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
            return f"{ours.dtype}{ours.shape}, not {theirs.dtype}{theirs.shape}"
        if theirs.dtype.kind not in "fiub" and theirs.dtype.name != "bfloat16":
            return "" if (ours == theirs).all() else "other values"
        a, b = ours.astype(np.float64), theirs.astype(np.float64)
        finite = np.isfinite(b)
        if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
            return "other values that are not finite"
        largest = np.abs(b[finite]).max(initial=0)
        worst = np.abs(a[finite] - b[finite]).max(initial=0)
        step = {"float16": 2.0**-10, "bfloat16": 2.0**-7}.get(theirs.dtype.name, 1e-5)
        if not worst <= step * largest:
            return f"off by {worst:.3g}, of {largest:.3g}"
    return ""
