"""From RTLIL to a netlist of two-input gates, proved equal to the design.

::

    RTLIL --Yosys--> single-bit cells --+--> logic --ABC--> gates
                                        +--> flip-flops

ABC is reached through Yosys' pass ``abc``, so that every build of Yosys, the one in WebAssembly
included, gives the same netlist.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from fp8mac.gen.yosys import Yosys
from fp8mac.synth_reports.metrics import Metrics

__all__ = ["Flow", "Synthesis", "SynthesisError", "run_abc", "synthesize"]


class SynthesisError(RuntimeError):
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
        ABC scripts; the one that leaves the fewest gates wins.
    library : str
        Gates to map to, in genlib format.
    techmap : str
        Verilog that ``front`` maps cells with, under the name ``flow.v``.
    """

    name: str
    front: str
    scripts: tuple[str, ...]
    library: str
    techmap: str = ""

    @classmethod
    def load(cls, name: str = "area") -> "Flow":
        """Read a flow of the package."""
        front, scripts, library, techmap = (
            (Path(__file__).parent / "flows" / f"{name}.{suffix}").read_text(encoding="utf-8")
            for suffix in ("ys", "abc", "genlib", "v")
        )
        lines = [line for line in scripts.splitlines() if not line.startswith("#")]
        paragraphs = [part.strip() for part in "\n".join(lines).split("\n\n")]
        return cls(name, front, tuple(part for part in paragraphs if part), library, techmap)

    @cached_property
    def sha256(self) -> str:
        """Hash of everything but the name."""
        return sha256(
            "\0".join((self.front, *self.scripts, self.library, self.techmap)).encode()
        ).hexdigest()


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
    """

    netlist: str
    flip_flops: tuple[str, ...]
    abc_version: str | None

    @cached_property
    def metrics(self) -> Metrics:
        """Counts of the netlist."""
        return Metrics.from_blif(self.netlist, len(self.flip_flops))

    @cached_property
    def sha256(self) -> str:
        """Hash of the netlist."""
        return sha256(self.netlist.encode()).hexdigest()


def synthesize(rtlil: str, top: str, flow: Flow, yosys: Yosys) -> Synthesis:
    """Map a design to gates.

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
    front = (
        f"read_rtlil design.il\nhierarchy -check -top {top}\n{flow.front}\nwrite_blif cells.blif\n"
    )
    inputs = {"design.il": rtlil, "flow.v": flow.techmap}
    cells = yosys.run(front, inputs, ["cells.blif"])["cells.blif"]
    if match := re.search(r"^\.(?:subckt|latch .* fe) (\S+)", cells, re.MULTILINE):
        raise SynthesisError(f"The flow '{flow.name}' cannot map a cell of {top}: {match[1]}.")
    logic, flip_flops = _cut_flip_flops(cells)
    inputs = {"flow.genlib": flow.library, "logic.blif": logic}
    netlists = [f"mapped{number}.blif" for number in range(len(flow.scripts))]
    lines = ["version", "read_genlib flow.genlib"]
    for script, netlist in zip(flow.scripts, netlists, strict=True):
        lines += ["read_blif logic.blif", script, f"write_blif {netlist}"]
    files = run_abc(yosys, lines, inputs, ["abc.log", *netlists])
    if missing := [number for number, netlist in enumerate(netlists, 1) if netlist not in files]:
        raise SynthesisError(
            f"ABC stopped in script {missing[0]} of the flow '{flow.name}' on {top}."
        )
    version = re.search(r"UC Berkeley, (ABC .*)", files["abc.log"])
    best = min(
        (Synthesis(_undated(files[name]), flip_flops, version and version[1]) for name in netlists),
        key=lambda each: (each.metrics.two_input_gates, each.metrics.inverters),
    )
    lines = ["read_genlib flow.genlib", "miter logic.blif mapped.blif", "&get", "&cec -m"]
    lines += ["write_status proof.txt"]
    files = run_abc(yosys, lines, {**inputs, "mapped.blif": best.netlist}, ["proof.txt"])
    if not files.get("proof.txt", "").startswith("snl_UNSAT "):
        raise SynthesisError(f"ABC did not prove its netlist of {top} equal to the design.")
    return best


_CARRIER = r"""
module \carrier
  wire input 1 \a
  wire output 2 \y
  cell $_NOT_ \gate
    connect \A \a
    connect \Y \y
  end
end
"""
"""A design that takes us into ABC, where it is set aside for the real one."""


def run_abc(
    yosys: Yosys, lines: list[str], inputs: dict[str, str], outputs: list[str]
) -> dict[str, str]:
    """Run ABC commands; it has no exit code, but an output is missing where it stopped early."""
    script = "\n".join(["backup", *lines, "restore", "map", ""])
    return yosys.run(
        "read_rtlil carrier.il\ntee -o abc.log abc -genlib flow.genlib -script flow.abc\n",
        {"carrier.il": _CARRIER, "flow.abc": script, **inputs},
        outputs,
    )


def _undated(netlist: str) -> str:
    return re.sub(r"\A#.*\n", "", netlist)


def _cut_flip_flops(blif: str) -> tuple[str, tuple[str, ...]]:
    """Turn flip-flops into ports, so that ABC can neither move nor merge them."""
    nets: list[str] = []

    def cut(latch: re.Match[str]) -> str:
        number = len(nets)
        nets.append(latch[2])
        return f".names ff_q[{number}] {latch[2]}\n1 1\n.names {latch[1]} ff_d[{number}]\n1 1"

    text = re.sub(r"^\.latch (\S+) (\S+) re .*", cut, blif, flags=re.MULTILINE)
    for keyword, port in (("inputs", "ff_q"), ("outputs", "ff_d")):
        bits = "".join(f" {port}[{number}]" for number in range(len(nets)))
        text = re.sub(rf"^(\.{keyword}.*)", rf"\1{bits}", text, count=1, flags=re.MULTILINE)
    return text, tuple(nets)
