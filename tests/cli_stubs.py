"""The work behind the commands, done once on something tiny: what is left is the command line."""

import importlib
from dataclasses import replace
from functools import cache
from itertools import islice

from fp8mac.gen.cli_options import make_bench
from fp8mac.hw.config import ConfigError, Goal, parse_unit
from fp8mac.hw.formats import parse_format
from fp8mac.proofs.checks import Record, Verdict, plan
from fp8mac.sim.exhaustive import ExhaustiveResult
from fp8mac.synth_reports import accuracy, physical
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.measure import Bench, Design, Shape
from fp8mac.synth_reports.peers import Figures
from fp8mac.synth_reports.store import Store

TINY = parse_unit("e2m1", acc="kulisch:0")
ENERGY = {
    "cycles": 64,
    "unit_delay_cycles": 64,
    **{
        kind: {f"{part}_cinv_v2": 1.0 for part in ("switching", "dynamic", "clock_pins")}
        for kind in ("functional", "unit_delay")
    },
    "leakage_cinv_v2": None,
    "leakage_nw": None,
}


def _lines(real):
    def lines(config, *numbers):
        return islice(real(config, *(min(number, 20) for number in numbers)), 30)

    return lines


@cache
def _measured(shape: Shape):
    own = own_library()
    design = Design(TINY, shape, Goal.AREA, own.name)
    return make_bench({own.name: own}).measure([design])[design]


@cache
def _result():
    case = accuracy.Case("digits_mlp", "e4m3", "e4m3", "fp16", 20)
    return accuracy.measure(case, Store(), 1), accuracy.layers(case, Store())


def install(monkeypatch) -> None:
    """Put stand-ins in the places of syntheses, proofs, networks, sums and drawings."""

    def patch(name: str, stub) -> None:
        module, _, attribute = name.rpartition(".")
        monkeypatch.setattr(importlib.import_module(f"fp8mac.{module}"), attribute, stub)

    def measure(self, designs, *, force=False, progress=lambda design: None):
        found = {}
        for design in designs:
            importlib.import_module("fp8mac.hw.mac").check_buildable(design.config)
            found[design] = replace(_measured(design.shape), design=design)
            progress(design)
        return found

    def energy(measured, library, stimuli):
        physical._operands(measured.design.config, stimuli)
        return ENERGY

    def verilog(config, *, core, command=None, **_):
        importlib.import_module("fp8mac.hw.mac").check_buildable(config)
        return f"// {command}\nmodule m;\nendmodule\n"

    def netlist(config, *, core, goal, bench):
        bench.measure([Design(config, Shape.UNIT, goal)])
        return ""

    def prove(area, *rest, speed=(), progress=lambda record: None, **_):
        checks = plan([TINY]) if isinstance(area, list) else plan([TINY])[:1]
        return [Record(check, Verdict.PROVED) for check in checks]

    def on_a_unit(case, store, threads=1, progress=lambda count: None, *, force=False):
        accuracy._task(case, store)
        case.recipe()
        return _result()[0]

    def run(wanted, store, jobs, progress, *, force=False):
        return {case: on_a_unit(case, store) for case in wanted}

    def rows(chosen, progress, *_):
        for name in chosen or ():
            if parse_format(name).bits > 12:
                raise ConfigError("Formats of up to 12 bits.")
        return figure5_rows

    def sums(wanted, *_, **__):
        return [replace(point, setting=setting) for setting in wanted]

    figure5 = importlib.import_module("fp8mac.synth_reports.figure5")
    figure5_rows = figure5.rows(["e2m1"], lambda: None)
    sum_error = importlib.import_module("fp8mac.synth_reports.sum_error")
    point = sum_error.measure(sum_error.settings(["e2m1"], ["fp16"], [4]), 2)[0]
    real = importlib.import_module("fp8mac.sim.testvectors")
    for shape in Shape:
        _measured(shape)
    _result()
    monkeypatch.setattr(Bench, "measure", measure)
    patch("synth_reports.physical._energy", energy)
    patch("gen.verilog.verilog_text", verilog)
    patch("gen.cli_mapped.netlist_text", netlist)
    patch("proofs.prove.prove_units", prove)
    patch("proofs.prove.prove_verilog", prove)
    patch("synth_reports.accuracy.measure", on_a_unit)
    patch("synth_reports.accuracy.layers", lambda case, store: _result()[1])
    patch("synth_reports.accuracy_cases.run", run)
    patch("synth_reports.sum_length.points", lambda *_, **__: [])
    patch("synth_reports.figure5.rows", rows)
    patch("synth_reports.sum_error.measure", sums)
    patch("gen.cli_accuracy.fetch_package", lambda package: None)
    for name in ("vector_lines", "product_lines", "sequence_lines"):
        patch(f"sim.testvectors.{name}", _lines(getattr(real, name)))
    patch("synth_reports.liberty.generate.liberty_text", lambda: own_library().text)
    patch("sim.exhaustive.check_all", lambda *_, **__: ExhaustiveResult(1, 0, (), True, 1.0))
    figures = Figures(*[1] * len(Figures.__dataclass_fields__))
    patch(
        "synth_reports.peers.measure_all",
        lambda sources, *_, **__: dict.fromkeys(sources, (figures, "0" * 64)),
    )
    picture = {"png": b"", "svg": b""}
    for name in ("figure3.pictures", "figure5.pictures", "sum_error_text.pictures"):
        patch(f"synth_reports.{name}", lambda rows: picture)
    patch("synth_reports.pareto_plot.picture", lambda charts: picture)
    patch("synth_reports.accuracy_report.pictures", lambda rows, points: {"accuracy.svg": b""})
