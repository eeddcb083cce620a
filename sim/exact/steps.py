"""One step of a unit that adds several products: windows, groups, trees, late accumulators.

::

    codes --> products --> groups --> windows --> sum, exactly --> round --> accumulator
                 |            |          |
              scales    2, 4 of 16    largest exponent, F bits below it

The same for all units, one after the other, in integers; circuits and matrix products are compared
with it. What each word means stands in `fp8mac.hw.config.silicon.alignment`.

# Ref: arXiv:2511.10909 (NVIDIA's and AMD's matrix units), arXiv:2512.07004 (NVIDIA's)
# Ref: RISC-V ldot and bdot extensions, draft 0.2 (bulk normalised dot products)
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import NamedTuple

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleFormat, element_exponent
from fp8mac.hw.config.formats import FloatFormat, Format, TermCut, parse_format
from fp8mac.hw.config.silicon.alignment import Late
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.exact.codecs import decode
from fp8mac.sim.exact.held import State, flushed, register
from fp8mac.sim.exact.values import NAN, Kind, Value, add, multiply

__all__ = ["cut", "exponent", "scale_value", "step"]

_FINITE = Kind.FINITE
_ZERO = Value(0, 0, 0)
_E4M3 = parse_format("e4m3")


class _Term(NamedTuple):
    """Something to be added, and the exponent that it brings to an alignment; None brings none."""

    value: Value
    exponent: int | None


class _Lane(NamedTuple):
    """Product of a lane, and the exponents of it and of its scales."""

    product: Value
    exponent: int | None
    scale_exponent: int | None


def exponent(format_: Format, value: Value) -> int:
    """Exponent as a unit sees it: that of the leading one, but at least that of normal numbers."""
    leading = value.exponent + value.magnitude.bit_length() - 1
    return max(leading, format_.emin) if isinstance(format_, FloatFormat) else leading


def cut(value: Value, unit: int, how: TermCut = TermCut.TRUNCATE) -> Value:
    """Number without what lies below ``2**unit``; the sign stays."""
    shift = unit - value.exponent
    if value.kind is not _FINITE or shift <= 0:
        return value
    kept = value.magnitude >> shift
    lost = value.magnitude != kept << shift
    if lost and (how is TermCut.ODD or (how is TermCut.FLOOR and value.sign)):
        kept = kept | 1 if how is TermCut.ODD else kept + 1
    return Value(value.sign, kept, unit)


def scale_value(scale: ScaleFormat, code: int) -> Value:
    """Number, or NaN, that a block is scaled by.

    Raises
    ------
    ValueError
        If the code has more than eight bits.
    """
    if code >> 8:
        raise ValueError(f"A scale has the codes 0 to 255, not {code}.")
    if scale is ScaleFormat.E8M0:
        return NAN if code == 255 else Value(0, 1, code - 127)
    return decode(_E4M3, code & 127)


def step(
    config: MacConfig,
    acc: int,
    a: Sequence[int],
    b: Sequence[int],
    scales: Sequence[tuple[int, int]] | None = None,
    *,
    random: int | None = None,
) -> State:
    """Accumulator after a step that adds the products ``a[k] * b[k]``; chunks are not its matter.

    ===========  ===================================================================================
    lanes        The products are added exactly, and their sum is rounded once.
    window_bits  Before, products and accumulator are cut off below ``2**(E - window_bits + 1)``,
                 where ``E`` is the largest exponent among those that are not zero. That of a
                 product is the sum of its operands', a subnormal one has that of normal numbers.
    groups       Each group of products is aligned by itself, without the accumulator. Their sums,
                 each with its group's ``E``, are aligned in the window ``join``. Where groups have
                 no window, ``E`` is that of the scales of blocks, if there are any.
    late         The accumulator is not among the terms, but added to their sum.
    tree         The products of a step, as many as there are lanes (+0 for those that are missing),
                 are added in pairs, the sums again, and each sum is rounded as the accumulator is;
                 the last one is added to it.
    ===========  ===================================================================================

    Infinities and NaN follow IEEE 754, whatever the window.

    Parameters
    ----------
    config : MacConfig
        The unit.
    acc : int
        Pattern of the accumulator of ``config.plain``.
    a, b : sequence of int
        Codes, equally many, at most as many as there are lanes.
    scales : sequence of pairs of int, optional
        Codes of the scales of each pair of elements, where operands are blocks.
    random : int, optional
        The random number of a stochastic accumulator.

    Raises
    ------
    ValueError
        If a code is out of range.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_line
    >>> unit = parse_line("e4m3 x 2 -> fp32, window 4")
    >>> hex(step(unit, 0, [0x38, 0x38], [0x38, 0x19]).acc)  # 1 + 2**-4 * 1.125
    '0x3f800000'
    """
    lanes = [_lane(config, x, y, scale) for x, y, scale in _together(config, a, b, scales)]
    unit, summation = config.plain, config.summation
    held = register(unit)
    raised = held.raised(lane.product for lane in lanes)
    if True in raised:
        return State(None, raised)
    before = held.read(acc)
    if summation.products.bounded:
        lanes = _bounded(config, lanes, before)
    if summation.tree:
        total = add(before, _root(unit, [lane.product for lane in lanes], summation.lanes))
    elif summation.late is not None:
        total = _added_late(config, summation.late, before, _aligned(config, lanes, None))
    else:
        total = _aligned(config, lanes, before).value
    return State(held.hold(total, random), raised)


def _together(
    config: MacConfig,
    a: Sequence[int],
    b: Sequence[int],
    scales: Sequence[tuple[int, int]] | None,
) -> Iterable[tuple[int, int, tuple[int, int] | None]]:
    if (scales is None) != (config.block is None):
        raise ValueError(f"{config.text} takes {'no ' * (config.block is None)}scales.")
    each = [None] * len(a) if scales is None else scales
    return zip(map(int, a), map(int, b), each, strict=True)


def _lane(config: MacConfig, a: int, b: int, scales: tuple[int, int] | None) -> _Lane:
    x, y = decode(config.a, a), decode(config.b, b)
    if isinstance(config.accumulator, FloatAccConfig) and config.accumulator.flushes:
        x, y = flushed(config.a, x), flushed(config.b, y)
    product, found, scale = multiply(x, y), _product_exponent(config, x, y), 0
    if config.block is not None and scales is not None:
        both = element_exponent(config.a) + element_exponent(config.b)
        product = product._replace(exponent=product.exponent + both)
        for code in scales:
            factor = scale_value(config.block.scale, code)
            product = multiply(product, factor)
            scale = _sum(scale, _scale_exponent(config, config.block.scale, factor))
    if config.summation.products.rounded:
        product = register(config.plain).rounded(product)
    return _Lane(product, _sum(found, scale), scale)


def _bounded(config: MacConfig, lanes: list[_Lane], acc: Value) -> list[_Lane]:
    """Products beyond the accumulator's range as infinities, where nothing else is infinite."""
    assert isinstance(config.accumulator, FloatAccConfig)
    emax = config.accumulator.format.emax
    if any(each.kind is not _FINITE for each in (acc, *(lane.product for lane in lanes))):
        return lanes
    return [
        lane._replace(product=Value(lane.product.sign, 0, 0, Kind.INF))
        if lane.product.exponent + lane.product.magnitude.bit_length() - 1 > emax
        and lane.product.magnitude
        else lane
        for lane in lanes
    ]


