"""Operands that energy is measured with: codes of two formats, sum by sum.

A register at infinity hardly switches. Drawn operands therefore have headroom in a float
accumulator: they are halved until fewer than 0.1 % of the sums go beyond half of its largest number
at any product. Both operands are halved alike; an integer loses a bit each time, so beside a float
it stays as it is.
"""

import math
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import ConfigError, FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Format
from fp8mac.hw.config.outputs.output import ScaledFloat
from fp8mac.hw.config.ports import Port, Role, Shape, ports
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.words import ONE_SCALE
from fp8mac.sim.codes.numbers import legal_codes, values
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.synth_reports.cost.stimuli import WIDEST_BITS

__all__ = [
    "Operands",
    "Stream",
    "draw",
    "driven_ports",
    "finite_codes",
    "held_scales",
    "overflow_share",
    "recorded",
]

Codes = NDArray[np.uint64]

_SAMPLE = 8192
_BLOCK = 32
_RARE = 0.001
"""Share of the drawn sums that may go beyond half of the largest number."""


class Stream(NamedTuple):
    """Codes of both operands, and what drawn ones were divided by.

    Of shape (clear_every, sums), or (clear_every, sums, lanes) of a unit with several lanes.
    """

    a: Codes
    b: Codes
    headroom: tuple[float, float] = (1.0, 1.0)


class Operands(Enum):
    """Where operands come from.

    ``UNIFORM``: every finite code equally often, up to the largest number or what headroom leaves
    of it. ``NORMAL``, ``STUDENT_T``: standard normal numbers, or Student's t with 3 degrees of
    freedom, quantised to nearest at the scale with the least mean squared error, beyond the largest
    number to that; headroom makes the scale larger.
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
) -> Stream:
    """Random operands; the same ones every time.

    Parameters
    ----------
    config : MacConfig
        The unit.
    operands : Operands
        How they are distributed.
    cycles : int
        How many steps; up to a whole number of sums.
    clear_every : int
        Steps of a sum.

    Returns
    -------
    Stream
        With headroom in a float accumulator.
    """
    rng = np.random.default_rng(seed)
    shape = (clear_every, max(1, -(-cycles // clear_every)), *_lanes(config))
    formats = (config.a, config.b)
    sources = [_source(format_, operands, shape, rng) for format_ in formats]
    floats = [isinstance(format_, FloatFormat) for format_ in formats]
    halved = floats if any(floats) else [True, True]
    room = 1.0
    while True:  # at last all are 0
        rooms = (room if halved[0] else 1.0, room if halved[1] else 1.0)
        a, b = (source(each) for source, each in zip(sources, rooms, strict=True))
        if _fit(config, a, b):
            return Stream(a, b, rooms)
        room *= 2


def _lanes(config: MacConfig) -> tuple[int, ...]:
    """Axis of the lanes, if there are several."""
    lanes = config.products_per_cycle
    return (lanes,) if lanes > 1 else ()


def _source(
    format_: Format, operands: Operands, shape: tuple[int, ...], rng: np.random.Generator
) -> Callable[[float], Codes]:
    """Codes by what their numbers are divided by."""
    codes = finite_codes(format_)
    grid = values(format_, codes)

    def uniform(room: float) -> Codes:
        inside = codes[(grid >= grid[0] / room) & (grid <= grid[-1] / room)]
        return inside[rng.integers(0, len(inside), shape)]

    if operands is Operands.UNIFORM:
        return uniform
    numbers = (
        rng.standard_normal(shape) if operands is Operands.NORMAL else rng.standard_t(3, shape)
    )
    sample = numbers.ravel()[:_SAMPLE]
    scales = np.abs(sample).max() / grid[-1] * 2.0 ** -np.arange(0, 20, 0.125)
    errors = [
        np.mean((grid[_nearest(grid, sample / scale)] * scale - sample) ** 2) for scale in scales
    ]
    scaled = np.clip(numbers / scales[int(np.argmin(errors))], grid[0], grid[-1])
    return lambda room: codes[_nearest(grid, scaled / room)]


def _fit(config: MacConfig, a: Codes, b: Codes) -> bool:
    """Whether few of the sums go beyond half of a float accumulator's largest number."""
    if not isinstance(acc := config.accumulator, FloatAccConfig):
        return True
    with np.errstate(over="ignore", invalid="ignore"):  # of float64, with extreme biases
        products = values(config.a, a) * values(config.b, b)
        steps = products.sum(axis=2) if products.ndim > 2 else products
        sums = np.cumsum(steps, axis=0)
    inside = (np.abs(sums) <= float(acc.format.max) / 2).all(axis=0)
    return 1 - inside.mean() < _RARE


def _nearest(grid: NDArray[np.float64], numbers: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.searchsorted((grid[1:] + grid[:-1]) / 2, numbers)


def overflow_share(config: MacConfig, a: Codes, b: Codes) -> float:
    """Share of the sums that end at infinity, NaN or the largest number of a float accumulator.

    Parameters
    ----------
    config : MacConfig
        The unit.
    a, b : ndarray of uint64
        Codes of both operands, as in `Stream`.

    Returns
    -------
    float
        0 for other accumulators, which wrap.
    """
    if not isinstance(acc := config.accumulator, FloatAccConfig):
        return 0.0
    if a.ndim > 2:  # lane by lane, as matrix products have their steps
        a, b = (each.transpose(0, 2, 1).reshape(-1, each.shape[1]) for each in (a, b))
    inside = 0
    for first in range(0, a.shape[1], _BLOCK):
        block = np.s_[:, first : first + _BLOCK]
        x, y = a[block].T, b[block]
        scales = _ones(config, len(x), len(y))
        ends = gemm(x, y, config, scales=scales).values.diagonal()
        inside += np.count_nonzero(np.abs(ends) < float(acc.format.max))
    return float(1 - inside / a.shape[1])


def held_scales(config: MacConfig, shape: tuple[int, int]) -> list[Codes]:
    """Words of the scales of both operands, where they are blocks: all are one."""
    if config.block is None:
        return []
    one = bytes([ONE_SCALE[config.block.scale]]) * config.scales_per_cycle
    return [np.full(shape, int.from_bytes(one, "little"), np.uint64)] * 2


def driven_ports(config: MacConfig) -> tuple[Port, ...]:
    """Ports of a unit that are driven while toggles are counted.

    A signed shift of a float is left at 0: held at anything else, it could leave hardly a sum that
    is more than zero.
    """
    table = ports(config, Shape.UNIT)
    if not isinstance(config.output, ScaledFloat):
        return table
    return tuple(port for port in table if port.role is not Role.RESCALE)


def _ones(config: MacConfig, sums: int, products: int) -> tuple[Codes, Codes] | None:
    """Scales that are one, where operands are blocks."""
    if config.block is None:
        return None
    blocks = -(-products // config.block.size)
    code = ONE_SCALE[config.block.scale]
    return np.full((sums, blocks), code, np.uint64), np.full((blocks, sums), code, np.uint64)


def recorded(config: MacConfig, path: Path, clear_every: int) -> Stream:
    """Operands from a file, as they are and in the order in which they stand there.

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
    shape = (clear_every, *_lanes(config))
    sums, each = first.size // math.prod(shape), math.prod(shape)
    if sums == 0:
        raise ConfigError(f"'{path}' has {first.size} pairs of codes; a sum takes {each}.")
    a, b = (
        stream.ravel()[: sums * each].astype(np.uint64).reshape(sums, *shape).swapaxes(0, 1)
        for stream in (first, second)
    )
    return Stream(a, b)


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
