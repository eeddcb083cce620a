"""Points of the page: a unit, how it was built, on which network, and what was measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.measure import BASELINE

__all__ = [
    "IDENTITY",
    "MEASURES",
    "Contents",
    "Measure",
    "PageError",
    "ReportPoint",
    "named",
    "table_of",
]


class PageError(Error, ValueError):
    """A page that cannot be made; the message is one sentence for the user."""


@dataclass(frozen=True)
class Measure:
    """A column of numbers.

    Parameters
    ----------
    name : str
        Field of `ReportPoint`.
    title : str
        What people read, with the unit.
    better : str
        ``low`` or ``high``.
    digits : int
        Behind the point.
    """

    name: str
    title: str
    better: str = "low"
    digits: int = 0


MEASURES = (
    Measure("gates", "two-input gates"),
    Measure("flip_flops", "flip-flops"),
    Measure("area_ge", "area, GE"),
    Measure("area_um2", "area, µm²", digits=1),
    Measure("delay_fo4", "delay, FO4", digits=1),
    Measure("delay_ns", "delay, ns", digits=3),
    Measure("energy_cinv_v2", "energy a product, C_inv V²"),
    Measure("energy_pj", "energy a product, pJ", digits=3),
    Measure("luts", "tables (LUT)"),
    Measure("fmax_mhz", "clock, MHz", better="high", digits=1),
    Measure("loss", "loss to float32, points", digits=2),
    Measure("accuracy", "the network's metric, points", better="high", digits=2),
    Measure("sqnr_db", "SQNR of the outputs, dB", better="high", digits=1),
)
"""In the order of the table."""

IDENTITY = {
    "unit": "unit",
    "design": "design",
    "formats": "formats",
    "accumulator": "accumulator",
    "lanes": "lanes",
    "window": "window",
    "goal": "built for",
    "shape": "shape",
    "library": "library or FPGA",
    "network": "network",
    "proved": "proved",
    "source": "source",
}
"""Columns of words, and what people read above them."""


@dataclass(frozen=True, kw_only=True)
class ReportPoint:
    """A row of the page. None is what was not measured.

    Parameters
    ----------
    unit, design : str
        In one line; and who designed it: ``fp8mac``, or the name of a published one.
    formats, accumulator : str
        Of its operands, and where products are added.
    lanes : int
        Products a step.
    window : str
        How products of several lanes are added, in the words of the unit; empty if exactly.
    goal, shape, library : str
        How it was built and measured.
    network, metric : str
        What was run on it, and what ``accuracy`` is.
    proved : bool or None
        Whether its circuit is proved; None where nobody can say.
    source, row : str, int
        The table that it is from, and the line in it, from 1.
    operand_bits, result_bits : int or None
        Bits of both operands of a product, and of the result.
    gates, flip_flops, area_ge, area_um2, delay_fo4, delay_ns, energy_cinv_v2, energy_pj, luts, \
fmax_mhz, sqnr_db : float or None
        See `MEASURES`.
    accuracy, loss, loss_low, loss_high : float or None
        Points of the metric; what is lost against float32, with its paired 95 % interval.
    questions : int or None
        That the network was asked.
    verilog : str
        SHA-256 of its Verilog, where that is kept.
    """

    unit: str
    source: str
    row: int
    design: str = "fp8mac"
    formats: str = ""
    accumulator: str = ""
    lanes: int = 1
    window: str = ""
    goal: str = ""
    shape: str = "unit"
    library: str = ""
    network: str = ""
    metric: str = ""
    proved: bool | None = None
    operand_bits: int | None = None
    result_bits: int | None = None
    gates: float | None = None
    flip_flops: float | None = None
    area_ge: float | None = None
    area_um2: float | None = None
    delay_fo4: float | None = None
    delay_ns: float | None = None
    energy_cinv_v2: float | None = None
    energy_pj: float | None = None
    luts: float | None = None
    fmax_mhz: float | None = None
    accuracy: float | None = None
    loss: float | None = None
    loss_low: float | None = None
    loss_high: float | None = None
    sqnr_db: float | None = None
    questions: int | None = None
    verilog: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether its circuit is made by this package."""
        return self.design == "fp8mac"

    @property
    def rank(self) -> float | None:
        """Loss as it counts: 0 where the interval reaches float32, or lies above it."""
        if self.loss is None:
            return None
        return 0.0 if self.loss_low is not None and self.loss_low <= 0 else self.loss

    @cached_property
    def is_baseline(self) -> bool:
        """Whether it is the unit that all are compared with, int8 in int32."""
        return self.is_ours and self.unit == BASELINE.text


@dataclass(frozen=True)
class Contents:
    """What a page shows.

    Parameters
    ----------
    points : sequence of ReportPoint
        Its rows.
    origin : str
        Where they are from, and how the page is made again.
    proofs : mapping of str to str
        By slug, what is proved of a unit.
    verilog : mapping of str to str
        By hash, Verilog that is at hand, see ``verilog`` of `ReportPoint`.
    """

    points: Sequence[ReportPoint]
    origin: str
    proofs: Mapping[str, str] = field(default_factory=dict)
    verilog: Mapping[str, str] = field(default_factory=dict)


def named(config: MacConfig) -> dict[str, Any]:
    """Fields of `ReportPoint` that follow from a unit."""
    pair = dict.fromkeys(config.operand_names)
    return {
        "unit": config.text,
        "formats": "*".join(pair),
        "accumulator": config.accumulator.name,
        "lanes": config.products_per_cycle,
        "window": _summation(config),
        "operand_bits": config.a.bits + config.b.bits,
        "result_bits": config.output.format.bits if config.output else config.acc_bits,
    }


def _summation(config: MacConfig) -> str:
    """What stands behind the first comma of a unit's line."""
    return config.text.partition(", ")[2]


def table_of(points: Sequence[ReportPoint]) -> dict[str, list[Any]]:
    """Points column by column, as the page holds them; columns that all are empty are left out."""
    columns = {name: [getattr(each, name) for each in points] for name in _fields()}
    return {
        name: values for name, values in columns.items() if any(_is_told(each) for each in values)
    }


def _is_told(value: object) -> bool:
    return value is not None and value != ""


def _fields() -> Iterable[str]:
    return ReportPoint.__dataclass_fields__
