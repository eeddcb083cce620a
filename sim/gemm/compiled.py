"""Matrix products of units that align their terms, compiled.

::

    codes --> values, times scales --> panels --> kernel --> values --> codes
                 |                                  ^
                 +-- infinities, NaN --> their sums +

Infinities and NaN are kept from the kernel: what they make of a sum does not depend on numbers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import FloatFormat, Overflow, Specials
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import decode, encode
from fp8mac.sim.codes.encoding_rule import code_dtype
from fp8mac.sim.codes.noise import Draws
from fp8mac.sim.gemm import scalar
from fp8mac.sim.gemm.floating import share
from fp8mac.sim.gemm.kernels.fitting import are_near, in_integers, refined
from fp8mac.sim.gemm.kernels.panels import exponents_of, order_of, ordered, panels_of
from fp8mac.sim.gemm.kernels.shape import KernelShape, PackedOperands
from fp8mac.sim.gemm.plan import Plan
from fp8mac.sim.gemm.result import GemmResult, finish

__all__ = ["AlignedRun"]

_E4M3, _SINGLE = FloatFormat(4, 3, specials=Specials.FN), FloatFormat(8, 23)
_Values = NDArray[Any]
_Codes = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class AlignedRun:
    """How products are computed.

    Parameters
    ----------
    config, threads
        See `fp8mac.sim.gemm.gemm.gemm`.
    shape : KernelShape
        Kernel of the unit.
    draws : Draws
        Random numbers, of which there are none; for the definition.
    chosen : Plan
        What says so.
    """

    config: MacConfig
    shape: KernelShape
    draws: Draws
    chosen: Plan
    threads: int

    def multiply(
        self, codes: _Codes, start: GemmResult | None, scales: _Codes | None
    ) -> GemmResult:
        """Accumulators after all products of codes, of shapes (m, k) and (k, n).

        What a kernel cannot tell is computed by the definition: products beyond the range, where a
        unit makes infinities of them, and sums in which an infinite operand and an overflow of the
        other sign have met, for it matters which was first.

        Parameters
        ----------
        codes : pair of ndarray of int
            PackedOperands.
        start : GemmResult, optional
            What is held before.
        scales : pair of ndarrays of uint8, optional
            Codes of the scales of blocks, of shapes (m, blocks) and (blocks, n).
        """
        if self._is_bounded(codes):
            return self._define(codes, start, scales)
        acc, unsure = self._products(codes, None if start is None else start.acc, scales)
        result = finish(self.config.result, acc, np.zeros((*acc.shape, 0), bool), self.chosen)
        for i, j in () if unsure is None else np.argwhere(unsure):
            row, column = slice(i, i + 1), slice(j, j + 1)
            begun = None
            if start is not None:
                flags = start.flags[row, column]
                begun = finish(self.config.result, start.acc[row, column], flags, self.chosen)
            mine = None if scales is None else (scales[0][row], scales[1][:, column])
            one = self._define((codes[0][row], codes[1][:, column]), begun, mine)
            acc[i, j] = one.acc[0, 0]
        return result

    def _define(self, codes: _Codes, start: GemmResult | None, scales: _Codes | None) -> GemmResult:
        return scalar.multiply(
            self.config, codes, self.draws, self.chosen, start=start, scales=scales
        )

    def _is_bounded(self, codes: _Codes) -> bool:
        """Whether the unit makes infinities of products beyond its range, and some may be."""
        acc = self.config.accumulator
        if not self.config.summation.products.bounded or not isinstance(acc, FloatAccConfig):
            return False
        largest = 1.0
        for each, of in zip(codes, (self.config.a, self.config.b), strict=True):
            sizes = np.abs(decode(each, of))
            largest *= np.max(sizes, initial=0.0, where=np.isfinite(sizes))
        return bool(largest >= 2.0 ** (acc.format.emax + 1))

    def _products(
        self, codes: _Codes, start: NDArray[Any] | None, scales: _Codes | None
    ) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Codes of accumulators, and where they are not sure, if anywhere."""
        config, shape, outer = self.config, self.shape, self.config.result.accumulator
        assert isinstance(outer, FloatAccConfig)
        assert isinstance(config.a, FloatFormat)
        assert isinstance(config.b, FloatFormat)
        formats = [config.a, config.b]
        held = None if start is None else decode(start, outer.format)
        factors = None
        if scales is not None and config.block is not None:
            factors = [_scales(config.block.scale, each) for each in (scales[0], scales[1].T)]
        whole = in_integers(shape, config)
        dtype = shape.dtype if whole is None else whole.dtype
        sides = [_values(each, of, dtype) for each, of in zip(codes, formats, strict=True)]
        inside = held if config.summation.chunk is None else None
        if whole is not None and are_near(config, sides, inside, factors):
            shape = whole
        sides = [np.asarray(each, shape.dtype) for each in sides]
        sides[1] = sides[1].T
        turned = len(sides[1]) < min(len(sides[0]), shape.width)
        if turned:
            sides, formats = sides[::-1], formats[::-1]
            held = None if held is None else held.T
            factors = None if factors is None else factors[::-1]
        product = _Product(config, shape, formats, self.threads)
        found, unsure = product.of(sides, held, factors)
        if turned:
            found, unsure = found.T, None if unsure is None else unsure.T
        return _codes(np.ascontiguousarray(found), outer.format), unsure


