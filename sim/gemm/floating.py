"""Matrix products with float accumulators, in numpy or compiled.

Operands become values of the carrier once. Partial sums stay there, too, when they are added to an
outer accumulator::

    codes a, b -> values -> accumulate(a[:, piece], b[piece]) -> add_once -> codes
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Format, Overflow, Rounding
from fp8mac.hw.config.summation import Summation
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import decode, encode, has_special
from fp8mac.sim.codes.noise import Draws
from fp8mac.sim.gemm.carrier import NATIVE, Carrier
from fp8mac.sim.gemm.kernels import float_numpy
from fp8mac.sim.gemm.kernels.float_numpy import Accumulate, Job, Window
from fp8mac.sim.gemm.kernels.rounding_numpy import Floats, Rounder
from fp8mac.sim.gemm.plan import Plan
from fp8mac.sim.gemm.result import read

__all__ = ["Run", "share"]

_COLUMNS = 128  # of the widest tile, see `fp8mac.sim.jit`
_FULL = 0.5  # share of numbers that are not zero, above which skipping the others does not pay
_LOOKED_AT = 64  # rows in which they are counted
_ELEMENTS = 16384  # of the accumulators that numpy handles at a time


def share(work: Callable[[slice], None], rows: int, most: int, threads: int) -> None:
    """Call ``work`` with ranges of at most ``most`` rows, on several threads."""
    size = max(1, min(most, -(-rows // max(1, threads))))
    parts = [slice(row, min(row + size, rows)) for row in range(0, rows, size)]
    if threads <= 1 or len(parts) == 1:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, parts))


@dataclass(frozen=True)
class Run:
    """How float accumulators are computed.

    Parameters
    ----------
    config, threads
        See `fp8mac.sim.gemm.gemm.gemm`.
    chosen : Plan
        Carrier of the sums, or of the partial sums.
    draws : Draws
        Random numbers.
    special : bool
        Whether there are infinities or NaN among the operands.
    transposed : bool
        Whether operands have changed places.
    skips : bool
        Whether the left one has so many zeros that their products are left out.
    """

    config: MacConfig
    chosen: Plan
    draws: Draws
    threads: int
    special: bool = False
    transposed: bool = False
    skips: bool = False

    @cached_property
    def kernels(self) -> ModuleType:
        """Who computes."""
        if self.chosen.backend != "numba" or self.draws.given is not None:
            return float_numpy
        from fp8mac.sim.gemm.kernels import float_numba

        return float_numba

    def multiply(
        self, left: NDArray[Any], right: NDArray[Any], start: NDArray[Any] | None
    ) -> NDArray[Any]:
        """Codes of accumulators after all products, or of outer ones after all partial sums.

        Parameters
        ----------
        left, right : ndarray of int, shapes (m, k) and (k, n), or (g, m, k) and (g, k, n)
            Codes of the operands. What raises flags counts as zero.
        start : ndarray of int, shape (m, n), optional
            Codes of what is held before; not of several products.
        """
        config, outer = self.config, self.config.result.accumulator
        assert isinstance(outer, FloatAccConfig)
        assert isinstance(config.accumulator, FloatAccConfig)
        kind = np.float32 if self.chosen.carrier is Carrier.FLOAT32 else np.float64
        a, b = decode(left, config.a, kind), decode(right, config.b, kind)
        if config.accumulator.flushes:
            a, b = (_flushed(each, of) for each, of in ((a, config.a), (b, config.b)))
        special = has_special(left, config.a) or has_special(right, config.b)
        if special and config.flags:
            a, b = (np.where(np.isfinite(each), each, 0) for each in (a, b))
        held = None if start is None else read(outer, start)
        special = special or (held is not None and not np.isfinite(held).all())
        run = replace(self, special=special)
        turned, skips = run._order(a, b, held)
        run = replace(run, transposed=turned, skips=skips)
        if turned:
            a, b, held = b.swapaxes(-1, -2), a.swapaxes(-1, -2), None if held is None else held.T
        if a.ndim == 2:
            acc = run._multiplied(a, b, held, outer)
        else:
            acc = np.empty((len(a), a.shape[1], b.shape[2]), kind)
            for x, y, out in zip(a, b, acc, strict=True):
                out[:] = run._multiplied(x, y, None, outer)
        if run.transposed:
            acc = acc.swapaxes(-1, -2)
        if self.chosen.reason in NATIVE and config.summation.chunk is None:
            codes = acc.view(np.uint32)
            codes[np.isnan(acc)] = outer.format.nan_code or 0
            return codes
        return encode(acc, outer.format, overflow=Overflow.TO_SPECIAL)

    def _order(self, a: Floats, b: Floats, held: Floats | None) -> tuple[bool, bool]:
        """Whether operands change places, and whether zeros of the left one are skipped then.

        Compiled kernels take whole panels of columns and walk along the rows of the left operand.
        Where sums never come to -0, a product that is zero changes nothing.
        """
        if self.kernels is float_numpy:
            return False, False
        rows, columns, summation = a.shape[-2], b.shape[-1], self.config.summation
        usual = columns < min(rows, _COLUMNS)
        one_by_one = summation.lanes == 1 and summation.window_bits is None
        if self.special or held is not None or not (self.chosen.on_grid and one_by_one):
            return usual, False
        left, right = _share_of_numbers(a), _share_of_numbers(b.swapaxes(-1, -2))
        if min(left, right) > _FULL:
            return usual, False
        turned = columns * -(-rows // _COLUMNS) * right < rows * -(-columns // _COLUMNS) * left
        return turned, (right if turned else left) <= _FULL

    def _multiplied(
        self, a: Floats, b: Floats, held: Floats | None, outer: FloatAccConfig
    ) -> Floats:
        """Accumulators of one product."""
        if self.config.summation.chunk is None:
            acc = self.sum(a, b, held, 0)
        else:
            acc = self.sum_of_parts(a, b, held, outer)
        return acc[:, : b.shape[1]]

    def sum(self, a: Floats, b: Floats, held: Floats | None, first_step: int) -> Floats:
        """Accumulators that hold the sum of all products, and of what was ``held``."""
        summation = self.config.summation
        if summation.tree:
            missing = -a.shape[1] % summation.lanes
            a, b = np.pad(a, ((0, 0), (0, missing))), np.pad(b, ((0, missing), (0, 0)))
        kernels, shape = self.kernels, (len(a), b.shape[1])
        acc = kernels.room(shape, self._job.rounder.dtype)
        if held is not None:
            acc[:, : shape[1]] = held
        if summation.window_bits is None:
            accumulate = self._accumulate
        else:
            accumulate = kernels.bind(replace(self._job, window=self._window(a, b)))
        left, right = np.ascontiguousarray(a), kernels.pack(b)
        most = len(a) if kernels is not float_numpy else _ELEMENTS // max(1, shape[1])

        def work(rows: slice) -> None:
            accumulate(acc, left, right, rows=rows, first_step=first_step)

        share(work, len(a), most, self.threads)
        return acc

    @cached_property
    def _job(self) -> Job:
        """What is computed of every matrix, but for its alignment."""
        accumulator, chosen = self.config.accumulator, self.chosen
        assert isinstance(accumulator, FloatAccConfig)
        rounder = Rounder.of(
            accumulator,
            chosen.carrier,
            native=chosen.reason in NATIVE,
            on_grid=chosen.on_grid,
            overflows=chosen.overflows,
            special=self.special,
        )
        return Job(
            rounder,
            summation=self.config.summation,
            cut=chosen.cut if chosen.carrier is Carrier.PAIR else None,
            draws=self.draws if accumulator.rounding is Rounding.STOCHASTIC else None,
            transposed=self.transposed,
            skips=self.skips,
        )

    @cached_property
    def _accumulate(self) -> Accumulate:
        return self.kernels.bind(self._job)

    def _window(self, a: Floats, b: Floats) -> Window:
        bits, config = self.config.summation.window_bits, self.config
        assert bits is not None
        left, right = (config.b, config.a) if self.transposed else (config.a, config.b)
        assert isinstance(config.accumulator, FloatAccConfig)
        operands = self.config.summation.exponents.operands
        return Window(
            bits,
            _powers(operands or left, a),
            self.kernels.pack(_powers(operands or right, b)),
            config.accumulator.format.emin,
        )

    def sum_of_parts(
        self, a: Floats, b: Floats, held: Floats | None, outer: FloatAccConfig
    ) -> Floats:
        """Outer accumulators after all partial sums."""
        chunk = self.config.summation.chunk
        assert chunk is not None
        shape = len(a), b.shape[1]
        acc = self.kernels.room(shape, np.dtype(np.float64))
        if held is not None:
            acc[:, : shape[1]] = held
        draws = self.draws if outer.rounding is Rounding.STOCHASTIC else None
        job = Job(Rounder.of(outer, Carrier.ODD), draws=draws, transposed=self.transposed)
        add_once = self.kernels.bind_adder(job)
        for number, first in enumerate(range(0, a.shape[1], chunk)):
            left, right = a[:, first : first + chunk], b[first : first + chunk]
            step = number * -(-chunk // self.config.summation.lanes)
            partial = self.sum(*_dealt(self.config.summation, left, right), None, step)
            add_once(acc, partial, -1 - number)
        return acc


def _share_of_numbers(rows: Floats) -> float:
    """Share of numbers that are not zero, in rows that lie apart."""
    some = rows[..., :: max(1, rows.shape[-2] // _LOOKED_AT), :]
    return np.count_nonzero(some != 0) / max(1, some.size)  # of booleans, four times as fast


def _dealt(summation: Summation, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Operands of a chunk in the order of its steps; +0 where a step is not full."""
    deal = summation.deal
    if deal is None:
        return a, b
    ways = np.arange(a.shape[1]) // deal.run % deal.ways
    steps = [each for way in range(deal.ways) if (each := np.flatnonzero(ways == way)).size]
    places = [np.pad(each, (0, summation.lanes - len(each)), constant_values=-1) for each in steps]
    order = np.concatenate([*places[:-1], steps[-1]])
    none = order < 0
    return np.where(none, 0, a[:, order]), np.where(none[:, None], 0, b[order])


def _flushed(values: Floats, format_: Format) -> Floats:
    """Operands, +0 where they are subnormal; -0 stays."""
    if not isinstance(format_, FloatFormat):
        return values
    tiny = (np.abs(values) < float(format_.min_normal)) & (values != 0)
    return np.where(tiny, values.dtype.type(0), values)


def _powers(format_: Format, values: Floats) -> Floats:
    """Powers of two of numbers' exponents, as a unit sees them; 0 for zeros and special values."""
    assert isinstance(format_, FloatFormat)
    usual = np.isfinite(values) & (values != 0)
    exponents = np.frexp(np.where(usual, values, 1))[1] - 1
    return np.where(usual, np.ldexp(1.0, np.maximum(exponents, format_.emin)), 0)
