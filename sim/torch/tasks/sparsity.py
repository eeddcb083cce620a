"""Weights that are pruned: the smallest blocks of a matrix become zeros, and stay it.

=========  =====================================================================
pattern    what becomes zero
=========  =====================================================================
``2:4``    the two smallest of each four weights of an output
``8x8:75`` 75 % of the blocks of 8 x 8, those with the smallest sums of squares
=========  =====================================================================

# Ref: arXiv:2104.08378 (two of four), arXiv:1711.02782 (blocks)
"""

# pyright: reportMissingImports=false

import re

import torch
from torch import Tensor, nn
from torch.nn import functional

from fp8mac.sim.torch.errors import TorchError

__all__ = ["Pruning"]


class Pruning:
    """Which weights of a model's dense layers, but for the last one, are left.

    Parameters
    ----------
    model : Module
        Whose weights.
    pattern : str
        Such as ``2:4`` or ``8x8:75``.

    Attributes
    ----------
    masks : dict of str to Tensor
        Ones for what is left, by the parameters' names; empty before `prune`.

    Raises
    ------
    TorchError
        If there is no such pattern.
    """

    def __init__(self, model: nn.Module, pattern: str) -> None:
        self.high, self.wide, self.share = _read(pattern)
        dense = [name for name, each in model.named_modules() if isinstance(each, nn.Linear)]
        parameters = dict(model.named_parameters())
        self._weights = {f"{name}.weight": parameters[f"{name}.weight"] for name in dense[:-1]}
        self.masks: dict[str, Tensor] = {}

    @property
    def density(self) -> float:
        """Share of the weights that are left, of the layers that are pruned."""
        left = sum(float(mask.sum()) for mask in self.masks.values())
        return left / sum(mask.numel() for mask in self.masks.values())

    @torch.no_grad()
    def prune(self) -> None:
        """Choose by the weights as they are now, and set to zero."""
        for name, weight in self._weights.items():
            self.masks[name] = self._mask(weight)
        self.apply()

    @torch.no_grad()
    def apply(self) -> None:
        """Set to zero what was chosen, as a step of an optimiser has moved it."""
        for name, mask in self.masks.items():
            self._weights[name].mul_(mask)

    def _mask(self, weight: Tensor) -> Tensor:
        rows, columns = weight.shape
        if not self.high:
            parts = functional.pad(weight.abs(), (0, -columns % 4)).view(rows, -1, 4)
            order = parts.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)
            return (order < 2).view(rows, -1)[:, :columns].float()
        high, wide = self.high, self.wide
        padded = functional.pad(weight, (0, -columns % wide, 0, -rows % high))
        blocks = padded.view(padded.shape[0] // high, high, -1, wide)
        size = blocks.square().sum((1, 3))
        order = size.reshape(-1).argsort(dim=0, stable=True)
        left = torch.ones(size.numel())
        left[order[: round(self.share * len(order))]] = 0
        mask = left.view(size.shape).repeat_interleave(high, 0).repeat_interleave(wide, 1)
        return mask[:rows, :columns].contiguous()


def _read(pattern: str) -> tuple[int, int, float]:
    """Height and width of blocks, and the share that is pruned; no height for two of four."""
    if pattern == "2:4":
        return 0, 4, 0.5
    if not (found := re.fullmatch(r"([1-9]\d?)x([1-9]\d?):([1-9]\d?(?:\.\d+)?)", pattern)):
        raise TorchError(
            f"Weights are pruned to 2:4, or as 8x8:75, 75 % of the blocks of 8 x 8; not "
            f"'{pattern}'."
        )
    high, wide, share = found.groups()
    return int(high), int(wide), float(share) / 100
