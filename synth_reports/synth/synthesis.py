"""From RTLIL to a netlist of two-input gates, or of a library's cells, proved equal to the design.

::

    RTLIL --Yosys--> single-bit cells --+--> logic --ABC--> gates
                                        +--> flip-flops

What Yosys and ABC tell each other is text, see `fp8mac.synth_reports.synth.abc`.
"""

import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from hashlib import sha256
from math import inf
from typing import Any

from fp8mac.gen.yosys import Yosys
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.structure import Goal
from fp8mac.synth_reports.liberty.library import Library
from fp8mac.synth_reports.synth.abc import cut_flip_flops, run_abc, undated, wire_area
from fp8mac.synth_reports.synth.metrics import Metrics
from fp8mac.synth_reports.synth.scripts import FLOWS, read_scripts

__all__ = [
    "Flow",
    "Logic",
    "Synthesis",
    "SynthesisError",
    "map_logic",
    "prove",
    "read_logic",
    "synthesize",
]


class SynthesisError(Error, RuntimeError):
    """A synthesis that failed; the message is one sentence for the user."""


@dataclass(frozen=True)
class Flow:
    """What is done to a design, as data: the files ``flows/<name>.*``.

    Parameters
    ----------
    name : str
        Name of the flow.
    front : str
        Yosys commands, from RTLIL to single-bit cells and flip-flops.
    scripts : tuple of str
        ABC scripts; which result wins is a matter of `rank`.
    library : str
        Gates to map to, in genlib format.
    techmap : str
        Verilog that ``front`` maps cells with, under the name ``flow.v``.
    goal : Goal
        What a netlist should be: small, or short.
    cells : Library, optional
        Cells to map to, in place of gates.
    delay_ps : float, optional
        What a netlist may take: the smallest that does not take more counts, see `to`.
    """

    name: str
    front: str
    scripts: tuple[str, ...]
    library: str
    techmap: str = ""
    goal: Goal = Goal.AREA
    cells: Library | None = None
    delay_ps: float | None = None

    @classmethod
    def load(cls, name: str = "area", cells: Library | None = None) -> "Flow":
        """Read a flow of the package, to gates or to the cells of a library.

        The flow ``simple`` has gates that consist of no others, so no XOR. What a flow has no file
        of its own for is as in ``area``.
        """

        def text(suffix: str) -> str:
            file = FLOWS / f"{name}.{suffix}"
            return (file if file.exists() else FLOWS / f"area.{suffix}").read_text("utf-8")

        scripts = read_scripts(text("abc" if cells is None else "liberty.abc"))
        goal = Goal.SPEED if name == "speed" else Goal.AREA
        return cls(name, text("ys"), scripts, text("genlib"), text("v"), goal, cells)

    def to(self, delay_ps: float) -> "Flow":
        """The same, mapping to a delay: zero for the fastest netlist, infinity for the smallest."""
        end = {0: Goal.SPEED, inf: Goal.AREA}.get(delay_ps)
        name = end.value if end else "delay"
        text = (FLOWS / f"{name}.liberty.abc").read_text("utf-8")
        if end:
            return replace(self, scripts=read_scripts(text), goal=end)
        scripts = tuple(each.format(delay=f"{delay_ps:.3f}") for each in read_scripts(text))
        return replace(self, scripts=scripts, goal=Goal.AREA, delay_ps=delay_ps)

    def without(self, top: str, parts: tuple[str, ...]) -> "Flow":
        """The same for what is around some submodules, whose ports become ports of the top."""
        keep = [f"setattr -mod -set keep_hierarchy 1 {top}.{part}" for part in parts]
        evert = " ".join(["expose -evert", *(f"t:{top}.{part}" for part in parts)])
        commands = ["proc", *keep, "flatten", f"cd {top}", evert, "cd ..", f"hierarchy -top {top}"]
        return replace(self, front="\n".join([*commands, self.front]))

    @cached_property
    def sha256(self) -> str:
        """Hash of everything but the name."""
        parts = [self.front, *self.scripts, self.library, self.techmap]
        if self.goal is not Goal.AREA:
            parts.append(self.goal.value)
        if self.cells is not None:
            parts.append(self.cells.sha256)
        return sha256("\0".join(parts).encode()).hexdigest()

    def rank(self, netlist: "Synthesis") -> tuple[float, ...]:
        """Order of netlists of one design: the lowest one counts."""
        if netlist.area is not None and netlist.delay_ps is not None:
            figures = (netlist.area, netlist.delay_ps)
            if self.delay_ps is not None:
                met = netlist.delay_ps <= self.delay_ps
                return (0, *figures) if met else (1, *figures[::-1])
            return figures if self.goal is Goal.AREA else figures[::-1]
        metrics = netlist.metrics
        gates = (metrics.two_input_gates, metrics.inverters)
        return gates if self.goal is Goal.AREA else (metrics.levels, *gates)


