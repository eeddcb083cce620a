"""What a matrix product is, one element after the other, in the scalar golden model.

This defines every `Summation`; the fast back ends of `fp8mac.sim.gemm.gemm` are compared with it::

    groups of `lanes` products --(align, truncate)--> acc = round(acc + p + p + ... + p)

or, with a tree of adders of which each rounds::

    p0 --+
         (+)--+
    p1 --+    |
              (+)-- acc = round(acc + root)
    p2 --+    |
         (+)--+
    p3 --+
"""

from collections.abc import Callable, Sequence

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Overflow
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.codecs import codec
from fp8mac.sim.exact.golden import State
from fp8mac.sim.exact.values import Kind, Value, add

__all__ = ["Draw", "dot", "exponent", "truncate"]

Draw = Callable[[int, int], int]
"""Random number of a step, of a width in bits."""


def dot(
    config: MacConfig,
    a: Sequence[int],
    b: Sequence[int],
    start: State | None = None,
    *,
    random: Draw | None = None,
) -> State:
    """Accumulator after all products ``a[k] * b[k]``, in order of ``k``.

    What ``config.summation`` says of a step is

    ===========  ===================================================================================
    lanes        Products that are added in one step, exactly, with one rounding.
    window_bits  Before a step adds its products and the accumulator, it truncates each of them,
                 toward zero, to a multiple of ``2**(E - window_bits + 1)``, where ``E`` is the
                 largest `exponent` among those that are not zero.
    tree         The products of a step, as many as there are lanes, a power of two (+0 for those
                 that are missing), are added in pairs, the sums again, and each sum is rounded as
                 the accumulator is; the last one is added to it.
    chunk        Partial sums of so many products start from zero; each is then added, with one
                 rounding, to the outer accumulator, which starts from ``start``.
    ===========  ===================================================================================

    Parameters
    ----------
    config : MacConfig
        The unit.
    a, b : sequence of int
        Codes, equally many.
    start : State, optional
        What ``config.result`` holds before; default `fp8mac.sim.exact.golden.reset`.
    random : callable, optional
        Random number of stochastic rounding, by step and width. Steps are counted from 0, in all
        chunks together; those that add partial sums are -1, -2 and so on.
    """
    lanes, chunk = config.summation.lanes, config.summation.chunk
    state = start or golden.reset(config.result)
    if chunk is None:
        return _sum(config, state, a, b, random=random)
    for number, first in enumerate(range(0, len(a), chunk)):
        codes = a[first : first + chunk], b[first : first + chunk]
        partial = _sum(
            config,
            golden.reset(config.plain),
            *codes,
            first_step=number * -(-chunk // lanes),
            random=random,
        )
        state = _promoted(config, state, partial, step=-1 - number, random=random)
    return state


def _drawn(config: MacConfig, random: Draw | None, step: int) -> int | None:
    """Random number of a step, where one is needed."""
    bits = getattr(config.accumulator, "random_bits", None)
    return random(step, bits) if random and bits else None


def _sum(
    config: MacConfig,
    state: State,
    a: Sequence[int],
    b: Sequence[int],
    *,
    first_step: int = 0,
    random: Draw | None,
) -> State:
    """What a unit holds after all products, without chunks."""
    unit, summation = config.plain, config.summation
    decode_a, decode_b = codec(config.a).decode, codec(config.b).decode
    for step, first in enumerate(range(0, len(a), summation.lanes), first_step):
        group = slice(first, first + summation.lanes)
        pairs = [
            (decode_a(x), decode_b(y))
            for x, y in zip(map(int, a[group]), map(int, b[group]), strict=True)
        ]
        products = [golden.multiply(x, y) for x, y in pairs]
        acc = state.acc or 0
        if summation.window_bits is not None:
            acc, products = _aligned(unit, acc, pairs, products, summation.window_bits)
        if summation.tree and all(x.kind is Kind.FINITE for x in products if unit.flags):
            products = [_root(unit, products, summation.lanes)]
        drawn = _drawn(unit, random, step)
        new = golden.add_products(unit, acc, products, random=drawn)
        flags = tuple(up or now for up, now in zip(state.flags, new.flags, strict=True))
        state = State(None if True in flags else new.acc, flags)
    return state


def _promoted(
    config: MacConfig,
    state: State,
    partial: State,
    *,
    step: int,
    random: Draw | None,
) -> State:
    """What the outer accumulator holds after a partial sum was added to it."""
    flags = tuple(up or now for up, now in zip(state.flags, partial.flags, strict=True))
    if True in flags:
        return State(None, flags)
    return golden.add_products(
        config.result,
        state.acc or 0,
        [golden.read(config.plain, partial.acc or 0)],
        random=_drawn(config.result, random, step),
    )


def _root(config: MacConfig, products: Sequence[Value], lanes: int) -> Value:
    """Sum of products by a tree of adders."""
    nodes = [*products, *[Value(0, 0, 0)] * (lanes - len(products))]
    while len(nodes) > 1:
        nodes = [_node(config, x, y) for x, y in zip(nodes[::2], nodes[1::2], strict=True)]
    return nodes[0]


def _node(config: MacConfig, x: Value, y: Value) -> Value:
    """Sum of two numbers, rounded as the accumulator is."""
    accumulator = config.accumulator
    assert isinstance(accumulator, FloatAccConfig)
    total, overflow = add(x, y), accumulator.overflow
    if total.kind is Kind.INF and accumulator.format.has_inf:
        overflow = Overflow.TO_SPECIAL
    register = codec(accumulator.format, accumulator.subnormals)
    return register.decode(register.encode(total, accumulator.rounding, overflow, None, 0))


def exponent(format_: FloatFormat, value: Value) -> int:
    """Exponent as a unit sees it: that of the leading one, but at least that of normal numbers."""
    return max(value.exponent + value.magnitude.bit_length() - 1, format_.emin)


def truncate(value: Value, unit: int) -> Value:
    """Number with everything below ``2**unit`` cut off; the sign stays."""
    shift = unit - value.exponent
    if value.kind is not Kind.FINITE or shift <= 0:
        return value
    return Value(value.sign, value.magnitude >> shift, unit)


def _aligned(
    config: MacConfig,
    acc: int,
    pairs: Sequence[tuple[Value, Value]],
    products: Sequence[Value],
    window_bits: int,
) -> tuple[int, list[Value]]:
    """The accumulator, truncated, and the truncated products."""
    a, b, accumulator = config.a, config.b, config.accumulator
    assert isinstance(a, FloatFormat)
    assert isinstance(b, FloatFormat)
    assert isinstance(accumulator, FloatAccConfig)
    held = golden.read(config, acc)
    exponents = [exponent(a, x) + exponent(b, y) for x, y in pairs if x.magnitude and y.magnitude]
    if held.magnitude:
        exponents.append(exponent(accumulator.format, held))
    if not exponents:
        return acc, list(products)
    unit = max(exponents) - window_bits + 1
    if held.kind is Kind.FINITE and held.magnitude:
        # Exact: what is left of a number of the format is one of it, too.
        acc = codec(accumulator.format).encode(
            truncate(held, unit), accumulator.rounding, accumulator.overflow, 0, 0
        )
    return acc, [truncate(product, unit) for product in products]
