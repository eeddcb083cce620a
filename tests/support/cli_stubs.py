"""The work behind the commands, done once on something tiny: what is left is the command line."""

import importlib
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from functools import cache
from itertools import islice
from types import SimpleNamespace

from fp8mac.gen.boards.bitstream import Bitstream
from fp8mac.gen.boards.checks import BoardCheck
from fp8mac.gen.boards.demo import Picture
from fp8mac.hw.arrays.array import check_array
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line, parse_unit
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.hw.units.stream import check_streamable
from fp8mac.proofs.check.checks import CheckKind, Record, Verdict, plan
from fp8mac.proofs.rows import BlockProof
from fp8mac.proofs.sampling import Tried
from fp8mac.proofs.streams import StreamProof
from fp8mac.sim.check import vectors
from fp8mac.sim.check.claims.sampled import Sampled
from fp8mac.sim.check.exhaustive import ExhaustiveResult
from fp8mac.sim.networks.metrics import Difference
from fp8mac.sim.networks.tasks.certify import LayerBound
from fp8mac.synth_reports.cost import physical
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.fpga import FpgaMeasurement
from fp8mac.synth_reports.cost.measure import Bench, Design
from fp8mac.synth_reports.experiments.accuracy import accuracy
from fp8mac.synth_reports.experiments.arrays.arrays import ArrayRecord
from fp8mac.synth_reports.experiments.differences.differences import DifferenceRecord
from fp8mac.synth_reports.experiments.dots.dots import DotRecord
from fp8mac.synth_reports.experiments.figure5 import figure5
from fp8mac.synth_reports.experiments.layout.experiment import LayoutRecord
from fp8mac.synth_reports.experiments.peers.peers import Figures
from fp8mac.synth_reports.experiments.sta import StaRecord
from fp8mac.synth_reports.experiments.sum_error import length, sum_error
from fp8mac.synth_reports.experiments.sweep.accuracy import AccuracyJob, columns_of
from fp8mac.synth_reports.experiments.sweep.cost import COST_COLUMNS, CostJob
from fp8mac.synth_reports.experiments.sweep.proof import ProofJob
from fp8mac.synth_reports.experiments.training.claims import CLAIMS
from fp8mac.synth_reports.experiments.training.runs import TrainingRun
from fp8mac.synth_reports.experiments.window import window
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.store.schedule import Here, ScheduleError
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.fpga import FpgaFlow, FpgaSynthesis
from fp8mac.synth_reports.synth.route import Routed

TINY = parse_unit("e2m1", acc="kulisch:0")
PICTURE = {"png": b"", "svg": b""}
ENERGY = {
    "cycles": 64,
    "unit_delay_cycles": 64,
    "headroom": [1, 1],
    "overflow_share": 0.0,
    **{
        kind: {f"{part}_cinv_v2": 1.0 for part in ("switching", "dynamic", "clock_pins")}
        for kind in ("functional", "unit_delay")
    },
    "leakage_cinv_v2": None,
    "leakage_nw": None,
}

_measure, _layers, _bits = accuracy.measure, accuracy.layers, figure5.bits_of
_point, _sums = length._point, sum_error.errors_of
_windowed = window.measure
_lines = {
    name: getattr(vectors, name) for name in ("vector_lines", "product_lines", "sequence_lines")
}


@cache
def measured(shape: Shape, mapped: bool):
    own = own_library()
    design = Design(TINY, shape, Goal.AREA, own.name if mapped else None)
    return make_bench({own.name: own}).measure([design])[design]


@cache
def result():
    case = accuracy.Case("digits_mlp", "e4m3", "e4m3", "fp16", 20)
    return _measure(case, Store(), 1), _layers(case, Store())


@cache
def point():
    return _point(length.LengthJob("e4m3", "fp16", "signed", 32))


@cache
def bits():
    return _bits(figure5.Figure5Job("e2m1", "normal"))


@cache
def sums():
    setting = sum_error.SumSetting("e2m1", "fp16", "one by one", 4)
    return _sums(sum_error.SumJob(setting, 2))


def dotted(job, worker):
    worker.library(job.liberty)
    found = dict.fromkeys(DotRecord.__dataclass_fields__, 1)
    found |= dict.fromkeys(("flow_sha256", "abc"), "")
    return DotRecord(
        **found | {name: getattr(job, name) for name in ("set", "name", "unit", "goal")}
    )


