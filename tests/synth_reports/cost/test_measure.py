"""What is elaborated and synthesised, and when; Yosys itself is replaced."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
from children import PATIENCE

from fp8mac.gen import yosys
from fp8mac.gen.yosys import Yosys, YosysError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.provenance import fingerprint
from fp8mac.synth_reports.cost import measure
from fp8mac.synth_reports.cost.measure import BASELINE, Bench, Design
from fp8mac.synth_reports.store import parallel, store
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.synthesis import Flow, Synthesis

FLOW = Flow("toy", "front", ("script",), "library")
TOOL = Yosys(("yosys",), "yosys", "0.50")
CORES = [Design(parse_unit(a, acc="kulisch"), Shape.CORE) for a in ("e2m1", "e2m3", "e3m2", "int4")]


class Workshop:
    """A bench over a folder that lists what it had to do."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.monkeypatch = folder, monkeypatch
        self.elaborated, self.synthesised = [], []
        self.rtlil = lambda design: f"rtlil of {design.top}"
        self.fails = lambda top: False
        monkeypatch.setattr(measure, "synthesize", self.synthesize)

    def elaborate(self, design):
        self.elaborated.append(design.top)
        return self.rtlil(design)

    def synthesize(self, rtlil, top, flow, yosys):
        self.synthesised.append(top)
        if self.fails(top):
            raise YosysError("Yosys stopped: no luck.")
        gates = "\n".join(f".gate AND2 a=a b=b O=y{i}" for i in range(len(rtlil)))
        return Synthesis(f".model {top}\n{gates}\n.end\n", ("q",), "ABC 1.01")

    def bench(self, flow=FLOW, tool=TOOL):
        return Bench(self.elaborate, flow, tool, Store(self.folder))

    def work(self, designs=CORES[:1], flow=FLOW, tool=TOOL, force=False):
        """Measure, and tell what was elaborated and what was synthesised for it."""
        self.elaborated.clear()
        self.synthesised.clear()
        self.found = self.bench(flow, tool).measure(designs, force=force)
        assert list(self.found) == list(dict.fromkeys(designs))
        return len(self.elaborated), len(self.synthesised)


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    return Workshop(tmp_path / "cache", monkeypatch)


def changed(name):
    """`fingerprint` after a change of one module."""
    return lambda module: f"{fingerprint(module)}{' and more' * (module == name)}"


def entries(workshop, kind):
    return sorted((workshop.folder / kind).glob("*.json"))


def test_second_time_comes_from_the_store(workshop):
    assert workshop.work() == (1, 1)
    first = workshop.found
    assert workshop.work() == (0, 0)
    assert workshop.found == first
    design = CORES[0]
    assert first[design].metrics.two_input_gates == len(f"rtlil of {design.top}")
    assert first[design].synthesis.flip_flops == ("q",)


def test_force_does_it_again(workshop):
    workshop.work()
    assert workshop.work(force=True) == (1, 1)
    assert workshop.work() == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"tool": replace(TOOL, version="0.51")},
        {"tool": replace(TOOL, build="pyosys")},
        {"flow": replace(FLOW, scripts=("other",))},
        {"flow": replace(FLOW, library="other")},
    ],
)
def test_other_tools_and_flows_have_their_own_results(workshop, change):
    workshop.work()
    assert workshop.work(**change) == (1, 1)
    assert workshop.work(**change) == (0, 0)
    assert workshop.work() == (0, 0)


def test_changed_sources_with_the_same_circuit_need_no_synthesis(workshop, monkeypatch):
    workshop.work()
    monkeypatch.setattr(store, "fingerprint", changed("fp8mac.gen.rtlil"))
    assert workshop.work() == (1, 0)
    assert workshop.work() == (0, 0)


def test_changed_circuit_is_measured(workshop, monkeypatch):
    workshop.work()
    monkeypatch.setattr(store, "fingerprint", changed("fp8mac.gen.rtlil"))
    workshop.rtlil = lambda design: f"longer rtlil of {design.top}"
    assert workshop.work() == (1, 1)


def test_changed_synthesis_needs_no_elaboration(workshop, monkeypatch):
    workshop.work()
    monkeypatch.setattr(store, "fingerprint", changed("fp8mac.synth_reports.synth.synthesis"))
    assert workshop.work() == (1, 1)


@pytest.mark.parametrize(("kind", "work"), [("results", (1, 1)), ("designs", (1, 0))])
def test_damaged_entry_is_made_again(workshop, caplog, kind, work):
    workshop.work()
    first = workshop.found
    (path,) = entries(workshop, kind)
    path.write_text(path.read_text().replace("e", "f", 1))
    assert workshop.work() == work
    assert caplog.messages == [f"The cache entry {path} is damaged; it is made again."]
    assert workshop.found == first
    assert workshop.work() == (0, 0)


