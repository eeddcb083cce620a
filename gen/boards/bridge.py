"""A unit behind a serial line: the board's side of `fp8mac.gen.boards.frames`."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import enum, wiring
from amaranth.lib.crc.catalog import CRC16_IBM_3740
from amaranth.lib.wiring import In, Out

from fp8mac.gen.boards.frames import IDENTITY_BYTES, Ask, LinkLayout
from fp8mac.gen.boards.uart import FrameReceiver, FrameTransmitter
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.units.mac import Mac

__all__ = ["AnswerSender", "Bridge", "RequestReader"]

_DRAIN_CYCLES = 4
"""Cycles from the last step to the outputs, beside the unit's latency."""


def _crc() -> Any:
    """CRC of a frame; Amaranth's, which has no type."""
    return CRC16_IBM_3740(data_width=8).create()


class _At(enum.Enum):
    """Where in a request a reader is."""

    REST = 0
    HEAD = 1
    STEPS = 2
    OPERANDS = 3
    CRC_HIGH = 4
    CRC_LOW = 5


class RequestReader(wiring.Component):
    """Steps out of the bytes of requests.

    Operands of a step are shifted into a register, a byte at a time.

    Parameters
    ----------
    step_bytes : int
        Bytes of a step.

    Members
    -------
    begins : :py:`In(1)`
        A request begins; what was before it is forgotten.
    data, valid : :py:`In(8)`, :py:`In(1)`
        Its bytes.
    operands : :py:`Out(8 * step_bytes)`
        Operands of a step.
    enable, clear : :py:`Out(1)`
        The operands are a step, for a cycle; it begins a sum.
    head : :py:`Out(8)`
        Head of the request.
    done : :py:`Out(1)`
        A request has come, for a cycle.
    damaged : :py:`Out(1)`
        Its CRC is wrong; a cycle after ``done``, and until the next request.
    """

    begins: Signal
    data: Signal
    valid: Signal
    operands: Signal
    enable: Signal
    clear: Signal
    head: Signal
    done: Signal
    damaged: Signal

    def __init__(self, step_bytes: int) -> None:
        self._step_bytes = step_bytes
        inputs = {"begins": In(1), "data": In(8), "valid": In(1)}
        step = {"operands": Out(8 * step_bytes), "enable": Out(1), "clear": Out(1)}
        super().__init__(
            {**inputs, **step, "head": Out(8), "done": Out(1), "damaged": Out(1)},
        )

    @property
    def step_bytes(self) -> int:
        """Bytes of a step."""
        return self._step_bytes

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.crc = crc = _crc()
        m.d.comb += [crc.start.eq(self.begins), crc.valid.eq(self.valid), crc.data.eq(self.data)]
        m.d.comb += self.damaged.eq(~crc.match_detected)
        at = Signal(_At)
        steps, place = Signal(8), Signal(range(self._step_bytes))
        m.d.sync += self.enable.eq(0)
        with m.If(self.enable):
            m.d.sync += self.clear.eq(0)
        with m.If(self.valid), m.Switch(at):
            with m.Case(_At.HEAD):
                m.d.sync += [self.head.eq(self.data), at.eq(_At.STEPS)]
                m.d.sync += self.clear.eq(self.data[6:] == Ask.BEGIN)
            with m.Case(_At.STEPS):
                m.d.sync += [steps.eq(self.data), place.eq(0)]
                m.d.sync += at.eq(Mux(self.data == 0, _At.CRC_HIGH, _At.OPERANDS))
            with m.Case(_At.OPERANDS):
                m.d.sync += self.operands.eq(Cat(self.operands[8:], self.data))
                m.d.sync += place.eq(place + 1)
                with m.If(place == self._step_bytes - 1):
                    m.d.sync += [place.eq(0), self.enable.eq(1), steps.eq(steps - 1)]
                    with m.If(steps == 1):
                        m.d.sync += at.eq(_At.CRC_HIGH)
            with m.Case(_At.CRC_HIGH):
                m.d.sync += at.eq(_At.CRC_LOW)
            with m.Case(_At.CRC_LOW):
                m.d.comb += self.done.eq(1)
                m.d.sync += at.eq(_At.REST)
        with m.If(self.begins):
            m.d.sync += at.eq(_At.HEAD)
        return m


