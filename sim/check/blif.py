"""Mapped netlists as text, and the gates that they consist of.

::

    .inputs a[0] b[0]                   inputs, outputs
    .gate NAND2 a=a[0] b=b[0] O=n1      gates: a cell, nets by pins, the output last
    .names n1 y                         tables: other names of nets, and constants
    1 1

# Ref: Berkeley Logic Interchange Format, University of California, 1992
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import and_, or_, xor
from typing import Any

__all__ = ["GATES", "Blif", "BlifGate", "BlifTable", "GateKind", "read_blif"]

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {"&": and_, "|": or_, "^": xor}


@dataclass(frozen=True)
class GateKind:
    """What a gate computes: an operator, as Verilog, C and Python write it, or none of one input.

    Parameters
    ----------
    operator : str
        ``&``, ``|``, ``^``; empty for one input.
    inverted : bool
        Whether the output is the complement.
    """

    operator: str
    inverted: bool = False

    def expression(self, *inputs: str) -> str:
        """Text in any of these languages."""
        text = f" {self.operator} ".join(inputs)
        return (f"~({text})" if self.operator else f"~{text}") if self.inverted else text

    def __call__(self, *inputs: Any) -> Any:
        """Value for integers, or for arrays of them."""
        value = _OPERATORS[self.operator](*inputs) if self.operator else inputs[0]
        return ~value if self.inverted else value


GATES: dict[str, GateKind] = {
    "INV": GateKind("", inverted=True),
    "BUF": GateKind(""),
    "AND2": GateKind("&"),
    "OR2": GateKind("|"),
    "NAND2": GateKind("&", inverted=True),
    "NOR2": GateKind("|", inverted=True),
    "XOR2": GateKind("^"),
    "XNOR2": GateKind("^", inverted=True),
}
"""By the names of the flows' cells. The constants ``ZERO`` and ``ONE`` are no gates."""


@dataclass(frozen=True)
class BlifGate:
    """A mapped cell.

    Parameters
    ----------
    cell : str
        Its name in the library.
    pins : dict of str to str
        Net of each pin, in the order of the text.
    """

    cell: str
    pins: dict[str, str]

    @property
    def output(self) -> str:
        """Net that it drives: that of the last pin."""
        return list(self.pins.values())[-1]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The other nets."""
        return tuple(self.pins.values())[:-1]


@dataclass(frozen=True)
class BlifTable:
    """A function that is not mapped; of no inputs a constant, of one mostly another name."""

    inputs: tuple[str, ...]
    output: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Blif:
    """What a text says.

    Parameters
    ----------
    inputs, outputs : tuple of str
        Bits of the ports, ``a[0]``, or ``en`` for a port of one bit.
    gates : tuple of BlifGate
        In the order of the text, as all that follows.
    tables : tuple of BlifTable
        Functions that are not mapped.
    others : tuple of str
        Lines of any other kind: flip-flops, submodules, and what is no BLIF.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    gates: tuple[BlifGate, ...]
    tables: tuple[BlifTable, ...]
    others: tuple[str, ...]


def read_blif(text: str) -> Blif:
    """Read the only module of a text."""
    ports: dict[str, tuple[str, ...]] = {".inputs": (), ".outputs": ()}
    gates: list[BlifGate] = []
    tables: list[BlifTable] = []
    others: list[str] = []
    rows: list[str] = []
    names: list[str] | None = None

    def end_table() -> None:
        if names is not None:
            tables.append(BlifTable(tuple(names[:-1]), names[-1], tuple(rows)))
            rows.clear()

    for line in text.replace("\\\n", " ").splitlines():
        keyword, *words = line.split() or [""]
        if names is not None and keyword[:1] not in (".", "#", ""):
            rows.append(" ".join([keyword, *words]))
            continue
        if keyword[:1] == ".":
            end_table()
            names = None
        if keyword in ports:
            ports[keyword] += tuple(words)
        elif keyword == ".gate":
            cell, *pins = words
            gates.append(BlifGate(cell, dict(pin.split("=", 1) for pin in pins)))
        elif keyword == ".names":
            names = words
        elif keyword not in ("", ".model", ".end", ".default_input_arrival") and (
            keyword[:1] != "#"
        ):
            others.append(line.strip())
    end_table()
    return Blif(ports[".inputs"], ports[".outputs"], tuple(gates), tuple(tables), tuple(others))
