"""Products of matrices on a scheme's units, counted."""

from math import frexp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig, IntAccConfig
from fp8mac.hw.config.blocks import BLOCK_FORMATS, BlockFormat
from fp8mac.hw.config.formats import Format, Overflow
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.networks.tasks.diagnose import swamped_share
from fp8mac.sim.torch.errors import TorchError
from fp8mac.sim.torch.operands import Arrange, Array, Encoder, TensorOperand
from fp8mac.sim.torch.report import ProductReport, ProductRow
from fp8mac.sim.torch.scaling import BLOCK, Scales, largest_of, parse_scaling
from fp8mac.sim.torch.scheme import FLOAT32, Scheme
from fp8mac.sim.torch.stack import gemm_stack

__all__ = ["Multiplier", "Side"]

Side = tuple[TensorOperand, Arrange]
"""An operand, and how its matrices lie in it."""

_WATCH_EVERY = 16  # products of a row of the report, of which one is looked at
_WATCHED = 4  # its sums


class Multiplier:
    """What computes products for a model.

    Parameters
    ----------
    scheme : Scheme
        Units, formats, scales.
    seed : int
        Of all that is stochastic.
    threads : int
        For the products; any number gives the same bits.

    Attributes
    ----------
    report : ProductReport
        Of all products so far.
    ends : pair of str
        Names of the first and the last layer with a weight.
    """

    def __init__(self, scheme: Scheme, *, seed: int = 0, threads: int = 1) -> None:
        self.scheme, self.seed, self.threads = scheme, seed, threads
        self.report = ProductReport()
        self.ends: tuple[str, str] = ("", "")
        forward = parse_scaling(scheme.forward)
        self.scales = {
            "activation": Scales(forward, scheme.margin),
            "weight": Scales(forward, scheme.margin),
            "gradient": Scales(parse_scaling(scheme.scaling)),
        }
        self.encoder = Encoder(scheme, self.scales, seed)
        self.products = 0

    def multiply(self, left: Side, right: Side, layer: str, step: str) -> NDArray[np.float32]:
        """``left @ right``, rounded to float32 where it leaves the unit.

        Parameters
        ----------
        left, right : Side
            Matrices of shapes (m, k) and (k, n), or (groups, m, k) and (groups, k, n).
        layer : str
            Name of the layer.
        step : str
            ``forward``, ``data gradient`` or ``weight gradient``.
        """
        roles = left[0].role, right[0].role
        unit = self.scheme.unit_for(layer, self.ends, *roles)
        row = self.report.row(layer, step, FLOAT32 if unit is None else unit.text, *roles)
        if unit is None:
            out = np.matmul(_of(left), _of(right), dtype=np.float32)
            terms = _of(left).shape[-1]
        elif unit.block is not None:
            out, terms = self._in_shared_blocks(unit, left, right, row)
        elif parse_scaling(self.scheme.scaling).kind == "block":
            out, terms = self._in_blocks(unit, left, right, row)
        else:
            out, terms = self._scaled(unit, left, right, row)
        row.calls += 1
        row.sums += out.size
        row.multiplications += out.size * terms
        return out

    def _scaled(
        self, unit: MacConfig, left: Side, right: Side, row: ProductRow
    ) -> tuple[NDArray[np.float32], int]:
        one = self.encoder.encode(left[0], unit.a, unit)
        other = self.encoder.encode(right[0], unit.b, unit)
        row.left_counts.add(one.counts)
        row.right_counts.add(other.counts)
        a, b = left[1](one.codes), right[1](other.codes)
        scale = one.scale * other.scale
        return self._sums(unit, a, b, row, scale), a.shape[-1]

    def _sums(
        self, unit: MacConfig, a: Array, b: Array, row: ProductRow, scale: Any
    ) -> NDArray[np.float32]:
        """Sums of products of matrices of codes, times the scales."""
        work = gemm if a.ndim == 2 else gemm_stack
        result = work(a, b, unit, seed=self.seed + self.products, threads=self.threads)
        self.products += 1 if a.ndim == 2 else len(a)
        exact = isinstance(scale, float) and frexp(scale)[0] == 0.5  # not a second rounding
        values = result.floats if exact else result.values
        values = values.reshape(*a.shape[:-1], b.shape[-1])
        row.overflown += _overflown(unit, values)
        if row.calls % _WATCH_EVERY == 0 and values.size and row.watched < 1 << 22:
            _watch(unit, a if a.ndim == 2 else a[0], b if b.ndim == 2 else b[0], row)
        with np.errstate(all="ignore"):
            scaled = values if np.ndim(scale) == 0 and scale == 1 else values * scale
            return scaled.astype(np.float32, copy=False)

    def _in_shared_blocks(
        self, unit: MacConfig, left: Side, right: Side, row: ProductRow
    ) -> tuple[NDArray[np.float32], int]:
        """Sums of a unit that takes scales of blocks, times the scales of whole tensors."""
        a, b = _of(left), _of(right)
        found = []
        for x, y in zip(*((a[None], b[None]) if a.ndim == 2 else (a, b)), strict=True):
            one, some = self.encoder.encode_shared(x, left[0].role, _block_format(unit.a, unit))
            other, more = self.encoder.encode_shared(
                y.T, right[0].role, _block_format(unit.b, unit)
            )
            row.left_counts.add(some)
            row.right_counts.add(more)
            result = gemm(one.codes, other.codes.T, unit, scales=(one.scales, other.scales.T))
            row.overflown += _overflown(unit, result.values)
            with np.errstate(all="ignore"):
                found.append(result.values * (one.tensor_scale * other.tensor_scale))
        shape = *a.shape[:-1], b.shape[-1]
        return np.array(found, np.float32).reshape(shape), a.shape[-1]

    def _in_blocks(
        self, unit: MacConfig, left: Side, right: Side, row: ProductRow
    ) -> tuple[NDArray[np.float32], int]:
        """Sums of blocks of 128 products, each scaled, then added in float32."""
        a, b = _of(left), _of(right)
        if a.ndim == 2:
            a, b = a[None], b[None]
        out = np.zeros((len(a), a.shape[1], b.shape[2]), np.float32)
        for group, (x, y) in enumerate(zip(a, b, strict=True)):
            one = self.encoder.encode_blocks(x, left[0].role, unit.a)
            other = self.encoder.encode_blocks(y.T, right[0].role, unit.b)
            row.left_counts.add(one.counts)
            row.right_counts.add(other.counts)
            for block in range(one.scales.shape[1]):
                some = slice(block * BLOCK, (block + 1) * BLOCK)
                scale = one.scales[:, block, None] * other.scales[None, :, block]
                codes = other.codes[:, some].T
                out[group] += self._sums(unit, one.codes[:, some], codes, row, scale)
        return (out if _of(left).ndim == 3 else out[0]), a.shape[-1]


