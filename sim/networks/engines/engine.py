"""What multiplies matrices for a network: a unit's own arithmetic.

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

from fp8mac.hw.config.formats import Format, Rounding
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.blocks import ScaleRounding
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.codes.quantize import (
    Calibration,
    Scaled,
    Scaling,
    find_scale,
    headroom,
    quantize,
    rounded,
)
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.networks.engines.reference import Sample, as_it_is
from fp8mac.sim.networks.models.sequential import Arrange

__all__ = ["Calibrated", "Recipe", "Sided", "UnitEngine"]

Array = NDArray[Any]

_FOLLOWED = 8  # rows of the calibration data whose sums are followed step by step
_GROUP_SUMS = 1 << 14  # of 64 terms, at most, where small products are computed together
_FEW = 16  # columns that do not fill a vector


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
        Whether sums of the calibration data are kept a factor of 4 below a float accumulator's
        largest number, by powers of two that make both sides of a product smaller, see
        `fp8mac.sim.codes.quantize.headroom`. It has no effect on a plain cast, and on blocks.
    scale_rounding : ScaleRounding, optional
        Of the scales of blocks; without effect on other units.
    """

    config: MacConfig
    activations: Scaling
    weights: Scaling
    residual: Scaling | None = None
    headroom: bool = True
    scale_rounding: ScaleRounding | None = None


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
        Is given name, values of the codes of a and of b, and their sums, of each product; three
        axes each where there are g products.
    """

    recipe: Recipe
    calibrated: Calibrated
    threads: int = 1
    keep: dict[str, list[Array]] | None = None
    watch: Callable[[str, Array, Array, Array], None] | None = None
    _weights: dict[str, tuple["Sided", Array, Array]] = field(default_factory=dict, init=False)
    _products: dict[str, tuple["Sided", "Sided"]] = field(default_factory=dict, init=False)

    def linear(
        self, name: str, x: Array, weight: Array, bias: Array | None, arrange: Arrange = as_it_is
    ) -> Array:
        """``arrange(x) @ weight + bias`` on the unit; bias and result are float32.

        Shapes (n, k), (k, m), (m,); or of g products (g, n, k), (g, k, m), (g, 1, m).
        """
        if name not in self._weights:
            self._weights[name] = self._weight(name, weight)
        side, weight_codes, weight_scale = self._weights[name]
        y = self._sums(name, arrange(side.codes(x)), weight_codes) * (side.step * weight_scale)
        return self._kept(name, (y if bias is None else y + bias).astype(np.float32))

    def product(self, name: str, a: Array, b: Array) -> Array:
        """``a @ b`` of shapes (g, n, k) and (g, k, m) on the unit."""
        if name not in self._products:
            self._products[name] = self._product_sides(name)
        left, right = self._products[name]
        y = self._sums(name, left.codes(a), right.codes(b))
        return self._kept(name, (y * (left.step * right.step)).astype(np.float32))

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

    def _weight(self, name: str, weight: Array) -> tuple["Sided", Array, Array]:
        """Left side, codes of the weight, and what they stand for."""
        channels = np.moveaxis(weight, -2, 0).reshape(weight.shape[-2], -1)
        scale = self.calibrated.scale(f"{name}.weight", self.recipe.weights, channels)
        if scale.ndim:
            scale = scale.reshape(*weight.shape[:-2], *(1,) * (weight.ndim - 2), -1)
        left, right = self._sides(f"{name}.input", weight, weight, scale)
        return left, right.codes(weight), right.step

    def _product_sides(self, name: str) -> tuple["Sided", "Sided"]:
        scaling = replace(self.recipe.activations, format=self.recipe.config.b)
        scale = self.calibrated.scale(f"{name}.b", scaling)
        sample = self.calibrated.samples[f"{name}.b"]
        return self._sides(f"{name}.a", sample.numbers, sample.rows, scale)

    def _sides(
        self, left: str, numbers: Array, right: Array | None, scale: Array
    ) -> tuple["_Scaled", "_Scaled"]:
        """Left side by its name, and right side, with headroom in the accumulator."""
        config, scaling = self.recipe.config, self.recipe.activations
        sample, plain = self.calibrated.samples[left], scaling.calibration is Calibration.NONE
        own = self.calibrated.scale(left, scaling)
        sides = _Scaled(config.a, own), _Scaled(config.b, scale)
        rows = sample.rows
        if plain or not self.recipe.headroom or rows is None or right is None:
            return sides
        rooms = headroom(
            config.accumulator,
            lambda: _peak(sides[0].values(rows), sides[1].values(right)),
            Scaled(config.a, sample.numbers, sides[0].scale),
            Scaled(config.b, numbers, scale),
        )
        return replace(sides[0], room=rooms[0]), replace(sides[1], room=rooms[1])

    def _sums(self, name: str, a: Array, b: Array) -> Array:
        """Of one product, or of g.

        Several of the g products are one larger product, of which the blocks on the diagonal are
        kept.
        """
        if a.ndim == 2:
            y = self._product(name, a, b)
            self._watched(name, a, b, y)
            return y
        (count, n, k), m = a.shape, b.shape[2]
        group = max(1, math.isqrt(_GROUP_SUMS // max(1, n * m * (1 + k // 64))))
        y = np.empty((count, n, m), np.float64)
        for start in range(0, count, group):
            part = slice(start, start + group)
            left = a[part].reshape(-1, k)
            right = b[part].transpose(1, 0, 2).reshape(k, -1)
            blocks = self._product(name, left, right).reshape(-1, n, right.shape[1] // m, m)
            y[part] = blocks[np.arange(len(blocks)), :, np.arange(len(blocks))]
        self._watched(name, a, b, y)
        return y

    def _product(self, name: str, a: Array, b: Array) -> Array:
        """Sums; of few columns as those of few rows, which is faster, where sides are alike."""
        config, threads = self.recipe.config, self.threads
        random = any(
            getattr(each.accumulator, "rounding", None) is Rounding.STOCHASTIC
            for each in (config, config.result)
        )
        turned = b.shape[1] < _FEW <= len(a) and config.a == config.b and not random
        with np.errstate(over="ignore", invalid="ignore"):
            if turned:
                return gemm(b.T, a.T, config, threads=threads).values.T
            return gemm(a, b, config, threads=threads).values

    def _watched(self, name: str, a: Array, b: Array, sums: Array) -> None:
        if self.watch:
            self.watch(name, *self._values(name, a, b), sums)

    def _values(self, name: str, a: Array, b: Array) -> tuple[Array, Array]:
        """Of the codes."""
        return decode(a, self.recipe.config.a), decode(b, self.recipe.config.b)

    def _kept(self, name: str, y: Array) -> Array:
        if self.keep is not None:
            self.keep.setdefault(name, []).append(y)
        return y


class Sided:
    """Of a product."""

    @property
    def step(self) -> Array:
        """What a code's value is multiplied with."""
        raise NotImplementedError

    def codes(self, x: Array) -> Array:
        """What is multiplied in place of numbers."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Scaled(Sided):
    """Format, scale, and how much smaller codes are than the scale makes them."""

    format: Format
    scale: Array
    room: float = 1.0

    @property
    def step(self) -> Array:
        return self.scale * self.room

    def codes(self, x: Array) -> Array:
        return quantize(self.format, x, self.scale, self.room)

    def values(self, x: Array) -> Array:
        """Of the codes."""
        return decode(self.codes(x), self.format)


def _peak(rows: Array, right: Array) -> float:
    """Largest magnitude that a sum has at its end, and of the largest ones, on its way there."""
    ends = np.abs(rows @ right).max(-1)
    peak = float(ends.max())
    followed = np.argsort(ends, axis=-1)[..., -_FOLLOWED:, None]
    chosen = np.take_along_axis(rows, followed, axis=-2)
    for number in range(chosen.shape[-2]):
        row = chosen[..., number, :, None]
        peak = max(peak, float(np.abs(np.cumsum(row * right, axis=-2)).max()))
    return peak
