"""From real numbers to codes and back: scales, how they are found, and rounding for training.

A tensor is stored as codes and a scale; what a code stands for is ``scale * value(code)``::

    x --> / scale --> round, saturate --> codes --> unit --> sums --> * scale_a scale_b --> y

A scale belongs to the whole tensor or to each of its last axis' entries (output channels). Scales
that are powers of two only move exponents; a moved exponent bias is the same thing for a float
format, and has a spelling (``e4m3b10``). With no calibration the scale is 1: a plain cast.

# Ref: arXiv:2209.05433, section 4 (maximum, percentile and MSE calibration, plain casting)
# Ref: arXiv:2303.17951, section 4.1 (ranges of post-training quantisation)
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import AccumulatorConfig, FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Format
from fp8mac.sim.codes.encoding import decode, encode, round_to
from fp8mac.sim.codes.inputs import InputError, as_array

__all__ = [
    "Calibration",
    "QuantizeError",
    "Scaled",
    "Scaling",
    "dequantize",
    "find_scale",
    "headroom",
    "quantize",
    "rounded",
    "straight_through",
]

Array = NDArray[Any]

_MSE_STEPS_PER_OCTAVE = 4
_MSE_OCTAVES = 7
_SPARE = 16.0  # of floats of 16 bits and more
_HEADROOM = 4.0  # how much larger than the largest known sum a sum may become


class QuantizeError(InputError):
    """Numbers that cannot be quantised; the message is one sentence for the user."""


class Calibration(Enum):
    """Which number becomes the format's largest.

    ==============  =============================================================
    ``max``         the largest magnitude
    ``percentile``  a quantile of the magnitudes; what is beyond saturates
    ``mse``         the one with the least mean square error
    ``none``        the format's own: the scale is 1
    ==============  =============================================================
    """

    MAX = "max"
    PERCENTILE = "percentile"
    MSE = "mse"
    NONE = "none"


@dataclass(frozen=True)
class Scaling:
    """How a tensor is brought into a format.

    Parameters
    ----------
    format : FloatFormat or IntFormat
        What its codes are.
    calibration : Calibration
        How the scale is found.
    per_channel : bool
        A scale for each entry of the last axis, instead of one.
    power_of_two : bool
        Scales are rounded up to powers of two.
    percentile : float
        Quantile of the magnitudes that `Calibration.PERCENTILE` keeps, in per cent.
    """

    format: Format
    calibration: Calibration = Calibration.MAX
    per_channel: bool = False
    power_of_two: bool = False
    percentile: float = 99.99

    def __post_init__(self) -> None:
        if not 0 < self.percentile <= 100:
            raise QuantizeError(f"A percentile is above 0 and at most 100, not {self.percentile}.")


@dataclass(frozen=True)
class Scaled:
    """Numbers of a tensor, all or a sample, and the scale and the format they are brought into."""

    format: Format
    numbers: Array
    scale: Array | float


def quantize(
    format_: Format, numbers: Array, scale: Array | float = 1.0, room: float = 1.0
) -> Array:
    """Codes of ``numbers / scale / room``, to nearest even.

    What is beyond ``scale`` times the largest number saturates, with any ``room``. Infinities
    saturate as well. NaN stays NaN where the format has one, and is 0 elsewhere.
    """
    return encode(_scaled(format_, numbers, scale, room), format_)


def dequantize(format_: Format, codes: Array, scale: Array | float = 1.0) -> Array:
    """Numbers, as float64, that codes and a scale stand for."""
    return decode(codes, format_) * scale


def rounded(
    format_: Format, numbers: Array, scale: Array | float = 1.0, room: float = 1.0
) -> Array:
    """Numbers after a round trip through the codes of `quantize`; of the type of ``numbers``."""
    scaled = _scaled(format_, numbers, scale, room)
    return round_to(scaled, format_) * _like(numbers, np.asarray(scale) * room)


def find_scale(scaling: Scaling, numbers: Array, name: str = "a tensor") -> NDArray[np.float64]:
    """Scale for a tensor, or for each entry of its last axis.

    Parameters
    ----------
    scaling : Scaling
        How it is found.
    numbers : ndarray
        What calibrates, at least one number; the last axis is the channels' if there is one scale
        for each.
    name : str
        What a message calls the tensor.

    Returns
    -------
    ndarray of float64
        Shape () or (channels,); 1 where all numbers are zero.

    Raises
    ------
    QuantizeError
        If there is nothing to calibrate with, or something masked, NaN or infinity in it.
    """
    try:
        numbers = as_array(numbers, name)
    except InputError as error:
        raise QuantizeError(str(error)) from None
    shape = numbers.shape[-1:] if scaling.per_channel else ()
    if scaling.calibration is Calibration.NONE:
        return np.ones(shape)
    if not numbers.size:
        raise QuantizeError(f"There are no numbers to calibrate {name} with.")
    if not np.isfinite(numbers).all():
        what = "NaN" if np.isnan(numbers).any() else "infinity"
        raise QuantizeError(f"The numbers that calibrate {name} contain {what}.")
    rows = np.abs(numbers.reshape(-1, *shape), dtype=np.float64)
    if scaling.calibration is Calibration.PERCENTILE:
        largest = np.asarray(np.percentile(rows, scaling.percentile, axis=0))
        largest = np.where(largest > 0, largest, rows.max(0))
    else:
        largest = np.asarray(rows.max(0))
    scale = np.where(largest > 0, largest, 1.0) / _largest(scaling.format)
    if scaling.calibration is Calibration.MSE:
        scale = _least_square_error(scaling, rows, scale)
    scale = scale * _spare(scaling.format)
    return _to_power_of_two(scale) if scaling.power_of_two else scale


def _spare(format_: Format) -> float:
    """How much larger numbers may be than those that calibrated; it costs a wide float nothing."""
    if not isinstance(format_, FloatFormat) or format_.mantissa_bits < 7:
        return 1.0
    return _SPARE if format_.exponent_bits >= 5 else 1.0


def headroom(
    accumulator: AccumulatorConfig, peak: Callable[[], float], a: Scaled, b: Scaled
) -> tuple[float, float]:
    """Powers of two by which codes are made smaller so that a float accumulator can hold the sums.

    Both sides of a product of matrices give room, as much each as makes the least noise: the sum of
    both relative square errors. They saturate where they did. A float gives room with exponents,
    and pays where numbers become subnormal; an integer pays a bit for each factor of two.

    Parameters
    ----------
    accumulator : AccumulatorConfig
        Where sums are; its largest number becomes at least 4 times the largest sum.
    peak : callable
        Largest magnitude of a sum, in units of the codes' values; called where it matters.
    a, b : Scaled
        The sides.
    """
    if not isinstance(accumulator, FloatAccConfig):
        return 1.0, 1.0
    excess = peak() * _HEADROOM / float(accumulator.format.max)
    octaves = max(0, int(np.ceil(np.log2(excess)))) if excess > 0 else 0
    if not octaves:
        return 1.0, 1.0
    rooms = [2.0**octave for octave in range(octaves + 1)]
    noise = [_noise(a, x) + _noise(b, y) for x, y in zip(rooms, reversed(rooms), strict=True)]
    best = int(np.argmin(noise))
    return rooms[best], rooms[octaves - best]


def straight_through(
    scaling: Scaling, numbers: Array, scale: Array | float
) -> tuple[Array, NDArray[np.bool_]]:
    """Rounded numbers, and where a gradient passes: within the range, as if nothing was rounded.

    # Ref: Y. Bengio, N. Leonard and A. Courville, arXiv:1308.3432, 2013
    """
    inside = np.abs(numbers) <= np.asarray(scale) * _largest(scaling.format)
    return rounded(scaling.format, numbers, scale), inside


def _largest(format_: Format) -> float:
    """Largest number of a format: the positive one, which an integer has to be scaled to."""
    return float(format_.max)


def _noise(side: Scaled, room: float) -> float:
    """Square error over square of what rounding makes of numbers."""
    exact = np.asarray(side.numbers, np.float64)
    error = rounded(side.format, exact, side.scale, room) - exact
    return float(np.square(error).sum() / max(np.square(exact).sum(), np.finfo(float).tiny))


def _least_square_error(scaling: Scaling, rows: Array, scale: Array) -> Array:
    """The best of some scales below that of the maximum."""
    best, least = scale, np.full(scale.shape, np.inf)
    for step in range(_MSE_STEPS_PER_OCTAVE * _MSE_OCTAVES + 1):
        candidate = scale * 2.0 ** (-step / _MSE_STEPS_PER_OCTAVE)
        if scaling.power_of_two:
            candidate = _to_power_of_two(candidate)
        error = np.square(rounded(scaling.format, rows, candidate) - rows).mean(0)
        best = np.where(error < least, candidate, best)
        least = np.minimum(error, least)
    return best


def _to_power_of_two(scale: Array) -> Array:
    return np.exp2(np.ceil(np.log2(scale)))


@np.errstate(all="ignore")
def _scaled(format_: Format, numbers: Array, scale: Array | float, room: float) -> Array:
    scaled = numbers / _like(numbers, scale)
    if not format_.has_nan:
        np.nan_to_num(scaled, copy=False, posinf=np.inf, neginf=-np.inf)
    if room != 1:
        largest = _largest(format_)
        return np.ldexp(np.clip(scaled, -largest, largest), -int(np.log2(room)))
    return scaled


def _like(numbers: Array, scale: Array | float) -> Array:
    """The scale in the type of the numbers, to which quotients are rounded first."""
    return np.asarray(scale, numbers.dtype)
