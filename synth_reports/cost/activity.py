"""How often each net of a mapped unit toggles: many sums in parallel, one bit of a word each.

A lane (bit of a word) is a sum; ``en`` is high::

    cycle      0      1      2    ...   n-1     n
    clear      1      0      0    ...    0      1       the last one begins the next lane's sum
    counted           <----------- n edges ------>

A unit of two stages is counted a cycle later. *Functional* toggles compare the settled values of
two cycles, as if cells had no delay. *Unit-delay* toggles let every cell take one unit of time, and
count each change on the way.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.ports import Port, Role, wires
from fp8mac.sim.check.blif import BlifGate, read_blif
from fp8mac.sim.check.netlist import pack
from fp8mac.synth_reports.liberty.functions import Function, parse_function
from fp8mac.synth_reports.liberty.library import Library

__all__ = ["Activity", "CellNetlist", "Gate", "simulate"]

Words = Codes = NDArray[np.uint64]
_TIMED_WORDS = 8  # words of sums that are simulated with glitches
_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True)
class Gate:
    """A cell of a netlist.

    Parameters
    ----------
    cell : str
        Its name in the library; empty for a constant or an alias.
    output : str
        Net that it drives.
    function : Function
        Of its pins.
    pins : dict of str to str
        Net of each input pin.
    """

    cell: str
    output: str
    function: Function
    pins: dict[str, str]


@dataclass(frozen=True)
class CellNetlist:
    """A mapped netlist, see `fp8mac.synth_reports.synth.synthesis.Synthesis`.

    Parameters
    ----------
    inputs, outputs : tuple of str
        Bits of the ports, ``a[0]``.
    gates : tuple of Gate
        In topological order.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    gates: tuple[Gate, ...]

    @classmethod
    def from_blif(cls, text: str, library: Library) -> "CellNetlist":
        """Read mapped BLIF.

        Raises
        ------
        ValueError
            If it has a cell that the library has not, or a loop.
        """
        blif = read_blif(text)
        found = {gate.output: gate for gate in (_gate(each, library) for each in blif.gates)}
        for table in blif.tables:
            function = parse_function("A" if table.inputs else "1" if "1" in table.rows else "0")
            pins = dict(zip("A", table.inputs, strict=False))
            found[table.output] = Gate("", table.output, function, pins)
        for net in set(blif.outputs) & set(found):
            if _is_wire(found[net], blif.inputs, library):
                found[net] = replace(found[net], cell="")
        return cls(blif.inputs, blif.outputs, _in_order(found))

    @cached_property
    def nets(self) -> dict[str, int]:
        """Number of each net: inputs, then outputs of gates."""
        names = [*self.inputs, *(gate.output for gate in self.gates)]
        return {name: number for number, name in enumerate(names)}

    @cached_property
    def depths(self) -> list[tuple[int, int]]:
        """Cells on the shortest and on the longest way to each gate's output."""
        known: dict[str, tuple[int, int]] = {}
        for gate in self.gates:
            before = [known.get(net, (0, 0)) for net in gate.pins.values()]
            known[gate.output] = (
                min((low for low, _ in before), default=-1) + 1,
                max((high for _, high in before), default=-1) + 1,
            )
        return [known[gate.output] for gate in self.gates]


def _is_wire(gate: Gate, inputs: tuple[str, ...], library: Library) -> bool:
    """Whether it is a buffer from port to port, which ABC writes for what is a wire."""
    return gate.cell in library.buffers and not set(gate.pins.values()) - set(inputs)


_CONSTANTS = {"_const0_": "0", "_const1_": "1"}
"""What ABC calls an output that is always the same, in a library without such a cell."""


def _gate(gate: BlifGate, library: Library) -> Gate:
    nets, cell = dict(gate.pins), library.cells.get(gate.cell)
    if cell is None and gate.cell in _CONSTANTS:
        (output,) = nets.values()
        return Gate("", output, parse_function(_CONSTANTS[gate.cell]), {})
    if cell is None or cell.output is None or cell.output.function is None:
        raise ValueError(f"The netlist has a cell '{gate.cell}' that the library has not.")
    output = nets.pop(cell.output.name)
    return Gate(gate.cell, output, cell.output.function, nets)


def _in_order(found: dict[str, Gate]) -> tuple[Gate, ...]:
    """Each gate behind those that drive it."""
    waiting = {
        net: {pin for pin in gate.pins.values() if pin in found} for net, gate in found.items()
    }
    readers = defaultdict(list)
    for net, drivers in waiting.items():
        for driver in drivers:
            readers[driver].append(net)
    ready = [net for net, drivers in waiting.items() if not drivers]
    for net in ready:
        for reader in readers[net]:
            waiting[reader].discard(net)
            if not waiting[reader]:
                ready.append(reader)
    if len(ready) < len(found):
        raise ValueError("The netlist has a loop.")
    return tuple(found[net] for net in ready)


@dataclass(frozen=True)
class _Bank:
    """Gates of one function that are evaluated at once."""

    function: Function
    outputs: NDArray[np.intp]
    inputs: dict[str, NDArray[np.intp]]

    def __call__(self, values: Words) -> Words:
        if not self.inputs:
            constant = self.function({}, one=_ONES)
            return np.full((len(self.outputs), values.shape[1]), constant)
        return self.function({pin: values[nets] for pin, nets in self.inputs.items()}, one=_ONES)


