"""Commands that draw what formats, sums and units do to accuracy."""

import importlib
from pathlib import Path
from typing import Annotated, cast

import typer

from fp8mac.cli.options import (
    HERE,
    JSON,
    Never,
    Number,
    Part,
    end,
    number,
    print_json,
    progress_bar,
    recorded,
    write_files,
)
from fp8mac.gen.files import check_folder
from fp8mac.hw.config.ports import Shape
from fp8mac.synth_reports.render.tables import show

__all__ = ["figure5", "plot", "sum_error"]

_LENGTH = Number(1, 100_000)


def figure5(
    ctx: typer.Context,
    *,
    names: Annotated[
        str | None,
        typer.Option("--formats", metavar="A,B,...", help="Formats, for a table instead."),
        Part(),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option("--output-dir", metavar="DIR", help="Where figure5.* go, if not as a table."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Bits of accuracy without a network, beside arXiv:2303.17951, Figure 5: md, csv, png, svg.

    With --formats or --json they are printed, and files are only written if a folder is named.
    """
    module = importlib.import_module("fp8mac.synth_reports.experiments.figure5.figure5")
    chosen = names.split(",") if names else None
    printed = bool(chosen) or as_json
    folder = output_dir or HERE
    if not printed or output_dir:
        check_folder(folder, "figure5.*")
    with progress_bar() as bar:
        task = bar.add_task("formats on data", total=None)
        rows = module.rows(chosen, lambda: bar.advance(task))
    if as_json:
        print_json([row.facts() for row in rows])
    elif printed:
        show(module.rows_table(rows))
    if not printed or output_dir:
        files: dict[Path, str | bytes] = {
            folder / "figure5.md": module.markdown_text(rows, recorded(ctx)),
            folder / "figure5.csv": module.csv_text(rows),
        }
        for suffix, picture in module.pictures(rows).items():
            files[folder / f"figure5.{suffix}"] = picture
        write_files(files)


def sum_error(
    ctx: typer.Context,
    *,
    names: Annotated[
        str | None,
        typer.Option("--formats", metavar="A,B,...", help="Operands; e5m2, e4m3."),
        Part(),
    ] = None,
    accs: Annotated[
        str | None,
        typer.Option("--accs", metavar="X,Y,...", help="Accumulators; five by default."),
        Part(),
    ] = None,
    lengths: Annotated[
        str | None,
        typer.Option(metavar="N,M,...", help="Products in a sum; 250 to 4000."),
        Part(),
    ] = None,
    repetitions: Annotated[
        int, number(low=2, high=1000, help="Independent draws of operands."), Part()
    ] = 20,
    seed: Annotated[int, number(low=0, high=2**32 - 1, help="Of the operands."), Part()] = 0,
    output_dir: Annotated[
        Path,
        typer.Option("--output-dir", metavar="DIR", help="Where sum_error.* go."),
        Never("--json"),
    ] = HERE,
    as_json: JSON = False,
) -> None:
    """Error of sums against their length, by accumulator and way of adding: md, csv, png, svg.

    Beside those of arXiv:2207.03192, Table IV. With --json they are printed, not written.
    """
    module = importlib.import_module("fp8mac.synth_reports.experiments.sum_error.sum_error")
    settings = module.settings(
        names.split(",") if names else None,
        accs.split(",") if accs else None,
        _lengths(lengths) if lengths else None,
    )
    if not as_json:
        check_folder(output_dir, "sum_error.*")
    with progress_bar() as bar:
        task = bar.add_task("sums", total=len(settings))
        points = module.measure(settings, repetitions, seed, lambda: bar.advance(task))
    if as_json:
        print_json([point.facts() for point in points])
        return
    text = importlib.import_module("fp8mac.synth_reports.experiments.sum_error.text")
    files: dict[Path, str | bytes] = {
        output_dir / "sum_error.md": text.markdown_text(points, recorded(ctx)),
        output_dir / "sum_error.csv": text.csv_text(points),
    }
    for suffix, picture in text.pictures(points).items():
        files[output_dir / f"sum_error.{suffix}"] = picture
    write_files(files)


def plot(
    ctx: typer.Context,
    *,
    networks: Annotated[
        str | None, typer.Option("--network", metavar="N,M,...", help="Networks; all with results.")
    ] = None,
    area: Annotated[
        str,
        typer.Option("--x", metavar="X", help="gates, ge, delay, energy, or a column of the grid."),
        Part(),
    ] = "gates",
    quantities: Annotated[
        str, typer.Option("--y", metavar="Y,...", help="accuracy, sqnr, or both."), Part()
    ] = "accuracy,sqnr",
    core: Annotated[
        bool,
        typer.Option("--core/--unit", help="The combinational core, or with registers."),
        Part(),
    ] = False,
    grid: Annotated[Path, typer.Option(metavar="FILE", help="Table that fp8mac grid wrote.")] = HERE
    / "grid.csv",
    accuracy: Annotated[
        Path, typer.Option(metavar="DIR", help="Tables that fp8mac accuracy wrote.")
    ] = HERE / "accuracy",
    output_dir: Annotated[
        Path, typer.Option("--output-dir", metavar="DIR", help="Where a network's files go.")
    ] = HERE / "pareto",
) -> None:
    """Draw area against accuracy, with the Pareto front, for each network: md, csv, png, svg."""
    check_folder(output_dir, "*.*")
    tables = importlib.import_module("fp8mac.synth_reports.experiments.pareto.tables")
    pages = importlib.import_module("fp8mac.synth_reports.experiments.pareto.text")
    pictures = importlib.import_module("fp8mac.synth_reports.experiments.pareto.plot")
    found = tables.charts(
        grid,
        accuracy,
        area=area,
        shape=(Shape.CORE if core else Shape.UNIT).value,
        quantities=quantities.split(","),
        networks=networks.split(",") if networks else None,
    )
    command = recorded(ctx)
    files: dict[Path, str | bytes] = {}
    for network, charts in found.items():
        files[output_dir / f"{network}.md"] = pages.markdown_text(charts, command)
        files[output_dir / f"{network}.csv"] = pages.csv_text(charts)
        for suffix, picture in pictures.picture(charts).items():
            files[output_dir / f"{network}.{suffix}"] = picture
    write_files(files)


def _lengths(text: str) -> list[int]:
    """Lengths of sums; each once."""
    try:
        return list(dict.fromkeys(cast(int, _LENGTH(word)) for word in text.split(",")))
    except typer.BadParameter:
        raise end(f"'{text}' are not lengths of sums: whole numbers {_LENGTH}.") from None
