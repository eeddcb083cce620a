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

What one part shows is what the next ones know, and nothing else is assumed of any word. Sums that
are made of other sums are in `fp8mac.proofs.cuts.joined`.
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
from fp8mac.proofs.cuts.joined.late import LateParts
from fp8mac.proofs.cuts.joined.scaled import ScaledParts
from fp8mac.proofs.cuts.words import Question
from fp8mac.proofs.spec.sums import can_add, sum_sort
from fp8mac.proofs.spec.terms import can_claim, result_sorts
from fp8mac.proofs.spec.theory import Sort

__all__ = ["float_questions", "has_parts", "question_sorts"]


def has_parts(config: MacConfig) -> bool:
    """Whether there is a proof in parts of a unit of several lanes in a float accumulator."""
    acc, how = config.accumulator, config.summation
    if not isinstance(acc, FloatAccConfig) or not can_claim(acc) or how.chunk is not None:
        return False
    if not isinstance(config.a, FloatFormat) or not isinstance(config.b, FloatFormat):
        return False
    if how.tree:
        return False
    wide = config.a.bits + config.b.bits > MOST_BITS
    if wide and how.exponents != Exponents():
        return False
    if how.late is not None or how.groups is not None:
        return _has_joined(config)
    if config.block is not None:
        return config.block.scale is ScaleFormat.E8M0 and config.scales_per_cycle == 1
    # Sums of many places, exact, of wide operands take a solver too long.
    few = max(config.a.exponent_bits, config.b.exponent_bits) <= _FEW_BITS
    return not wide or how.window_bits is not None or (_has_fixed_frame(config) and few)


def _has_joined(config: MacConfig) -> bool:
    """Whether that is so of a unit that adds sums of products to the accumulator."""
    acc, how = config.accumulator, config.summation
    assert isinstance(acc, FloatAccConfig)
    if how.groups is not None and how.join is None:
        return False
    if config.block is not None:
        return how.late is None and how.window_bits is None
    if how.window_bits is None or how.products.rounded:
        return False
    if how.late is not None and how.late.sum_bits is None:
        return can_add(acc) and not how.products.bounded
    return True


def question_sorts(config: MacConfig) -> tuple[Sort, ...]:
    """Sorts of the questions about a unit; the last is one that numbers are added in, if any."""
    acc, late = config.accumulator, config.summation.late
    assert isinstance(acc, FloatAccConfig)
    adds = late is not None and late.sum_bits is None
    return (*result_sorts(acc, 1), *[sum_sort(acc)] * adds)


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


def _after_lanes(
    parts: FloatParts,
) -> ExactParts | BesideParts | WindowParts | LateParts | ScaledParts:
    """Parts that follow the lanes."""
    how = parts.config.summation
    if how.late is not None or how.groups is not None:
        return LateParts(parts) if parts.config.block is None else ScaledParts(parts)
    if how.window_bits is not None:
        window = FastWindow if parts.is_fast else AreaWindow
        return window(parts)
    if _has_fixed_frame(parts.config):
        return ExactParts(parts)
    beside = FastBeside if parts.is_fast else AreaBeside
    return beside(parts)