def arrayed(job, worker):
    found = dict.fromkeys(ArrayRecord.__dataclass_fields__, 1)
    found |= dict.fromkeys(("output", "sparsity", "flow_sha256", "abc"), "")
    return ArrayRecord(**found | {"unit": job.array.unit.text})


@cache
def windowed():
    return _windowed(window.jobs(("guard",))[0])


def measure(self, designs, *, force=False, progress=lambda design: None):
    found = {}
    for design in designs:
        check_buildable(design.config)
        found[design] = replace(measured(design.shape, bool(design.library)), design=design)
        progress(design)
    return found


def energy(measured, library, stimuli):
    physical._operands(measured.design.config, stimuli)
    return ENERGY


def verilog(config, shape, *, command=None, **_):
    check_buildable(config)
    return f"// {command}\nmodule m;\nendmodule\n"


def both_tools(self, job, worker):
    return StaRecord(job.unit, job.goal, "own", 9, *[1.0] * 8, "", "")


def laid_out(self, job, worker):
    numbers = {each.name: 1 for each in fields(LayoutRecord)}
    named = {"unit": job.unit, "goal": job.goal, "library": "own", "drawing": ""}
    return LayoutRecord(**numbers | named)


def certified(case):
    case.recipe()
    return [LayerBound("product", 9, 9, 1.0, 0.0, 0.1, None, 9, 9, 9)]


def netlist(config, shape, *, goal, bench, force=False):
    bench.measure([Design(config, Shape.UNIT, goal)])
    return ""


def prove(*_, progress=lambda record: None, **__):
    return [
        Record(check, Verdict.REFUTED if check.kind is CheckKind.MUTATION else Verdict.PROVED)
        for check in plan([TINY])
    ]


def try_unit(config, *, goal, vectors, bench, progress):
    steps = Sampled(vectors, 100, 0, (), 1.0)
    return Tried(config, goal, "0" * 64, steps, 1, 1, None, None)


def prove_stream(config, *, goal, **_):
    check_streamable(config)
    return StreamProof(config, goal, "0" * 64, ())


def prove_blocks(array, **_):
    check_array(array)
    return BlockProof(array, ())


def on_a_unit(case, store, *_, **__):
    if not case.trained:
        accuracy._task(case, store)
    case.recipe()
    return result()[0]


def trained(job):
    lost = {"layer": [0.5]}
    return TrainingRun(
        *(
            job.task,
            job.way,
            job.seed,
            job.steps or 9,
            "nats",
            1.5,
            dict.fromkeys(("accuracy", *(claim.measure for claim in CLAIMS)), 0.5),
            [[9, 1.5]],
            lost,
            lost,
        )
    )


def in_this_process(work, things, arguments, progress, **_):
    found = {}
    for thing in things:
        found[thing] = work(thing, *arguments)
        progress(thing, found[thing])
    return found


def lines(name: str):
    """At most 30 lines, of at most 20 cases."""

    def some(config, *numbers):
        return islice(_lines[name](config, *(min(number, 20) for number in numbers)), 30)

    return some


NETLIST = FpgaSynthesis('{"modules": {"m": {"cells": {}}}}')


def on_fpga(design, yosys, store, *, force=False):
    check_buildable(design.config)
    return FpgaMeasurement(design, "", NETLIST)


def rtlil(config, *_, **__):
    check_buildable(config)
    return ""


def nextpnr(device):
    return SimpleNamespace(
        version="0.4", device=device, route=lambda netlist, seed: Routed(50.0 + seed, 9)
    )


def install_fpga(monkeypatch) -> None:
    """Put the stand-ins in the places of what maps to FPGAs, places and routes."""
    stubs = {
        "synth_reports.cost.fpga.measure_fpga": on_fpga,
        "synth_reports.experiments.fpga.counts.measure_fpga": on_fpga,
        "gen.rtlil.rtlil_text": rtlil,
        "synth_reports.experiments.fpga.clocks.find_nextpnr": nextpnr,
        "synth_reports.experiments.fpga.routed.find_nextpnr": nextpnr,
    }
    put(monkeypatch, stubs)
    monkeypatch.setattr(FpgaFlow, "synthesize", lambda *_: NETLIST)


