"""The page that one looks at, served on this machine, with a form for units."""

from typing import Annotated

import typer

from fp8mac.cli.options import number, recorded
from fp8mac.cli.page.report import RESULTS, STORE, WHERE, contents_of

__all__ = ["serve"]


def serve(
    ctx: typer.Context,
    *,
    results: RESULTS = None,
    store: STORE = None,
    where: WHERE = "",
    port: Annotated[
        int, number("--port", low=0, high=65_535, help="Where it listens; 0 is any free one.")
    ] = 8008,
    limit: Annotated[
        float,
        number("--limit", low=1, high=3600, kind=float, help="Seconds for a query of a proof."),
    ] = 120,
) -> None:
    """Serve the page of all results to this machine, with a form that builds and proves a unit."""
    from fp8mac.synth_reports.page.answers import Answers
    from fp8mac.synth_reports.page.html import page_text
    from fp8mac.synth_reports.page.server import PageServer

    text = page_text(contents_of(results, store, where, recorded(ctx)), served=True)
    answers = Answers(limit)
    server = PageServer(text, answers, port)
    typer.echo(f"The page is at {server.url}; Ctrl-C ends it.", err=True)
    try:
        server.run()
    except KeyboardInterrupt:
        typer.echo("", err=True)
    finally:
        answers.stop()
