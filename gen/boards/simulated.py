"""A board without a board: the design behind its serial line, simulated, at a pseudo-terminal.

The host opens a pseudo-terminal as it opens a serial port. The other end is here: its bytes are
put on the line of the bridge bit by bit, in Amaranth's simulator, and what the bridge sends is
taken from its line bit by bit. The simulated clock stands still while nothing is said.
"""

import os
import select
import threading
from contextlib import suppress
from typing import Any

from amaranth.sim import Simulator

from fp8mac.gen.boards.boards import BoardError
from fp8mac.gen.boards.bridge import Bridge
from fp8mac.gen.boards.frames import LinkLayout
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig

__all__ = ["ANSWER_SECONDS", "SimulatedBoard"]

ANSWER_SECONDS = 120.0
"""How long a host may wait for an answer: a long request to a wide unit takes that, simulated."""

_DIVISOR = 4
_BYTE_CYCLES = 10 * _DIVISOR


class SimulatedBoard:
    """A unit at a pseudo-terminal; a context manager, inside of which it runs.

    Parameters
    ----------
    config : MacConfig
        The unit.
    goal : Goal or Structure
        What it is built for.

    Attributes
    ----------
    port : str
        Name of the pseudo-terminal.

    Raises
    ------
    ConfigError
        If there is no circuit for the unit, or it takes scales.
    BoardError
        If the system has no pseudo-terminals.
    """

    def __init__(self, config: MacConfig, goal: Built = Goal.FPGA) -> None:
        try:
            import pty
            import tty
        except ImportError:
            raise BoardError(
                "A simulated board needs pseudo-terminals; Windows has none."
            ) from None
        _ = LinkLayout(config).operands  # of what frames do not hold, before there is a bridge
        self._bridge = Bridge(config, goal, divisor=_DIVISOR)
        self._end, self._far = pty.openpty()
        tty.setraw(self._far)
        self.port = os.ttyname(self._far)
        self._quiet = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "SimulatedBoard":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()
        self._thread.join()

    def unplug(self) -> None:
        """Pull the cable: the host finds no board any more."""
        self._over.set()
        for end in ("_end", "_far"):
            with suppress(OSError):
                os.close(getattr(self, end))

    def _run(self) -> None:
        simulator = Simulator(self._bridge)
        simulator.add_clock(1e-6)
        simulator.add_testbench(self._to_board)
        simulator.add_testbench(self._from_board, background=True)
        simulator.run()

    def _read(self, seconds: float) -> bytes:
        """Bytes from the host, for which it may wait."""
        try:
            ready, _, _ = select.select([self._end], [], [], seconds)
            return os.read(self._end, 4096) if ready else b""
        except (OSError, ValueError):  # unplugged
            self._over.set()
            return b""

    async def _to_board(self, ctx: Any) -> None:
        ctx.set(self._bridge.rx, 1)
        while not self._over.is_set():
            at_rest = self._quiet > 3 * _BYTE_CYCLES
            for byte in self._read(0.1 if at_rest else 0):
                for bit in (0, *(byte >> place & 1 for place in range(8)), 1):
                    ctx.set(self._bridge.rx, bit)
                    await ctx.tick().repeat(_DIVISOR)
                self._quiet = 0
            if not at_rest:
                await ctx.tick().repeat(_DIVISOR)
                self._quiet += _DIVISOR

    async def _from_board(self, ctx: Any) -> None:
        while True:
            await ctx.negedge(self._bridge.tx)
            await ctx.tick().repeat(_DIVISOR // 2)
            byte = 0
            for place in range(8):
                await ctx.tick().repeat(_DIVISOR)
                byte |= ctx.get(self._bridge.tx) << place
            self._quiet = 0
            with suppress(OSError):  # unplugged
                os.write(self._end, bytes([byte]))
