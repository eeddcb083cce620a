"""Flip-flops that synthesis takes out have to be constant."""

import re
from dataclasses import replace

import pytest
from circuits import PLAIN

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_line
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.check.equivalence import EquivalenceError, check_netlist
from fp8mac.synth_reports.synth.synthesis import Synthesis, synthesize

UNIT = parse_line("int4 -> int8")

REGISTERS = """\
module theirs(input clk, rst, en, clear, input signed [3:0] a, b, output reg [7:0] acc);
  initial acc = {begin};
  always @(posedge clk) acc <= rst ? {reset} : {{a, acc[3:0] & {{4{{en}}}}}} | {held};
endmodule
"""


def synthesis_of(circuit: Circuit) -> Synthesis:
    text = circuit.text
    if circuit.language == "verilog":
        script = "read_verilog design\nwrite_rtlil design.il\n"
        text = find_yosys().run(script, {"design": text}, ["design.il"])["design.il"]
    return synthesize(text, circuit.top, PLAIN, find_yosys())


def without(synthesis: Synthesis, register: str, value: int) -> Synthesis:
    """A netlist with a constant in place of a flip-flop."""
    place = synthesis.flip_flops.index(register)
    text = synthesis.netlist
    for port in ("ff_q", "ff_d"):
        text = re.sub(rf" {port}\[{place}\](?=\s)", "", text, count=1)
    constant = f".gate {('ZERO', 'ONE')[value]} O=ff_q[{place}]\n.end"
    return replace(synthesis, netlist=text.replace(".end", constant))


def registers(*, begin: str = "0", reset: str = "0", held: str = "0") -> Circuit:
    text = REGISTERS.format(begin=begin, reset=reset, held=held)
    return Circuit(UNIT, Shape.UNIT, text, "theirs", "verilog")


def test_netlist_lacks_low_bits_of_a_narrow_window():
    circuit = Circuit.built(parse_line("e2m1 x 2 -> fp16, window 4"), Shape.UNIT)
    synthesis = synthesis_of(circuit)
    lacking = {f"acc[{bit}]" for bit in range(16)} - set(synthesis.flip_flops)
    assert lacking == {f"acc[{bit}]" for bit in range(5)}
    check_netlist(synthesis, circuit)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({}, 0),
        ({"begin": "8'h0f", "reset": "8'h0f", "held": "8'h0f"}, 1),
    ],
    ids=["0", "1"],
)
def test_constants_are_proved(options, value):
    circuit = registers(**options)
    synthesis = synthesis_of(circuit)
    for bit in range(4):
        if (register := f"acc[{bit}]") in synthesis.flip_flops:
            synthesis = without(synthesis, register, value)
    check_netlist(synthesis, circuit)


def test_constants_hold_each_other():
    """Two bits swap; both are 0 forever, though neither is without the other."""
    circuit = registers(held="{6'd0, acc[0], acc[1]}")
    synthesis = synthesis_of(circuit)
    both = without(without(synthesis, "acc[0]", 0), "acc[1]", 0)
    check_netlist(both, circuit)
    assert refused(without(synthesis, "acc[0]", 0), circuit) == (
        "The netlist lacks flip-flops that are not constant: 'acc[0]'."
    )


def refused(synthesis: Synthesis, circuit: Circuit) -> str:
    with pytest.raises(EquivalenceError) as error:
        check_netlist(synthesis, circuit)
    return str(error.value)


@pytest.mark.parametrize(
    ("options", "value"),
    [
        pytest.param({"held": "8'd4 & {8{b[0]}}"}, 0, id="an operand sets it"),
        pytest.param({"reset": "8'd4"}, 0, id="a reset sets it"),
        pytest.param(
            {"begin": "8'd4", "held": "8'd4"}, 1, id="a reset clears it", marks=pytest.mark.slow
        ),
        pytest.param(
            {"held": "8'd4 & {8{acc[7]}}"}, 0, id="another sets it", marks=pytest.mark.slow
        ),
    ],
)
def test_flip_flop_that_changes_is_missed(options, value):
    circuit = registers(**options)
    wrong = without(synthesis_of(circuit), "acc[2]", value)
    assert refused(wrong, circuit) == (
        "The netlist lacks flip-flops that are not constant: 'acc[2]'."
    )


@pytest.mark.slow
def test_wrong_constant_is_found():
    """The circuit's bit is constant, but the netlist has the other constant in its place."""
    circuit = registers(begin="8'd4", reset="8'd4", held="8'd4")
    synthesis = synthesis_of(circuit)
    assert refused(replace(synthesis, netlist=flipped(synthesis.netlist)), circuit) == (
        "The circuits differ."
    )


def flipped(netlist: str) -> str:
    """A netlist with ones for zeros, and zeros for ones."""
    return re.sub("ZERO|ONE", lambda found: "ONE" if found[0] == "ZERO" else "ZERO", netlist)
