"""Sums of any description: a circuit is right, or there is none."""

import pytest
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

operands = st.sampled_from(
    "e2m1 e1m1none e3m2 e2m3 e4m3 e5m2 e4m3fnuz e5m2fnuz e2m1ieee e3m2*e4m3 e5m2*e2m1 mxfp4 nvfp4 "
    "mxfp6e3m2 mxint8".split()
)
accumulators = st.sampled_from("fp16 bf16 e4m3ieee e3m2ieee e5m4 e8m3 e3m3 e4m3 e5m2fnuz".split())
options = st.sampled_from(
    ["", ":rtz", ":odd", ":sum0", ":plus0", ":saturate", ":daz", ":ftz", ":rtz:inf:plus0"]
)
cuts = st.sampled_from(["", ":floor", ":odd"])
bits = st.integers(1, 14)


def maybe(*words):
    return st.one_of(st.just(""), *words)


words = st.tuples(
    maybe(st.just(", tree"), st.builds(", window {}{}".format, bits, cuts)),
    maybe(st.sampled_from([", groups 2", ", groups 2 of 2", ", groups 4"])),
    maybe(st.builds(", join {}{}".format, bits, cuts)),
    maybe(
        st.just(", late"),
        st.builds(", late {} {}{}".format, bits, bits, cuts),
        st.builds(", late {} {}{} drop {}".format, bits, bits, cuts, st.integers(0, 9)),
    ),
    maybe(st.just(", products rounded"), st.just(", products bounded")),
    maybe(st.just(", exponents normalised"), st.just(", exponents as fp16")),
)
lines = st.builds(
    "{} x {} -> {}{}{}".format,
    operands,
    st.sampled_from([2, 4, 6]),
    accumulators,
    options,
    words.map("".join),
)


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
