"""What a point costs is what other commands measure; its operands are those of the network."""

from dataclasses import replace
from types import SimpleNamespace

import cli_stubs
import numpy as np
import pytest

from fp8mac.gen.fpga_tools import ToolError
from fp8mac.gen.verilog import verilog_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import parse_structure
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.codes.encoding import decode
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.cost.physical import facts_of, library_report
from fp8mac.synth_reports.experiments.accuracy.accuracy import measure
from fp8mac.synth_reports.experiments.accuracy.cases import case_of
from fp8mac.synth_reports.experiments.fpga import routed
from fp8mac.synth_reports.experiments.sweep import cost
from fp8mac.synth_reports.experiments.sweep.accuracy import AccuracyJob
from fp8mac.synth_reports.experiments.sweep.attempt import attempt, own_worker
from fp8mac.synth_reports.experiments.sweep.cost import COST_COLUMNS, CostJob
from fp8mac.synth_reports.experiments.sweep.proof import ProofJob
from fp8mac.synth_reports.experiments.sweep.recorded import recorded
from fp8mac.synth_reports.experiments.sweep.space import space_of
from fp8mac.synth_reports.experiments.sweep.spec import Spec
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.store.points.columns import NAMES
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.route import DEVICES, Routed

LINE = "e2m1 -> kulisch:0"


def point(**more):
    (found,) = space_of([Spec(units=(LINE,), **more)]).points
    return found


def test_cost_in_cells():
    columns, files = CostJob.of(point()).run(own_worker())
    own = own_library()
    config = parse_line(LINE)
    bench = make_bench({own.name: own})
    plain, mapped = Design(config, Shape.UNIT), Design(config, Shape.UNIT, library=own.name)
    measured = bench.measure([plain, mapped])
    assert columns["gates"] == measured[plain].metrics.two_input_gates
    assert columns["flip_flops"] == measured[plain].metrics.flip_flops
    figures = library_report(measured[mapped], facts_of(own, Store()))
    assert {name: columns[name] for name in figures} == figures
    assert columns["energy_cinv_v2"] > 0
    assert (columns["energy_operands"], columns["structure"]) == ("normal", "area")
    assert (columns["luts"], columns["target_met"], columns["area_um2"]) == (None, None, None)
    text = verilog_text(config, Shape.UNIT, command=f"fp8mac verilog '{LINE}'")
    assert files == {"verilog_sha256": text.encode()}
    assert set(columns) == set(COST_COLUMNS) <= set(NAMES)


def test_cost_on_an_fpga():
    columns, _ = CostJob.of(point(fpgas=("ice40",), networks=("digits_mlp",))).run(own_worker())
    assert columns["luts"] > 0
    assert columns["flip_flops"] == parse_line(LINE).acc_bits
    assert (columns["structure"], columns["area_ge"]) == ("fpga", None)


@pytest.fixture
def nextpnr(monkeypatch):
    """What clocks are planted; seeds that were placed."""
    cost._nextpnr.cache_clear()
    placed = []

    def route(netlist, seed):
        placed.append(seed)
        return Routed(50.0 + seed, 9)

    found = SimpleNamespace(version="0.9", route=route, device=DEVICES["hx8k"])
    cli_stubs.install_fpga(monkeypatch)
    monkeypatch.setattr(cost, "measure_fpga", cli_stubs.on_fpga)
    monkeypatch.setattr(cost, "find_nextpnr", lambda device: found)
    monkeypatch.setattr(routed, "find_nextpnr", lambda device: found)
    yield placed
    cost._nextpnr.cache_clear()


def test_clock_of_an_fpga(nextpnr, monkeypatch, tmp_path):
    job, worker = CostJob.of(point(fpgas=("ice40",))), Worker(Store(tmp_path))
    columns, _ = job.run(worker)
    assert nextpnr == [1, 2, 3]
    assert (columns["fmax_mhz"], columns["delay_ns"]) == (52.0, 19.231)
    key = job.key(worker)
    for other in (replace(job, fpga="ecp5"), replace(job, goal="fpga-dsp")):
        assert other.run(worker)[0]["fmax_mhz"] is None
    silent = {"version": "0.8", "route": lambda netlist, seed: None}
    nothing = SimpleNamespace(**vars(routed.find_nextpnr(None)) | silent)
    monkeypatch.setattr(routed, "find_nextpnr", lambda device: nothing)
    columns, _ = job.run(worker)  # the router does not end: tables count all the same
    assert (columns["fmax_mhz"], columns["delay_ns"], columns["luts"]) == (None, None, 0)
    cost._nextpnr.cache_clear()
    monkeypatch.setattr(cost, "find_nextpnr", no_nextpnr)
    assert job.key(worker) != key
    assert job.run(worker)[0]["fmax_mhz"] is None


