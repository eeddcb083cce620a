"""A unit that takes blocks: numbers come in as they are, and each block has a scale of its own.

Nothing is calibrated but the scales of tensors in NVFP4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.sim.codes.blocks import Blocks, encode, tensor_scale_of
from fp8mac.sim.gemm.blocks import block_formats, block_gemm
from fp8mac.sim.networks.engines.engine import Calibrated, Recipe, Sided, UnitEngine

__all__ = ["BlockEngine", "engine_of"]

Array = NDArray[Any]


def engine_of(
    recipe: Recipe,
    calibrated: Calibrated,
    threads: int = 1,
    *,
    keep: dict[str, list[Array]] | None = None,
    watch: Callable[[str, Array, Array, Array], None] | None = None,
) -> UnitEngine:
    """Engine of a recipe, see `UnitEngine`: of blocks where its unit takes blocks."""
    kind = UnitEngine if recipe.config.block is None else BlockEngine
    return kind(recipe, calibrated, threads, keep, watch)


class BlockEngine(UnitEngine):
    """Arithmetic of a unit that takes blocks; they lie along the axis on which products are added.

    Parameters are those of `UnitEngine`. Activations are encoded where they are multiplied; with
    NVFP4, the scale of a tensor is that of the largest number that calibration has seen.
    """

    def _weight(self, name: str, weight: Array) -> tuple[Sided, Array, Array]:
        sides = self._numbers(f"{name}.input"), _Numbers(self._tensor_scale(weight, 1))
        self._products[name] = sides
        return sides[0], weight, np.ones(())

    def _product_sides(self, name: str) -> tuple[Sided, Sided]:
        return self._numbers(f"{name}.a"), self._numbers(f"{name}.b", 1)

    def _numbers(self, sample: str, side: int = 0) -> "_Numbers":
        return _Numbers(self._tensor_scale(self.calibrated.samples[sample].numbers, side))

    def _tensor_scale(self, numbers: Array, side: int) -> float | None:
        format_ = block_formats(self.recipe.config)[side]
        if format_.block.scale is ScaleFormat.E8M0:
            return None
        return tensor_scale_of(numbers, format_)

    def _product(self, name: str, a: Array, b: Array) -> Array:
        left, right = self._blocks(name, a, b)
        with np.errstate(over="ignore", invalid="ignore"):
            return block_gemm(left, right, self.recipe.config, threads=self.threads).values

    def _values(self, name: str, a: Array, b: Array) -> tuple[Array, Array]:
        left, right = self._blocks(name, a, b)
        return left.values, right.values

    def _blocks(self, name: str, a: Array, b: Array) -> tuple[Blocks, Blocks]:
        formats, how = block_formats(self.recipe.config), self.recipe.scale_rounding
        found = [
            encode(
                numbers,
                format_,
                axis=axis,
                scale_rounding=how,
                tensor_scale=getattr(side, "tensor_scale", None),
            )
            for numbers, format_, axis, side in zip(
                (a, b), formats, (-1, -2), self._products[name], strict=True
            )
        ]
        return found[0], found[1]


@dataclass(frozen=True)
class _Numbers(Sided):
    """A side of a product that is not encoded yet."""

    tensor_scale: float | None

    @property
    def step(self) -> Array:
        return np.ones(())

    def codes(self, x: Array) -> Array:
        return x
