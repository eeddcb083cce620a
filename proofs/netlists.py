"""From a mapped netlist to Verilog: one assignment a gate, and a proof that it is the unit.

::

    .gate NAND2_X1 A=a[0] B=b[3] Y=new_n62     ->     assign n1 = ~(a[0] & b[3]);
    ff_q[i], ff_d[i], a flip-flop at acc[i]    ->     always @(posedge clk) acc[i] <= n9;
"""

import re
import textwrap

from fp8mac.gen.describe import module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.hw.config.ports import Port, Role, Shape, named, ports
from fp8mac.hw.config.structure import Built
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.check.circuit import Circuit, CircuitError
from fp8mac.proofs.check.equivalence import EquivalenceError, check_equal, logic_of
from fp8mac.sim.check.blif import GATES
from fp8mac.sim.check.netlist import Netlist
from fp8mac.synth_reports.synth.synthesis import Synthesis

__all__ = ["EquivalenceError", "prove_netlist", "structural_verilog"]

_CONSTANTS = {"ZERO": "1'b0", "ONE": "1'b1"}


def structural_verilog(
    synthesis: Synthesis, config: MacConfig, shape: Shape, *, goal: Built
) -> str:
    """Module of gates with the name and ports of the RTL.

    Parameters
    ----------
    synthesis : Synthesis
        Netlist of the unit, or of its core, in two-input gates; flip-flops drive ports.
    """
    table, top = ports(config, shape), module_name(config, shape, goal=goal)
    registers = _registers(synthesis, config, shape, goal=goal)
    netlist = Netlist.from_blif(synthesis.netlist)
    names = {bit: bit for bit in netlist.inputs + netlist.outputs if not bit.startswith("ff_")}
    names |= {f"ff_q[{i}]": net for i, net in enumerate(registers)}
    assigns: list[str] = []
    wires: list[str] = []
    for cell, output, inputs in netlist.gates:
        if output in registers:
            continue  # a wire from the flip-flop to its port
        if output not in names:
            names[output] = f"n{len(wires) + 1}"
            wires.append(names[output])
        nets = [names[net] for net in inputs]
        expression = _CONSTANTS[cell] if cell in _CONSTANTS else GATES[cell].expression(*nets)
        assigns.append(f"  assign {names[output]} = {expression};")
    clocked = [f"    {net} <= {names[f'ff_d[{i}]']};" for i, net in enumerate(registers)]
    lines = [f"module {top}({', '.join(port.name for port in table)});"]
    lines += [_declaration(port, registered=shape.is_registered) for port in table]
    lines += _inner(registers, table) + _wrapped(wires) + assigns
    for clock in named(table, Role.CLOCK):
        lines += [f"  always @(posedge {clock}) begin", *clocked, "  end"]
    return "\n".join([*lines, "endmodule", ""])


def _registers(
    synthesis: Synthesis, config: MacConfig, shape: Shape, *, goal: Built
) -> tuple[str, ...]:
    """Bits of the flip-flops, by the names that they have at the top of the RTL."""
    if config.stages == 1:
        return synthesis.flip_flops
    rtl = Circuit.built(config, shape, goal=goal)
    return tuple(map(rtl.register, synthesis.flip_flops))


def _inner(registers: tuple[str, ...], table: tuple[Port, ...]) -> list[str]:
    """Declarations of the flip-flops that are no ports; they begin as 0."""
    widths: dict[str, int] = {}
    for net in registers:
        name, _, at = net.partition("[")
        widths[name] = max(widths.get(name, 0), int(at.rstrip("]") or 0) + 1)
    ours = {name: bits for name, bits in widths.items() if name not in {p.name for p in table}}
    return [
        f"  reg {f'[{bits - 1}:0] ' if bits > 1 else ''}{name} = {bits}'d0;"
        for name, bits in ours.items()
    ]


def _declaration(port: Port, *, registered: bool) -> str:
    """Declaration; a flip-flop begins as 0."""
    bits = f"[{port.bits - 1}:0] " if port.bits > 1 else ""
    if registered and port.role in (Role.RESULT, Role.CARRY, Role.FLAG):
        return f"  output reg {bits}{port.name} = {port.bits}'d0;"
    return f"  {port.direction} {bits}{port.name};"


def _wrapped(wires: list[str]) -> list[str]:
    if not wires:
        return []
    text = f"wire {', '.join(wires)};"
    return textwrap.wrap(text, 98, initial_indent="  ", subsequent_indent="    ")


def prove_netlist(netlist: str, config: MacConfig, shape: Shape, *, goal: Built) -> None:
    """Prove Verilog equal to the RTL of a unit, as it will be read.

    Raises
    ------
    EquivalenceError
        If it is not equal, a flip-flop is not on the rising edge of ``clk``, Yosys cannot read it,
        or ABC does not find out.
    YosysError
        If there is no Yosys that can be used.
    """
    match = re.search(r"^module (\w+)\(", netlist, re.MULTILINE)
    assert match is not None
    rtl = Circuit(config, shape, rtlil_text(config, shape, goal=goal), match[1])
    try:
        check_equal(logic_of(rtl), logic_of(Circuit(config, shape, netlist, match[1], "verilog")))
    except CircuitError as error:
        raise EquivalenceError(str(error)) from error
