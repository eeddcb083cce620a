"""Golden model: what every unit computes, one step at a time, in exact integer arithmetic.

::

    mac(config, a, b, acc)  =  encode(add(decode(acc), multiply(decode(a), decode(b))))

All other models and all circuits are compared with this one. It is written from the specifications
and knows nothing of any circuit; the functions on the right are those of `fp8mac.sim.exact.values`.

# Ref: IEEE 754-2019, section 5.4.1 (fusedMultiplyAdd)
"""

from collections.abc import Iterable
from typing import NamedTuple

from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.exact import steps
from fp8mac.sim.exact.codecs import decode, encode
from fp8mac.sim.exact.held import Held, State, raised_flags, read, register
from fp8mac.sim.exact.outputs import NO_RESCALE, Rescale, leave
from fp8mac.sim.exact.values import Kind, Value, add, multiply

__all__ = [
    "NO_RESCALE",
    "Kind",
    "Pipeline",
    "Rescale",
    "State",
    "Value",
    "add",
    "add_products",
    "apart",
    "clock",
    "decode",
    "encode",
    "leave",
    "mac",
    "multiply",
    "raised_flags",
    "read",
    "reset",
    "step",
    "unpack",
]

_FINITE = Kind.FINITE


class Pipeline(NamedTuple):
    """What a clocked unit holds: its state, and the steps that are on their way to it.

    ``pending`` are ``a``, ``b`` and ``clear`` of each, oldest first; None where nothing is added.
    """

    state: State
    pending: tuple[tuple[int, int, bool] | None, ...]


