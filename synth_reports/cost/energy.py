"""Energy of a multiply-accumulate step, from the toggles of the mapped unit.

::

    E = sum over nets     toggles * C / 2 * V^2               switching: pins that the net drives,
                                                              V that of the cell that drives it
      + sum over outputs  toggles * E_internal(slew, load)    internal: inside of cells
      + flip-flops * (2 * E_internal(clock) + C_clock * V^2)  clock: two edges a cycle
      + leakage * cycle                                       the unit clocked as fast as it can

Wires have no capacitance, outputs of the unit drive nothing, and every energy inside a cell is
looked up with the slew of an inverter that drives four. What toggles is counted twice: without
glitches (cells without delay), and with those of cells that all take the same time. The truth is in
between, or somewhat above where cells differ in delay.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from fp8mac.synth_reports.cost.activity import CellNetlist
from fp8mac.synth_reports.liberty.library import Library
from fp8mac.synth_reports.liberty.power import leakage

__all__ = ["CycleEnergy", "energy_per_cycle", "leakage_nw", "loads"]


@dataclass(frozen=True)
class CycleEnergy:
    """Energy of a cycle, in pJ, or for our own library in C_inv V^2.

    Parameters
    ----------
    switching, clock_pins : float
        Charging what nets and the clock drive.
    internal, clock_internal : float or None
        Inside of cells; None where the library does not state it.
    """

    switching: float
    clock_pins: float
    internal: float | None
    clock_internal: float | None

    @property
    def dynamic(self) -> float | None:
        """All of it; None where a part is not known."""
        if self.internal is None or self.clock_internal is None:
            return None
        return self.switching + self.clock_pins + self.internal + self.clock_internal


def loads(circuit: CellNetlist, library: Library) -> dict[str, float]:
    """Capacitance of the pins on each net, in the library's unit."""
    found: dict[str, float] = defaultdict(float)
    for gate in circuit.gates:
        if gate.cell:
            pins = library.cells[gate.cell].pins
            for pin, net in gate.pins.items():
                found[net] += pins[pin].capacitance
    data = library.flip_flop.cell.pins[library.flip_flop.data].capacitance
    for net in circuit.outputs:
        if net.startswith("ff_d["):
            found[net] += data
    return dict(found)


def energy_per_cycle(
    circuit: CellNetlist, library: Library, toggles: Mapping[str, float], flip_flops: int
) -> CycleEnergy:
    """Energy of a cycle, leakage aside.

    Parameters
    ----------
    circuit : CellNetlist
        The unit, mapped to ``library``.
    toggles : mapping of str to float
        Of each net in a cycle.
    flip_flops : int
        Bits of its registers.
    """
    load = loads(circuit, library)
    capacitance, internal_unit = _units(library)
    flip_flop = library.flip_flop
    volts = {
        gate.output: library.volts(library.cells[gate.cell]) for gate in circuit.gates if gate.cell
    }
    usual, clock_volts = library.volts(library.inverter), library.volts(flip_flop.cell)
    volts |= {f"ff_q[{bit}]": clock_volts for bit in range(flip_flops)}
    switched = sum(
        toggles[net] * load.get(net, 0.0) * volts.get(net, usual) ** 2 / 2 for net in toggles
    )
    clock_energy = library.clock_energy().at(0.0)
    clock_pin = flip_flop.cell.pins[flip_flop.clock].capacitance
    kinds = {name: library.cells[name] for name in {gate.cell for gate in circuit.gates} if name}
    energies = {
        name: library.output_energy(cell, cell.output.name)
        for name, cell in kinds.items()
        if cell.output is not None
    }
    outputs = [(energies[gate.cell], gate.output) for gate in circuit.gates if gate.cell]
    register = library.output_energy(flip_flop.cell, flip_flop.output)
    outputs += [(register, f"ff_q[{bit}]") for bit in range(flip_flops)]
    known = {(each, net): each.at(load.get(net, 0.0)) for each, net in outputs}
    internal: float | None = 0.0
    for key, value in known.items():
        internal = None if internal is None or value is None else internal + toggles[key[1]] * value
    return CycleEnergy(
        switched * capacitance,
        flip_flops * clock_pin * capacitance * clock_volts**2,
        None if internal is None else internal * internal_unit,
        None if clock_energy is None else 2 * flip_flops * clock_energy * internal_unit,
    )


def _units(library: Library) -> tuple[float, float]:
    """Energies of one unit of capacitance at 1 V and of one unit of internal energy, in pJ."""
    if library.is_own:
        return 1.0, 1.0
    return library.units.capacitance * 1e-3, library.units.energy * 1e-3


def leakage_nw(circuit: CellNetlist, library: Library, flip_flops: int) -> float | None:
    """Leakage of the unit; None where the library does not state that of each of its cells."""
    unit = library.leakage_nw
    if unit is None:
        return None
    total = 0.0
    cells = [library.cells[gate.cell] for gate in circuit.gates if gate.cell]
    for cell, count in Counter((*cells, *[library.flip_flop.cell] * flip_flops)).items():
        each = leakage(cell)
        if each is None:
            return None
        total += count * each
    return total * unit
