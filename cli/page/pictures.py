"""Pictures of many points, for print."""

from pathlib import Path
from typing import Annotated

import typer

from fp8mac.cli.options import HERE, end, progress_bar, recorded, write_files
from fp8mac.cli.page.report import RESULTS, STORE, WHERE, contents_of
from fp8mac.gen.files import check_folder

__all__ = ["pictures"]


def pictures(
    ctx: typer.Context,
    *,
    results: RESULTS = None,
    store: STORE = None,
    where: WHERE = "",
    across: Annotated[
        str,
        typer.Option(
            "--x", metavar="COST", help="Across the fronts: area_ge, delay_ns, energy_pj, luts, ..."
        ),
    ] = "area_ge",
    output_dir: Annotated[
        Path, typer.Option("--output-dir", metavar="DIR", help="Where the files go.")
    ] = HERE / "pictures",
) -> None:
    """Draw fronts by network and lanes, gates by part, the surface of a window: png, svg, pdf."""
    check_folder(output_dir, "*.*")
    with progress_bar() as bar:
        bar.add_task("pictures", total=None)
        from fp8mac.synth_reports.page.committed import PUBLISHED
        from fp8mac.synth_reports.page.fronts import losses_of, stored_losses
        from fp8mac.synth_reports.page.pictures import ACROSS, drawn

        if across not in ACROSS:
            raise end(f"Unknown cost '{across}'; there are {', '.join(ACROSS)}.")
        if store is not None:
            losses = stored_losses(store, across, where)
        else:
            contents = contents_of(results, None, "", recorded(ctx))
            losses = losses_of(contents.points, across)
        files = drawn(losses, None if store else results or PUBLISHED, across)
    if not files:
        raise end(f"None of the {losses.rows:,} rows has both a loss and {across}.")
    write_files({output_dir / name: data for name, data in files.items()})
