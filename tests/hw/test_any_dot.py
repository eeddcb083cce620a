"""Sums of any description: a circuit is right, or there is none."""

import pytest
from any_units import lines
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fp8mac.hw.config.errors import ConfigError, Error
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.check.parts import first_mismatch
from fp8mac.proofs.check.replay import with_all_registers
from fp8mac.sim.check.cosim import check_core
from fp8mac.sim.check.stimuli import biased_triples


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(lines, st.sampled_from([Goal.AREA, Goal.SPEED]))
def test_circuit_is_right_or_refused(line, goal):
    try:
        config = parse_line(line)
        check_buildable(config)
    except Error:
        assume(False)
        return
    netlist, _ = with_all_registers(Circuit.built(config, Shape.CORE, goal=goal))
    assert check_core(config, netlist, biased_triples(config, 2000, seed=3)) == []


@pytest.mark.parametrize(
    "line",
    [
        # Each was built as if the words were not there.
        "e2m1 x 4 -> fp16, window 9, groups 2",
        "e5m2 x 8 -> e8m3:odd, window 9, groups 2, late",
        "e5m2 x 6 -> e4m3:rtz:inf:plus0, window 6, products rounded",
        "e5m2 x 2 -> fp16, products rounded",
        "e5m2 x 2 -> fp16, window 12, products bounded",
        "e5m2 x 2 -> fp16, products bounded",
        "e4m3fnuz x 4 -> e4m3ieee, window 4:odd, late, products bounded",
    ],
)
def test_words_that_no_circuit_knows_are_refused(line):
    with pytest.raises(ConfigError, match=r"^No circuit adds products as in"):
        check_buildable(parse_line(line))


@pytest.mark.parametrize(
    "line",
    [
        # A zero keeps the sign of what was cut to nothing; what is dropped is +0; -0 is no NaN.
        "e2m1 x 4 -> e4m3ieee, window 9, groups 2 of 2, join 3",
        "nvfp4 x 4 -> e4m3ieee, groups 2 of 2, join 3",
        "e4m3 x 3 -> e3m2ieee:odd, window 10, late 7 15 drop 11",
        "e5m2fnuz x 8 -> e5m2fnuz:daz, window 8:floor, late 7 5:odd",
    ],
)
def test_zeros_are_right(line):
    assert first_mismatch(Circuit.built(parse_line(line), Shape.CORE)) is None
