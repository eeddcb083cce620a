"""The smallest circuit that is fast enough, found among the structures of a unit.

Every structure is mapped for area first: no mapping of it is smaller, and often enough one is fast
already. Then the structures are mapped to the delay, from the one with the smallest bound up, until
the next bound is above what was found::

    GE   |  x                 x  to a rung
         |    x   x           o  for area: the bound
         |      x     x
         |         x  .  x - - - - - o   lean
         |            .    x
         |            .       x - - - - - - - o   area
         +------------+------------------------> delay
                      wanted

Mappings are kept, so they are made to *rungs*, delays that do not depend on what is wanted: 24 to
an octave of the library's FO4. One further below what is wanted may be smaller by chance, so a few
of the best structures are looked at; one just above counts where its netlist is faster than it had
to be.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import floor, inf, log2

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Structure, structures_of
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.measure import Bench, Design, Measurement

__all__ = ["Choice", "Ladder", "choose"]

_RUNGS = 24
"""Rungs in an octave."""

_BELOW = 3
"""Rungs below the last one within the delay that are looked at for the best structures."""

_BEST = 2
"""How many those are."""

_BOUND = 0.97
"""Share of a structure's area for area that none of its mappings was seen to be below."""


@dataclass(frozen=True)
class Choice:
    """The circuit that was chosen.

    Parameters
    ----------
    measured : Measurement
        The mapped design; its ``goal`` is the structure.
    delay_ps : float
        What was wanted, in the library's unit of time.
    """

    measured: Measurement
    delay_ps: float

    @property
    def structure(self) -> Structure:
        """How it is built."""
        return Structure.of(self.measured.design.goal)

    @property
    def met(self) -> bool:
        """Whether it is fast enough; else there is nothing faster."""
        return _delay(self.measured) <= self.delay_ps


@dataclass(frozen=True)
class Ladder:
    """Rungs of a library.

    Parameters
    ----------
    fo4_ps : float
        Its unit of delay.
    """

    fo4_ps: float

    def rung(self, number: int) -> float:
        """Delay of a rung; number 0 is one FO4."""
        return round(self.fo4_ps * 2 ** (number / _RUNGS), 3)

    def last(self, delay_ps: float) -> int:
        """Number of the last rung within a delay."""
        return floor(_RUNGS * log2(delay_ps / self.fo4_ps) + 1e-9)

    def between(self, low_ps: float, high_ps: float, step: int = 1) -> list[float]:
        """Rungs from the first above one delay to the last below another, or every few of them."""
        first, last = self.last(low_ps) + 1, self.last(high_ps)
        return [self.rung(number) for number in range(first, last + 1) if number % step == 0]


def choose(
    bench: Bench,
    config: MacConfig,
    shape: Shape,
    library: str,
    *,
    delay_ps: float,
    ladder: Ladder,
    force: bool = False,
    progress: Callable[[Design], None] = lambda design: None,
) -> Choice:
    """Find the smallest circuit that is fast enough, or else the fastest one.

    Parameters
    ----------
    bench : Bench
        What measures.
    library : str
        Name of the library that counts.
    delay_ps : float
        What is wanted, in its unit of time.
    ladder : Ladder
        Its rungs.
    force : bool
        Whether to measure anew what is in the store.
    progress : callable
        Called with each design that was measured.

    Raises
    ------
    ConfigError, YosysError, SynthesisError
        As `Bench.measure`.
    """

    def measure(designs: Iterator[Design] | list[Design]) -> list[Measurement]:
        return list(bench.measure(designs, force=force, progress=progress).values())

    design = Design(config, shape, library=library)
    structures = [replace(design, goal=each) for each in structures_of(config)]
    bounds = sorted(measure([replace(each, delay_ps=inf) for each in structures]), key=_area)
    found = list(bounds)

    def smallest() -> Measurement | None:
        fast = [each for each in found if _delay(each) <= delay_ps]
        return min(fast, key=_rank, default=None)

    def to(design: Design, *numbers: int) -> list[Design]:
        return [replace(design, delay_ps=ladder.rung(number)) for number in numbers]

    last = ladder.last(delay_ps)
    tried: list[Measurement] = []
    for bound in bounds:
        best = smallest()
        if best is not None and _area(bound) * _BOUND >= _area(best):
            break
        if _delay(bound) > delay_ps:  # else nothing of it is smaller
            tried += measure(to(bound.design, last, last + 1))
            found = bounds + tried
    close = sorted((each for each in tried if _delay(each) <= delay_ps), key=_rank)
    below = range(last - 1, last - 1 - _BELOW, -1)
    for structure in list(dict.fromkeys(each.design.goal for each in close))[:_BEST]:
        found += measure(to(replace(design, goal=structure), *below))
    best = smallest()
    if best is None:
        found += measure([replace(each, delay_ps=0.0) for each in structures])
        best = smallest() or min(found, key=lambda each: (_delay(each), _area(each)))
    return Choice(best, delay_ps)


def _area(measured: Measurement) -> float:
    assert measured.synthesis.area is not None
    return measured.synthesis.area


def _delay(measured: Measurement) -> float:
    assert measured.synthesis.delay_ps is not None
    return measured.synthesis.delay_ps


def _rank(measured: Measurement) -> tuple[float, float]:
    return _area(measured), _delay(measured)
