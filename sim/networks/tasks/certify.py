"""Layer by layer: how far sums can be from exact ones, and whether one can overflow.

What is proved holds for every input, or for activations within the range that some questions had.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.claims.bounds import Bounds, bound, check_bounded
from fp8mac.sim.networks.engines.engine import Calibrated, Recipe, UnitEngine
from fp8mac.sim.networks.tasks.tasks import Task

__all__ = ["LayerBound", "certify", "guard_bits"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LayerBound:
    """A product with weights; errors are in units of its largest exact sum in the questions.

    Parameters
    ----------
    name : str
        The network's name for it.
    terms, outputs : int
        Length of its sums, and how many weights' columns there are.
    largest_sum : float
        In units of the codes' values.
    measured_error : float
        The largest one in the questions.
    seen_error, any_error : float or None
        Bounds for activations within the range of the questions, term by term; and for any codes.
        None where it is not proved that no sum overflows.
    sum_bits : int
        Width of two's complement that no exact sum of any codes leaves, from the last bit that the
        layer's products have.
    guard_bits : int
        Fewest of a ``kulisch`` accumulator that no sum of any codes leaves.
    window_bits : int
        Window in which no term is ever cut, for any codes.
    """

    name: str
    terms: int
    outputs: int
    largest_sum: float
    measured_error: float
    seen_error: float | None
    any_error: float | None
    sum_bits: int
    guard_bits: int
    window_bits: int


@dataclass
class _Seen:
    """A layer in the questions."""

    weights: Array
    low: Array
    high: Array
    largest: float = 0.0
    error: float = 0.0

    def add(self, a: Array, sums: Array) -> None:
        exact = a @ self.weights
        self.low = np.minimum(self.low, a.min(0))
        self.high = np.maximum(self.high, a.max(0))
        self.largest = max(self.largest, float(np.abs(exact).max(initial=0)))
        self.error = max(self.error, float(np.abs(sums - exact).max(initial=0)))


def certify(
    task: Task, recipe: Recipe, calibrated: Calibrated, questions: Sequence[int] = range(32)
) -> list[LayerBound]:
    """Bounds of every product with weights, in the order in which they are first computed.

    Parameters
    ----------
    task : Task
        Network and data.
    recipe, calibrated
        As in `fp8mac.sim.networks.engines.engine.UnitEngine`.
    questions : sequence of int
        The questions that give ranges, and errors to compare with.

    Raises
    ------
    ConfigError
        If nothing is known of sums of the unit.
    """
    check_bounded(recipe.config)
    seen: dict[str, _Seen] = {}

    def watch(name: str, a: Array, b: Array, sums: Array) -> None:
        if a.ndim == 2:
            if name not in seen:
                seen[name] = _Seen(b, a.min(0), a.max(0))
            seen[name].add(a, sums)

    task.probed(UnitEngine(recipe, calibrated, watch=watch), np.array(questions))
    return [_layer(recipe.config, name, each) for name, each in seen.items()]


def _layer(config: MacConfig, name: str, seen: _Seen) -> LayerBound:
    most = np.full(len(seen.weights), float(config.a.max_magnitude) * 2.0**config.a.lsb_exponent)
    anything = bound(config, -most, most, seen.weights)
    within = bound(config, seen.low, seen.high, seen.weights)
    bits = int(anything.sum_bits.max(initial=1))
    unit, (terms, outputs) = seen.largest or 1.0, seen.weights.shape
    return LayerBound(
        name,
        terms,
        outputs,
        seen.largest,
        seen.error / unit,
        _share(within, unit),
        _share(anything, unit),
        bits,
        guard_bits(config, float(anything.largest.max(initial=0.0))),
        anything.window_bits,
    )


def guard_bits(config: MacConfig, largest: float) -> int:
    """Fewest guard bits with which a Kulisch accumulator holds a sum.

    Parameters
    ----------
    config : MacConfig
        Its operands' formats count.
    largest : float
        The sum's magnitude, in units of the codes' values.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_line
    >>> unit = parse_line("e4m3 -> kulisch:0")  # a product of 448 * 448 takes its 37 bits
    >>> [guard_bits(unit, products * 448.0**2) for products in (1, 2, 3, 11)]
    [0, 1, 2, 4]
    """
    last = 2.0 ** (config.a.lsb_exponent + config.b.lsb_exponent)
    return max(0, ceil(log2(largest / last + 1)) + 1 - config.product_bits)


def _share(found: Bounds, unit: float) -> float | None:
    return None if found.overflows.any() else float(found.error.max(initial=0.0)) / unit
