"""`fp8mac prove` on Verilog that was written by hand: right is accepted, wrong refuted."""

import json

import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.proofs.certificate import certificate
from fp8mac.proofs.sampling import Tried
from fp8mac.sim.check.claims.sampled import Sampled
from fp8mac.sim.check.cosim import Mismatch

KULISCH = """\
module theirs(input [7:0] a, b, input signed [48:0] c, output signed [48:0] y, output nan);
  wire [3:0] ea = a[6:3] == 0 ? 4'd1 : a[6:3];
  wire [3:0] eb = b[6:3] == 0 ? 4'd1 : b[6:3];
  wire [7:0] significand = {|a[6:3], a[2:0]} * {|b[6:3], b[2:0]};
  wire [48:0] product = {41'd0, significand} << (ea + eb - 5'd2);
  assign y = a[7] ^ b[7] ? c - product : c + product;
  assign nan = &a[6:0] | &b[6:0];
endmodule
"""
INTEGER = """\
module theirs(
  input clk, rst, en, clear, input signed [4:0] a, b, output reg signed [19:0] acc
);
  always @(posedge clk)
    if (rst) acc <= 0;
    else if (en) acc <= (clear ? 20'sd0 : acc) + a * b;
endmodule
"""

SAMPLED = Sampled(9, 2, 3, (Mismatch(1, 2, 3, 4, (), 5, ()),), 1.0)

CLOCKED = "The register 'acc' is clocked"
NOT_CLK = "not by the rising edge of 'clk'"
HIDDEN = "The outputs hang on the register 'late' as well"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def prove(tmp_path, text: str, *arguments: str):
    file = tmp_path / "theirs.v"
    file.write_text(text)
    return CliRunner().invoke(app, ["prove", *arguments, "--verilog", str(file), "--top", "theirs"])


def test_right_core_is_accepted(tmp_path):
    result = prove(tmp_path, KULISCH, "e4m3", "--acc", "kulisch")
    assert result.exit_code == 0
    assert "| theirs |  | core | bitwuzla | proved |" in result.stdout
    assert "Failures: 0." in result.stdout


def test_wrong_core_is_refuted(tmp_path):
    wrong = KULISCH.replace("c - product", "c + ~product")
    assert wrong != KULISCH
    result = prove(tmp_path, wrong, "e4m3", "--acc", "kulisch", "--json")
    assert result.exit_code == 1
    facts = json.loads(result.stdout)
    (step,) = (each for each in facts["records"] if each["property"] == "step")
    assert step["verdict"] == "refuted"
    assert ": got 0x" in step["counterexample"]
    assert facts["proved"] == {}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("", "", 0),
        ("(clear ? 20'sd0 : acc)", "acc", 1),
        ("if (en)", "if (en | clear)", 1),
        ("if (rst)", "if (rst & en)", 1),
    ],
    ids=["right", "no clear", "clear without enable", "no reset while disabled"],
)
def test_registered_unit(tmp_path, old, new, code):
    text = INTEGER.replace(old, new) if old else INTEGER
    result = prove(tmp_path, text, "int5", "--acc", "int20", "--unit")
    assert result.exit_code == code, result.output


@pytest.mark.slow
def test_unit_for_speed_is_proved_and_named():
    arguments = ["prove", "int4", "--acc", "int9", "--goal", "speed", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert set(facts["proved"]) == {
        "mac_int4_int4_int9_speed_core",
        "mac_int4_int4_int9_speed",
    }
    assert facts["command"] == "fp8mac prove int4 --acc int9 --goal speed"
    assert {each["goal"] for each in facts["records"]} == {"speed"}


def message(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["prove", *arguments])
    assert result.exit_code == 2
    assert result.stdout == ""
    return result.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "posedge clk",
            "posedge (clk & en)",
            f"4: {CLOCKED} by the rising edge of logic of 'clk' and 'en', {NOT_CLK}.",
        ),
        (
            "posedge clk",
            "posedge clk or posedge rst",
            f"4: The register 'acc' is set at any time by 'rst', {NOT_CLK} alone.",
        ),
        ("a * b", "a * ;", "6: syntax error, unexpected ';'."),
        ("a * b", "late * b", "6: Nothing drives 'late', which the output 'acc' hangs on."),
        (
            "always",
            "reg signed [4:0] late;\n  always @(posedge clk) late <= a;\n  always",
            f"5: {HIDDEN}, which is no output, and are wrong for some of its values.",
        ),
    ],
    ids=["gated", "asynchronous", "syntax", "undriven", "hidden"],
)
def test_unit_that_is_none(tmp_path, old, new, sentence):
    text = INTEGER.replace(old, new, 1)
    if "late <= a" in new:
        text = text.replace("a * b", "late * b")
    result = prove(tmp_path, text, "int5", "--acc", "int20", "--unit")
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (said,) = result.stderr.splitlines()
    assert said == f"{tmp_path / 'theirs.v'}:{sentence}"


