"""The ports of a module: the one table that circuits, Verilog, checks and proofs read.

=====  ==========================================================================================
shape  ports, in order
=====  ==========================================================================================
core   ``a b c -> y`` and flags; combinational
unit   ``clk rst a b en clear -> acc`` and sticky flags; one result a cycle
stream ``clk rst`` and two streams, see `stream_ports`; one result a vector
=====  ==========================================================================================

Operands of lanes are packed, lane 0 lowest; behind them are blocks' scales, ``sa`` and ``sb``, and
``random`` where sums are rounded stochastically. Beside an accumulator in segments are its carries,
``c_carry`` and ``y_carry`` of a core, ``carry`` of a unit, which may have ``sum`` or ``ready``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.formats import Format
from fp8mac.hw.config.outputs.output import output_text, rescale_ports
from fp8mac.hw.config.unit import MacConfig

__all__ = [
    "Port",
    "Role",
    "Shape",
    "named",
    "packed_text",
    "ports",
    "products_text",
    "stream_pins",
    "stream_ports",
    "wires",
]


class Shape(Enum):
    """What is around the arithmetic: nothing, or a register with its controls."""

    CORE = "core"
    UNIT = "unit"

    @property
    def is_registered(self) -> bool:
        """Whether there is a clock."""
        return self is not Shape.CORE


class Role(Enum):
    """What a port is for."""

    CLOCK = "clock"
    RESET = "reset"
    OPERAND = "operand"
    SCALE = "scale"
    """Scales of the blocks that operands are of."""
    RANDOM = "random"
    """Random number of the step, where an accumulator rounds stochastically."""
    CONTROL = "control"
    RESCALE = "rescale"
    """What a sum is multiplied by or shifted by as it leaves; combinational."""
    STATE = "state"
    """Accumulator that comes in; a unit has it inside."""
    RESULT = "result"
    """Accumulator that goes out; of a unit, its register."""
    CARRY_STATE = "carry_state"
    """Carries between the segments of an accumulator that come in."""
    CARRY = "carry"
    """Those that go out; of a unit, registers."""
    SUM = "sum"
    """Sum of the register's segments, combinational."""
    READY = "ready"
    """Whether there are no carries, so that the register's word is the sum; combinational."""
    OUTPUT = "output"
    """Sum, rounded to a format of its own; combinational."""
    VALID = "valid"
    """Whether a stream that leaves has something."""
    FLAG = "flag"
    """Beside an accumulator that cannot hold NaN or infinity; of a unit, a register."""


_LEAVE = {Role.RESULT, Role.CARRY, Role.SUM, Role.READY, Role.OUTPUT, Role.VALID, Role.FLAG}


@dataclass(frozen=True)
class Port:
    """A port of a module.

    Parameters
    ----------
    name : str
        As in the Verilog.
    bits : int
        Width.
    role : Role
        What it is for, to programs.
    meaning : str
        What it is for, to people.
    """

    name: str
    bits: int
    role: Role
    meaning: str

    @property
    def is_input(self) -> bool:
        """Whether it is driven from outside."""
        return self.role not in _LEAVE

    @property
    def direction(self) -> str:
        """``input`` or ``output``."""
        return "input" if self.is_input else "output"

    @property
    def wires(self) -> tuple[str, ...]:
        """Names of its bits in a netlist, least significant first: ``a[0]``; ``en`` of one bit."""
        many = tuple(f"{self.name}[{bit}]" for bit in range(self.bits))
        return many if self.bits > 1 else (self.name,)


_FLAGS = {
    "nan": "the sum is NaN",
    "pos_inf": "the sum is +infinity; NaN if neg_inf is up as well",
    "neg_inf": "the sum is -infinity; NaN if pos_inf is up as well",
}


@cache
def ports(config: MacConfig, shape: Shape) -> tuple[Port, ...]:
    """Ports of a module, in the order in which the Verilog has them.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> [port.name for port in ports(parse_unit("e4m3", acc="kulisch"), Shape.UNIT)]
    ['clk', 'rst', 'a', 'b', 'en', 'clear', 'acc', 'nan']
    """
    lanes = config.products_per_cycle
    operands = tuple(
        Port(name, lanes * format_.bits, Role.OPERAND, _operand(format_, lanes))
        for name, format_ in (("a", config.a), ("b", config.b))
    )
    scales = _scales(config)
    accumulator = config.accumulator.name
    flags = tuple(Port(flag, 1, Role.FLAG, _FLAGS[flag]) for flag in config.flags)
    if shape is Shape.CORE:
        return (
            *operands,
            *scales,
            *_random(config),
            Port("c", config.acc_bits, Role.STATE, f"accumulator, {accumulator}"),
            *_carries(config, "c_carry", Role.CARRY_STATE),
            Port("y", config.acc_bits, Role.RESULT, f"c + {products_text(config)}"),
            *_carries(config, "y_carry", Role.CARRY),
            *flags,
        )
    rescales = rescale_ports(config.output, config.acc_bits)
    these = "this product" if lanes == 1 else "these products"
    return (
        Port("clk", 1, Role.CLOCK, "clock, rising edge"),
        Port("rst", 1, Role.RESET, "synchronous reset to zero; wins over en"),
        *operands,
        *scales,
        *_random(config),
        Port("en", 1, Role.CONTROL, f"add {these}; otherwise hold"),
        Port("clear", 1, Role.CONTROL, f"begin a new sum with {these}"),
        *(Port(name, bits, Role.RESCALE, text) for name, bits, text in rescales),
        Port("acc", config.acc_bits, Role.RESULT, f"sum, {accumulator}"),
        *_carries(config, "carry", Role.CARRY),
        *_RESOLVED[config.resolve](config),
        *_output(config),
        *flags,
    )


