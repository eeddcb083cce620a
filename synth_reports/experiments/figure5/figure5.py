"""Bits of accuracy of formats on uniform, normal and heavy-tailed data, beside the published ones.

Bits are log2(sigma / root mean square error) at the best scale.

# Ref: arXiv:2303.17951, Figure 5
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fp8mac.hw.config.formats import parse_format
from fp8mac.synth_reports.experiments.figure5.cell_error import (
    DISTRIBUTIONS,
    best_scale,
    levels_of,
    lloyd_max,
)
from fp8mac.synth_reports.experiments.published import published

__all__ = [
    "FORMATS",
    "LLOYD_MAX",
    "Figure5Job",
    "Figure5Row",
    "bits_of",
    "jobs",
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
