"""A mapped netlist as a function: every gate once, on thousands of stimuli in parallel.

A signal is a vector of 64-bit words; bit *i* of word *w* is its value in stimulus ``64 * w + i``.
A gate is one or two numpy operations on the whole batch. What is evaluated is the very
netlist that was counted, so a wrong optimisation is caught like a wrong circuit.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.check.blif import GATES, read_blif

__all__ = ["Netlist", "pack", "unpack"]

Words = NDArray[np.uint64]

_ONES = np.uint64(0xFFFF_FFFF_FFFF_FFFF)

_CONSTANTS = {"ZERO": np.uint64(0), "ONE": _ONES}

_PORT_BIT = re.compile(r"(.+?)(?:\[(\d+)\])?")


def pack(values: NDArray[np.uint64], width: int) -> list[Words]:
    """Spread integers over bit signals.

    Parameters
    ----------
    values : ndarray of uint64, shape (n,) or (n, k)
        One integer a stimulus; with two dimensions, ``k`` words of it, least significant first.
    width : int
        Bits of the signal.

    Returns
    -------
    list of ndarray of uint64, shape (ceil(n / 64),)
        One vector for each bit, least significant first.
    """
    columns = values.reshape(len(values), -1)
    padded = np.zeros((-(-len(values) // 64) * 64, columns.shape[1]), np.uint64)
    padded[: len(values)] = columns
    signals = []
    for bit in range(width):
        column = (padded[:, bit // 64] >> np.uint64(bit % 64)) & np.uint64(1)
        signals.append(np.packbits(column.astype(bool), bitorder="little").view(np.uint64))
    return signals


def unpack(signals: list[Words], count: int) -> NDArray[np.uint64]:
    """Gather bit signals to integers: the inverse of `pack`.

    Returns
    -------
    ndarray of uint64, shape (count, ceil(len(signals) / 64))
        Words of one integer a stimulus, least significant first.
    """
    values = np.zeros((count, -(-len(signals) // 64)), np.uint64)
    for bit, signal in enumerate(signals):
        column = np.unpackbits(signal.view(np.uint8), bitorder="little")[:count]
        values[:, bit // 64] |= column.astype(np.uint64) << np.uint64(bit % 64)
    return values


@dataclass(frozen=True)
class Netlist:
    """A combinational netlist of two-input gates and inverters.

    Parameters
    ----------
    inputs, outputs : tuple of str
        Names of the bits of the ports, ``a[0]``, ``a[1]``, or ``en`` for a port of one bit.
    gates : tuple of (cell, output, inputs)
        In topological order.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    gates: tuple[tuple[str, str, tuple[str, ...]], ...]

    @classmethod
    def from_blif(cls, text: str) -> "Netlist":
        """Read the mapped BLIF of a combinational module.

        Raises
        ------
        ValueError
            If the text holds anything but ``.gate`` lines of known cells, or a loop.
        """
        found = read_blif(text)
        lines = [*found.others, *(" ".join((".names", *t.inputs, t.output)) for t in found.tables)]
        if lines:
            raise ValueError(f"The netlist has a line that is not a gate: '{lines[0]}'.")
        for gate in found.gates:
            if gate.cell not in GATES and gate.cell not in _CONSTANTS:
                raise ValueError(f"The netlist has a cell '{gate.cell}' that is not a gate.")
        pending = {gate.output: (gate.cell, gate.inputs) for gate in found.gates}
        return cls(found.inputs, found.outputs, _in_order(pending))

    @cached_property
    def ports(self) -> dict[str, int]:
        """Width of each port, inputs and outputs."""
        widths: dict[str, int] = {}
        for bit in self.inputs + self.outputs:
            port, index = _split(bit)
            widths[port] = max(widths.get(port, 0), index + 1)
        return widths

    def evaluate(self, stimuli: Mapping[str, NDArray[np.uint64]]) -> dict[str, NDArray[np.uint64]]:
        """Outputs for a batch of inputs.

        Parameters
        ----------
        stimuli : mapping of str to ndarray of uint64, shape (n,) or (n, k)
            Integers for every input port, see `pack`.

        Returns
        -------
        dict of str to ndarray of uint64, shape (n, k)
            Integers of every output port, see `unpack`.
        """
        count = len(next(iter(stimuli.values())))
        packed = {port: pack(values, self.ports[port]) for port, values in stimuli.items()}
        signals: dict[str, Words] = {}
        for bit in self.inputs:
            port, index = _split(bit)
            signals[bit] = packed[port][index]
        results = self.evaluate_packed(signals)
        gathered: dict[str, list[Words]] = {}
        for bit in self.outputs:
            port, index = _split(bit)
            row = gathered.setdefault(port, [])
            row.extend([results[bit]] * (index + 1 - len(row)))
            row[index] = results[bit]
        return {port: unpack(row, count) for port, row in gathered.items()}

    def evaluate_packed(self, signals: Mapping[str, Words]) -> dict[str, Words]:
        """Values of all signals, given those of the input bits as words of 64 stimuli."""
        values = dict(signals)
        length = len(next(iter(values.values())))
        for cell, output, arguments in self.gates:
            if cell in _CONSTANTS:
                values[output] = np.full(length, _CONSTANTS[cell])
            else:
                values[output] = GATES[cell](*(values[name] for name in arguments))
        return values


def _split(bit: str) -> tuple[str, int]:
    match = _PORT_BIT.fullmatch(bit)
    assert match is not None
    return match[1], int(match[2] or 0)


def _in_order(
    pending: dict[str, tuple[str, tuple[str, ...]]],
) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Sort gates so that each stands behind those that drive it."""
    done: dict[str, None] = {}
    for root in pending:
        stack = [(root, iter(pending[root][1]))] if root not in done else []
        open_ = {root}
        while stack:
            name, drivers = stack[-1]
            for driver in drivers:
                if driver in pending and driver not in done:
                    if driver in open_:
                        raise ValueError(f"The netlist has a loop through '{driver}'.")
                    open_.add(driver)
                    stack.append((driver, iter(pending[driver][1])))
                    break
            else:
                done[name] = None
                open_.discard(name)
                stack.pop()
    return tuple((pending[name][0], name, pending[name][1]) for name in done)
