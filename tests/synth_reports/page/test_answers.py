"""What the form is given is what the commands give; what is too large is said."""

import pytest

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.page.answers import Answers
from fp8mac.synth_reports.page.sheets import sheet_of


def test_sheet():
    answers = Answers()
    named = answers("sheet", "h100-fp8-e4m3", "area")["sheet"]
    assert named == sheet_of(parse_line("h100-fp8-e4m3"), proof="")
    assert ["products a cycle", "32"] in [list(each) for each in named["facts"]]


def test_verilog():
    found = Answers()("verilog", "int4 -> int12", "area")
    assert found["good"]
    assert (
        "module mac_int4_int4_int12 (" in found["text"]
        or "module mac_int4_int4_int12(" in found["text"]
    )
    assert "fp8mac verilog 'int4 -> int12'" in found["text"]
    assert (
        "module mac_int4_int4_int12_speed" in Answers()("verilog", "int4 -> int12", "speed")["text"]
    )


@pytest.mark.slow
def test_cost_and_proof():
    cost = Answers()("cost", "e2m1 -> kulisch:0", "area")["text"]
    assert "two-input gates" in cost
    assert "parts, built for area" in cost
    proof = Answers()("proof", "e2m1 -> kulisch:0", "area")
    head, _, lines = proof["text"].partition("\n\n")
    assert proof["good"]
    assert head == "Proved for all operands and states; every planted bug is found."
    assert lines.count(": proved") >= 6
    assert lines.count(": refuted") >= 3


@pytest.mark.slow
def test_a_proof_that_fails_is_no_proof(monkeypatch):
    from fp8mac.proofs.check.solve import Answer, Solver

    monkeypatch.setattr(Solver, "solve", lambda *_: Answer("no answer in 1 s", {}, 1))
    found = Answers(1)("proof", "e2m1 -> kulisch:0", "area")
    assert not found["good"]
    assert "Proved for all operands" not in found["text"]


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (("sheet", "e" * 201, "area"), "A unit has at most 200 characters here."),
        (
            ("sheet", "fp32 -> kulisch", "area"),
            (
                "The form takes operands of up to 16 bits and registers of up to 640; "
                "the command line takes larger ones."
            ),
        ),
        (
            ("file", "e4m3 -> fp16", "area"),
            "The form asks for sheet, verilog, cost or proof, for area or speed.",
        ),
        (
            ("sheet", "e4m3 -> fp16", "fpga"),
            "The form asks for sheet, verilog, cost or proof, for area or speed.",
        ),
    ],
)
def test_what_is_refused(question, sentence):
    with pytest.raises(Error) as error:
        Answers()(*question)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    "unit", ["", "-> fp16", "e4m3 -> kulisch:99999999", "e4m3 x 99 -> kulisch", "\x00", "../x"]
)
def test_what_is_no_unit_is_one_sentence(unit):
    with pytest.raises(Error) as error:
        Answers()("verilog", unit, "area")
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)
