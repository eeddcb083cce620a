"""From RTLIL to a netlist of an FPGA's cells: tables, carries, flip-flops, multiplier blocks."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from graphlib import TopologicalSorter
from hashlib import sha256
from typing import Any

from fp8mac.gen.yosys import Yosys
from fp8mac.synth_reports.synth.flipflops import reordered
from fp8mac.synth_reports.synth.synthesis import (
    FLOWS,
    Flow,
    Synthesis,
    SynthesisError,
    prove,
    read_logic,
)

__all__ = ["Fpga", "FpgaFlow", "FpgaMetrics", "FpgaSynthesis"]

Cells = dict[str, dict[str, Any]]


class Fpga(Enum):
    """FPGA that a netlist is for."""

    ICE40 = "ice40"
    ECP5 = "ecp5"


_TABLES = {"SB_LUT4": 1, "LUT4": 1, "CCU2C": 2}
_CARRIES = {"SB_CARRY": 1, "CCU2C": 2}
_BLOCKS = ("SB_MAC16", "MULT18X18D", "ALU54B")
_FLIP_FLOPS = ("SB_DFF", "TRELLIS_FF")
_WIRES = ("PFUMX", "L6MUX21")
"""Multiplexers between the tables of a slice, which take no table."""

_CARRY_IN = ("CI", "CIN")
_CARRY_OUT = ("CO", "COUT")


@dataclass(frozen=True)
class FpgaMetrics:
    """Counts of a netlist of an FPGA's cells.

    Parameters
    ----------
    luts : int
        Tables of four inputs; a cell of ECP5 with two places of a carry chain takes two.
    carries : int
        Places of carry chains.
    flip_flops : int
        State bits.
    dsps : int
        Multiplier blocks.
    levels : int
        Tables and blocks on the longest path; carries count none.
    longest_carry : int
        Cells of the longest carry chain, in places.
    cells : dict of str to int
        How often each cell occurs.
    """

    luts: int
    carries: int
    flip_flops: int
    dsps: int
    levels: int
    longest_carry: int
    cells: dict[str, int]

    @classmethod
    def from_cells(cls, cells: Cells) -> "FpgaMetrics":
        """Count the cells of a netlist.

        Raises
        ------
        ValueError
            If there is a cell that is not known.
        """
        count = Counter(cell["type"] for cell in cells.values())
        known = (*_TABLES, *_CARRIES, *_BLOCKS, *_WIRES)
        flip_flops = {name for name in count if name.startswith(_FLIP_FLOPS)}
        if unknown := sorted(set(count) - set(known) - flip_flops):
            raise ValueError(f"The netlist has cells that are not known: {', '.join(unknown)}.")
        return cls(
            luts=sum(number * count[name] for name, number in _TABLES.items()),
            carries=sum(number * count[name] for name, number in _CARRIES.items()),
            flip_flops=sum(count[name] for name in flip_flops),
            dsps=sum(count[name] for name in _BLOCKS),
            levels=_longest(cells, _level),
            longest_carry=_longest(cells, _place),
            cells=dict(sorted(count.items())),
        )


Weigh = Callable[[str, str, str], int | None]
"""What a path counts from a pin of a cell to another one; None where there is none."""


def _level(cell: str, source: str, target: str) -> int | None:
    """What a path through a cell counts: one through a table or a block."""
    if source in _CARRY_IN and target in _CARRY_OUT:
        return 0
    if cell == "CCU2C" and source in _CARRY_IN:
        return 0
    return 0 if cell in (*_WIRES, "SB_CARRY") else 1


def _place(cell: str, source: str, target: str) -> int | None:
    """What a carry chain counts there; None where there is none."""
    if cell not in _CARRIES or target not in _CARRY_OUT:
        return None
    return _CARRIES[cell]


def _longest(cells: Cells, weigh: Weigh) -> int:
    """Most that a path counts; it begins and ends at ports and flip-flops."""
    sources: dict[Any, list[tuple[Any, int]]] = {}
    for cell, ins, outs in _pins(cells):
        for target, bit in outs:
            sources[bit] = [
                (source_bit, weight)
                for source, source_bit in ins
                if (weight := weigh(cell, source, target)) is not None
            ]
    length: dict[Any, int] = {}
    graph = {bit: [source for source, _ in each] for bit, each in sources.items()}
    for bit in TopologicalSorter(graph).static_order():
        length[bit] = max(
            (length[each] + weight for each, weight in sources.get(bit, ())), default=0
        )
    return max(length.values(), default=0)


def _pins(
    cells: Cells,
) -> Iterator[tuple[str, list[tuple[str, int]], list[tuple[str, int]]]]:
    """Kind of each cell but flip-flops, and its input and output bits; constants are none."""
    for cell in cells.values():
        if cell["type"].startswith(_FLIP_FLOPS):
            continue
        pins: dict[str, list[tuple[str, int]]] = {"input": [], "output": []}
        for pin, bits in cell["connections"].items():
            found = [(pin.rstrip("01"), bit) for bit in bits if isinstance(bit, int)]
            pins[cell["port_directions"][pin]] += found
        yield cell["type"], pins["input"], pins["output"]


@dataclass(frozen=True)
class FpgaSynthesis:
    """A design in an FPGA's cells.

    Parameters
    ----------
    netlist : str
        JSON as Yosys writes and nextpnr reads it: the top module alone.
    """

    netlist: str

    @cached_property
    def metrics(self) -> FpgaMetrics:
        """Counts of the netlist."""
        (module,) = json.loads(self.netlist)["modules"].values()
        return FpgaMetrics.from_cells(module["cells"])

    @cached_property
    def sha256(self) -> str:
        """Hash of the netlist."""
        return sha256(self.netlist.encode()).hexdigest()


@dataclass(frozen=True)
class FpgaFlow:
    """What is done to a design, as data: the file ``flows/<name>.ys``.

    Parameters
    ----------
    name : str
        Name of the flow.
    script : str
        Yosys commands, from RTLIL to cells.
    cells : str
        What its cells do, in Verilog: of a flow whose netlists are proved equal to the designs
        here. Otherwise Yosys proves them, which does not end where a design is large.
    """

    name: str
    script: str
    cells: str = ""

    @classmethod
    def load(cls, target: Fpga, *, dsp: bool = False, large: bool = False) -> "FpgaFlow":
        """Read a flow of the package, with multiplier blocks or without, for large designs or not.

        The netlist is the same for large designs: who proves it differs.
        """
        name = target.value + "-dsp" * dsp
        script = (FLOWS / f"{name}.ys").read_text("utf-8")
        if not large:
            return cls(name, script)
        cells = (FLOWS / f"{target.value}.v").read_text("utf-8")
        return cls(f"{name}-large", f"scratchpad -set abc9.verify false\n{script}", cells)

    @property
    def sha256(self) -> str:
        """Hash of everything but the name."""
        return sha256((self.script + self.cells).encode()).hexdigest()

    def synthesize(self, rtlil: str, top: str, yosys: Yosys, around: str = "") -> FpgaSynthesis:
        """Map a design to cells.

        Parameters
        ----------
        rtlil : str
            Design in Yosys' own format.
        top : str
            Name of the top module.
        yosys : Yosys
            What maps it.
        around : str
            Verilog of the top module, where that is not in the design.

        Raises
        ------
        YosysError
            If Yosys stops.
        SynthesisError
            If a netlist that is proved here is not proved equal to the design.
        """
        script = ["read_rtlil design.il", "read_verilog around.v", f"hierarchy -check -top {top}"]
        script += ["write_rtlil given.il"] if self.cells else []
        script += [self.script, "delete t:$scopeinfo", "write_json mapped.json"]
        if self.cells:
            script += ["techmap -map cells.v", f"select {top}", "write_rtlil -selected mapped.il"]
        inputs = {"design.il": rtlil, "around.v": around, "cells.v": self.cells}
        outputs = ["mapped.json", *["given.il", "mapped.il"] * bool(self.cells)]
        files = yosys.run("\n".join([*script, ""]), inputs, outputs)
        if self.cells:
            _prove(files["given.il"], files["mapped.il"], top, yosys)
        return FpgaSynthesis(_top_alone(files["mapped.json"], top))


def _prove(given: str, mapped: str, top: str, yosys: Yosys) -> None:
    """Prove a netlist equal to a design, both in RTLIL."""
    flow = Flow.load()
    front = f"{flow.front}\nsimplemap\nopt_clean -purge\n"
    design, netlist = (
        read_logic(each, top, flow.name, front=front, techmap=flow.techmap, yosys=yosys)
        for each in (given, mapped)
    )
    blif = reordered(netlist, design)
    if blif is None:
        raise SynthesisError(f"The netlist of {top} has other flip-flops than the design.")
    prove(Synthesis(blif, design.flip_flops, None), design, top, flow, yosys)


def _top_alone(text: str, top: str) -> str:
    """A netlist without the modules of the cells, and without what only people read."""
    module = json.loads(text)["modules"][top]
    for each in (*module["cells"].values(), *module["netnames"].values()):
        each["attributes"] = {}
    module["attributes"] = {"top": "1"}
    return json.dumps({"creator": "Yosys", "modules": {top: module}}, separators=(",", ":"))
