"""Units without a proof are tried, and are never called proved."""

import dataclasses
from types import SimpleNamespace

import pytest

from fp8mac.gen.rtlil import rtlil_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.proofs import sampling
from fp8mac.proofs.certificate import (
    certificate,
    sampled_certificates,
    sampled_lacking,
)
from fp8mac.proofs.check.checks import Check, CheckKind, Record, Verdict
from fp8mac.proofs.check.solve import Encoding
from fp8mac.proofs.page import certificate_text
from fp8mac.proofs.sampling import SAMPLED_UNITS, Tried, is_sampled, smaller, try_unit
from fp8mac.proofs.standard import STANDARD_DOTS, STANDARD_UNITS
from fp8mac.sim.check.claims.sampled import Sampled
from fp8mac.sim.check.cosim import Mismatch
from fp8mac.synth_reports.cost.measure import Bench
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.synthesis import Flow

BOUNDED = "products bounded, groups 2, join 5:floor"
UNIT = parse_line("fp16 x 2 -> fp32")
SMALL = parse_line("e2m1 x 2 -> e7m1")


def tried(wrong: int = 0, found: int = 8) -> Tried:
    mismatch = Mismatch(1, 2, 3, 4, (), 5, ())
    steps = Sampled(4096, 100, wrong, (mismatch,) * bool(wrong), 1.5)
    every = Sampled(1 << 25, 2000, 0, (), 2.5)
    return Tried(UNIT, Goal.AREA, "1" * 64, steps, 8, found, SMALL, every)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mi100-fp16", True),
        ("mi200-bf16", True),
        ("mi300-fp8", False),
        ("b200-nvfp4", False),
        ("fp16 x 2 -> fp32", True),
        ("bf16 x 2 -> fp16", True),
        ("fp16 x 2 -> fp16", False),
        ("h100-fp16", False),
        ("e2m1 x 2 -> fp32", False),
        ("fdot-fp8", False),
        ("mxfp8 x 32 -> fp32", False),
        ("h100-fp8-e4m3", False),
        ("e4m3 x 2 -> fp16", False),
        ("e4m3 -> fp32", False),
        ("e4m3 x 2 -> kulisch", False),
        ("e4m3 x 2 -> fp32, chunk 4 -> fp32", False),
    ],
)
def test_what_is_sampled(line, expected):
    assert is_sampled(parse_line(line)) is expected


def test_units_of_the_certificate_are_sampled_and_no_others():
    assert all(map(is_sampled, SAMPLED_UNITS))
    for units in (STANDARD_UNITS, STANDARD_DOTS):
        assert not any(is_sampled(config) for configs in units.values() for config in configs)


@pytest.mark.parametrize(
    ("line", "small"),
    [
        ("a100-fp16", "e2m1 x 2 -> e4m3ieee:rtz:inf:plus0, window 5"),
        (
            "mi300-fp8",
            f"e2m1 x 2 -> e4m3ieee:sum0, window 5, {BOUNDED}, late 12 5:floor drop 5",
        ),
        ("mi200-bf16", "e2m1*e1m1none x 2 -> e3m2ieee:daz, tree, products rounded"),
        ("rvbna-fp8 x 4", "e2m1 x 2 -> e4m3ieee:odd:sum0, window 6:odd, late"),
        ("fp16 x 4 -> fp32", "e2m1 x 2 -> e7m1"),
    ],
)
def test_smaller_units(line, small):
    assert smaller(parse_line(line)) == parse_line(small)


def test_blocks_have_no_smaller_unit():
    assert smaller(parse_line("b200-mxfp4")) is None


class OneGate:
    """A bench that has a netlist of one gate for whatever it is asked."""

    def measure(self, designs):
        text = ".model m\n.inputs a b\n.outputs y\n.gate AND2 a=a b=b O=y\n.end\n"
        synthesis = SimpleNamespace(netlist=text, sha256="1" * 64)
        return {design: SimpleNamespace(synthesis=synthesis) for design in designs}


def test_gate_that_changes_nothing_is_counted_apart(monkeypatch):
    """Of three gates one is found by steps, one is missed, and one is proved to change nothing."""
    right = Sampled(4096, 100, 0, (), 1.5)
    wrong = dataclasses.replace(right, wrong=1, mismatches=(Mismatch(1, 2, 3, 4, (), 5, ()),))
    monkeypatch.setattr(
        sampling, "_changed", lambda blif: [("found", "found"), ("missed", "-"), ("same", "-")]
    )
    monkeypatch.setattr(sampling, "_is_same", lambda text, blif: text == "same")
    monkeypatch.setattr(
        sampling,
        "check_sampled",
        lambda config, netlist, count: wrong if netlist == "found" and count > 1 << 17 else right,
    )
    block = parse_line("mxfp4 x 2 -> fp16, window 4")
    made = try_unit(block, vectors=1 << 18, bench=OneGate())
    assert (made.planted, made.found, made.same) == (2, 1, 1)
    assert made.failures == [
        f"{block.slug}: of 2 gates that were changed, 1 were found by the steps."
    ]
    text = certificate_text(certificate([], "try it") | {"sampled": [made.facts]})
    assert "| 0 | 1 of 2, 1 the same | - | - | - |" in text


