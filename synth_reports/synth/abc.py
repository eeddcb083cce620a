"""ABC, reached through Yosys' pass ``abc``, and the BLIF that goes into it and comes out.

So every build of Yosys, the one in WebAssembly included, gives the same netlist.
"""

import re

from fp8mac.gen.yosys import Yosys
from fp8mac.sim.check.blif import read_blif
from fp8mac.synth_reports.liberty.library import Library

__all__ = ["cut_flip_flops", "run_abc", "undated", "wire_area"]

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


def undated(netlist: str) -> str:
    """A netlist without its first line, in which ABC says when it was written."""
    return re.sub(r"\A#.*\n", "", netlist)


def cut_flip_flops(blif: str) -> tuple[str, tuple[str, ...]]:
    """Turn flip-flops into ports, so that ABC can neither move nor merge them.

    A flip-flop has the name of the first output that it is, and of its net where it is none.
    """
    nets: list[str] = []
    found = re.search(r"^\.outputs(.*)", blif, flags=re.MULTILINE)
    ports = found[1].split() if found else []
    wires = re.findall(r"^\.names (\S+) (\S+)\n1 1$", blif, flags=re.MULTILINE)
    drivers = {port: net for net, port in wires}
    shown = {drivers.get(port, port): port for port in reversed(ports)}

    def cut(latch: re.Match[str]) -> str:
        number = len(nets)
        nets.append(latch[2])
        return f".names ff_q[{number}] {latch[2]}\n1 1\n.names {latch[1]} ff_d[{number}]\n1 1"

    text = re.sub(r"^\.latch (\S+) (\S+) re .*", cut, blif, flags=re.MULTILINE)
    for keyword, port in (("inputs", "ff_q"), ("outputs", "ff_d")):
        bits = "".join(f" {port}[{number}]" for number in range(len(nets)))
        text = re.sub(rf"^(\.{keyword}.*)", rf"\1{bits}", text, count=1, flags=re.MULTILINE)
    return text, tuple(shown.get(net, net) for net in nets)


def wire_area(netlist: str, library: Library) -> float:
    """Area of buffers from port to port, which ABC writes for what is a wire."""
    found = read_blif(netlist)
    return sum(
        library.buffers.get(gate.cell, 0.0)
        for gate in found.gates
        if set(gate.inputs) <= set(found.inputs) and gate.output in found.outputs
    )
