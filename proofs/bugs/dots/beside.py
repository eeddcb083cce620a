"""Planted bugs in exact sums beside an accumulator of many exponents, see `bugs.mutations`."""

from fp8mac.hw.config.formats import Rounding, ZeroSign
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.windows.frame import acc_of
from fp8mac.proofs.bugs.conditions import adds_beside, adds_scaled
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["BESIDE_MUTATIONS"]


def _is_small(config: MacConfig) -> bool:
    """Whether few lanes and bits leave it likely that a bit decides a rounding."""
    few = adds_beside(config) and acc_of(config).format.precision <= _FEW
    return few and config.products_per_cycle <= _FEW and config.block is None


def _is_nearest(config: MacConfig) -> bool:
    """Whether the last place of few bits decides which number is nearest."""
    few = max(config.a.bits, config.b.bits) <= 2 * _FEW
    return _is_small(config) and few and acc_of(config).rounding is Rounding.RNE


def _keeps_signs(config: MacConfig) -> bool:
    """Whether zeros keep the sign of their terms."""
    return _is_small(config) and acc_of(config).zero is ZeroSign.IEEE


def _is_scaled(config: MacConfig) -> bool:
    """Whether products have powers of two for scales, and places of their own."""
    return adds_beside(config) and adds_scaled(config)


_FEW = 2
_TINY = ("e2m1 x 2 -> e7m1",)
_SCALED = ("mxfp4 x 2 -> e7m1",)
_BOTH = (Goal.AREA, Goal.SPEED)
_FAST = (Goal.SPEED,)

# fmt: off
BESIDE_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "terms: signs are not those against the accumulator's", "terms", "dot.beside",
        'wire(m, each.sign ^ acc.sign, "against")', 'wire(m, each.sign, "against")',
        _TINY, adds_beside,
    ),
    Mutation(
        "accumulator: shifted where there are no products", "accumulator", "dot.beside",
        "distance[-1] | ~some", "distance[-1]",
        _TINY, _is_small,
    ),
    Mutation(
        "accumulator: not at its place above the products", "accumulator", "dot.beside",
        "shift = wire(m, distance[:-1] & ~alone.replicate(len(distance) - 1), ",
        "shift = wire(m, distance[:-1], ",
        _TINY, adds_beside,
    ),
    Mutation(
        "accumulator: exponent of the products where it is above", "accumulator", "dot.beside",
        "Mux(alone, Cat(acc.exponent, Const(0, 1)).as_signed(), near)", "near",
        _TINY, adds_beside,
    ),
    Mutation(
        "accumulator: what is lost of it does not count", "accumulator", "dot.beside",
        "Cat(placed[0] | lost, placed[1 : at.below], summed)",
        "Cat(placed[0], placed[1 : at.below], summed)",
        _TINY, _is_small,
    ),
    Mutation(
        "accumulator: one place too low beside the products", "accumulator", "dot.beside",
        "Cat(one, placed[at.below :], Const(0, 1))",
        "Cat(one, placed[at.below + 1 :], Const(0, 2))",
        _TINY, adds_beside,
    ),
    Mutation(
        "accumulator: products begin a place too low", "accumulator", "dot.beside",
        "self.acc.format.precision + 1 + (self.acc.random_bits or 1)",
        "self.acc.format.precision + (self.acc.random_bits or 1)",
        _TINY, _is_nearest, goals=_BOTH,
    ),
    Mutation(
        "accumulator: too near to the products where it is above", "accumulator", "dot.beside",
        "self.below + self.product_bits + (self.acc.random_bits or 1)",
        "self.below + self.product_bits - 2",
        _TINY, _is_small, goals=_BOTH,
    ),
    Mutation(
        "one rounding: a zero has the sign of the accumulator", "one rounding",
        "dot.windows.finish",
        "sign = (sign ^ self.against) & (normal.any() | fill)", "sign = sign ^ self.against",
        _TINY, _keeps_signs,
    ),
    Mutation(
        "accumulator: stays where nothing of it is lost", "accumulator", "dot.fast.beside",
        "lost & _is_zero(words, at.product_bits) & numbers",
        "_is_zero(words, at.product_bits) & numbers",
        _TINY, _keeps_signs, goals=_FAST,
    ),
    Mutation(
        "accumulator: stays where products are not zero", "accumulator", "dot.fast.beside",
        "Cat(Const(0, 1), x | y)[:bits]", "Cat(Const(0, 1), x & y)[:bits]",
        _TINY, _is_small, goals=_FAST,
    ),
    Mutation(
        "accumulator: what is lost of it is not told the sum", "accumulator", "dot.fast.beside",
        "Cat(placed[0] | lost, placed[1:]) ^", "placed ^",
        _TINY, _is_small, goals=_FAST,
    ),
    Mutation(
        "accumulator: exponent of the products for both", "accumulator", "dot.fast.beside",
        'wire(m, choose(far, own, near), "top")', 'wire(m, near, "top")',
        _TINY, adds_beside, goals=_FAST,
    ),
    Mutation(
        "accumulator: shifted by one less", "accumulator", "dot.fast.beside",
        "at.exponent + 1 - (1 << len(minus))", "at.exponent - (1 << len(minus))",
        _TINY, adds_beside, goals=_FAST,
    ),
    Mutation(
        "accumulator: at no place above the products", "accumulator", "dot.fast.beside",
        "[is_digit[0] | far, *(", "[is_digit[0], *(",
        _TINY, adds_beside, goals=_FAST,
    ),
    Mutation(
        "sum of terms: constant of the accumulator's sign", "sum of terms", "dot.fast.beside",
        "tree.add_constant(-1 << at.acc_bits)", "tree.add_constant(1 << at.acc_bits + 1)",
        _TINY, adds_beside, goals=_FAST,
    ),
    Mutation(
        "one rounding: the smallest exponent is a place lower", "one rounding", "dot.fast.beside",
        "at.acc_bits + 2, ~exponent", "at.acc_bits + 1, ~exponent",
        _SCALED, _is_scaled, goals=_FAST,
    ),
    Mutation(
        "scales: NaN of the first operand alone", "scales", "dot.windows.scales",
        "wire(m, a.all() | b.all(), ", "wire(m, a.all(), ",
        _SCALED, adds_scaled, goals=_BOTH,
    ),
    Mutation(
        "scales: their bias counts once", "scales", "dot.windows.scales",
        "Cat(a + b, Const(0, 1)).as_signed() - 2 * _E8M0_BIAS",
        "Cat(a + b, Const(0, 1)).as_signed() - _E8M0_BIAS",
        _SCALED, adds_scaled, goals=_BOTH,
    ),
    Mutation(
        "scales: the first operand's for both", "scales", "dot.windows.scales",
        "sb.word_select(k, 8)", "sa.word_select(k, 8)",
        _SCALED, adds_scaled, goals=_BOTH,
    ),
)
# fmt: on
"""In the order of the data path, those for few gates first."""
