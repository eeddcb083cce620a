"""Bugs planted in the circuits' sources, one token each: the checks find every one."""

from itertools import product

import pytest
from circuits import PLAIN, mapped_rtlil
from samples import one_in, planted_bugs

from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import rtlil_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.mutations import MUTATIONS, mutated_rtlil, parse_unit_text
from fp8mac.sim.check.cosim import Mismatch, check_core, check_unit
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.synth_reports.synth.synthesis import synthesize

COUNT = 70_000


def check(
    config: MacConfig, rtlil: str, shape: Shape, *, goal: Built = Goal.AREA
) -> list[Mismatch]:
    top = module_name(config, shape, goal=goal)
    triples = biased_triples(config, COUNT, seed=1)
    if shape is Shape.CORE:
        return check_core(config, mapped_rtlil(rtlil, top), triples)
    unit = synthesize(rtlil, top, PLAIN, find_yosys())
    return check_unit(config, Netlist.from_blif(unit.netlist), unit.flip_flops, triples)


@pytest.mark.parametrize("mutation", planted_bugs())
def test_planted_bug_is_found(mutation):
    config = parse_unit_text(mutation.units[0])
    shape = Shape.UNIT if mutation.registered else Shape.CORE
    goal = mutation.built(config)
    rtlil = mutated_rtlil(config, shape, mutation, goal=goal)
    assert check(config, rtlil, shape, goal=goal)


def test_every_part_has_a_bug():
    parts = {mutation.part for mutation in MUTATIONS}
    wanted = {"unpack", "product", "alignment", "sticky", "tie rule", "Kulisch sign", "saturation"}
    assert parts >= wanted


@pytest.mark.parametrize(
    ("unit", "shape"),
    one_in(
        8,
        [
            *product(["e4m3,fp16", "e5m2,kulisch", "int8,int32", "int8,int32:saturate"], Shape),
            ("e5m2 -> kulisch:3, stages 2", Shape.UNIT),
            ("int8 -> int32, stages 2", Shape.UNIT),
        ],
    ),
)
def test_without_bug_nothing_is_found(unit, shape):
    config = parse_unit_text(unit)
    assert check(config, rtlil_text(config, shape), shape) == []
