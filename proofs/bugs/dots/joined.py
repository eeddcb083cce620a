"""Planted bugs in sums that are made of other sums, see `bugs.mutations`: in each part."""

from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import FloatFormat, TermCut
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.windows.frame import Frame, acc_of
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["JOINED_MUTATIONS"]


def _is_joined(config: MacConfig) -> bool:
    """Whether sums of products are added to the accumulator, or to each other."""
    how = config.summation
    return how.late is not None or how.groups is not None


def _has_windows(config: MacConfig) -> bool:
    """Whether those are sums in windows."""
    return _is_joined(config) and config.summation.window_bits is not None


def _is_small(config: MacConfig) -> bool:
    """Whether few lanes of few bits leave it likely that one of them decides."""
    return config.products_per_cycle <= _FEW and max(config.a.bits, config.b.bits) <= _FEW


def _rounds_twice(config: MacConfig) -> bool:
    """Whether the sum of the products is rounded before the accumulator is added."""
    late = config.summation.late
    return late is not None and late.sum_bits is None


def _is_aligned(config: MacConfig) -> bool:
    """Whether the accumulator is aligned to the sum of the products."""
    late = config.summation.late
    return late is not None and late.sum_bits is not None


def _has_two_widths(config: MacConfig) -> bool:
    """Whether more is kept of the sum than of the accumulator."""
    late = config.summation.late
    return late is not None and (late.sum_bits or 0) > (late.acc_bits or 0)


def _drops(config: MacConfig) -> bool:
    """Whether the accumulator does not count where it is far below."""
    late = config.summation.late
    return late is not None and late.drop is not None and _is_small(config)


def _floors(config: MacConfig) -> bool:
    """Whether sums stay complemented, and have places below them that are kept."""
    late = config.summation.late
    return _has_two_widths(config) and late is not None and late.cut is TermCut.FLOOR


def _has_magnitudes(config: MacConfig) -> bool:
    """Whether sums are made positive before they are added."""
    join = config.summation.join
    return _is_joined(config) and join is not None and join.cut is not TermCut.FLOOR


def _has_far_groups(config: MacConfig) -> bool:
    """Whether neighbours are in a group."""
    groups = config.summation.groups
    return groups is not None and groups.run > 1 and config.block is None


def _bounds(config: MacConfig) -> bool:
    """Whether products can be beyond the accumulator's range, and are infinite then."""
    if not config.summation.products.bounded or not _has_windows(config):
        return False
    frame = Frame(config, config.products_per_cycle, with_acc=False)
    format_ = acc_of(config).format
    return frame.highest + frame.exponent_offset >= format_.emax + format_.exponent_bias


def _bounds_few(config: MacConfig) -> bool:
    """Whether few lanes leave it likely that one product alone is infinite."""
    formats = (config.a, config.b)
    inf = any(isinstance(each, FloatFormat) and each.has_inf for each in formats)
    return _bounds(config) and inf and config.products_per_cycle <= _FEW


def _has_factors(config: MacConfig) -> bool:
    """Whether groups of blocks have scales with significands."""
    block = config.block
    return _is_joined(config) and block is not None and block.scale is ScaleFormat.UE4M3


def _has_scaled_groups(config: MacConfig) -> bool:
    """Whether groups are of blocks, of two scales or more."""
    return _is_joined(config) and config.block is not None and config.scales_per_cycle > 1


_FEW = 4
_LATE = ("e2m1 x 2 -> e4m3ieee:odd:sum0, window 6:odd, late",)
_GROUPS = ("e2m1 x 4 -> e4m3ieee, window 5, groups 2 of 2, join 5",)
_ALIGNED = ("e2m1 x 2 -> e4m3ieee:sum0, window 5, groups 2, join 5:floor, late 12 5:floor drop 5",)
_BOUNDED = ("e5m2 x 2 -> fp16:sum0, window 12, products bounded, late 16 12:floor",)
_FACTORS = ("nvfp4 x 4 -> e4m3ieee, groups 2 of 2, join 3",)
_SCALED = ("nvfp4 x 32 -> e8m3, groups 2 of 16, join 3",)
_BOTH = (Goal.AREA, Goal.SPEED)

