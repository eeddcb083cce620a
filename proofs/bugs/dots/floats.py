"""Planted bugs in sums of several products in a float, see `bugs.mutations`: in each part."""

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, TermCut, ZeroSign
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.fast.beside import has_fast_beside
from fp8mac.hw.dot.fast.window import has_fast_window
from fp8mac.proofs.bugs.conditions import Condition, adds_beside, adds_scaled
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["FLOAT_DOT_MUTATIONS"]


def _has_window(config: MacConfig) -> bool:
    """Whether all terms are in one window."""
    how = config.summation
    return how.window_bits is not None and how.late is how.groups is config.block is None


def _adds_floats(config: MacConfig) -> bool:
    """Whether products have signs, exponents and significands of their own until they are added."""
    return _has_window(config) or adds_beside(config) or adds_scaled(config)


def _is_fast(config: MacConfig) -> bool:
    """Whether there is a circuit for a short path."""
    return _has_window(config) and has_fast_window(config)


def _is_fast_sum(config: MacConfig) -> bool:
    """Whether there is one of a window, or of an exact sum beside the accumulator."""
    return _is_fast(config) or (adds_beside(config) and has_fast_beside(config))


def _cuts(cut: TermCut) -> Condition:
    return lambda config: _has_window(config) and config.summation.cut is cut


def _infinite(config: MacConfig) -> bool:
    """Whether products can be infinite."""
    formats = (config.a, config.b)
    inf = any(isinstance(each, FloatFormat) and each.has_inf for each in formats)
    return _adds_floats(config) and inf


def _keeps_signs(config: MacConfig) -> bool:
    """Whether zeros keep the sign of their terms."""
    acc = config.accumulator
    return isinstance(acc, FloatAccConfig) and acc.zero is ZeroSign.IEEE and _has_window(config)


def _is_exact(config: MacConfig) -> bool:
    """Whether all terms are in one fixed frame."""
    acc, how = config.accumulator, config.summation
    few = isinstance(acc, FloatAccConfig) and acc.format.exponent_bits <= _IN_FRAME
    few = few and config.block is None
    return few and how.window_bits is None and not how.tree and how.late is how.groups


def _has_places(config: MacConfig) -> bool:
    """Whether products have places of their own in a fixed frame."""
    return _is_exact(config) or adds_beside(config)


def _is_small(config: MacConfig) -> bool:
    """Whether few lanes leave it likely that all of them are zero, or infinite."""
    return config.products_per_cycle <= 2


def _has_narrow_sums(config: MacConfig) -> bool:
    """Whether sums of products can be subnormal."""
    acc = config.accumulator
    narrow = isinstance(acc, FloatAccConfig) and acc.format.exponent_bits <= _FEW
    return narrow and _has_window(config)


def _has_wide_sums(config: MacConfig) -> bool:
    """Whether an accumulator can be far from all products."""
    return _has_window(config) and not _has_narrow_sums(config)


_FEW = 5
_IN_FRAME = 6