class AnswerSender(wiring.Component):
    """Bytes of answers.

    Parameters
    ----------
    identity : int
        Of the unit.
    output_bytes : int
        Bytes of its outputs.

    Members
    -------
    start : :py:`In(1)`
        Send an answer.
    stop : :py:`In(1)`
        Send no more of it.
    head : :py:`In(8)`
        Its head, until it is sent.
    outputs : :py:`In(8 * output_bytes)`
        Outputs of the unit, in the cycle of ``start``.
    begins, data, valid, taken : :py:`Out(1)`, :py:`Out(8)`, :py:`Out(1)`, :py:`In(1)`
        Bytes, as a `FrameTransmitter` takes them.
    """

    start: Signal
    stop: Signal
    head: Signal
    outputs: Signal
    begins: Signal
    data: Signal
    valid: Signal
    taken: Signal

    def __init__(self, identity: int, output_bytes: int) -> None:
        self._identity, self._output_bytes = identity, output_bytes
        given = {"head": In(8), "outputs": In(8 * output_bytes)}
        sent = {"begins": Out(1), "data": Out(8), "valid": Out(1), "taken": In(1)}
        super().__init__({"start": In(1), "stop": In(1), **given, **sent})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.crc = crc = _crc()
        length = IDENTITY_BYTES + self._output_bytes
        last = length + 4
        index = Signal(range(last + 1))  # of a byte; 0 is the one that begins the answer
        held = Signal(8 * self._output_bytes)
        identity = Const(self._identity, 8 * IDENTITY_BYTES)
        m.d.comb += [
            self.begins.eq(index == 0),
            crc.start.eq(self.begins),
            crc.data.eq(self.data),
            crc.valid.eq(self.taken & ~self.begins & (index < last - 1)),
        ]
        with m.Switch(index):
            with m.Case(1):
                m.d.comb += self.data.eq(self.head)
            with m.Case(2):
                m.d.comb += self.data.eq(length)
            for number in range(IDENTITY_BYTES):
                with m.Case(3 + number):
                    m.d.comb += self.data.eq(identity.word_select(number, 8))
            with m.Case(last - 1):
                m.d.comb += self.data.eq(crc.crc[8:])
            with m.Case(last):
                m.d.comb += self.data.eq(crc.crc[:8])
            with m.Default():
                m.d.comb += self.data.eq(held[:8])
        with m.If(self.taken):
            m.d.sync += index.eq(index + 1)
            with m.If(index > 2 + IDENTITY_BYTES):
                m.d.sync += held.eq(held[8:])
            with m.If(index == last):
                m.d.sync += self.valid.eq(0)
        with m.If(self.start):
            m.d.sync += [self.valid.eq(1), index.eq(0), held.eq(self.outputs)]
        with m.If(self.stop):
            m.d.sync += self.valid.eq(0)
        return m


class Bridge(wiring.Component):
    """A registered unit between the two ends of a serial line.

    A step enables the unit for a cycle. An answer follows its request at once; the beginning of the
    next request ends it.

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
        super().__init__({"rx": In(1), "tx": Out(1)})

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
        m.submodules.request = request = RequestReader(layout.step_bytes)
        m.submodules.answer = answer = AnswerSender(layout.identity, layout.output_bytes)
        m.d.comb += [
            received.line.eq(self.rx),
            request.begins.eq(received.begins),
            request.data.eq(received.data),
            request.valid.eq(received.valid),
            unit.en.eq(request.enable),
            unit.clear.eq(request.clear),
        ]
        offset = 0
        for name, size in layout.operands.items():
            port = getattr(unit, name)
            m.d.comb += port.eq(request.operands[offset : offset + len(port)])
            offset += 8 * size
        drained = self.config.latency_cycles + _DRAIN_CYCLES
        drain = Signal(range(drained + 1))
        with m.If(request.done):
            m.d.sync += drain.eq(drained)
        with m.Elif(drain != 0):
            m.d.sync += drain.eq(drain - 1)
        ask = Mux(request.damaged, Ask.DAMAGED, request.head[6:])
        m.d.comb += [
            answer.start.eq(drain == 1),
            answer.stop.eq(received.begins),
            answer.head.eq(Cat(request.head[:6], ask)),
            answer.outputs.eq(Cat(getattr(unit, name) for name in layout.outputs)),
            sent.begins.eq(answer.begins),
            sent.data.eq(answer.data),
            sent.valid.eq(answer.valid),
            answer.taken.eq(sent.taken),
            self.tx.eq(sent.line),
        ]
        return m
