"""Commands that draw what formats, sums and units do to accuracy."""

import importlib
from pathlib import Path
from typing import Annotated

import typer

from fp8mac.gen.cli_options import JSON, command_text, end, print_json, progress_bar
from fp8mac.gen.files import write_atomically
from fp8mac.synth_reports.tables import show

__all__ = ["figure5", "plot", "sum_error"]

_RESULTS = Path("synth_reports", "results")
_FORMATS = Annotated[
    str | None, typer.Option("--formats", metavar="A,B,...", help="Formats, for a table instead.")
]


def figure5(
    *,
    names: _FORMATS = None,
    output_dir: Annotated[
        Path | None,
        typer.Option("--output-dir", metavar="DIR", help="Where figure5.* go, if not as a table."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Bits of accuracy without a network, beside arXiv:2303.17951, Figure 5: md, csv, png, svg.

    With --formats or --json they are printed, and files are only written if a folder is named.
    """
    module = importlib.import_module("fp8mac.synth_reports.figure5")
    chosen = names.split(",") if names else None
    with progress_bar() as bar:
        task = bar.add_task("formats on data", total=None)
        rows = module.rows(chosen, lambda: bar.advance(task))
    printed = bool(chosen) or as_json
    if as_json:
        print_json([row.facts() for row in rows])
    elif printed:
        show(module.rows_table(rows))
    if not printed or output_dir:
        folder = output_dir or _RESULTS
        files: dict[Path, str | bytes] = {
            folder / "figure5.md": module.markdown_text(
                rows, command_text("figure5", names and "--formats", names)
            ),
            folder / "figure5.csv": module.csv_text(rows),
        }
        for suffix, picture in module.pictures(rows).items():
            files[folder / f"figure5.{suffix}"] = picture
        _write(files)


def sum_error(
    *,
    names: Annotated[
        str | None, typer.Option("--formats", metavar="A,B,...", help="Operands; e5m2, e4m3.")
    ] = None,
    accs: Annotated[
        str | None, typer.Option("--accs", metavar="X,Y,...", help="Accumulators; five by default.")
    ] = None,
    lengths: Annotated[
        str | None, typer.Option(metavar="N,M,...", help="Products in a sum; 250 to 4000.")
    ] = None,
    repetitions: Annotated[
        int, typer.Option(min=2, metavar="N", help="Independent draws of operands.")
    ] = 20,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of the operands.")] = 0,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", metavar="DIR", help="Where sum_error.* go.")
    ] = _RESULTS,
    as_json: JSON = False,
) -> None:
    """Error of sums against their length, by accumulator and way of adding: md, csv, png, svg.

    Beside those of arXiv:2207.03192, Table IV. With --json they are printed, not written.
    """
    module = importlib.import_module("fp8mac.synth_reports.sum_error")
    settings = module.settings(
        names.split(",") if names else None,
        accs.split(",") if accs else None,
        _lengths(lengths) if lengths else None,
    )
    with progress_bar() as bar:
        task = bar.add_task("sums", total=len(settings))
        points = module.measure(settings, repetitions, seed, lambda: bar.advance(task))
    if as_json:
        print_json([point.facts() for point in points])
        return
    text = importlib.import_module("fp8mac.synth_reports.sum_error_text")
    command = command_text(
        *("sum-error", names and "--formats", names, accs and "--accs", accs),
        *(lengths and "--lengths", lengths),
        *(("--repetitions", str(repetitions)) if repetitions != 20 else ()),
        *(("--seed", str(seed)) if seed else ()),
    )
    files: dict[Path, str | bytes] = {
        output_dir / "sum_error.md": text.markdown_text(points, command),
        output_dir / "sum_error.csv": text.csv_text(points),
    }
    for suffix, picture in text.pictures(points).items():
        files[output_dir / f"sum_error.{suffix}"] = picture
    _write(files)


def plot(
    *,
    networks: Annotated[
        str | None, typer.Option("--network", metavar="N,M,...", help="Networks; all with results.")
    ] = None,
    area: Annotated[
        str,
        typer.Option("--x", metavar="X", help="gates, ge, delay, energy, or a column of the grid."),
    ] = "gates",
    quantities: Annotated[
        str, typer.Option("--y", metavar="Y,...", help="accuracy, sqnr, or both.")
    ] = "accuracy,sqnr",
    core: Annotated[
        bool, typer.Option("--core/--unit", help="The combinational core, or with registers.")
    ] = False,
    grid: Annotated[
        Path, typer.Option(metavar="FILE", help="Table that fp8mac grid wrote.")
    ] = _RESULTS / "grid.csv",
    accuracy: Annotated[
        Path, typer.Option(metavar="DIR", help="Tables that fp8mac accuracy wrote.")
    ] = _RESULTS / "accuracy",
    output_dir: Annotated[
        Path, typer.Option("--output-dir", metavar="DIR", help="Where a network's files go.")
    ] = _RESULTS / "pareto",
) -> None:
    """Draw area against accuracy, with the Pareto front, for each network: md, csv, png, svg."""
    pareto = importlib.import_module("fp8mac.synth_reports.pareto")
    tables = importlib.import_module("fp8mac.synth_reports.pareto_tables")
    pages = importlib.import_module("fp8mac.synth_reports.pareto_text")
    pictures = importlib.import_module("fp8mac.synth_reports.pareto_plot")
    try:
        found = tables.charts(
            grid,
            accuracy,
            area=area,
            shape="core" if core else "unit",
            quantities=quantities.split(","),
            networks=networks.split(",") if networks else None,
        )
    except pareto.PlotError as error:
        raise end(str(error)) from error
    command = command_text(
        *("plot", networks and "--network", networks, "--core" if core else None),
        *(("--x", area) if area != "gates" else ()),
        *(("--y", quantities) if quantities != "accuracy,sqnr" else ()),
    )
    files: dict[Path, str | bytes] = {}
    for network, charts in found.items():
        files[output_dir / f"{network}.md"] = pages.markdown_text(charts, command)
        files[output_dir / f"{network}.csv"] = pages.csv_text(charts)
        for suffix, picture in pictures.picture(charts).items():
            files[output_dir / f"{network}.{suffix}"] = picture
    _write(files)


def _lengths(text: str) -> list[int]:
    try:
        lengths = [int(word) for word in text.split(",")]
    except ValueError:
        lengths = [0]
    if min(lengths) < 1:
        raise end(f"'{text}' are not lengths of sums; write numbers from 1, such as 500,1000.")
    return lengths


def _write(files: dict[Path, str | bytes]) -> None:
    write_atomically(files)
    typer.echo(f"Wrote {', '.join(map(str, files))}.", err=True)
