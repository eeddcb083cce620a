"""Equivalence of two circuits gate by gate: what was proved of the RTL holds for what is shipped.

Both are cut at their flip-flops, which have to be the same ones, so that a clocked unit becomes a
function of ports and state. ABC decides whether the functions are the same.
"""

import re

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.errors import Error
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.synth_reports.synth.abc import run_abc
from fp8mac.synth_reports.synth.synthesis import Flow, Synthesis

__all__ = ["EquivalenceError", "check_equal", "logic_of", "logic_of_netlist"]


class EquivalenceError(Error, RuntimeError):
    """Circuits that are not the same; the message is one sentence for the user."""


def logic_of(circuit: Circuit) -> str:
    """BLIF of a circuit, each flip-flop ``q`` a pair of ports ``q.q`` and ``q.d``.

    Raises
    ------
    CircuitError
        If a flip-flop is not clocked by the rising edge of ``clk``, or Yosys cannot read it.
    YosysError
        If there is no Yosys that can be used.
    """
    nets: list[str] = []

    def cut(latch: re.Match[str]) -> str:
        nets.append(net := circuit.register(latch[2]))
        return f".names {net}.q {latch[2]}\n1 1\n.names {latch[1]} {net}.d\n1 1"

    text = re.sub(r"^\.latch (\S+) (\S+) re .*", cut, circuit.blif, flags=re.MULTILINE)
    for keyword, suffix in (("inputs", "q"), ("outputs", "d")):
        bits = "".join(f" {net}.{suffix}" for net in nets)
        text = re.sub(rf"^(\.{keyword}.*)", rf"\1{bits}", text, count=1, flags=re.MULTILINE)
    return text


def logic_of_netlist(synthesis: Synthesis, circuit: Circuit) -> str:
    """BLIF of a mapped netlist, with the names of the circuit that it was made from."""
    registers = [circuit.register(bit) for bit in synthesis.flip_flops]

    def renamed(port: re.Match[str]) -> str:
        return f"{registers[int(port[2])]}.{port[1]}"

    return re.sub(r"\bff_([qd])\[(\d+)\]", renamed, synthesis.netlist)


def check_equal(first: str, second: str) -> None:
    """Prove that two BLIF texts are the same function of the same ports.

    Raises
    ------
    EquivalenceError
        If they are not, or ABC does not find out.
    """
    if (ports := _ports(first)) != (others := _ports(second)):
        names = ", ".join(sorted(ports ^ others))
        raise EquivalenceError(f"The circuits do not have the same ports and flip-flops: {names}.")
    lines = ["read_genlib flow.genlib", "miter first.blif second.blif", "&get", "&cec -m"]
    files = run_abc(
        find_yosys(),
        [*lines, "write_status status.txt"],
        {"flow.genlib": Flow.load().library, "first.blif": first, "second.blif": second},
        ["status.txt"],
    )
    status = files.get("status.txt", "")
    if status.startswith("snl_SAT"):
        raise EquivalenceError("The circuits differ.")
    if not status.startswith("snl_UNSAT"):
        raise EquivalenceError("ABC did not find out whether the circuits are the same.")


def _ports(blif: str) -> set[str]:
    text = blif.replace("\\\n", " ")
    return {
        f"{keyword} {name}"
        for keyword in ("input", "output")
        for line in re.findall(rf"^\.{keyword}s(.*)", text, re.MULTILINE)
        for name in line.split()
    }
