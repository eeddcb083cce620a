r"""Prefix networks: everything that ripples, in a logarithm of the levels.

Carries and leading ones are prefixes of an associative operator: what comes out of bit *i* combines
all bits up to *i*. A network combines spans, each of two shorter ones::

    span [i:j]       generate = g[i:k] | p[i:k] & g[k-1:j]       a carry comes out of place i
     /     \         live     = p[i:k] & p[k-1:j]                a carry passes from j to i
    [i:k]  [k-1:j]

The bits of an adder do not arrive together: the middle of a product comes last, guard bits are
there from the start. In a *fitted* network each span is therefore cut where its two parts are ready
first, which for equal arrivals is the network of Kogge and Stone. The others cut at fixed places::

    ripple        [7:0] = [7] [6:0]      a gate a place, as many levels
    sklansky      [5:0] = [5:4] [3:0]    below the block of a power of two that its top begins
    brent-kung    [6:0] = [6] [5:0]      below the last block of a power of two that fits in it

The operators are written as gates, never as ``+``, so that synthesis keeps the network.

# Ref: P. M. Kogge and H. S. Stone, IEEE Trans. Computers C-22(8), 1973
# Ref: J. Sklansky, IRE Trans. Electronic Computers EC-9, 1960
# Ref: R. P. Brent and H. T. Kung, IEEE Trans. Computers C-31(3), 1982
# Ref: B. R. Zeydel, D. Baran, V. G. Oklobdzija, IEEE JSSC 45(6), 2010 (OR as propagate signal)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal, Value, ValueLike

from fp8mac.hw.config.structure import Adder

__all__ = [
    "AND",
    "CARRY",
    "XOR",
    "CompoundSum",
    "add",
    "add_compound",
    "at_least",
    "extended",
    "first_one",
    "plus",
    "wire",
]

AND, CARRY, XOR, _STEP = 20, 25, 45, 40
"""Typical delays of gates, in relation: what a network is fitted to."""


def wire(m: Module, value: Value, name: str) -> Signal:
    """A named signal with the bits of ``value``, unsigned."""
    signal = Signal(len(value), name=name)
    m.d.comb += signal.eq(value)
    return signal


def choose(condition: Value, if_true: Value, if_false: Value) -> Value:
    """One of two vectors, in gates: synthesis takes a multiplexer for a licence to restructure."""
    width = max(len(if_true), len(if_false))
    yes, no = condition.replicate(width), (~condition).replicate(width)
    return (extended(if_true, width) & yes) | (extended(if_false, width) & no)


def plus(
    m: Module, x: Value, y: Value, width: int, name: str, *, adder: Adder = Adder.RIPPLE
) -> Value:
    """The low bits of ``x + y``, each signed or not; a ripple is left to synthesis, as ``+``."""
    if adder is Adder.RIPPLE:
        return x + y
    return add(m, extended(x, width), extended(y, width), name=name, adder=adder)[:width]


def extended(value: Value, width: int) -> Value:
    """The low bits of a number, signed or not."""
    sign = value[-1] if value.shape().signed else Const(0, 1)
    return Cat(value, sign.replicate(max(0, width - len(value))))[:width]


@dataclass(frozen=True)
class CompoundSum:
    """``x + y`` and ``x + y + 1`` of one network, and whichever of them is chosen early.

    Parameters
    ----------
    m : Module
        Where it is.
    name : str
        Of its signals.
    half : Value
        Sum bits without carries.
    carry : Value
        Carry out of every place.
    live : Value
        Whether a carry from below all places comes out of it as well.
    """

    m: Module
    name: str
    half: Value
    carry: Value
    live: Value

    def plus(self, one: ValueLike) -> Value:
        """``x + y + one``, with its carry as top bit."""
        sums = []
        for first, carry in ((0, self.carry), (1, self.carry | self.live)):
            sums.append(Cat(self.half ^ Cat(Const(first, 1), carry[:-1]), carry[-1]))
        return wire(self.m, choose(Cat(Value.cast(one)), sums[1], sums[0]), f"{self.name}_plus")


def add(
    m: Module,
    x: Value,
    y: Value,
    arrivals: Sequence[int] = (),
    name: str = "sum",
    *,
    adder: Adder = Adder.FITTED,
) -> Value:
    """``x + y``, with its carry as top bit.

    Parameters
    ----------
    x, y : Value
        Unsigned vectors of the same width.
    arrivals : sequence of int
        When the bits of each place are there; the places that it lacks are there from the start.
    adder : Adder
        How carries run; one that is not fitted does without the arrivals.
    """
    half = wire(m, x ^ y, f"{name}_half")
    carry, _ = _carries(m, x & y, x | y, arrivals, name, adder=adder)
    return wire(m, Cat(half ^ Cat(0, carry[:-1]), carry[-1]), name)


def add_compound(
    m: Module,
    x: Value,
    y: Value,
    arrivals: Sequence[int] = (),
    *,
    name: str = "sum",
    half: Value | None = None,
    adder: Adder = Adder.FITTED,
) -> CompoundSum:
    """``x + y`` and ``x + y + 1``; parameters are those of `add`, and more.

    Parameters
    ----------
    half : Value, optional
        Instead of ``x ^ y``: what the carries are added to; its complement gives those of the sums.
    """
    half = wire(m, x ^ y if half is None else half, f"{name}_half")
    return CompoundSum(m, name, half, *_carries(m, x & y, x | y, arrivals, name, adder=adder))


def first_one(m: Module, value: Value, name: str = "first") -> Value:
    """The most significant one of ``value``, alone."""
    seen = wire(m, value, f"{name}_seen")
    step = 1
    while step < len(value):
        seen = wire(m, seen | (seen >> step), f"{name}_seen_{step}")
        step *= 2
    return wire(m, value & ~(seen >> 1), name)


def _carries(
    m: Module, generate: Value, live: Value, arrivals: Sequence[int], name: str, *, adder: Adder
) -> tuple[Value, Value]:
    """Carry out of every place, and whether it would pass one on from below all places."""
    width = len(generate)
    generate, live = wire(m, generate, f"{name}_generate"), wire(m, live, f"{name}_live")
    cuts = _cuts([*arrivals, *[0] * (width - len(arrivals))]) if adder is Adder.FITTED else None
    spans = {(place, place): (generate[place], live[place]) for place in range(width)}

    def span(top: int, bottom: int) -> tuple[Value, Value]:
        if (top, bottom) not in spans:
            cut = _CUTS[adder](top, bottom) if cuts is None else cuts[top, bottom]
            (upper, upper_live), (lower, lower_live) = span(top, cut), span(cut - 1, bottom)
            spans[top, bottom] = (
                wire(m, upper | (upper_live & lower), f"{name}_generate_{top}_{bottom}"),
                wire(m, upper_live & lower_live, f"{name}_live_{top}_{bottom}"),
            )
        return spans[top, bottom]

    carries, lives = zip(*(span(place, 0) for place in range(width)), strict=True)
    return wire(m, Cat(*carries), f"{name}_carry"), wire(m, Cat(*lives), f"{name}_live_below")


def _sklansky(top: int, bottom: int) -> int:
    block = (top ^ bottom).bit_length() - 1
    return top >> block << block


def _brent_kung(top: int, bottom: int) -> int:
    length = top - bottom + 1
    block = length & -length
    return top + 1 - (block if block < length else length // 2)


_CUTS = {
    Adder.RIPPLE: lambda top, bottom: top,
    Adder.SKLANSKY: _sklansky,
    Adder.BRENT_KUNG: _brent_kung,
}
"""Lowest place of the upper part of a span."""


def _cuts(arrivals: Sequence[int]) -> dict[tuple[int, int], int]:
    """Lowest place of the upper part of every span, such that the span is ready first.

    Among equals the upper part is as long as possible and a power of two: then no span has a part
    in more than two others.
    """
    ready = {(place, place): arrival for place, arrival in enumerate(arrivals)}
    cuts = {}
    for length in range(2, len(arrivals) + 1):
        for bottom in range(len(arrivals) - length + 1):
            top = bottom + length - 1

            def cost(cut: int, top: int = top, bottom: int = bottom) -> tuple[int, int, int]:
                upper = top - cut + 1
                time = max(ready[top, cut], ready[cut - 1, bottom])
                return time, upper & (upper - 1), -upper

            cut = min(range(bottom + 1, top + 1), key=cost)
            cuts[top, bottom] = cut
            ready[top, bottom] = cost(cut)[0] + _STEP
    return cuts


def at_least(value: Value, bound: int) -> Value:
    """Whether ``value >= bound``, by halves."""
    if not 0 < bound < 1 << len(value):
        return Const(bound <= 0, 1)

    def compare(bits: Value, digits: int) -> tuple[Value, Value]:
        """Whether the bits are more than the digits, and whether they are no less."""
        if len(bits) == 1:
            return (Const(0, 1), bits) if digits else (bits, Const(1, 1))
        half = len(bits) // 2
        low_more, low_least = compare(bits[:half], digits & ((1 << half) - 1))
        high_more, high_least = compare(bits[half:], digits >> half)
        return high_more | (high_least & low_more), high_more | (high_least & low_least)

    return compare(value, bound)[1]
