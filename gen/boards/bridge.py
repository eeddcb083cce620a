"""A unit behind a serial line: the board's side of `fp8mac.gen.boards.frames`."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.crc.catalog import CRC16_IBM_3740
from amaranth.lib.wiring import In, Out

from fp8mac.gen.boards.frames import IDENTITY_BYTES, Ask, LinkLayout
from fp8mac.gen.boards.uart import FrameReceiver, FrameTransmitter
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.units.mac import Mac

__all__ = ["Bridge"]

_DRAIN_CYCLES = 4
"""Cycles from the last step to the outputs, beside the unit's latency."""


class _At(enum.Enum):
    """Where in a request or an answer the bridge is."""

    REST = 0
    HEAD = 1
    STEPS = 2
    OPERANDS = 3
    CRC_HIGH = 4
    CRC_LOW = 5
    DRAIN = 6
    ANSWER = 7


class Bridge(wiring.Component):
    """A registered unit between the two ends of a serial line.

    Operands of a step are shifted into a register, a byte at a time; the last one enables the unit
    for a cycle. An answer follows its request at once. The line is used in one direction at a time,
    so that both share a CRC; the beginning of a request ends an answer.

    Parameters
    ----------
    config : MacConfig
        The unit.
    goal : Goal or Structure
        What it is built for.
    divisor : int
        Clock cycles of a bit of the line, at least 4.

    Members
    -------
    rx : :py:`In(1)`
        From the host.
    tx : :py:`Out(1)`
        To the host.

    Raises
    ------
    ConfigError
        As `fp8mac.hw.units.mac.Mac`.
    """

    rx: Signal
    tx: Signal

    def __init__(self, config: MacConfig, goal: Built = Goal.FPGA, *, divisor: int) -> None:
        self._unit = Mac(config, goal)
        self._layout = LinkLayout(config)
        self._divisor = divisor
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1)})

    @property
    def config(self) -> MacConfig:
        """The unit."""
        return self._unit.config

    @property
    def goal(self) -> Built:
        """What it is built for."""
        return self._unit.goal

    @property
    def divisor(self) -> int:
        """Clock cycles of a bit of the line."""
        return self._divisor

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout, unit = self._layout, self._unit
        m.submodules.unit = unit
        m.submodules.received = received = FrameReceiver(self._divisor)
        m.submodules.sent = sent = FrameTransmitter(self._divisor)
        m.submodules.crc = crc = CRC16_IBM_3740(data_width=8).create()
        m.d.comb += [received.line.eq(self.rx), self.tx.eq(sent.line)]
        at = Signal(_At)
        answering = Signal()
        m.d.comb += answering.eq(at == _At.ANSWER)

        operands = Signal(8 * layout.step_bytes)
        enable, first = Signal(), Signal()
        m.d.comb += [unit.en.eq(enable), unit.clear.eq(first)]
        offset = 0
        for name, size in layout.operands.items():
            port = getattr(unit, name)
            m.d.comb += port.eq(operands[offset : offset + len(port)])
            offset += 8 * size
        m.d.sync += enable.eq(0)
        with m.If(enable):
            m.d.sync += first.eq(0)

        head, steps, damaged = Signal(8), Signal(8), Signal()
        outputs = Signal(8 * layout.output_bytes)
        length = IDENTITY_BYTES + layout.output_bytes
        index = Signal(range(length + 5))  # of the byte of the answer; 0 is the one that begins it
        with m.If(answering):
            m.d.comb += crc.valid.eq(sent.taken & (index != 0) & (index <= length + 2))
        with m.Else():
            m.d.comb += crc.valid.eq(received.valid)
        m.d.comb += [
            crc.start.eq(received.begins | answering & (index == 0)),
            crc.data.eq(Mux(answering, sent.data, received.data)),
            sent.valid.eq(answering),
            sent.begins.eq(index == 0),
            sent.data.eq(self._answer(m, index, head, damaged, outputs[:8], crc.crc)),
        ]

        place = Signal(range(layout.step_bytes))
        drain = Signal(range(self.config.latency_cycles + _DRAIN_CYCLES))
        with m.If(received.valid), m.Switch(at):
            with m.Case(_At.HEAD):
                m.d.sync += [head.eq(received.data), at.eq(_At.STEPS)]
                m.d.sync += first.eq(received.data[6:] == Ask.BEGIN)
            with m.Case(_At.STEPS):
                m.d.sync += [steps.eq(received.data), place.eq(0)]
                m.d.sync += at.eq(Mux(received.data == 0, _At.CRC_HIGH, _At.OPERANDS))
            with m.Case(_At.OPERANDS):
                m.d.sync += operands.eq(Cat(operands[8:], received.data))
                m.d.sync += place.eq(place + 1)
                with m.If(place == layout.step_bytes - 1):
                    m.d.sync += [place.eq(0), enable.eq(1), steps.eq(steps - 1)]
                    with m.If(steps == 1):
                        m.d.sync += at.eq(_At.CRC_HIGH)
            with m.Case(_At.CRC_HIGH):
                m.d.sync += at.eq(_At.CRC_LOW)
            with m.Case(_At.CRC_LOW):
                m.d.sync += [at.eq(_At.DRAIN), drain.eq(0)]
        with m.If(at == _At.DRAIN):
            m.d.sync += drain.eq(drain + 1)
            with m.If(drain == self.config.latency_cycles + _DRAIN_CYCLES - 1):
                m.d.sync += damaged.eq(~crc.match_detected)
                m.d.sync += outputs.eq(Cat(getattr(unit, name) for name in layout.outputs))
                m.d.sync += [at.eq(_At.ANSWER), index.eq(0)]
        with m.If(sent.taken):
            m.d.sync += index.eq(index + 1)
            with m.If(index > 2 + IDENTITY_BYTES):
                m.d.sync += outputs.eq(outputs[8:])
            with m.If(index == length + 4):
                m.d.sync += at.eq(_At.REST)
        with m.If(received.begins):
            m.d.sync += at.eq(_At.HEAD)
        return m

    def _answer(
        self, m: Module, index: Value, head: Value, damaged: Value, output: Value, crc: Value
    ) -> Signal:
        """Byte of the answer."""
        byte = Signal(8)
        length = IDENTITY_BYTES + self._layout.output_bytes
        identity = Const(self._layout.identity, 8 * IDENTITY_BYTES)
        with m.Switch(index):
            with m.Case(1):
                m.d.comb += byte.eq(Cat(head[:6], Mux(damaged, Ask.DAMAGED, head[6:])))
            with m.Case(2):
                m.d.comb += byte.eq(length)
            for number in range(IDENTITY_BYTES):
                with m.Case(3 + number):
                    m.d.comb += byte.eq(identity.word_select(number, 8))
            with m.Case(length + 3):
                m.d.comb += byte.eq(crc[8:])
            with m.Case(length + 4):
                m.d.comb += byte.eq(crc[:8])
            with m.Default():
                m.d.comb += byte.eq(output)
        return byte
