"""What papers say of training, and what counts as agreement: fixed before any run was looked at.

A claim compares two ways of training the same task from the same seeds:

==========  ======================  ================================================================
claim       of the difference       said of the 95 % interval of paired differences
==========  ======================  ================================================================
``equal``   no worse, no better     *reproduced*: within the margin; *contradicted*: wholly outside
``worse``   the first one is worse  *reproduced*: above zero; *contradicted*: below zero
==========  ======================  ================================================================

Anything else is *unresolved*. The margin is 1 % of what is measured; one point of IoU and of right
answers, 0.01 of structural similarity, and 0.001 of log loss, which its paper calls too much.

# Ref: arXiv:2209.05433; Tachyum, an article of 15 December 2022; arXiv:1905.12322
"""

from dataclasses import dataclass

__all__ = ["CLAIMS", "HIGHER_IS_BETTER", "MARGIN", "TrainingClaim"]

MARGIN = 0.01
"""Share of what is measured within which two ways count as equal."""

HIGHER_IS_BETTER = ("accuracy", "miou", "psnr_db", "ssim")
"""Scores of which the lower one is worse; of losses it is the higher one."""


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
    measure : str
        ``loss``, or a score.
    margin : float
        Within which two ways count as equal; 0 for the share `MARGIN` of what is measured.
    """

    paper: str
    text: str
    first: str
    second: str
    kind: str
    tasks: tuple[str, ...]
    measure: str = "loss"
    margin: float = 0.0


_FP8, _TACHYUM, _BFLOAT = "arXiv:2209.05433", "Tachyum", "arXiv:1905.12322"
_IMAGES, _RECOMMEND = ("digits", "fashion"), ("movies", "adult")
_POINT, _CLICKS = 0.01, 0.001

CLAIMS: tuple[TrainingClaim, ...] = (
    TrainingClaim(
        _FP8, "FP8 trains networks for images as 16 bits do", "fp8", "float32", "equal", _IMAGES
    ),
    TrainingClaim(_FP8, "the same of recurrent networks", "fp8", "float32", "equal", ("words",)),
    TrainingClaim(_FP8, "the same of language models", "fp8", "float32", "equal", ("text",)),
    TrainingClaim(
        *(_FP8, "E5M2 is for gradients, E4M3 for the rest", "e5m2", "fp8", "worse"),
        ("fashion", "text"),
    ),
    TrainingClaim(
        *(_FP8, "one scale for all tensors of a kind can do", "one scale", "fp8", "equal"),
        ("digits",),
    ),
    TrainingClaim(
        *(_TACHYUM, "1-5-2 with sums in 1-6-9 keeps accuracy", "tachyum-fp8", "float32"),
        *("equal", _IMAGES),
    ),
    TrainingClaim(
        *(_TACHYUM, "U-Net: IoU 78.40 % in FP32, 77.44 % in FP8", "tachyum-fp8", "float32"),
        *("equal", ("unet",), "miou", _POINT),
    ),
    TrainingClaim(
        *(_TACHYUM, "Fast-SCNN: IoU 72 % in FP32, 77 % in FP8", "tachyum-fp8", "float32"),
        *("equal", ("fastscnn",), "miou", _POINT),
    ),
    TrainingClaim(
        _TACHYUM, "operands of 8 bits alone hurt", "unscaled", "float32", "worse", ("text",)
    ),
    TrainingClaim(_TACHYUM, "sums of 16 bits hurt", "sums bf16", "sums fp32", "worse", ("digits",)),
    TrainingClaim(
        *(_TACHYUM, "the same, truncated", "sums 1-6-9:rtz", "sums fp32", "worse"),
        ("digits",),
    ),
    TrainingClaim(
        *(_TACHYUM, "partial sums repair that", "sums 1-6-9:rtz/64", "sums fp32", "equal"),
        ("digits",),
    ),
    TrainingClaim(
        *(_TACHYUM, "rounding the backward pass as well costs", "tachyum-fp8", "tachyum-sfp8"),
        *("worse", ("text",)),
    ),
    TrainingClaim(_TACHYUM, "FP8 gradients need scales", "unscaled", "layer", "worse", ("text",)),
    TrainingClaim(
        _TACHYUM, "one global scale is not enough", "global 2^8", "layer", "worse", ("text",)
    ),
    TrainingClaim(
        *(_TACHYUM, "weights can be stored in 16 bits", "weights 1-6-9", "float32", "equal"),
        ("digits",),
    ),
    TrainingClaim(
        *(_TACHYUM, "weights in blocks keep accuracy", "8x8:75", "fp8", "equal"),
        *(("garments",), "accuracy", _POINT),
    ),
    TrainingClaim(
        *(_TACHYUM, "blocks lose more than single weights", "8x8:75", "1x1:75", "worse"),
        ("garments",),
    ),
    TrainingClaim(
        _BFLOAT, "BF16 operands train as FP32: images", "bf16", "float32", "equal", _IMAGES
    ),
    TrainingClaim(
        _BFLOAT, "the same of recurrent networks", "bf16", "float32", "equal", ("words",)
    ),
    TrainingClaim(_BFLOAT, "the same of DC-GAN: distance", "bf16", "float32", "equal", ("gan",)),
    TrainingClaim(
        *(_BFLOAT, "the same of DC-GAN: MS-SSIM", "bf16", "float32", "equal", ("gan",)),
        *("ms_ssim", _POINT),
    ),
    TrainingClaim(
        *(_BFLOAT, "super-resolution: less PSNR", "bf16", "float32", "worse", ("sharpen",)),
        "psnr_db",
    ),
    TrainingClaim(
        *(_BFLOAT, "super-resolution: more SSIM", "float32", "bf16", "worse", ("sharpen",)),
        "ssim",
    ),
    TrainingClaim(
        *(_BFLOAT, "recommenders: as FP32, to nearest", "bf16", "float32", "equal"),
        *(_RECOMMEND, "loss", _CLICKS),
    ),
    TrainingClaim(
        *(_BFLOAT, "truncated BF16 loses against nearest", "bf16:rtz", "bf16", "worse"),
        ("fashion", *_RECOMMEND),
    ),
)
"""In the order of the page."""
