"""Whether the unit on a board is right: random sums, there and in the golden model."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fp8mac.gen.boards.host import BoardLink
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.stimuli import biased_triples, integers
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.segments import resolved

__all__ = ["BoardCheck", "board_sums", "check_board", "fault_of"]

_MOST = 64
_LONG = 300
"""Products of every sixteenth sum: more than a frame holds."""

Steps = list[tuple[int, int]]


@dataclass(frozen=True)
class BoardCheck:
    """What came of checking a board.

    Parameters
    ----------
    sums : int
        Sums that were compared.
    products : int
        Products in them.
    wrong : int
        Sums that were not right.
    first : str
        The first of those, in a line; empty if there is none.
    repeats : int
        Sums that were asked for again, since something did not come through.
    seconds : float
        Time on the line.
    """

    sums: int
    products: int
    wrong: int
    first: str
    repeats: int
    seconds: float

    @property
    def products_per_second(self) -> float:
        """Throughput of the line and the board together."""
        return self.products / self.seconds if self.seconds else 0.0


def board_sums(config: MacConfig, count: int, seed: int) -> Iterator[Steps]:
    """Sums of 1 to 64 steps, every sixteenth of 300; operands weighted to rare cases.

    Equal seeds give equal sums.
    """
    lengths = np.random.default_rng([seed, 2]).integers(1, _MOST, count, endpoint=True)
    lengths[15::16] = _LONG
    ends = [0, *np.cumsum(lengths).tolist()]
    a, b, _ = biased_triples(config, ends[-1], seed)
    pairs = list(zip(integers(a), integers(b), strict=True))
    for first, last in pairwise(ends):
        yield pairs[first:last]


def fault_of(config: MacConfig, steps: Steps, found: dict[str, int]) -> str:
    """What is wrong with the outputs after a sum; empty if nothing is."""
    state = golden.reset(config)
    for index, (a, b) in enumerate(steps):
        state = golden.step(config, state, a, b, clear=index == 0)
    table = ports(config, Shape.UNIT)
    wanted = dict(zip(config.flags, map(int, state.flags), strict=True))
    got = {name: found[name] for name in wanted}
    if state.acc is not None:
        (result,) = named(table, Role.RESULT)
        wanted[result] = state.acc
        carries = [found[name] for name in named(table, Role.CARRY)]
        got[result] = resolved(config, found[result], *carries) if carries else found[result]
        for total in named(table, Role.SUM):
            wanted[total], got[total] = state.acc, found[total]
    if config.output is not None and (code := golden.leave(config, state)) is not None:
        (out,) = named(table, Role.OUTPUT)
        wanted[out], got[out] = code, found[out]
    return "; ".join(
        f"{name} is {got[name]:#x} and should be {want:#x}"
        for name, want in wanted.items()
        if got[name] != want
    )


def check_board(
    config: MacConfig,
    link: BoardLink,
    count: int,
    seed: int,
    *,
    progress: Callable[[int], None] = lambda products: None,
) -> BoardCheck:
    """Compare sums on a board with the golden model.

    Parameters
    ----------
    count : int
        Number of sums.
    progress : callable
        Called after each sum with its number of products.

    Raises
    ------
    BoardError
        If the board is gone, does not answer, or has another unit.
    """
    products = wrong = 0
    first, seconds = "", 0.0
    for number, steps in enumerate(board_sums(config, count, seed)):
        begun = time.perf_counter()
        found = link.sum(steps)
        seconds += time.perf_counter() - begun
        products += len(steps) * config.products_per_cycle
        if fault := fault_of(config, steps, found):
            wrong += 1
            first = first or f"sum {number}, {len(steps)} steps: {fault}"
        progress(len(steps))
    return BoardCheck(count, products, wrong, first, link.repeats, seconds)
