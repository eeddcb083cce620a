"""The experiment: every structure of units, mapped at several delays."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import inf

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import parse_structure, structures_of
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.choice import Ladder
from fp8mac.synth_reports.cost.measure import Design, Measurement
from fp8mac.synth_reports.cost.physical import facts_of, figures_of
from fp8mac.synth_reports.experiments.curve.curve import CurveJob, CurveOptions, CurveRecord
from fp8mac.synth_reports.experiments.curve.text import csv_text, markdown_text
from fp8mac.synth_reports.experiments.experiment import Experiment, Made
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.find import libraries_of
from fp8mac.synth_reports.liberty.library import OWN, Library

__all__ = ["Curve"]

_STEP = 6
"""Rungs from one mapping to the next."""


class Curve(Experiment[CurveOptions, CurveJob, CurveRecord]):
    """All structures of units, each at several delays."""

    name = "curve"
    help = "Draw area against delay of all structures of a unit: md, csv, png, svg."
    options = CurveOptions
    record = CurveRecord

    def plan(self, options: CurveOptions) -> list[CurveJob]:
        from fp8mac.hw.units.buildable import check_buildable  # with circuits; others do without

        jobs = []
        for line in options.units:
            config = parse_line(line)
            check_buildable(config)
            jobs += [CurveJob(line, each.value, options.liberty) for each in structures_of(config)]
        if options.liberty:
            _library(options.liberty)
        return jobs

    def run(self, job: CurveJob, worker: Worker) -> CurveRecord:
        library = _library(job.liberty)
        bench = make_bench({library.name: library}, store=worker.store)
        config = parse_line(job.unit)
        structure = parse_structure(job.structure, config)
        core = Design(config, Shape.CORE, structure, library.name)

        def measure(delays: Sequence[float]) -> list[Measurement]:
            designs = [replace(core, delay_ps=delay) for delay in delays]
            found = bench.measure(designs, force=worker.force)
            return [found[design] for design in designs]

        fast, small = measure([0.0, inf])
        low, high = fast.synthesis.delay_ps, small.synthesis.delay_ps
        assert low is not None
        assert high is not None
        rungs = Ladder(library.fo4_ps).between(low, min(high, 2 * low), _STEP)
        measured = [fast, *measure(rungs), small]
        facts = facts_of(library, worker.store)
        figures = [figures_of(each, facts) for each in measured]
        return CurveRecord(
            config.text,
            job.structure,
            library.name,
            library.sha256,
            [0.0, *(round(each / library.fo4_ps, 2) for each in rungs), None],
            [round(each.delay_fo4, 2) for each in figures],
            [each.delay_ns and round(each.delay_ns, 4) for each in figures],
            [round(each.area_ge, 2) for each in figures],
            [each.area_um2 and round(each.area_um2, 3) for each in figures],
            [each.synthesis.sha256 for each in measured],
        )

    def render(self, records: Sequence[CurveRecord], made: Made) -> dict[str, str | bytes]:
        from fp8mac.synth_reports.experiments.curve.plot import picture

        files: dict[str, str | bytes] = {}
        for unit in dict.fromkeys(record.unit for record in records):
            ours = [record for record in records if record.unit == unit]
            slug = parse_line(unit).slug
            files[f"{slug}.csv"] = csv_text(ours)
            files[f"{slug}.md"] = markdown_text(ours, made.command)
            for suffix, drawn in picture(ours).items():
                files[f"{slug}.{suffix}"] = drawn
        return files


@lru_cache(maxsize=4)
def _library(text: str) -> Library:
    """The library that is named, or our own."""
    libraries = libraries_of([text] if text else [])
    return list(libraries.values())[-1] if text else libraries[OWN]
