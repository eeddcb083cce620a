"""Looking further for a better netlist: chance picks scripts, for as long as there is time.

Every attempt begins at the design or at the best netlist so far, restructures it once or more, and
maps it as the flow does. Nothing that is found is worse than what it began with, and the winner is
proved equal to the design like any other.
"""

import time
from collections.abc import Callable
from random import Random

from fp8mac.gen.yosys import Yosys, YosysError
from fp8mac.hw.config.structure import Goal
from fp8mac.synth_reports.synth.synthesis import (
    Flow,
    Logic,
    Synthesis,
    SynthesisError,
    map_logic,
    prove,
    read_logic,
)

__all__ = ["improve"]

_SHAKES = {
    Goal.AREA: (
        "dch -f; map -a; strash",
        "dch -f; amap; strash",
        "dch -f; if -K 2 -a; mfs2 -a -e; strash",
        "ifraig; scorr",
        "dc2",
        "resub -K 8",
        "refactor -z",
        "rewrite -z",
        "balance",
    ),
    Goal.SPEED: (
        "dch; map; strash",
        "dch -f; map; strash",
        "if -g; strash",
        "if -g -K 6; strash",
        "balance",
        "dch; if -K 2; strash",
        "resub -K 6",
    ),
}
_BATCH = 2
_FAILURES = 5


def improve(
    start: Synthesis,
    rtlil: str,
    top: str,
    flow: Flow,
    yosys: Yosys,
    *,
    seconds: float,
    progress: Callable[[Synthesis], None] = lambda best: None,
    clock: Callable[[], float] = time.monotonic,
) -> Synthesis:
    """Best netlist that is found in a time; the last attempts may take a little longer.

    Parameters
    ----------
    start : Synthesis
        What `synthesize` made of it.
    seconds : float
        Time to look; the attempts are the same ones every time, but not how many there are.
    progress : callable
        Called with the best netlist so far.
    clock : callable
        Seconds since whenever.

    Raises
    ------
    YosysError, SynthesisError
        If ABC stops again and again, or the winner is not proved.
    """
    logic = read_logic(rtlil, top, flow.name, front=flow.front, techmap=flow.techmap, yosys=yosys)
    end, chance, best = clock() + seconds, Random(1), start
    failures = 0
    while clock() < end:
        scripts = tuple(_script(flow, chance) for _ in range(_BATCH))
        begin = logic if chance.random() < 0.3 else Logic(best.netlist, logic.flip_flops)
        try:
            best = min([best, *map_logic(begin, top, flow, scripts, yosys)], key=flow.rank)
        except (YosysError, SynthesisError):
            failures += 1  # a command that this netlist is not made for
            if failures > _FAILURES:
                raise
        progress(best)
    if best is not start:
        prove(best, logic, top, flow, yosys)
    return best


def _script(flow: Flow, chance: Random) -> str:
    """Restructure, then one of the flow's own scripts, which begins with ``strash``."""
    shakes = [chance.choice(_SHAKES[flow.goal]) for _ in range(chance.randint(1, 3))]
    return "; ".join(["strash", *shakes, chance.choice(flow.scripts).replace("\n", "; ")])
