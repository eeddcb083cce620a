"""Structures: names, and that every one of them computes the same."""

import pickle

import pytest
from circuits import mapped_rtlil
from samples import one_in

from fp8mac.gen.describe import describe, module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import (
    Adder,
    Circuits,
    Goal,
    Structure,
    StructureError,
    parse_built,
    parse_structure,
    structures_of,
)
from fp8mac.hw.config.unit import parse_unit
from fp8mac.proofs.bugs.planting import parse_unit_text
from fp8mac.sim.check.cosim import check_core
from fp8mac.sim.check.stimuli import biased_triples

FLOAT = parse_unit("e4m3", acc="fp16")
SMALL = parse_unit("e2m1", acc="e3m2")


def test_names_of_structures():
    assert [each.value for each in structures_of(FLOAT)] == [
        "area-ripple",
        "area-brent-kung",
        "area-sklansky",
        "area-fitted",
        "lean-brent-kung",
        "lean-sklansky",
        "lean-fitted",
        "speed-sklansky",
        "speed-fitted",
    ]
    integers = structures_of(parse_unit("int8", acc="int32"))
    assert {each.circuits for each in integers} == {Circuits.AREA, Circuits.SPEED}


def test_structure_is_data():
    structure = Structure(Circuits.LEAN, Adder.SKLANSKY)
    assert pickle.loads(pickle.dumps(structure)) == structure
    assert parse_structure("lean-sklansky", FLOAT) == structure
    assert parse_built("speed", FLOAT) is Goal.SPEED
    assert parse_built("lean-sklansky", FLOAT) == structure


@pytest.mark.parametrize("name", ["", "area", "lean-ripple", "Area-Sklansky", "area-sklansky "])
def test_unknown_structure(name):
    with pytest.raises(StructureError) as caught:
        parse_structure(name, parse_unit("int8", acc="int32"))
    assert str(caught.value) == (
        f"int8 -> int32 has no structure '{name}': area-ripple, area-brent-kung, area-sklansky, "
        "area-fitted, speed-brent-kung, speed-sklansky, speed-fitted."
    )


def test_goals_are_the_ends():
    """The same circuit under both names, so that one measurement does for both."""
    for goal, name in ((Goal.AREA, "area-ripple"), (Goal.SPEED, "speed-fitted")):
        structure = parse_structure(name, SMALL)
        texts = {rtlil_text(SMALL, Shape.CORE, goal=built) for built in (goal, structure)}
        assert len(texts) == 1
    assert module_name(FLOAT, Shape.CORE, goal=parse_structure("area-sklansky", FLOAT)) == (
        "mac_e4m3_e4m3_fp16_area_sklansky_core"
    )
    assert describe(FLOAT, Shape.CORE, goal=parse_structure("area-sklansky", FLOAT))["goal"] == (
        "area-sklansky"
    )


@pytest.mark.slow
def test_structures_are_different_circuits():
    texts = {
        rtlil_text(SMALL, Shape.CORE, goal=each).replace(each.suffix or "_core", "")
        for each in structures_of(SMALL)
    }
    assert len(texts) == len(structures_of(SMALL))


def _pairs():
    units = ("e2m1,fp16", "e3m2,kulisch:2", "int4,int12", "e2m3,fp16:rtz:ftz", "int4,int8:saturate")
    for unit in units:
        config = parse_unit_text(unit)
        for structure in structures_of(config):
            if structure not in map(Structure.of, Goal):
                yield config, structure


@pytest.mark.parametrize(("config", "structure"), one_in(7, list(_pairs())))
def test_structure_is_right(config, structure):
    top = module_name(config, Shape.CORE, goal=structure)
    netlist = mapped_rtlil(rtlil_text(config, Shape.CORE, goal=structure), top)
    count = 3_000
    triples = biased_triples(config, count, seed=11)
    assert len(triples.a) == count
    assert check_core(config, netlist, triples) == []
