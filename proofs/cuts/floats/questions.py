"""A dot product in a float accumulator, cut into lanes, the largest exponent, terms, a rounding.

::

    a[k], b[k] --> lane k --> sign, significand, exponent     lane      for all operands
                                 |             |
                      c ---------|----------> largest         largest   which exponent it is
                                 |             |
                              place k <--------+              place     the term, cut off
                                 |
                               tree --> sum                   sum       linear arithmetic
                                         |
                      c ------------> finish --> y            finish    one rounding

What one part shows is what the next ones know, and nothing else is assumed of any word.
"""

from collections.abc import Iterator

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import FloatFormat
from fp8mac.hw.config.silicon.alignment import Exponents
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.cuts.floats.beside import BesideParts
from fp8mac.proofs.cuts.floats.beside_families import AreaBeside, FastBeside
from fp8mac.proofs.cuts.floats.exact import ExactParts
from fp8mac.proofs.cuts.floats.lanes import MOST_BITS
from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.floats.window_families import AreaWindow, FastWindow
from fp8mac.proofs.cuts.floats.windows import WindowParts
from fp8mac.proofs.cuts.words import Question
from fp8mac.proofs.spec.terms import can_claim

__all__ = ["float_questions", "has_parts"]


def has_parts(config: MacConfig) -> bool:
    """Whether there is a proof in parts of a unit of several lanes in a float accumulator."""
    acc, how, block = config.accumulator, config.summation, config.block
    if not isinstance(acc, FloatAccConfig) or not can_claim(acc) or how.chunk is not None:
        return False
    if how.late is not None or how.groups is not None or how.tree:
        return False
    if not isinstance(config.a, FloatFormat) or not isinstance(config.b, FloatFormat):
        return False
    if block is not None:
        power = block.scale is ScaleFormat.E8M0
        return power and config.scales_per_cycle == 1
    if config.a.bits + config.b.bits <= MOST_BITS:
        return True
    # Sums of many places, exact, take a solver too long.
    few = max(config.a.exponent_bits, config.b.exponent_bits) <= _FEW_BITS
    exact = _has_fixed_frame(config) and few
    return how.exponents == Exponents() and (how.window_bits is not None or exact)


def _has_fixed_frame(config: MacConfig) -> bool:
    """Whether there are so few exponents that circuits add the accumulator at a fixed place."""
    acc = config.accumulator
    few = isinstance(acc, FloatAccConfig) and acc.format.exponent_bits <= _FEW_BITS
    return few and config.block is None


_FEW_BITS = 6


def float_questions(parts: FloatParts) -> Iterator[Question]:
    """Prove what takes no solver; the questions that are left to one.

    Raises
    ------
    CutError
        If a part is not proved.
    """
    yield from parts.lane_questions()
    yield from _after_lanes(parts).questions()


def _after_lanes(parts: FloatParts) -> ExactParts | BesideParts | WindowParts:
    """Parts that follow the lanes."""
    if parts.config.summation.window_bits is not None:
        window = FastWindow if parts.is_fast else AreaWindow
        return window(parts)
    if _has_fixed_frame(parts.config):
        return ExactParts(parts)
    beside = FastBeside if parts.is_fast else AreaBeside
    return beside(parts)
