"""Where sums leave a column: segments are added, and a sum is rounded, for all rows of it."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.arrays.row import register_fields
from fp8mac.hw.config.arrays.array import ArrayConfig, scale_fields
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.parts.segments import resolved
from fp8mac.hw.units.mac import add_output

__all__ = ["Reader"]


class Reader(wiring.Component):
    """The sum in a register of a column, as it leaves the array. Combinational.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    goal : Goal or Structure
        What it is built for, or how.

    Members
    -------
    register : :py:`In(...)`
        Word, carries and flags of a cell, as in `fp8mac.hw.arrays.row.register_fields`.
    acc : :py:`Out(config.unit.acc_bits)`
        Sum; not specified while a flag is up.
    multiplier, shift : :py:`In(...)`, where sums are rescaled as they leave
        See `fp8mac.hw.area.requantize.Requantize`.
    out : :py:`Out(...)`, if there is an output
        Sum, rounded once.
    nan, pos_inf, neg_inf : :py:`Out(1)`, those in ``config.unit.flags``
        The register's flags.
    """

    register: Signal
    acc: Signal
    out: Signal

    def __init__(self, config: ArrayConfig, goal: Built = Goal.AREA) -> None:
        self._config = config
        self._goal = goal
        unit = config.unit
        members = {"register": In(sum(register_fields(config).values())), "acc": Out(unit.acc_bits)}
        if config.leaves is not None:
            members["out"] = Out(config.leaves.format.bits)
            members |= {name: In(bits) for name, bits in scale_fields(config).items()}
        super().__init__(members | {flag: Out(1) for flag in unit.flags})

    @property
    def config(self) -> ArrayConfig:
        """The array."""
        return self._config

    @property
    def goal(self) -> Built:
        """What it is built for, or how."""
        return self._goal

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit, parts, place = self._config.unit, dict[str, Value](), 0
        for name, bits in register_fields(self._config).items():
            parts[name] = self.register[place : place + bits]
            place += bits
        total = parts["acc"]
        if unit.segment_bits is not None:
            register, short = (total, parts["carry"]), self._goal is Goal.SPEED
            total = resolved(m, register, unit.segment_bits, short=short)
        m.d.comb += self.acc.eq(total)
        flags = [parts[flag] for flag in unit.flags]
        m.d.comb += [getattr(self, flag).eq(parts[flag]) for flag in unit.flags]
        if (output := self._config.leaves) is not None:
            given = {name: getattr(self, name) for name in scale_fields(self._config)}
            add_output(m, unit, output, total, self.out, flags=flags, rescales=given)
        return m
