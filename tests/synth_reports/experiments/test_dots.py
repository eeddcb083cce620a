"""What dot products cost: what is planned and measured, and the committed table and page."""

import csv
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import get_type_hints

import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.hw.config.blocks import BLOCK_FORMATS
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.silicon.named import NAMED_UNITS
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.experiments.dots import text
from fp8mac.synth_reports.experiments.dots.dots import (
    BITS,
    LANES,
    SETS,
    STANDARD,
    SWEEP,
    DotJob,
    DotRecord,
)
from fp8mac.synth_reports.experiments.dots.experiment import Dots, DotsOptions
from fp8mac.synth_reports.experiments.dots.measured import measured
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import OWN
from fp8mac.synth_reports.store.store import Store

RESULTS = Path(__file__).parents[3] / "synth_reports" / "results"


def planned(**options):
    return Dots().plan(DotsOptions(**options))


def committed() -> list[DotRecord]:
    kinds = get_type_hints(DotRecord)
    with (RESULTS / "dots.csv").open(encoding="utf-8", newline="") as file:
        return [
            DotRecord(**{name: _value(kinds[name], value) for name, value in row.items()})
            for row in csv.DictReader(file)
        ]


def _value(kind, text_):
    kinds = [each for each in getattr(kind, "__args__", (kind,)) if each is not type(None)]
    return None if text_ == "" and kinds != [str] else kinds[0](text_)


def test_sets_are_planned():
    jobs = planned()
    assert [each for each in SETS if any(job.set == each for job in jobs)] == list(SETS)
    assert {(job.goal, job.liberty) for job in jobs} == {("area", "nangate45")}
    lanes = [job for job in jobs if job.set == "lanes"]
    assert len(lanes) == len(SWEEP) * len(LANES) == 48
    blocks = [job for job in jobs if job.set == "blocks"]
    assert blocks[3] == DotJob(
        "blocks", "mxfp4 x 32 -> fp32", "mxfp4 x 32 -> fp32", "area", "nangate45"
    )
    assert {job.unit.split()[0] for job in blocks} == {*BLOCK_FORMATS} - {"mxfp8e5m2"}
    assert all(parse_line(job.unit).text == job.unit for job in blocks)
    guards = [job for job in jobs if job.set == "guard"]
    assert [job.name for job in guards] == [f"g = {bits}" for bits in range(7)]
    # The draft's own number of guard bits for four lanes is two.
    assert guards[2].unit == parse_line("rvbna-fp8-e4m3 x 4").text
    assert [job.unit for job in lanes[:3]] == [
        "int8 -> int32",
        "int8 x 2 -> int32",
        "int8 x 4 -> int32",
    ]
    windows = planned(sets=("window",), lanes=(1, 64))
    assert len(windows) == 2 * len(BITS)
    assert windows[5] == DotJob(
        "window", "F = 13", "e4m3 x 64 -> e8m13:rtz:inf:plus0, window 14", "area", "nangate45"
    )


def test_named_units_are_planned_as_their_steps():
    units = {job.name: job for job in planned(sets=("named",))}
    assert units["h100-mmasync-e4m3"].unit == (
        "e4m3 x 16 -> fp32:rtz:inf:plus0, window 26, exponents as fp16"
    )
    assert units["h100-fp8-e4m3"].unit == parse_line("h100-fp8-e4m3").text
    assert all(job.fpga for job in units.values())
    assert tuple(units) == STANDARD
    # Of a card's unit with both, that with results in FP16 is left out.
    others = {*NAMED_UNITS} - {*STANDARD}
    assert len(others) == 11
    assert {parse_line(name).accumulator.name for name in others} == {"fp16:plus0"}
    assert {"h100-fp16", "mi100-fp16", "exsdotp-fp8"} < {*STANDARD}
    more = {job.name for job in planned(sets=("named",), everything=True)}
    assert {*units} < more
    assert {*NAMED_UNITS} - more <= {name for name in NAMED_UNITS if parse_line(name).block}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--sets", "lanes,x"),
            "Unknown set 'x'; there are named, lanes, blocks, window, guard.\n",
        ),
        (("--goal", "fpga"), "Unknown goal 'fpga'; there are area, speed.\n"),
        (("--lanes", "65"), "--lanes takes whole numbers from 1 to 64, not '65'.\n"),
        (("--lanes", "0,2"), "--lanes takes whole numbers from 1 to 64, not '0,2'.\n"),
    ],
)
def test_bad_options_are_refused(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["dots", *words])
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", message)
    assert not [*tmp_path.iterdir()]


def test_a_unit_is_measured(tmp_path, monkeypatch):
    worker = Worker(Store(tmp_path))
    job = DotJob("lanes", "e2m1 -> kulisch:1", "e2m1 x 2 -> kulisch:1", "area", OWN)
    found = measured(job, worker)
    config = parse_line(job.unit)
    core = Design(config, Shape.CORE, Goal.AREA)
    unit = Design(config, Shape.UNIT, Goal.AREA, OWN)
    bench = worker.bench()
    both = bench.measure([core, unit])
    assert found.two_input_gates == both[core].metrics.two_input_gates
    assert found.gates_per_lane == round(found.two_input_gates / 2, 1)
    assert (found.lanes, found.flip_flops) == (2, config.acc_bits)
    assert found.area_ge > (both[unit].synthesis.area or 0)
    # Our own library knows neither nanoseconds nor picojoules.
    assert (found.delay_ns, found.area_um2, found.energy_unit_delay_pj) == (None, None, None)
    assert (found.luts or 0) > 10
    assert found.netlist_sha256 == both[core].synthesis.sha256
    assert (found.basis, found.library) == (None, "fp8mac")
    monkeypatch.setattr("fp8mac.synth_reports.cost.measure.synthesize", None)
    monkeypatch.setattr("fp8mac.synth_reports.synth.fpga.FpgaFlow.synthesize", None)
    assert measured(job, worker) == found


def test_the_committed_page_is_of_the_committed_table():
    records = committed()
    command = (RESULTS / "dots.md").read_text(encoding="utf-8").split("`")[1]
    assert command == "fp8mac dots"
    assert text.markdown_text(records, command) == (RESULTS / "dots.md").read_text(encoding="utf-8")
    assert {each.name for each in fields(DotRecord)} == {*vars(records[0])}


def test_the_committed_table_is_whole():
    records = committed()
    found = [(each.set, each.name, each.unit) for each in records]
    assert found == [(job.set, job.name, job.unit) for job in planned()]
    for each in records:
        config = parse_line(each.unit)
        assert each.lanes == config.products_per_cycle
        assert each.gates_per_lane == round(each.two_input_gates / each.lanes, 1)
        drawn = max(config.a.bits, config.b.bits) <= 16
        assert drawn == (each.energy_unit_delay_pj is not None)
        assert (each.luts is None) == (each.set in ("window", "guard"))
        assert each.delay_ns is not None
        assert (each.energy_functional_pj or 0) <= (each.energy_unit_delay_pj or 0)


def test_what_the_pages_say_of_windows():
    """Wider windows and more lanes take more gates; more lanes take fewer for each."""
    cells = {
        (each.name, each.lanes): each.two_input_gates
        for each in committed()
        if each.set == "window"
    }
    for narrow, wide in pairwise(BITS):
        assert all(cells[f"F = {narrow}", n] < cells[f"F = {wide}", n] for n in LANES)
    for few, many in pairwise(LANES):
        assert all(
            cells[f"F = {bits}", few] < cells[f"F = {bits}", many] < 2 * cells[f"F = {bits}", few]
            for bits in BITS
        )