def _block_format(element: Format, unit: MacConfig) -> BlockFormat:
    """Format of a unit's blocks of such elements."""
    for each in BLOCK_FORMATS.values():
        if (each.element, each.block) == (element, unit.block):
            return each
    raise TorchError(f"There are no blocks of {element.name} elements for {unit.text}.")


def _of(side: Side) -> Array:
    """Numbers as they lie in the matrices."""
    operand, arrange = side
    return arrange(operand.numbers)


def _overflown(unit: MacConfig, sums: NDArray[np.float64]) -> int:
    if not sums.size:
        return 0
    accumulator = unit.result.accumulator
    if isinstance(accumulator, FloatAccConfig):
        largest = largest_of(accumulator.format)
    elif isinstance(accumulator, IntAccConfig):
        largest = float(2 ** (accumulator.bits - 1) - 1) * 2.0**unit.product_lsb_exponent
    else:
        largest = np.inf
    if getattr(accumulator, "overflow", None) is not Overflow.SATURATE:
        largest = np.inf
    if sums.max() < largest and sums.min() > -largest:  # nothing is NaN either
        return 0
    return int((~(np.abs(sums) < largest)).sum())


def _watch(unit: MacConfig, a: Array, b: Array, row: ProductRow) -> None:
    """Look at every product of a few sums, which lie apart."""
    places = np.arange(_WATCHED)
    rows, columns = places * 7919 % len(a), places * 104_729 % b.shape[1]
    products = decode(a[rows].T, unit.a) * decode(b[:, columns], unit.b)
    products = np.where(np.isfinite(products), products, 0)
    chunk = unit.summation.chunk
    if chunk is not None and chunk < len(products):  # partial sums beside each other
        missing = -len(products) % chunk
        products = np.pad(products, ((0, missing), (0, 0)))
        products = products.reshape(-1, chunk, _WATCHED).swapaxes(0, 1).reshape(chunk, -1)
    nonzero = int(np.count_nonzero(products))
    row.watched += nonzero
    row.swamped += round(swamped_share(unit.plain, products) * nonzero)
