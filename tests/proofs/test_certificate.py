"""The certificate: what it lists, and that a failure cannot hide in it."""

import dataclasses
import json
from pathlib import Path

import pytest
from samples import one_in

from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import is_proved, module_sha256, verilog_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal, Structure
from fp8mac.hw.config.unit import parse_line, parse_unit
from fp8mac.proofs.bugs.mutations import MUTATIONS, mutations_of
from fp8mac.proofs.certificate import (
    CertificateError,
    certificate,
    certificates,
    groups_lacking,
    sampled_lacking,
)
from fp8mac.proofs.check.checks import Check, CheckKind, Record, Verdict, plan
from fp8mac.proofs.check.solve import Encoding
from fp8mac.proofs.page import certificate_text
from fp8mac.proofs.standard import (
    FAST_UNITS,
    STANDARD_STRUCTURES,
    STANDARD_UNITS,
    standard_units,
)

UNIT = parse_unit("e4m3", acc="fp16")


def records(step: Verdict = Verdict.PROVED, bug: Verdict = Verdict.REFUTED) -> list[Record]:
    mutation = Check(UNIT, Shape.CORE, CheckKind.MUTATION, Encoding.BITWUZLA, MUTATIONS[0])
    return [
        Record(
            Check(UNIT, Shape.CORE, CheckKind.STEP, Encoding.BITWUZLA), step, 1.25, sha256="1" * 64
        ),
        Record(mutation, bug, 0.5),
        Record(Check(UNIT, Shape.CORE, CheckKind.VERILOG), Verdict.PROVED, 0.5, sha256="2" * 64),
        Record(Check(UNIT, Shape.CORE, CheckKind.NETLIST), Verdict.PROVED, 0.5, sha256="3" * 64),
    ]


def test_standard_units():
    assert set(FAST_UNITS) <= set(STANDARD_UNITS) == set(Goal)
    for goal, units in STANDARD_UNITS.items():
        assert len(units) == len(set(units))
        assert set(FAST_UNITS.get(goal, ())) <= set(units)
    products = {"e2m5", "e3m4", "e4m3", "e5m2"}
    area = STANDARD_UNITS[Goal.AREA]
    grid = [config for config in area if config.a.name in products and config.a == config.b]
    assert {config.accumulator.name for config in grid} >= {"kulisch:12", "e6m9", "fp16", "bf16"}


def test_proved_module_is_listed_with_its_hash():
    facts = certificate(records(), "make it")
    assert facts["proved"] == {"mac_e4m3_e4m3_fp16_core": "2" * 64}
    assert facts["failures"] == []
    assert json.loads(json.dumps(facts)) == facts
    assert (
        "| mac_e4m3_e4m3_fp16 | area | core | bitwuzla | proved | 1.2 | 1 of 1 | 22222222 "
        "| 33333333 |" in certificate_text(certificate(records(), "make it"))
    )


@pytest.mark.parametrize(
    "made",
    [
        records(step=Verdict.REFUTED),
        records(step=Verdict.FAILED),
        records(bug=Verdict.PROVED),
        records(bug=Verdict.EQUIVALENT),
        [record for record in records() if record.check.kind is not CheckKind.MUTATION],
    ],
    ids=["refuted", "no answer", "bug survives", "no bug refuted", "no bug planted"],
)
def test_failure_is_said(made):
    facts = certificate(made, "make it")
    assert facts["failures"]
    assert facts["proved"] == {}
    assert f"Failures: {len(facts['failures'])}." in certificate_text(certificate(made, "make it"))


def test_rows_are_added_to_a_certificate():
    before = certificate(records(), "make it")
    other = parse_unit("e5m2", acc="fp16")
    made = [
        dataclasses.replace(each, check=dataclasses.replace(each.check, config=other))
        for each in records(step=Verdict.REFUTED)
    ]
    both = certificate(made, "make more", before=before)
    assert both["command"] == "make it; make more"
    assert both["records"] == before["records"] + certificate(made, "")["records"]
    assert both["proved"] == {"mac_e4m3_e4m3_fp16_core": "2" * 64}
    assert both["failures"] == certificate(made, "")["failures"] != []
    text = certificate_text(both)
    assert "Made by `make it; make more`: " in text
    assert "| mac_e4m3_e4m3_fp16 | area | core | bitwuzla | proved | 1.2 | 1 of 1 |" in text
    assert "| mac_e5m2_e5m2_fp16 | area | core | bitwuzla | refuted | 1.2 | 1 of 1 |" in text
    units = {Goal.AREA: [UNIT, other], Goal.SPEED: [other]}
    assert groups_lacking(both, units) == [{Goal.AREA: [other]}, {Goal.SPEED: [other]}]
    assert groups_lacking(both, {Goal.AREA: [UNIT]}) == [{}]
    again = [dataclasses.replace(each, verdict=Verdict.PROVED) for each in made if not each.passed]
    again += [each for each in made if each.passed]
    mended = certificate(again, "make again", before=both)
    assert mended["failures"] == []
    assert len(mended["records"]) == len(both["records"])
    assert groups_lacking(mended, units) == [{Goal.SPEED: [other]}]


