"""Branches, loops and scans of ONNX whose bodies hold products.

A body is computed as often as ONNX says, on an engine; it sees the values around it.
"""

from collections import ChainMap
from collections.abc import Callable, Container, Mapping, MutableMapping
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.models.sequential import FullEngine
from fp8mac.sim.networks.onnx.nodes import attribute, needs_of

__all__ = ["Body", "ConstantValues", "Control", "Step", "Values"]

Array = NDArray[Any]
Values = MutableMapping[str, Any]


class ConstantValues(Container[str], Protocol):
    """What follows from the model alone, by name."""

    def array(self, name: str) -> Any:
        """As an array."""
        ...


class Body(Protocol):
    """A graph."""

    inputs: list[str]
    outputs: list[str]

    def run(self, values: Values, engine: FullEngine) -> list[Any]:
        """Outputs, of inputs and of what is taken from around it."""
        ...


class Step:
    """Something that is computed at once, of ``needs``, to ``gives``."""

    needs: set[str]
    gives: list[str]

    def run(self, values: Values, engine: FullEngine) -> None:
        """Add what it gives to the values."""
        raise NotImplementedError


class Control(Step):
    """A node with bodies.

    Parameters
    ----------
    node : NodeProto
        If, Loop or Scan.
    bodies : dict of str to Body
        By the names of its attributes.
    constants : ConstantValues
        What the model alone gives.
    """

    def __init__(
        self, node: onnx.NodeProto, bodies: Mapping[str, Body], constants: ConstantValues
    ) -> None:
        if node.op_type not in _WAYS or (node.op_type == "Scan" and "" in node.input[:1]):
            raise NetworkError(f"The operator {node.op_type} holds products, and is not known.")
        self._way, self._bodies, self._constants = _WAYS[node.op_type], bodies, constants
        self._inputs, self._outputs = list(node.input), list(node.output)
        self._how = {each.name: attribute(each) for each in node.attribute}
        self.needs = {name for name in needs_of(node) if name not in constants}
        self.gives = [name for name in node.output if name]

    def run(self, values: Values, engine: FullEngine) -> None:
        """Run bodies."""
        inputs = [self._value(values, name) for name in self._inputs]

        def run(body: Body, given: list[Any]) -> list[Any]:
            inner = ChainMap(dict(zip(body.inputs, given, strict=True)), values)
            return body.run(inner, engine)

        found = self._way(run, self._bodies, inputs, self._how)
        values.update((name, y) for name, y in zip(self._outputs, found, strict=False) if name)

    def _value(self, values: Values, name: str) -> Any:
        if not name:
            return None
        return self._constants.array(name) if name in self._constants else values[name]


_Run = Callable[[Body, list[Any]], list[Any]]


def _branch(
    run: _Run, bodies: Mapping[str, Body], inputs: list[Any], how: dict[str, Any]
) -> list[Any]:
    chosen = "then_branch" if np.asarray(inputs[0]).reshape(-1)[0] else "else_branch"
    return run(bodies[chosen], [])


def _loop(
    run: _Run, bodies: Mapping[str, Body], inputs: list[Any], how: dict[str, Any]
) -> list[Any]:
    body = bodies["body"]
    limit, go, *state = inputs
    limit = None if limit is None else int(np.asarray(limit).reshape(-1)[0])
    go = np.asarray(True if go is None else go).reshape(())
    rows: list[list[Any]] = [[] for _ in body.outputs[1 + len(state) :]]
    number = 0
    while go and (limit is None or number < limit):
        found = run(body, [np.array(number, np.int64), np.array(go, bool), *state])
        go, state, scanned = (
            found[0].reshape(()),
            found[1 : 1 + len(state)],
            found[1 + len(state) :],
        )
        for row, each in zip(rows, scanned, strict=True):
            row.append(each)
        number += 1
    return state + [np.stack(row) if row else np.zeros(0, np.float32) for row in rows]


def _scan(
    run: _Run, bodies: Mapping[str, Body], inputs: list[Any], how: dict[str, Any]
) -> list[Any]:
    body, count = bodies["body"], how["num_scan_inputs"]
    state, scanned = inputs[:-count], inputs[-count:]
    outputs = len(body.outputs) - len(state)
    axes = how.get("scan_input_axes") or [0] * count
    backward = how.get("scan_input_directions") or [0] * count
    rows = [
        np.moveaxis(x, axis, 0)[:: -1 if back else 1]
        for x, axis, back in zip(scanned, axes, backward, strict=True)
    ]
    made: list[list[Any]] = [[] for _ in range(outputs)]
    for now in zip(*rows, strict=True):
        found = run(body, [*state, *now])
        state = found[: len(state)]
        for row, each in zip(made, found[len(state) :], strict=True):
            row.append(each)
    axes = how.get("scan_output_axes") or [0] * outputs
    backward = how.get("scan_output_directions") or [0] * outputs
    stacked = [
        np.moveaxis(np.stack(row[:: -1 if back else 1]), 0, axis)
        for row, axis, back in zip(made, axes, backward, strict=True)
    ]
    return state + stacked


_WAYS = {"If": _branch, "Loop": _loop, "Scan": _scan}
