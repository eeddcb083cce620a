"""Error of a sum of products against its length, for any accumulator and way of adding.

Operands are standard normal numbers rounded to a format; sums are compared with the exact ones of
the same codes, so that what is seen is the accumulator's alone.

# Ref: arXiv:2207.03192, Table IV: relative errors of FP8 products of Gaussian numbers in FP16
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig, KulischConfig
from fp8mac.hw.config.summation import PLAIN, Summation
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.sim.codes.encoding import encode
from fp8mac.sim.gemm.gemm import gemm, plan
from fp8mac.synth_reports.experiments.published import published

__all__ = [
    "ACCUMULATORS",
    "ADDING",
    "FORMATS",
    "LENGTHS",
    "SumErrors",
    "SumJob",
    "SumSetting",
    "errors_of",
    "settings",
]

FORMATS = "e5m2 e4m3".split()
ACCUMULATORS = "fp16 e6m9 bf16 fp32 kulisch".split()
LENGTHS = (250, 500, 1000, 2000, 4000)

ADDING: dict[str, Summation] = {
    "one by one": PLAIN,
    "pairs": Summation(lanes=2),
    "chunks of 64": Summation(chunk=64),
}
"""Rounded after every product; after every two, which are added exactly (ExSdotp); or one by one
within chunks of 64, whose sums are added one by one in an accumulator of the same kind."""

_SIDE, _SLOW_SIDE = 24, 4  # rows and columns of a repetition: their product is the sums
_RESAMPLES = 2000


@dataclass(frozen=True)
class SumSetting:
    """What is measured.

    Parameters
    ----------
    format, accumulator, adding : str
        Of both operands, of the sums, and a name in `ADDING`.
    terms : int
        Length of the sums.
    """

    format: str
    accumulator: str
    adding: str
    terms: int

    @property
    def config(self) -> MacConfig:
        """The unit."""
        unit, way = parse_unit(self.format, acc=self.accumulator), ADDING[self.adding]
        if not isinstance(unit.accumulator, FloatAccConfig):
            way = Summation(chunk=way.chunk)  # of exact sums, the steps do not matter
        return replace(unit, summation=way)


@dataclass(frozen=True)
class SumErrors:
    """Errors of the sums of a setting.

    Parameters
    ----------
    setting : SumSetting
        What was measured.
    sums : int
        How many.
    rms, rms_low, rms_high : float
        Root mean square error over that of the sums, and its 95 % interval over the repetitions.
    median, low, high : float
        Relative errors of single sums: median, and the range of the middle 90 %.
    published, published_rank : float or None
        A published relative error, and the share of our single sums that have a smaller one.
    """

    setting: SumSetting
    sums: int
    rms: float
    rms_low: float
    rms_high: float
    median: float
    low: float
    high: float
    published: float | None
    published_rank: float | None

    def facts(self) -> dict[str, Any]:
        """As JSON types."""
        rank = self.published_rank
        errors = {
            "rms_relative_error": self.rms,
            "rms_relative_error_low": self.rms_low,
            "rms_relative_error_high": self.rms_high,
            "median_relative_error": self.median,
            "relative_error_5_percent": self.low,
            "relative_error_95_percent": self.high,
        }
        return {
            "format": self.setting.format,
            "accumulator": self.setting.config.accumulator.name,
            "adding": self.setting.adding,
            "terms": self.setting.terms,
            "sums": self.sums,
            **{name: float(f"{value:.4g}") for name, value in errors.items()},
            "published_relative_error": self.published,
            "published_percentile": None if rank is None else round(100 * rank, 1),
        }


def settings(
    formats: Sequence[str] = (),
    accumulators: Sequence[str] = (),
    lengths: Sequence[int] = (),
) -> list[SumSetting]:
    """Every format, way of adding and accumulator at every length.

    Raises
    ------
    FormatError, ConfigError
        If there is no such unit.
    """
    found = [
        SumSetting(format_, acc, adding, terms)
        for format_ in formats or FORMATS
        for adding in ADDING
        for acc in accumulators or ACCUMULATORS
        for terms in lengths or LENGTHS
    ]
    for setting in found:
        _ = setting.config
    return found


@dataclass(frozen=True)
class SumJob:
    """A setting to measure.

    Parameters
    ----------
    setting : SumSetting
        What is measured.
    repetitions : int
        At least 2: the interval is over these.
    seed : int
        Of the operands; the same numbers for the same seed.
    """

    setting: SumSetting
    repetitions: int = 20
    seed: int = 0


def errors_of(job: SumJob) -> SumErrors:
    """Draw operands, add their products, compare.

    Each repetition draws its own operands, 24 x 24 sums of them, or 4 x 4 where sums are added one
    element after the other (see `fp8mac.sim.gemm.gemm.plan`); they are the same for all
    accumulators.
    """
    setting, repetitions, seed = job.setting, job.repetitions, job.seed
    known = {
        (line["format"], line["accumulator"], line["adding"], int(line["terms"])): float(
            line["relative_error"]
        )
        for line in published("sum_error")
    }.get((setting.format, setting.accumulator, setting.adding, setting.terms))
    pairs = [_sums(setting, seed, number) for number in range(repetitions)]
    exact = np.stack([pair[0] for pair in pairs])
    error = np.stack([pair[1] for pair in pairs])
    signal, noise = (np.square(each).sum(1) for each in (exact, error))
    draws = np.random.default_rng(seed).integers(repetitions, size=(_RESAMPLES, repetitions))
    ratios = np.sqrt(noise[draws].sum(1) / signal[draws].sum(1))
    some = exact != 0
    relative = error[some] / np.abs(exact[some])
    ends = _quantiles(ratios, 0.025, 0.975)
    median, low, high = _quantiles(relative, 0.5, 0.05, 0.95)
    return SumErrors(
        setting,
        error.size,
        float(np.sqrt(noise.sum() / signal.sum())),
        ends[0],
        ends[1],
        median,
        low,
        high,
        known,
        None if known is None else float((relative < known).mean()),
    )


def _quantiles(numbers: NDArray[np.float64], *shares: float) -> list[float]:
    """Numbers among the given ones, which may be infinite."""
    return [float(np.quantile(numbers, share, method="nearest")) for share in shares]


def _sums(
    setting: SumSetting, seed: int, repetition: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact sums and the magnitudes of their errors; infinite where a sum is not finite."""
    config = setting.config
    side = _SLOW_SIDE if plan(config, setting.terms).backend == "golden" else _SIDE
    rng = np.random.default_rng([seed, setting.terms, repetition])
    a = encode(rng.standard_normal((side, setting.terms)), config.a)
    b = encode(rng.standard_normal((setting.terms, side)), config.b)
    guard = KulischConfig(max(12, setting.terms.bit_length()))
    exact = gemm(a, b, MacConfig(config.a, config.b, guard)).values.reshape(-1)
    sums = gemm(a, b, config).values.reshape(-1)
    error = np.where(np.isfinite(sums), np.abs(sums - exact), np.inf)
    return exact, error
