"""Operands of products: numbers of a tensor, and their codes, which are made once for each format.

::

    numbers --/ scale--> round, saturate --> codes --arrange--> matrix, or one for each group
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import BlockFormat, ScaleFormat
from fp8mac.hw.config.formats import FloatFormat, Format, Rounding
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes import blocks
from fp8mac.sim.codes.blocks import Blocks, ScaleRounding
from fp8mac.sim.codes.encoding import decode, encode
from fp8mac.sim.codes.noise import noise, step_key
from fp8mac.sim.torch.report import RoundingCounts
from fp8mac.sim.torch.scaling import BLOCK, Scales, largest_of
from fp8mac.sim.torch.scheme import Role, Scheme

__all__ = ["Arrange", "Coded", "CodedBlocks", "Encoder", "TensorOperand"]

Array = NDArray[Any]
Arrange = Callable[[Array], Array]
"""From a tensor's numbers, or their codes, to matrices of shape (m, k), or (groups, m, k)."""

_RANDOM_BITS = 16
_PRODUCTS = 1000  # the largest ones, of which an accumulator holds a sum
_FORWARD = ("activation", "weight")


@dataclass(frozen=True)
class Coded:
    """Codes of a tensor, and what they stand for: ``scale`` times their values."""

    codes: Array
    scale: float
    counts: RoundingCounts


@dataclass(frozen=True)
class CodedBlocks:
    """Codes of a matrix of shape (m, k), and a scale for each row's blocks, shape (m, blocks)."""

    codes: Array
    scales: NDArray[np.float32]
    counts: RoundingCounts


@dataclass(eq=False)
class TensorOperand:
    """A tensor that takes part in products.

    Parameters
    ----------
    layer : str
        Of which layer.
    role : str
        ``activation``, ``weight`` or ``gradient``.
    numbers : ndarray of float32
        Its numbers.
    """

    layer: str
    role: Role
    numbers: NDArray[np.float32]
    coded: dict[tuple[Format, Rounding, float], Coded] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """What its codes take."""
        return sum(each.codes.nbytes for each in self.coded.values())


