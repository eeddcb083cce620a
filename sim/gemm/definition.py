"""What a matrix product is, one element after the other, in the scalar golden model.

This defines every option of `fp8mac.sim.gemm.gemm`; the fast back ends are compared with it::

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
from fp8mac.sim.exact.golden import State
from fp8mac.sim.exact.values import Kind, Value, add, codec

__all__ = ["dot", "exponent", "truncate"]


def dot(
    config: MacConfig,
    a: Sequence[int],
    b: Sequence[int],
    start: State | None = None,
    *,
    lanes: int = 1,
    align_bits: int | None = None,
    tree: bool = False,
    random: Callable[[int], int] | None = None,
    random_bits: int = 0,
) -> State:
    """Accumulator after all products ``a[k] * b[k]``, in order of ``k``.

    Parameters
    ----------
    config : MacConfig
        The unit.
    a, b : sequence of int
        Codes, equally many.
    start : State, optional
        What the unit holds before; default `fp8mac.sim.exact.golden.reset`.
    lanes : int
        Products that are added in one step, exactly, with one rounding.
    align_bits : int, optional
        Float accumulators of float products only: before a step adds its products and the
        accumulator, it truncates each of them, toward zero, to a multiple of
        ``2**(E - align_bits + 1)``, where ``E`` is the largest `exponent` among those that are not
        zero.
    tree : bool
        Float accumulators only: the products of a step, as many as there are lanes, a power of two
        (+0 for those that are missing), are added in pairs, the sums again, and each sum is rounded
        as the accumulator is; the last one is added to it.
    random, random_bits
        Random number of each step, counted from 0, and its width.
    """
    state = start or golden.reset(config)
    decode_a, decode_b = codec(config.a).decode, codec(config.b).decode
    for step, first in enumerate(range(0, len(a), lanes)):
        group = slice(first, first + lanes)
        pairs = [
            (decode_a(x), decode_b(y))
            for x, y in zip(map(int, a[group]), map(int, b[group]), strict=True)
        ]
        products = [golden.multiply(x, y) for x, y in pairs]
        acc = state.acc or 0
        if align_bits is not None:
            acc, products = _aligned(config, acc, pairs, products, align_bits)
        if tree and all(x.kind is Kind.FINITE for x in products if config.flags):
            products = [_root(config, products, lanes)]
        new = golden.add_products(
            config,
            acc,
            products,
            random=random(step) if random else None,
            random_bits=random_bits,
        )
        flags = tuple(up or now for up, now in zip(state.flags, new.flags, strict=True))
        state = State(None if True in flags else new.acc, flags)
    return state


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
    align_bits: int,
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
    unit = max(exponents) - align_bits + 1
    if held.kind is Kind.FINITE and held.magnitude:
        # Exact: what is left of a number of the format is one of it, too.
        acc = codec(accumulator.format).encode(
            truncate(held, unit), accumulator.rounding, accumulator.overflow, 0, 0
        )
    return acc, [truncate(product, unit) for product in products]
