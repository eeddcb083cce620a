"""A cell library as measurements see it: reference cells, units, energies."""

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from fp8mac.synth_reports.liberty.reader import (
    Cell,
    Group,
    LibertyError,
    Table,
    make_cells,
    parse_liberty,
    read_text,
    tables,
)

__all__ = ["OWN", "Energy", "FlipFlop", "Library", "load_library", "own_library"]

OWN = "fp8mac"
"""Name of our own library, which belongs to no technology."""

_PREFIXES = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0}
_DELAYS = ("cell_rise", "cell_fall")
_SLEWS = ("rise_transition", "fall_transition")
_POWERS = ("rise_power", "fall_power", "power")

_NAND2 = (1, 1, 1, 0)
_INVERTER = (1, 0)
_BUFFER = (0, 1)


@dataclass(frozen=True)
class Energy:
    """What toggling costs inside a cell, in the library's unit of energy, at a given load.

    Parameters
    ----------
    arcs : tuple of Table
        Energies by slew and load; their mean counts. Empty where the library states none.
    slew : float
        Slew that they are looked up with.
    """

    arcs: tuple[Table, ...]
    slew: float

    def at(self, load: float) -> float | None:
        """Of one toggle; None where the library states nothing."""
        if not self.arcs:
            return None
        return sum(arc.at(self.slew, load) for arc in self.arcs) / len(self.arcs)


@dataclass(frozen=True)
class FlipFlop:
    """The flip-flop that registers are counted with.

    Parameters
    ----------
    cell : Cell
        The cell.
    clock, data, output : str
        Its pins.
    inverting : bool
        Whether the output is the complement of what was stored; no inverter is counted for that.
    """

    cell: Cell
    clock: str
    data: str
    output: str
    inverting: bool