def _sum(x: int | None, y: int | None) -> int | None:
    return None if x is None or y is None else x + y


def _product_exponent(config: MacConfig, x: Value, y: Value) -> int | None:
    """Exponent of a product, without scales; None where an operand is zero, infinite or NaN."""
    rules = config.summation.exponents
    if x.kind is not _FINITE or y.kind is not _FINITE:
        return None
    if rules.normalised:
        product = multiply(x, y)
        return product.exponent + product.magnitude.bit_length() - 1 if product.magnitude else None
    exponents = (
        exponent(rules.operands or format_, value) if value.magnitude else rules.of_zero
        for format_, value in ((config.a, x), (config.b, y))
    )
    return _sum(*exponents)


def _scale_exponent(config: MacConfig, scale: ScaleFormat, factor: Value) -> int | None:
    if factor.kind is not _FINITE or not factor.magnitude:
        return config.summation.exponents.of_zero
    return factor.exponent if scale is ScaleFormat.E8M0 else exponent(_E4M3, factor)


def _top(exponents: Iterable[int | None]) -> int | None:
    return max((each for each in exponents if each is not None), default=None)


def _window(terms: Sequence[_Term], bits: int | None, how: TermCut) -> _Term:
    """Sum of terms, aligned to the largest exponent and cut, which is the sum's exponent."""
    top = _top(term.exponent for term in terms)
    values = [term.value for term in terms]
    if bits is not None and top is not None:
        values = [cut(value, top - bits + 1, how) for value in values]
    return _Term(reduce(add, values) if values else _ZERO, top)


def _acc_term(config: MacConfig, acc: Value) -> _Term:
    """The accumulator as a term."""
    assert isinstance(config.accumulator, FloatAccConfig)
    found = config.summation.exponents.of_zero
    if acc.kind is not _FINITE:
        found = None
    elif acc.magnitude:
        found = exponent(config.accumulator.format, acc)
    return _Term(acc, found)


def _aligned(config: MacConfig, lanes: Sequence[_Lane], acc: Value | None) -> _Term:
    """Sum of the products, and of the accumulator where it is a term; exact without a window."""
    summation = config.summation
    last = []
    if acc is not None:
        last = [_acc_term(config, acc) if summation.aligns else _Term(acc, None)]
    groups, bits, how = summation.groups, summation.window_bits, summation.cut
    if groups is None:
        terms = [_Term(lane.product, lane.exponent) for lane in lanes]
        return _window([*last, *terms], bits, how)
    sums = []
    by_scales = bits is None and config.block is not None
    for way in range(groups.ways):
        mine = [lane for k, lane in enumerate(lanes) if k // groups.run % groups.ways == way]
        terms = [
            _Term(lane.product, lane.scale_exponent if by_scales else lane.exponent)
            for lane in mine
        ]
        sums.append(_window(terms, bits, how))
    join = summation.join
    return _window([*last, *sums], None if join is None else join.bits, join.cut if join else how)


def _added_late(config: MacConfig, late: Late, acc: Value, products: _Term) -> Value:
    """Exact sum of an accumulator and the sum of the products."""
    if late.sum_bits is None or late.acc_bits is None:
        return add(acc, register(config.plain).rounded(products.value))
    term = _acc_term(config, acc)
    top = _top((term.exponent, products.exponent))
    total = products.value
    if top is not None:
        total = cut(total, top - late.sum_bits + 1, late.cut)
        distant = late.drop is not None and term.exponent is not None
        if distant and top - (term.exponent or 0) > (late.drop or 0):
            acc = _ZERO if acc.kind is _FINITE else acc
        acc = cut(acc, top - late.acc_bits + 1, late.cut)
    return add(acc, total)


def _root(config: MacConfig, products: Sequence[Value], lanes: int) -> Value:
    """Sum of products by a tree of adders, each of which rounds as the accumulator does."""
    held = register(config)
    nodes = [*products, *[_ZERO] * (lanes - len(products))]
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=True)
        nodes = [held.rounded(add(x, y)) for x, y in pairs]
    return nodes[0]
