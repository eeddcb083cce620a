"""What a step does, in sentences: how products are aligned, added and rounded."""

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import Rounding, TermCut, ZeroSign
from fp8mac.hw.config.ports import products_text
from fp8mac.hw.config.summation import Summation
from fp8mac.hw.config.unit import MacConfig

__all__ = ["step_cases", "zero_case"]

_ROUNDED = {
    Rounding.RNE: "to nearest even",
    Rounding.RTZ: "toward zero",
    Rounding.ODD: "to odd",
}
_CUT = {
    TermCut.TRUNCATE: "what lies below is cut off their magnitudes",
    TermCut.FLOOR: "what lies below is floored",
    TermCut.ODD: "what lies below is jammed into the last bit",
}


def step_cases(config: MacConfig, acc: FloatAccConfig) -> list[str]:
    """How the sum of a step comes about, and how it is rounded."""
    how, once = config.summation, f"rounded once, {_rounded(acc)}"
    total = f"acc + {products_text(config)}"
    if how.tree:
        rounded = "each rounded as acc is" if how.products.rounded else "exact"
        pairs = f"Products, {rounded}, are added in pairs, the sums again, and the last one to acc"
        return [f"{pairs}; each sum is {once}."]
    if not how.aligns and how.groups is None and how.late is None:
        return [f"{total} is exact and is {once}."]
    cases = _windows(how)
    if how.late is None:
        cases.append(f"The sum of what is left is exact and is {once}.")
    elif how.late.sum_bits is None:
        cases.append(f"Their sum is {once}, then added to acc, and rounded so again.")
    else:
        cases.append(_late(how) + f" The sum of both is {once}.")
    if how.products.bounded:
        cases.append("A product beyond acc's range is infinite, unless another term is.")
    return cases


def _rounded(acc: FloatAccConfig) -> str:
    """How a sum is rounded."""
    if (bits := acc.random_bits) is None:
        return _ROUNDED[acc.rounding]
    return (
        f"stochastically: random, {bits} bits, is added to its magnitude in units of 2**-{bits} of "
        "the last place that is kept, a subnormal number's as well, and what is below that place "
        "is dropped"
    )


def _windows(how: Summation) -> list[str]:
    terms = "Products" if how.late or how.groups else "Products and acc"
    if how.groups is not None:
        run = "every other one" if how.groups.run == 1 else f"{how.groups.run} neighbours"
        terms = f"Products of each of {how.groups.ways} groups ({run})"
    cases = []
    if how.window_bits is not None:
        cases.append(
            f"{terms} are aligned to the largest exponent E among them, and keep the bits down to "
            f"2**(E - {how.window_bits - 1}); {_CUT[how.cut]}."
        )
        same = how.exponents.operands
        converted = "" if same is None else f" after conversion to {same.name}"
        cases.append(
            f"A product's exponent is the sum of its operands'{converted}, not normalised; a "
            "product that is zero has none."
        )
    if how.join is not None:
        others = "" if how.late else " and acc"
        cases.append(
            f"The groups' sums{others} are aligned to the largest of their exponents E, and keep "
            f"the bits down to 2**(E - {how.join.bits - 1}); {_CUT[how.join.cut]}."
        )
    return cases


def _late(how: Summation) -> str:
    late = how.late
    assert late is not None
    assert late.sum_bits is not None
    assert late.acc_bits is not None
    drop = "" if late.drop is None else f" acc counts as zero more than {late.drop} below E."
    return (
        "The sum and acc are aligned to the larger exponent E; the sum keeps the bits down to "
        f"2**(E - {late.sum_bits - 1}), acc those down to 2**(E - {late.acc_bits - 1}); "
        f"{_CUT[late.cut]}.{drop}"
    )


def zero_case(acc: FloatAccConfig) -> str:
    """Signs of zero."""
    if not acc.format.has_negative_zero:
        return "Exact cancellation gives 0."
    if acc.zero is ZeroSign.PLUS:
        return "Every zero is +0."
    if acc.zero is ZeroSign.SUM:
        return "An exact sum of zero is +0; what underflows keeps its sign."
    return "Exact cancellation gives +0; -0 + -0 is -0."