def bitstream(build, command=None, *, progress=lambda stage: None):
    check_buildable(build.config)
    progress("Yosys maps it to cells")
    metrics = dict.fromkeys(("luts", "carries", "flip_flops", "dsps"), 1) | {"fmax_mhz": 99.0}
    named = {"unit": build.config.text, "board": build.board.name, "device": build.board.device}
    rest = {"baud": build.baud, "clock_mhz": 12.0 / build.divide, "command": command}
    return Bitstream(b"bits", {**named, **rest, "metrics": metrics})


@contextmanager
def at_a_line(config, *_, **__):
    check_buildable(config)
    yield SimpleNamespace(port="/dev/pts/0")


def on_board(config, link, count, seed, *, progress):
    progress(1)
    return BoardCheck(count, count, 0, "", 0, 0.5)


def install_boards(monkeypatch) -> None:
    """Put the stand-ins in the places of bitstreams and boards."""
    stubs = {
        "gen.boards.bitstream.check_tools": lambda board: None,
        "gen.boards.bitstream.make_bitstream": bitstream,
        "gen.boards.simulated.SimulatedBoard": at_a_line,
        "gen.boards.host.BoardLink": at_a_line,
        "gen.boards.checks.check_board": on_board,
        "gen.boards.demo.Demo.products": 9,
        "gen.boards.demo.Demo.classify": lambda demo, link, count, progress: [
            Picture(n, 7, 7, True, 42, 0) for n in range(count)
        ],
    }
    put(monkeypatch, stubs)


def put(monkeypatch, stubs) -> None:
    """Put stand-ins in places that are named."""
    for name, stub in stubs.items():
        module, _, attribute = name.rpartition(".")
        owner, _, last = module.rpartition(".")
        if last[:1].isupper():  # of a class
            place = getattr(importlib.import_module(f"fp8mac.{owner}"), last)
        else:
            place = importlib.import_module(f"fp8mac.{module}")
        monkeypatch.setattr(place, attribute, stub)


def cost(job, worker):
    check_buildable(parse_line(job.unit))
    return {**dict.fromkeys(COST_COLUMNS), "area_ge": 1.0, "structure": "area"}, {
        "verilog_sha256": b"module m;\nendmodule\n"
    }


def asked(job, worker):
    job.case.recipe()
    difference = Difference(0.5, 0.5, 0.0, -0.1, 0.1)
    found = columns_of(difference, "top1") | {"sqnr_db": None, "broken": 0}
    return found | {"questions": job.questions}, {}


def nobody(address):
    raise ScheduleError(f"There is no Dask scheduler at '{address}'.")


def install_sweep(monkeypatch) -> None:
    """Put the stand-ins in the places of what a sweep does."""
    monkeypatch.setattr(CostJob, "run", cost)
    monkeypatch.setattr(AccuracyJob, "run", asked)
    monkeypatch.setattr(ProofJob, "run", lambda job, worker: ({"proved": 1}, {}))
    put(
        monkeypatch,
        {
            "synth_reports.store.schedule.Cluster": nobody,
            "synth_reports.store.schedule.Processes": lambda width: Here(),
        },
    )


