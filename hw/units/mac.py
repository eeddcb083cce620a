"""The registered MAC unit around its core."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring

from fp8mac.hw.area.output import ToFloat
from fp8mac.hw.area.requantize import Requantize
from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.lane import Lane
from fp8mac.hw.config.outputs.output import OutputConfig, Requantizer
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.parts.segments import resolved
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.hw.units.core import MacCore, members

__all__ = ["COMPONENTS", "Mac", "add_output"]


class Mac(wiring.Component):
    """Registered unit.

    On every clock edge where ``en`` is asserted, ``acc`` becomes ``acc + a * b``; where ``clear``
    is asserted as well, it becomes ``0 + a * b``; of several lanes all products are added. Flags
    that a product raises stay up until then. A unit of several stages does so cycles later:
    registers hold what is on its way, see `fp8mac.hw.parts.stages`; ``en`` and ``clear`` travel
    with it.

    * Latency: ``config.latency_cycles`` from ``a``, ``b`` to ``acc``.
    * Throughput: ``config.products_per_cycle`` products per cycle.
    * Reset: synchronous, to zero and no flags; it wins over ``en``, and over what is on its way.
    * An accumulator in segments is ``acc`` and ``carry``. Where idle cycles resolve it, a cycle
      without ``en`` adds the carries to their segments, and as many of them as there are carries
      leave none.

    Parameters
    ----------
    config : MacConfig
        Operand formats and accumulator.
    goal : Goal or Structure
        What it is built for, or how.
    bare : bool
        Whether it has less, and what is around it more: ``rst`` does not clear the sum, since
        ``clear`` does; in fixed point, with one stage, ``a`` has to be zero where ``en`` is low,
        since to add that takes fewer gates than to hold. Which carries segments have may change.

    Members
    -------
    a : :py:`In(lanes * config.a.bits)`
        Operand code of each lane, lane 0 in the lowest bits.
    b : :py:`In(lanes * config.b.bits)`
        Operand code of each lane.
    random : :py:`In(config.random_bits)`, if it rounds stochastically
        Random number of this step.
    en : :py:`In(1)`
        Add these products; otherwise hold.
    clear : :py:`In(1)`
        Begin a new sum with these products; ignored where ``en`` is low.
    acc : :py:`Out(config.acc_bits)`
        Sum; not specified while a flag is up.
    carry : :py:`Out(len(config.carry_places))`, where the accumulator is in segments
        Carries that are still to be added to ``acc``, see ``config.carry_places``.
    sum : :py:`Out(config.acc_bits)`, if ``config.resolve`` is combinational
        Sum of both.
    ready : :py:`Out(1)`, if ``config.resolve`` is by idle cycles
        There are no carries: ``acc`` is the sum.
    multiplier, shift : :py:`In(...)`, where sums are rescaled as they leave
        See `fp8mac.hw.area.requantize.Requantize`, `fp8mac.hw.area.output.ToFloat`.
    out : :py:`Out(config.output.format.bits)`, if there is an output
        Sum, rounded once; with a flag up NaN or infinity, where the format has it.
    nan, pos_inf, neg_inf : :py:`Out(1)`, those in ``config.flags``
        Sticky flags, see `MacCore`.

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
    en: Signal
    clear: Signal
    acc: Signal
    carry: Signal
    sum: Signal
    ready: Signal
    out: Signal

    def __init__(self, config: MacConfig, goal: Built = Goal.AREA, *, bare: bool = False) -> None:
        check_buildable(config)
        self._config = config
        self._goal = goal
        self._bare = bare
        super().__init__(members(config, Shape.UNIT))
        if bare:
            table = ports(config, Shape.UNIT)
            for name, bits in named(table, Role.RESULT, Role.CARRY, Role.FLAG).items():
                setattr(self, name, Signal(bits, name=name, reset_less=True))

    @property
    def config(self) -> MacConfig:
        """Operand formats and accumulator."""
        return self._config

    @property
    def goal(self) -> Built:
        """What it is built for, or how."""
        return self._goal

    @property
    def bare(self) -> bool:
        """Whether it has less, and what is around it more."""
        return self._bare

    @property
    def _rescales(self) -> dict[str, int]:
        """Ports with which sums are rescaled as they leave."""
        return named(ports(self._config, Shape.UNIT), Role.RESCALE)

    @property
    def latency(self) -> int:
        """Cycles from the operands to the sum that holds their product."""
        return self._config.latency_cycles

    def elaborate(self, platform: object) -> Module:
        m = Module()
        piped = self._config.stages > 1
        m.submodules.core = core = MacCore(self._config, self._goal, cut=piped)
        a: Value = self.a
        b: Value = self.b
        en: Value = self.en
        clear: Value = self.clear
        if piped:
            # What is not enabled is not added, so that nothing else has to be reset.
            if core.is_opened:
                held = Signal(len(core.early), reset_less=True)
                m.d.sync += held.eq(core.early)
                m.d.comb += core.held.eq(held)
            m.d.sync += [gap.late.eq(gap.early) for gap in core.gaps]
            en, clear = self._late_controls(m)
        resolve, segment_bits = self._config.resolve, self._config.segment_bits
        if resolve is Resolve.IDLE:
            # A cycle without a product adds one of zeros, whose code is 0 in every format.
            a &= self.en.replicate(len(a))
            b &= self.en.replicate(len(b))
            clear &= en
            m.d.sync += [self.acc.eq(core.y), self.carry.eq(core.y_carry)]
            m.d.comb += self.ready.eq(~self.carry.any())
        if self._bare and self._config.is_fixed and not piped:
            clear &= en
            m.d.sync += self.acc.eq(core.y)
            if segment_bits is not None:
                m.d.sync += self.carry.eq(core.y_carry)
        m.d.comb += [
            core.a.eq(a),
            core.b.eq(b),
            core.c.eq(self.acc if core.clears else Mux(clear, 0, self.acc)),
        ]
        passed = named(ports(self._config, Shape.CORE), Role.SCALE, Role.RANDOM)
        m.d.comb += [getattr(core, name).eq(getattr(self, name)) for name in passed]
        if core.clears:
            m.d.comb += core.clear.eq(clear)
        if segment_bits is not None:
            m.d.comb += core.c_carry.eq(self.carry if core.clears else Mux(clear, 0, self.carry))
            if resolve is Resolve.COMBINATIONAL:
                register, short = (self.acc, self.carry), self._goal is Goal.SPEED
                m.d.comb += self.sum.eq(resolved(m, register, segment_bits, short=short))
        with m.If(en):
            m.d.sync += self.acc.eq(core.y)
            if segment_bits is not None:
                m.d.sync += self.carry.eq(core.y_carry)
            for flag, raised in zip(self._config.flags, core.flags, strict=True):
                sticky = getattr(self, flag)
                m.d.sync += sticky.eq(raised | (sticky & ~clear))
        if self._config.output is not None:
            flags = [getattr(self, flag) for flag in self._config.flags]
            value = self.acc if resolve is None else self.sum
            given = {name: getattr(self, name) for name in self._rescales}
            output = self._config.output
            add_output(m, self._config, output, value, self.out, flags=flags, rescales=given)
        return m

    def _late_controls(self, m: Module) -> tuple[Value, Value]:
        """``en`` and ``clear`` of the product that is added now."""
        en: Value = self.en
        clear: Value = self.clear
        for stage in range(1, self._config.stages):
            again = f"_{stage}" * (stage > 1)
            adds = Signal(name=f"adds{again}")
            begins = Signal(name=f"begins{again}", reset_less=True)
            m.d.sync += [adds.eq(en), begins.eq(clear)]
            en, clear = adds, begins
        return en, clear


