"""The flow on circuits whose gates can be counted by hand, and the failures it has to notice."""

import re
from dataclasses import replace

import numpy as np
import pytest

from fp8mac.gen.yosys import Yosys, YosysError, find_yosys
from fp8mac.sim.check.netlist import Netlist
from fp8mac.synth_reports.synth.synthesis import Flow, SynthesisError, synthesize

FLOW = Flow.load()
FULL_ADDER = "module fa(input a, b, c, output s, k); assign {k, s} = a + b + c; endmodule"
REGISTER = """
module register(input clk, input [7:0] d, output reg [7:0] q);
  always @(posedge clk) q <= d;
endmodule
"""
ENABLED = """
module enabled(input clk, rst, en, input [7:0] d, output reg [7:0] q);
  always @(posedge clk) if (rst) q <= 0; else if (en) q <= d;
endmodule
"""


def rtlil(verilog: str) -> str:
    """RTLIL of Verilog text."""
    script = "read_verilog in.v\nwrite_rtlil out.il\n"
    return find_yosys().run(script, {"in.v": verilog}, ["out.il"])["out.il"]


def run(verilog: str, top: str, flow: Flow = FLOW):
    return synthesize(rtlil(verilog), top, flow, find_yosys())


def test_full_adder_is_five_gates():
    found = run(FULL_ADDER, "fa")
    assert (found.metrics.two_input_gates, found.metrics.levels) == (5, 3)
    assert found.metrics.cells.get("XOR2", 0) + found.metrics.cells.get("XNOR2", 0) == 2
    assert found.flip_flops == ()
    codes = np.arange(8, dtype=np.uint64)
    stimuli = {port: codes >> np.uint64(bit) & np.uint64(1) for bit, port in enumerate("abc")}
    outputs = Netlist.from_blif(found.netlist).evaluate(stimuli)
    total = sum(stimuli.values())
    assert np.array_equal(outputs["s"].ravel() + 2 * outputs["k"].ravel(), total)


def test_ripple_adder_is_five_gates_a_bit():
    adder = "module add(input [7:0] a, b, input c, output [8:0] y); assign y = a + b + c; endmodule"
    assert run(adder, "add").metrics.two_input_gates == 5 * 8


def test_parity_is_xor_gates():
    parity = "module parity(input [15:0] a, output y); assign y = ^a; endmodule"
    metrics = run(parity, "parity").metrics
    assert metrics.cells.get("XOR2", 0) + metrics.cells.get("XNOR2", 0) == 15
    assert (metrics.two_input_gates, metrics.weighted_gates) == (15, 45)


def test_register_is_flip_flops_only():
    found = run(REGISTER, "register")
    metrics = found.metrics
    assert (metrics.flip_flops, metrics.two_input_gates, metrics.inverters) == (8, 0, 0)
    assert metrics.weighted_gates == 48
    assert sorted(found.flip_flops) == [f"q[{bit}]" for bit in range(8)]


def test_enable_and_reset_are_counted_as_gates():
    found = run(ENABLED, "enabled")
    assert found.metrics.flip_flops == 8
    assert 8 * 3 <= found.metrics.two_input_gates <= 8 * 4 + 2  # a multiplexer is 3, a reset 1
    netlist = Netlist.from_blif(found.netlist)
    assert {"ff_q": 8, "ff_d": 8, "en": 1, "rst": 1}.items() <= netlist.ports.items()
    one = np.ones(1, dtype=np.uint64)
    for rst, en, want in [(1, 1, 0), (0, 1, 0xA5), (0, 0, 0x3C)]:
        stimuli = {
            "rst": one * rst,
            "en": one * en,
            "clk": one,
            "d": one * 0xA5,
            "ff_q": one * 0x3C,
        }
        stimuli = {port: words.astype(np.uint64) for port, words in stimuli.items()}
        assert netlist.evaluate(stimuli)["ff_d"][0, 0] == want


def test_flip_flops_are_neither_merged_nor_removed():
    twins = """
module twins(input clk, d, output p, q, r);
  reg a, b, c; assign {p, q, r} = {a, b, c};
  always @(posedge clk) begin a <= d; b <= a ^ d; c <= (a & ~d) | (~a & d); end
endmodule"""
    assert run(twins, "twins").metrics.flip_flops == 3


def test_wires_and_constants_cost_nothing():
    wires = "module wires(input [3:0] a, output [5:0] y); assign y = {a, 2'b01}; endmodule"
    metrics = run(wires, "wires").metrics
    assert (metrics.two_input_gates, metrics.inverters, metrics.levels) == (0, 0, 0)