def test_shapes_and_repeated_designs(workshop):
    designs = [Design(BASELINE, shape) for shape in (*Shape, *Shape)]
    assert workshop.work(designs) == (2, 2)
    assert sorted(workshop.synthesised) == ["mac_int8_int8_int32", "mac_int8_int8_int32_core"]


def test_order_is_that_of_the_request(workshop, monkeypatch):
    monkeypatch.setattr(parallel, "processors", lambda: len(CORES))
    last_is_done = threading.Event()
    seen = []

    def first_waits_for_the_last(top):
        return top == CORES[0].top and not last_is_done.wait(PATIENCE)

    def progress(design):
        seen.append(design)
        if design == CORES[-1]:
            last_is_done.set()

    workshop.fails = first_waits_for_the_last
    assert list(workshop.bench().measure(CORES, progress=progress)) == CORES
    assert set(seen) == set(CORES)
    assert seen.index(CORES[-1]) < seen.index(CORES[0])


def test_failure_keeps_what_is_finished(workshop, monkeypatch):
    monkeypatch.setattr(parallel, "processors", lambda: 1)
    workshop.fails = lambda top: top == CORES[2].top
    with pytest.raises(YosysError, match="no luck"):
        workshop.work(CORES)
    assert len(entries(workshop, "results")) in (2, 3)
    workshop.fails = lambda top: False
    elaborated, synthesised = workshop.work(CORES)
    assert 1 <= synthesised <= 2
    assert elaborated == synthesised


def test_interruption_stops_what_runs_and_keeps_what_is_finished(workshop, monkeypatch):
    monkeypatch.setattr(parallel, "processors", lambda: 1)
    second_runs, stop = threading.Event(), threading.Event()
    monkeypatch.setattr(yosys, "_running", [SimpleNamespace(terminate=stop.set)])

    def fails(top):
        if top == CORES[1].top:
            second_runs.set()
            return stop.wait(PATIENCE)
        return False

    def interrupt(design):
        assert second_runs.wait(PATIENCE)
        raise KeyboardInterrupt

    workshop.fails = fails

    with pytest.raises(KeyboardInterrupt):
        workshop.bench().measure(CORES, progress=interrupt)
    assert stop.is_set()
    assert workshop.synthesised == [design.top for design in CORES[:2]]
    assert len(entries(workshop, "results")) == 1
    assert not [path for path in workshop.folder.rglob(".*") if path.is_file()]
    workshop.fails = lambda top: False
    assert workshop.work(CORES) == (3, 3)


def test_elaboration_is_by_one_thread_at_a_time(workshop, monkeypatch):
    monkeypatch.setattr(parallel, "processors", lambda: 4)
    busy = threading.Lock()

    def rtlil(design):
        assert busy.acquire(blocking=False), "two at once"
        threading.Event().wait(0.02)
        busy.release()
        return design.top

    workshop.rtlil = rtlil
    assert workshop.work(CORES) == (4, 4)


def test_libraries_parts_and_searches_have_their_own_results(workshop, monkeypatch):
    looked = []

    def improve(start, rtlil, top, flow, yosys, *, seconds):
        looked.append((top, seconds))
        return replace(start, abc_version="better")

    monkeypatch.setattr(measure, "improve", improve)
    whole = CORES[0]
    designs = [
        whole,
        replace(whole, goal=Goal.SPEED),
        replace(whole, library="cells"),
        replace(whole, part="multiplier"),
    ]
    flows = {None: FLOW, "cells": replace(FLOW, library="cells")}

    def bench(seconds=0):
        def flow(design):
            return flows[design.library]

        return Bench(workshop.elaborate, flow, TOOL, Store(workshop.folder), seconds)

    bench().measure(designs)
    assert sorted(workshop.synthesised) == sorted(design.top for design in designs)
    assert len(workshop.elaborated) == 2  # one for each goal
    workshop.synthesised.clear()
    assert bench().measure(designs)
    assert not workshop.synthesised
    assert not looked
    found = bench(seconds=8).measure(designs)
    assert sorted(workshop.synthesised) == sorted(design.top for design in designs[:3])
    assert len(looked) == 3
    assert {seconds for _, seconds in looked} == {8 * min(parallel.processors(), 4) / 4}
    assert [found[design].synthesis.abc_version for design in designs] == [
        *["better"] * 3,
        "ABC 1.01",
    ]
    assert bench(seconds=8).measure(designs) == found
    assert len(looked) == 3


def test_submodules_are_those_of_the_top(workshop):
    names = ("", ".b", ".b.c", "xb.d")
    workshop.rtlil = lambda design: "".join(f"module \\{design.top}{name}\nend\n" for name in names)
    workshop.work()
    assert workshop.found[CORES[0]].modules == ("b", "b.c")
    workshop.work()
    assert workshop.found[CORES[0]].modules == ("b", "b.c")
