"""MHz of units: what was placed and routed once is in the store."""

from types import SimpleNamespace

import pytest

from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.fpga import clocks, routed
from fp8mac.synth_reports.experiments.fpga.clocks import (
    COMPARED,
    STANDARD,
    ClockOptions,
    Clocks,
)
from fp8mac.synth_reports.experiments.fpga.routed import ClockJob
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.fpga import FpgaFlow, FpgaSynthesis
from fp8mac.synth_reports.synth.route import DEVICES, Routed

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

    for place in (clocks, routed):
        monkeypatch.setattr(
            place,
            "find_nextpnr",
            lambda device: SimpleNamespace(version="0.9", route=route, device=device),
        )
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
    found = vars(routed.find_nextpnr(DEVICES["hx8k"])) | {"version": "1.0"}
    monkeypatch.setattr(routed, "find_nextpnr", lambda device: SimpleNamespace(**found))
    assert Clocks().run(JOB, Worker(Store())).nextpnr == "1.0"
    assert len(seeds) == 12


def test_plan_is_units_by_goals_on_each_device(seeds):
    plan = Clocks().plan(ClockOptions())
    counts = {name: [job.goal.value for job in plan if job.device == name] for name in DEVICES}
    assert {name: (len(goals), set(goals)) for name, goals in counts.items()} == {
        "hx8k": (len(STANDARD), {"fpga"}),
        "up5k": (2 * len(COMPARED), {"fpga", "fpga-dsp"}),
        "ecp5": (2 * len(COMPARED), {"fpga", "fpga-dsp"}),
    }
    given = ClockOptions(("e4m3 -> fp16",), ("area",), ("ecp5",), seeds=2)
    chosen = Clocks().plan(given)
    assert chosen == [ClockJob(parse_line("e4m3 -> fp16"), Goal.AREA, 2, "ecp5")]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ClockOptions(devices=("ice",)),
            "Unknown device 'ice'; there are hx8k, up5k and ecp5.",
        ),
        (
            ClockOptions(goals=("small",)),
            "Unknown goal 'small'; there are area, speed, fpga and fpga-dsp.",
        ),
    ],
)
def test_what_is_not_known_is_one_sentence(seeds, options, sentence):
    with pytest.raises(ConfigError) as caught:
        Clocks().plan(options)
    assert str(caught.value) == sentence


def test_multiplier_blocks_and_few_pins(seeds, monkeypatch):
    """Blocks are used where the device has some; what has few pins is placed folded."""
    seen = []

    def synthesize(flow, rtlil, top, yosys, around):
        seen.append((flow.name, "fold" in around))
        return NETLIST

    monkeypatch.setattr(FpgaFlow, "synthesize", synthesize)
    for device in DEVICES:
        job = ClockJob(JOB.config, Goal.FPGA_DSP, 1, device)
        assert Clocks().run(job, Worker(Store())).device == device
    assert seen == [
        ("ice40", False),
        ("ice40-dsp", False),
        ("ice40-dsp", True),
        ("ecp5-dsp", False),
    ]
