"""A serial line: bytes of eight bits, no parity, one stop bit; and frames of such bytes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from fp8mac.gen.boards.frames import BEGIN_BYTE, ESCAPE_BYTE, ESCAPE_XOR

__all__ = ["FrameReceiver", "FrameTransmitter", "SerialReceiver", "SerialTransmitter"]


class SerialReceiver(wiring.Component):
    """Bytes out of a serial line; a byte whose stop bit is missing is dropped.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit, at least 4.

    Members
    -------
    line : :py:`In(1)`
        The line, high at rest; of any clock.
    data : :py:`Out(8)`
        Byte, for the cycle in which ``valid`` is high.
    valid : :py:`Out(1)`
        A byte has come.
    """

    line: Signal
    data: Signal
    valid: Signal

    def __init__(self, divisor: int) -> None:
        self._divisor = divisor
        super().__init__({"line": In(1), "data": Out(8), "valid": Out(1)})

    @property
    def divisor(self) -> int:
        """Clock cycles of a bit."""
        return self._divisor

    def elaborate(self, platform: object) -> Module:
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.line, line, init=1)
        left = Signal(range(self._divisor))  # cycles to the next sample
        bits = Signal(range(10))  # samples to come
        shift = Signal(8)
        m.d.comb += self.data.eq(shift)
        with m.If(bits == 0), m.If(~line):  # start bit: sample it in its middle
            m.d.sync += [bits.eq(10), left.eq(self._divisor // 2 - 1)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.sync += [left.eq(self._divisor - 1), bits.eq(bits - 1)]
            with m.If(bits == 10), m.If(line):  # no start bit after all
                m.d.sync += bits.eq(0)
            with m.Elif(bits != 1):
                m.d.sync += shift.eq(Cat(shift[1:], line))
            with m.Else():
                m.d.comb += self.valid.eq(line)
        return m


class SerialTransmitter(wiring.Component):
    """Bytes into a serial line.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit.

    Members
    -------
    data : :py:`In(8)`
        Byte to send.
    valid : :py:`In(1)`
        There is one; it is taken in a cycle in which ``ready`` is high.
    ready : :py:`Out(1)`
        The line is free.
    line : :py:`Out(1)`
        The line, high at rest.
    """

    data: Signal
    valid: Signal
    ready: Signal
    line: Signal

    def __init__(self, divisor: int) -> None:
        self._divisor = divisor
        members = {"data": In(8), "valid": In(1), "ready": Out(1), "line": Out(1)}
        super().__init__(members)

    @property
    def divisor(self) -> int:
        """Clock cycles of a bit."""
        return self._divisor

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = Signal(range(self._divisor))
        bits = Signal(range(11))
        shift = Signal(9, init=0x1FF)
        m.d.comb += [self.ready.eq(bits == 0), self.line.eq(shift[0])]
        with m.If(self.ready), m.If(self.valid):
            m.d.sync += shift.eq(Cat(Const(0, 1), self.data))
            m.d.sync += [bits.eq(10), left.eq(self._divisor - 1)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.Else():
            m.d.sync += [left.eq(self._divisor - 1), bits.eq(bits - 1)]
            m.d.sync += shift.eq(Cat(shift[1:], Const(1, 1)))
        return m


class FrameReceiver(wiring.Component):
    """Bytes of frames out of a serial line, without escapes, see `fp8mac.gen.boards.frames`.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit.

    Members
    -------
    line : :py:`In(1)`
        The line.
    begins : :py:`Out(1)`
        A frame begins.
    data : :py:`Out(8)`
        Byte of a frame.
    valid : :py:`Out(1)`
        There is one, for a cycle.
    """

    line: Signal
    begins: Signal
    data: Signal
    valid: Signal

    def __init__(self, divisor: int) -> None:
        self._serial = SerialReceiver(divisor)
        members = {"line": In(1), "begins": Out(1), "data": Out(8), "valid": Out(1)}
        super().__init__(members)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.serial = serial = self._serial
        begins, escape, escaped = Signal(), Signal(), Signal()
        m.d.comb += [
            serial.line.eq(self.line),
            begins.eq(serial.data == BEGIN_BYTE),
            escape.eq(serial.data == ESCAPE_BYTE),
            self.begins.eq(serial.valid & begins),
            self.valid.eq(serial.valid & ~begins & ~escape),
            self.data.eq(serial.data ^ Mux(escaped, ESCAPE_XOR, 0)),
        ]
        with m.If(serial.valid):
            m.d.sync += escaped.eq(escape)
        return m


class FrameTransmitter(wiring.Component):
    """Bytes of frames into a serial line, with escapes.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit.

    Members
    -------
    begins : :py:`In(1)`
        Begin a frame; ``data`` is nothing then.
    data : :py:`In(8)`
        Byte of a frame, held until it is taken.
    valid : :py:`In(1)`
        There is something to send.
    taken : :py:`Out(1)`
        It is taken in this cycle.
    line : :py:`Out(1)`
        The line.
    """

    begins: Signal
    data: Signal
    valid: Signal
    taken: Signal
    line: Signal

    def __init__(self, divisor: int) -> None:
        self._serial = SerialTransmitter(divisor)
        members = {"begins": In(1), "data": In(8), "valid": In(1)}
        super().__init__({**members, "taken": Out(1), "line": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.serial = serial = self._serial
        special, follows = Signal(), Signal()  # behind an escape
        m.d.comb += [
            self.line.eq(serial.line),
            special.eq((self.data == BEGIN_BYTE) | (self.data == ESCAPE_BYTE)),
            serial.valid.eq(self.valid),
            self.taken.eq(self.valid & serial.ready & (self.begins | follows | ~special)),
        ]
        with m.If(self.begins):
            m.d.comb += serial.data.eq(BEGIN_BYTE)
        with m.Elif(follows):
            m.d.comb += serial.data.eq(self.data ^ ESCAPE_XOR)
        with m.Elif(special):
            m.d.comb += serial.data.eq(ESCAPE_BYTE)
        with m.Else():
            m.d.comb += serial.data.eq(self.data)
        with m.If(self.valid & serial.ready):
            m.d.sync += follows.eq(special & ~follows & ~self.begins)
        with m.If(~self.valid):
            m.d.sync += follows.eq(0)
        return m
