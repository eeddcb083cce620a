"""Our own cell library, from transistor networks by logical effort; it belongs to no technology.

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

Edges are steps: no delay depends on a slope. Nothing leaks, as there is no technology to say how
much; the library states no leakage rather than none. Wires have no capacitance.

# Ref: I. Sutherland, B. Sproull, D. Harris, Logical Effort, chapters 1, 4
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

__all__ = ["CELLS", "liberty_text"]

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

_SIZES = {"INV": (1, 2, 4, 8), "BUF": (2, 4, 8), "NAND2": (1, 2, 4), "NOR2": (1, 2, 4)}
_LOADS = (0, 10, 100)  # ABC wants three; between and beyond them programs continue straight


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


class _Cell:
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


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


_HEAD = """\
/* Cell library of fp8mac, made by `fp8mac liberty --generate`.

   It belongs to no technology. Units stand for others:
     area                that of a two-input NAND (GE)
     time         1 ps   tau of logical effort; an inverter that drives four takes 5 (FO4)
     capacitance  1 fF   input of an inverter, C_inv
     energy       1 fJ   C_inv V^2
   Apache-2.0. */
library (fp8mac) {
  delay_model : table_lookup;
  time_unit : "1ps";
  voltage_unit : "1V";
  current_unit : "1mA";
  pulling_resistance_unit : "1kohm";
  leakage_power_unit : "1nW";
  capacitive_load_unit (1,ff);
  nom_process : 1;
  nom_temperature : 25;
  nom_voltage : 1;
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20;
  slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80;
  slew_upper_threshold_pct_fall : 80;
  default_max_transition : 1000;
  lu_table_template (load) {
    variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance;
    index_1 ("0,100");
    index_2 ("0,10,100");
  }
  lu_table_template (edge) {
    variable_1 : related_pin_transition;
    variable_2 : constrained_pin_transition;
    index_1 ("0,100");
    index_2 ("0,100");
  }
"""


def _timing(pin: str, delay: float, own: float, size: float, *attributes: str) -> list[str]:
    """Tables of an arc, linear in the load."""

    def table(name: str, start: float) -> str:
        row = ",".join(_number(start + load / size) for load in _LOADS)
        return f'        {name} (load) {{ values ("{row}","{row}"); }}'

    return [
        "      timing () {",
        f'        related_pin : "{pin}";',
        *(f"        {attribute};" for attribute in attributes),
        *(table(name, delay) for name in ("cell_rise", "cell_fall")),
        *(table(name, own / size) for name in ("rise_transition", "fall_transition")),
        "      }",
    ]


def _power(energy: float, pins: str = "") -> list[str]:
    related = f' related_pin : "{pins}";' if pins else ""
    value = f'{{ values ("{_number(energy)}"); }}'
    return [
        f"      internal_power () {{{related}",
        f"        rise_power (scalar) {value}",
        f"        fall_power (scalar) {value}",
        "      }",
    ]


def _cell_lines(name: str, size: int) -> list[str]:
    cell = _Cell(CELLS[name], size)
    lines = [f"  cell ({name}_X{size}) {{", f"    area : {_number(cell.area)};"]
    for pin, capacitance in cell.inputs.items():
        lines.append(
            f"    pin ({pin}) {{ direction : input; capacitance : {_number(capacitance)}; }}"
        )
    lines += ["    pin (Y) {", "      direction : output;", f'      function : "{cell.function}";']
    lines.append(f"      max_capacitance : {_LOADS[-1]};")
    for pin in cell.inputs:
        sense = f"timing_sense : {cell.sense(pin)}"
        lines += _timing(pin, cell.delay(pin), cell.stages[-1].own, size, sense)
    return [*lines, *_power(cell.energy, " ".join(cell.inputs)), "    }", "  }"]


def _flip_flop_lines() -> list[str]:
    """Master and slave of clocked inverters, each held by an inverter and a clocked inverter.

    ::

        D --|>o-- m --+--|>o-- s --+--|>o-- q --|>o-- Q      CK --|>o-- clock low --|>o-- clock high
             low      +-->o-o<|-+   high  +-- o<|-- q
                         k  high             low

    In a clocked inverter two NMOS (2 wide) and two PMOS (4 wide) are in series; the clock drives
    one of each. Each phase drives the NMOS of two of the four, and the PMOS of the others.
    """
    data = own = (2 + 4) / 3
    phase = (2 * 2 + 2 * 4) / 3
    low, high = 1 + 1 + phase, 1 + phase
    m, k = 2 * own + 1 + data, 1 + data
    s, q = 2 * own + 1, 1 + data + 1
    area = (4 * 2 + 5 + 1) / 3
    setup = m + k - low
    row = f"{_number(setup)},{_number(setup)}"
    constraint = f'(edge) {{ values ("{row}","{row}"); }}'
    return [
        "  cell (DFF_X1) {",
        f"    area : {_number(area)};",
        '    ff (IQ,IQN) { next_state : "D"; clocked_on : "CK"; }',
        "    pin (CK) {",
        "      direction : input;",
        "      clock : true;",
        "      capacitance : 1;",
        *_power((low + high) / 2),
        "    }",
        "    pin (D) {",
        "      direction : input;",
        f"      capacitance : {_number(data)};",
        "      timing () {",
        '        related_pin : "CK";',
        "        timing_type : setup_rising;",
        f"        rise_constraint {constraint}",
        f"        fall_constraint {constraint}",
        "      }",
        "    }",
        "    pin (Q) {",
        "      direction : output;",
        '      function : "IQ";',
        f"      max_capacitance : {_LOADS[-1]};",
        *_timing("CK", low + high + s + q + 1, 1, 1, "timing_type : rising_edge"),
        *_power((m + k + s + q + 1) / 2, "CK"),
        "    }",
        "  }",
    ]


def liberty_text() -> str:
    """The library in Liberty format; the same text every time."""
    lines = [
        line
        for name in CELLS
        for size in _SIZES.get(name, (1, 2))
        for line in _cell_lines(name, size)
    ]
    return _HEAD + "\n".join([*lines, *_flip_flop_lines(), "}", ""])