@dataclass(frozen=True)
class Synthesis:
    """A mapped design.

    Parameters
    ----------
    netlist : str
        Combinational BLIF of gates of the flow's library. Where the design has flip-flops, their
        outputs are the additional input ``ff_q`` and their inputs the additional output ``ff_d``.
    flip_flops : tuple of str
        Net that bit *i* of ``ff_q`` drives.
    abc_version : str or None
        What ABC says of itself, None where its build is mute.
    area : float, optional
        Of the netlist without flip-flops, in the library's unit; where there is a library.
    delay_ps : float, optional
        Of the netlist, from inputs and flip-flops to outputs and flip-flops, without what
        flip-flops take; where there is a library.
    """

    netlist: str
    flip_flops: tuple[str, ...]
    abc_version: str | None
    area: float | None = None
    delay_ps: float | None = None

    @cached_property
    def metrics(self) -> Metrics:
        """Counts of a netlist of gates."""
        return Metrics.from_blif(self.netlist, len(self.flip_flops))

    @cached_property
    def sha256(self) -> str:
        """Hash of the netlist."""
        return sha256(self.netlist.encode()).hexdigest()


@dataclass(frozen=True)
class Logic:
    """A design between Yosys and ABC: single-bit logic, flip-flops cut out of it."""

    blif: str
    flip_flops: tuple[str, ...]


def synthesize(rtlil: str, top: str, flow: Flow, yosys: Yosys) -> Synthesis:
    """Map a design to gates, or to the cells of the flow's library.

    Parameters
    ----------
    rtlil : str
        Design in Yosys' own format.
    top : str
        Name of its top module.
    flow : Flow
        What is done to it.
    yosys : Yosys
        What does it.

    Raises
    ------
    YosysError
        If Yosys stops.
    SynthesisError
        If ABC stops, or its netlist is not proved equal to what it was given.
    """
    logic = read_logic(rtlil, top, flow.name, front=flow.front, techmap=flow.techmap, yosys=yosys)
    best = min(map_logic(logic, top, flow, flow.scripts, yosys), key=flow.rank)
    prove(best, logic, top, flow, yosys)
    return best


@lru_cache(maxsize=8)
def read_logic(rtlil: str, top: str, name: str, *, front: str, techmap: str, yosys: Yosys) -> Logic:
    """Run the front of a flow.

    Raises
    ------
    YosysError, SynthesisError
        If Yosys stops, or leaves a cell that is not logic, or a flip-flop that does not hang on the
        rising edge of the input ``clk``.
    """
    script = f"read_rtlil design.il\nhierarchy -check -top {top}\n{front}\nwrite_blif cells.blif\n"
    inputs = {"design.il": rtlil, "flow.v": techmap}
    cells = yosys.run(script, inputs, ["cells.blif"])["cells.blif"]
    if match := re.search(r"^\.subckt (\S+)", cells, re.MULTILINE):
        raise SynthesisError(f"The flow '{name}' cannot map a cell of {top}: {match[1]}.")
    if match := re.search(r"^\.latch \S+ (\S+) (?!re clk )(.. \S+)", cells, re.MULTILINE):
        raise SynthesisError(
            f"The flow '{name}' cannot map a flip-flop of {top}: {match[1]} hangs on "
            f"'{match[2]}', not on 're clk', the rising edge of clk."
        )
    return Logic(*cut_flip_flops(cells))


