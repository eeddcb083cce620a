"""Matrix products of numbers in blocks that share scales."""

from dataclasses import replace
from typing import Any

from fp8mac.hw.config.blocks import BlockFormat
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.blocks import Blocks
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.plan import GemmError
from fp8mac.sim.gemm.result import GemmResult

__all__ = ["block_formats", "block_gemm"]


def block_formats(config: MacConfig) -> tuple[BlockFormat, BlockFormat]:
    """Formats of the operands of a unit that takes blocks."""
    assert config.block is not None
    return BlockFormat.of(config.a, config.block), BlockFormat.of(config.b, config.block)


def block_gemm(
    a: Blocks,
    b: Blocks,
    config: MacConfig,
    *,
    start: GemmResult | None = None,
    **more: Any,
) -> GemmResult:
    """Product of two matrices of blocks, as a unit computes it, see `fp8mac.sim.gemm.gemm.gemm`.

    Parameters
    ----------
    a : Blocks, shape (m, k)
        In blocks along k, that is axis 1.
    b : Blocks, shape (k, n)
        In blocks along k, that is axis 0.
    config : MacConfig
        A unit that takes blocks of these formats.
    start : GemmResult, optional
        What the accumulators hold before; of the same scale.
    **more
        ``seed``, ``backend``, ``threads`` of `gemm`.

    Returns
    -------
    GemmResult
        Its ``scale`` is the product of the tensors' scales.

    Raises
    ------
    GemmError
        If matrices do not fit each other or the unit.
    """
    if config.block is None:
        raise GemmError(f"{config.text} takes no blocks.")
    sides = zip((a, b), block_formats(config), (1, 0), "ab", strict=True)
    for side, format_, axis, name in sides:
        if side.format != format_:
            raise GemmError(
                f"{name} holds blocks of {side.format.name}, but {config.text} takes "
                f"{format_.name}."
            )
        if side.codes.ndim != 2:
            raise GemmError(f"{name} is not a matrix, but an array of shape {side.shape}.")
        if side.axis != axis:
            raise GemmError(
                f"{name} is in blocks along axis {side.axis}; products are added along axis {axis}."
            )
    scale = a.tensor_scale * b.tensor_scale
    if start is not None and start.scale != scale:
        raise GemmError(
            f"The start is in units of {start.scale}, the products are in units of {scale}."
        )
    scales = a.scales, b.scales
    found = gemm(a.codes, b.codes, config, start=start, scales=scales, **more)
    return replace(found, scale=scale)
