"""Place and route: what is given to nextpnr, and what it answers; a stub stands on the PATH."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from yosys_builds import fake

from fp8mac.gen.fpga_tools import ToolError
from fp8mac.hw.config.ports import Shape, ports
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.synth.route import DEVICES, Routed, find_nextpnr, registered

HX8K = DEVICES["hx8k"]
VERSION = 'echo "nextpnr-ice40 -- Next Generation Place and Route (Version 0.4-1+b1)"'
REPORT = {
    "fmax": {"clk": {"achieved": 82.5, "constraint": 100}, "other": {"achieved": 90.0}},
    "utilization": {"ICESTORM_LC": {"used": 185, "available": 7680}},
}


def stub(folder: Path, report: str) -> None:
    """A nextpnr that keeps its words in ``words``, and writes a report."""
    script = f"""case "$1" in --version) {VERSION}; exit;; esac
echo "$@" > {folder}/words
while [ "$1" != --report ]; do shift; done
{report}"""
    fake(folder, script, "nextpnr-ice40")


@pytest.fixture
def alone(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def test_clock_and_cells(alone):
    (alone / "answer.json").write_text(json.dumps(REPORT))
    stub(alone, f'cp {alone}/answer.json "$2"')
    nextpnr = find_nextpnr(HX8K)
    assert nextpnr.version == "0.4-1+b1"
    assert nextpnr.route("{}", 7) == Routed(82.5, 185)
    words = (alone / "words").read_text().split()
    assert words[:4] == ["--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"]
    assert words[words.index("--seed") + 1] == "7"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (
            'echo "ERROR: no place for 9 cells."; exit 1',
            "nextpnr-ice40 stopped: no place for 9 cells.",
        ),
        ("exit 1", "nextpnr-ice40 stopped: exit code 1."),
        ("exit 0", "nextpnr-ice40 wrote no report."),
        ("""echo '{"fmax": {}}' > "$2" """, "nextpnr-ice40 found no path between two registers."),
    ],
)
def test_failure_is_one_sentence(alone, script, sentence):
    stub(alone, script)
    with pytest.raises(ToolError) as error:
        find_nextpnr(HX8K).route("{}", 1)
    assert str(error.value) == sentence


def test_router_that_does_not_end_is_given_up(alone):
    stub(alone, "exec sleep 60")
    assert replace(find_nextpnr(HX8K), limit_seconds=0.2).route("{}", 1) is None


def test_what_is_not_nextpnr_is_refused(alone):
    path = fake(alone, "echo hello", "nextpnr-ice40")
    with pytest.raises(ToolError) as error:
        find_nextpnr(HX8K)
    assert str(error.value) == f"'{path}' is not nextpnr: it does not tell its version."


def test_inputs_are_registered():
    text = registered("mac", ports(parse_unit("int2", acc="int4"), Shape.UNIT))
    assert text == (
        "module registered(clk, rst, a, b, en, clear, acc);\n"
        "  input clk;\n"
        "  input rst;\n"
        "  input [1:0] a;\n"
        "  reg [1:0] a_before;\n"
        "  input [1:0] b;\n"
        "  reg [1:0] b_before;\n"
        "  input en;\n"
        "  reg en_before;\n"
        "  input clear;\n"
        "  reg clear_before;\n"
        "  output [3:0] acc;\n"
        "  always @(posedge clk) a_before <= a;\n"
        "  always @(posedge clk) b_before <= b;\n"
        "  always @(posedge clk) en_before <= en;\n"
        "  always @(posedge clk) clear_before <= clear;\n"
        "  \\mac unit(.clk(clk), .rst(rst), .a(a_before), .b(b_before), .en(en_before), "
        ".clear(clear_before), .acc(acc));\n"
        "endmodule\n"
    )


def test_three_pins():
    text = registered("mac", ports(parse_unit("int2", acc="int4"), Shape.UNIT), folded=True)
    assert text == (
        "module registered(clk, rst, shift_in, fold);\n"
        "  input clk;\n"
        "  input rst;\n"
        "  reg [1:0] a_before;\n"
        "  reg [1:0] b_before;\n"
        "  reg en_before;\n"
        "  reg clear_before;\n"
        "  wire [3:0] acc;\n"
        "  reg [3:0] acc_behind;\n"
        "  input shift_in;\n"
        "  output reg fold;\n"
        "  wire [5:0] chain = {a_before, b_before, en_before, clear_before};\n"
        "  always @(posedge clk) {a_before, b_before, en_before, clear_before} <= "
        "{chain[4:0], shift_in};\n"
        "  always @(posedge clk) acc_behind <= acc;\n"
        "  always @(posedge clk) fold <= ^{acc_behind};\n"
        "  \\mac unit(.clk(clk), .rst(rst), .a(a_before), .b(b_before), .en(en_before), "
        ".clear(clear_before), .acc(acc));\n"
        "endmodule\n"
    )
