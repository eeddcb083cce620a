"""Stochastic rounding in circuits: random numbers come in by a port, and decide as in the model."""

import pytest
from circuits import mapped

from fp8mac.hw.arrays.array import check_array
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line, parse_unit
from fp8mac.hw.units.buildable import check_buildable, check_undrawn
from fp8mac.hw.units.core import MacCore
from fp8mac.hw.units.stream import check_streamable
from fp8mac.sim.check.cosim import check_core
from fp8mac.sim.check.stimuli import biased_triples, random_numbers

COUNT = 1500
UNITS = [
    ("e5m2 -> e4m3:sr=1:saturate", Goal.AREA),
    ("e4m3 x 2 -> fp16:sr=6", Goal.AREA),
    ("e3m2 -> e4m3:sr=3:ftz", Goal.SPEED),
]
MORE = [
    ("e4m3 -> fp32:sr=26", Goal.AREA),
    ("int8 -> bf16:sr=12", Goal.FPGA),
    ("e4m3 x 4 -> fp32:sr=3, window 26", Goal.AREA),
    ("e3m2 x 4 -> bf16:sr=5", Goal.SPEED),
    ("mxfp4 x 4 -> fp16:sr=6", Goal.SPEED),
    ("e5m2 x 4 -> e8m13:sr=8, window 14", Goal.AREA),
    ("e2m1 x 4 -> fp16:sr=4, groups 2, window 8, join 9", Goal.AREA),
    ("mxfp4 x 4 -> fp32:sr=12", Goal.AREA),
    ("mxint8 x 2 -> fp32:sr=9", Goal.AREA),
    ("nvfp4 x 4 -> fp32:sr=5", Goal.AREA),
    ("e4m3 -> fp16:sr=8", Goal.SPEED),
    ("e4m3 x 2 -> fp16:sr=8", Goal.SPEED),
    ("e4m3 x 4 -> fp32:sr=8, window 26", Goal.SPEED),
]


@pytest.mark.parametrize(
    ("line", "goal"), [*UNITS, *(pytest.param(*each, marks=pytest.mark.slow) for each in MORE)]
)
def test_core_rounds_as_the_golden_model(line, goal):
    config = parse_line(line)
    netlist = mapped(MacCore(config, goal))
    assert check_core(config, netlist, biased_triples(config, COUNT, seed=2)) == []


def test_random_port_stands_behind_operands_and_scales():
    for line, before in (("e4m3 -> fp16:sr=5", "b"), ("mxfp4 x 2 -> fp32:sr", "sb")):
        config = parse_line(line)
        for shape in Shape:
            table = ports(config, shape)
            names = [port.name for port in table]
            assert names[names.index("random") - 1] == before
            assert named(table, Role.RANDOM) == {"random": config.random_bits}
    assert named(ports(parse_unit("e4m3", acc="fp16"), Shape.CORE), Role.RANDOM) == {}


@pytest.mark.parametrize("where", ["a stream", "an array", "a board's bitstream"])
def test_nothing_draws_numbers_there(where):
    config = parse_line("e4m3 -> fp16:sr=5")
    check_buildable(config)
    check = {
        "a stream": check_streamable,
        "an array": lambda unit: check_array(ArrayConfig(unit, 2, 2)),
    }.get(where, lambda unit: check_undrawn(unit, where))
    with pytest.raises(ConfigError) as error:
        check(config)
    assert str(error.value) == (
        f"In {where} nothing draws the random numbers of fp16:sr=5; choose another rounding "
        "than :sr."
    )


def test_random_numbers_of_cases_have_the_extremes():
    drawn = random_numbers(parse_line("e4m3 -> fp16:sr=26"), 500, seed=1)
    assert {0, 1, 2**26 - 1, 2**25} <= set(drawn)
    assert max(drawn) < 2**26
    assert set(random_numbers(parse_line("e4m3 -> fp16"), 50, seed=1)) == {0}
