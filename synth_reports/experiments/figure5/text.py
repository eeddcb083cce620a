"""Bits of accuracy as tables, as a page and as a picture."""

from collections.abc import Sequence

from rich.table import Table

from fp8mac.synth_reports.experiments.figure5.cell_error import DISTRIBUTIONS
from fp8mac.synth_reports.experiments.figure5.figure5 import LLOYD_MAX, Figure5Row
from fp8mac.synth_reports.render.plots import Panel, grouped_bars
from fp8mac.synth_reports.render.tables import aligned_table, csv_table, markdown_table

__all__ = ["csv_text", "markdown_text", "pictures", "rows_table"]


def csv_text(table: Sequence[Figure5Row]) -> str:
    """One line a format and distribution."""
    return csv_table([row.facts() for row in table])


def rows_table(table: Sequence[Figure5Row]) -> Table:
    """For the terminal: a format a line."""
    name = "bits of accuracy"
    rows = (
        [format_, *(f"{row.bits:.2f}" for row in cells)]
        for format_, cells in _by_format(table).items()
    )
    return aligned_table([name, *(each.title for each in DISTRIBUTIONS.values())], rows, [name])


def markdown_text(table: Sequence[Figure5Row], command: str) -> str:
    """The page: bits, published and ours."""
    titles = ["", *(DISTRIBUTIONS[name].title for name in DISTRIBUTIONS)]
    body = [[name, *map(_cell, cells)] for name, cells in _by_format(table).items()]
    return f"""\
# Bits of accuracy without a network: Figure 5 of arXiv:2303.17951

Made by `{command}`: integrated over the cells of each format at its best scale, without
sampling; see `docs/decide.md`.

![Bits of accuracy](figure5.svg)

log2(sigma / RMSE), and in brackets the published number, read off the drawing, and the difference.
*{LLOYD_MAX}* are the best 256 levels that there are.

{markdown_table(titles, body)}

{_sentences(table)}
"""


def _cell(row: Figure5Row) -> str:
    if row.published_bits is None:
        return f"{row.bits:.2f}"
    return f"{row.bits:.2f} ({row.published_bits:.2f}, {row.deviation_bits:+.2f})"


def _by_format(table: Sequence[Figure5Row]) -> dict[str, list[Figure5Row]]:
    names = dict.fromkeys(row.format for row in table)
    return {name: [row for row in table if row.format == name] for name in names}


def _sentences(table: Sequence[Figure5Row]) -> str:
    known = [row for row in table if row.published_bits is not None]
    lines = []
    if known:
        worst = max(known, key=lambda row: abs(row.deviation_bits or 0))
        lines.append(
            f"- Of {len(known)} published numbers, none is farther off than "
            f"{abs(worst.deviation_bits or 0):.3f} bit ({worst.format}, "
            f"{DISTRIBUTIONS[worst.distribution].title})."
        )
    for name, distribution in DISTRIBUTIONS.items():
        chosen = [row for row in table if row.distribution == name and row.format != LLOYD_MAX]
        order = sorted(chosen, key=lambda row: -row.bits)
        lines.append(f"- {distribution.title}, best first: {', '.join(r.format for r in order)}.")
    return "\n".join(lines)


def pictures(table: Sequence[Figure5Row]) -> dict[str, bytes]:
    """The picture, by file suffix: ``png`` and ``svg``."""
    panels = [_panel(table, name) for name in DISTRIBUTIONS]
    return grouped_bars(
        *("Bits of accuracy at the best scale", "log2(sigma / RMSE)", panels),
        number=".2f",
        note="integrated over the cells of each format, nothing is sampled",
    )


def _panel(table: Sequence[Figure5Row], distribution: str) -> Panel:
    chosen = [row for row in table if row.distribution == distribution]
    bars = {"ours": [row.bits for row in chosen]}
    if all(row.published_bits is not None for row in chosen):
        bars = {"arXiv:2303.17951": [row.published_bits or 0 for row in chosen], **bars}
    return Panel(DISTRIBUTIONS[distribution].title, [row.format for row in chosen], bars)
