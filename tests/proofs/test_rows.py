"""`fp8mac prove UNIT --out mxfp8`: blocks of an array's rows, claim by claim; planted bugs."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.cli.proofs import around
from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.blocks import SharedScale
from fp8mac.hw.config.outputs.blocks import BlockOutput, parse_row_output
from fp8mac.hw.config.unit import parse_line
from fp8mac.proofs import rows
from fp8mac.proofs.block_bugs import BLOCK_BUGS
from fp8mac.proofs.rows import BlockProof, BlockRecord, prove_blocks

SUMS = [
    "the first sum alone chooses the scale",
    "negative powers of two have the scale below",
    "elements do not follow the next scale",
    "beside an infinity all sums are ends",
    "an infinity has the other sign",
]
"""Planted where elements have no NaN, and scales OCP's rule."""


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path))


def in_twos(text: str):
    """The output, but in blocks of two sums."""
    found = parse_row_output(text)
    if not isinstance(found, BlockOutput):
        return found
    short = SharedScale(2, found.format.block.scale)
    return replace(found, format=replace(found.format, block=short))


def prove(*words: str):
    return CliRunner().invoke(app, ["prove", *words])


def test_command_proves_each_claim_and_refutes_bugs(monkeypatch):
    monkeypatch.setattr(around, "parse_row_output", in_twos)
    result = prove("int4", "--acc", "int8", "--out", "mxint8", "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert [(each["claim"], each["verdict"]) for each in facts["claims"]] == [
        ("scale", "proved"),
        ("element 0", "proved"),
        ("element 1", "proved"),
    ]
    assert [(each["bug"], each["claim"], each["verdict"]) for each in facts["bugs"]] == [
        (bug, "scale" if place < 2 else "element 1", "refuted") for place, bug in enumerate(SUMS)
    ]
    named = ("command", "unit", "output", "sums", "sum_bits", "failures")
    assert [facts[name] for name in named] == [
        *("fp8mac prove int4 --acc int8 --out mxint8", "int4 -> int8", "mxint8", 2, 8, [])
    ]
    text = prove("int4", "--acc", "int8", "--out", "mxint8").stdout.splitlines()
    assert "# Proof of mxint8 blocks of int4 -> int8" in text
    assert [line.split(" | ")[:2] for line in text if line.startswith(("| scale", "| element"))][
        :3
    ] == [["| scale", "proved"], ["| element 0", "proved"], ["| element 1", "proved"]]
    assert text[-1] == "Failures: 0."


@pytest.mark.slow
def test_whole_blocks_are_proved():
    result = prove("e2m1", "--acc", "kulisch:0", "--out", "mxfp8e5m2:up", "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    claims = [each["claim"] for each in facts["claims"]]
    assert claims == ["scale", *(f"element {place}" for place in range(32))]
    assert {each["verdict"] for each in facts["claims"]} == {"proved"}
    assert [each["bug"] for each in facts["bugs"]] == [
        *(SUMS[0], "bits of a NaN count", "negative sums are never too large", *SUMS[2:]),
        "the first sum's NaN is that of all",
    ]
    assert {each["verdict"] for each in facts["bugs"]} == {"refuted"}


def test_a_wrong_circuit_is_refuted(monkeypatch):
    """That what is asked is about the circuit, and what a failure says."""
    array = ArrayConfig(parse_line("int4 -> int8"), 1, 2, in_twos("mxint8"))
    (bug,) = (each for each in BLOCK_BUGS if each.name == SUMS[2])
    monkeypatch.setattr(rows, "ToBlock", bug.plant)
    monkeypatch.setattr(rows, "BLOCK_BUGS", ())
    made = prove_blocks(array)
    verdicts = [(each.claim, each.verdict) for each in made.records]
    wrong = ["element 0", "element 1"]
    assert verdicts == [("scale", "proved"), *((claim, "refuted") for claim in wrong)]
    monkeypatch.setattr(rows, "prove_blocks", lambda *_, **__: made)
    result = prove("int4", "--acc", "int8", "--out", "mxint8")
    assert result.exit_code == 1
    assert result.stdout.endswith(
        "\nFailures: 2.\n\n- element 0: refuted.\n- element 1: refuted.\n"
    )


def test_a_bug_that_is_not_refuted_fails(monkeypatch):
    records = (BlockRecord("scale", "", "proved", 0.5), BlockRecord("scale", "b", "proved", 0.5))
    array = ArrayConfig(parse_line("int4 -> int8"), 1, 32, parse_row_output("mxint8"))
    monkeypatch.setattr(rows, "prove_blocks", lambda *_, **__: BlockProof(array, records))
    result = prove("int4", "--acc", "int8", "--out", "mxint8")
    assert result.exit_code == 1
    assert result.stdout.endswith(
        "\nFailures: 1.\n\n- scale: the planted bug 'b' was not refuted.\n"
    )


def test_the_circuit_is_that_of_the_array(monkeypatch):
    """Width and last place of a sum, as in the array, whatever its lanes and stages."""
    seen = []
    monkeypatch.setattr(rows, "ToBlock", lambda *given: seen.append(given))
    monkeypatch.setattr(rows, "block_queries", lambda circuit: iter(()))
    monkeypatch.setattr(rows, "BLOCK_BUGS", ())
    result = prove("e4m3", "--acc", "kulisch:3", "--lanes", "4", "--stages", "2", "--out", "MXFP8")
    assert result.exit_code == 0, result.output
    assert seen == [(40, -18, parse_row_output("mxfp8"))]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--out", "mxfp8"], "--out has no effect without the argument A."),
        (
            ["int8", "--acc", "int32", "--out", "mxfp8", "--stream"],
            "--stream has no effect with --out mxfp8e4m3.",
        ),
        (
            ["int8", "--acc", "int32", "--out", "mxfp8", "--goal", "speed"],
            "--goal has no effect with --out mxfp8e4m3.",
        ),
        (
            ["int8", "--acc", "int32", "--out", "mxfp8:up", "--vectors", "9"],
            "--vectors has no effect with --out mxfp8e4m3:up.",
        ),
        (
            ["int8", "--acc", "int32", "--out", "mxfp4:rtz"],
            "'mxfp4:rtz' is not an output; blocks have the option :up.",
        ),
        (
            ["int8", "--acc", "int32", "--out", "nvfp4"],
            (
                "Scales of nvfp4 are not powers of two; rows of sums leave as mxfp8, mxfp6e2m3, "
                "mxfp6e3m2, mxfp4 or mxint8."
            ),
        ),
        (
            ["e4m3", "--acc", "fp16", "--out", "mxfp8"],
            (
                "Sums in fp16 are rounded at every step and leave as they are; an output format "
                "is for kulisch and integer accumulators."
            ),
        ),
        (["int8 -> int32, output int8", "--out", "mxfp8"], "An array has one output."),
    ],
)
def test_bad_input(words, sentence):
    result = prove(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.strip().splitlines()[-1] == sentence
