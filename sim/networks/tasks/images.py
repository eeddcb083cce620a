"""The embedded networks and their data: digits and Fashion-MNIST.

===========  ==========================================  ==========  ==========================
network      layers                                      parameters  held out
===========  ==========================================  ==========  ==========================
digits_mlp   64-32-10                                         2,410  600 digits
digits_cnn   3 convolutions, dense layer                      4,218  600 digits
fmnist       4 convolutions, mean, dense layer               61,000  2,000 (10,000 if installed)
===========  ==========================================  ==========  ==========================

The digits are scikit-learn's ``load_digits``: 1,797 images of the UCI data set *Optical Recognition
of Handwritten Digits* (E. Alpaydin and C. Kaynak, CC BY 4.0), in an order drawn once, the last 600
held out. Fashion-MNIST is Zalando's (MIT), in its official split; its first 2,000 test images are
here, and 128 training images for calibration.
"""

import gzip
import importlib.resources
import io
import lzma
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.models.sequential import Layer, Parameters

__all__ = [
    "EMBEDDED",
    "Images",
    "embedded_parameters",
    "load_digits",
    "load_fmnist",
    "read_idx",
    "whole_fmnist",
]

Array = NDArray[Any]

EMBEDDED: dict[str, tuple[Layer, ...]] = {
    "digits_mlp": (Layer("hidden", 64, 32), Layer("output", 32, 10, relu=False)),
    "digits_cnn": (
        Layer("conv1", 1, 8, kernel=3),
        Layer("conv2", 8, 16, kernel=3, pool="max"),
        Layer("conv3", 16, 16, kernel=3, pool="max"),
        Layer("output", 64, 10, relu=False),
    ),
    "fmnist": (
        Layer("conv1", 1, 16, kernel=3),
        Layer("conv2", 16, 32, kernel=3, stride=2),
        Layer("conv3", 32, 64, kernel=3, stride=2),
        Layer("conv4", 64, 64, kernel=3, stride=2, pool="mean"),
        Layer("output", 64, 10, relu=False),
    ),
}
"""Layers of the networks that come with the package."""

_DEBIAN = "/usr/share/datasets/fashion-mnist"


@dataclass(frozen=True)
class Images:
    """Labelled images: what calibrates or trains, and what is held out.

    Values are 0 to 1; ``train_x`` and ``test_x`` have shape (n, height, width, 1).
    """

    train_x: NDArray[np.float32]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.float32]
    test_y: NDArray[np.int64]


def embedded_parameters(name: str) -> Parameters:
    """Trained parameters of an embedded network, as float32."""
    return {key: value.astype(np.float32) for key, value in _archive(name).items()}


def load_digits() -> Images:
    """1,197 digits to train with and 600 held out, 8 x 8, of 17 greys."""
    data = _archive("digits")
    x = (data["images"][..., None] / np.float32(16)).astype(np.float32)
    y = data["labels"].astype(np.int64)
    return Images(x[:-600], y[:-600], x[-600:], y[-600:])


def load_fmnist(folder: Path | None = None) -> Images:
    """Fashion-MNIST, 28 x 28: the whole of it from a folder, else the embedded part.

    Parameters
    ----------
    folder : Path, optional
        Holds the four ``*-ubyte.gz`` files, see `whole_fmnist`.

    Raises
    ------
    NetworkError
        If a file is not what it should be.
    OSError
        If it cannot be read.
    """
    if folder is None:
        data = _archive("fmnist_images")
        return _grey(data["train_x"], data["train_y"], data["test_x"], data["test_y"])
    parts = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    return _grey(*(read_idx(folder / f"{part}-ubyte.gz") for part in parts))


def whole_fmnist() -> Path | None:
    """Folder of the whole data set, None where it is not installed.

    The environment variable ``FP8MAC_FMNIST``, else where Debian's package
    ``dataset-fashion-mnist`` puts it.
    """
    folder = Path(os.environ.get("FP8MAC_FMNIST") or _DEBIAN)
    return folder if (folder / "train-images-idx3-ubyte.gz").exists() else None


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Array of bytes from a compressed file in the format of the MNIST data sets."""
    try:
        data = gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError) as error:
        raise NetworkError(f"'{path}' is damaged: {error}.") from error
    dimensions = data[3] if len(data) > 4 else 0
    shape = np.frombuffer(data[4 : 4 + 4 * dimensions], ">u4")
    values = np.frombuffer(data[4 + 4 * dimensions :], np.uint8)
    if data[:3] != b"\0\0\x08" or values.size != np.prod(shape, dtype=np.int64):
        raise NetworkError(f"'{path}' is not a file of bytes in the idx format.")
    return values.reshape(tuple(shape.tolist()))


def _grey(train_x: Array, train_y: Array, test_x: Array, test_y: Array) -> Images:
    train, test = ((x[..., None] / np.float32(255)).astype(np.float32) for x in (train_x, test_x))
    return Images(train, train_y.astype(np.int64), test, test_y.astype(np.int64))


@cache
def _archive(name: str) -> dict[str, Array]:
    file = importlib.resources.files("fp8mac.sim.networks.data") / f"{name}.npz.xz"
    with np.load(io.BytesIO(lzma.decompress(file.read_bytes()))) as archive:
        return {key: archive[key] for key in archive.files}
