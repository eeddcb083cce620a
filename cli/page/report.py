"""The page that one looks at, as a file."""

from pathlib import Path
from typing import Annotated

import typer

from fp8mac.cli.options import progress_bar, recorded, write_files
from fp8mac.gen.files import STDOUT, check_outputs

__all__ = ["report"]


def report(
    ctx: typer.Context,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results", metavar="DIR", help="Tables that commands wrote; the published ones."
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Write the page to FILE.")
    ] = STDOUT,
) -> None:
    """Make one page of all results: points, fronts, findings, what if; it needs no network."""
    check_outputs([output])
    from fp8mac.synth_reports.page.committed import PUBLISHED, committed_page
    from fp8mac.synth_reports.page.html import page_text

    with progress_bar() as bar:
        bar.add_task("page", total=None)
        text = page_text(committed_page(results or PUBLISHED, recorded(ctx)))
    write_files({output: text})