@pytest.mark.slow
def test_unit_is_tried(tmp_path):
    bench = Bench(
        lambda design: rtlil_text(design.config, design.shape, goal=design.goal),
        Flow.load(),
        find_yosys(),
        Store(tmp_path),
    )
    done = []
    found = try_unit(UNIT, vectors=5000, bench=bench, progress=done.append)
    assert done == ["netlist", "steps", "bugs"]
    assert found.failures == []
    assert (found.steps.steps, found.steps.wrong, found.planted, found.found) == (8192, 0, 8, 8)
    assert found.small == SMALL
    assert found.every is not None
    assert (found.every.steps, found.every.wrong) == (1 << 25, 0)
    assert len(found.netlist) == 64


def test_row_says_sampled_and_never_proved():
    facts = tried().facts
    assert facts["verdict"] == facts["property"] == "sampled"
    text = certificate_text(certificate([], "try it") | {"sampled": [facts]})
    _, _, table = text.partition("## Sampled, not proved\n")
    assert (
        "| mac_fp16_fp16_fp32_x2 | area | core | sampled | 4,096 | 100 | 0 | 8 of 8 "
        "| e2m1 x 2 -> e7m1 | 33,554,432 | 0 | 4.0 | 11111111 |" in table
    )
    assert "| proved |" not in text
    assert "## Sampled" not in certificate_text(certificate([], "try it"))


@pytest.mark.parametrize(
    ("wrong", "found", "sentence"),
    [
        (7, 8, "7 of 4096 steps are wrong: a=0x1 b=0x2 acc=0x3: got 0x4, want 0x5."),
        (0, 6, "of 8 gates that were changed, 6 were found by the steps."),
    ],
)
def test_failure_is_said(wrong, found, sentence):
    made = tried(wrong, found)
    assert made.facts["verdict"] == "failed"
    assert made.failures == [f"mac_fp16_fp16_fp32_x2: {sentence}"]


def test_smaller_unit_that_is_wrong_is_named():
    made = tried()
    every = dataclasses.replace(made.every, wrong=2, mismatches=tried(1).steps.mismatches)
    (sentence,) = dataclasses.replace(made, every=every).failures
    assert sentence == (
        "mac_fp16_fp16_fp32_x2: of e2m1 x 2 -> e7m1, 2 of 33554432 steps are wrong: "
        "a=0x1 b=0x2 acc=0x3: got 0x4, want 0x5."
    )


def test_rows_are_added_one_by_one(monkeypatch):
    monkeypatch.setattr("fp8mac.proofs.certificate.SAMPLED_UNITS", [UNIT])
    empty = certificate([], "make it")
    assert sampled_lacking(empty) == [UNIT]
    first, failed = sampled_certificates(empty, [UNIT], lambda config: tried(wrong=1))
    assert first == empty
    assert (len(failed["sampled"]), len(failed["failures"])) == (1, 1)
    assert sampled_lacking(failed) == [UNIT]
    _, mended = sampled_certificates(failed, [UNIT], lambda config: tried())
    assert (len(mended["sampled"]), mended["failures"]) == (1, [])
    assert sampled_lacking(mended) == sampled_lacking(mended, 4096) == []
    assert sampled_lacking(mended, 4097) == [UNIT]
    assert certificate([], "more", before=mended)["sampled"] == mended["sampled"]


def test_row_goes_where_the_unit_is_proved():
    before = certificate([], "make it") | {"sampled": [tried().facts]}
    check = Check(UNIT, Shape.CORE, CheckKind.STEP, Encoding.BITWUZLA)
    assert certificate([Record(check, Verdict.PROVED)], "more", before=before)["sampled"] == []
    other = Check(SMALL, Shape.CORE, CheckKind.STEP, Encoding.BITWUZLA)
    after = certificate([Record(other, Verdict.PROVED)], "more", before=before)
    assert after["sampled"] == before["sampled"]


def test_gate_that_nothing_hangs_on_is_no_bug():
    text = ".model m\n.inputs a b\n.outputs y\n.gate AND2 a=a b=b O=n\n.gate BUF a=a O=y\n.end\n"
    other = text.replace("AND2", "OR2")
    assert sampling._is_same(text, other)
    assert not sampling._is_same(text, text.replace("BUF", "INV"))
    assert {changed for changed, _ in sampling._changed(text)} == {
        other,
        text.replace("BUF ", "INV "),
    }
