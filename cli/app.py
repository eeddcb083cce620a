"""The command `fp8mac`: data on stdout, everything else on stderr."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from fp8mac.cli import accuracy as cli_accuracy
from fp8mac.cli import checks, plots
from fp8mac.cli import figures as cli_figures
from fp8mac.cli import mapped as cli_mapped
from fp8mac.cli import prove as cli_prove
from fp8mac.cli import synth as cli_synth
from fp8mac.cli.command import Command, Commands, Part, end, recorded
from fp8mac.cli.options import (
    ACC,
    FORCE,
    GOAL,
    HERE,
    JSON,
    A,
    B,
    load_verilog,
    print_json,
    progress_bar,
    say_written,
    write_files,
)
from fp8mac.cli.start import main
from fp8mac.gen.files import STDOUT, check_folder, check_outputs, is_stream, print_text
from fp8mac.hw.config.formats import NAMED_FORMATS, parse_format
from fp8mac.hw.config.goal import Goal
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.experiments import grid
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.render.tables import format_facts, formats_table, show

__all__ = ["app", "main"]


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
    acc: ACC,
    goal: GOAL = Goal.AREA,
    core: Annotated[bool, typer.Option("--core", help="The combinational core only.")] = False,
    mapped: Annotated[
        bool,
        typer.Option(
            "--mapped",
            help="The netlist of two-input gates that synthesis counts, proved equal to the unit.",
        ),
    ] = False,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write FILE, and a description beside it."
        ),
    ] = STDOUT,
) -> None:
    """Print the Verilog of a unit, or write it."""
    config = parse_unit(a, b, acc=acc)
    check_outputs([output])  # beside a folder there is no place for a description
    sidecar = [] if is_stream(output) else [output.with_suffix(".json")]
    if output in sidecar:
        raise end(f"'{output}' would be the module and its description; name it otherwise.")
    check_outputs([output, *sidecar])
    shape = Shape.CORE if core else Shape.UNIT
    made: dict[str, Any] = {"goal": goal, "command": recorded(ctx)}
    if mapped:
        bench = make_bench()
        with progress_bar() as bar:
            bar.add_task(f"Mapping {config.slug}", total=None)
            made["netlist"] = cli_mapped.netlist_text(config, shape, goal=goal, bench=bench)
    say_written(load_verilog().write_verilog(config, shape, output, **made))


@app.command("grid", cls=Command)
def grid_(
    ctx: typer.Context,
    names: Annotated[
        str | None,
        typer.Option("--formats", metavar="A,B,...", help="Formats; nine by default."),
        Part(),
    ] = None,
    accs: Annotated[
        str | None,
        typer.Option("--accs", metavar="X,Y,...", help="Accumulators; five by default."),
        Part(),
    ] = None,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", metavar="DIR", help="Where grid.csv and grid.md go.")
    ] = HERE,
    force: FORCE = False,
) -> None:
    """Gates, area, delay, energy of every format with every accumulator; known ones stay."""
    configs = grid.units(names.split(",") if names else None, accs.split(",") if accs else None)
    designs = grid.designs(configs)
    check_folder(output_dir, "grid.*")
    own = own_library()
    mapped = grid.designs(configs, own.name)
    bench = make_bench({own.name: own})
    with progress_bar() as bar:
        task = bar.add_task("designs", total=len(designs) + 2 * len(mapped))
        measured = bench.measure(
            [*designs, *mapped], force=force, progress=lambda design: bar.advance(task)
        )
        found = {design: measured[design] for design in designs}
        in_cells = grid.figures(
            {design: measured[design] for design in mapped}, own, bench, lambda: bar.advance(task)
        )
    write_files(
        {
            output_dir / "grid.csv": grid.csv_text(found, in_cells, bench),
            output_dir / "grid.md": grid.markdown_text(found, in_cells, bench, recorded(ctx)),
        }
    )


app.command(cls=Command)(cli_synth.synth)
app.command(cls=Command)(cli_synth.liberty)
app.command(cls=Command)(cli_synth.synth_check)
app.command(cls=Command)(cli_synth.features)
app.command(cls=Command)(checks.vectors)
app.command(cls=Command)(checks.exhaustive)
app.command(cls=Command)(cli_prove.prove)
app.command(cls=Command)(cli_figures.figure3)
app.command(cls=Command)(cli_mapped.peers)
app.command(cls=Command)(cli_accuracy.accuracy)
app.command(cls=Command)(cli_accuracy.fetch)
app.command(cls=Command)(plots.figure5)
app.command(cls=Command)(plots.sum_error)
app.command(cls=Command)(plots.plot)