def test_bad_input(tmp_path):
    file = tmp_path / "theirs.v"
    file.write_text(KULISCH)
    assert message("e4m3").startswith("'e4m3' has no accumulator; name it with --acc, or ")
    chunked = "e4m3 x 2 -> fp32, chunk 4"
    assert message(chunked) == (
        f"There is no proof of {chunked}: proved are units that add products one by one, and "
        "those that add several in fixed point, in windows, or exactly."
    )
    assert message("e4m3 x 2 -> fp16", "--vectors", "9") == (
        "--vectors has no effect: e4m3 x 2 -> fp16 is proved, not sampled."
    )
    assert message("--fast", "--vectors", "9") == "--vectors has no effect with --fast."
    assert message("--new", "--output-dir", str(tmp_path)) == (
        f"Cannot read '{tmp_path / 'proofs.json'}': No such file or directory."
    )
    sampled = '{"tools": {}, "command": "", "failures": [], "proved": {}, "records": []'
    for text in ("", "[]", '{"records": [{}]}', sampled + ', "sampled": [{}]}'):
        (tmp_path / "proofs.json").write_text(text)
        found = message("--new", "--output-dir", str(tmp_path))
        assert found == f"'{tmp_path / 'proofs.json'}' is no certificate."
    assert message("e4m3", "--acc", "fp16", "--fast") == (
        "--fast has no effect with the argument A."
    )
    assert message("--goal", "speed") == "--goal has no effect without the argument A."
    assert message("--acc", "fp16") == "--acc has no effect without the argument A."
    assert message("e4m3", "--acc", "fp16", "--top", "x") == (
        "--top has no effect without --verilog."
    )
    assert message("e4m3", "--acc", "fp16", "--verilog", "x") == (
        "--verilog has no effect without --top."
    )
    assert message("e4m3", "--acc", "fp16", "--output-dir", "x") == (
        "--output-dir has no effect with the argument A."
    )
    theirs = ("--verilog", str(file), "--top")
    assert message("e4m3", "--acc", "fp16", *theirs, "theirs") == (
        f"{file}:1: The input 'c' of theirs has 49 bits, not 16."
    )
    assert message("e4m3", "--acc", "kulisch", *theirs, "x") == (f"{file}: Module 'x' not found.")
    missing = str(tmp_path / "none.v")
    assert message("e4m3", "--acc", "fp16", "--verilog", missing, "--top", "x") == (
        f"Cannot read '{missing}': No such file or directory."
    )


def test_unit_without_a_proof_is_sampled(tmp_path, monkeypatch):
    monkeypatch.setattr("fp8mac.proofs.sampling.check_every", lambda *_: SAMPLED)
    monkeypatch.setattr("fp8mac.proofs.sampling.check_sampled", lambda *_: SAMPLED)
    line = "e2m1 x 2 -> e4m3ieee, tree"
    result = CliRunner().invoke(app, ["prove", line, "--vectors", "9", "--json"])
    (row,) = json.loads(result.stdout)["sampled"]
    assert result.exit_code == 1
    assert (row["line"], row["verdict"], row["wrong"]) == (line, "failed", 3)
    result = CliRunner().invoke(app, ["prove", line, "--vectors", "9"])
    assert "| mac_e2m1_e2m1_e4m3ieee_x2_tree | area | core | failed | 9 | 2 | 3 |" in result.stdout


def test_sampled_rows_of_too_few_steps_are_made_again(tmp_path, monkeypatch):
    """Those of a certificate that has them already, with --new; others stay as they are."""
    unit = parse_line("fp16 x 2 -> fp32")
    counts = []

    def tried(config, *, vectors, **_):
        counts.append(vectors)
        return Tried(config, Goal.AREA, "1" * 64, Sampled(vectors, 9, 0, (), 1.0), 8, 8, None, None)

    monkeypatch.setattr("fp8mac.proofs.certificate.SAMPLED_UNITS", [unit])
    monkeypatch.setattr("fp8mac.proofs.sampling.try_unit", tried)
    monkeypatch.setattr("fp8mac.proofs.standard.standard_units", lambda *, fast: {})
    file = tmp_path / "proofs.json"
    file.write_text(json.dumps(certificate([], "fp8mac prove")))
    for steps, rows in ((None, [1_000_000]), (2_000_000, [2_000_000]), (9, [2_000_000])):
        more = [] if steps is None else ["--vectors", str(steps)]
        result = CliRunner().invoke(app, ["prove", "--new", "--output-dir", str(tmp_path), *more])
        assert result.exit_code == 0, result.output
        assert [each["steps"] for each in json.loads(file.read_text())["sampled"]] == rows
    assert counts == [1_000_000, 2_000_000]