def _is_cut_single(format_: FloatFormat) -> bool:
    """Whether the codes of a format are the upper bits of fp32's."""
    return (
        (format_.exponent_bits, format_.exponent_bias) == (8, 127)
        and format_.specials is Specials.IEEE
        and format_.mantissa_bits <= _SINGLE.mantissa_bits
    )


def _values(codes: NDArray[Any], format_: FloatFormat, dtype: Any) -> _Values:
    """Values of operands."""
    if not _is_cut_single(format_):
        return decode(codes, format_, dtype)
    patterns = codes.astype(np.uint32) << np.uint32(_SINGLE.mantissa_bits - format_.mantissa_bits)
    return patterns.view(np.float32).astype(dtype, copy=False)


def _codes(values: _Values, format_: FloatFormat) -> NDArray[Any]:
    """Codes of an accumulator's numbers."""
    if not _is_cut_single(format_):
        return encode(values, format_, overflow=Overflow.TO_SPECIAL)
    codes = values.astype(np.float32, copy=False).view(np.uint32)
    codes = codes >> np.uint32(_SINGLE.mantissa_bits - format_.mantissa_bits)
    codes[np.isnan(values)] = format_.nan_code or 0
    return codes.astype(code_dtype(format_.bits), copy=False)


def _scales(scale: ScaleFormat, codes: NDArray[Any]) -> NDArray[np.float64]:
    """Values of codes of scales."""
    if scale is ScaleFormat.UE4M3:
        return decode(codes & 127, _E4M3)
    return np.where(codes == 255, np.nan, np.ldexp(1.0, codes.astype(np.int64) - 127))


