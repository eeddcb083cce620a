"""Bits of accuracy of formats on uniform, normal and heavy-tailed data, beside the published ones.

Bits are log2(sigma / root mean square error) at the best scale.

# Ref: arXiv:2303.17951, Figure 5
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table

from fp8mac.hw.config.formats import parse_format
from fp8mac.synth_reports.experiments.figure5.cell_error import (
    DISTRIBUTIONS,
    best_scale,
    levels_of,
    lloyd_max,
)
from fp8mac.synth_reports.render.plots import Panel, grouped_bars
from fp8mac.synth_reports.render.tables import csv_table, markdown_table, published

__all__ = [
    "FORMATS",
    "LLOYD_MAX",
    "Figure5Job",
    "Figure5Row",
    "bits_of",
    "csv_text",
    "jobs",
    "markdown_text",
    "pictures",
    "rows_table",
]

FORMATS = "int8 e2m5fnuz e3m4fnuz e4m3fnuz e5m2fnuz".split()
"""The formats of the figure: all codes but -0 are numbers."""

LLOYD_MAX = "lloyd-max"
"""What stands for the best 256 levels that there are, which belong to no format."""


@dataclass(frozen=True)
class Figure5Job:
    """A format, or `LLOYD_MAX`, on a distribution."""

    format: str
    distribution: str


@dataclass(frozen=True)
class Figure5Row:
    """A format on a distribution.

    Parameters
    ----------
    format, distribution : str
        Format or `LLOYD_MAX`, and name in
        `fp8mac.synth_reports.experiments.figure5.cell_error.DISTRIBUTIONS`.
    bits : float
        log2(sigma / root mean square error).
    largest_sigmas : float or None
        Largest number at the best scale, in standard deviations; None for `LLOYD_MAX`.
    published_bits : float or None
        Read off the drawing.
    """

    format: str
    distribution: str
    bits: float
    largest_sigmas: float | None
    published_bits: float | None

    @property
    def deviation_bits(self) -> float | None:
        """How far above the published one."""
        return None if self.published_bits is None else self.bits - self.published_bits

    def facts(self) -> dict[str, Any]:
        """As JSON types; None where there is no number."""
        deviation, largest = self.deviation_bits, self.largest_sigmas
        return {
            "format": self.format,
            "distribution": self.distribution,
            "bits": round(self.bits, 4),
            "published_bits": self.published_bits,
            "deviation_bits": None if deviation is None else round(deviation, 4),
            "largest_number_sigmas": None if largest is None else float(f"{largest:.5g}"),
        }


def jobs(names: Sequence[str] = ()) -> list[Figure5Job]:
    """Every format on every distribution, in the order of the tables.

    Parameters
    ----------
    names : sequence of str
        Formats; those of the figure and the best 256 levels by default.

    Raises
    ------
    FormatError
        If there is no such format, or it has more than 12 bits.
    """
    formats = [parse_format(name) for name in names or FORMATS]
    for format_ in formats:
        levels_of(format_)
    chosen = [*dict.fromkeys(each.name for each in formats), *([] if names else [LLOYD_MAX])]
    return [Figure5Job(name, distribution) for distribution in DISTRIBUTIONS for name in chosen]


def bits_of(job: Figure5Job) -> Figure5Row:
    """A row, integrated; beside it what was published."""
    known = {
        (line["distribution"], line["format"]): float(line["bits"]) for line in published("figure5")
    }
    if job.format == LLOYD_MAX:
        bits, largest = lloyd_max(job.distribution), None
    else:
        best = best_scale(parse_format(job.format), DISTRIBUTIONS[job.distribution])
        bits, largest = best.bits, best.largest_sigmas
    beside = known.get((job.distribution, job.format))
    return Figure5Row(job.format, job.distribution, bits, largest, beside)


def csv_text(table: Sequence[Figure5Row]) -> str:
    """One line a format and distribution."""
    return csv_table([row.facts() for row in table])


def rows_table(table: Sequence[Figure5Row]) -> Table:
    """For the terminal: a format a line."""
    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("bits of accuracy")
    for name in (each for each in DISTRIBUTIONS):
        shown.add_column(DISTRIBUTIONS[name].title, justify="right")
    for name, cells in _by_format(table).items():
        shown.add_row(name, *(f"{row.bits:.2f}" for row in cells))
    return shown


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