def no_nextpnr(device):
    raise ToolError("There is no nextpnr.")


@pytest.mark.slow
def test_a_delay_is_met_or_not():
    easy = CostJob.of(point(delays=("1000fo4",))).run(own_worker())[0]
    assert (easy["target_met"], easy["delay_fo4"] <= 1000) == (1, True)
    hard, files = CostJob.of(point(delays=("1fo4",))).run(own_worker())
    assert (hard["target_met"], hard["delay_fo4"] > 1) == (0, True)
    assert hard["area_ge"] > easy["area_ge"]
    built = parse_structure(hard["structure"], parse_line(LINE))
    command = f"fp8mac verilog '{LINE}' --structure {built.value}"
    text = verilog_text(parse_line(LINE), Shape.UNIT, goal=built, command=command)
    assert files["verilog_sha256"].decode() == text


def test_what_cannot_be_measured_is_a_sentence():
    job = CostJob.of(point(delays=("1ns",)))
    assert "'1ns' needs a library that has picoseconds" in attempt(job).failure
    job = replace(CostJob.of(point()), library="none.lib")
    assert attempt(job).failure != ""
    assert attempt(job).columns is None


def test_points_share_a_cost_where_energy_is_of_the_same_operands():
    networks = ("digits_mlp", "fmnist")
    own = space_of([Spec(units=(LINE,), networks=networks)]).points
    assert len({CostJob.of(each) for each in own}) == 2
    drawn = space_of([Spec(units=(LINE,), networks=networks, operands="normal")]).points
    assert len({CostJob.of(each) for each in drawn}) == 1
    tables = space_of([Spec(units=(LINE,), networks=networks, fpgas=("ice40",))]).points
    assert len({CostJob.of(each) for each in tables}) == 1


@pytest.mark.parametrize("line", ["e4m3 -> fp16", "int8*int4 x 4 -> int32"])
def test_recorded_operands_are_those_of_the_network(tmp_path, line):
    config = parse_line(line)
    path = tmp_path / "operands.npz"
    stimuli = recorded(case_of(config, "digits_mlp", 8), config, path)
    assert stimuli.recorded
    with np.load(path) as file:
        a, b = file["a"], file["b"]
    lanes = config.products_per_cycle
    assert 20_000 * lanes * 0.95 <= a.size == b.size <= 20_000 * lanes * 1.2
    first = decode(a[: 64 * 32], config.a).reshape(-1, 64)  # pixels of digits are not negative
    assert first.min() == 0.0
    assert first.max() > 0.0
    assert np.abs(decode(b, config.b)).max() > 0.0
    recorded(case_of(config, "digits_mlp", 8), config, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_accuracy_is_that_of_the_command():
    spec = Spec(units=("e4m3 -> fp16",), networks=("digits_mlp",), questions=100)
    (one,) = space_of([spec]).points
    job = AccuracyJob.of(one)
    columns, files = job.run(own_worker())
    result, metric = measure(case_of(one.config, "digits_mlp", 100), Store())
    assert (columns["metric"], columns["questions"], files) == (metric, 100, {})
    assert columns["accuracy"] == round(result.metric.value, 5)
    assert columns["loss"] == round(-result.metric.difference, 5)
    assert columns["loss_low"] == round(-result.metric.high, 5)
    assert columns["loss_high"] == round(-result.metric.low, 5)
    assert set(columns) <= set(NAMES)
    assert AccuracyJob.of(replace(one, questions=None)).questions == 600


def test_a_hopeless_unit_is_asked_few():
    (one,) = space_of([Spec(units=("int2 -> int32",), networks=("digits_mlp",))]).points
    job = AccuracyJob.of(one)
    loss = job.run(own_worker())[0]["loss"]
    few = replace(job, beaten_by=0.02).run(own_worker())[0]
    assert (few["questions"], few["loss"] > 0.02) == (150, True)
    assert replace(job, beaten_by=loss).run(own_worker())[0]["questions"] == 600
    worker = own_worker()
    assert replace(job, beaten_by=0.1).key(worker) == job.key(worker) != job.key(worker, 150)


@pytest.mark.slow
def test_proof():
    columns, _ = ProofJob("e2m1 -> kulisch:0", "area").run(own_worker())
    assert columns == {"proved": 1}
