"""What a matrix product is, one element after the other, in the scalar golden model.

This defines sums of any length; the fast back ends of `fp8mac.sim.gemm.gemm` are compared with it.
What happens in a step stands in `fp8mac.sim.exact.steps`::

    groups of `lanes` products --(align, cut)--> acc = round(acc + p + p + ... + p)

or, with a tree of adders of which each rounds::

    p0 --+
         (+)--+
    p1 --+    |
              (+)-- acc = round(acc + root)
    p2 --+    |
         (+)--+
    p3 --+
"""

from collections.abc import Callable, Sequence

from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.golden import State
from fp8mac.sim.exact.steps import step as add_step

__all__ = ["Draw", "dot", "steps"]

Draw = Callable[[int, int], int]
"""Random number of a step, of a width in bits."""


def dot(
    config: MacConfig,
    a: Sequence[int],
    b: Sequence[int],
    start: State | None = None,
    *,
    scales: tuple[Sequence[int], Sequence[int]] | None = None,
    random: Draw | None = None,
) -> State:
    """Accumulator after all products ``a[k] * b[k]``, in order of ``k``.

    ``config.summation`` says how many there are in a step, and what a step is, see
    `fp8mac.sim.exact.steps.step`. Of sums it says

    ===========  ===================================================================================
    chunk        Partial sums of so many products start from zero; each is then added, with one
                 rounding, to the outer accumulator, which starts from ``start``.
    deal         The products of a chunk come into its steps in turns, in runs.
    ===========  ===================================================================================

    Parameters
    ----------
    config : MacConfig
        The unit.
    a, b : sequence of int
        Codes, equally many.
    start : State, optional
        What ``config.result`` holds before; default `fp8mac.sim.exact.golden.reset`.
    scales : pair of sequences of int, optional
        Codes of the scales of the blocks of ``a`` and ``b``.
    random : callable, optional
        Random number of stochastic rounding, by step and width. Steps are counted from 0, in all
        chunks together; those that add partial sums are -1, -2 and so on.
    """
    lanes, chunk = config.summation.lanes, config.summation.chunk
    state = start or golden.reset(config.result)
    each = None
    if scales is not None and config.block is not None:
        size = config.block.size
        each = [(scales[0][k // size], scales[1][k // size]) for k in range(len(a))]

    def summed(state: State, places: range, first_step: int) -> State:
        for number, step in enumerate(steps(config, places), first_step):
            drawn = _drawn(config, random, number)
            new = add_step(
                config,
                state.acc or 0,
                [a[k] for k in step],
                [b[k] for k in step],
                None if each is None else [each[k] for k in step],
                random=drawn,
            )
            flags = tuple(up or now for up, now in zip(state.flags, new.flags, strict=True))
            state = State(None if True in flags else new.acc, flags)
        return state

    if chunk is None:
        return summed(state, range(len(a)), 0)
    for number, first in enumerate(range(0, len(a), chunk)):
        places = range(first, min(first + chunk, len(a)))
        partial = summed(golden.reset(config.plain), places, number * -(-chunk // lanes))
        state = _promoted(config, state, partial, step=-1 - number, random=random)
    return state


def steps(config: MacConfig, places: range) -> list[list[int]]:
    """Places of the products of each step of a sum, or of a chunk."""
    deal, lanes = config.summation.deal, config.summation.lanes
    if deal is None:
        return [list(places[first : first + lanes]) for first in range(0, len(places), lanes)]
    dealt = [
        [place for k, place in enumerate(places) if k // deal.run % deal.ways == way]
        for way in range(deal.ways)
    ]
    return [step for step in dealt if step]


def _drawn(config: MacConfig, random: Draw | None, step: int) -> int | None:
    """Random number of a step, where one is needed."""
    bits = getattr(config.accumulator, "random_bits", None)
    return random(step, bits) if random and bits else None


def _promoted(
    config: MacConfig,
    state: State,
    partial: State,
    *,
    step: int,
    random: Draw | None,
) -> State:
    """What the outer accumulator holds after a partial sum was added to it."""
    flags = tuple(up or now for up, now in zip(state.flags, partial.flags, strict=True))
    if True in flags:
        return State(None, flags)
    return golden.add_products(
        config.result,
        state.acc or 0,
        [golden.read(config.plain, partial.acc or 0)],
        random=_drawn(config.result, random, step),
    )