def install(monkeypatch) -> None:
    """Put the stand-ins in the places of syntheses, proofs, networks, sums and drawings."""
    for shape in Shape:
        measured(shape, False), measured(shape, True)
    result(), point(), bits(), sums(), windowed()
    figures = Figures(*[1] * len(Figures.__dataclass_fields__))
    stubs = {
        "synth_reports.cost.physical._energy": energy,
        "gen.verilog.verilog_text": verilog,
        "gen.verilog.stream_text": lambda config, **more: verilog(config, Shape.UNIT, **more),
        "gen.arrays.verilog.array_text": lambda config, **more: verilog(config.cell, None, **more),
        "gen.arrays.block_sparse.block_sparse_text": lambda config, **more: verilog(
            config.array.cell, None, **more
        ),
        "proofs.proved.netlist_text": netlist,
        "proofs.check.prove.prove_units": prove,
        "proofs.check.prove.prove_verilog": prove,
        "proofs.sampling.try_unit": try_unit,
        "proofs.rows.prove_blocks": prove_blocks,
        "proofs.streams.prove_stream": prove_stream,
        "synth_reports.experiments.accuracy.accuracy.measure": on_a_unit,
        "synth_reports.experiments.accuracy.accuracy.layers": lambda case, store: result()[1],
        "synth_reports.experiments.runner.in_processes": in_this_process,
        "synth_reports.experiments.sum_error.length._point": lambda job: replace(
            point(), **asdict(job)
        ),
        "synth_reports.experiments.figure5.figure5.bits_of": lambda job: replace(
            bits(), **asdict(job)
        ),
        "synth_reports.experiments.sum_error.sum_error.errors_of": lambda job: replace(
            sums(), setting=job.setting
        ),
        "synth_reports.experiments.window.window.measure": lambda job: replace(
            windowed(), **asdict(job)
        ),
        "synth_reports.experiments.ratios.measured.measured": lambda unit, fpga, worker: (
            dict.fromkeys(("luts", "gates", "weighted_gates", "flip_flops", "area_ge"), 1)
            | dict.fromkeys(("energy_cinv_v2", "energy_no_glitch_cinv_v2"), 1.0)
        ),
        "synth_reports.experiments.window.picture.picture": lambda *found: PICTURE,
        "synth_reports.page.server.PageServer.run": lambda self: self._server.server_close(),
        "synth_reports.page.pictures.drawn": lambda contents, folder, across: {"fronts.svg": b""},
        "synth_reports.experiments.arrays.arrays.measured": arrayed,
        "synth_reports.experiments.dots.text.picture": lambda records: PICTURE,
        "synth_reports.experiments.dots.measured.measured": dotted,
        "cli.accuracy.fetch_package": lambda package: None,
        "cli.silicon._circuits": lambda units: {},
        "synth_reports.experiments.silicon.experiment.circuits_of": lambda *_, **__: (None, []),
        "synth_reports.experiments.layout.experiment.find_sta": lambda: None,
        "synth_reports.experiments.layout.experiment.find_router": lambda library: None,
        "synth_reports.experiments.layout.experiment.Layouts.run": laid_out,
        "synth_reports.experiments.sta.find_sta": lambda: None,
        "synth_reports.experiments.sta.Sta.run": both_tools,
        "synth_reports.experiments.accuracy.accuracy.certificate": certified,
        "sim.check.claims.differ.places_of": lambda first, second, terms: iter(()),
        "sim.check.claims.monotone._operand_descents": lambda config, count: iter(()),
        "sim.check.claims.monotone._accumulator_descents": lambda config, count: iter(()),
        "synth_reports.experiments.differences.differences.pair": lambda job: DifferenceRecord(
            job.first, job.second
        ),
        "synth_reports.experiments.differences.differences.alone": lambda job: DifferenceRecord(
            job.first
        ),
        **{f"sim.check.vectors.{name}": lines(name) for name in _lines},
        "synth_reports.liberty.generate.liberty_text": lambda: own_library().text,
        "sim.check.exhaustive.check_all": lambda *_, **__: ExhaustiveResult(1, 0, (), True, 1.0),
        "synth_reports.experiments.peers.experiment.check_library": lambda library: library,
        "synth_reports.experiments.peers.experiment.figures_of": lambda *_, **__: (
            figures,
            "today",
        ),
        "synth_reports.experiments.figure3.experiment.pictures": lambda rows: PICTURE,
        "synth_reports.experiments.figure5.text.pictures": lambda rows: PICTURE,
        "synth_reports.experiments.sum_error.text.pictures": lambda rows: PICTURE,
        "synth_reports.experiments.training.experiment.find_spec": lambda name: True,
        "synth_reports.experiments.training.runs.run_of": trained,
        "synth_reports.experiments.training.experiment.ask_for_data": lambda tasks: None,
        "synth_reports.experiments.training.text.pictures": lambda runs: {"svg": b""},
        "synth_reports.experiments.energy._picture": lambda table: PICTURE,
        "synth_reports.experiments.curve.plot.picture": lambda records: PICTURE,
        "synth_reports.experiments.pareto.experiment.picture": lambda charts: PICTURE,
        "synth_reports.experiments.accuracy.report.pictures": lambda rows, points: {
            "accuracy.svg": b""
        },
    }
    put(monkeypatch, stubs)
    install_fpga(monkeypatch)
    install_boards(monkeypatch)
    install_sweep(monkeypatch)
    monkeypatch.setattr(Bench, "measure", measure)
