"""What a window does to sums of FP8 products: random ones, a real layer, a network.

A unit keeps F bits below the largest exponent of a step, and its accumulator as many of mantissa,
but 23 at most: F = 13 is Ada's and Hopper's unit, F = 25 Blackwell's. Sums are compared with the
exact ones of the same codes, so that what is seen is the unit's alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.synth_reports.experiments.window.sums import cancelling_sums, random_sums

__all__ = [
    "BITS",
    "LANES",
    "LAYER_UNITS",
    "PARTS",
    "TERMS",
    "WindowJob",
    "WindowRecord",
    "jobs",
    "line",
    "measure",
]

BITS = (*range(8, 27), 28, 32, 36, 40)
LANES = (1, 2, 4, 8, 16, 32, 64)
TERMS = (256, 1024, 4096)
PARTS = ("sums", "guard", "cancel", "network", "layer")
LAYER_UNITS = (
    "h100-fp8-e4m3",
    "h100-fp8-e4m3, chunk 128 -> fp32",
    "b200-fp8-e4m3",
    "mi300-fp8",
    "e4m3 -> kulisch",
)


@dataclass(frozen=True)
class WindowJob:
    """Something to measure.

    Parameters
    ----------
    part : str
        One of `PARTS`.
    unit : str
        The unit in one line.
    bits, lanes, guard_bits : int or None
        F, products of a step, and bits of RVBNA beyond 24, where the part is about them.
    terms : int
        Length of the sums; of a network the longest.
    """

    part: str
    unit: str
    bits: int | None
    lanes: int | None
    guard_bits: int | None
    terms: int


@dataclass(frozen=True)
class WindowRecord:
    """What was found.

    Parameters
    ----------
    part, unit, bits, lanes, guard_bits, terms
        See `WindowJob`.
    sums : int
        How many sums, or questions to a network.
    sqnr_db : float or None
        Energy of exact sums over that of the errors; None where nothing is wrong, or not finite.
    largest_error : float or None
        The largest error, over the root mean square of the exact sums.
    float_sqnr_db : float or None
        The same ratio against float32: operands that were rounded to FP8 are in it, too.
    accuracy, reference : float or None
        Share of right answers of a network, and in float32.
    """

    part: str
    unit: str
    bits: int | None
    lanes: int | None
    guard_bits: int | None
    terms: int
    sums: int
    sqnr_db: float | None
    largest_error: float | None
    float_sqnr_db: float | None
    accuracy: float | None
    reference: float | None


def line(bits: int, lanes: int, format_: str = "e4m3") -> str:
    """Unit of a window with F = ``bits``."""
    acc = "fp32" if bits >= 23 else f"e8m{bits}"
    step = f" x {lanes}" if lanes > 1 else ""
    return f"{format_}{step} -> {acc}:rtz:inf:plus0, window {bits + 1}"


def jobs(parts: Sequence[str] = ()) -> list[WindowJob]:
    """Everything that is measured, or some parts of it."""
    found = [
        WindowJob("sums", line(bits, lanes), bits, lanes, None, terms)
        for lanes in LANES
        for bits in BITS
        for terms in TERMS
    ]
    found += [
        WindowJob(
            part, f"rvbna-fp8-{of} x {lanes} guard {guard}", None, lanes, guard, terms or lanes
        )
        for part, of, terms in (("guard", "e4m3", 1024), ("cancel", "e5m2", None))
        for lanes in (4, 8, 16, 32)
        for guard in range(7)
    ]
    found += [
        WindowJob("network", line(bits, 32), bits, 32, None, 576)
        for bits in (8, 9, 10, 11, 12, 13, 14, 16, 20, 25)
    ]
    found.append(WindowJob("network", "e4m3 -> kulisch", None, None, None, 576))
    found += [
        WindowJob("layer", _config(unit).text, None, None, None, 1536) for unit in LAYER_UNITS
    ]
    return [job for job in found if not parts or job.part in parts]


def _config(unit: str) -> MacConfig:
    """A unit by its line, or by its name and how its sums are promoted."""
    name, comma, more = unit.partition(", ")
    if not comma or "->" in name:
        return parse_line(unit)
    return parse_line(f"{parse_line(name).text}, {more}")


def measure(job: WindowJob) -> WindowRecord:
    """Do a job.

    Raises
    ------
    FetchError
        If a layer is asked for, and MiniLM has not been fetched.
    """
    config = parse_line(job.unit)
    facts: dict[str, Any] = {name: getattr(job, name) for name in WindowJob.__dataclass_fields__}
    found: dict[str, Any] = dict.fromkeys(WindowRecord.__dataclass_fields__)
    if job.part in ("network", "layer"):
        # They are slow to import, and not all that is measured needs them.
        from fp8mac.synth_reports.experiments.window.networks import of_layer, of_network

        found |= of_network(config) if job.part == "network" else of_layer(config)
    elif job.part == "cancel":
        found |= cancelling_sums(config, job.terms)
    else:
        found |= random_sums(config, job.terms)
    return WindowRecord(**found | facts)