def test_a_certificate_is_made_after_each_group():
    """Small units come first; bugs that were not refuted yet are told."""
    large, small = (parse_line(f"e4m3 x {lanes} -> kulisch") for lanes in (4, 2))
    empty = certificate([], "make it")
    groups = groups_lacking(empty, {Goal.AREA: [large, small], Goal.SPEED: [UNIT]})
    assert groups == [{Goal.SPEED: [UNIT]}, {Goal.AREA: [small]}, {Goal.AREA: [large]}]
    told = []

    def prove(group, planted):
        told.append((group, dict(planted)))
        ((config,),) = group.values()
        return [
            dataclasses.replace(each, check=dataclasses.replace(each.check, config=config))
            for each in records()
        ]

    made = [len(each["records"]) for each in certificates(groups, prove, "make it", before=empty)]
    assert made == [4, 8, 12]
    bug = MUTATIONS[0].name
    assert told == list(zip(groups, ({}, {bug: 1}, {bug: 2}), strict=True))
    others = [mutation.name for mutation in mutations_of(small, Shape.CORE)]
    checks = plan([small], planted=dict.fromkeys(others[:-2], 1))
    planted = [each.mutation.name for each in checks if each.mutation]
    assert planted[:2] == others[-2:]


def test_a_certificate_of_other_tools_is_refused_before_anything_is_proved():
    before = certificate([], "make it")
    before["tools"] = before["tools"] | {"yosys": "0.9"}
    with pytest.raises(CertificateError, match="made by other tools"):
        next(certificates([{}], lambda group, planted: 1 / 0, "make it", before=before))


def test_rows_of_other_tools_are_not_mixed():
    before = certificate(records(), "make it")
    before["tools"] = before["tools"] | {"yosys": "0.9"}
    with pytest.raises(CertificateError) as error:
        certificate(records(), "make it", before=before)
    assert str(error.value) == (
        "The certificate was made by other tools; prove all standard units again."
    )


COMMITTED = Path(__file__).parents[2] / "synth_reports" / "results" / "proofs.json"


def test_committed_certificate_has_no_failure_and_every_bug():
    facts = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert facts["failures"] == []
    units = sum(len(each) for each in standard_units().values())
    assert len(facts["proved"]) == 2 * units + len(STANDARD_STRUCTURES)
    refuted = {each["mutation"] for each in facts["records"] if each["verdict"] == "refuted"}
    assert refuted == {each.name for each in MUTATIONS}
    assert not {each["unit"] for each in facts["sampled"]} & {*facts["proved"]}


def test_committed_certificate_has_the_units_that_are_sampled():
    facts = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert sampled_lacking(facts) == []
    assert {each["verdict"] for each in facts["sampled"]} == {"sampled"}
    assert min(each["steps"] for each in facts["sampled"]) >= 100_000_000
    assert all(each["bugs_found"] == each["bugs_planted"] > 0 for each in facts["sampled"])


@pytest.mark.parametrize("shape", Shape, ids=lambda shape: shape.value)
@pytest.mark.parametrize(
    ("config", "goal"),
    one_in(
        15,
        [(config, goal) for goal, units in standard_units().items() for config in units],
    ),
    ids=lambda value: value.value if isinstance(value, Goal) else value.slug,
)
def test_committed_certificate_is_of_what_is_emitted(config, goal, shape):
    digest = module_sha256(verilog_text(config, shape, goal=goal))
    assert is_proved(module_name(config, shape, goal=goal), digest)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "structure"),
    STANDARD_STRUCTURES,
    ids=lambda each: each.value if isinstance(each, Structure) else each.slug,
)
def test_committed_certificate_is_of_structures_that_are_emitted(config, structure):
    digest = module_sha256(verilog_text(config, Shape.CORE, goal=structure))
    assert is_proved(module_name(config, Shape.CORE, goal=structure), digest)
