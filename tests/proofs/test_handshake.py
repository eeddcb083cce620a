# amaranth: UnusedElaboratable=no
"""Units between two streams: the rules of valid and ready, for all states; planted bugs."""

import dataclasses
import inspect
import json
import sys
from types import ModuleType

import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.gen import rtlil
from fp8mac.gen.rtlil import stream_rtlil
from fp8mac.gen.verilog import stream_text
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.hw.units import stream
from fp8mac.proofs import streams
from fp8mac.proofs.bugs.streams import STREAM_MUTATIONS
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.proofs.handshake import handshake_queries
from fp8mac.proofs.spec.sorts import all_sorts
from fp8mac.proofs.streams import CLAIMS, ClaimRecord

PATIENCE = 600
SMALL = "e2m1 -> kulisch:0, stages 2"
ADDS, OTHERS = list(CLAIMS), list(CLAIMS)[:-1]


def verdicts(text: str, config: MacConfig, goal: Goal, *, language: str) -> dict[str, str]:
    """What the solver says of each claim."""
    solver, encoding = Solver(PATIENCE), Encoding.of(all_sorts(config))[0]
    queries = handshake_queries(text, config, goal=goal, language=language)
    return {claim: solver.solve(query, encoding).verdict for claim, query in queries.items()}


@pytest.mark.parametrize(
    ("line", "goal", "claims"),
    [
        ("e2m1 -> kulisch:0", Goal.AREA, ADDS),
        ("e2m1 -> kulisch:0, stages 3", Goal.FPGA, ADDS),
        ("e3m2 -> kulisch:2:segmented=3:resolve=combinational, stages 3", Goal.SPEED, ADDS),
        ("e2m1 -> kulisch:0, stages 2, output e3m2", Goal.AREA, ADDS),
        ("e2m1 -> kulisch:0, stages 2, output int3", Goal.AREA, ADDS),
        ("e2m1 -> kulisch:0, stages 2, output e2m1:shift=3", Goal.AREA, ADDS),
        ("int4 -> int12, output int4:times=3", Goal.AREA, OTHERS),
        ("int8 -> int32, stages 2", Goal.AREA, OTHERS),
        ("e2m1 x 2 -> kulisch:0", Goal.AREA, OTHERS),
        pytest.param("mxfp4 x 2 -> fp32", Goal.AREA, OTHERS, marks=pytest.mark.slow),
    ],
)
def test_emitted_streams_are_proved(line, goal, claims):
    config = parse_line(line)
    text = stream_text(config, goal=goal)
    assert verdicts(text, config, goal, language="verilog") == dict.fromkeys(claims, "unsat")


@pytest.mark.parametrize("bug", STREAM_MUTATIONS, ids=lambda bug: bug.name)
def test_planted_bug_is_refuted(monkeypatch, bug):
    source = inspect.getsource(stream)
    assert source.count(bug.old) == 1
    planted = ModuleType("planted")
    monkeypatch.setitem(sys.modules, "planted", planted)
    exec(compile(source.replace(bug.old, bug.new), "planted", "exec"), vars(planted))
    monkeypatch.setattr(rtlil, "StreamMac", planted.StreamMac)
    config = parse_line(SMALL)
    found = verdicts(stream_rtlil(config), config, Goal.AREA, language="rtlil")
    assert found[bug.part] == "sat"


def prove(*words: str):
    return CliRunner().invoke(app, ["prove", *words, "--stream"])


@pytest.mark.slow
def test_command_proves_the_verilog_and_refutes_a_bug_for_each_claim(monkeypatch, tmp_path):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path))
    result = prove(SMALL, "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert [
        (each["claim"], each["verdict"], each["bug_verdict"], each["says"])
        for each in facts["claims"]
    ] == [(claim, "proved", "refuted", says) for claim, says in CLAIMS.items()]
    assert facts["failures"] == []
    assert facts["module"] == "mac_e2m1_e2m1_kulisch0_stages2_stream"
    emitted = CliRunner().invoke(app, ["verilog", SMALL, "--stream"]).stdout
    assert f"// Module SHA-256 {facts['sha256']}" in emitted.splitlines()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"verdict": "refuted"}, "waits: refuted."),
        ({"verdict": "no answer in 9 s"}, "waits: no answer in 9 s."),
        ({"bug_verdict": "proved"}, "waits: the planted bug 'b' was not refuted."),
    ],
)
def test_what_fails_is_said_and_the_exit_code_is_one(monkeypatch, change, sentence):
    records = [ClaimRecord(claim, "proved", 0.5, "b", "refuted") for claim in OTHERS]
    records[1] = dataclasses.replace(records[1], **change)
    config = parse_line("int8 -> int32")
    made = streams.StreamProof(config, Goal.AREA, "0123456789", tuple(records))
    monkeypatch.setattr(streams, "prove_stream", lambda *_, **__: made)
    result = prove("int8", "--acc", "int32")
    assert result.exit_code == 1
    assert result.stdout.endswith(f"\nFailures: 1.\n\n- {sentence}\n")
    assert "| reset | a reset leaves no sum and no part of a vector | proved | 0.5 |" in (
        result.stdout
    )
    assert "That sums of this unit are right is another proof" in result.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "--stream has no effect without the argument A."),
        (["int8", "--acc", "int32", "--both"], "--stream has no effect with --both."),
        (
            ["int8", "--acc", "int32", "--verilog", "x.v", "--top", "x"],
            "--stream has no effect with --verilog.",
        ),
        (
            ["e4m3", "--acc", "kulisch:3:segmented=5:resolve=idle"],
            (
                "A stream has no idle cycles to resolve a register in segments; choose "
                ":resolve=combinational."
            ),
        ),
    ],
)
def test_bad_input(words, sentence):
    result = prove(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.strip().splitlines()[-1] == sentence
