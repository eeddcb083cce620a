"""Cells as transistor networks by logical effort: capacitances, delays, areas, energies.

A cell is a chain of stages, each of them static CMOS with output ``!(pull-down network)``. Widths
follow from two rules, a PMOS is twice as wide as an NMOS, and *k* transistors in series are *k*
times as wide as one, so that every stage pulls like an inverter of its size::

    stage      !(A & B | C)              inverter
               A, B  2 + 4 wide          1 + 2 wide
               C     1 + 4 wide

    input capacitance   width of the gates, 3 is that of an inverter: 1
    output's own        width of the drains at the output, likewise: p of logical effort
    delay of a stage    (own + load) / size, in tau; an inverter that drives four has 5 tau (FO4)
    area                columns of transistors, one for each input and size, and one to separate
                        cells; NAND2, with 3 columns, is 1
    energy of a toggle  half the capacitance that toggles, inside the cell and at its output

Edges are steps: no delay depends on a slope. Wires have no capacitance.

# Ref: I. Sutherland, B. Sproull, D. Harris, Logical Effort, chapters 1, 4
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

__all__ = ["CELLS", "SizedCell"]

CELLS: dict[str, tuple[tuple[str, str], ...]] = {
    "INV": (("Y", "A"),),
    "BUF": (("n", "A"), ("Y", "n")),
    "NAND2": (("Y", "A & B"),),
    "NAND3": (("Y", "A & B & C"),),
    "NOR2": (("Y", "A | B"),),
    "NOR3": (("Y", "A | B | C"),),
    "AND2": (("n", "A & B"), ("Y", "n")),
    "OR2": (("n", "A | B"), ("Y", "n")),
    "AOI21": (("Y", "A & B | C"),),
    "OAI21": (("Y", "(A | B) & C"),),
    "AOI22": (("Y", "A & B | C & D"),),
    "OAI22": (("Y", "(A | B) & (C | D)"),),
    "XOR2": (("n", "A | B"), ("Y", "A & B | n")),
    "XNOR2": (("n", "A & B"), ("Y", "(A | B) & n")),
    "MUX2": (("s", "S"), ("n", "A & s | B & S"), ("Y", "n")),
}
"""Stages of each cell: name of the output, and the network that pulls it down."""


@dataclass(frozen=True)
class _Network:
    """Widths of series and parallel transistors: of the gates, and of drains at the output."""

    gates: dict[str, float]
    drain: float


def _network(tree: ast.expr, width: float, series: type) -> _Network:
    if isinstance(tree, ast.Name):
        return _Network({tree.id: width}, width)
    assert isinstance(tree, ast.BinOp)
    in_series = isinstance(tree.op, series)
    terms = list(_terms(tree, type(tree.op)))
    parts = [_network(term, width * len(terms) if in_series else width, series) for term in terms]
    gates: dict[str, float] = {}
    for part in parts:
        for name, each in part.gates.items():
            gates[name] = gates.get(name, 0) + each
    drains = [part.drain for part in parts]
    return _Network(gates, min(drains) if in_series else sum(drains))


def _terms(tree: ast.expr, operator: type) -> Iterator[ast.expr]:
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, operator):
        yield from _terms(tree.left, operator)
        yield from _terms(tree.right, operator)
    else:
        yield tree


@dataclass(frozen=True)
class _Stage:
    """A stage in capacitances of an inverter's input, and the network it was made from."""

    output: str
    pull_down: str
    size: float

    @property
    def _networks(self) -> tuple[_Network, _Network]:
        tree = ast.parse(self.pull_down, mode="eval").body
        return (
            _network(tree, self.size, ast.BitAnd),
            _network(tree, 2 * self.size, ast.BitOr),
        )

    @property
    def own(self) -> float:
        """Capacitance of the output itself."""
        return sum(network.drain for network in self._networks) / 3

    @property
    def inputs(self) -> dict[str, float]:
        """Capacitance of each input."""
        down, up = self._networks
        return {name: (width + up.gates[name]) / 3 for name, width in down.gates.items()}

    @property
    def columns(self) -> float:
        tree = ast.parse(self.pull_down, mode="eval")
        return self.size * sum(isinstance(node, ast.Name) for node in ast.walk(tree))


class SizedCell:
    """A cell whose last stage has a size; the others have size 1.

    Parameters
    ----------
    stages : iterable of (str, str)
        As in `CELLS`.
    size : float
        Of the last stage; an inverter of size 1 has an input capacitance of 1.
    """

    def __init__(self, stages: Iterable[tuple[str, str]], size: float) -> None:
        *inner, last = stages
        self.stages = [*(_Stage(*each, 1) for each in inner), _Stage(*last, size)]
        loads: dict[str, float] = {}
        for stage in self.stages:
            for name, capacitance in stage.inputs.items():
                loads[name] = loads.get(name, 0) + capacitance
        internal = {stage.output for stage in self.stages}
        self.inputs = {name: loads[name] for name in sorted(set(loads) - internal)}
        self.node = {stage.output: stage.own + loads.get(stage.output, 0) for stage in self.stages}
        self.area = (sum(stage.columns for stage in self.stages) + 1) / 3

    @property
    def energy(self) -> float:
        """Of a toggle of the output, load aside; stages in between toggle with it."""
        return sum(self.node.values()) / 2

    def delay(self, pin: str) -> float:
        """From an input to the output without load, along the slowest way."""
        arrival = {pin: 0.0}
        for stage in self.stages:
            before = [arrival[name] for name in stage.inputs if name in arrival]
            if before:
                arrival[stage.output] = max(before) + self.node[stage.output] / stage.size
        return arrival["Y"]

    @property
    def function(self) -> str:
        """Of the output, in Liberty's notation."""
        known: dict[str, str] = {}
        for stage in self.stages:
            tree = ast.parse(stage.pull_down, mode="eval").body
            known[stage.output] = f"!{_text(tree, known)}"
        return known["Y"]

    def sense(self, pin: str) -> str:
        """How the output follows an input, in Liberty's words."""
        others = [name for name in self.inputs if name != pin]
        changes = set()
        for values in product((0, 1), repeat=len(others)):
            fixed = dict(zip(others, values, strict=True))
            changes.add(self._value({**fixed, pin: 1}) - self._value({**fixed, pin: 0}))
        if changes >= {1, -1}:
            return "non_unate"
        return "positive_unate" if 1 in changes else "negative_unate"

    def _value(self, values: dict[str, int]) -> int:
        for stage in self.stages:
            tree = compile(stage.pull_down, "stage", "eval")
            values[stage.output] = 1 - eval(tree, {"__builtins__": {}}, values)
        return values["Y"]


def _text(tree: ast.expr, known: dict[str, str]) -> str:
    if isinstance(tree, ast.Name):
        return known.get(tree.id, tree.id)
    assert isinstance(tree, ast.BinOp)
    sign = "&" if isinstance(tree.op, ast.BitAnd) else "|"
    return f"({_text(tree.left, known)}{sign}{_text(tree.right, known)})"
