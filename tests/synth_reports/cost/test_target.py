"""Delays and clocks as they are typed, and the circuit that is chosen for them."""

from dataclasses import replace
from math import inf

import pytest

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import structures_of
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.choice import Ladder, choose
from fp8mac.synth_reports.cost.measure import Design, Measurement
from fp8mac.synth_reports.cost.target import (
    Target,
    TargetError,
    flip_flop_ps,
    parse_clock,
    parse_delay,
)
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.synth.synthesis import Flow, Synthesis

OWN = own_library()
UNIT = parse_unit("e4m3", acc="fp16")
SMALL = parse_unit("int2", acc="int6")


@pytest.mark.parametrize(
    ("text", "fo4", "ps"),
    [
        ("20fo4", 20, None),
        ("20 FO4", 20, None),
        ("0.8ns", None, 800),
        ("800ps", None, 800),
        ("1.NS", None, 1000),
    ],
)
def test_delay(text, fo4, ps):
    assert parse_delay(text) == Target(text, fo4, ps, Shape.CORE)


@pytest.mark.parametrize(
    "text", ["", "0.8", "ns", "-1ns", "0ns", "1e3ps", "0.8 us", "fo4", "1..2ns", "2GHz", "nan ns"]
)
def test_what_is_no_delay(text):
    with pytest.raises(TargetError) as caught:
        parse_delay(text)
    assert str(caught.value) == f"'{text}' is not a delay; write 20fo4, 0.8ns or 800ps."


@pytest.mark.parametrize(("text", "ps"), [("1.25GHz", 800), ("800MHz", 1250), ("1 ghz", 1000)])
def test_clock(text, ps):
    assert parse_clock(text) == Target(text, None, ps, Shape.UNIT)


@pytest.mark.parametrize("text", ["", "0GHz", "1.2", "GHz", "-1GHz", "1ns", "20fo4", "1 THz"])
def test_what_is_no_clock(text):
    with pytest.raises(TargetError) as caught:
        parse_clock(text)
    assert str(caught.value) == f"'{text}' is not a clock; write 1.2GHz or 800MHz."


def test_delays_in_a_library():
    assert parse_delay("20fo4").delay_ps(OWN) == pytest.approx(100)
    with pytest.raises(TargetError) as caught:
        parse_delay("0.8ns").delay_ps(OWN)
    assert str(caught.value) == (
        "'0.8ns' needs a library that has picoseconds, see --liberty; in our own delays are told "
        "in FO4, such as --delay 20fo4."
    )


class Real:
    """Our own library as if it had picoseconds: a flip-flop takes 29 of them."""

    name, is_own, fo4_ps = "real", False, OWN.fo4_ps

    def __getattr__(self, name):
        return getattr(OWN, name)


def test_flip_flops_are_taken_off_a_clock():
    assert flip_flop_ps(OWN) == pytest.approx(29)
    assert parse_clock("10GHz").delay_ps(Real()) == pytest.approx(71)
    assert replace(parse_clock("10GHz"), shape=Shape.CORE).delay_ps(Real()) == pytest.approx(100)
    with pytest.raises(TargetError) as caught:
        parse_clock("50GHz").delay_ps(Real())
    assert str(caught.value) == (
        "A clock of 50GHz leaves no time for logic: flip-flops of real take 29 of 20 ps."
    )


class Shelf:
    """A bench that knows: a structure's area falls with the delay, from its fastest one on."""

    def __init__(self):
        self.asked = []

    def measure(self, designs, *, force=False, progress=lambda design: None):
        self.asked += designs
        return {design: self.made(design) for design in designs}

    def made(self, design):
        number = structures_of(design.config).index(design.goal)
        fastest, smallest = 2000 - 200 * number, 500 + 100 * number
        delay = min(max(design.delay_ps, fastest), 2 * fastest)
        area = smallest * (1 + (2 * fastest - delay) / fastest)
        return Measurement(design, "", Synthesis("", (), None, area, delay))


def pick(delay_ps, bench=None):
    return choose(bench or Shelf(), UNIT, Shape.CORE, "x", delay_ps=delay_ps, ladder=Ladder(10.0))


def test_all_structures_are_thought_of():
    chosen = {pick(delay).structure.value for delay in range(400, 4001, 100)}
    assert len(chosen) > 5
    assert pick(4000).structure.value == "area-ripple"


def test_looser_is_never_larger():
    choices = [pick(delay) for delay in range(420, 4400, 20)]
    assert all(each.met for each in choices)
    areas = [each.measured.synthesis.area for each in choices]
    assert areas == sorted(areas, reverse=True)
    assert len(set(areas)) > 40


def test_what_cannot_win_is_not_mapped():
    bench = Shelf()
    assert pick(4000, bench).structure.value == "area-ripple"
    assert {each.delay_ps for each in bench.asked} == {inf}
    assert len(bench.asked) == 9
    bench = Shelf()
    pick(2500, bench)
    tried = {each.goal.value for each in bench.asked if each.delay_ps < inf}
    assert "speed-fitted" not in tried


def test_what_nothing_meets_gets_the_fastest():
    choice = pick(100)
    assert not choice.met
    assert choice.structure.value == "speed-fitted"
    assert choice.measured.synthesis.delay_ps == 400


def test_rungs_do_not_depend_on_what_is_wanted():
    ladder = Ladder(10.0)
    assert ladder.rung(0) == 10
    assert ladder.rung(24) == 20
    assert ladder.rung(ladder.last(500)) <= 500 < ladder.rung(ladder.last(500) + 1)
    assert ladder.between(10, 20, 12) == [ladder.rung(12), 20]


def test_flow_to_a_delay():
    flow = Flow.load("area", OWN)
    assert flow.to(inf) == flow
    fast = flow.to(0)
    assert fast.scripts == Flow.load("speed", OWN).scripts
    within = flow.to(123.4567)
    assert all("-D 123.457" in each and "{" not in each for each in within.scripts)
    assert within.sha256 != flow.sha256
    small, quick = (Synthesis("", (), None, area, delay) for area, delay in ((5, 200), (9, 100)))
    between = Synthesis("", (), None, 7.0, 123.0)
    assert min([small, quick, between], key=within.rank) == between
    assert min([small, replace(small, delay_ps=190.0)], key=within.rank).delay_ps == 190


@pytest.mark.slow
def test_choice_among_real_circuits():
    """Bounds: what is chosen is within the delay, and no structure for area is smaller."""
    bench = make_bench({OWN.name: OWN})
    found = [
        choose(bench, SMALL, Shape.CORE, OWN.name, delay_ps=delay, ladder=Ladder(OWN.fo4_ps))
        for delay in (50.0, 65.0, 1000.0)
    ]
    areas = [each.measured.synthesis.area for each in found]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] > areas[-1]
    assert found[-1].structure.value.startswith("area-")
    for each in found:
        assert each.met
        assert each.measured.synthesis.delay_ps <= each.delay_ps
    assert Design(SMALL, Shape.CORE).whole.delay_ps is None
