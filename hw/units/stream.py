"""A unit behind two streams: elements of vectors go in, one sum of a vector comes out."""

from amaranth.hdl import Cat, EnableInserter, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.accumulators import ConfigError, Resolve
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.units.buildable import check_undrawn
from fp8mac.hw.units.mac import Mac

__all__ = ["StreamMac", "check_streamable", "element_layout", "sum_layout"]


def element_layout(config: MacConfig) -> data.StructLayout:
    """What goes in: the operands of a step, and above them whether it is its vector's last.

    Of blocks their scales are there, too.
    """
    operands = named(ports(config, Shape.UNIT), Role.OPERAND, Role.SCALE)
    return data.StructLayout({**operands, "last": 1})


def sum_layout(config: MacConfig) -> data.StructLayout:
    """What comes out: the unit's outputs, in the order of its ports, the first one lowest."""
    roles = (Role.RESULT, Role.CARRY, Role.SUM, Role.OUTPUT, Role.FLAG)
    return data.StructLayout(named(ports(config, Shape.UNIT), *roles))


def _rescales(config: MacConfig) -> dict[str, int]:
    """Ports with which sums are rescaled as they leave."""
    return named(ports(config, Shape.UNIT), Role.RESCALE)


def check_streamable(config: MacConfig) -> None:
    """Refuse a unit that no circuit is between streams.

    Raises
    ------
    ConfigError
        As `check_undrawn`; or if idle cycles resolve the register, of which a stream has none.
    """
    check_undrawn(config, "a stream")
    if config.resolve is Resolve.IDLE:
        raise ConfigError(
            "A stream has no idle cycles to resolve a register in segments; choose "
            ":resolve=combinational."
        )


class StreamMac(wiring.Component):
    """A registered unit whose vectors come and whose sums leave by valid and ready.

    An element is taken on a clock edge at which ``i.valid`` and ``i.ready`` are up. The element
    behind a last one, or behind a reset, begins a sum. Where a sum waits and ``o.ready`` is low,
    everything stands still, so that the accumulator itself holds the sum: no register is added for
    it, nothing is lost, and vectors of any length follow each other without a gap.

    * Latency: ``config.latency_cycles`` from the last element to ``o.valid``.
    * Throughput: one element a cycle, and one sum a vector.
    * Reset: synchronous; drops a vector that is not complete, and sums that were not taken.
    * ``i.ready`` follows ``o.ready`` in the same cycle.

    Parameters
    ----------
    config : MacConfig
        The unit.
    goal : Goal or Structure
        What it is built for, or how.

    Members
    -------
    i : :py:`In(stream.Signature(element_layout(config)))`
        Elements.
    o : :py:`Out(stream.Signature(sum_layout(config)))`
        Sums; what is not specified of a unit's is not here.
    multiplier, shift : :py:`In(...)`, where sums are rescaled as they leave
        As of `Mac`: they are used in the cycle in which the sum leaves.

    Raises
    ------
    ConfigError
        As `check_streamable`.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, config: MacConfig, goal: Built = Goal.AREA) -> None:
        check_streamable(config)
        self._config = config
        self._goal = goal
        super().__init__(
            {
                "i": In(stream.Signature(element_layout(config))),
                "o": Out(stream.Signature(sum_layout(config))),
            }
            | {name: In(bits) for name, bits in _rescales(config).items()}
        )

    @property
    def config(self) -> MacConfig:
        """The unit."""
        return self._config

    @property
    def goal(self) -> Built:
        """What it is built for, or how."""
        return self._goal

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit, element, total = Mac(self._config, self._goal), self.i.payload, self.o.payload
        operand_names = [name for name in element_layout(self._config).members if name != "last"]
        moves = Signal()
        begins = Signal(init=1)
        # A bit for each stage: the last element of a vector is in it. The top one is the sum.
        lasts = Signal(self._config.stages)
        m.submodules.unit = EnableInserter(moves)(unit)
        m.d.comb += [
            moves.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(moves),
            self.o.valid.eq(lasts[-1]),
            *(getattr(unit, name).eq(element[name]) for name in operand_names),
            unit.en.eq(self.i.valid),
            unit.clear.eq(begins),
            *(getattr(unit, name).eq(getattr(self, name)) for name in _rescales(self._config)),
            *(total[name].eq(getattr(unit, name)) for name in sum_layout(self._config).members),
        ]
        with m.If(moves):
            m.d.sync += lasts.eq(Cat(self.i.valid & element.last, lasts[:-1]))
            with m.If(self.i.valid):
                m.d.sync += begins.eq(element.last)
        return m
