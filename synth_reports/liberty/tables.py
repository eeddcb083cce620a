"""Tables of cell libraries."""

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.table import Table

from fp8mac.synth_reports.liberty.find import Known

__all__ = ["libraries_table", "missing_text"]


def libraries_table(rows: Iterable[dict[str, Any]]) -> Table:
    """Libraries, one a row; one that cannot be used with the reason."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("name")
    for title in ("cells", "V", "NAND2 um2", "FO4 ps"):
        table.add_column(title, justify="right")
    table.add_column("file")
    for row in rows:
        if row["error"]:
            table.add_row(row["name"], "", "", "", "", row["error"])
            continue
        figures = (row["cells"], row["voltage_v"], row["nand2_area_um2"], row["fo4_ps"])
        cells = ["" if figure is None else f"{figure:g}" for figure in figures]
        table.add_row(row["name"], *cells, row["file"])
    return table


def missing_text(missing: Iterable[Known], variable: str) -> str:
    """Where to get libraries that are not there."""
    lines = [f"  {known.names[0]:<10} {known.title}: {known.source}" for known in missing]
    return "\n".join(
        [
            "fp8mac is our own and belongs to no technology: areas in GE, delays in FO4.",
            f"Name other files, or folders with them, in {variable}; or give a file to --liberty.",
            *(["Not found here:", *lines] if lines else []),
        ]
    )