def test_result_does_not_depend_on_history_and_has_no_date():
    text = rtlil(ENABLED)
    first = synthesize(text, "enabled", FLOW, find_yosys())
    run(FULL_ADDER, "fa")
    assert synthesize(text, "enabled", FLOW, find_yosys()) == first
    assert first.netlist.startswith(".model enabled\n")


def test_best_script_wins():
    naive = "strash; map"
    flow = replace(FLOW, scripts=(naive, *FLOW.scripts, naive))
    verilog = "module m(input [5:0] a, b, output [11:0] y); assign y = a * b; endmodule"
    best = run(verilog, "m", flow)
    assert best.netlist == run(verilog, "m").netlist
    assert (
        best.metrics.two_input_gates
        < run(verilog, "m", replace(FLOW, scripts=(naive,))).metrics.two_input_gates
    )


def test_wrong_netlist_is_noticed():
    flow = replace(FLOW, scripts=("strash; map; cof s 0; strash; map",))
    with pytest.raises(SynthesisError) as caught:
        run(FULL_ADDER, "fa", flow)
    assert str(caught.value) == "ABC did not prove its netlist of fa equal to the design."


def test_unmapped_netlist_is_noticed():
    with pytest.raises(ValueError, match="The netlist is not mapped"):
        run(FULL_ADDER, "fa", replace(FLOW, scripts=("strash",)))


@pytest.mark.parametrize(
    ("flow", "sentence"),
    [
        (
            replace(FLOW, scripts=("strash; frobnicate",)),
            "Yosys stopped: unknown command 'frobnicate'.",
        ),
        (
            replace(FLOW, scripts=("strash; map", "strash; map; dch -f; amap")),
            "Yosys stopped: This command works only for strashed networks.",
        ),
        (
            replace(FLOW, front="proc\nfrobnicate"),
            "Yosys stopped: No such command: frobnicate (type",
        ),
    ],
)
def test_a_flow_that_stops_half_way(flow, sentence):
    with pytest.raises(YosysError) as caught:
        run(FULL_ADDER, "fa", flow)
    assert str(caught.value).startswith(sentence)


def test_abc_that_skips_a_script_is_noticed():
    class Lazy(Yosys):
        def run(self, script, inputs, outputs=()):
            files = super().run(script, inputs, outputs)
            return {name: text for name, text in files.items() if name != "mapped1.blif"}

    tool = find_yosys()
    lazy = Lazy(tool.command, tool.build, tool.version)
    flow = replace(FLOW, scripts=("strash; map", "strash; amap"))
    with pytest.raises(SynthesisError) as caught:
        synthesize(rtlil(FULL_ADDER), "fa", flow, lazy)
    assert str(caught.value) == "ABC stopped in script 2 of the flow 'area' on fa."


@pytest.mark.parametrize(
    ("verilog", "top", "sentence"),
    [
        (
            "module loop(input a, output y); assign y = ~(a & y); endmodule",
            "loop",
            "Yosys stopped: Found 1 problems in 'check -assert'.",
        ),
        (
            "module two(input a, b, output y); assign y = a; assign y = b; endmodule",
            "two",
            "Yosys stopped: Found 1 problems in 'check -assert'.",
        ),
        (FULL_ADDER, "other", "Yosys stopped: Module `other' not found."),
    ],
)
def test_a_design_that_is_none(verilog, top, sentence):
    with pytest.raises(YosysError) as caught:
        run(verilog, top)
    assert str(caught.value) == sentence


def test_a_cell_that_is_not_logic():
    with pytest.raises(SynthesisError) as caught:
        run(FULL_ADDER, "fa", replace(FLOW, front="proc"))
    assert str(caught.value) == "The flow 'area' cannot map a cell of fa: $add."


@pytest.mark.parametrize(
    "edge",
    ["negedge clk", "posedge d[0]", "posedge (clk & d[0])"],
    ids=["falling", "data", "gated"],
)
def test_a_flip_flop_on_another_clock(edge):
    with pytest.raises(SynthesisError) as caught:
        run(REGISTER.replace("posedge clk", edge), "register")
    assert re.fullmatch(
        r"The flow 'area' cannot map a flip-flop of register: q\[\d\] hangs on 're \S+', "
        r"not on 're clk', the rising edge of clk\.",
        str(caught.value),
    )


def test_flow_hash_covers_every_file():
    changed = [
        replace(FLOW, front=FLOW.front + "\n"),
        replace(FLOW, scripts=(*FLOW.scripts, "strash; map")),
        replace(FLOW, library=FLOW.library + "\n"),
        replace(FLOW, techmap=FLOW.techmap + "\n"),
    ]
    assert len({FLOW.sha256, *(flow.sha256 for flow in changed)}) == 5
    assert replace(FLOW, name="other").sha256 == FLOW.sha256
