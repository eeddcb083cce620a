"""Place and route by nextpnr: how fast a unit is between registers, on FPGAs of three kinds."""

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from fp8mac.gen.fpga_tools import Tool, ToolError, find_tool
from fp8mac.hw.config.ports import Port, Role
from fp8mac.synth_reports.synth.fpga import Fpga

__all__ = ["AROUND", "DEVICES", "Device", "Nextpnr", "Routed", "find_nextpnr", "registered"]

AROUND = "registered"
"""Name of the module that `registered` makes."""

_TIMING = ("--freq", "100", "--timing-allow-fail")


@dataclass(frozen=True)
class Device:
    """An FPGA in a package.

    Parameters
    ----------
    title : str
        As it is sold.
    fpga : Fpga
        What netlists are mapped to.
    tool : str
        Name of its nextpnr.
    options : tuple of str
        How that is told; no pin has a place.
    cell : str
        What nextpnr calls a cell with a table.
    has_dsp : bool
        Whether it has multiplier blocks.
    folds : bool
        Whether it has too few pins for the sum of a unit, see `registered`.
    """

    title: str
    fpga: Fpga
    tool: str
    options: tuple[str, ...]
    cell: str
    has_dsp: bool = True
    folds: bool = False


DEVICES = MappingProxyType(
    {
        "hx8k": Device(
            "iCE40 HX8K",
            Fpga.ICE40,
            "nextpnr-ice40",
            ("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"),
            "ICESTORM_LC",
            has_dsp=False,
        ),
        "up5k": Device(
            "iCE40 UP5K",
            Fpga.ICE40,
            "nextpnr-ice40",
            ("--up5k", "--package", "sg48", "--pcf-allow-unconstrained"),
            "ICESTORM_LC",
            folds=True,
        ),
        "ecp5": Device(
            "ECP5-25",
            Fpga.ECP5,
            "nextpnr-ecp5",
            ("--25k", "--package", "CABGA381", "--lpf-allow-unconstrained"),
            "TRELLIS_COMB",
        ),
    }
)
"""By the names that are typed."""


@dataclass(frozen=True)
class Routed:
    """A netlist that is placed and routed.

    Parameters
    ----------
    mhz : float
        Clock that the slowest path between two registers allows.
    logic_cells : int
        Cells of the device that are taken. One of an iCE40 has a table, a carry and a flip-flop,
        one of an ECP5 a table and half of a place of a carry chain.
    """

    mhz: float
    logic_cells: int


@dataclass(frozen=True)
class Nextpnr:
    """A nextpnr for a device.

    Parameters
    ----------
    device : Device
        What it places on.
    tool : Tool
        What is run.
    limit_seconds : float or None
        Time for a netlist. A few hundred cells take seconds, but with some placements the router
        of version 0.4 never ends; that of YoWASP may need minutes for its first start.
    """

    device: Device
    tool: Tool
    limit_seconds: float | None = 60

    @property
    def version(self) -> str:
        """What it says of itself."""
        return self.tool.version

    def route(self, netlist: str, seed: int) -> Routed | None:
        """Place and route a netlist. None where the router does not end.

        Parameters
        ----------
        netlist : str
            JSON, as Yosys writes it.
        seed : int
            Of the placer.

        Raises
        ------
        ToolError
            If it fails, or there is no path between two registers.
        """
        with tempfile.TemporaryDirectory(prefix="fp8mac-") as folder:
            (Path(folder) / "netlist.json").write_text(netlist, encoding="utf-8")
            files = ("--json", "netlist.json", "--report", "report.json")
            words = [*self.device.options, *_TIMING, "--seed", str(seed), *files]
            if not self.tool.run(words, Path(folder), self.limit_seconds):
                return None
            try:
                text = (Path(folder) / "report.json").read_text(encoding="utf-8")
            except FileNotFoundError:
                raise ToolError(f"{self.tool.name} wrote no report.") from None
            facts = json.loads(text)
        clocks = [each["achieved"] for each in facts["fmax"].values()]
        if not clocks:
            raise ToolError(f"{self.tool.name} found no path between two registers.")
        return Routed(min(clocks), facts["utilization"][self.device.cell]["used"])


def find_nextpnr(device: Device) -> Nextpnr:
    """Find the nextpnr of a device, on the PATH or beside this Python.

    Raises
    ------
    ToolError
        If there is none, or it does not tell its version.
    """
    tool = find_tool(device.tool)
    if not tool.version:
        raise ToolError(f"'{tool.command[0]}' is not nextpnr: it does not tell its version.")
    return Nextpnr(device, tool, None if tool.is_yowasp else Nextpnr.limit_seconds)


def registered(top: str, table: Iterable[Port], *, folded: bool = False) -> str:
    """Verilog of a module around a unit, which has flip-flops before all inputs but the reset.

    Parameters
    ----------
    top : str
        Name of the unit's module.
    table : iterable of Port
        Its ports.
    folded : bool
        Whether there are three pins alone: the flip-flops before the inputs are one shift
        register, and flip-flops behind the outputs are folded into one bit.
    """
    table = tuple(table)
    before = [port for port in table if port.is_input and port.role not in _DIRECT]
    outputs = [port for port in table if not port.is_input]
    body: list[str] = []
    for port in table:
        bits = f"[{port.bits - 1}:0] " if port.bits > 1 else ""
        if port in before:
            if not folded:
                body.append(f"  input {bits}{port.name};")
            body.append(f"  reg {bits}{port.name}_before;")
        elif folded and port in outputs:
            body += [f"  wire {bits}{port.name};", f"  reg {bits}{port.name}_behind;"]
        else:
            body.append(f"  {port.direction} {bits}{port.name};")
    pins = [f".{each.name}({each.name}{'_before' * (each in before)})" for each in table]
    if folded:
        direct = [port.name for port in table if port.role in _DIRECT]
        names = [*direct, "shift_in", "fold"]
        chain = _joined(before, "_before")
        width = sum(port.bits for port in before)
        body += [
            "  input shift_in;",
            "  output reg fold;",
            f"  wire [{width - 1}:0] chain = {chain};",
        ]
        body.append(f"  always @(posedge clk) {chain} <= {{chain[{width - 2}:0], shift_in}};")
        body += [f"  always @(posedge clk) {port.name}_behind <= {port.name};" for port in outputs]
        body.append(f"  always @(posedge clk) fold <= ^{_joined(outputs, '_behind')};")
    else:
        names = [port.name for port in table]
        body += [f"  always @(posedge clk) {each.name}_before <= {each.name};" for each in before]
    head = f"module {AROUND}({', '.join(names)});"
    return "\n".join([head, *body, f"  \\{top} unit({', '.join(pins)});", "endmodule", ""])


_DIRECT = (Role.CLOCK, Role.RESET)
"""What goes from a pin to the unit."""


def _joined(table: Sequence[Port], suffix: str) -> str:
    return f"{{{', '.join(port.name + suffix for port in table)}}}"
