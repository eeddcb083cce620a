"""The command `fp8mac`: data on stdout, everything else on stderr."""

import importlib
import json
import shlex
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from typer.core import TyperGroup

from fp8mac.gen.files import write_atomically
from fp8mac.gen.yosys import YosysError, find_yosys
from fp8mac.hw.config import ConfigError, parse_unit
from fp8mac.hw.formats import NAMED_FORMATS, FormatError, parse_format
from fp8mac.synth_reports import grid
from fp8mac.synth_reports.measure import BASELINE, Bench, Design, Shape
from fp8mac.synth_reports.report import unit_report
from fp8mac.synth_reports.store import Store
from fp8mac.synth_reports.synthesis import Flow, SynthesisError
from fp8mac.synth_reports.tables import footnote, format_facts, formats_table, show, unit_table

__all__ = ["app", "main"]


class _Commands(TyperGroup):
    """Commands that end with one sentence and exit code 2 where the user can help it."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _end("Interrupted; what was finished is kept.", 130) from None
        except (FormatError, ConfigError, YosysError, SynthesisError) as error:
            raise _end(str(error), 2) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            place = f" '{error.filename}'" if error.filename else ""
            raise _end(f"Cannot write{place}: {error.strerror}.", 2) from error


def _end(sentence: str, code: int) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(code)


app = typer.Typer(
    cls=_Commands,
    help="Multiply-accumulate units for FP8 and INT8: described in a line, built, measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_A = Annotated[str, typer.Argument(metavar="A", help="Operand format, such as e4m3 or int8.")]
_B = Annotated[str | None, typer.Argument(metavar="[B]", help="Other operand; as A by default.")]
_ACC = Annotated[
    str,
    typer.Option("--acc", metavar="ACC", help="Accumulator: kulisch[:G], int<N>, fp16, bf16, ..."),
]
_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_FORCE = Annotated[bool, typer.Option("--force", help="Synthesise anew what is known already.")]


@app.command()
def formats(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Formats; all named ones by default."),
    ] = None,
    as_json: _JSON = False,
) -> None:
    """Show number formats; any e<E>m<M>[b<bias>][ieee|fn|fnuz|none] or int<N> will do."""
    chosen = [parse_format(name) for name in names] if names else list(NAMED_FORMATS.values())
    if as_json:
        _print_json([format_facts(format_) for format_ in chosen])
    else:
        show(formats_table(chosen))


@app.command()
def verilog(
    a: _A,
    b: _B = None,
    *,
    acc: _ACC,
    core: Annotated[bool, typer.Option("--core", help="The combinational core only.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write FILE, and a description in JSON."
        ),
    ] = None,
) -> None:
    """Print the Verilog of a unit, or write it."""
    config = parse_unit(a, b, acc=acc)
    command = _command("verilog", a, b, "--acc", acc, "--core" if core else None)
    if output is None:
        typer.echo(_verilog().verilog_text(config, core=core, command=command), nl=False)
    else:
        files = _verilog().write_verilog(config, output, core=core, command=command)
        typer.echo(f"Wrote {' and '.join(map(str, files))}.", err=True)


@app.command()
def synth(
    a: _A,
    b: _B = None,
    *,
    acc: _ACC,
    core: Annotated[
        bool | None, typer.Option("--core/--unit", help="One of the two; both by default.")
    ] = None,
    force: _FORCE = False,
    as_json: _JSON = False,
) -> None:
    """Count the gates of a unit, and compare them with int8 products in an int32 accumulator."""
    config = parse_unit(a, b, acc=acc)
    flag = None if core is None else "--core" if core else "--unit"
    shapes = [shape for shape in Shape if core is None or core == (shape is Shape.CORE)]
    designs = [Design(each, shape) for each in (config, BASELINE) for shape in shapes]
    bench = _bench()
    with Console(stderr=True).status(f"Measuring {config.slug}"):
        found = bench.measure(designs, force=force)
    report = unit_report(config, shapes, found, bench, _command("synth", a, b, "--acc", acc, flag))
    path = Path("synth_reports", "runs", f"{config.slug}.json")
    write_atomically({path: json.dumps(report, indent=2) + "\n"})
    if as_json:
        _print_json(report)
    else:
        show(unit_table(report))
        typer.echo(footnote(report) + f"\n{path}")


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
    force: _FORCE = False,
) -> None:
    """Count the gates of every format with every accumulator; what is known is not done again."""
    configs = grid.units(names.split(",") if names else None, accs.split(",") if accs else None)
    designs = grid.designs(configs)
    command = _command("grid", names and "--formats", names, accs and "--accs", accs)
    bench = _bench()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("designs", total=len(designs))
        found = bench.measure(designs, force=force, progress=lambda design: bar.advance(task))
    csv, markdown = output_dir / "grid.csv", output_dir / "grid.md"
    write_atomically(
        {
            csv: grid.csv_text(found, bench),
            markdown: grid.markdown_text(found, bench, command),
        }
    )
    typer.echo(f"Wrote {csv} and {markdown}.", err=True)


def _verilog() -> ModuleType:
    """Amaranth is imported where it is needed: a known answer comes without it."""
    return importlib.import_module("fp8mac.gen.verilog")


def _bench() -> Bench:
    def elaborate(design: Design) -> str:
        return _verilog().rtlil_text(design.config, core=design.shape is Shape.CORE)

    return Bench(elaborate, Flow.load(), find_yosys(), Store())


def _print_json(what: object) -> None:
    typer.echo(json.dumps(what, indent=2))


def _command(*words: str | None) -> str:
    return shlex.join(["fp8mac", *(word for word in words if word)])


def main() -> None:
    """Run the command line."""
    app()
