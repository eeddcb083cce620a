"""The host against a simulated board, over a pseudo-terminal: right sums, and all that may fail."""

import os
import threading

import pytest

pytest.importorskip("serial", reason="pyserial is not installed (pip install 'fp8mac[boards]')")
pytest.importorskip("pty", reason="there are no pseudo-terminals")

from fp8mac.gen.boards import checks, host
from fp8mac.gen.boards.boards import BoardError
from fp8mac.gen.boards.checks import board_sums, check_board
from fp8mac.gen.boards.frames import MOST_STEPS
from fp8mac.gen.boards.host import BoardLink
from fp8mac.gen.boards.simulated import ANSWER_SECONDS, SimulatedBoard
from fp8mac.hw.config.unit import parse_line

UNIT = parse_line("e4m3 -> kulisch:3")
TINY = parse_line("e2m1 -> kulisch:0")


class Noisy(SimulatedBoard):
    """A board with a bad cable: one bit of some of what it reads is wrong."""

    reads = 0

    def _read(self, seconds):
        data = super()._read(seconds)
        self.reads += bool(data)
        return bytes([*data[:-1], data[-1] ^ 2]) if data and self.reads % 2 == 1 else data


def test_board_is_right():
    with (
        SimulatedBoard(UNIT) as board,
        BoardLink(UNIT, board.port, 115_200, ANSWER_SECONDS) as link,
    ):
        found = check_board(UNIT, link, 3, seed=1)
    sums = list(board_sums(UNIT, 3, seed=1))
    assert (found.sums, found.products) == (3, sum(map(len, sums)))
    assert (found.wrong, found.first, found.repeats) == (0, "", 0)
    assert found.products_per_second > 0


def test_long_sums_take_several_requests():
    with (
        SimulatedBoard(TINY) as board,
        BoardLink(TINY, board.port, 115_200, ANSWER_SECONDS) as link,
    ):
        found = link.sum([(2, 2)] * (MOST_STEPS + 2))
        again = link.sum([(2, 2)])
    assert again["acc"] == 4  # 1 * 1, in units of 0.25
    assert found["acc"] == again["acc"] * (MOST_STEPS + 2) % (1 << TINY.acc_bits)


def test_every_sixteenth_sum_is_long():
    lengths = [len(each) for each in board_sums(UNIT, 40, seed=3)]
    assert lengths[15] == lengths[31] == 300 > MOST_STEPS
    assert set(lengths) - {300} <= set(range(1, 65))
    assert board_sums(UNIT, 4, 1).__next__() == board_sums(UNIT, 4, 1).__next__()


def test_wrong_sums_are_counted(monkeypatch):
    monkeypatch.setattr(checks, "fault_of", lambda config, steps, found: "acc is wrong")
    with (
        SimulatedBoard(TINY) as board,
        BoardLink(TINY, board.port, 115_200, ANSWER_SECONDS) as link,
    ):
        found = check_board(TINY, link, 2, seed=1)
    assert found.wrong == 2
    assert found.first == f"sum 0, {len(next(board_sums(TINY, 2, 1)))} steps: acc is wrong"


def test_noise_is_repeated():
    steps = next(board_sums(TINY, 1, seed=2))
    with Noisy(TINY) as board, BoardLink(TINY, board.port, 115_200, 5) as link:
        first = link.sum(steps)
        assert link.repeats >= 1
    assert checks.fault_of(TINY, steps, first) == ""


def test_another_unit_is_refused():
    other = parse_line("e2m1 -> kulisch:1")
    with SimulatedBoard(other) as board, BoardLink(TINY, board.port, 115_200, 20) as link:
        message = (
            f"The board at '{board.port}' has another unit (268dc864) than e2m1 -> kulisch:0 "
            "(518af8f2)."
        )
        with pytest.raises(BoardError) as caught:
            link.sum([(1, 1)])
    assert str(caught.value) == message


def test_cable_that_is_pulled_is_one_sentence():
    with SimulatedBoard(UNIT) as board, BoardLink(UNIT, board.port, 115_200, 20) as link:
        threading.Timer(0.5, board.unplug).start()
        with pytest.raises(BoardError) as caught:
            check_board(UNIT, link, 1000, seed=1)
    assert str(caught.value) == (
        f"The board at '{board.port}' is gone; plug it in again and begin anew."
    )


def test_silence_is_one_sentence():
    end, far = os.openpty()
    port = os.ttyname(far)
    try:
        with BoardLink(UNIT, port, 115_200, 0.05) as link, pytest.raises(BoardError) as caught:
            link.sum([(1, 1)])
    finally:
        os.close(end)
        os.close(far)
    assert str(caught.value) == (
        f"The board at '{port}' does not answer; is it programmed with this unit, at 115200 baud?"
    )


def test_port_that_is_not_there(monkeypatch):
    with pytest.raises(BoardError) as caught:
        BoardLink(UNIT, "/dev/nothing")
    assert str(caught.value) == "Cannot open '/dev/nothing': No such file or directory."
    monkeypatch.setattr(host.importlib, "import_module", _no_module)
    with pytest.raises(BoardError) as caught:
        BoardLink(UNIT, "/dev/nothing")
    assert str(caught.value) == "A serial port needs pyserial (pip install 'fp8mac[boards]')."


def _no_module(name):
    raise ModuleNotFoundError(name)


def test_no_sum_of_nothing():
    nothing = pytest.raises(ValueError, match=r"^A sum has at least one step\.$")
    with SimulatedBoard(TINY) as board, BoardLink(TINY, board.port) as link, nothing:
        link.sum([])