def mac(config: MacConfig, a: int, b: int, acc: int, *, random: int | None = None) -> State:
    """One step of a unit: ``acc + a * b``, rounded at most once.

    A unit of several lanes, or one that adds in another way than products one by one, does what
    `fp8mac.sim.exact.steps.step` says; its operands are packed, see `unpack`.

    ===========  ========================================================================
    accumulator  new pattern
    ===========  ========================================================================
    Kulisch      exact sum modulo ``2**acc_bits``
    integer      exact sum modulo ``2**acc_bits``; if it saturates, the nearest in range
    float        IEEE 754 fusedMultiplyAdd: `encode` of the exact sum, but for what follows
    ===========  ========================================================================

    - Saturation is for finite sums: an infinite one stays infinite if the accumulator has
      infinities. If it has NaN only, an infinite sum is NaN, or the largest number if it saturates.
    - Without subnormals, a subnormal ``acc`` is read as zero, and an exact sum below the smallest
      normal number becomes zero before it is rounded; both keep the sign. Operands keep their
      subnormals.
    - An integer operand is the float that it converts to: 0 is +0, and ``0 * -5`` is -0.

    Where the accumulator cannot hold the product, flags are raised: for NaN ``nan``, or ``pos_inf``
    and ``neg_inf`` both; for an infinity that of its sign.

    Parameters
    ----------
    config : MacConfig
        The unit.
    a, b : int
        Codes of the operands, those of several lanes packed; above them the scales of their blocks,
        if they are blocks.
    acc : int
        Pattern of the accumulator, see `State`.
    random : int, optional
        The random number of a stochastic accumulator, of its `random_bits`, see `encode`.

    Returns
    -------
    State
        New pattern, and the flags that this product raises.

    Raises
    ------
    ValueError
        If a code, the pattern or the random number is out of range.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> mac(parse_unit("int8", acc="int32:saturate"), 0xFF, 5, 2)  # -1 * 5 + 2
    State(acc=4294967293, flags=())
    >>> mac(parse_unit("e4m3", acc="kulisch"), 0x7F, 0, 0)  # NaN * 0
    State(acc=None, flags=(True,))
    """
    if config.plain is config or config.summation.chunk:
        held = register(config)
        return _add(held, acc, (held.product(a, b),), random)
    lanes, blocks = config.products_per_cycle, config.scales_per_cycle
    words = [apart(config, word, format_.bits) for word, format_ in ((a, config.a), (b, config.b))]
    (left, _), (right, _) = words
    left, right = unpack(left, config.a.bits, lanes), unpack(right, config.b.bits, lanes)
    scales = None
    if config.block is not None:
        pairs = list(zip(*(unpack(scale, 8, blocks) for _, scale in words), strict=True))
        scales = [pairs[lane * blocks // lanes] for lane in range(lanes)]
    return steps.step(config, acc, left, right, scales, random=random)


def apart(config: MacConfig, word: int, bits: int) -> tuple[int, int]:
    """Packed codes of an operand, each of so many bits, and the scales that stand above them.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_line
    >>> apart(parse_line("mxfp4 x 2 -> fp32"), 0x7F21, 4)
    (33, 127)
    """
    if config.block is None:
        return word, 0
    place = config.products_per_cycle * bits
    return word & (1 << place) - 1, word >> place


def unpack(word: int, bits: int, lanes: int) -> list[int]:
    """Codes of the lanes of a packed operand, which has lane 0 in its lowest bits.

    Raises
    ------
    ValueError
        If it has more bits.

    Examples
    --------
    >>> unpack(0x210, 4, 3)
    [0, 1, 2]
    """
    if word >> bits * lanes:  # of negative numbers too
        raise ValueError(f"{lanes} codes of {bits} bits are below 2**{bits * lanes}, not {word}.")
    return [word >> lane * bits & (1 << bits) - 1 for lane in range(lanes)]


def add_products(
    config: MacConfig,
    acc: int,
    products: Iterable[Value],
    *,
    random: int | None = None,
) -> State:
    """One step that adds several products, rounded at most once.

    Parameters and results are those of `mac`, which is the case of one product.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> unit = parse_unit("e4m3", acc="e4m3")
    >>> add_products(unit, 0, [Value.of(16), Value.of(1), Value.of(1)]).acc == 0x59  # 18
    True
    """
    return _add(register(config), acc, tuple(products), random)


def _add(held: Held, acc: int, products: tuple[Value, ...], random: int | None) -> State:
    total = held.read(acc)
    for product in products:
        total = add(total, product)
    if held.flags and total.kind is not _FINITE:
        return State(None, held.raised(products))
    return State(held.hold(total, random), held.no_flags)


def reset(config: MacConfig) -> State:
    """State after reset: all bits 0, no flag."""
    return State(0, register(config.plain).no_flags)


def step(
    config: MacConfig,
    state: State,
    a: int,
    b: int,
    *,
    en: bool = True,
    clear: bool = False,
    rst: bool = False,
    random: int | None = None,
) -> State:
    """State of a clocked unit after one edge; of several stages, cycles later, see `clock`.

    ====  ====  =======  ===============================================
    rst   en    clear    next state
    ====  ====  =======  ===============================================
    1     any   any      `reset`
    0     0     any      unchanged
    0     1     0        `mac` of ``acc``; flags once raised stay raised
    0     1     1        `mac` of 0; the flags of this product alone
    ====  ====  =======  ===============================================

    Parameters and errors are those of `mac`.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> unit = parse_unit("int8", acc="int32")
    >>> step(unit, step(unit, reset(unit), 3, 4), 5, 6)
    State(acc=42, flags=())
    """
    if rst:
        return reset(config)
    if not en:
        return state
    held = reset(config) if clear else state
    new = mac(config, a, b, held.acc or 0, random=random)
    flags = tuple(before or now for before, now in zip(held.flags, new.flags, strict=True))
    return State(None if True in flags else new.acc, flags)


def clock(
    config: MacConfig,
    held: Pipeline | None,
    a: int = 0,
    b: int = 0,
    *,
    en: bool = True,
    clear: bool = False,
    rst: bool = False,
    random: int | None = None,
) -> Pipeline:
    """What a unit holds after one edge, registers before its accumulator included.

    A step that is enabled reaches the state ``config.stages`` edges later; a reset drops those that
    are on their way. Parameters and errors are those of `step`.

    Parameters
    ----------
    held : Pipeline, optional
        What it held; default after a reset.
    random : int, optional
        The random number of the step that reaches the state on this edge.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> unit = parse_unit("int8", acc="int32", stages=2)
    >>> first = clock(unit, None, 3, 4)
    >>> first.state.acc, clock(unit, first, en=False).state.acc
    (0, 12)
    """
    empty = Pipeline(reset(config), (None,) * (config.stages - 1))
    if rst:
        return empty
    state, pending = held or empty
    arrives, *waiting = (*pending, (a, b, clear) if en else None)
    if arrives is not None:
        state = step(config, state, arrives[0], arrives[1], clear=arrives[2], random=random)
    return Pipeline(state, tuple(waiting))
