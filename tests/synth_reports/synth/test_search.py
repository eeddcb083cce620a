"""Looking further: never worse, always proved, and over when time is up."""

from dataclasses import replace

import pytest

from fp8mac.gen.yosys import YosysError, find_yosys
from fp8mac.hw.config.structure import Goal
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.synth import search
from fp8mac.synth_reports.synth.synthesis import Flow, Synthesis, SynthesisError, synthesize

VERILOG = "module m(input [2:0] a, b, output [5:0] y); assign y = a * b + a; endmodule"
NAIVE = replace(Flow.load(), name="area", scripts=("strash; map",))


@pytest.fixture(scope="module")
def rtlil():
    script = "read_verilog in.v\nwrite_rtlil out.il\n"
    return find_yosys().run(script, {"in.v": VERILOG}, ["out.il"])["out.il"]


def look(rtlil: str, flow: Flow, attempts: int) -> tuple[Synthesis, list[Synthesis]]:
    """Search with a clock that counts attempts; its first reading begins."""
    times = iter(range(1000))
    start = synthesize(rtlil, "m", flow, find_yosys())
    seen = [start]
    best = search.improve(
        start,
        rtlil,
        "m",
        flow,
        find_yosys(),
        seconds=attempts + 1,
        progress=seen.append,
        clock=lambda: next(times),
    )
    return best, seen


@pytest.mark.parametrize(
    ("goal", "cells"), [(Goal.AREA, None), (Goal.SPEED, own_library())], ids=["gates", "cells"]
)
def test_every_attempt_is_as_good_as_the_one_before(rtlil, goal, cells):
    flow = Flow.load(goal.value, cells)
    best, seen = look(rtlil, flow, 2)
    assert len(seen) == 1 + 2
    ranks = [flow.rank(each) for each in seen]
    assert ranks == sorted(ranks, reverse=True)
    assert flow.rank(best) == ranks[-1]


def test_it_finds_better_ones_and_the_same_ones_every_time(rtlil):
    best, seen = look(rtlil, NAIVE, 2)
    assert NAIVE.rank(best) < NAIVE.rank(seen[0])
    assert look(rtlil, NAIVE, 2)[0] == best


def test_no_time_no_change(rtlil):
    best, seen = look(rtlil, NAIVE, 0)
    assert seen == [best]


def test_an_attempt_may_fail_but_not_all(rtlil, monkeypatch):
    monkeypatch.setattr(search, "_SHAKES", {Goal.AREA: ("frobnicate",)})
    best, seen = look(rtlil, NAIVE, 2)
    assert seen == [best] * 3
    with pytest.raises(YosysError, match="unknown command 'frobnicate'"):
        look(rtlil, NAIVE, 10)


def test_a_wrong_netlist_does_not_win(rtlil, monkeypatch):
    monkeypatch.setattr(search, "_SHAKES", {Goal.AREA: ("map; cof a[0] 0; strash",)})
    with pytest.raises(SynthesisError, match="did not prove its netlist of m equal"):
        look(rtlil, NAIVE, 2)