@dataclass(frozen=True)
class _Product:
    """A product whose right operands have rows, too: sums are of pairs of rows."""

    config: MacConfig
    shape: KernelShape
    formats: list[FloatFormat]
    threads: int

    def of(
        self, sides: list[_Values], held: _Values | None, scales: list[_Values] | None
    ) -> tuple[_Values, NDArray[np.bool_] | None]:
        """Values of accumulators, and where they are not sure."""
        rows, columns = (len(side) for side in sides)
        if scales is not None:
            scales = [each.repeat(self._size, axis=1)[:, : sides[0].shape[1]] for each in scales]
        special = self._special(sides, held, scales)
        order, chunk = order_of(self.config, sides[0].shape[1])
        if order is not None:
            sides = [ordered(side, order) for side in sides]
        if order is not None and scales is not None:
            scales = [ordered(each, order) for each in scales]
        acc = self._sums(sides, held, scales, chunk)[:rows, :columns]
        if special is None:
            return acc, None
        unsure = np.isinf(special) & ~np.isfinite(acc) & (special != acc)
        return np.where(np.isfinite(special), acc, special), unsure

    @property
    def _size(self) -> int:
        """Elements of a block."""
        return 1 if self.config.block is None else self.config.block.size

    def _special(
        self, sides: list[_Values], held: _Values | None, scales: list[_Values] | None
    ) -> _Values | None:
        """Sums of signs, infinities and NaN; None where there are but numbers."""
        if scales is not None:
            sides = [side * each for side, each in zip(sides, scales, strict=True)]
        if all(np.isfinite(each).all() for each in (*sides, 0.0 if held is None else held)):
            return None
        terms = [*sides] if held is None else [*sides, held]
        signs = [np.where(np.isfinite(each), np.sign(each), each) for each in terms]
        found = signs[0].astype(np.float32) @ signs[1].astype(np.float32).T
        return found if held is None else found + signs[2]

    def _sums(
        self,
        sides: list[_Values],
        held: _Values | None,
        scales: list[_Values] | None,
        chunk: int | None,
    ) -> _Values:
        """What the kernel makes of numbers; of whole panels."""
        from fp8mac.sim.gemm.kernels.aligned_numba import accumulate
        from fp8mac.sim.gemm.kernels.pack_numba import pack, room

        shape, how, (rows, terms) = self.shape, self.config.summation, sides[0].shape
        if not (rows and terms and len(sides[1])):
            return np.zeros((rows, len(sides[1]))) if held is None else held
        emins = [(how.exponents.operands or each).emin for each in self.formats]
        operands = pack(shape, sides[0], sides[1].T, (emins[0], emins[1]))
        if scales is not None:
            operands = self._scaled(operands, scales)
        if held is None:
            shape = refined(shape, *self._range(operands), terms)
        columns = len(operands.right) * shape.width
        acc, outer = room((rows, columns), shape.dtype), np.zeros((0, 0))
        acc.fill(0)
        if chunk is not None:
            outer = room((rows, columns), np.float64)
            outer.fill(0)
        result = acc if chunk is None else outer
        if held is not None:
            result[:, : held.shape[1]] = np.where(np.isfinite(held), held, 0)

        def work(part: slice) -> None:
            accumulate(
                shape, acc, outer, operands, rows=part, lanes=how.lanes, chunk=chunk or terms
            )

        share(work, rows, rows, self.threads)
        return result

    def _range(self, operands: PackedOperands) -> tuple[int, int]:
        """Powers of two that all products are multiples of, and less than."""
        (a, b), shape, block = self.formats, self.shape, self.config.block
        fine = 0 if block is None or block.scale is ScaleFormat.E8M0 else 2 * _E4M3.mantissa_bits
        least = most = 0
        none = np.int16(shape.lowest_exponent + 300 * (block is not None))
        for each in (operands.left_exponents - np.int16(shape.bias), operands.right_exponents):
            some = each > none
            least += int(np.min(each, initial=0, where=some))
            most += int(np.max(each, initial=-1000, where=some))
        if shape.scaled:
            least += self.config.product_lsb_exponent
            most += a.emax + b.emax
        else:
            least -= a.mantissa_bits + b.mantissa_bits
        return least - fine, most + 2 + (2 if fine else 0)

    def _scaled(self, operands: PackedOperands, scales: list[_Values]) -> PackedOperands:
        """Operands times their scales, and with the exponents of these, or of these alone."""
        shape, how = self.shape, self.config.summation
        assert self.config.block is not None
        numbers = [np.where(np.isfinite(each), each, 0).astype(shape.dtype) for each in scales]
        emin = -127 if self.config.block.scale is ScaleFormat.E8M0 else _E4M3.emin
        moves = [exponents_of(each, emin, shape.lowest_exponent) for each in numbers]
        if shape.scaled:
            first = slice(None, None, how.lanes // shape.ways)
            exponents = [each[:, first] for each in moves]
            exponents = [exponents[0] + shape.bias, panels_of(exponents[1], shape.width)]
        else:
            exponents = [
                operands.left_exponents + moves[0],
                operands.right_exponents + panels_of(moves[1], shape.width),
            ]
        return operands._replace(
            left=operands.left * numbers[0],
            left_exponents=np.ascontiguousarray(exponents[0]),
            right=operands.right * panels_of(numbers[1], shape.width)[:, :, None],
            right_exponents=np.ascontiguousarray(exponents[1]),
        )
