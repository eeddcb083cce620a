"""MHz of units: what was placed and routed once is in the store."""

from types import SimpleNamespace

import pytest

from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.fpga import routed
from fp8mac.synth_reports.experiments.fpga.clocks import Clocks
from fp8mac.synth_reports.experiments.fpga.routed import ClockJob
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.fpga import FpgaFlow, FpgaSynthesis
from fp8mac.synth_reports.synth.route import Routed

JOB = ClockJob(parse_line("e2m1 -> kulisch:0"), Goal.FPGA, 3)
NETLIST = FpgaSynthesis('{"modules": {"m": {"cells": {"x": {"type": "SB_DFFE"}}}}}')


@pytest.fixture
def seeds(monkeypatch, tmp_path):
    """Seeds that were placed; the second one does not end."""
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path))
    placed = []

    def route(netlist, seed):
        placed.append(seed)
        return None if seed == 2 else Routed(50.04 + seed, 9)

    nextpnr = SimpleNamespace(version="0.9", route=route)
    monkeypatch.setattr(routed, "find_nextpnr", lambda: nextpnr)
    monkeypatch.setattr(FpgaFlow, "synthesize", lambda *_: NETLIST)
    return placed


def test_median_and_range_of_the_seeds(seeds):
    record = Clocks().run(JOB, Worker(Store()))
    assert seeds == [1, 2, 3, 4]
    assert (record.mhz_median, record.mhz_min, record.mhz_max) == (53.0, 51.0, 54.0)
    assert (record.seeds, record.unended_seeds, record.logic_cells) == (3, 1, 9)
    assert (record.luts, record.flip_flops, record.nextpnr) == (0, 1, "0.9")


def test_what_is_known_is_not_placed_again(seeds, monkeypatch):
    first = Clocks().run(JOB, Worker(Store()))
    assert Clocks().run(JOB, Worker(Store())) == first
    assert len(seeds) == 4
    Clocks().run(JOB, Worker(Store(), force=True))
    assert len(seeds) == 8
    other = SimpleNamespace(version="1.0", route=routed.find_nextpnr().route)
    monkeypatch.setattr(routed, "find_nextpnr", lambda: other)
    assert Clocks().run(JOB, Worker(Store())).nextpnr == "1.0"
    assert len(seeds) == 12
