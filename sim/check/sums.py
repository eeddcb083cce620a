"""Sums of rows by netlists: one of a step, and one that adds partial sums where there are any.

A partial sum is added to the outer accumulator as a product with one is by a unit of one lane.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import packed
from fp8mac.sim.gemm.definition import steps

__all__ = ["SumCircuits", "adder_of", "step_of"]

_ONES = FloatFormat(2, 1)  # the smallest format that has a one
_ONE = 1 << _ONES.mantissa_bits


def step_of(config: MacConfig) -> MacConfig:
    """Unit of a step, without what is done with partial sums."""
    how = replace(config.summation, chunk=None, outer=None, deal=None)
    return replace(config, summation=how)


def adder_of(config: MacConfig) -> MacConfig | None:
    """Unit that adds a partial sum to the outer accumulator; None where there are none."""
    if config.summation.chunk is None:
        return None
    assert isinstance(config.accumulator, FloatAccConfig)
    return MacConfig(config.accumulator.format, _ONES, config.result.accumulator)


@dataclass(frozen=True)
class SumCircuits:
    """Netlists of a unit.

    Parameters
    ----------
    config : MacConfig
        The unit.
    step : Netlist
        Of the core of `step_of`.
    adder : Netlist, optional
        Of the core of `adder_of`.
    """

    config: MacConfig
    step: Netlist
    adder: Netlist | None = None

    @classmethod
    def of(cls, config: MacConfig, core: Callable[[MacConfig], Netlist]) -> "SumCircuits":
        """Netlists of a unit, where ``core`` gives that of a unit's core."""
        adder = adder_of(config)
        return cls(config, core(step_of(config)), None if adder is None else core(adder))

    def sums(
        self,
        a: NDArray[Any],
        b: NDArray[Any],
        c: NDArray[Any],
        scales: tuple[NDArray[Any], NDArray[Any]] | None = None,
    ) -> NDArray[np.uint64]:
        """Accumulators after all products of each row.

        Parameters
        ----------
        a, b : ndarray of int, shape (n, k)
            Codes.
        c : ndarray of int, shape (n,)
            Accumulators before.
        scales : pair of ndarrays of int, shape (n, k / size), optional
            Codes of the scales of blocks.
        """
        total, products = c.astype(np.uint64), a.shape[1]
        chunk = self.config.summation.chunk or products
        for first in range(0, products, chunk):
            places = range(first, min(first + chunk, products))
            part = total if self.adder is None else np.zeros_like(total)
            for step in steps(self.config, places):
                given = self._scales(scales, step[0])
                part = self._step(a[:, step], b[:, step], part, given)
            if self.adder is not None:
                one = np.full(len(total), _ONE, np.uint64)
                part = self.adder.evaluate({"a": part, "b": one, "c": total})["y"][:, 0]
            total = part
        return total

    def _scales(
        self, scales: tuple[NDArray[Any], NDArray[Any]] | None, first: int
    ) -> dict[str, NDArray[np.uint64]]:
        """Scales of a step, from its first product on."""
        if scales is None or self.config.block is None:
            return {}
        block, count = first // self.config.block.size, self.config.scales_per_cycle
        words = (each[:, block : block + count].astype(np.uint64) for each in scales)
        missing = ((0, 0), (0, count))
        return {
            port: packed(np.pad(word, missing)[:, :count], 8)
            for port, word in zip(("sa", "sb"), words, strict=True)
        }

    def _step(
        self,
        a: NDArray[Any],
        b: NDArray[Any],
        c: NDArray[np.uint64],
        scales: dict[str, NDArray[np.uint64]],
    ) -> NDArray[np.uint64]:
        missing = ((0, 0), (0, self.config.products_per_cycle - a.shape[1]))
        operands = {
            name: packed(np.pad(codes, missing).astype(np.uint64), form.bits)
            for name, codes, form in (("a", a, self.config.a), ("b", b, self.config.b))
        }
        return self.step.evaluate(operands | scales | {"c": c})["y"][:, 0]
