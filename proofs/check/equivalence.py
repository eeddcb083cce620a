"""Equivalence of two circuits gate by gate: what was proved of the RTL holds for what is shipped.

Both are cut at their flip-flops, which have to be the same ones, so that a clocked unit becomes a
function of ports and state. ABC decides whether the functions are the same.
"""

import re
from collections.abc import Callable, Mapping

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.errors import Error
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.synth_reports.synth.abc import run_abc
from fp8mac.synth_reports.synth.synthesis import Flow, Synthesis

__all__ = ["EquivalenceError", "check_equal", "check_netlist", "logic_of"]


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


def _logic_of_netlist(synthesis: Synthesis, circuit: Circuit) -> str:
    """BLIF of a mapped netlist, with the names of the circuit that it was made from."""
    registers = [circuit.register(bit) for bit in synthesis.flip_flops]

    def renamed(port: re.Match[str]) -> str:
        return f"{registers[int(port[2])]}.{port[1]}"

    return re.sub(r"\bff_([qd])\[(\d+)\]", renamed, synthesis.netlist)


def check_netlist(synthesis: Synthesis, circuit: Circuit) -> None:
    """Prove that a mapped netlist is the circuit that it was made from.

    Synthesis takes out flip-flops that never change; they are proved constant.

    Raises
    ------
    EquivalenceError
        If it is not, a flip-flop that it lacks is not constant, or ABC does not find out.
    CircuitError, YosysError
        As for `logic_of`.
    """
    netlist = _logic_of_netlist(synthesis, circuit)
    check_equal(_without_constants(circuit, netlist), netlist)


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


def _without_constants(circuit: Circuit, netlist: str) -> str:
    """BLIF of a circuit, where a flip-flop that a netlist lacks is a constant.

    It is proved constant by induction: it begins so, a reset in any state makes it so, and where
    all of them are so, they stay.
    """
    logic = logic_of(circuit)
    lacking = _ports(logic) - _ports(netlist)
    gone = {
        net: value
        for bit, value in re.findall(r"^\.latch \S+ (\S+) re \S+ ([01])$", circuit.blif, re.M)
        if f"input {(net := circuit.register(bit))}.q" in lacking
    }
    if not gone:
        return logic
    held = _driven(logic, {f"{net}.q": value for net, value in gone.items()})
    in_reset = _driven(logic, {"rst": "1"})
    after = {f"{net}.d": value for net, value in gone.items()}
    if not all(_gives(text, after) for text in (held, in_reset)):
        wrong = [
            net
            for net, value in gone.items()
            if not all(_gives(text, {f"{net}.d": value}) for text in (held, in_reset))
        ]
        names = ", ".join(f"'{net}'" for net in wrong)
        raise EquivalenceError(f"The netlist lacks flip-flops that are not constant: {names}.")
    return _with_outputs(held, lambda port: port not in after)


def _gives(logic: str, values: Mapping[str, str]) -> bool:
    """Whether outputs of a BLIF text always have these values, ``0`` or ``1``."""
    (inputs,) = re.findall(r"^\.inputs.*", logic, re.MULTILINE)
    constant = f".model constant\n{inputs}\n.outputs {' '.join(values)}\n.end\n"
    try:
        check_equal(_with_outputs(logic, values.__contains__), _driven(constant, values))
    except EquivalenceError:
        return False
    return True


def _driven(logic: str, values: Mapping[str, str]) -> str:
    """A BLIF text with ports driven by constants; inputs among them are inputs no more."""
    first, inputs, rest = re.split(r"^(\.inputs.*)\n", logic, maxsplit=1, flags=re.MULTILINE)
    kept = " ".join(name for name in inputs.split() if name not in values)
    outputs, _, rest = rest.partition("\n")
    rows = {"0": "", "1": "1\n"}
    drivers = "".join(f".names {net}\n{rows[value]}" for net, value in values.items())
    return f"{first}{kept}\n{outputs}\n{drivers}{rest}"


def _with_outputs(logic: str, keeps: Callable[[str], bool]) -> str:
    """A BLIF text with some of its outputs."""

    def kept(line: re.Match[str]) -> str:
        return " ".join([".outputs", *filter(keeps, line[1].split())])

    return re.sub(r"^\.outputs(.*)", kept, logic, count=1, flags=re.MULTILINE)


def _ports(blif: str) -> set[str]:
    text = blif.replace("\\\n", " ")
    return {
        f"{keyword} {name}"
        for keyword in ("input", "output")
        for line in re.findall(rf"^\.{keyword}s(.*)", text, re.MULTILINE)
        for name in line.split()
    }
