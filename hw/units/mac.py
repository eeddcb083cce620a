"""MAC units: a combinational core, and the registered unit around it."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.area.align import Field
from fp8mac.hw.area.float import FloatAccumulator
from fp8mac.hw.area.integer import IntAccumulator
from fp8mac.hw.area.kulisch import KulischAccumulator
from fp8mac.hw.area.product import FloatMultiplier
from fp8mac.hw.config.formats import Format, IntFormat, Overflow, Rounding
from fp8mac.hw.config.unit import ConfigError, FloatAccConfig, Goal, IntAccConfig, MacConfig
from fp8mac.hw.parts.layout import operand_range, product_range
from fp8mac.hw.speed.dual_path import DualPathAccumulator
from fp8mac.hw.speed.integer import FastIntAccumulator
from fp8mac.hw.speed.kulisch import FastKulischAccumulator
from fp8mac.hw.speed.product import FastMultiplier
from fp8mac.hw.speed.single_path import FastSinglePathAccumulator

_FastFloatAccumulator = DualPathAccumulator | FastSinglePathAccumulator

__all__ = ["Mac", "MacCore", "check_buildable"]


def check_buildable(config: MacConfig) -> None:
    """Refuse a unit that the golden model has and circuits have not.

    Raises
    ------
    ConfigError
        If the accumulator rounds stochastically.
    """
    acc = config.accumulator
    if isinstance(acc, FloatAccConfig) and acc.rounding is Rounding.STOCHASTIC:
        raise ConfigError(
            "Stochastic rounding exists in the golden model only; a circuit rounds to nearest "
            "even, or toward zero (:rtz)."
        )


class MacCore(wiring.Component):
    """One step of a MAC unit: ``y = c + a * b`` in the accumulator's arithmetic. Combinational.

    Parameters
    ----------
    config : MacConfig
        Operand formats and accumulator.
    goal : Goal
        What it is built for.

    Members
    -------
    a : :py:`In(config.a.bits)`
        Operand code.
    b : :py:`In(config.b.bits)`
        Operand code.
    c : :py:`In(config.acc_bits)`
        Accumulator.
    y : :py:`Out(config.acc_bits)`
        Next accumulator; not specified where a flag is raised.
    nan : :py:`Out(1)`, if in ``config.flags``
        The product is NaN.
    pos_inf, neg_inf : :py:`Out(1)`, if in ``config.flags``
        The product is an infinity of that sign; both: the product is NaN.

    Raises
    ------
    ConfigError
        If the accumulator rounds stochastically.
    """

    a: Signal
    b: Signal
    c: Signal
    y: Signal

    def __init__(self, config: MacConfig, goal: Goal = Goal.AREA) -> None:
        check_buildable(config)
        self._config = config
        self._goal = goal
        super().__init__(
            {
                "a": In(config.a.bits),
                "b": In(config.b.bits),
                "c": In(config.acc_bits),
                "y": Out(config.acc_bits),
                **{flag: Out(1) for flag in config.flags},
            }
        )

    @property
    def config(self) -> MacConfig:
        """Operand formats and accumulator."""
        return self._config

    @property
    def goal(self) -> Goal:
        """What it is built for."""
        return self._goal

    def elaborate(self, platform: object) -> Module:
        m = Module()
        a, b, acc = self._config.a, self._config.b, self._config.accumulator
        if (
            isinstance(a, IntFormat)
            and isinstance(b, IntFormat)
            and not isinstance(acc, FloatAccConfig)
        ):
            kind = IntAccumulator if self._goal is Goal.AREA else FastIntAccumulator
            saturate = isinstance(acc, IntAccConfig) and acc.overflow is Overflow.SATURATE
            m.submodules.accumulator = adder = kind(a, b, self._config.acc_bits, saturate)
            m.d.comb += [adder.a.eq(self.a), adder.b.eq(self.b)]
        else:
            m.submodules.multiplier = multiplier = self._multiplier()
            m.submodules.accumulator = adder = self._accumulator(multiplier)
            m.d.comb += [multiplier.a.eq(self.a), multiplier.b.eq(self.b)]
            m.d.comb += Cat(self.flags).eq(_flags(multiplier.product, self._config.flags))
            m.d.comb += adder.product.eq(multiplier.product)
        m.d.comb += [adder.c.eq(self.c), self.y.eq(adder.y)]
        return m

    def _multiplier(self) -> FloatMultiplier | FastMultiplier:
        a, b, acc = self._config.a, self._config.b, self._config.accumulator
        normalised = isinstance(acc, FloatAccConfig)
        if self._goal is Goal.SPEED:
            return FastMultiplier(a, b, normalised=normalised)
        carry = isinstance(acc, FloatAccConfig) and _is_odd(a, b, acc)
        return FloatMultiplier(a, b, normalised=normalised, carry=carry)

    def _accumulator(
        self, multiplier: FloatMultiplier | FastMultiplier
    ) -> "FloatAccumulator | KulischAccumulator | _FastFloatAccumulator | FastKulischAccumulator":
        """What adds the products of a multiplier."""
        acc = self._config.accumulator
        widths = (self._config.product_bits - 1, self._config.acc_bits)
        if isinstance(multiplier, FastMultiplier):
            if isinstance(acc, FloatAccConfig):
                fits = DualPathAccumulator.fits(multiplier.factors, acc)
                kind = DualPathAccumulator if fits else FastSinglePathAccumulator
                return kind(multiplier.factors, acc)
            return FastKulischAccumulator(multiplier.factors, *widths)
        if isinstance(acc, FloatAccConfig):
            return FloatAccumulator(multiplier.range, acc)
        return KulischAccumulator(multiplier.range, *widths)

    @property
    def flags(self) -> list[Signal]:
        """Flag ports, in the order of ``config.flags``."""
        return [getattr(self, flag) for flag in self._config.flags]


def _is_odd(a: Format, b: Format, acc: FloatAccConfig) -> bool:
    """Whether a number that is added to the products' exponents has its lowest bit set."""
    a_range, b_range = (operand_range(format_, normalised=True) for format_ in (a, b))
    return Field(product_range(a_range, b_range), acc).exponent_offset % 2 == 1