def add_output(
    m: Module,
    config: Lane,
    output: OutputConfig,
    value: Value,
    out: Value,
    *,
    flags: Sequence[Value],
    rescales: Mapping[str, Value],
) -> None:
    """Round a sum as it leaves.

    Parameters
    ----------
    config : Lane
        What has added it up.
    output : FloatAccConfig, ScaledFloat or Requantizer
        What it leaves as.
    value : Value
        The sum.
    out : Value
        What is driven with the code.
    flags : sequence of Value
        In the order of ``config.flags``.
    rescales : mapping of str to Value
        Multiplier and shift, where there are.
    """
    stage: Requantize | ToFloat
    if isinstance(output, Requantizer):
        stage = Requantize(config.acc_bits, output)
    else:
        stage = ToFloat(config.acc_bits, config.product_lsb_exponent, output)
    m.submodules.output = stage
    m.d.comb += [stage.value.eq(value), out.eq(stage.code)]
    m.d.comb += [getattr(stage, name).eq(each) for name, each in rescales.items()]
    if not isinstance(stage, Requantize):
        m.d.comb += [getattr(stage, name).eq(each) for name, each in raised(flags).items()]


def raised(flags: Sequence[Value]) -> dict[str, Value]:
    """What flags of a unit say of its sum: ``nan``; ``inf``, if not NaN, and ``negative``."""
    if len(flags) < 2:
        return {"nan": flags[0]} if flags else {}
    positive, negative = flags
    return {
        "nan": positive & negative,
        "inf": positive | negative,
        "negative": negative,
    }


COMPONENTS: dict[Shape, type[MacCore] | type[Mac]] = {Shape.CORE: MacCore, Shape.UNIT: Mac}
"""Circuits by what is around the arithmetic."""