class Encoder:
    """What rounds operands, and keeps the scales of all steps.

    Parameters
    ----------
    scheme : Scheme
        How.
    seed : int
        Of stochastic rounding.
    """

    def __init__(self, scheme: Scheme, scales: dict[str, Scales], seed: int) -> None:
        self.scheme, self.scales, self.seed = scheme, scales, seed
        self.drawn = 0
        self._limits: dict[tuple[Role, int], tuple[MacConfig, float]] = {}

    def encode(self, operand: TensorOperand, format_: Format, unit: MacConfig) -> Coded:
        """Codes of an operand for a unit, made where there are none in this format."""
        rounding, whose = self.scheme.rounding_of(operand.role), (operand.role, id(unit))
        if whose not in self._limits:
            self._limits[whose] = unit, self._limit(operand.role, unit)
        limit = self._limits[whose][1]
        key = format_, rounding, limit
        if key not in operand.coded:
            scales = self.scales[operand.role]
            name = f"{operand.layer} {operand.role}"
            scale = scales.find(name, operand.numbers, format_, limit)
            codes, counts = self._codes(operand.numbers, format_, rounding, np.float32(scale))
            if counts.saturated:
                scales.saturated()
            operand.coded[key] = Coded(codes, scale, counts)
        return operand.coded[key]

    def _limit(self, role: Role, unit: MacConfig) -> float:
        """What a unit's accumulator lets the largest number of an operand become."""
        largest = min(
            largest_of(each.format) if isinstance(each, FloatAccConfig) else np.inf
            for each in (unit.accumulator, unit.result.accumulator)
        )
        room, half = largest / _PRODUCTS, float(np.sqrt(largest / _PRODUCTS))
        if role != "gradient":
            room = half
        elif self.scheme.forward != "none":
            others = (self.scales[other].target(self.scheme.format_of(other)) for other in _FORWARD)
            room /= min(max(others), half)
        # A power of two, which rounding does not exceed.
        return room if np.isinf(room) else 2.0 ** np.floor(np.log2(room))

    def encode_blocks(self, rows: Array, role: Role, format_: Format) -> CodedBlocks:
        """Codes of a matrix whose rows' blocks of 128 numbers have scales of their own.

        A weight has a scale for 128 x 128 numbers.
        """
        count, terms = rows.shape
        across = -(-terms // BLOCK)
        padded = np.zeros((count, across * BLOCK), np.float32)
        padded[:, :terms] = rows
        largest = np.abs(padded.reshape(count, across, BLOCK)).max(-1)
        if role == "weight":
            for first in range(0, count, BLOCK):
                some = slice(first, first + BLOCK)
                largest[some] = largest[some].max(0)
        scales = (largest / np.float32(largest_of(format_))).astype(np.float32)
        scales = np.nextafter(scales, np.float32(np.inf))
        scales[~((largest > 0) & np.isfinite(largest))] = 1
        each = np.repeat(scales, BLOCK, axis=1)[:, :terms]
        rounding = self.scheme.rounding_of(role)
        codes, counts = self._codes(rows, format_, rounding, each)
        return CodedBlocks(codes, scales, counts)

    def encode_shared(
        self, rows: Array, role: Role, format_: BlockFormat
    ) -> tuple[Blocks, RoundingCounts]:
        """Codes and scales of a matrix whose rows are in blocks that the unit knows.

        Scales that are powers of two are rounded up, so that nothing saturates.
        """
        rounding = self.scheme.rounding_of(role)
        random, bits = self._random(rows.shape, rounding)
        up = ScaleRounding.UP if format_.block.scale is ScaleFormat.E8M0 else None
        found = blocks.encode(
            rows, format_, scale_rounding=up, rounding=rounding, random=random, random_bits=bits
        )
        elements = decode(found.codes, format_.element)
        values, size = found.values, np.abs(rows)
        beyond = (np.abs(elements) == largest_of(format_.element)) & (size > np.abs(values))
        lost = (values == 0) & (size > 0)
        return found, RoundingCounts(rows.size, int(beyond.sum()), int(lost.sum()))

    def _random(self, shape: tuple[int, ...], rounding: Rounding) -> tuple[Array | None, int]:
        """Random numbers for a tensor, where it is rounded stochastically, and their bits."""
        if rounding is not Rounding.STOCHASTIC:
            return None, 0
        places = np.arange(prod(shape)).reshape(shape)
        self.drawn += 1
        return noise(step_key(self.seed, self.drawn - 1), places, _RANDOM_BITS), _RANDOM_BITS

    def _codes(
        self, numbers: Array, format_: Format, rounding: Rounding, scale: Any
    ) -> tuple[Array, RoundingCounts]:
        with np.errstate(all="ignore"):
            scaled = numbers if np.ndim(scale) == 0 and scale == 1 else numbers / scale
        if not format_.has_nan:
            scaled = np.nan_to_num(scaled, posinf=np.inf, neginf=-np.inf)
        random, bits = self._random(scaled.shape, rounding)
        codes = encode(scaled, format_, rounding, random=random, random_bits=bits)
        return codes, _counts(scaled, codes, format_)


def _counts(scaled: Array, codes: Array, format_: Format) -> RoundingCounts:
    largest = np.float32(largest_of(format_))
    beyond = 0
    if scaled.size and not (scaled.max() <= largest and scaled.min() >= -largest):
        beyond = int((np.abs(scaled) > largest).sum())
    magnitude = format_.sign_code - 1 if isinstance(format_, FloatFormat) else -1
    zeros = codes & codes.dtype.type(magnitude & (1 << 8 * codes.itemsize) - 1)
    found = int(codes.size - np.count_nonzero(zeros))
    lost = found - int(scaled.size - np.count_nonzero(scaled != 0)) if found else 0
    return RoundingCounts(int(scaled.size), beyond, max(0, lost))
