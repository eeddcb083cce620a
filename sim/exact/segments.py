"""Golden model of registers in segments: what they hold, and the value it stands for.

::

    word      [ y_2 ]   [ y_1 ]   [ y_0 ]      value = word + sum of k_j * 2**(S * j), mod 2**bits
    carries    k_2       k_1

    step      y_j + p_j + k_j  =  new y_j + 2**S * new k_(j+1)          S bits each

The value is what `fp8mac.sim.exact.golden` says, with or without segments; many words and carries
stand for the same one. A circuit is right if its value is. Those here are of the plainest one: it
adds a product of floats as its magnitude, complemented where it is negative, with the one that the
complement lacks entering the lowest segment; and a product of integers in two's complement.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.values import Value

__all__ = ["Register", "add_product", "fault", "reset", "resolved", "step"]


class Register(NamedTuple):
    """What a unit with a register in segments holds.

    Parameters
    ----------
    word : int
        Its bits, ``config.acc_bits``.
    carry : int
        Bit *j* is the carry at ``config.carry_places[j]``.
    state : State
        The value of both, None while a flag is raised, and flags; word and carries mean nothing
        then.
    """

    word: int
    carry: int
    state: golden.State


def resolved(config: MacConfig, word: int, carry: int) -> int:
    """Value of a register in segments, as a pattern of ``config.acc_bits`` bits.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> resolved(parse_unit("int8", acc="int32:segmented=4"), 0x0F, 0b10)  # 15 + 2**8
    271
    """
    late = sum((carry >> j & 1) << place for j, place in enumerate(config.carry_places))
    return word + late & (1 << config.acc_bits) - 1


def add_product(config: MacConfig, word: int, carry: int, product: Value) -> tuple[int, int]:
    """Word and carries after a step that adds a finite product.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> add_product(parse_unit("int8", acc="int32:segmented=4"), 0x0F, 0, Value.of(1))
    (0, 1)
    """
    segment, bits = config.segment_bits or config.acc_bits, config.acc_bits
    magnitude = product.magnitude << product.exponent - config.product_lsb_exponent
    lacks_one = bool(product.sign) and not config.has_integer_products
    number = ~magnitude if lacks_one else -magnitude if product.sign else magnitude
    entering = carry << 1 | lacks_one
    new_word = new_carry = 0
    for j, place in enumerate(range(0, bits, segment)):
        mask = (1 << min(segment, bits - place)) - 1
        total = (word >> place & mask) + (number >> place & mask) + (entering >> j & 1)
        new_word |= (total & mask) << place
        new_carry |= (total >> segment) << j
    return new_word, new_carry & (1 << len(config.carry_places)) - 1


def reset(config: MacConfig) -> Register:
    """Register after reset: all bits 0, no carry, no flag."""
    return Register(0, 0, golden.reset(config))


def step(
    config: MacConfig,
    register: Register,
    a: int,
    b: int,
    *,
    en: bool = True,
    clear: bool = False,
    rst: bool = False,
) -> Register:
    """Register after one edge: `fp8mac.sim.exact.golden.step`, and what is behind its value.

    Without ``en`` the register holds, or, where idle cycles resolve it, its carries move on.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> unit = parse_unit("int8", acc="int32:segmented=4:resolve=idle")
    >>> held = step(unit, step(unit, reset(unit), 5, 3), 1, 1)
    >>> held
    Register(word=0, carry=1, state=State(acc=16, flags=()))
    >>> step(unit, held, 0, 0, en=False)
    Register(word=16, carry=0, state=State(acc=16, flags=()))
    """
    if rst:
        return reset(config)
    state = golden.step(config, register.state, a, b, en=en, clear=clear)
    word, carry, _ = reset(config) if en and clear else register
    product = Value(0, 0, config.product_lsb_exponent)
    if en:
        product = golden.multiply(golden.decode(config.a, a), golden.decode(config.b, b))
    if product.kind is golden.Kind.FINITE and (en or config.resolve is Resolve.IDLE):
        word, carry = add_product(config, word, carry, product)
    return Register(word, carry, state)


def fault(
    config: MacConfig,
    before: Sequence[int],
    after: Sequence[int],
    shown: Mapping[str, int],
    *,
    en: bool,
    rst: bool,
    flagged: bool = False,
) -> str:
    """What a unit did wrong with its segments, even if its value is right; empty if nothing.

    ============  ==========================================================================
    reset         leaves no bit and no carry
    a cycle       without ``en`` leaves every bit, or, where idle cycles resolve the register,
                  takes the lowest carry away, and none comes below: as many such cycles as
                  there are carries leave none; anything may be left while a flag is up
    ``sum``       is the value, at all times
    ``ready``     is up where there is no carry
    ============  ==========================================================================

    Parameters
    ----------
    before, after : sequence of int
        Word and carries before an edge and after it.
    shown : mapping of str to int
        Outputs before the edge that are no registers.
    flagged : bool
        Whether a flag is up before the edge.
    """
    word, carry = before
    table = ports(config, Shape.UNIT)
    for port in named(table, Role.SUM):
        if shown[port] != resolved(config, word, carry):
            return f"{port} is not the sum"
    for port in named(table, Role.READY):
        if shown[port] != (carry == 0):
            return f"{port} is wrong"
    if rst:
        return "" if not any(after) else "reset leaves something"
    if flagged:
        return ""
    if not en and config.resolve is Resolve.IDLE:
        return "an idle cycle leaves the lowest carry" if after[1] & (carry ^ carry - 1) else ""
    return "" if en or list(after) == list(before) else "the register does not hold"