def _library(flow: Flow) -> tuple[list[str], dict[str, str]]:
    """ABC commands that read what is mapped to, and the files that they read."""
    inputs = {"flow.genlib": flow.library}
    if flow.cells is None:
        return ["read_genlib flow.genlib"], inputs
    inputs |= {"cells.lib": flow.cells.plain, "around.constr": flow.cells.constraints}
    return ["read_lib -w cells.lib", "read_constr around.constr"], inputs


def map_logic(
    logic: Logic, top: str, flow: Flow, scripts: tuple[str, ...], yosys: Yosys
) -> list[Synthesis]:
    """Netlists that ABC makes, one a script.

    Raises
    ------
    YosysError, SynthesisError
        If ABC stops.
    """
    lines, inputs = _library(flow)
    netlists = [f"mapped{number}.blif" for number in range(len(scripts))]
    lines = ["version", *lines]
    for script, netlist in zip(scripts, netlists, strict=True):
        lines += ["read_blif logic.blif", script]
        lines += ["topo", "stime"] if flow.cells is not None else []
        lines += [f"write_blif {netlist}"]
    lines += ["read_genlib flow.genlib"] if flow.cells is not None else []
    inputs["logic.blif"] = logic.blif
    files = run_abc(yosys, lines, inputs, ["abc.log", *netlists])
    timings = re.findall(r"Area *= *([\d.]+).*?Delay *= *([\d.]+) ps", files["abc.log"])
    done = sum(netlist in files for netlist in netlists)
    if flow.cells is not None:
        done = min(done, len(timings))
    if done < len(scripts):
        raise SynthesisError(
            f"ABC stopped in script {done + 1} of the flow '{flow.name}' on {top}."
        )
    version = re.search(r"UC Berkeley, (ABC .*)", files["abc.log"])
    texts = [undated(files[name]) for name in netlists]
    measured: list[dict[str, Any]] = [{}] * len(netlists)
    if flow.cells is not None:
        measured = [
            {
                "area": round(float(area) - wire_area(text, flow.cells), 4),
                "delay_ps": float(delay),
            }
            for text, (area, delay) in zip(texts, timings, strict=True)
        ]
    return [
        Synthesis(text, logic.flip_flops, version and version[1], **figures)
        for text, figures in zip(texts, measured, strict=True)
    ]


def prove(netlist: Synthesis, logic: Logic, top: str, flow: Flow, yosys: Yosys) -> None:
    """Have ABC prove a netlist equal to what it was made from.

    Raises
    ------
    SynthesisError
        If it does not.
    """
    lines, inputs = _library(flow)
    inputs |= {"logic.blif": logic.blif, "mapped.blif": netlist.netlist}
    after = ["read_genlib flow.genlib"] if flow.cells is not None else []
    for way in _PROOFS:
        log = run_abc(yosys, [*lines, *way, *after], inputs, ["abc.log"])["abc.log"]
        if re.search(r"^ABC: Networks are equivalent\b", log, re.MULTILINE):
            return
    raise SynthesisError(f"ABC did not prove its netlist of {top} equal to the design.")


_SWEEP = ["miter logic.blif mapped.blif", "&get"]
_PROOFS = ([*_SWEEP, "&cec -m -T 5"], ["cec -T 60 logic.blif mapped.blif"], [*_SWEEP, "&cec -m"])
"""Ways to prove two netlists equal: that of most, that of many lanes alike, and without a limit."""
