"""Which runs there are, and what papers say of them: fixed before any of them was looked at.

A claim compares two ways of training the same task from the same seeds. What counts as agreement:

==========  ======================  ==========================================================
claim       of the difference       said of the 95 % interval of paired differences
==========  ======================  ==========================================================
``equal``   no worse, no better     *same*: within 1 % of the loss; *opposite*: wholly outside
``worse``   the first loses more    *same*: above zero; *opposite*: below zero
==========  ======================  ==========================================================

Anything else is *no sign*.
"""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fp8mac.sim.torch.errors import TorchError

__all__ = ["CLAIMS", "MARGIN", "STUDY", "TrainingClaim", "TrainingWay", "ways_of"]

MARGIN = 0.01
"""Share of the loss within which two ways count as equal."""


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
    """

    name: str
    unit: str = ""
    options: "MappingProxyType[str, Any]" = field(default_factory=lambda: MappingProxyType({}))
    master: str = ""


def _way(name: str, unit: str = "", *, master: str = "", **options: Any) -> TrainingWay:
    return TrainingWay(name, unit, MappingProxyType(options), master)


_TENSOR = {"scaling": "tensor", "forward": "tensor"}
_NEAR_ONE = {"scaling": "layer", "forward": "tensor", "margin": 15}
_WAYS = (
    _way("float32"),
    _way("fp8", "fp8"),
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
)
_BY_NAME = {way.name: way for way in _WAYS}

STUDY: dict[str, tuple[str, ...]] = {
    "digits": (
        *("float32", "fp8", "tachyum-fp8", "bf16", "weights fp16", "weights bf16"),
        *("weights bf16:sr", "weights bf16:rtz", "weights 1-6-9", "weights 1-6-9:sr"),
        *("sums fp32", "sums bf16", "sums 1-6-9:rtz", "sums 1-6-9:rtz/64"),
    ),
    "fashion": ("float32", "fp8", "e5m2", "tachyum-fp8", "bf16", "bf16:rtz"),
    "text": ("float32", "fp8", "e5m2", "unscaled", "layer"),
}
"""Ways of each task in the standard study; the first one is what the others are compared with."""


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


@dataclass(frozen=True)
class TrainingClaim:
    """What a paper says of two ways.

    Parameters
    ----------
    paper : str
        Where it stands.
    text : str
        What it says.
    first, second : str
        The ways: first less second.
    kind : str
        ``equal`` or ``worse``.
    tasks : tuple of str
        Where it is put to the test.
    """

    paper: str
    text: str
    first: str
    second: str
    kind: str
    tasks: tuple[str, ...]


_FP8, _TACHYUM, _BFLOAT = "arXiv:2209.05433", "Tachyum", "arXiv:1905.12322"
_NETWORKS, _LANGUAGE = "FP8 trains networks for images as 16 bits do", "the same of language models"

CLAIMS: tuple[TrainingClaim, ...] = (
    TrainingClaim(_FP8, _NETWORKS, "fp8", "float32", "equal", ("digits", "fashion")),
    TrainingClaim(_FP8, _LANGUAGE, "fp8", "float32", "equal", ("text",)),
    TrainingClaim(
        *(_FP8, "E5M2 is for gradients, E4M3 for the rest", "e5m2", "fp8", "worse"),
        ("fashion", "text"),
    ),
    TrainingClaim(
        *(_TACHYUM, "1-5-2 with sums in 1-6-9 keeps accuracy", "tachyum-fp8", "float32", "equal"),
        ("digits", "fashion"),
    ),
    TrainingClaim(
        *(_TACHYUM, "sums of 16 bits, truncated, hurt training", "sums 1-6-9:rtz", "sums fp32"),
        *("worse", ("digits",)),
    ),
    TrainingClaim(
        *(_TACHYUM, "partial sums repair that", "sums 1-6-9:rtz/64", "sums fp32", "equal"),
        ("digits",),
    ),
    TrainingClaim(
        *(_TACHYUM, "rounding the backward pass as well costs", "tachyum-fp8", "tachyum-sfp8"),
        *("worse", ("text",)),
    ),
    TrainingClaim(
        *(_TACHYUM, "FP8 gradients need scales", "unscaled", "layer", "worse", ("text",)),
    ),
    TrainingClaim(
        *(_TACHYUM, "one global scale is not enough", "global 2^8", "layer", "worse", ("text",)),
    ),
    TrainingClaim(
        *(_TACHYUM, "weights can be stored in 16 bits", "weights 1-6-9", "float32", "equal"),
        ("digits",),
    ),
    TrainingClaim(
        *(_BFLOAT, "BF16 operands train as FP32", "bf16", "float32", "equal"),
        ("digits", "fashion"),
    ),
    TrainingClaim(
        *(_BFLOAT, "truncated BF16 loses against nearest", "bf16:rtz", "bf16", "worse"),
        ("fashion",),
    ),
)
"""In the order of the page."""
