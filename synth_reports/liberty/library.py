"""A cell library as measurements see it: reference cells, units, energies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import takewhile
from pathlib import Path

from fp8mac.synth_reports.liberty.cells import Cell, Table, make_cells
from fp8mac.synth_reports.liberty.files import read_file
from fp8mac.synth_reports.liberty.flip_flops import FlipFlop, as_flip_flop
from fp8mac.synth_reports.liberty.power import Arcs, internal_energy
from fp8mac.synth_reports.liberty.reader import File, LibertyError
from fp8mac.synth_reports.liberty.units import Units, check_thresholds, read_units, read_voltage
from fp8mac.synth_reports.liberty.writer import plain_text

__all__ = ["OWN", "Library", "ToggleEnergy", "load_library", "own_library"]

OWN = "fp8mac"
"""Name of our own library, which belongs to no technology."""

_DELAYS = ("cell_rise", "cell_fall")
_SLEWS = ("rise_transition", "fall_transition")
_NAND2 = (1, 1, 1, 0)
_INVERTER = (1, 0)
_BUFFER = (0, 1)


@dataclass(frozen=True)
class ToggleEnergy:
    """What toggling costs inside a cell, in the library's unit of energy, at a given load.

    Parameters
    ----------
    arcs : tuple of (float, Table)
        Energies by slew and load, and their weights. Empty where the library states none.
    slew : float
        Slew that they are looked up with.
    """

    arcs: Arcs
    slew: float

    def at(self, load: float) -> float | None:
        """Of one toggle; None where the library states nothing."""
        if not self.arcs:
            return None
        return sum(weight * table.at(self.slew, load) for weight, table in self.arcs)


class Library:
    """A cell library.

    Parameters
    ----------
    text : str
        Liberty.
    source : str
        Where it comes from, for messages.
    more : sequence of File
        Other files that belong to it. The order of all of them does not matter.
    """

    def __init__(self, text: str, source: str, more: Sequence[File] = ()) -> None:
        files = [File(text, source), *more]
        self.files = sorted(files, key=lambda file: _hash(file.text)) if more else files
        self.source = ", ".join(file.name for file in files)

    @property
    def text(self) -> str:
        """Liberty; of several files, one after the other."""
        return "".join(file.text for file in self.files)

    @cached_property
    def sha256(self) -> str:
        """Hash of the text, of several files of their hashes."""
        hashes = [_hash(file.text) for file in self.files]
        return hashes[0] if len(hashes) == 1 else _hash(" ".join(hashes))

    @cached_property
    def name(self) -> str:
        """Name of the group ``library``, of several what they have in common."""
        names = sorted({file.library.arguments for file in self.files})
        alike = takewhile(lambda each: len(set(each)) == 1, zip(*names, strict=False))
        common = "".join(letter for letter, *_ in alike).rstrip("_-.")
        return names[0] if len(names) == 1 or len(common) < 3 else common

    @property
    def is_own(self) -> bool:
        """Whether its units are those of no technology: GE, tau, C_inv V^2."""
        return self.name == OWN

    @cached_property
    def units(self) -> Units:
        """Of all numbers: those of the first file; of leakage, none where a file states none."""
        first, *others = (read_units(file.library) for file in self.files)
        known = all(each.leakage is not None for each in others)
        return first if known else replace(first, leakage=None)

    @cached_property
    def cells(self) -> dict[str, Cell]:
        """Its cells, each there once; an error if there are none."""
        check_thresholds([file.library for file in self.files])
        cells: dict[str, Cell] = {}
        for file in self.files:
            units = read_units(file.library).over(self.units)
            for cell in make_cells(file.library, units):
                if first := cells.get(cell.name):
                    also = first.group.file.place(first.group.at)
                    raise cell.group.error(f"the cell {cell.name} is also in {also}")
                cells[cell.name] = cell
        if not cells:
            raise self._lacks("cells")
        return cells

    def _lacks(self, what: str) -> LibertyError:
        if len(self.files) == 1:
            return self.files[0].library.error(f"library {self.name} has no {what}")
        return LibertyError(f"'{self.source}' cannot be used: together they have no {what}.")

    @cached_property
    def plain(self) -> str:
        """All that ABC and Yosys need of it, as one text that is spelled as they read it."""
        return plain_text(self.name, [file.library for file in self.files], self.cells, self.units)

    def check(self) -> "Library":
        """Make sure that units can be mapped to it.

        Raises
        ------
        LibertyError
            If it is broken, or lacks an inverter, a buffer, a NAND or a flip-flop.
        """
        _ = self.nand2, self.inverter, self.buffer, self.flip_flop, self.fo4_ps, self.plain
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
            raise self._lacks(what)
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
        candidates = [each for cell in self.cells.values() if (each := as_flip_flop(cell))]
        if not candidates:
            raise self._lacks("D flip-flop")
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
    def voltages_v(self) -> tuple[float, ...]:
        """Supplies of its files, each once; empty where one states none, and for our own."""
        found = [read_voltage(file.library) for file in self.files]
        known = sorted({each for each in found if each is not None})
        return () if self.is_own or None in found else tuple(known)

    @property
    def voltage_v(self) -> float | None:
        """Supply of the inverter; None where a file states none, and for our own."""
        return self.volts(self.inverter) if self.voltages_v else None

    def volts(self, cell: Cell) -> float:
        """Supply of a cell, which is that of its file; 1 for our own."""
        return (None if self.is_own else read_voltage(cell.group.file.library)) or 1.0

    @property
    def time_ps(self) -> float:
        """One unit of time in picoseconds."""
        return self.units.time

    @property
    def capacitance_ff(self) -> float:
        """One unit of capacitance in femtofarads."""
        return self.units.capacitance

    @property
    def leakage_nw(self) -> float | None:
        """One unit of leakage in nanowatts; None where it is not stated."""
        return self.units.leakage

    @cached_property
    def load(self) -> float:
        """Capacitance at each output, in the library's unit: four inverters."""
        return 4 * self.inverter.inputs[0].capacitance

    @cached_property
    def _fo4(self) -> tuple[float, float]:
        """Delay, and slew at input and output, of an inverter that drives four of its kind."""
        delays = self.inverter.timings(*_DELAYS)
        slews = self.inverter.timings(*_SLEWS)
        if not delays or not slews:
            raise self.inverter.group.error(f"the inverter {self.inverter.name} has no delays")
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

    def output_energy(self, cell: Cell, pin: str) -> ToggleEnergy:
        """Internal energy of a toggle of an output."""
        return ToggleEnergy(internal_energy(cell, pin), self.slew)

    def clock_energy(self) -> ToggleEnergy:
        """Internal energy of a clock edge in a flip-flop."""
        return self.output_energy(self.flip_flop.cell, self.flip_flop.clock)


def _mean(tables_: list[Table], slew: float, load: float) -> float:
    return sum(table.at(slew, load) for table in tables_) / len(tables_)


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def load_library(*paths: Path) -> Library:
    """Read users' Liberty files, compressed with gzip or not, as one library.

    Raises
    ------
    LibertyError
        If one cannot be read, or is no Liberty file.
    """
    first, *more = (File(read_file(path), str(path)) for path in paths)
    return Library(first.text, first.name, more)


def own_library() -> Library:
    """Our own library, as it is shipped."""
    return load_library(Path(__file__).with_name(f"{OWN}.lib"))
