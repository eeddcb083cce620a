"""The combinational core of a unit: one step of its arithmetic."""

from dataclasses import replace
from functools import cached_property

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.parts.family import Parts, Registers
from fp8mac.hw.parts.layout import varying
from fp8mac.hw.parts.register import Gap
from fp8mac.hw.parts.special import flags_of
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.hw.units.families import parts_of

__all__ = ["MacCore", "members"]


def members(config: MacConfig, shape: Shape) -> dict[str, wiring.Member]:
    """Ports as members; clock and reset belong to the domain."""
    return {
        port.name: In(port.bits) if port.is_input else Out(port.bits)
        for port in ports(config, shape)
        if port.role not in (Role.CLOCK, Role.RESET)
    }


class MacCore(wiring.Component):
    """One step of a unit: ``y = c + a * b`` in the accumulator's arithmetic. Combinational.

    A unit of several lanes adds their products, ``a[0] * b[0] + a[1] * b[1] + ...``.

    Parameters
    ----------
    config : MacConfig
        Operand formats and accumulator.
    goal : Goal or Structure
        What it is built for, or how.

    cut : bool
        Of a unit of several stages: registers stand where its family has them, but for the product,
        or the operands where the product is not held: these are brought out.

    Members
    -------
    a : :py:`In(lanes * config.a.bits)`
        Operand code of each lane, lane 0 in the lowest bits.
    b : :py:`In(lanes * config.b.bits)`
        Operand code of each lane.
    early : :py:`Out(...)`, if it is cut there
        Product, or operands.
    held : :py:`In(...)`, if it is cut there
        What goes on from there.
    sa, sb : :py:`In(scales * 8)`, where operands are blocks
        Scales of the blocks of ``a`` and of ``b``, that of lane 0 in the lowest bits.
    random : :py:`In(config.random_bits)`, if it rounds stochastically
        Random number of this step.
    c : :py:`In(config.acc_bits)`
        Accumulator.
    y : :py:`Out(config.acc_bits)`
        Next accumulator; not specified where a flag is raised.
    c_carry, y_carry : :py:`In`, :py:`Out`, where the accumulator is in segments
        Carries between the segments of ``c`` and of ``y``, see ``config.carry_places``.
    nan : :py:`Out(1)`, if in ``config.flags``
        A product is NaN.
    pos_inf, neg_inf : :py:`Out(1)`, if in ``config.flags``
        A product is an infinity of that sign; both: one is NaN, or their sum is.

    Raises
    ------
    ConfigError
        As `check_buildable`.
    """

    a: Signal
    b: Signal
    sa: Signal
    sb: Signal
    random: Signal
    c: Signal
    y: Signal
    c_carry: Signal
    y_carry: Signal
    early: Signal
    held: Signal

    def __init__(self, config: MacConfig, goal: Built = Goal.AREA, *, cut: bool = False) -> None:
        check_buildable(config)
        self._config = config
        self._goal = goal
        self._cut = cut
        signature = members(config, Shape.CORE)
        if self.is_opened:
            bits = sum(named(ports(config, Shape.CORE), Role.OPERAND, Role.SCALE).values())
            multiplier = self._parts.multiplier
            if self._parts.registers.product and multiplier is not None:
                bits = len(Cat(varying(multiplier.product)))
            signature |= {"early": Out(bits), "held": In(bits)}
        super().__init__(signature)
        self.clear = Signal()
        late = self._parts.registers.inside if cut and config.flags else ()
        flags = len(config.flags)
        self._flag_gaps = [Gap.of(flags, f"raised_{at}") for at, _ in enumerate(late, 1)]

    @property
    def config(self) -> MacConfig:
        """Operand formats and accumulator."""
        return self._config

    @property
    def goal(self) -> Built:
        """What it is built for, or how."""
        return self._goal

    @property
    def cut(self) -> bool:
        """Whether it is that of a unit of several stages."""
        return self._cut

    @property
    def gaps(self) -> list[Gap]:
        """Where registers stand, but for those that are brought out."""
        inside = self._parts.accumulator.gaps if self._parts.registers.inside else ()
        return [*inside, *self._flag_gaps]

    @property
    def is_opened(self) -> bool:
        """Whether it has ``early`` and ``held``."""
        registers = self._parts.registers if self._cut else Registers()
        return registers.product or registers.operands

    @cached_property
    def _parts(self) -> Parts:
        """Parts; those that are made have to be used."""
        config = self._config if self._cut else replace(self._config, stages=1)
        return parts_of(config, self._goal)

    @property
    def clears(self) -> bool:
        """Whether it has ``clear``, at which it takes ``c`` for zero: a signal, and not a port."""
        return self._parts.clears

    def elaborate(self, platform: object) -> Module:
        m = Module()
        parts = self._parts
        adder = parts.accumulator
        operands = parts.multiplier or adder
        registers = parts.registers
        cut_product = registers.product
        scales = [] if self._config.block is None else ["sa", "sb"]
        given = Cat(self.a, self.b, *(getattr(self, name) for name in scales))
        taken = Cat(operands.a, operands.b, *(getattr(operands, name) for name in scales))
        if self.is_opened and not cut_product:
            m.d.comb += self.early.eq(given)
            given = self.held
        if self._cut:
            m.d.comb += taken.eq(given)
        else:
            m.d.comb += [operands.a.eq(self.a), operands.b.eq(self.b)]
            m.d.comb += [getattr(operands, name).eq(getattr(self, name)) for name in scales]
        if parts.multiplier is not None:
            m.submodules.multiplier = parts.multiplier
            product = adder.product if cut_product else operands.product
            raised = flags_of(product, self._config.flags)
            for gap in self._flag_gaps:
                raised = gap.cross(m, raised)
            m.d.comb += Cat(self.flags).eq(raised)
            if cut_product:
                m.d.comb += self.early.eq(Cat(varying(operands.product)))
                m.d.comb += Cat(varying(adder.product)).eq(self.held)
            else:
                m.d.comb += adder.product.eq(product)
        elif self._config.flags:
            raised = [getattr(adder, flag) for flag in self._config.flags]
            m.d.comb += Cat(self.flags).eq(Cat(raised))
        m.submodules.accumulator = adder
        m.d.comb += [adder.c.eq(self.c), self.y.eq(adder.y)]
        if self._config.segment_bits is not None:
            m.d.comb += [adder.c_carry.eq(self.c_carry), self.y_carry.eq(adder.y_carry)]
        if self._config.random_bits:
            m.d.comb += adder.random.eq(self.random)
        if parts.clears:
            m.d.comb += adder.clear.eq(self.clear)
        return m

    @property
    def flags(self) -> list[Signal]:
        """Flag ports, in the order of ``config.flags``."""
        return [getattr(self, flag) for flag in self._config.flags]