# fmt: off
FLOAT_DOT_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "float lanes: an operand of the neighbour", "float lanes", "dot.windows.terms",
        "b.word_select(lane, config.b.bits)", "b.word_select(lane // 2, config.b.bits)",
        ("e2m1 x 2 -> fp16, window 13", "e4m3 x 2 -> fp16, window 13"),
        _adds_floats,
    ),
    Mutation(
        "float lanes: top bit of an exponent lost", "float lanes", "dot.windows.terms",
        'exponent[: frame.product_exponent_bits], f"exponent_{lane}"',
        'exponent[: frame.product_exponent_bits - 1], f"exponent_{lane}"',
        ("e2m1 x 2 -> fp16, window 13", "e4m3 x 2 -> fp16, window 13"),
        _adds_floats,
    ),
    Mutation(
        "float lanes: zero of one operand only", "float lanes", "area.product",
        "product.zero.eq(a.zero | b.zero)", "product.zero.eq(a.zero)",
        ("e4m3 x 2 -> fp16, window 13",),
        _has_window,
    ),
    Mutation(
        "float specials: infinities of one sign", "float specials", "dot.windows.finish",
        "inf = self.pos_inf | self.neg_inf", "inf = self.pos_inf",
        ("e5m2 x 2 -> fp16, window 13",),
        _infinite,
    ),
    Mutation(
        "float specials: infinities of both signs are one", "float specials",
        "dot.windows.finish",
        "nan = self.nan | (self.pos_inf & self.neg_inf)", "nan = self.nan",
        ("e5m2 x 2 -> fp16, window 13",),
        lambda config: _infinite(config) and _is_small(config),
    ),
    Mutation(
        "float specials: NaN only where all are", "float specials", "dot.windows.terms",
        "reduce(or_, (each.nan for each in terms))", "reduce(and_, (each.nan for each in terms))",
        ("e4m3 x 2 -> fp16, window 13",),
        _adds_floats, goals=(Goal.AREA, Goal.SPEED),
    ),
    Mutation(
        "largest exponent: out where a bit is zero", "largest exponent", "dot.windows.maximum",
        "stays & (self.exponents[term][place] | ~some)", "stays & self.exponents[term][place]",
        ("e2m1 x 2 -> fp16, window 13", "e4m3 x 2 -> fp16, window 13"),
        _has_window,
    ),
    Mutation(
        "largest exponent: zeros count", "largest exponent", "dot.windows.maximum",
        "remains = [self.present[term] for", "remains = [self.present[term] | 1 for",
        ("e4m3 x 2 -> fp16, window 11", "e4m3 x 2 -> fp32, window 14"),
        _has_window,
    ),
    Mutation(
        "largest exponent: accumulator alone", "largest exponent", "dot.windows.window",
        "distance & self.some.replicate(len(distance))", "distance",
        ("e4m3 x 2 -> fp32, window 14",),
        lambda config: _has_wide_sums(config) and _is_small(config),
    ),
    Mutation(
        "terms: far ones come around", "terms", "dot.windows.place",
        "(amount[fine:stages] == digit) & ~far if", "(amount[fine:stages] == digit) if",
        ("e4m3 x 2 -> fp32, window 14",),
        _has_wide_sums,
    ),
    Mutation(
        "terms: floored as if cut", "terms", "dot.windows.place",
        "one = self.sign & ~lost", "one = self.sign",
        ("e4m3 x 2 -> fp16, window 12:floor",),
        _cuts(TermCut.FLOOR),
    ),
    Mutation(
        "terms: what is lost is not jammed", "terms", "dot.windows.place",
        "Cat(field[0] | lost, field[1:])", "Cat(field[0], field[1:])",
        ("e4m3 x 2 -> fp16, window 12:odd",),
        _cuts(TermCut.ODD),
    ),
    Mutation(
        "terms: negative magnitude", "terms", "dot.windows.place",
        "field ^ self.sign.replicate(len(field))", "field | self.sign.replicate(len(field))",
        ("e2m1 x 2 -> fp16, window 13",),
        _has_window,
    ),
    Mutation(
        "sum of terms: sign extended one place too high", "sum of terms", "dot.windows.total",
        "self._tree.add_bits(width, ~unit.sign)", "self._tree.add_bits(width + 1, ~unit.sign)",
        ("e2m1 x 2 -> fp16, window 13",),
        _has_window,
    ),
    Mutation(
        "sum of terms: a full adder's carry", "sum of terms", "parts.compressor",
        "Mux(propagate, c, a))", "Mux(propagate, a, c))",
        ("e2m1 x 2 -> fp16, window 13",),
        _adds_floats,
    ),
    Mutation(
        "one rounding: exponent of the top place", "one rounding", "dot.windows.finish",
        "room.eq(self.exponent + (above - 1))", "room.eq(self.exponent + above)",
        ("e2m1 x 2 -> fp16, window 13",),
        _adds_floats,
    ),
    Mutation(
        "one rounding: shifted beyond the smallest exponent", "one rounding",
        "dot.windows.finish",
        "take.eq(zero & (free | digit))", "take.eq(zero)",
        ("e5m2 x 2 -> fp16, window 13",),
        _has_narrow_sums,
    ),
    Mutation(
        "one rounding: sign of a zero", "one rounding", "dot.windows.finish",
        "sign = sign | self.negative", "sign = sign & self.negative",
        ("e4m3 x 2 -> fp16, window 13",),
        lambda config: _keeps_signs(config) and _is_small(config),
    ),
    Mutation(
        "terms: negative magnitude in a fixed frame", "terms", "dot.exact",
        "aligned ^ term.sign.replicate(len(aligned))",
        "aligned | term.sign.replicate(len(aligned))",
        ("e4m3 x 2 -> fp16",),
        _has_places,
    ),
    Mutation(
        "terms: one place too high in a fixed frame", "terms", "dot.exact",
        "frame.lowest + offset - below - last)", "frame.lowest + offset - below - last + 1)",
        ("e4m3 x 2 -> fp16",),
        _has_places,
    ),
    Mutation(
        "sum of terms: constant of a sign in a fixed frame", "sum of terms", "dot.exact",
        "tree.add_constant(-1 << width)", "tree.add_constant(1 << width)",
        ("e4m3 x 2 -> fp16",),
        _has_places,
    ),
    Mutation(
        "terms: negative magnitude at a digit", "terms", "dot.fast.exact",
        "placed[:width] ^ term.sign.replicate(width)",
        "placed[:width] | term.sign.replicate(width)",
        ("e4m3 x 2 -> fp16",),
        _has_places, goals=(Goal.SPEED,),
    ),
    Mutation(
        "sum of terms: constant of a sign at a digit", "sum of terms", "dot.fast.exact",
        "tree.add_constant(-1 << first + width)", "tree.add_constant(1 << first + width)",
        ("e4m3 x 2 -> fp16",),
        _has_places, goals=(Goal.SPEED,),
    ),
    Mutation(
        "float lanes: the first operand for all", "float lanes", "dot.fast.products",
        "b.word_select(lane, config.b.bits)", "b.word_select(0, config.b.bits)",
        ("e4m3 x 2 -> fp16, window 13",),
        _is_fast_sum, goals=(Goal.SPEED,),
    ),
    Mutation(
        "largest exponent: low digit of three", "largest exponent", "dot.fast.digits",
        "Cat(first | second, second, first & second)", "Cat(first | second, second, first)",
        ("e4m3 x 2 -> fp16, window 13",),
        _is_fast, goals=(Goal.SPEED,),
    ),
    Mutation(
        "largest exponent: two digits at once", "largest exponent", "dot.fast.digits",
        "wire(m, levels[:-1] & ~levels[1:], name)", "wire(m, levels[:-1], name)",
        ("e4m3 x 2 -> fp16, window 13",),
        _is_fast, goals=(Goal.SPEED,),
    ),
    Mutation(
        "terms: not cut where the low digit is above 0", "terms", "dot.fast.window",
        "Cat(placed[: _STEP - 1] & ~cut, placed[_STEP - 1 :])", "placed",
        ("e4m3 x 2 -> fp16, window 13",),
        _is_fast, goals=(Goal.SPEED,),
    ),
    Mutation(
        "terms: accumulator at two places", "terms", "dot.fast.window",
        "same & ~alone if d else", "same if d else",
        ("e4m3 x 2 -> fp32, window 14",),
        lambda config: _is_fast(config) and _has_wide_sums(config) and _is_small(config),
        goals=(Goal.SPEED,),
    ),
    Mutation(
        "sum of terms: constant of the signs", "sum of terms", "dot.fast.window",
        "tree.add_constant(-1 << term.field_bits)", "tree.add_constant(1 << term.field_bits)",
        ("e4m3 x 2 -> fp16, window 13",),
        _is_fast, goals=(Goal.SPEED,),
    ),
    Mutation(
        "one rounding: the leading one is a place lower", "one rounding", "dot.fast.finish",
        "again = wire(m, ~normal[-1] & ~at_lowest, ", "again = wire(m, ~normal[-1] & 0, ",
        ("e4m3 x 2 -> fp16, window 13",),
        _is_fast_sum, goals=(Goal.SPEED,),
    ),
    Mutation(
        "one rounding: smallest exponent not seen", "one rounding", "dot.fast.finish",
        "self.lowest.any() & ~(found & over).any()", "(found & over).any() & 0",
        ("e4m3 x 2 -> fp16, window 13",),
        lambda config: _is_fast(config) and _has_narrow_sums(config), goals=(Goal.SPEED,),
    ),
    Mutation(
        "one rounding: where a negative sum begins", "one rounding", "dot.fast.finish",
        "(above & ((both & ~none_below) | (none & ~both_below)))",
        "(above & (both & ~none_below))",
        ("e4m3 x 2 -> fp16, window 13",),
        _is_fast_sum, goals=(Goal.SPEED,),
    ),
)
# fmt: on
"""In the order of the data path, those for few gates first."""
