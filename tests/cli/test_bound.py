"""The command bound: what is proved lies above what is measured."""

import json

from typer.testing import CliRunner

from fp8mac.cli.app import app


def test_a_network_layer_by_layer():
    runner = CliRunner()
    words = ["bound", "h100-fp8-e4m3", "--samples", "30"]
    facts = json.loads(runner.invoke(app, [*words, "--json"]).stdout)
    assert [(each["name"], each["terms"], each["outputs"]) for each in facts["layers"]] == [
        ("hidden", 64, 32),
        ("output", 32, 10),
    ]
    for each in facts["layers"]:
        assert 0 < each["measured_error"] < each["seen_error"] <= each["any_error"] < 0.01
    assert facts["command"] == "fp8mac bound h100-fp8-e4m3 --samples 30"
    shown = runner.invoke(app, words).stdout
    assert shown.startswith("digits_mlp on e4m3 x 32 -> e8m13:rtz:inf:plus0, window 14\n")
    assert "bound, seen" in shown
    fixed = json.loads(runner.invoke(app, ["bound", "e4m3 -> kulisch", "--json"]).stdout)
    assert [each["any_error"] for each in fixed["layers"]] == [0, 0]
    tight = json.loads(runner.invoke(app, ["bound", "e4m3 -> fp16", "--json"]).stdout)
    assert tight["layers"][0]["any_error"] is None  # an input could overflow it


def test_blocks_are_refused():
    result = CliRunner().invoke(app, ["bound", "b200-mxfp8"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Operands of mxfp8e4m3 x 32 -> fp32:rtz:inf:plus0, window 26 are in blocks, whose scales "
        "bound nothing.\n"
    )
