"""How good images are: beside those they should be, and as a crowd beside another crowd.

All in float32 and float64 and outside of any unit: what a unit did to a model is to be seen in its
images, not in their judges. Images are of shape (n, height, width), from 0 to 1.

# Ref: Z. Wang et al., Image quality assessment: from error visibility to structural similarity,
#      IEEE Transactions on Image Processing 13 (2004)
# Ref: Z. Wang et al., Multi-scale structural similarity for image quality assessment, 2003
# Ref: arXiv:1706.08500 (Fréchet distance of features)
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.engines.reference import Plain
from fp8mac.sim.networks.models.sequential import forward
from fp8mac.sim.networks.tasks.images import EMBEDDED, embedded_parameters

__all__ = ["features", "frechet_distance", "ms_ssim", "psnr", "ssim"]

Array = NDArray[Any]

_WINDOW = 7
_BRIGHTNESS, _CONTRAST = 0.01**2, 0.03**2
# Of the finest two of five scales in the paper, over their sum: 28 places have no more.
_SCALES = (0.0448 / (0.0448 + 0.2856), 0.2856 / (0.0448 + 0.2856))


def psnr(found: Array, wanted: Array) -> float:
    """Peak signal over noise in dB, the mean over images.

    Examples
    --------
    >>> psnr(np.full((1, 8, 8), 0.25), np.full((1, 8, 8), 0.5))
    12.041199826559248
    """
    error = ((found.astype(float) - wanted) ** 2).mean((1, 2))
    return float(np.mean(-10 * np.log10(np.maximum(error, 1e-10))))


def ssim(found: Array, wanted: Array) -> float:
    """Structural similarity in windows of 7 x 7, the mean over images; 1 for equal ones."""
    return float(np.mean(_likeness(found, wanted)[0]))


def ms_ssim(found: Array, wanted: Array) -> float:
    """Structural similarity at two scales, the mean over images; 1 for equal ones."""
    total = np.ones(len(found))
    for scale, weight in enumerate(_SCALES):
        whole, structure = _likeness(found, wanted)
        last = scale == len(_SCALES) - 1
        total *= np.maximum(whole if last else structure, 0) ** weight
        found, wanted = (x.reshape(len(x), -1, 2, x.shape[2] // 2, 2) for x in (found, wanted))
        found, wanted = (x.mean((2, 4)) for x in (found, wanted))
    return float(total.mean())


def features(images: Array) -> Array:
    """What the embedded network for Fashion-MNIST sees in images of 28 x 28, shape (n, 64)."""
    layers = EMBEDDED["fmnist"][:-1]
    return forward(Plain(), layers, embedded_parameters("fmnist"), images[..., None])


def frechet_distance(found: Array, wanted: Array) -> float:
    """Fréchet distance of two normal distributions that are fitted to the features of images.

    It is like the distance that is named after Inception, with a network for garments: numbers of
    one are none of the other.
    """
    (mean, spread), (other, others) = (
        (x.mean(0), np.cov(x.T)) for x in (features(each).astype(float) for each in (found, wanted))
    )
    # The trace of (A B)^(1/2) is that of (A^(1/2) B A^(1/2))^(1/2), which is symmetric.
    values, vectors = np.linalg.eigh(spread)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    joint = np.linalg.eigvalsh(root @ others @ root)
    both = np.trace(spread) + np.trace(others) - 2 * np.sqrt(np.maximum(joint, 0)).sum()
    return float(((mean - other) ** 2).sum() + both)


def _likeness(x: Array, y: Array) -> tuple[Array, Array]:
    """Structural similarity of each pair, and its part without brightness."""
    x, y = x.astype(float), y.astype(float)
    mean_x, mean_y = _blurred(x), _blurred(y)
    spread_x, spread_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    shared = _blurred(x * y) - mean_x * mean_y
    structure = (2 * shared + _CONTRAST) / (spread_x + spread_y + _CONTRAST)
    bright = (2 * mean_x * mean_y + _BRIGHTNESS) / (mean_x**2 + mean_y**2 + _BRIGHTNESS)
    return (bright * structure).mean((1, 2)), structure.mean((1, 2))


def _blurred(x: Array) -> Array:
    """Means over all windows that lie in the image."""
    for axis in (1, 2):
        x = np.lib.stride_tricks.sliding_window_view(x, _WINDOW, axis).mean(-1)
    return x
