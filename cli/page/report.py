"""The page that one looks at, as a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fp8mac.cli.options import Never, Only, progress_bar, recorded, write_files
from fp8mac.gen.files import STDOUT, check_outputs

if TYPE_CHECKING:
    from fp8mac.synth_reports.page.points import Contents

__all__ = ["RESULTS", "STORE", "WHERE", "contents_of", "report"]

RESULTS = Annotated[
    Path | None,
    typer.Option(
        "--results", metavar="DIR", help="Tables that commands wrote; the published ones."
    ),
]
STORE = Annotated[
    Path | None,
    typer.Option("--store", metavar="FILE", help="Points that fp8mac sweep found."),
    Never("--results"),
]
WHERE = Annotated[
    str,
    typer.Option("--where", metavar="SQL", help="Of these the rows with, say, lanes = 16."),
    Only("--store"),
]


def report(
    ctx: typer.Context,
    *,
    results: RESULTS = None,
    store: STORE = None,
    where: WHERE = "",
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Write the page to FILE.")
    ] = STDOUT,
) -> None:
    """Make one page of all results: points, fronts, findings, what if; it needs no network."""
    check_outputs([output])
    with progress_bar() as bar:
        bar.add_task("page", total=None)
        from fp8mac.synth_reports.page.html import page_text

        text = page_text(contents_of(results, store, where, recorded(ctx)))
    write_files({output: text})


def contents_of(results: Path | None, store: Path | None, where: str, command: str) -> "Contents":
    """What the page shows: of a store, or of a folder of tables."""
    if store is not None:
        from fp8mac.synth_reports.page.stored import stored_page

        return stored_page(store, command, where)
    from fp8mac.synth_reports.page.committed import PUBLISHED, committed_page

    return committed_page(results or PUBLISHED, command)
