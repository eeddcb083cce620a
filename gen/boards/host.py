"""The host's side of a serial line to a board: sums of products, asked for and read."""

import importlib
import os
import time
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from fp8mac.gen.boards.boards import BoardError
from fp8mac.gen.boards.frames import IDENTITY_BYTES, MOST_STEPS, TAGS, Ask, FrameReader, LinkLayout
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.unit import MacConfig

__all__ = ["BoardLink"]

_TRIES = 4
_ANSWER_SECONDS = 1.0
"""Beside the time that the bytes take on the line; a simulated board is far slower."""


class _Damaged(Error, RuntimeError):
    """A request or an answer did not come through: the sum has to begin anew."""


class BoardLink:
    """A unit on a board at the end of a serial line; a context manager that closes the line.

    Parameters
    ----------
    config : MacConfig
        The unit that the board should have.
    port : str
        Serial port, such as ``/dev/ttyUSB1``.
    baud : int
        Bits a second.
    answer_seconds : float
        How long an answer may take, beside the time on the line.

    Raises
    ------
    BoardError
        If `pyserial` is not installed, or the port cannot be opened.
    """

    def __init__(
        self,
        config: MacConfig,
        port: str,
        baud: int = 115_200,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        try:
            serial = importlib.import_module("serial")
        except ModuleNotFoundError:
            raise BoardError(
                "A serial port needs pyserial (pip install 'fp8mac[boards]')."
            ) from None
        self._layout = LinkLayout(config)
        self._port, self._baud, self._answer_seconds = port, baud, answer_seconds
        self._faults: tuple[type[Exception], ...] = (serial.SerialException, OSError)
        if find_spec("termios"):  # whose error of a pulled cable is none of the system's
            self._faults += (importlib.import_module("termios").error,)
        self._tag = 0
        self.repeats = 0
        """Sums that were begun anew, since something did not come through."""
        try:
            self._line: Any = serial.Serial(port, baud, timeout=0.02, write_timeout=10)
        except (*self._faults, ValueError) as error:
            number = getattr(error, "errno", None)
            reason = os.strerror(number) if number else str(error)
            raise BoardError(f"Cannot open '{port}': {reason.rstrip('.')}.") from None

    def __enter__(self) -> "BoardLink":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def sum(self, steps: Sequence[tuple[int, int]]) -> dict[str, int]:
        """Outputs of the unit after a new sum of some steps, at least one.

        Parameters
        ----------
        steps : sequence of (int, int)
            Operands of each step; those of several lanes are packed.

        Returns
        -------
        dict of str to int
            Each output of the unit.

        Raises
        ------
        BoardError
            If the board is gone, does not answer, or has another unit.
        """
        if not steps:
            raise ValueError("A sum has at least one step.")
        silent = True
        for _ in range(_TRIES):
            try:
                return self._once(steps)
            except _Damaged as fault:
                silent = silent and not fault.args
                self.repeats += 1
            except self._faults:
                raise BoardError(
                    f"The board at '{self._port}' is gone; plug it in again and begin anew."
                ) from None
        if silent:
            raise BoardError(
                f"The board at '{self._port}' does not answer; is it programmed with this unit, "
                f"at {self._baud} baud?"
            )
        raise BoardError(f"The line to '{self._port}' damages what is sent.")

    def _once(self, steps: Sequence[tuple[int, int]]) -> dict[str, int]:
        outputs: dict[str, int] = {}
        for first in range(0, len(steps), MOST_STEPS):
            ask = Ask.CONTINUE if first else Ask.BEGIN
            outputs = self._ask(ask, steps[first : first + MOST_STEPS])
        return outputs

    def _ask(self, ask: Ask, steps: Sequence[tuple[int, int]]) -> dict[str, int]:
        """One request, and the outputs in its answer."""
        self._tag = (self._tag + 1) % TAGS
        request = self._layout.request(ask, self._tag, steps)
        self._line.reset_input_buffer()
        self._line.write(request)
        self._line.flush()
        reader = FrameReader()
        until = time.monotonic() + self._answer_seconds + 10 * len(request) / self._baud
        while time.monotonic() < until:
            for frame in reader.feed(self._line.read(self._line.in_waiting or 1)):
                if frame.tag != self._tag:
                    continue  # to what was given up
                identity = int.from_bytes(frame.payload[:IDENTITY_BYTES], "little")
                if identity != self._layout.identity:
                    raise BoardError(
                        f"The board at '{self._port}' has another unit ({identity:08x}) than "
                        f"{self._layout.config.text} ({self._layout.identity:08x})."
                    )
                if frame.ask != ask:
                    raise _Damaged("the request")
                return self._layout.read_outputs(frame.payload[IDENTITY_BYTES:])
        raise _Damaged