def _flags(product: data.View, names: tuple[str, ...]) -> Value:
    """Flags that a product raises."""
    if names == ("pos_inf", "neg_inf"):
        return Cat(
            product.nan | (product.inf & ~product.sign), product.nan | (product.inf & product.sign)
        )
    return Cat(*(product[name] for name in names))


class Mac(wiring.Component):
    """Registered MAC unit.

    On every clock edge where ``en`` is asserted, ``acc`` becomes ``acc + a * b``; where ``clear``
    is asserted as well, it becomes ``0 + a * b``. Flags that a product raises stay up until then.

    * Latency: 1 cycle from ``a``, ``b`` to ``acc``.
    * Throughput: 1 product per cycle.
    * Reset: synchronous, to zero and no flags; it wins over ``en``.

    Parameters
    ----------
    config : MacConfig
        Operand formats and accumulator.
    goal : Goal
        What it is built for.

    Members
    -------
    a : :py:`In(config.a.bits)`
        Operand code.
    b : :py:`In(config.b.bits)`
        Operand code.
    en : :py:`In(1)`
        Add this product; otherwise hold.
    clear : :py:`In(1)`
        Begin a new sum with this product; ignored where ``en`` is low.
    acc : :py:`Out(config.acc_bits)`
        Sum; not specified while a flag is up.
    nan, pos_inf, neg_inf : :py:`Out(1)`, those in ``config.flags``
        Sticky flags, see `MacCore`.

    Raises
    ------
    ConfigError
        If the accumulator rounds stochastically.
    """

    a: Signal
    b: Signal
    en: Signal
    clear: Signal
    acc: Signal

    def __init__(self, config: MacConfig, goal: Goal = Goal.AREA) -> None:
        check_buildable(config)
        self._config = config
        self._goal = goal
        super().__init__(
            {
                "a": In(config.a.bits),
                "b": In(config.b.bits),
                "en": In(1),
                "clear": In(1),
                "acc": Out(config.acc_bits),
                **{flag: Out(1) for flag in config.flags},
            }
        )

    @property
    def config(self) -> MacConfig:
        """Operand formats and accumulator."""
        return self._config

    @property
    def goal(self) -> Goal:
        """What it is built for."""
        return self._goal

    @property
    def latency(self) -> int:
        """Cycles from the operands to the sum that holds their product."""
        return 1

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = core = MacCore(self._config, self._goal)
        m.d.comb += [
            core.a.eq(self.a),
            core.b.eq(self.b),
            core.c.eq(Mux(self.clear, 0, self.acc)),
        ]
        with m.If(self.en):
            m.d.sync += self.acc.eq(core.y)
            for flag, raised in zip(self._config.flags, core.flags, strict=True):
                sticky = getattr(self, flag)
                m.d.sync += sticky.eq(raised | (sticky & ~self.clear))
        return m
