"""Netlists as Verilog: proved equal to the unit, read back, one assignment a gate."""

import re
from itertools import product

import numpy as np
import pytest
from circuits import PLAIN, mapped_rtlil
from samples import one_in

from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import rtlil_text, verilog_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line, parse_unit
from fp8mac.proofs.bugs.mutations import parse_unit_text
from fp8mac.proofs.netlists import EquivalenceError, prove_netlist, structural_verilog
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.synth_reports.synth.metrics import TWO_INPUT_GATES
from fp8mac.synth_reports.synth.synthesis import synthesize

READ_BACK = "read_verilog design.v\nhierarchy -check -top {top}\nproc\nwrite_rtlil back.il"


def made(config, shape, *, goal=Goal.AREA):
    """Synthesis of a unit, and its netlist as Verilog."""
    top = module_name(config, shape, goal=goal)
    rtlil = rtlil_text(config, shape, goal=goal)
    synthesis = synthesize(rtlil, top, PLAIN, find_yosys())
    return synthesis, structural_verilog(synthesis, config, shape, goal=goal)


@pytest.mark.parametrize(
    ("unit", "shape", "goal"),
    one_in(
        18,
        product(
            [
                "int4,int12",
                "e5m2,kulisch:0",
                "e4m3,fp16",
                "int4,int12:segmented=4:resolve=combinational",
                "e2m1,kulisch:segmented=5:resolve=idle",
            ],
            Shape,
            Goal,
        ),
    ),
)
def test_netlist_is_the_unit(unit, shape, goal):
    config = parse_unit_text(unit)
    synthesis, text = made(config, shape, goal=goal)
    prove_netlist(text, config, shape, goal=goal)
    expressions = re.findall(r" assign \S+ = (.*);", text)
    assert len(expressions) == text.count(" assign ")
    two = [each for each in expressions if re.search(r"[&|^]", each)]
    assert len(two) == sum(synthesis.metrics.cells.get(cell, 0) for cell in TWO_INPUT_GATES) > 20
    assert all(re.fullmatch(r"(~\()?\S+ [&|^] \S+\)?", each) for each in two)
    assert text.count(" <= ") == len(synthesis.flip_flops)
    state_bits = config.acc_bits + len(config.carry_places) + len(config.flags)
    assert len(synthesis.flip_flops) == (state_bits if shape.is_registered else 0)


@pytest.mark.parametrize(
    ("unit", "goal"),
    one_in(3, product(["e2m1 -> kulisch:0, stages 2", "int4 -> int9, stages 2"], Goal)),
)
def test_netlist_has_registers_of_its_own(unit, goal):
    config = parse_line(unit)
    synthesis, text = made(config, Shape.UNIT, goal=goal)
    prove_netlist(text, config, Shape.UNIT, goal=goal)
    assert re.search(r"^  reg \[\d+:0\] held\w* = \d+'d0;$", text, re.MULTILINE)
    assert text.count(" <= ") == len(synthesis.flip_flops) > config.acc_bits + len(config.flags) + 2


def test_netlist_read_back_computes_what_was_counted():
    config = parse_unit("e2m1", acc="fp16")
    synthesis, text = made(config, Shape.CORE)
    top = module_name(config, Shape.CORE)
    files = find_yosys().run(READ_BACK.format(top=top), {"design.v": text}, ["back.il"])
    a, b, c = biased_triples(config, 20_000, seed=8)
    stimuli = {"a": a, "b": b, "c": c}
    got = mapped_rtlil(files["back.il"], top).evaluate(stimuli)
    want = mapped_rtlil(rtlil_text(config, Shape.CORE), top).evaluate(stimuli)
    assert got.keys() == want.keys() == {"y"}
    assert np.array_equal(got["y"], want["y"])
    assert len(np.unique(want["y"])) > 1000
    assert synthesis.metrics.flip_flops == 0


@pytest.mark.parametrize("shape", Shape)
def test_wrong_gate_is_found(shape):
    config = parse_unit("e2m1", acc="kulisch:0")
    _, text = made(config, shape)
    wrong = re.sub(r"= (\S+) \^ (\S+);", r"= \1 | \2;", text, count=1)
    assert wrong != text
    with pytest.raises(EquivalenceError, match=r"^The circuits differ\.$"):
        prove_netlist(wrong, config, shape, goal=Goal.AREA)


@pytest.mark.parametrize(
    ("edge", "what"),
    [
        ("negedge clk", "the falling edge of 'clk'"),
        ("posedge (clk & en)", "the rising edge of logic of 'clk' and 'en'"),
        ("posedge en", "the rising edge of 'en'"),
    ],
)
def test_netlist_on_another_clock_is_found(edge, what):
    config = parse_unit("e2m1", acc="kulisch:0")
    _, text = made(config, Shape.UNIT)
    line = text[: text.index("always @")].count("\n") + 1
    wrong = text.replace("posedge clk", edge)
    assert wrong != text
    with pytest.raises(EquivalenceError) as error:
        prove_netlist(wrong, config, Shape.UNIT, goal=Goal.AREA)
    assert str(error.value) == (
        f"{module_name(config, Shape.UNIT)}.v:{line}: The register 'acc' is clocked by {what}, "
        "not by the rising edge of 'clk'."
    )


def test_ports_header_and_reset():
    config = parse_unit("e5m2", acc="kulisch:0")
    _, netlist = made(config, Shape.UNIT)
    text = verilog_text(config, Shape.UNIT, netlist=netlist)
    rtl = verilog_text(config, Shape.UNIT)
    for line in re.findall(r"^// [ab*]: .*|^module .*", rtl, re.MULTILINE):
        assert line in text
    assert "// A netlist of two-input gates, proved equal to the RTL of the same name.\n" in text
    assert f"  output reg [{config.acc_bits - 1}:0] acc = {config.acc_bits}'d0;\n" in text
    assert "  output reg pos_inf = 1'd0;\n" in text
    assert "This module is proved" not in text
    assert max(map(len, netlist.splitlines())) <= 100
