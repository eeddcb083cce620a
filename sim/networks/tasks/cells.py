"""Solar cells: whether a photograph shows a defect, told by features of pictures.

``efficientnet``: 2,624 photographs of the light that solar cells give off, 300 x 300 greys, with a
probability of a defect that people have given; it is one where that is above a half. They are
reduced to 128 x 128. A linear head, fitted by ridge regression to float32 features of 600 of them,
says which; it stays in float32. The network itself has never seen such pictures, it was trained on
ImageNet: no labelled picture of those comes in a package.

# Ref: C. Buerhop-Lutz et al., A benchmark for visual identification of defective solar cells in
#      electroluminescence imagery, EU PVSEC, 2018
# Ref: S. Deitsch et al., Automatic classification of defective photovoltaic module cells in
#      electroluminescence images, Solar Energy 185, 2019
"""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fp8mac.sim.networks.data.fetch import EFFICIENTNET, ELPV, find, read_member
from fp8mac.sim.networks.engines.reference import Plain
from fp8mac.sim.networks.models.efficientnet import EfficientNet
from fp8mac.sim.networks.models.head import Head
from fp8mac.sim.networks.models.sequential import Engine, FullEngine
from fp8mac.sim.networks.tasks.tasks import Task

__all__ = ["cells_task", "read_cells"]

Array = NDArray[Any]

_FOLDER = "elpv_dataset/data"
_FITTED = 600
_CALIBRATED = 32
_SIDE = 128
_AT_ONCE = 25
_RIDGE = 100.0


def cells_task() -> Task:
    """Photographs that the head was not fitted to."""
    names, labels = _cells()
    held_out = names[_FITTED:]
    return Task(
        "efficientnet",
        "top1",
        labels[_FITTED:],
        lambda engine, chosen: _features(engine, [held_out[each] for each in chosen.tolist()]),
        _head().answers,
        lambda engine: _features(engine, names[:_CALIBRATED]),
        block=_AT_ONCE,
    )


def read_cells(wheel: Path, names: list[str]) -> NDArray[np.float32]:
    """Pictures of -1 to 1, shape (n, 128, 128, 3), the three channels alike."""
    pictures: list[NDArray[np.float32]] = []
    with ZipFile(wheel) as archive:
        for name in names:
            with Image.open(BytesIO(archive.read(f"{_FOLDER}/{name}"))) as image:
                small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
            pictures.append(np.asarray(small, np.float32))
    grey = (np.stack(pictures) - np.float32(127)) / np.float32(128)
    return np.repeat(grey[..., None], 3, axis=3)


def _features(engine: Engine, names: list[str]) -> Array:
    return _model().features(cast(FullEngine, engine), read_cells(_wheel(), names))


@cache
def _model() -> EfficientNet:
    return EfficientNet.load(find(EFFICIENTNET, "efficientnet"))


@cache
def _wheel() -> Path:
    return find(ELPV, "efficientnet")


@cache
def _cells() -> tuple[list[str], NDArray[np.int64]]:
    """Names and labels in an order drawn once."""
    lines = read_member(_wheel(), f"{_FOLDER}/labels.csv").decode().splitlines()
    entries = [line.split() for line in lines]
    order = np.random.default_rng(0).permutation(len(entries))
    defects = [int(float(entries[each][1]) > 0.5) for each in order]
    return [entries[each][0] for each in order], np.array(defects)


@cache
def _head() -> Head:
    names, labels = _cells()
    starts = range(0, _FITTED, _AT_ONCE)
    parts = [_features(Plain(), names[start : start + _AT_ONCE]) for start in starts]
    return Head.fit(np.concatenate(parts), labels[:_FITTED], _RIDGE)