# fmt: off
JOINED_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "float lanes: all groups take the first products", "float lanes", "dot.late",
        "k // how.groups.run % ways == way", "k // how.groups.run % ways == way // 2",
        _GROUPS, _has_far_groups,
    ),
    Mutation(
        "float lanes: groups take turns", "float lanes", "dot.late",
        "k // how.groups.run % ways == way", "k % ways == way",
        _GROUPS, _has_far_groups,
    ),
    Mutation(
        "float specials: products beyond the range at its edge", "float specials", "dot.late",
        "(product.exponent == first) & product.significand[-1]", "(product.exponent == first) & 0",
        _BOUNDED, _bounds_few,
    ),
    Mutation(
        "float specials: beyond the range though one is infinite", "float specials", "dot.late",
        "for out, product in pairs)) & ~others\n    negative",
        "for out, product in pairs))\n    negative",
        _BOUNDED, _bounds_few,
    ),
    Mutation(
        "float specials: infinities of the sum alone", "float specials", "dot.late",
        "specials = SpecialTerms.of([*products, before])", "specials = SpecialTerms.of(products)",
        _ALIGNED, _is_aligned,
    ),
    Mutation(
        "largest exponent: that of a sum one too high", "largest exponent", "dot.late",
        'Cat(window.largest, 0).as_signed() + offset, f"{name}_exponent"',
        'Cat(window.largest, 0).as_signed() + offset + 1, f"{name}_exponent"',
        _GROUPS, _has_windows,
    ),
    Mutation(
        "largest exponent: sums of nothing count", "largest exponent", "dot.windows.join",
        "unit.present[term].eq(number.present)", "unit.present[term].eq(1)",
        _GROUPS, lambda config: _has_windows(config) and _is_small(config),
    ),
    Mutation(
        "largest exponent: of sums out where a bit is zero", "largest exponent",
        "dot.windows.maximum",
        "stays & (self.exponents[term][place] | ~some)", "stays & self.exponents[term][place]",
        _GROUPS, _has_windows,
    ),
    Mutation(
        "terms: an accumulator that is dropped a place early", "terms", "dot.windows.join",
        "distance <= shape.drop", "distance < shape.drop",
        _ALIGNED, _drops,
    ),
    Mutation(
        "terms: zeros below a sum that is complemented", "terms", "dot.windows.join",
        "Cat(number.sign.replicate(pad), number.significand)",
        "Cat(number.sign.replicate(pad) & 0, number.significand)",
        _ALIGNED, _floors,
    ),
    Mutation(
        "terms: a negative sum's magnitude one too low", "terms", "dot.windows.terms",
        "significand = (significand + sign)[:width]", "significand = significand[:width]",
        _GROUPS, _has_magnitudes, goals=_BOTH,
    ),
    Mutation(
        "terms: scales of the first block for all", "terms", "dot.blocks",
        "scale = scales[way * run // block.size]", "scale = scales[0]",
        _SCALED, _has_scaled_groups, goals=_BOTH,
    ),
    Mutation(
        "sum of terms: the accumulator a place too low", "sum of terms", "dot.windows.join",
        "total.add([unit], self.fraction_bits - shape.kept_bits)",
        "total.add([unit], max(self.fraction_bits - shape.kept_bits - 1, 0))",
        _ALIGNED, _has_two_widths,
    ),
    Mutation(
        "sum of terms: sign of a sum extended one place too high", "sum of terms",
        "dot.windows.total",
        "self._tree.add_bits(width, ~unit.sign)", "self._tree.add_bits(width + 1, ~unit.sign)",
        _GROUPS, _is_joined, goals=_BOTH,
    ),
    Mutation(
        "scales: exponent of a subnormal one", "scales", "dot.windows.scales",
        "Cat(each[0] | ~one, each[1:]) for each, one", "each for each, one",
        _FACTORS, _has_factors, goals=_BOTH,
    ),
    Mutation(
        "scales: zero counts", "scales", "dot.windows.scales",
        'wire(m, first.any() & second.any(), f"{name}_present")',
        'wire(m, first.any() | second.any(), f"{name}_present")',
        _FACTORS, _has_factors, goals=_BOTH,
    ),
    Mutation(
        "scales: top bit of a significand", "scales", "dot.windows.scales",
        "product.add_bits(place, second & bit.replicate(4))",
        "product.add_bits(place, second[:3] & bit.replicate(3))",
        _FACTORS, _has_factors, goals=_BOTH,
    ),
    Mutation(
        "one rounding: exponent of a joined sum", "one rounding", "dot.windows.finish",
        "room.eq(self.exponent + (above - 1))", "room.eq(self.exponent + above)",
        _GROUPS, _is_joined, goals=_BOTH,
    ),
    Mutation(
        "sum of two codes: too few places", "sum of two codes", "dot.late",
        "kept = acc.format.precision + 2", "kept = acc.format.precision - 1",
        _LATE, _rounds_twice,
    ),
    Mutation(
        "sum of two codes: what is lost is not jammed", "sum of two codes", "dot.late",
        'join(m, f"{name}_join", parts, TermCut.ODD)',
        'join(m, f"{name}_join", parts, TermCut.TRUNCATE)',
        _LATE, _rounds_twice,
    ),
    Mutation(
        "sum of two codes: infinities of the sum alone", "sum of two codes", "dot.late",
        "finish(m, acc, total, SpecialTerms.of(terms)",
        "finish(m, acc, total, SpecialTerms.of(terms[:1])",
        _LATE, _rounds_twice,
    ),
)
# fmt: on
"""In the order of the data path."""