def stream_ports(config: MacConfig) -> tuple[Port, ...]:
    """Ports of a unit between two streams, in the order in which the Verilog has them.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> [(port.name, port.bits) for port in stream_ports(parse_unit("int8", acc="int32"))][2:]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('i__payload', 17), ('i__valid', 1), ('i__ready', 1),
     ('o__payload', 32), ('o__valid', 1), ('o__ready', 1)]
    """
    unit = ports(config, Shape.UNIT)
    operands = named(unit, Role.OPERAND, Role.SCALE)
    found = named(unit, Role.RESULT, Role.CARRY, Role.SUM, Role.OUTPUT, Role.FLAG)
    goes_in = f"from the lowest bit up: {packed_text(operands | {'last': 1})}"
    comes_out = f"from the lowest bit up: {packed_text(found)}"
    pins = stream_pins(
        config,
        Port("i__payload", sum(operands.values()) + 1, Role.OPERAND, goes_in),
        Port("o__payload", sum(found.values()), Role.RESULT, comes_out),
        ("an element", "a sum"),
    )
    return (*pins, *(port for port in unit if port.role is Role.RESCALE))


def stream_pins(
    config: MacConfig, goes_in: Port, comes_out: Port, named_so: tuple[str, str]
) -> tuple[Port, ...]:
    """Clock, reset and two streams, of their payloads and what these are called."""
    return (
        *(port for port in ports(config, Shape.UNIT) if port.role in (Role.CLOCK, Role.RESET)),
        goes_in,
        Port("i__valid", 1, Role.CONTROL, f"there is {named_so[0]}"),
        Port("i__ready", 1, Role.READY, "it is taken on this edge"),
        comes_out,
        Port("o__valid", 1, Role.VALID, f"there is {named_so[1]}"),
        Port("o__ready", 1, Role.CONTROL, "it is taken on this edge"),
    )


def packed_text(widths: dict[str, int]) -> str:
    """Names of fields, and their bits."""
    return ", ".join(f"{name} ({bits})" for name, bits in widths.items())


def _operand(format_: Format, lanes: int) -> str:
    """What an operand is, of one lane or of several."""
    many = f"operands, {lanes} {format_.name} codes of {format_.bits} bits, lane 0 lowest"
    return many if lanes > 1 else f"operand, {format_.name} code"


def _scales(config: MacConfig) -> tuple[Port, ...]:
    """Scales of the operands' blocks, if they are in blocks."""
    if config.block is None:
        return ()
    count, code = config.scales_per_cycle, f"{config.block.scale.value} code"
    what = f"scale of {{}}, {code}"
    if count > 1:
        what = f"scales of {{}}, {count} {code}s of 8 bits, that of lane 0 lowest"
    return tuple(Port(f"s{name}", count * 8, Role.SCALE, what.format(name)) for name in ("a", "b"))


def _random(config: MacConfig) -> tuple[Port, ...]:
    """Random number of a step, if the accumulator rounds stochastically."""
    bits, what = config.random_bits, "random number of this step, all equally likely"
    return () if bits is None else (Port("random", bits, Role.RANDOM, what),)


def products_text(config: MacConfig) -> str:
    """What a step adds, in a formula: ``a * b``, ``sum(a[k] * b[k])`` of several lanes."""
    return "a * b" if config.products_per_cycle == 1 else "sum(a[k] * b[k])"


def _output(config: MacConfig) -> tuple[Port, ...]:
    """Rounded sum, if there is one."""
    outputs = () if config.output is None else (config.output,)
    return tuple(Port("out", each.format.bits, Role.OUTPUT, output_text(each)) for each in outputs)


def _carries(config: MacConfig, name: str, role: Role) -> tuple[Port, ...]:
    """Carries beside an accumulator, if it is in segments."""
    if config.segment_bits is None:
        return ()
    every = f"bit j counts 2**({config.segment_bits} * (j + 1))"
    return (Port(name, len(config.carry_places), role, f"carries between segments; {every}"),)


_RESOLVED: dict[Resolve | None, Callable[[MacConfig], tuple[Port, ...]]] = {
    None: lambda config: (),
    Resolve.COMBINATIONAL: lambda config: (
        Port("sum", config.acc_bits, Role.SUM, "acc and carries, added"),
    ),
    Resolve.IDLE: lambda config: (
        Port("ready", 1, Role.READY, "there are no carries: acc is the sum"),
    ),
}


def named(table: Sequence[Port], *roles: Role) -> dict[str, int]:
    """Names and widths of ports with some roles: role by role, those of one in their order.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> named(ports(parse_unit("int8", acc="int32"), Shape.UNIT), Role.RESULT, Role.OPERAND)
    {'acc': 32, 'a': 8, 'b': 8}
    """
    return {port.name: port.bits for role in roles for port in table if port.role is role}


def wires(table: Sequence[Port], *roles: Role) -> tuple[str, ...]:
    """Names of the bits of those ports in a netlist, in the order of `named`.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> wires(ports(parse_unit("int2", acc="kulisch:0"), Shape.UNIT), Role.OPERAND, Role.CONTROL)
    ('a[0]', 'a[1]', 'b[0]', 'b[1]', 'en', 'clear')
    """
    return tuple(bit for role in roles for port in table if port.role is role for bit in port.wires)
