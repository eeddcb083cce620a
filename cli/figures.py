"""Commands that draw: published numbers beside measured ones."""

import importlib
from pathlib import Path
from typing import Annotated

import typer

from fp8mac.cli.options import (
    FORCE,
    HERE,
    progress_bar,
    recorded,
    write_files,
)
from fp8mac.gen.files import check_folder
from fp8mac.synth_reports.cost.bench import make_bench

__all__ = ["figure3"]


def figure3(
    ctx: typer.Context,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", metavar="DIR", help="Where figure3.* go.")
    ] = HERE,
    force: FORCE = False,
) -> None:
    """Put the 15 units of arXiv:2303.17951, Figure 3 beside ours: md, csv, png, svg."""
    check_folder(output_dir, "figure3.*")
    module = importlib.import_module("fp8mac.synth_reports.experiments.figure3.figure3")
    text = importlib.import_module("fp8mac.synth_reports.experiments.figure3.text")
    designs, bench = module.designs(), make_bench(flow="simple")
    with progress_bar() as bar:
        task = bar.add_task("designs", total=len(designs))
        found = bench.measure(designs, force=force, progress=lambda design: bar.advance(task))
    rows = module.rows(found)
    files: dict[Path, str | bytes] = {
        output_dir / "figure3.md": text.markdown_text(rows, bench, recorded(ctx)),
        output_dir / "figure3.csv": module.csv_text(rows, bench),
    }
    for suffix, picture in module.pictures(rows).items():
        files[output_dir / f"figure3.{suffix}"] = picture
    write_files(files)
