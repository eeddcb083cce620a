"""Whether a design is what proofs take it for: decided on the netlist that Yosys reads.

A proof sees a circuit as a function of inputs and state, so it would not notice another clock. Hence
all that an output hangs on is followed back, through registers as well:

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
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from fp8mac.proofs.netlist import Bit, Netlist

__all__ = ["CircuitError", "Structure", "structure_of"]


class CircuitError(ValueError):
    """A circuit that is not a unit; the message is one sentence for the user."""


@dataclass(frozen=True)
class Structure:
    """What is worth knowing of a sound design where its proof fails.

    Parameters
    ----------
    hidden : tuple of str
        Place and name of registers that outputs hang on and that are no outputs.
    unknown : tuple of str
        Places of cells that read an ``x``.
    """

    hidden: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


_FLIP_FLOP = re.compile(
    r"\$(s?dffe?|sdffce)|\$_(DFF_[NP]|DFFE_[NP]{2}|SDFF_[NP]{2}[01]|SDFFC?E_[NP]{2}[01][NP])_"
)
_SET = re.compile(
    r"\$(adffe?|aldffe?|dffsre?)"
    r"|\$_(DFF_[NP]{2}[01]|DFFE_[NP]{2}[01][NP]|ALDFFE?_[NP]+|DFFSRE?_[NP]+)_"
)
_LATCH = re.compile(r"\$(a?dlatch|dlatchsr|sr)|\$_(DLATCH|DLATCHSR|SR)_[NP01]+_")
_CLOCKLESS = re.compile(r"\$ff|\$_FF_")
_MEMORY = re.compile(r"\$mem(rd|wr|init)?(_v2)?")
_FREE = re.compile(r"\$(any|all)(const|seq)|\$initstate")
_COMPARISON = frozenset("$eq $ne $eqx $nex $lt $le $ge $gt".split())
_LOGIC = _COMPARISON | frozenset(
    "$not $pos $neg $buf $and $or $xor $xnor $mux $pmux $bmux $demux $bwmux $bweqx $add $sub $mul"
    " $div $mod $divfloor $modfloor $shl $shr $sshl $sshr $shift $shiftx $reduce_and $reduce_or"
    " $reduce_xor $reduce_xnor $reduce_bool $logic_not $logic_and $logic_or $_BUF_ $_NOT_ $_AND_"
    " $_NAND_ $_OR_ $_NOR_ $_XOR_ $_XNOR_ $_ANDNOT_ $_ORNOT_ $_MUX_ $_NMUX_ $_AOI3_ $_OAI3_"
    " $_AOI4_ $_OAI4_".split()
)
_CLOCK_PINS = ("CLK", "C")
_SETTING_PINS = ("ARST", "ALOAD", "SET", "CLR", "L", "R", "S")
_HOLDING_PINS = ("EN", "E", "SET", "S")


def structure_of(
    netlist: Netlist, top: str, inputs: dict[str, int], outputs: dict[str, int], *, core: bool
) -> Structure:
    """Check a design.

    Parameters
    ----------
    netlist : Netlist
        The flat design.
    top : str
        Its name.
    inputs, outputs : dict of str to int
        Width of the ports that it has to have; more outputs are allowed.
    core : bool
        Whether it has to be combinational.

    Raises
    ------
    CircuitError
        If it is not as the table above says; the first fault is named, with file and line.
    """
    _check_ports(netlist, top, inputs, outputs, core=core)
    _check_modules(netlist)
    _check_drivers(netlist)
    return _Walk(netlist, core=core).run()


def _check_ports(
    netlist: Netlist, top: str, inputs: dict[str, int], outputs: dict[str, int], *, core: bool
) -> None:
    for direction, ports in (("input", inputs), ("output", outputs)):
        for port, width in ports.items():
            place, found = netlist.port_place(port), netlist.ports.get(port)
            if found is None:
                raise CircuitError(
                    f"{netlist.place()}The module {top} has no {direction} '{port}' of "
                    f"{_count(width)}."
                )
            if found["direction"] != direction:
                raise CircuitError(
                    f"{place}The port '{port}' of {top} is an {found['direction']}, "
                    f"not an {direction}."
                )
            if len(found["bits"]) != width:
                raise CircuitError(
                    f"{place}The {direction} '{port}' of {top} has {_count(len(found['bits']))}, "
                    f"not {width}."
                )
    for port, facts in netlist.ports.items():
        if port not in inputs and facts["direction"] != "output":
            kind, names = ("core" if core else "unit"), " ".join(inputs)
            raise CircuitError(
                f"{netlist.port_place(port)}The module {top} has an {facts['direction']} too many, "
                f"'{port}'; the inputs of a {kind} are {names}."
            )


def _check_modules(netlist: Netlist) -> None:
    """Every module has an inside, which is in its place by now."""
    for name, cell in netlist.cells.items():
        if not (kind := cell["type"]).startswith("$"):
            place = netlist.place(cell)
            known = netlist.modules.get(kind, {"ports": cell["connections"]})["ports"]
            for port in cell["connections"]:
                if port not in known:
                    raise CircuitError(f"{place}The module '{kind}' has no port '{port}'.")
            raise CircuitError(f"{place}The inside of '{name}' is not known, a module '{kind}'.")


def _check_drivers(netlist: Netlist) -> None:
    """Every net has one driver at most."""
    owner: dict[Bit, str] = {}
    for port, facts in netlist.ports.items():
        for bit in facts["bits"] if facts["direction"] == "input" else ():
            if (other := owner.setdefault(bit, port)) != port:
                raise CircuitError(
                    f"{netlist.port_place(port)}The inputs '{other}' and '{port}' are connected to "
                    "each other."
                )
            if isinstance(bit, str) or bit in netlist.drivers:
                raise CircuitError(
                    f"{netlist.port_place(port)}The input '{port}' is driven inside the module."
                )
    for bit, drivers in netlist.drivers.items():
        cells = [netlist.cells[name] for name, _ in drivers]
        if isinstance(bit, str):
            raise CircuitError(f"{netlist.place(*cells)}A net is driven by logic and a constant.")
        if len(drivers) > 1:
            places = sorted({netlist.place(cell).removesuffix(": ") for cell in cells})
            both = f" ({' and '.join(places)})" if len(places) > 1 else ""
            raise CircuitError(
                f"{netlist.place_of([bit])}The net {netlist.name([bit])} has several drivers{both}."
            )


class _Walk:
    """From the outputs back to the inputs."""

    def __init__(self, netlist: Netlist, *, core: bool) -> None:
        self.netlist, self.core = netlist, core
        ports = netlist.ports
        self.inputs = {
            bit for port in ports.values() if port["direction"] == "input" for bit in port["bits"]
        }
        self.state = {
            bit for port in ports.values() if port["direction"] == "output" for bit in port["bits"]
        }
        self.clock = None if core else ports["clk"]["bits"][0]
        self.written = {
            cell["parameters"]["MEMID"]
            for cell in netlist.cells.values()
            if cell["type"].startswith("$memwr")
        }
        #: What bits, and cells that are not taken bit by bit, hang on without a register.
        self.logic: dict[Bit, list[Bit]] = {}
        self.hidden: dict[tuple[str, str], None] = {}
        self.unknown: dict[str, None] = {}

    def run(self) -> Structure:
        for port, facts in self.netlist.ports.items():
            if facts["direction"] == "output":
                self._check_output(port, facts["bits"])
                self._follow(port, facts["bits"])
        self._check_loops()
        return Structure(tuple(self.hidden), tuple(self.unknown))

    def _check_output(self, port: str, bits: list[Bit]) -> None:
        netlist, place = self.netlist, self.netlist.port_place(port)
        loose = [bit for bit in bits if isinstance(bit, int) and not self._is_driven(bit)]
        if loose:
            raise CircuitError(f"{place}Nothing drives the output {netlist.name(loose)}.")
        for at, bit in enumerate(bits):
            if bit in ("x", "z"):
                which = f"{port}[{at}]" if len(bits) > 1 else port
                raise CircuitError(f"{place}The output '{which}' is always {bit}.")
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
            sources = list(netlist.sources(driver, at, but=_CLOCK_PINS if is_register else ()))
            self.logic[node] = [] if is_register else [each for each in sources if isinstance(each, int)]
            ahead += [(source, driver) for source in reversed(sources)]

    def _check_constant(self, bit: Bit, reader: dict[str, Any]) -> None:
        place = self.netlist.place(reader)
        if reader["type"] in _COMPARISON:
            raise CircuitError(f"{place}A comparison with {bit}, which no circuit can make.")
        if bit == "z":
            raise CircuitError(f"{place}A net is left at z; a unit drives all of its nets.")
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
        state = next((cell["connections"][pin] for pin in ("Q", "Y") if pin in cell["connections"]))
        register = f"The register {netlist.name(state)}" if netlist.name(state) else "A register"
        if _LATCH.fullmatch(kind):
            held = self._describe(_pin(cell, _HOLDING_PINS))
            raise CircuitError(f"{place}{register} is a latch, held by {held}, {self._wanted}.")
        if _CLOCKLESS.fullmatch(kind):
            raise CircuitError(f"{place}{register} has no clock.")
        if not (_FLIP_FLOP.fullmatch(kind) or _SET.fullmatch(kind)):
            raise CircuitError(f"{place}A cell {kind} cannot be proved.")
        clock, rising = _pin(cell, _CLOCK_PINS), _is_rising(cell)
        if self.core:
            raise CircuitError(f"{place}{register} stands in a core, which has none.")
        if clock != self.clock or not rising:
            edge = f"the {'rising' if rising else 'falling'} edge of " * isinstance(clock, int)
            raise CircuitError(
                f"{place}{register} is clocked by {edge}{self._describe(clock)}, "
                "not by the rising edge of 'clk'."
            )
        if _SET.fullmatch(kind):
            by = self._describe(_pin(cell, _SETTING_PINS))
            raise CircuitError(
                f"{place}{register} is set by {by} at any time, not by the rising edge of 'clk' "
                "alone."
            )
        if not self.state.issuperset(bit for bit in state if bit in netlist.drivers):
            hidden = [bit for bit in state if bit not in self.state]
            if netlist.name(hidden):
                self.hidden[place, netlist.name(hidden)] = None
        return True

    @property
    def _wanted(self) -> str:
        return "not a flip-flop" + ("" if self.core else " on the rising edge of 'clk'")

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
        found, ahead, seen = dict.fromkeys(()), [bit], set()
        while ahead:
            if isinstance(source := ahead.pop(), str) or source in seen:
                continue
            seen.add(source)
            drivers = netlist.drivers.get(source, ())
            if drivers and netlist.cells[drivers[0][0]]["type"] in _LOGIC:
                ahead += netlist.sources(*drivers[0])
            elif name := netlist.name([source]):
                found[name if source in self.inputs else _owner(drivers, name)] = None
        if not netlist.drivers.get(bit):
            return f"{net or 'a net'}, which nothing drives"
        sources = " and ".join(sorted(found))
        if sources in (net, f"the register {net}"):
            return sources
        return f"{net or 'logic'}, which hangs on {sources or 'nothing'}"

    def _check_loops(self) -> None:
        try:
            TopologicalSorter(self.logic).prepare()
        except CycleError as error:
            loop = sorted(bit for bit in error.args[1] if isinstance(bit, int))
            named = [bit for bit in loop if self.netlist.name([bit])]
            net = self.netlist.name(named[:1]) or "A net"
            drivers = [self.netlist.drivers[bit][0][0] for bit in loop]
            place = self.netlist.place(*(self.netlist.cells[driver] for driver in drivers))
            raise CircuitError(f"{place}{net} hangs on itself with no register between.") from error


def _owner(drivers: object, name: str) -> str:
    return f"the register {name}" if drivers else name


def _pin(cell: dict[str, Any], pins: tuple[str, ...]) -> Bit:
    return next(cell["connections"][pin][0] for pin in pins if pin in cell["connections"])


def _is_rising(cell: dict[str, Any]) -> bool:
    if "CLK_POLARITY" in cell["parameters"]:
        return int(cell["parameters"]["CLK_POLARITY"], 2) == 1
    return bool(re.match(r"\$_[A-Z]+_P", cell["type"]))


def _count(width: int) -> str:
    return "1 bit" if width == 1 else f"{width} bits"
