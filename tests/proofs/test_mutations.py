"""Planted bugs: that they can be planted, and that a proof finds every one."""

import dataclasses
from collections import Counter
from pathlib import Path

import pytest
from children import PATIENCE
from samples import planted_bugs

import fp8mac.hw
from fp8mac.gen.verilog import rtlil_text
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.proofs.bugs.mutations import (
    MUTATIONS,
    Mutation,
    MutationError,
    mutated_rtlil,
    mutations_of,
    parse_unit_text,
)
from fp8mac.proofs.check.checks import Check, CheckKind, Verdict, plan
from fp8mac.proofs.check.prove import Prover
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.proofs.spec.sorts import all_sorts
from fp8mac.proofs.standard import (
    FAST_STRUCTURES,
    STANDARD_DOTS,
    STANDARD_STRUCTURES,
    STANDARD_UNITS,
)

HW = Path(str(fp8mac.hw.__file__)).parent

each_mutation = pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)


def test_names_are_unique_and_parts_are_many():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 14
    assert len({mutation.part for mutation in MUTATIONS}) >= 12


@each_mutation
def test_text_occurs_once_and_its_units_have_it(mutation):
    text = (HW.joinpath(*mutation.module.split(".")).with_suffix(".py")).read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1
    assert mutation.new != mutation.old
    assert mutation.units
    for unit in mutation.units:
        config = parse_unit_text(unit)
        assert all(
            mutation in mutations_of(config, Shape.UNIT, goal=goal)
            for goal in (*mutation.goals, mutation.built(config))
        )


@pytest.mark.parametrize("mutation", planted_bugs())
def test_planted_bug_is_refuted_and_the_counterexample_is_real(mutation):
    config = parse_unit_text(mutation.units[0])
    encoding = Encoding.of(all_sorts(config))[0]
    shape = Shape.UNIT if mutation.registered else Shape.CORE
    check = Check(
        config, shape, CheckKind.MUTATION, encoding, mutation, goal=mutation.built(config)
    )
    record = Prover(Solver(PATIENCE)).run(check)
    assert record.verdict is Verdict.REFUTED, record.reason
    found = record.counterexample
    assert found is not None
    assert found.got != found.want or found.fault


def test_core_has_no_bug_of_the_registered_unit():
    config = parse_unit_text("e4m3,kulisch")
    assert not any(mutation.registered for mutation in mutations_of(config, Shape.CORE))
    assert any(mutation.registered for mutation in mutations_of(config, Shape.UNIT))


def _standard_plan():
    units = {goal: [*each, *STANDARD_DOTS.get(goal, [])] for goal, each in STANDARD_UNITS.items()}
    return plan(units, structures=STANDARD_STRUCTURES)


def test_fast_structures_are_some_of_all():
    assert set(FAST_STRUCTURES) < set(STANDARD_STRUCTURES)
    found = [
        check for check in plan([], structures=FAST_STRUCTURES) if check.kind is CheckKind.STEP
    ]
    assert [check.module for check in found] == [
        "mac_int8_int8_int32_area_brent_kung_core",
        "mac_int8_int8_int32_area_sklansky_core",
        "mac_e4m3_e4m3_kulisch12_area_brent_kung_core",
        "mac_e4m3_e4m3_kulisch12_area_sklansky_core",
        "mac_e4m3_e4m3_kulisch12_lean_brent_kung_core",
        "mac_e4m3_e4m3_bf16_area_brent_kung_core",
        "mac_e4m3_e4m3_bf16_area_sklansky_core",
        "mac_e4m3_e4m3_bf16_lean_brent_kung_core",
    ]


def test_standard_plan_has_bugs_beside_every_proof_and_all_of_them():
    planted = [check for check in _standard_plan() if check.mutation]
    beside = Counter((check.config, check.goal, check.shape) for check in planted)
    assert {goal: len(units) for goal, units in STANDARD_UNITS.items()} == {
        Goal.AREA: 48,
        Goal.SPEED: 25,
        Goal.FPGA: 8,
        Goal.FPGA_DSP: 2,
    }
    assert len(beside) == 2 * (48 + 25 + 8 + 2 + 47 + 21 + 1) + len(STANDARD_STRUCTURES)
    assert len(STANDARD_STRUCTURES) == 5 + 7 * 7
    assert min(beside.values()) >= 1
    assert {check.mutation for check in planted} == set(MUTATIONS)


def test_sources_stay_as_they_are():
    config = parse_unit_text("e4m3,fp16")
    mutation = next(each for each in MUTATIONS if "e4m3,fp16" in each.units)
    before = {path: path.read_text(encoding="utf-8") for path in HW.rglob("*.py")}
    right = rtlil_text(config, Shape.CORE)
    assert mutated_rtlil(config, Shape.CORE, mutation) != right + "\n"
    assert {path: path.read_text(encoding="utf-8") for path in HW.rglob("*.py")} == before
    same = dataclasses.replace(mutation, new=mutation.old)
    assert mutated_rtlil(config, Shape.CORE, same) == right + "\n"


def mutation(old: str, new: str) -> Mutation:
    return Mutation("test", "round", "area.round", old, new, ("e4m3,fp16",), lambda config: True)


def test_text_that_does_not_occur_is_refused():
    with pytest.raises(MutationError) as error:
        mutated_rtlil(parse_unit_text("e4m3,fp16"), Shape.CORE, mutation("no such", "x"))
    assert (
        str(error.value)
        == "Mutation 'test': 'no such' occurs 0 times in fp8mac.hw.area.round, not once."
    )


def test_source_that_does_not_run_is_refused():
    with pytest.raises(MutationError) as error:
        mutated_rtlil(
            parse_unit_text("e4m3,fp16"), Shape.CORE, mutation("hidden = ", "hidden = 1 +* ")
        )
    assert str(error.value) == "Mutation 'test' does not build: SyntaxError: invalid syntax"


def test_unit_in_one_string():
    assert parse_unit_text("e4m3,e5m2,fp16").slug == "mac_e4m3_e5m2_fp16"
    with pytest.raises(ConfigError) as error:
        parse_unit_text("e4m3")
    assert str(error.value) == "'e4m3' is not a unit; write FORMAT,ACC or FORMAT,FORMAT_B,ACC."
