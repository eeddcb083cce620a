"""Operands that energy is measured with: codes of two formats, sum by sum."""

from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config import ConfigError, MacConfig
from fp8mac.hw.formats import FloatFormat, Format
from fp8mac.sim.gemm import gemm
from fp8mac.sim.vectors import legal_codes, values
from fp8mac.synth_reports.physical import WIDEST_BITS

__all__ = ["Operands", "draw", "finite_codes", "overflow_share", "recorded"]

Codes = NDArray[np.uint64]

_SAMPLE = 8192


class Operands(Enum):
    """Where operands come from.

    ``UNIFORM``: every finite code equally often. ``NORMAL``, ``STUDENT_T``: standard normal
    numbers, or Student's t with 3 degrees of freedom, quantised to nearest at the scale with the
    least mean squared error, beyond the largest number to that.
    """

    UNIFORM = "uniform"
    NORMAL = "normal"
    STUDENT_T = "student-t"


def finite_codes(format_: Format) -> Codes:
    """Codes of finite numbers, in the order of their values.

    Raises
    ------
    ConfigError
        If the format has more than 16 bits.
    """
    if format_.bits > WIDEST_BITS:
        raise ConfigError(
            f"Energy is measured with operands of at most {WIDEST_BITS} bits, not {format_.name}."
        )
    codes = np.array(legal_codes(format_), np.uint64)
    if isinstance(format_, FloatFormat):
        magnitude = codes & np.uint64(format_.sign_code - 1)
        codes = codes[magnitude <= np.uint64(format_.max_code)]
        if not format_.has_negative_zero:
            codes = codes[codes != np.uint64(format_.sign_code)]
    return codes[np.argsort(values(format_, codes), kind="stable")]


def draw(
    config: MacConfig, operands: Operands, cycles: int, clear_every: int, seed: int = 1
) -> tuple[Codes, Codes]:
    """Random operands; the same ones every time.

    Parameters
    ----------
    config : MacConfig
        The unit.
    operands : Operands
        How they are distributed.
    cycles : int
        How many; up to a whole number of sums.
    clear_every : int
        Products of a sum.

    Returns
    -------
    tuple of ndarray of uint64, shape (clear_every, sums)
        Codes of both operands.
    """
    rng = np.random.default_rng(seed)
    shape = (clear_every, max(1, -(-cycles // clear_every)))
    a, b = (_draw(format_, operands, shape, rng) for format_ in (config.a, config.b))
    return a, b


def _draw(
    format_: Format, operands: Operands, shape: tuple[int, int], rng: np.random.Generator
) -> Codes:
    codes = finite_codes(format_)
    if operands is Operands.UNIFORM:
        return codes[rng.integers(0, len(codes), shape)]
    numbers = (
        rng.standard_normal(shape) if operands is Operands.NORMAL else rng.standard_t(3, shape)
    )
    grid = values(format_, codes)
    sample = numbers.ravel()[:_SAMPLE]
    scales = np.abs(sample).max() / grid[-1] * 2.0 ** -np.arange(0, 20, 0.125)
    errors = [
        np.mean((grid[_nearest(grid, sample / scale)] * scale - sample) ** 2) for scale in scales
    ]
    return codes[_nearest(grid, numbers / scales[int(np.argmin(errors))])]


def _nearest(grid: NDArray[np.float64], numbers: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.searchsorted((grid[1:] + grid[:-1]) / 2, numbers)


def overflow_share(config: MacConfig, operands: Operands, cycles: int, clear_every: int) -> float:
    """Share of the sums of `draw` that are infinite or NaN in the end.

    Parameters and errors are those of `draw`.
    """
    a, b = draw(config, operands, cycles, clear_every)
    return 1 - float(np.isfinite(gemm(a.T, b, config).values.diagonal()).mean())


def recorded(config: MacConfig, path: Path, clear_every: int) -> tuple[Codes, Codes]:
    """Operands from a file, in the order in which they stand there.

    Parameters
    ----------
    path : Path
        NumPy's npz format, with arrays ``a`` and ``b`` of codes, of the same size.

    Raises
    ------
    ConfigError
        If the file cannot be used; it says which array is wrong, and how.
    """
    streams = _load(path)
    for (name, stream), format_ in zip(streams.items(), (config.a, config.b), strict=True):
        if stream.dtype.kind not in "iu":
            raise ConfigError(
                f"Array {name} of '{path}' has the type {stream.dtype}; codes are integers."
            )
        if stream.size and int(stream.min()) < 0:
            raise ConfigError(
                f"Array {name} of '{path}' has the code {stream.min()}; codes begin at 0."
            )
        if stream.size and int(stream.max()) >> format_.bits:
            raise ConfigError(
                f"Array {name} of '{path}' has the code {stream.max()}; {format_.name} ends at "
                f"{2**format_.bits - 1}."
            )
    first, second = streams.values()
    if first.size != second.size:
        raise ConfigError(
            f"'{path}' has {first.size} codes a and {second.size} codes b; they come in pairs."
        )
    sums = first.size // clear_every
    if sums == 0:
        raise ConfigError(f"'{path}' has {first.size} pairs of codes; a sum takes {clear_every}.")
    a, b = (
        stream.ravel()[: sums * clear_every].astype(np.uint64).reshape(sums, clear_every).T
        for stream in (first, second)
    )
    return a, b


def _load(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            missing = [name for name in "ab" if name not in file]
            if missing:
                raise ConfigError(f"'{path}' has no array {missing[0]}.")
            return {name: file[name] for name in "ab"}
    except ConfigError:
        raise
    except OSError as error:
        reason = error.strerror or "not a file of arrays"
        raise ConfigError(f"Cannot read '{path}': {reason}.") from error
    except Exception as error:  # whatever else somebody's bytes make a reader of archives raise
        raise ConfigError(f"'{path}' is not an npz file of numbers.") from error