def _banks(circuit: CellNetlist, chosen: list[int]) -> list[_Bank]:
    gates = sorted((circuit.gates[each] for each in chosen), key=_kind)
    banks = []
    for _, group in groupby(gates, key=_kind):
        same = list(group)
        function = same[0].function
        outputs = np.array([circuit.nets[gate.output] for gate in same])
        inputs = {
            pin: np.array([circuit.nets[gate.pins[pin]] for gate in same])
            for pin in function.inputs
        }
        banks.append(_Bank(function, outputs, inputs))
    return banks


def _kind(gate: Gate) -> tuple[str, tuple[str, ...]]:
    return gate.function.code, gate.function.inputs


@dataclass(frozen=True)
class Activity:
    """Toggles of nets.

    Parameters
    ----------
    cycles, unit_delay_cycles : int
        Clock cycles that were counted, over all sums.
    functional, unit_delay : dict of str to float
        Toggles of each net in a cycle; those of ``unit_delay`` with glitches.
    """

    cycles: int
    unit_delay_cycles: int
    functional: dict[str, float]
    unit_delay: dict[str, float]


def simulate(
    circuit: CellNetlist,
    table: tuple[Port, ...],
    flip_flops: int,
    a: Codes,
    b: Codes,
    *,
    stages: int = 1,
    scales: Sequence[Codes] = (),
) -> Activity:
    """Clock a unit through sums, and count.

    Parameters
    ----------
    circuit : CellNetlist
        The unit, and the ports ``ff_q`` and ``ff_d`` in place of its flip-flops.
    table : tuple of Port
        Its ports; those that its netlist has not are left alone.
    flip_flops : int
        Bits of ``ff_q``.
    a, b : ndarray of uint64, shape (cycles, sums) or (cycles, sums, k)
        Operands, ``scales`` beside; a column is a sum. Unit-delay toggles are of the first 512.
    stages : int
        Edges from the operands to their sum.
    """
    length, sums = a.shape[:2]
    mask = pack(np.ones(sums, np.uint64), 1)[0]
    depths = [high for _, high in circuit.depths]
    banks = [
        bank
        for depth in range(max(depths, default=0) + 1)
        for bank in _banks(circuit, [gate for gate, high in enumerate(depths) if high == depth])
    ]
    values = np.zeros((len(circuit.nets), len(mask)), np.uint64)
    functional, history = np.zeros(len(circuit.nets), np.int64), []
    for cycle, changes in enumerate(_stimuli(circuit, table, (a, b, *scales), stages), 1 - stages):
        before = values.copy()
        for bit in range(flip_flops):
            values[circuit.nets[f"ff_q[{bit}]"]] = before[circuit.nets[f"ff_d[{bit}]"]]
        for net, words in changes.items():
            values[net] = words
        for bank in banks:
            values[bank.outputs] = bank(values)
        if cycle > 0:
            functional += _toggles(before, values, mask)
        if cycle >= 0:
            history.append(values[:, :_TIMED_WORDS].copy())
    timed = _timed(circuit, history, mask[:_TIMED_WORDS])
    counts = (length * sums, length * min(sums, 64 * _TIMED_WORDS))
    per_net = (
        {net: float(toggles[number]) / cycles for net, number in circuit.nets.items()}
        for toggles, cycles in zip((functional, timed), counts, strict=True)
    )
    return Activity(*counts, *per_net)


def _stimuli(
    circuit: CellNetlist, table: tuple[Port, ...], given: Sequence[Codes], stages: int
) -> Iterator[dict[int, Words]]:
    """Words of each input net but the registers, cycle by cycle; half of what rescales is ones."""
    operands = [port for role in (Role.OPERAND, Role.SCALE) for port in table if port.role is role]
    zero, rng = np.zeros(-(-given[0].shape[1] // 64), np.uint64), np.random.default_rng(1)
    held = dict.fromkeys(wires(table, Role.RESCALE)[::2], ~zero)
    for cycle in range((length := len(given[0])) + stages):
        levels = (~zero, zero if cycle % length else ~zero, zero, zero)
        words = dict(zip(wires(table, Role.CONTROL, Role.RESET, Role.CLOCK), levels, strict=True))
        random = rng.integers(1 << 64, size=(32, len(zero)), dtype=np.uint64)  # or fewer
        words |= held | dict(zip(wires(table, Role.RANDOM), random, strict=False))
        for port, each in zip(operands, given, strict=True):
            codes = np.roll(each[cycle % length], -(cycle // length), axis=0)
            words |= zip(port.wires, pack(codes, port.bits), strict=True)
        yield {circuit.nets[net]: each for net, each in words.items() if net in circuit.nets}


def _timed(circuit: CellNetlist, history: list[Words], mask: Words) -> NDArray[np.int64]:
    """Unit-delay toggles: all clock edges at once, each from one settled state to the next."""
    values, settled = np.hstack(history[:-1]), np.hstack(history[1:])
    masks = np.tile(mask, len(history) - 1)
    toggles = np.zeros(len(circuit.nets), np.int64)
    inputs = slice(0, len(circuit.inputs))
    toggles[inputs] = _toggles(values[inputs], settled[inputs], masks)
    values[inputs] = settled[inputs]
    depths = circuit.depths
    for time in range(max((high for _, high in depths), default=0) + 1):
        active = [gate for gate, (low, high) in enumerate(depths) if low <= time <= high]
        banks = _banks(circuit, active)
        changed = [bank(values) for bank in banks]
        for bank, new in zip(banks, changed, strict=True):
            toggles[bank.outputs] += _toggles(values[bank.outputs], new, masks)
            values[bank.outputs] = new
    assert np.array_equal(values & masks, settled & masks)
    return toggles


def _toggles(old: Words, new: Words, mask: Words) -> NDArray[np.int64]:
    return np.bitwise_count((old ^ new) & mask).sum(axis=1, dtype=np.int64)
