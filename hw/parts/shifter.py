"""Shifters, built so that the stages with the fewest bits come where the vectors are longest."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

__all__ = ["normalise", "shift_left", "shift_right_sticky"]


def shift_left(m: Module, value: Value, amount: Value, width: int) -> Value:
    """``(value << amount)[:width]``, small stages first, the two largest in one.

    A stage that shifts by *s* takes a multiplexer only where the shifted and the unshifted vector
    overlap, and one gate a bit elsewhere; with the small stages first, the vectors that overlap are
    still short. The last two stages are one of four vectors, of which one is chosen::

        amount[-2:]     3              2              1              0
                        |......xxxxxxxxx
                               |......xxxxxxxxx                          a gate a bit, and one
                                      |......xxxxxxxxx                   where they overlap
                                             |......xxxxxxxxx
    """
    fine = max(len(amount) - 2, 0)
    for stage, bit in enumerate(amount[:fine]):
        step = 1 << stage
        grown = min(width, len(value) + step)
        shifted = Signal(grown, name=f"left_{step}")
        m.d.comb += shifted.eq(Mux(bit, Cat(Const(0, step), value), value))
        value = shifted
    coarse = Cat(amount[fine:], Const(0, 2 - len(amount[fine:])))
    total = Signal(width, name="left")
    placed: Value = Const(0, 1)
    for digit in range(1 << len(amount) - fine):
        chosen = Signal(name=f"left_is_{digit}")
        m.d.comb += chosen.eq(coarse == digit)
        row = Cat(Const(0, digit << fine), value & chosen.replicate(len(value)))
        placed = placed | row[:width]
    m.d.comb += total.eq(placed)
    return total


def shift_right_sticky(m: Module, value: Value, amount: Value, width: int) -> tuple[Value, Value]:
    """Shift right in a field as wide as ``width``, small stages first.

    Parameters
    ----------
    value : Value
        At most ``width`` bits; they enter at the top of the field.

    Returns
    -------
    Value
        The field, ``width`` bits.
    Value
        Sticky: whether a one left the field.
    """
    sticky: Value = Const(0, 1)
    for stage, bit in enumerate(amount):
        step = 1 << stage
        grown = min(width, len(value) + step)
        padded = Cat(Const(0, grown - len(value)), value)
        lost = padded[:step] if step < grown else padded
        kept = padded[step:]
        shifted = Signal(grown, name=f"right_{step}")
        m.d.comb += shifted.eq(Mux(bit, kept, padded))
        sticky = sticky | (bit & lost.any())
        value = shifted
    field = Cat(Const(0, width - len(value)), value)
    return field, sticky


def normalise(
    m: Module,
    value: Value,
    max_shift: int,
    limit: Value | None = None,
    fill: Value | None = None,
) -> tuple[Value, Value]:
    """Shift left until the top bit is one, or by ``limit``, or by what the stages reach.

    Large stages first: a stage shifts by *s* if the *s* top bits are zero. The limit, if given, is
    compared digit by digit on the way: while all higher digits of the shift equal those of the
    limit (not ``free``), a stage may act only where the limit's digit is one.

    ::

        take = zero & (free | digit)        free = free | (digit & ~zero)

    Parameters
    ----------
    max_shift : int
        The stages reach at least so far.
    limit : Value, optional
        Largest shift.
    fill : Value, optional
        Bit that comes in from below, but for the lowest three places; by default zero.

    Returns
    -------
    Value
        Shifted value, as wide as ``value``.
    Value
        The shift.
    """
    stages = max(max_shift, 1).bit_length()
    takes: list[Value] = []
    free: Value = Const(1, 1) if limit is None else limit[stages:].any()
    for stage in reversed(range(stages)):
        step = 1 << stage
        zero = Signal(name=f"zero_{step}")
        take = Signal(name=f"take_{step}")
        m.d.comb += zero.eq(~value[-min(step, len(value)) :].any())
        if limit is None:
            m.d.comb += take.eq(zero)
        else:
            digit = limit[stage] if stage < len(limit) else Const(0, 1)
            m.d.comb += take.eq(zero & (free | digit))
            free = free | (digit & ~zero)
        below = Const(0, 1) if fill is None or step < 4 else fill
        shifted = Signal(len(value), name=f"normal_{step}")
        m.d.comb += shifted.eq(Mux(take, Cat(below.replicate(step), value), value))
        takes.append(take)
        value = shifted
    return value, Cat(*reversed(takes))
