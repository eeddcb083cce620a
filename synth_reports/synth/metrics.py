"""What is counted on a mapped netlist.

Flip-flops are cut: a path begins at an input or a flip-flop and ends at an output or a flip-flop.

# Ref: arXiv:2303.17951, appendix B (weights of two-input gates, multiplexers and flip-flops)
"""

from collections import Counter
from dataclasses import dataclass
from graphlib import TopologicalSorter

from fp8mac.sim.check.blif import GATES, read_blif

__all__ = ["WEIGHTS", "Metrics"]

TWO_INPUT_GATES = tuple(name for name, kind in GATES.items() if kind.operator)

WEIGHTS = {
    "AND2": 1,
    "OR2": 1,
    "NAND2": 1,
    "NOR2": 1,
    "XOR2": 3,
    "XNOR2": 3,
    "MUX2": 3,
    "DFF": 6,
    "INV": 0,
}
"""Gates that a cell stands for in the cost model of arXiv:2303.17951."""

_WIRES = ("BUF", "ZERO", "ONE")
"""Cells of a netlist that are not hardware: other names of a net, and constants."""


@dataclass(frozen=True)
class Metrics:
    """Counts of a netlist.

    Parameters
    ----------
    two_input_gates : int
        AND, OR, NAND, NOR, XOR and XNOR gates, each counted once.
    inverters : int
        Inverters, which are not counted as gates.
    flip_flops : int
        State bits.
    levels : int
        Two-input gates on the longest path.
    levels_with_inverters : int
        Two-input gates and inverters on the longest path.
    weighted_gates : int
        Sum of the `WEIGHTS` of gates and flip-flops.
    cells : dict of str to int
        How often each cell occurs, flip-flops as ``DFF``.
    """

    two_input_gates: int
    inverters: int
    flip_flops: int
    levels: int
    levels_with_inverters: int
    weighted_gates: int
    cells: dict[str, int]

    @classmethod
    def from_blif(cls, netlist: str, flip_flops: int = 0) -> "Metrics":
        """Count a combinational netlist, and the flip-flops that were cut out of it.

        Raises
        ------
        ValueError
            If the netlist is not mapped, or has a cell without a weight.
        """
        gates = _gates(netlist)
        count = Counter(cell for cell, _ in gates.values() if cell not in _WIRES)
        if unknown := set(count) - set(WEIGHTS):
            raise ValueError(f"The netlist has cells without a weight: {sorted(unknown)}.")
        if flip_flops:
            count["DFF"] = flip_flops
        return cls(
            two_input_gates=sum(count[cell] for cell in TWO_INPUT_GATES),
            inverters=count["INV"],
            flip_flops=flip_flops,
            levels=_levels(gates, free=(*_WIRES, "INV")),
            levels_with_inverters=_levels(gates, free=_WIRES),
            weighted_gates=sum(WEIGHTS[cell] * number for cell, number in count.items()),
            cells={cell: count[cell] for cell in WEIGHTS if count[cell]},
        )


def _gates(netlist: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Cell and inputs of each driven net."""
    found = read_blif(netlist)
    lines = [*(" ".join((".names", *t.inputs, t.output)) for t in found.tables), *found.others]
    if lines:
        raise ValueError(f"The netlist is not mapped: '{lines[0]}'.")
    return {gate.output: (gate.cell, gate.inputs) for gate in found.gates}


def _levels(gates: dict[str, tuple[str, tuple[str, ...]]], free: tuple[str, ...]) -> int:
    """Cells on the longest path, but for those of the free kinds."""
    level: dict[str, int] = {}
    for net in TopologicalSorter(
        {net: inputs for net, (_, inputs) in gates.items()}
    ).static_order():
        cell, inputs = gates.get(net, ("BUF", ()))
        level[net] = max((level[each] for each in inputs), default=0) + (cell not in free)
    return max(level.values(), default=0)
