"""The command `fp8mac`: data on stdout, everything else on stderr."""

import signal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from fp8mac.gen import (
    cli_accuracy,
    cli_checks,
    cli_figures,
    cli_mapped,
    cli_plots,
    cli_prove,
    cli_synth,
)
from fp8mac.gen.cli_options import (
    ACC,
    FORCE,
    GOAL,
    JSON,
    A,
    B,
    command_text,
    end,
    goal_words,
    load_verilog,
    make_bench,
    print_json,
    progress_bar,
)
from fp8mac.gen.files import write_atomically
from fp8mac.gen.yosys import YosysError
from fp8mac.hw.config import ConfigError, Goal, parse_unit
from fp8mac.hw.formats import NAMED_FORMATS, FormatError, parse_format
from fp8mac.synth_reports import grid
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.liberty.reader import LibertyError
from fp8mac.synth_reports.synthesis import SynthesisError
from fp8mac.synth_reports.tables import format_facts, formats_table, show

__all__ = ["app", "main"]


class _Commands(TyperGroup):
    """Commands that end with one sentence and exit code 2 where the user can help it."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise end("Interrupted; what was finished is kept.") from None
        except (FormatError, ConfigError, LibertyError, YosysError, SynthesisError) as error:
            raise end(str(error)) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            place = f" '{error.filename}'" if error.filename else ""
            raise end(f"Cannot write{place}: {error.strerror}.") from error


app = typer.Typer(
    cls=_Commands,
    help="Multiply-accumulate units for FP8 and INT8: described in a line, built, measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
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


@app.command()
def verilog(
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
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write FILE, and a description in JSON."
        ),
    ] = None,
) -> None:
    """Print the Verilog of a unit, or write it."""
    config = parse_unit(a, b, acc=acc)
    flags = [flag for flag, given in (("--core", core), ("--mapped", mapped)) if given]
    command = command_text("verilog", a, b, "--acc", acc, *goal_words(goal), *flags)
    made: dict[str, Any] = {"core": core, "goal": goal, "command": command}
    if mapped:
        bench = make_bench()
        with Console(stderr=True).status(f"Mapping {config.slug}"):
            made["netlist"] = cli_mapped.netlist_text(config, core=core, goal=goal, bench=bench)
    if output is None:
        typer.echo(load_verilog().verilog_text(config, **made), nl=False)
    else:
        files = load_verilog().write_verilog(config, output, **made)
        typer.echo(f"Wrote {' and '.join(map(str, files))}.", err=True)


@app.command("grid")
def grid_(
    names: Annotated[
        str | None, typer.Option("--formats", metavar="A,B,...", help="Formats; nine by default.")
    ] = None,
    accs: Annotated[
        str | None, typer.Option("--accs", metavar="X,Y,...", help="Accumulators; five by default.")
    ] = None,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", metavar="DIR", help="Where grid.csv and grid.md go.")
    ] = Path("synth_reports", "results"),
    force: FORCE = False,
) -> None:
    """Gates, area, delay, energy of every format with every accumulator; known ones stay."""
    configs = grid.units(names.split(",") if names else None, accs.split(",") if accs else None)
    designs = grid.designs(configs)
    command = command_text("grid", names and "--formats", names, accs and "--accs", accs)
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
    csv, markdown = output_dir / "grid.csv", output_dir / "grid.md"
    write_atomically(
        {
            csv: grid.csv_text(found, in_cells, bench),
            markdown: grid.markdown_text(found, in_cells, bench, command),
        }
    )
    typer.echo(f"Wrote {csv} and {markdown}.", err=True)


app.command()(cli_synth.synth)
app.command()(cli_synth.liberty)
app.command()(cli_synth.synth_check)
app.command()(cli_synth.features)
app.command()(cli_checks.vectors)
app.command()(cli_checks.exhaustive)
app.command()(cli_prove.prove)
app.command()(cli_figures.figure3)
app.command()(cli_mapped.peers)
app.command()(cli_accuracy.accuracy)
app.command()(cli_accuracy.fetch)
app.command()(cli_plots.figure5)
app.command()(cli_plots.sum_error)
app.command()(cli_plots.plot)


def main() -> None:
    """Run the command line; a request to end stops what it has started, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app()
