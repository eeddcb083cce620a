"""What multiplies matrices for a network: float32, or a unit's own arithmetic.

::

    x --> arrange --> codes a --+
                                +--> gemm of the unit --> * scales --> + bias --> y
    weight -----------> codes b +

An engine is asked for three things: the product with a weight, the product of two activations
(attention), and the sum of a residual connection. Everything else of a network (bias, rectifier,
normalisation, softmax) is float32 for all engines, as it is in the papers.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config import FloatAccConfig, MacConfig
from fp8mac.hw.formats import FloatFormat
from fp8mac.sim.gemm import Options, gemm
from fp8mac.sim.networks.sequential import Arrange
from fp8mac.sim.quantize import Calibration, Scaling, find_scale, quantize, rounded

__all__ = ["Calibrated", "Plain", "Recipe", "Recorder", "Sample", "UnitEngine"]

Array = NDArray[Any]

_SAMPLE = 1 << 16  # numbers kept of a tensor
_ROWS = 256  # rows kept of a product's left side
_FOLLOWED = 8  # of them, those whose sums are followed step by step
_GROUP_PRODUCTS = 1 << 21  # at most, where small products are computed together
_HEADROOM = 4.0  # how much larger than in calibration a sum may become


def _as_it_is(x: Array) -> Array:
    return x


class Plain:
    """Float32.

    Parameters
    ----------
    keep : dict, optional
        Is given the outputs of each product by name.
    """

    def __init__(self, keep: dict[str, list[Array]] | None = None) -> None:
        self.keep = keep

    def linear(
        self, name: str, x: Array, weight: Array, bias: Array | None, arrange: Arrange = _as_it_is
    ) -> Array:
        """``arrange(x) @ weight + bias``: shapes (n, k), (k, m), (m,)."""
        y = arrange(x) @ weight
        return self._kept(name, y if bias is None else y + bias)

    def product(self, name: str, a: Array, b: Array) -> Array:
        """``a @ b``: shapes (g, n, k), (g, k, m)."""
        return self._kept(name, a @ b)

    def add(self, name: str, x: Array, y: Array) -> Array:
        """``x + y`` of a residual connection."""
        return x + y

    def _kept(self, name: str, y: Array) -> Array:
        if self.keep is not None:
            self.keep.setdefault(name, []).append(y)
        return y


@dataclass
class Sample:
    """What calibration saw of a tensor: some numbers, the largest magnitude, some rows.

    ``numbers`` has the largest magnitude as its last entry.
    """

    numbers: NDArray[np.float32]
    rows: NDArray[np.float32] | None = None

    def join(self, other: "Sample") -> "Sample":
        """Of two batches."""
        largest = max(self.numbers[-1], other.numbers[-1])
        numbers = np.concatenate([self.numbers[:-1], other.numbers[:-1], [largest]])
        rows = self.rows if self.rows is not None else other.rows
        return Sample(numbers.astype(np.float32), rows)


class Recorder(Plain):
    """Float32, keeping a `Sample` of every tensor that a unit would have to round.

    Attributes
    ----------
    samples : dict of str to Sample
        ``<name>.input``; ``<name>.a`` and ``<name>.b`` of a product of activations;
        ``<name>.x``, ``<name>.y`` and ``<name>.sum`` of a residual connection.
    """

    def __init__(self) -> None:
        super().__init__()
        self.samples: dict[str, Sample] = {}

    def linear(
        self, name: str, x: Array, weight: Array, bias: Array | None, arrange: Arrange = _as_it_is
    ) -> Array:
        """Product, recorded."""
        rows = arrange(x)
        self._record(f"{name}.input", x, _telling_rows(rows))
        y = rows @ weight
        return y if bias is None else y + bias

    def product(self, name: str, a: Array, b: Array) -> Array:
        """Product, recorded."""
        largest = int((np.abs(a).max((1, 2)) * np.abs(b).max((1, 2))).argmax())
        self._record(f"{name}.a", a, _telling_rows(a[largest]))
        self._record(f"{name}.b", b, b[largest])
        return a @ b

    def add(self, name: str, x: Array, y: Array) -> Array:
        """Sum, recorded."""
        self._record(f"{name}.x", x)
        self._record(f"{name}.y", y)
        self._record(f"{name}.sum", x + y)
        return x + y

    def _record(self, name: str, x: Array, rows: Array | None = None) -> None:
        flat = np.asarray(x, np.float32).reshape(-1)
        largest = np.abs(flat).max(initial=0)
        numbers = np.append(flat[:: max(1, flat.size // _SAMPLE)], largest)
        sample = Sample(numbers, None if rows is None else rows.copy())
        old = self.samples.get(name)
        self.samples[name] = old.join(sample) if old else sample


@dataclass(frozen=True)
class Recipe:
    """A unit, and how tensors are brought into its formats.

    Parameters
    ----------
    config : MacConfig
        The unit; ``a`` is the format of activations, ``b`` that of weights.
    activations, weights : Scaling
        Their formats are those of the unit.
    residual : Scaling, optional
        Format of both terms and the sum of residual connections; float32 by default.
    headroom : bool
        Whether weights in a float format are scaled down by a power of two where sums of the
        calibration data come closer to the accumulator's largest number than a factor of 4.
        It has no effect on a plain cast.
    options : Options
        How products are added: in parts, in lanes, see `fp8mac.sim.gemm.Options`.
    """

    config: MacConfig
    activations: Scaling
    weights: Scaling
    residual: Scaling | None = None
    headroom: bool = True
    options: Options = field(default_factory=Options)


class Calibrated:
    """What a `Recorder` saw, and every scale that was found in it so far.

    Parameters
    ----------
    samples : dict of str to Sample
        Of all tensors.
    """

    def __init__(self, samples: dict[str, Sample]) -> None:
        self.samples = samples
        self._scales: dict[tuple[str, Scaling], Array] = {}

    def scale(self, name: str, scaling: Scaling, numbers: Array | None = None) -> Array:
        """Scale of a tensor, found in its sample or in given numbers."""
        key = (name, scaling)
        if key not in self._scales:
            some = self.samples[name].numbers if numbers is None else numbers
            self._scales[key] = find_scale(scaling, some, name)
        return self._scales[key]


@dataclass
class UnitEngine:
    """A unit's arithmetic.

    Parameters
    ----------
    recipe : Recipe
        Unit and scalings.
    calibrated : Calibrated
        Where scales come from.
    threads : int
        For the products; the results do not depend on it.
    keep : dict, optional
        Is given the outputs of each product by name.
    watch : callable, optional
        Is given name, codes a, codes b and sums of each product, in units of the codes' values.
    """

    recipe: Recipe
    calibrated: Calibrated
    threads: int = 1
    keep: dict[str, list[Array]] | None = None
    watch: Callable[[str, Array, Array, Array], None] | None = None
    _weights: dict[str, tuple[Array, Array]] = field(default_factory=dict, init=False)
    _products: dict[str, Array] = field(default_factory=dict, init=False)

    def linear(
        self, name: str, x: Array, weight: Array, bias: Array | None, arrange: Arrange = _as_it_is
    ) -> Array:
        """``arrange(x) @ weight + bias`` on the unit; bias and result are float32."""
        scale = self.calibrated.scale(f"{name}.input", self.recipe.activations)
        codes = arrange(quantize(self.recipe.config.a, x, scale))
        if name not in self._weights:
            self._weights[name] = self._weight(name, weight, scale)
        weight_codes, weight_scale = self._weights[name]
        y = self._sums(name, codes, weight_codes) * (scale * weight_scale)
        return self._kept(name, (y if bias is None else y + bias).astype(np.float32))

    def product(self, name: str, a: Array, b: Array) -> Array:
        """``a @ b`` of shapes (g, n, k) and (g, k, m) on the unit.

        Several of the ``g`` products are one larger product, of which the blocks on the diagonal
        are kept.
        """
        config, (count, n, k), m = self.recipe.config, a.shape, b.shape[2]
        scale_a = self.calibrated.scale(f"{name}.a", self.recipe.activations)
        scale_b = self._product_scale(name, scale_a)
        a_codes = quantize(config.a, a, scale_a)
        b_codes = quantize(config.b, b, scale_b)
        group = max(1, math.isqrt(_GROUP_PRODUCTS // (n * k * m)))
        y = np.empty((count, n, m), np.float64)
        for start in range(0, count, group):
            part = slice(start, start + group)
            left = a_codes[part].reshape(-1, k)
            right = b_codes[part].transpose(1, 0, 2).reshape(k, -1)
            blocks = self._sums(name, left, right).reshape(-1, n, right.shape[1] // m, m)
            y[part] = blocks[np.arange(len(blocks)), :, np.arange(len(blocks))]
        return self._kept(name, (y * (scale_a * scale_b)).astype(np.float32))

    def add(self, name: str, x: Array, y: Array) -> Array:
        """``x + y``, all three rounded where the recipe says so."""
        residual = self.recipe.residual
        if residual is None:
            return x + y
        parts = (("x", x), ("y", y))
        total = sum(self._rounded(f"{name}.{part}", values, residual) for part, values in parts)
        return self._rounded(f"{name}.sum", np.asarray(total), residual)

    def _rounded(self, name: str, x: Array, scaling: Scaling) -> Array:
        return rounded(scaling.format, x.astype(np.float32), self.calibrated.scale(name, scaling))

    def _weight(self, name: str, weight: Array, x_scale: Array) -> tuple[Array, Array]:
        """Codes and scale, with headroom in the accumulator."""
        scaling = self.recipe.weights
        scale = self.calibrated.scale(f"{name}.weight", scaling, weight)
        scale = scale * self._shift(f"{name}.input", x_scale, weight / scale, scaling)
        return quantize(scaling.format, weight, scale), scale

    def _product_scale(self, name: str, scale_a: Array) -> Array:
        """Scale of the right side of a product of activations, with headroom."""
        if name not in self._products:
            scaling = replace(self.recipe.activations, format=self.recipe.config.b)
            scale = self.calibrated.scale(f"{name}.b", scaling)
            rows = self.calibrated.samples[f"{name}.b"].rows
            if rows is not None:
                scale = scale * self._shift(f"{name}.a", scale_a, rows / scale, scaling)
            self._products[name] = scale
        return self._products[name]

    def _shift(self, left: str, scale: Array, right: Array, scaling: Scaling) -> float:
        """Power of two that makes sums with ``right`` small enough."""
        accumulator, rows = self.recipe.config.accumulator, self.calibrated.samples[left].rows
        limited = isinstance(accumulator, FloatAccConfig)
        movable = isinstance(scaling.format, FloatFormat) and self.recipe.headroom
        if not limited or not movable or scaling.calibration is Calibration.NONE or rows is None:
            return 1.0
        excess = _peak(rows / scale, right) * _HEADROOM / float(accumulator.format.max)
        return 2.0 ** max(0, int(np.ceil(np.log2(excess)))) if excess > 0 else 1.0

    def _sums(self, name: str, a: Array, b: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            result = gemm(a, b, self.recipe.config, self.recipe.options, threads=self.threads)
        if self.watch:
            self.watch(name, a, b, result.values)
        return result.values

    def _kept(self, name: str, y: Array) -> Array:
        if self.keep is not None:
            self.keep.setdefault(name, []).append(y)
        return y


def _telling_rows(rows: Array) -> Array:
    """Some rows: half of them those with the largest numbers, half from everywhere."""
    if len(rows) <= _ROWS:
        return rows
    largest = np.argpartition(np.abs(rows).max(1), -_ROWS // 2)[-_ROWS // 2 :]
    anywhere = np.arange(_ROWS // 2) * (len(rows) // (_ROWS // 2))
    return rows[np.concatenate([largest, anywhere])]


def _peak(rows: Array, right: Array) -> float:
    """Largest magnitude that a sum has at its end, and of the largest ones, on its way there."""
    ends = np.abs(rows @ right).max(1)
    peak = float(ends.max())
    for row in rows[np.argsort(ends)[-_FOLLOWED:]]:
        peak = max(peak, float(np.abs(np.cumsum(row[:, None] * right, axis=0)).max()))
    return peak
