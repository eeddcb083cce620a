"""A design as Yosys reads it, bit by bit: who drives what, under which name, from which line."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby
from typing import Any

from fp8mac.hw.config.errors import Error

__all__ = ["Bit", "CircuitError", "FlatModule"]

#: A net by its number, or a constant: ``0``, ``1``, ``x``, ``z``.
Bit = int | str

_BITWISE = frozenset("$and $or $xor $xnor $not $mux $pos $buf $bweqx $bwmux".split())

#: A wire, or a part of it, in RTLIL.
_SIGNAL = r"([\\$]\S+)(?: \[(\d+)(?::(\d+))?\])?"


class CircuitError(Error, ValueError):
    """A circuit that is not a unit; the message is one sentence for the user."""


class FlatModule:
    """One flat module.

    Parameters
    ----------
    text, rtlil : str
        What Yosys' ``write_json`` and ``write_rtlil`` write.
    top : str
        The module.
    file : str
        How its source is called in messages.
    """

    def __init__(self, text: str, rtlil: str, top: str, file: str) -> None:
        self.modules: dict[str, Any] = json.loads(text)["modules"]
        module = self.modules[top]
        self.file = file
        self.ports: dict[str, Any] = module["ports"]
        self.cells: dict[str, Any] = module["cells"]
        self._rtlil = rtlil
        self._nets: dict[str, Any] = module["netnames"]
        self.drivers: dict[Bit, list[tuple[str, int]]] = {}
        for name, cell in self.cells.items():
            for port in cell.get("port_directions", ()):
                if cell["port_directions"][port] == "output":
                    for at, bit in enumerate(cell["connections"][port]):
                        self.drivers.setdefault(bit, []).append((name, at))

    def is_bitwise(self, cell: str) -> bool:
        """Whether an output bit of a cell depends on the input bits of the same place only."""
        return self.cells[cell]["type"] in _BITWISE

    def sources(self, cell: str, at: int, *, but: Iterable[str] = ()) -> Iterator[Bit]:
        """Bits that output bit ``at`` of a cell depends on, except through some ports."""
        facts = self.cells[cell]
        for port, bits in facts["connections"].items():
            if facts["port_directions"][port] != "input" or port in but:
                continue
            if port == "S" or not self.is_bitwise(cell):
                yield from bits
            elif at < len(bits):
                yield bits[at]
            elif int(facts["parameters"].get(f"{port}_SIGNED", "0"), 2):
                yield bits[-1]

    def name(self, bits: Iterable[Bit]) -> str:
        """Net that some bits belong to, quoted, as in ``'acc[3:0]'``; empty if it has no name."""
        found = [self._names[bit] for bit in bits if bit in self._names]
        if not found:
            return ""
        net = found[0][0]
        return self.slice(net, {at for other, at in found if other == net})

    def nearest(self, bit: str) -> str:
        """Best name of a bit ``net[at]``, or ``net``, of all that it has."""
        match = re.fullmatch(r"(.+?)(?:\[(\d+)\])?", bit)
        assert match is not None
        facts = self._nets.get(match[1])
        if facts is None or (number := facts["bits"][int(match[2] or 0)]) not in self._names:
            return bit
        net, at = self._names[number]
        return f"{net}[{at}]" if len(self._nets[net]["bits"]) > 1 else net

    def slice(self, net: str, places: Iterable[int]) -> str:
        """Bits of a net by their places, the lowest being 0, as they are written in Verilog."""
        facts, places = self._nets[net], sorted(places)
        if len(places) == (width := len(facts["bits"])):
            return f"'{net}'"
        offset, falls = facts.get("offset", 0), not facts.get("upto")
        texts = []
        # Places that follow each other differ from their rank by the same number.
        for _, group in groupby(enumerate(places), lambda each: each[1] - each[0]):
            run = [offset + (at if falls else width - 1 - at) for _, at in group]
            texts.append(f"'{net}[{run[-1]}:{run[0]}]'" if len(run) > 1 else f"'{net}[{run[0]}]'")
        return " and ".join(texts)

    def assigned_twice(self) -> Iterator[tuple[str, list[int]]]:
        """Nets of which some bits are assigned more than once, and the places of these bits."""
        count: Counter[tuple[str, int]] = Counter()
        target = rf"^  connect ({_SIGNAL}|\{{ (?:{_SIGNAL} )*\}}) "
        for match in re.finditer(target, self._rtlil, re.MULTILINE):
            for name, high, low in re.findall(_SIGNAL, match[1].strip("{ }")):
                net = name.removeprefix("\\")
                first = int(low or high or 0)
                last = int(high) if high else len(self._nets[net]["bits"]) - 1
                count.update((net, at) for at in range(first, last + 1))
        twice = sorted(place for place, times in count.items() if times > 1)
        for net, places in groupby(twice, lambda place: place[0]):
            yield net, [at for _, at in places]

    def place(self, *attributed: Any) -> str:
        """File and line of the first cell or net that has them, as a prefix of a sentence."""
        for each in attributed:
            if match := re.match(r"(.+?):(\d+)", each.get("attributes", {}).get("src", "")):
                return f"{self.file if match[1] == 'design' else match[1]}:{match[2]}: "
        return f"{self.file}: " if self.file else ""

    def place_of(self, bits: Iterable[Bit]) -> str:
        """Where the net is declared that some bits belong to."""
        found = [self._nets[self._names[bit][0]] for bit in bits if bit in self._names]
        return self.place(*found)

    def place_of_net(self, net: str) -> str:
        """Where a net is declared."""
        return self.place(self._nets.get(net, {}))

    @cached_property
    def _names(self) -> dict[Bit, tuple[str, int]]:
        """Best name of every bit: a port, else what is nearest to the top."""

        def rank(net: str) -> tuple[bool, int, int, str]:
            return (net not in self.ports, net.count("."), len(net), net)

        names: dict[Bit, tuple[str, int]] = {}
        for net in sorted(self._nets, key=rank):
            if not self._nets[net]["hide_name"]:
                for at, bit in enumerate(self._nets[net]["bits"]):
                    if isinstance(bit, int):
                        names.setdefault(bit, (net, at))
        return names
