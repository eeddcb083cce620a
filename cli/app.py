"""The command `fp8mac`: data on stdout, everything else on stderr."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from fp8mac.cli import accuracy as cli_accuracy
from fp8mac.cli import bound as cli_bound
from fp8mac.cli import checks, silicon
from fp8mac.cli import curve as cli_curve
from fp8mac.cli import differ as cli_differ
from fp8mac.cli import prove as cli_prove
from fp8mac.cli import synth as cli_synth
from fp8mac.cli.arrays.array import array
from fp8mac.cli.boards import bitstream as cli_bitstream
from fp8mac.cli.boards import board as cli_board
from fp8mac.cli.boards import package as cli_package
from fp8mac.cli.command import Command, Commands, end, recorded
from fp8mac.cli.decide import recommend as cli_recommend
from fp8mac.cli.decide import sweep as cli_sweep
from fp8mac.cli.experiments import command_of
from fp8mac.cli.options import (
    ACC,
    CLOCK,
    DELAY,
    GOAL,
    JSON,
    LANES,
    OUT,
    RESOLVE,
    STAGES,
    A,
    B,
    Never,
    print_json,
    progress_bar,
    say_written,
    target_of,
    unit_of,
)
from fp8mac.cli.page.machine import machine
from fp8mac.cli.page.pictures import pictures
from fp8mac.cli.page.report import report
from fp8mac.cli.page.serve import serve
from fp8mac.gen.files import STDOUT, check_outputs, is_stream, print_text
from fp8mac.hw.config.formats import NAMED_FORMATS, parse_format
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal, parse_structure
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.experiments.registry import EXPERIMENTS
from fp8mac.synth_reports.render.tables import format_facts, formats_table, show

__all__ = ["app"]

app = typer.Typer(
    cls=Commands,
    help="Multiply-accumulate units for FP8 and INT8: described in a line, built, measured.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print_text(f"fp8mac {version('fp8mac')}\n")
        raise typer.Exit


@app.callback()
def fp8mac(
    wanted: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print it."),
    ] = False,
) -> None:
    """Multiply-accumulate units for FP8 and INT8: described in a line, built, measured."""


@app.command(cls=Command)
def formats(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Formats; all named ones by default."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Show number formats; any e<E>m<M>[b<bias>][ieee|fn|fnuz|none] or int<N> will do."""
    chosen = [parse_format(name) for name in names] if names else list(NAMED_FORMATS.values())
    if as_json:
        print_json([format_facts(format_) for format_ in chosen])
    else:
        show(formats_table(chosen))


@app.command(cls=Command)
def verilog(
    ctx: typer.Context,
    a: A,
    b: B = None,
    *,
    acc: ACC = None,
    lanes: LANES = 1,
    stages: Annotated[STAGES, Never("--core")] = 1,
    out: Annotated[OUT, Never("--core")] = None,
    resolve: RESOLVE = None,
    goal: Annotated[GOAL, Never("--delay"), Never("--clock"), Never("--structure")] = Goal.AREA,
    structure: Annotated[
        str | None,
        typer.Option("--structure", metavar="NAME", help="Built so, such as area-sklansky."),
        Never("--delay"),
        Never("--clock"),
    ] = None,
    delay: Annotated[str | None, DELAY, Never("--clock")] = None,
    clock: Annotated[str | None, CLOCK, Never("--core")] = None,
    liberty: Annotated[
        str,
        typer.Option("--liberty", metavar="LIB", help="Library for --delay and --clock."),
    ] = "",
    core: Annotated[bool, typer.Option("--core", help="The combinational core only.")] = False,
    stream: Annotated[
        bool,
        typer.Option("--stream", help="Between streams: valid and ready, one sum a vector."),
        Never("--core"),
        Never("--output-dir"),
    ] = False,
    mapped: Annotated[
        bool,
        typer.Option(
            "--mapped",
            help="The netlist of two-input gates that synthesis counts, proved equal to the unit.",
        ),
        Never("--goal fpga*"),
        Never("--stream"),
    ] = False,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write FILE, and a description beside it."
        ),
    ] = STDOUT,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            "--output-dir",
            metavar="DIR",
            help="Write DIR: module, testbenches, FuseSoC core, constraints, datasheet.",
        ),
        Never("--output"),
        Never("--mapped"),
        Never("--structure"),
        Never("--delay"),
        Never("--clock"),
    ] = None,
) -> None:
    """Print the Verilog of a unit, or write it, alone or with all that one needs to use it."""
    config = unit_of(a, b, acc, lanes=lanes, resolve=resolve, stages=stages, out=out)
    target = target_of(delay, clock)
    if liberty and not target:
        raise end("--liberty has no effect without --delay or --clock.")
    if output_dir is not None:
        shape = Shape.CORE if core else Shape.UNIT
        return cli_package.write_package(config, shape, goal, output_dir, recorded(ctx))
    check_outputs([output])  # beside a folder there is no place for a description
    sidecar = [] if is_stream(output) else [output.with_suffix(".json")]
    if output in sidecar:
        raise end(f"'{output}' would be the module and its description; name it otherwise.")
    check_outputs([output, *sidecar])
    shape = Shape.CORE if core else Shape.UNIT
    built: Built = parse_structure(structure, config) if structure else goal
    if target:
        built = cli_synth.structure_for(target, config, liberty)
    made: dict[str, Any] = {"goal": built, "command": recorded(ctx)}
    if mapped:
        from fp8mac.proofs.proved import netlist_text

        bench = make_bench()
        with progress_bar() as bar:
            bar.add_task(f"Mapping {config.slug}", total=None)
            made["netlist"] = netlist_text(config, shape, goal=built, bench=bench)
    from fp8mac.gen.verilog import write_stream, write_verilog

    if stream:
        return say_written(write_stream(config, output, **made))
    return say_written(write_verilog(config, shape, output, **made))


app.command(cls=Command)(array)
app.command(cls=Command)(cli_synth.synth)
app.command(cls=Command)(cli_synth.liberty)
app.command(cls=Command)(silicon.units)
app.command("check-vectors", cls=Command)(silicon.check_vectors)
app.command(cls=Command)(cli_differ.differ)
app.command(cls=Command)(cli_bound.bound)
app.command(cls=Command)(cli_bitstream.bitstream)
app.command(cls=Command)(cli_board.board)
app.command(cls=Command)(checks.vectors)
app.command(cls=Command)(checks.exhaustive)
app.command(cls=Command)(cli_prove.prove)
app.command(cls=Command)(cli_curve.curve)
app.command(cls=Command)(cli_accuracy.accuracy)
app.command(cls=Command)(cli_accuracy.fetch)
app.command(cls=Command)(report)
app.command(cls=Command)(serve)
app.command(cls=Command)(pictures)
app.command(cls=Command)(machine)
app.command(cls=Command)(cli_sweep.sweep)
app.command(cls=Command)(cli_recommend.recommend)
app.command(cls=Command)(cli_recommend.points)
for experiment in EXPERIMENTS:
    app.command(experiment.name, cls=Command)(command_of(experiment))
