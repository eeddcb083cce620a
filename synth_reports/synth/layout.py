"""A mapped unit, placed and routed by the tools of qflow: graywolf places, qrouter routes.

The cells are those that are counted, and a flip-flop for each bit of state. There is no clock
tree: the clock is a net like others. Power comes along the rows; there are no rings and no fill.
"""

import re
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from fp8mac.gen.fpga_tools import run_tool
from fp8mac.hw.config.errors import Error
from fp8mac.sim.check.blif import BlifGate, read_blif
from fp8mac.synth_reports.liberty.library import Library
from fp8mac.synth_reports.synth.geometry import RoutedLayout, read_def
from fp8mac.synth_reports.synth.parasitics import layer_capacitances

__all__ = ["CLOCK", "Cells", "LayoutError", "Router", "find_router"]

_SCRIPTS = ("/usr/lib/qflow/scripts", "/usr/share/qflow/scripts", "/usr/local/share/qflow/scripts")
_LIMIT_SECONDS = 1800
_TCL = ("blif2cel.tcl", "place2def.tcl", "arrangepins.tcl")
CLOCK = "clk"
"""Name of the clock in netlists that are placed."""


class LayoutError(Error, RuntimeError):
    """A tool is missing, or fails; the message is one sentence for the user."""


@dataclass(frozen=True)
class Cells:
    """A netlist of cells with flip-flops, whose names all tools read.

    Parameters
    ----------
    inputs, outputs : tuple of str
        Ports; the clock is ``clk``.
    gates : tuple of BlifGate
        Cells with their pins.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    gates: tuple[BlifGate, ...]

    @classmethod
    def of(cls, netlist: str, library: Library) -> "Cells":
        """Add the flip-flops to a netlist from which they were cut.

        Parameters
        ----------
        netlist : str
            BLIF, with ``ff_q[n]`` among its inputs and ``ff_d[n]`` among its outputs.
        library : Library
            What it is mapped to. Buffers from port to port, which ABC writes for wires, go.
        """
        blif, flip_flop = read_blif(netlist), library.flip_flop
        if blif.tables or blif.others:
            raise LayoutError("The netlist has more than cells; it cannot be placed.")
        wires = {
            gate.output: gate.inputs[0]
            for gate in blif.gates
            if gate.cell in library.buffers and gate.output in blif.outputs
            if gate.inputs[0] in blif.inputs
        }

        def named(net: str) -> str:
            return re.sub(r"\W", "_", wires.get(net, net).replace("]", ""))

        found = [
            BlifGate(gate.cell, {pin: named(net) for pin, net in gate.pins.items()})
            for gate in blif.gates
            if gate.output not in wires
        ]
        for net in (each for each in blif.inputs if each.startswith("ff_q[")):
            data = named(net.replace("ff_q", "ff_d", 1))
            pins = {flip_flop.clock: CLOCK, flip_flop.data: data, flip_flop.output: named(net)}
            found.append(BlifGate(flip_flop.cell.name, pins))
        used = {net for gate in found for net in gate.inputs}
        inputs = [named(net) for net in blif.inputs if not net.startswith("ff_q[")]
        outputs = [named(net) for net in blif.outputs if not net.startswith("ff_d[")]
        return cls(
            tuple(net for net in dict.fromkeys((*inputs, CLOCK)) if net in used),
            tuple(dict.fromkeys(outputs)),
            tuple(found),
        )

    @cached_property
    def names(self) -> list[str]:
        """Names of the gates, as qflow gives them: numbers for each cell, from 1."""
        count: Counter[str] = Counter()
        names = []
        for gate in self.gates:
            count[gate.cell] += 1
            names.append(f"{gate.cell}_{count[gate.cell]}")
        return names

    @cached_property
    def drivers(self) -> dict[str, str]:
        """Pin that drives each net, such as ``INV_1:Y``; of a port its name."""
        ports = {net: net for net in self.inputs}
        named = zip(self.names, self.gates, strict=True)
        return ports | {gate.output: f"{name}:{[*gate.pins][-1]}" for name, gate in named}

    @cached_property
    def sinks(self) -> dict[str, list[str]]:
        """Other pins of each net."""
        found: dict[str, list[str]] = {net: [] for net in self.drivers}
        for net in self.outputs:
            found[net].append(net)
        for name, gate in zip(self.names, self.gates, strict=True):
            for pin, net in [*gate.pins.items()][:-1]:
                found[net].append(f"{name}:{pin}")
        return found

    @property
    def blif(self) -> str:
        """As qflow reads it."""
        lines = [".model top", f".inputs {' '.join(self.inputs)}"]
        lines.append(f".outputs {' '.join(self.outputs)}")
        for gate in self.gates:
            pins = " ".join(f"{pin}={net}" for pin, net in gate.pins.items())
            lines.append(f".gate {gate.cell} {pins}")
        return "\n".join([*lines, ".end", ""])

    @property
    def verilog(self) -> str:
        """As OpenSTA reads it, with the same names."""
        lines = [f"module top({', '.join((*self.inputs, *self.outputs))});"]
        lines += [f"input {net};" for net in self.inputs]
        lines += [f"output {net};" for net in self.outputs]
        for name, gate in zip(self.names, self.gates, strict=True):
            pins = ", ".join(f".{pin}({net})" for pin, net in gate.pins.items())
            lines.append(f"{gate.cell} {name} ({pins});")
        return "\n".join([*lines, "endmodule", ""])


@dataclass(frozen=True)
class Router:
    """The tools, and the technology that belongs to a library.

    Parameters
    ----------
    tclsh, graywolf, qrouter : str
        Programs.
    scripts : Path
        Those of qflow.
    lef, parameters : Path
        Cells and layers, and what graywolf is told of them.
    """

    tclsh: str
    graywolf: str
    qrouter: str
    scripts: Path
    lef: Path
    parameters: Path

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the programs, scripts and files that it uses."""
        files = [Path(self.graywolf), Path(self.qrouter), self.lef, self.parameters]
        files += [self.scripts / name for name in _TCL]
        return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()

    def sizes(self) -> dict[str, tuple[float, float]]:
        """Width and height of each cell, in micrometres."""
        found = re.findall(
            r"^MACRO (\S+).*?^\s+SIZE ([\d.]+) BY ([\d.]+)",
            self.lef.read_text(encoding="utf-8"),
            re.MULTILINE | re.DOTALL,
        )
        return {name: (float(width), float(height)) for name, width, height in found}

    def layers(self) -> dict[str, float]:
        """Farads of a micrometre of wire of each layer."""
        return layer_capacitances(self.lef.read_text(encoding="utf-8"))

    def layout(self, cells: Cells, seed: int = 1) -> RoutedLayout:
        """Place and route a netlist.

        Parameters
        ----------
        cells : Cells
            The netlist.
        seed : int
            Of the placer.

        Raises
        ------
        LayoutError
            If a tool fails, or a net is not routed.
        """
        with tempfile.TemporaryDirectory(prefix="fp8mac-") as name:
            folder = Path(name)
            parameters = self.parameters.read_text(encoding="utf-8")
            parameters = re.sub(r"(random\.seed\s*:).*", rf"\1 {seed}", parameters)
            (folder / "top.par").write_text(parameters, encoding="utf-8")
            (folder / "top.blif").write_text(cells.blif, encoding="utf-8")
            lef = str(self.lef)
            blif2cel = ("--blif", "top.blif", "--lef", lef, "--cel", "top.cel")
            self._run(folder, "top.cel", *self._script("blif2cel.tcl"), *blif2cel)
            self._run(folder, "top.pin", self.graywolf, "-n", "top")
            (folder / "top.cfg").write_text(f"read_lef {lef}\n", encoding="utf-8")
            self._run(folder, "top.info", self.qrouter, "-noc", "-i", "top.info", "-c", "top.cfg")
            self._run(folder, "top.def", *self._script("place2def.tcl"), "top", "FILL")
            self._run(folder, "top_mod.def", *self._script("arrangepins.tcl"), "top")
            (folder / "top_mod.def").replace(folder / "top.def")
            obstructions = folder / "top.obs"
            held = obstructions.read_text(encoding="utf-8") if obstructions.exists() else ""
            script = _ROUTE.format(lef=lef, obstructions=held)
            (folder / "top.cfg").write_text(script, encoding="utf-8")
            said = self._run(folder, "routed.def", self.qrouter, "-nog", "-s", "top.cfg")
            if "Final: No failed routes!" not in said:
                raise LayoutError("qrouter could not route all nets.")
            found = read_def((folder / "routed.def").read_text(), self.sizes())
        if sorted(each.name for each in found.cells) != sorted(cells.names):
            raise LayoutError("Not every cell has a place.")
        bare = [net for net, pins in cells.sinks.items() if pins and not found.nets.get(net)]
        if bare:
            raise LayoutError(f"The net {min(bare)} has no wire.")
        return found

    def _script(self, name: str) -> tuple[str, str]:
        return self.tclsh, str(self.scripts / name)

    def _run(self, folder: Path, made: str, *command: str) -> str:
        """Run a tool, which has to make a file; what it says."""
        done = run_tool(command, folder, _LIMIT_SECONDS)
        if done is None:
            raise LayoutError(f"{Path(command[0]).name} does not end.")
        if not (folder / made).exists():
            words = [line for line in done.text.splitlines() if line.strip()]
            reason = words[-1].strip().rstrip(".") if words else "it says nothing"
            step = Path(command[1] if command[0] == self.tclsh else command[0]).name
            raise LayoutError(f"{step} stopped: {reason}.")
        return done.text


_ROUTE = """\
verbose 1
read_lef {lef}
via stack all
vdd vdd
gnd gnd
{obstructions}
read_def top.def
qrouter::standard_route routed.def false
quit
"""


def find_router(library: Library) -> Router:
    """Find the tools, and the technology of a library.

    Raises
    ------
    LayoutError
        If something is missing.
    """
    remedy = "Debian and Ubuntu: apt install qflow qflow-tech-osu018"
    programs = [shutil.which(name) for name in ("tclsh", "graywolf", "qrouter")]
    scripts = next((Path(each) for each in _SCRIPTS if Path(each).is_dir()), None)
    tclsh, graywolf, qrouter = programs
    if tclsh is None or graywolf is None or qrouter is None or scripts is None:
        raise LayoutError(f"Place and route needs tclsh, graywolf, qrouter and qflow; {remedy}.")
    for path in (Path(file.name) for file in library.files):
        lef = path.with_suffix(".lef")
        parameters = path.with_name(path.name.partition("_")[0] + ".par")
        if lef.is_file() and parameters.is_file():
            return Router(tclsh, graywolf, qrouter, scripts, lef, parameters)
    raise LayoutError(f"Nothing is known of the layout of {library.name}'s cells; {remedy}.")
