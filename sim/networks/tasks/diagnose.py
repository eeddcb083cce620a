"""Product by product: noise, overflow, swamping, and how wide the accumulator had to be.

A product is *swamped* if it is not zero and less than half an ulp of the running sum: added alone
in that accumulator it would vanish::

    sum      1xxxxxxxxxx|              p bits
    product             |01xxxxx       nothing of it is left, but for a carry at a tie
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.networks.engines.blocks import engine_of
from fp8mac.sim.networks.engines.engine import Calibrated, Recipe
from fp8mac.sim.networks.engines.reference import Plain
from fp8mac.sim.networks.metrics import sqnr_db
from fp8mac.sim.networks.tasks.tasks import Task

__all__ = ["LayerReport", "diagnose", "needed_bits", "swamped_share"]

Array = NDArray[Any]

_PRODUCTS = 1 << 21  # looked at one by one, for each product of matrices


@dataclass(frozen=True)
class LayerReport:
    """A product of matrices in a network.

    Parameters
    ----------
    name : str
        The network's name for it.
    terms : int
        Length of its sums.
    sqnr_db : float or None
        Of its output, all noise up to there included, against float32.
    overflow_share : float
        Of its sums, those that ended infinite or NaN.
    swamped_share : float
        Of the nonzero products, those below half an ulp of the running sum; 0 in fixed point.
    needed_bits : int or None
        Width of two's complement, in units of the product's last bit, that no running sum leaves;
        None of blocks, whose products have no such bit.
    """

    name: str
    terms: int
    sqnr_db: float | None
    overflow_share: float
    swamped_share: float
    needed_bits: int | None

    def facts(self) -> dict[str, Any]:
        """As JSON types."""
        return asdict(self)


class _Watch:
    """Counts for one name."""

    def __init__(self, config: MacConfig) -> None:
        self.config = config
        self.terms = self.sums = self.overflows = self.products = self.swamped = 0
        self.bits = 1 if config.block is None else None

    def __call__(self, a: Array, b: Array, sums: Array) -> None:
        self.terms = a.shape[-1]
        self.sums += sums.size
        self.overflows += int((~np.isfinite(sums)).sum())
        left, right = (each.reshape(-1, *each.shape[-2:]) for each in (a, b))
        rows = max(1, _PRODUCTS // b.size)
        left = left[:, :: max(1, left.shape[1] // rows)][:, :rows]
        products = np.einsum("gnk,gkm->kgnm", left, right).reshape(self.terms, -1)
        running = np.cumsum(products, axis=0)
        if self.bits is not None:
            self.bits = max(self.bits, needed_bits(self.config, running))
        self.products += int((products != 0).sum())
        self.swamped += _swamped(self.config, products, running)


def diagnose(
    task: Task, recipe: Recipe, calibrated: Calibrated, questions: Sequence[int] = range(32)
) -> list[LayerReport]:
    """Report on every product of matrices, in the order in which they are first computed.

    Parameters
    ----------
    task : Task
        Network and data.
    recipe, calibrated
        As in `fp8mac.sim.networks.engines.engine.UnitEngine`.
    questions : sequence of int
        The questions that are asked.
    """
    watches: dict[str, _Watch] = {}

    def watch(name: str, a: Array, b: Array, sums: Array) -> None:
        watches.setdefault(name, _Watch(recipe.config))(a, b, sums)

    plain, unit = Plain(keep={}), engine_of(recipe, calibrated, keep={}, watch=watch)
    for engine in (plain, unit):
        task.probed(engine, np.array(questions))
    assert plain.keep is not None
    assert unit.keep is not None
    return [
        LayerReport(
            name,
            each.terms,
            _layer_sqnr(plain.keep[name], unit.keep[name]),
            each.overflows / each.sums,
            each.swamped / each.products if each.products else 0.0,
            each.bits,
        )
        for name, each in watches.items()
    ]


def needed_bits(config: MacConfig, running: Array) -> int:
    """Width of two's complement for sums in units of the product's last bit."""
    finite = np.abs(running[np.isfinite(running)])
    largest = int(np.ldexp(finite.max(initial=0.0), -config.product_lsb_exponent))
    return largest.bit_length() + 1


def swamped_share(config: MacConfig, products: Array) -> float:
    """Share of the nonzero products, added along the first axis, that are swamped."""
    nonzero = int((products != 0).sum())
    return _swamped(config, products, np.cumsum(products, axis=0)) / nonzero if nonzero else 0.0


def _swamped(config: MacConfig, products: Array, running: Array) -> int:
    if not isinstance(config.accumulator, FloatAccConfig):
        return 0
    format_ = config.accumulator.format
    before = np.vstack([np.zeros_like(running[:1]), running[:-1]])
    exponent = np.frexp(before)[1] - 1
    half_ulp = np.ldexp(0.5, np.maximum(exponent - format_.mantissa_bits, format_.lsb_exponent))
    return int(((products != 0) & (before != 0) & (np.abs(products) < half_ulp)).sum())


def _layer_sqnr(reference: list[Array], outputs: list[Array]) -> float | None:
    signal = noise = 0.0
    for one, other in zip(reference, outputs, strict=True):
        finite = np.isfinite(other)
        signal += float(np.square(one[finite], dtype=np.float64).sum())
        noise += float(np.square(one[finite].astype(np.float64) - other[finite]).sum())
    return sqnr_db(signal, noise)
