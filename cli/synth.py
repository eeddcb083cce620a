"""Commands that measure a unit, and that show what it can be mapped to."""

from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from fp8mac.cli.options import (
    ACC,
    CLOCK,
    DELAY,
    FORCE,
    GOAL,
    JSON,
    LANES,
    OUT,
    RESOLVE,
    STAGES,
    A,
    B,
    Never,
    Only,
    number,
    print_json,
    progress_bar,
    recorded,
    target_of,
    unit_of,
    write_files,
)
from fp8mac.gen.files import (
    STDOUT,
    check_outputs,
    print_text,
)
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal, Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.fpga import FpgaQuestion, fpga_report
from fp8mac.synth_reports.cost.report import Question, unit_report
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.cost.target import Target
from fp8mac.synth_reports.cost.targeted import choose_for, sentence, target_report
from fp8mac.synth_reports.liberty.find import KNOWN, PATH_VARIABLE, find_files, libraries_of
from fp8mac.synth_reports.liberty.library import Library, load_library, own_library
from fp8mac.synth_reports.liberty.reader import LibertyError
from fp8mac.synth_reports.liberty.tables import libraries_table, missing_text
from fp8mac.synth_reports.render.fpga_tables import fpga_footnotes, fpga_table
from fp8mac.synth_reports.render.tables import show
from fp8mac.synth_reports.render.unit_tables import breakdown_table, footnotes, unit_table
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.fpga import Fpga

__all__ = ["Effort", "liberty", "synth"]

LIBERTY = Annotated[
    list[str] | None,
    typer.Option(
        "--liberty",
        metavar="LIB",
        help="Map to a library as well: a name, a file, a folder, or files with commas between.",
    ),
]


class Effort(Enum):
    """How long to look for a small, or fast, netlist."""

    QUICK = "quick"
    BEST = "best"


_ON_FPGA = "--goal fpga*"

_OPERANDS = ("normal", "uniform", "student-t")


def synth(
    ctx: typer.Context,
    a: A,
    b: B = None,
    *,
    acc: ACC = None,
    lanes: LANES = 1,
    stages: Annotated[STAGES, Never("--core")] = 1,
    out: Annotated[OUT, Never("--core")] = None,
    resolve: RESOLVE = None,
    goal: Annotated[GOAL, Never("--delay"), Never("--clock")] = Goal.AREA,
    delay: Annotated[str | None, DELAY, Never("--clock")] = None,
    clock: Annotated[str | None, CLOCK, Never("--core")] = None,
    targets: Annotated[
        list[Fpga] | None,
        typer.Option("--target", help="FPGA, ice40 by default; may be given twice."),
        Only(_ON_FPGA),
    ] = None,
    dsp: Annotated[
        bool, typer.Option("--dsp", help="With multiplier blocks as well."), Only(_ON_FPGA)
    ] = False,
    liberties: Annotated[LIBERTY, Never(_ON_FPGA)] = None,
    core: Annotated[
        bool | None, typer.Option("--core/--unit", help="One of the two; both by default.")
    ] = None,
    operands: Annotated[
        str,
        typer.Option(
            "--operands", metavar="X", help="For energy: normal, uniform, student-t, or FILE.npz."
        ),
        Never("--core"),
        Never(_ON_FPGA),
    ] = "normal",
    cycles: Annotated[
        int,
        number("--cycles", low=1, high=1_000_000, help="For energy."),
        Never("--core"),
        Never(_ON_FPGA),
        Never("--operands *.npz"),
    ] = 20_000,
    clear_every: Annotated[
        int,
        number("--clear-every", low=1, high=4096, help="For energy: steps of a sum."),
        Never("--core"),
        Never(_ON_FPGA),
    ] = 64,
    effort: Annotated[
        Effort,
        typer.Option("--effort", help="best: look for better netlists."),
        Never("--delay"),
        Never("--clock"),
        Never(_ON_FPGA),
    ] = Effort.QUICK,
    limit: Annotated[
        float,
        number("--limit", low=1, high=86_400, kind=float, help="Seconds to look for a better one."),
        Only("--effort best"),
    ] = 60,
    force: FORCE = False,
    as_json: JSON = False,
) -> None:
    """Gates, area, delay, energy and parts of a unit, beside int8 products in int32.

    With --delay or --clock, of the smallest circuit that meets it, in the last library.
    """
    config = unit_of(a, b, acc, lanes=lanes, resolve=resolve, stages=stages, out=out)
    target = target_of(delay, clock, unit=core is False)
    shapes = tuple(shape for shape in Shape if core is None or core == (shape is Shape.CORE))
    if goal.is_fpga:
        with_dsp = dsp or goal is Goal.FPGA_DSP
        fpgas = tuple(dict.fromkeys(targets or [Fpga.ICE40]))
        _synth_fpga(ctx, FpgaQuestion(config, fpgas, with_dsp, shapes), force, as_json)
        return
    stimuli = Stimuli(operands, cycles, clear_every)
    if not stimuli.recorded and operands not in _OPERANDS:
        raise ConfigError(f"Unknown operands '{operands}': {', '.join(_OPERANDS)}, or FILE.npz.")
    libraries = libraries_of(liberties or [])
    question = Question(config, goal, shapes, libraries, stimuli)
    bench = make_bench(libraries, seconds=0 if effort is Effort.QUICK else limit)
    with progress_bar() as bar:
        total = None if target else len(question.designs)
        task = bar.add_task(f"Measuring {config.slug}", total=total)
        answer = partial(target_report, target) if target else unit_report
        report = answer(
            question,
            bench,
            recorded(ctx),
            force=force,
            progress=lambda design: bar.advance(task),
        )
    if target and not report["target"]["met"]:
        typer.echo(report["target"]["sentence"], err=True)
    if as_json:
        print_json(report)
        return
    show(unit_table(report))
    if report["breakdown"]:
        show(breakdown_table(report))
    print_text(footnotes(report) + "\n")