class Library:
    """A cell library.

    Parameters
    ----------
    text : str
        Liberty.
    source : str
        Where it comes from, for messages.
    """

    def __init__(self, text: str, source: str) -> None:
        self.text, self.source = text, source

    @cached_property
    def sha256(self) -> str:
        """Hash of the text."""
        return sha256(self.text.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def name(self) -> str:
        """Name of the group ``library``."""
        match = re.search(r'^\s*library\s*\(\s*"?([^")]*?)"?\s*\)', self.text, re.MULTILINE)
        assert match is not None
        return match[1]

    @property
    def is_own(self) -> bool:
        """Whether its units are those of no technology: GE, tau, C_inv V^2."""
        return self.name == OWN

    @cached_property
    def tree(self) -> Group:
        """Everything that the file says."""
        return parse_liberty(self.text, self.source)

    @cached_property
    def cells(self) -> dict[str, Cell]:
        """Its cells."""
        tree = self.tree
        try:
            return make_cells(tree)
        except LibertyError as error:
            raise LibertyError(f"'{self.source}' cannot be used: {error}.") from None

    def check(self) -> "Library":
        """Make sure that units can be mapped to it.

        Raises
        ------
        LibertyError
            If it is broken, or lacks an inverter, a buffer, a NAND or a flip-flop.
        """
        _ = self.nand2, self.inverter, self.buffer, self.flip_flop, self.fo4_ps
        return self

    @cached_property
    def nand2(self) -> Cell:
        """Smallest two-input NAND, whose area is one gate equivalent (GE)."""
        return self._smallest(_NAND2, "two-input NAND")

    @cached_property
    def inverter(self) -> Cell:
        """Smallest inverter."""
        return self._smallest(_INVERTER, "inverter")

    @cached_property
    def buffer(self) -> Cell:
        """Smallest buffer, which drives every input."""
        return self._smallest(_BUFFER, "buffer")

    @cached_property
    def buffers(self) -> dict[str, float]:
        """Areas of all buffers by name."""
        return {cell.name: cell.area for cell in self._with(_BUFFER)}

    def _smallest(self, truth: tuple[int, ...], what: str) -> Cell:
        found = self._with(truth)
        if not found:
            raise LibertyError(f"'{self.source}' cannot be used: it has no {what}.")
        return min(found, key=lambda cell: (cell.area, cell.name))

    def _with(self, truth: tuple[int, ...]) -> list[Cell]:
        """Cells with one output of a function."""
        return [
            cell
            for cell in self.cells.values()
            if cell.usable
            and not cell.group.all("ff")
            and cell.output is not None
            and (function := cell.output.function) is not None
            and len(function.inputs) == len(cell.inputs) == len(truth).bit_length() - 1
            and function.truth == truth
        ]

    @cached_property
    def flip_flop(self) -> FlipFlop:
        """Smallest flip-flop with a rising edge and nothing else.

        Where there is none, one that inverts, or has a reset.

        Raises
        ------
        LibertyError
            If there is none at all.
        """
        candidates = [each for cell in self.cells.values() if (each := _flip_flop(cell))]
        if not candidates:
            raise LibertyError(f"'{self.source}' cannot be used: it has no D flip-flop.")
        return min(
            candidates,
            key=lambda each: (
                len(each.cell.inputs),
                each.inverting,
                each.cell.area,
                each.cell.name,
            ),
        )

    @cached_property
    def voltage_v(self) -> float | None:
        """Supply; None where the library states none, and for our own."""
        return None if self.is_own else self.tree.number("nom_voltage")

    @cached_property
    def time_ps(self) -> float:
        """One unit of time in picoseconds."""
        return _unit(self.tree.attributes.get("time_unit", "1ns"), "s") * 1e12

    @cached_property
    def capacitance_ff(self) -> float:
        """One unit of capacitance in femtofarads."""
        text = self.tree.attributes.get("capacitive_load_unit", "1,pf")
        return _unit(text.replace(",", ""), "f") * 1e15

    @cached_property
    def leakage_nw(self) -> float | None:
        """One unit of leakage in nanowatts; None where it is not stated."""
        text = self.tree.attributes.get("leakage_power_unit")
        return None if text is None else _unit(text, "w") * 1e9

    @cached_property
    def load(self) -> float:
        """Capacitance at each output, in the library's unit: four inverters."""
        return 4 * self.inverter.inputs[0].capacitance

    @cached_property
    def _fo4(self) -> tuple[float, float]:
        """Delay, and slew at input and output, of an inverter that drives four of its kind."""
        timings = self.inverter.group.all("pin")
        arcs = [arc for pin in timings for arc in pin.all("timing")]
        delays = [table for arc in arcs for table in tables(arc, self.tree, *_DELAYS)]
        slews = [table for arc in arcs for table in tables(arc, self.tree, *_SLEWS)]
        if not delays or not slews:
            raise LibertyError(f"'{self.source}' cannot be used: it has no delays.")
        slew = 0.0
        for _ in range(20):
            slew = _mean(slews, slew, self.load)
        return _mean(delays, slew, self.load), slew

    @property
    def fo4_ps(self) -> float:
        """Delay of an inverter that drives four of its kind; for our own library 5 tau."""
        return self._fo4[0] * self.time_ps

    @property
    def slew(self) -> float:
        """Slew that energies are looked up with, in the library's unit."""
        return self._fo4[1]

    @property
    def constraints(self) -> str:
        """Surroundings of a design, as ABC reads them; it multiplies loads by no unit."""
        load = self.load * self.capacitance_ff
        return f"set_driving_cell {self.buffer.name}\nset_load {load:g} [all_outputs]\n"

    def output_energy(self, cell: Cell, pin: str) -> Energy:
        """Internal energy of a toggle of an output."""
        return self._energy(cell.pins[pin].group)

    def clock_energy(self) -> Energy:
        """Internal energy of a clock edge in a flip-flop."""
        return self._energy(self.flip_flop.cell.pins[self.flip_flop.clock].group)

    def _energy(self, pin: Group) -> Energy:
        powers = pin.all("internal_power")
        return Energy(
            tuple(table for power in powers for table in tables(power, self.tree, *_POWERS)),
            self.slew,
        )


def _mean(tables_: list[Table], slew: float, load: float) -> float:
    return sum(table.at(slew, load) for table in tables_) / len(tables_)


def _flip_flop(cell: Cell) -> FlipFlop | None:
    """The cell as a flip-flop with a rising edge, if it is one."""
    groups = cell.group.all("ff")
    if not cell.usable or len(groups) != 1:
        return None
    attributes = groups[0].attributes
    clock = attributes.get("clocked_on", "").strip(" ()")
    stored = attributes.get("next_state", "").strip(" ()")
    data = stored.strip("!'")
    if clock not in cell.pins or data not in cell.pins:
        return None
    state, complement = (*(name.strip() for name in groups[0].arguments.split(",")), "", "")[:2]
    outputs = [
        (
            (stored != data) ^ (function.inputs == (complement,)) ^ (function.truth == _INVERTER),
            name,
        )
        for name, pin in cell.pins.items()
        if (function := pin.function) is not None
        and function.inputs in ((state,), (complement,))
        and function.truth in (_BUFFER, _INVERTER)
    ]
    if not outputs:
        return None
    inverting, output = min(outputs)
    return FlipFlop(cell, clock, data, output, inverting)


def _unit(text: str, symbol: str) -> float:
    match = re.fullmatch(rf"\s*([\d.eE+-]*)\s*([fpnum]?){symbol}\s*", text.strip('" ').lower())
    if match is None:
        raise LibertyError(f"A cell library has the unit '{text}'.")
    return float(match[1] or 1) * _PREFIXES[match[2]]


def load_library(path: Path) -> Library:
    """Read a user's Liberty file.

    Raises
    ------
    LibertyError
        If it cannot be read, or is no Liberty file.
    """
    return Library(read_text(path), str(path))


def own_library() -> Library:
    """Our own library, as it is shipped."""
    return load_library(Path(__file__).with_name(f"{OWN}.lib"))
