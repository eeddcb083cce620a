"""Whether a design is what proofs take it for: decided on the netlist that Yosys reads.

A proof sees a circuit as a function of inputs and state, so it would not notice another clock.
Hence all that an output hangs on is followed back, through registers as well:

============  =================================================================================
input ports   those of a unit or a core, no more and no fewer, with their widths
flip-flops    on the rising edge of the one input ``clk``, directly; in a core there are none
``clk``       reaches clock pins only
other state   none: no latches, no memories that are written, nothing set asynchronously
nets          one driver each, never ``z``; no loops, no comparison with ``x`` or ``z``
cells         logic: no free values of formal tools, no modules without an inside
============  =================================================================================
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from fp8mac.hw.config.ports import Port, Role
from fp8mac.proofs.check.netlist import Bit, CircuitError, FlatModule
from fp8mac.proofs.check.ports import check_drivers, check_ports

__all__ = ["Anatomy", "structure_of"]


@dataclass(frozen=True)
class Anatomy:
    """What is worth knowing of a sound design where its proof fails.

    Parameters
    ----------
    hidden : tuple of str
        Place and name of registers that outputs hang on and that are no outputs.
    unknown : tuple of str
        Places of cells that read an ``x``, or perhaps a bit beyond a vector.
    indexes : bool
        Whether there are such bits.
    ripples : bool
        Whether bits of a vector depend on others of the same vector, as in a ripple carry.
    """

    hidden: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]
    indexes: bool
    ripples: bool


_FLIP_FLOP = re.compile(r"\$(s?dffe?|sdffce)")
_SET = re.compile(r"\$(adffe?|aldffe?|dffsre?)")
_LATCH = re.compile(r"\$(a?dlatch|dlatchsr|sr)")
_MEMORY = re.compile(r"\$mem(rd|wr|init)?(_v2)?")
_FREE = re.compile(r"\$(any|all)(const|seq)|\$initstate")
_COMPARISON = frozenset("$eq $ne $eqx $nex $lt $le $ge $gt".split())
_LOGIC = _COMPARISON | frozenset(
    "$not $pos $neg $buf $and $or $xor $xnor $mux $pmux $bmux $demux $bwmux $bweqx $add $sub $mul"
    " $div $mod $divfloor $modfloor $shl $shr $sshl $sshr $shift $shiftx $reduce_and $reduce_or"
    " $reduce_xor $reduce_xnor $reduce_bool $logic_not $logic_and $logic_or".split()
)
_SETTING_PINS = ("ARST", "ALOAD", "SET", "CLR")
_HOLDING_PINS = ("EN", "SET")


def structure_of(netlist: FlatModule, top: str, table: tuple[Port, ...]) -> Anatomy:
    """Check a design.

    Parameters
    ----------
    netlist : FlatModule
        The flat design.
    top : str
        Its name.
    table : tuple of Port
        The ports that it has to have; more outputs are allowed. Without a clock among them it has
        to be combinational.

    Raises
    ------
    CircuitError
        If it is not as the table above says; the first fault is named, with file and line.
    """
    check_ports(netlist, top, table)
    check_drivers(netlist)
    return _Walk(netlist, table).run()


class _Walk:
    """From the outputs back to the inputs."""

    def __init__(self, netlist: FlatModule, table: tuple[Port, ...]) -> None:
        self.netlist = netlist
        found = netlist.ports
        self.inputs = {
            bit for port in found.values() if port["direction"] == "input" for bit in port["bits"]
        }
        self.state = {
            bit for port in table if not port.is_input for bit in found[port.name]["bits"]
        }
        clock = next((port.name for port in table if port.role is Role.CLOCK), None)
        self.clock = None if clock is None else found[clock]["bits"][0]
        self.written = {
            cell["parameters"]["MEMID"]
            for cell in netlist.cells.values()
            if cell["type"].startswith("$memwr")
        }
        #: What bits, and cells that are not taken bit by bit, hang on without a register.
        self.logic: dict[Bit, list[Bit]] = {}
        self.hidden: dict[tuple[str, str], None] = {}
        self.unknown: dict[str, None] = {}
        self.indexes = False

    def run(self) -> Anatomy:
        for port, facts in self.netlist.ports.items():
            if facts["direction"] == "output":
                self._check_output(port, facts["bits"])
                self._follow(port, facts["bits"])
        self._check_loops()
        return Anatomy(
            tuple(self.hidden), tuple(self.unknown), self.indexes, ripples=self._ripples()
        )

    def _check_output(self, port: str, bits: list[Bit]) -> None:
        netlist, place = self.netlist, self.netlist.place_of_net(port)
        loose = [bit for bit in bits if isinstance(bit, int) and not self._is_driven(bit)]
        if loose:
            raise CircuitError(f"{place}Nothing drives the output {netlist.name(loose)}.")
        for value in ("x", "z"):
            if at := [at for at, bit in enumerate(bits) if bit == value]:
                raise CircuitError(f"{place}The output {netlist.slice(port, at)} is {value}.")
        if self.clock in bits:
            raise CircuitError(f"{place}The output '{port}' is the clock.")

    def _follow(self, port: str, bits: list[Bit]) -> None:
        netlist = self.netlist
        ahead: list[tuple[Bit, str]] = [(bit, "") for bit in reversed(bits)]
        while ahead:
            bit, reader = ahead.pop()
            cell = netlist.cells.get(reader, {})
            if bit in ("x", "z"):
                self._check_constant(bit, cell)
            elif bit == self.clock:
                raise CircuitError(
                    f"{netlist.place(cell)}'clk' is used as data; it may clock flip-flops only."
                )
            if isinstance(bit, str) or bit in self.logic or bit in self.inputs:
                continue
            if not self._is_driven(bit):
                net = netlist.name([bit]) or "a net"
                raise CircuitError(
                    f"{netlist.place_of([bit])}Nothing drives {net}, which the output '{port}' "
                    "hangs on."
                )
            ((driver, at),) = netlist.drivers[bit]
            node: Bit = bit
            if not netlist.is_bitwise(driver):
                self.logic[bit] = [driver]
                if (node := driver) in self.logic:
                    continue
            is_register = self._is_register(driver)
            if netlist.cells[driver]["type"] == "$shiftx":
                self.indexes = True
                self.unknown[netlist.place(netlist.cells[driver]).removesuffix(": ")] = None
            sources = list(netlist.sources(driver, at, but=("CLK",) * is_register))
            self.logic[node] = (
                [] if is_register else [each for each in sources if isinstance(each, int)]
            )
            ahead += [(source, driver) for source in reversed(sources)]

    def _check_constant(self, bit: Bit, reader: dict[str, Any]) -> None:
        place = self.netlist.place(reader)
        if reader["type"] in _COMPARISON:
            raise CircuitError(f"{place}A comparison with {bit}, which no circuit can make.")
        if bit == "z":
            net = self.netlist.name(reader["connections"].get("Y", [])) or "A net"
            raise CircuitError(f"{place}{net} is left at z where nothing drives it.")
        if not reader["type"].startswith("$mem"):
            self.unknown[place.removesuffix(": ")] = None

    def _is_driven(self, bit: Bit) -> bool:
        return bit in self.inputs or bit in self.netlist.drivers

    def _is_register(self, name: str) -> bool:
        """Whether a cell is a flip-flop on the clock; what is neither that nor logic is refused."""
        netlist, cell = self.netlist, self.netlist.cells[name]
        kind, place = cell["type"], self.netlist.place(cell)
        if kind in _LOGIC or (_MEMORY.fullmatch(kind) and self._is_table(cell)):
            return False
        if _FREE.fullmatch(kind):
            raise CircuitError(f"{place}{kind} is a value of formal tools, which no circuit has.")
        if _MEMORY.fullmatch(kind):
            memory = cell["parameters"]["MEMID"].lstrip("\\")
            raise CircuitError(f"{place}The register '{memory}' is a memory, {self._wanted}.")
        state = cell["connections"].get("Q", [])
        register = f"The register {netlist.name(state)}"
        if _LATCH.fullmatch(kind):
            held = self._describe(_pin(cell, _HOLDING_PINS))
            raise CircuitError(f"{place}{register} is a latch, held by {held}, {self._wanted}.")
        if kind == "$ff":
            raise CircuitError(f"{place}{register} has no clock.")
        if not (_FLIP_FLOP.fullmatch(kind) or _SET.fullmatch(kind)):
            raise CircuitError(f"{place}A cell {kind} cannot be proved.")
        clock = cell["connections"]["CLK"][0]
        rising = int(cell["parameters"]["CLK_POLARITY"], 2) == 1
        if self.clock is None:
            raise CircuitError(f"{place}{register} is one too many; a core has none.")
        if clock != self.clock or not rising:
            edge = f"the {'rising' if rising else 'falling'} edge of " * isinstance(clock, int)
            raise CircuitError(
                f"{place}{register} is clocked by {edge}{self._describe(clock)}, "
                "not by the rising edge of 'clk'."
            )
        if _SET.fullmatch(kind):
            by = self._describe(_pin(cell, _SETTING_PINS))
            raise CircuitError(
                f"{place}{register} is set at any time by {by}, not by the rising edge of 'clk' "
                "alone."
            )
        if hidden := [bit for bit in state if bit not in self.state]:
            self.hidden[place, netlist.name(hidden)] = None
        return True

    @property
    def _wanted(self) -> str:
        return "not a flip-flop" + (" on the rising edge of 'clk'" * (self.clock is not None))

    def _is_table(self, cell: dict[str, Any]) -> bool:
        """Whether a memory is never written and read without a clock: a function."""
        facts = cell["parameters"]
        clocked = facts.get("CLK_ENABLE", "0") + facts.get("RD_CLK_ENABLE", "0")
        ports = int(facts.get("WR_PORTS", "0"), 2)
        return facts["MEMID"] not in self.written and not ports and "1" not in clocked

    def _describe(self, bit: Bit) -> str:
        """A net, and what it hangs on."""
        netlist = self.netlist
        if isinstance(bit, str):
            return f"the constant {bit}"
        net = netlist.name([bit])
        if bit in self.inputs:
            return net
        if not self._is_driven(bit):
            return f"{net or 'a net'}, which nothing drives"
        found, seen = set[str](), set[Bit]()
        ahead: list[Bit] = [bit]
        while ahead:
            if isinstance(source := ahead.pop(), str) or source in seen:
                continue
            seen.add(source)
            drivers = netlist.drivers.get(source, [("", 0)])
            if netlist.cells.get(drivers[0][0], {}).get("type") in _LOGIC:
                ahead += netlist.sources(*drivers[0])
            elif source == bit:
                return f"the register {net}"
            elif name := netlist.name([source]):
                found.add(name)
        sources = " and ".join(sorted(found)) or "nothing"
        return f"{net}, which hangs on {sources}" if net else f"logic of {sources}"

    def _check_loops(self) -> None:
        if loop := _loop(self.logic):
            bits = sorted(bit for bit in loop if isinstance(bit, int))
            place = self.netlist.place(*(self.netlist.cells[self._driver(bit)] for bit in bits))
            net = next(filter(None, (self.netlist.name([bit]) for bit in bits)), "A net")
            raise CircuitError(f"{place}{net} hangs on itself with no register between.")

    def _ripples(self) -> bool:
        """Whether cells depend on themselves, as bits do not."""
        graph: dict[Bit, set[Bit]] = {}
        for node, sources in self.logic.items():
            bits = [bit for bit in sources if isinstance(bit, int) and bit in self.logic]
            graph.setdefault(self._driver(node), set()).update(map(self._driver, bits))
        return _loop(graph) is not None

    def _driver(self, node: Bit) -> str:
        return self.netlist.drivers[node][0][0] if isinstance(node, int) else node


def _loop(graph: Mapping[Bit, Iterable[Bit]]) -> list[Bit] | None:
    """Nodes that depend on each other in a circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def _pin(cell: dict[str, Any], pins: tuple[str, ...]) -> Bit:
    return next(cell["connections"][pin][0] for pin in pins if pin in cell["connections"])