def structure_for(target: Target, config: MacConfig, library: str) -> Structure:
    """How the smallest circuit is built that meets a target; what nothing meets is said."""
    libraries = libraries_of([library] if library else [])
    question = Question(config, libraries=libraries)
    with progress_bar() as bar:
        task = bar.add_task(f"Searching {config.slug}", total=None)
        choice = choose_for(
            target, question, make_bench(libraries), progress=lambda design: bar.advance(task)
        )
    if not choice.met:
        typer.echo(sentence(target, choice, list(libraries.values())[-1]), err=True)
    return choice.structure


def _synth_fpga(ctx: typer.Context, question: FpgaQuestion, force: bool, as_json: bool) -> None:
    """Tables and carries of a unit."""
    with progress_bar() as bar:
        task = bar.add_task(f"Measuring {question.config.slug}", total=len(question.designs))
        report = fpga_report(
            question,
            find_yosys(),
            Store(),
            recorded(ctx),
            force=force,
            progress=lambda design: bar.advance(task),
        )
    if as_json:
        print_json(report)
        return
    show(fpga_table(report))
    print_text(fpga_footnotes(report) + "\n")


def liberty(
    generate: Annotated[
        bool, typer.Option("--generate", help="Print our own library, made anew.")
    ] = False,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Write it to FILE."),
        Only("--generate"),
    ] = STDOUT,
    as_json: Annotated[JSON, Never("--generate")] = False,
) -> None:
    """Show the cell libraries that are found on this machine, and where to get others."""
    if generate:
        check_outputs([output])
        from fp8mac.synth_reports.liberty.generate import liberty_text

        text = liberty_text()
        write_files({output: text})
        return
    rows = [_facts("fp8mac", own_library())]
    rows += [_file_facts(name, path) for name, path in find_files().items()]
    if as_json:
        print_json(rows)
        return
    show(libraries_table(rows))
    missing = [known for known in KNOWN if known.names[0] not in {row["name"] for row in rows}]
    print_text(missing_text(missing, PATH_VARIABLE) + "\n")


def _file_facts(name: str, path: Path) -> dict[str, Any]:
    try:
        return _facts(name, load_library(path))
    except LibertyError as error:
        return {"name": name, "file": str(path), "error": str(error)}


def _facts(name: str, library: Library) -> dict[str, Any]:
    library.check()
    return {
        "name": name,
        "library": library.name,
        "cells": len(library.cells),
        "voltage_v": library.voltage_v,
        "nand2": library.nand2.name,
        "nand2_area_um2": None if library.is_own else library.nand2.area,
        "fo4_ps": None if library.is_own else round(library.fo4_ps, 2),
        "flip_flop": library.flip_flop.cell.name,
        "file": library.source,
        "error": None,
    }
