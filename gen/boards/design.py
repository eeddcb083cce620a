"""A unit on a board: the top of the design that becomes a bitstream."""

from typing import Any

from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module, Signal
from amaranth.lib import io

from fp8mac.gen.boards.bridge import Bridge
from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.structure import Built
from fp8mac.hw.config.unit import MacConfig

__all__ = ["BoardDesign", "line_divisor"]


class BoardDesign(Elaboratable):
    """A bridge on a board: its serial line on the board's, its clock from the board's.

    Parameters
    ----------
    config : MacConfig
        The unit.
    goal : Goal or Structure
        What it is built for.
    baud : int
        Bits a second of the line.
    divide : int
        Power of two that the board's clock is divided by.
    """

    def __init__(self, config: MacConfig, goal: Built, *, baud: int, divide: int) -> None:
        self._config, self._goal = config, goal
        self._baud, self._divide = baud, divide

    def elaborate(self, platform: Any) -> Module:
        hertz = platform.default_clk_frequency
        divisor = line_divisor(hertz / self._divide, self._baud)
        m = Module()
        if self._divide > 1:
            pin = platform.request(platform.default_clk, dir="-")
            m.submodules.clock = clock = io.Buffer(io.Direction.Input, pin)
            m.domains.board = ClockDomain(reset_less=True)
            m.domains.sync = ClockDomain(reset_less=True)
            stages, slow = Signal(self._divide.bit_length() - 1), Signal()
            m.d.board += stages.eq(stages + 1)
            m.d.comb += [ClockSignal("board").eq(clock.i), slow.eq(stages[-1])]
            m.d.comb += ClockSignal("sync").eq(slow)
            platform.add_clock_constraint(slow, hertz / self._divide)
        uart = platform.request("uart", dir="-")
        m.submodules.rx = rx = io.Buffer(io.Direction.Input, uart.rx)
        m.submodules.tx = tx = io.Buffer(io.Direction.Output, uart.tx)
        m.submodules.bridge = bridge = Bridge(self._config, self._goal, divisor=divisor)
        m.d.comb += [bridge.rx.eq(rx.i), tx.o.eq(bridge.tx)]
        return m


def line_divisor(hertz: float, baud: int) -> int:
    """Clock cycles of a bit of the serial line.

    Raises
    ------
    ConfigError
        If the line is too fast for the clock: fewer than 4 cycles, or off by more than 2 %.
    """
    divisor = round(hertz / baud)
    if divisor < 4 or abs(hertz / divisor / baud - 1) > 0.02:
        raise ConfigError(
            f"A clock of {hertz / 1e6:g} MHz makes no {baud} baud; it is {hertz / baud:.2f} cycles "
            "a bit, and a whole number from 4 is needed, within 2 %."
        )
    return divisor
