"""How the embedded networks were made: numpy alone, with fixed seeds.

::

    python -m fp8mac.sim.networks.training.train data DATASETS/fashion-mnist digits.csv.gz
    python -m fp8mac.sim.networks.training.train digits_mlp digits_cnn fmnist

The first line makes the data files, from Debian's package ``dataset-fashion-mnist`` and from
scikit-learn's ``sklearn/datasets/data/digits.csv.gz``; the second trains. Fashion-MNIST takes
about 6 minutes on one core, and needs the whole data set (``FP8MAC_FMNIST``, or Debian's place).
"""

import gzip
import io
import lzma
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.engines.reference import Plain
from fp8mac.sim.networks.models.sequential import Parameters, forward
from fp8mac.sim.networks.tasks.images import (
    EMBEDDED,
    Images,
    load_digits,
    load_fmnist,
    read_idx,
    whole_fmnist,
)
from fp8mac.sim.networks.training.backprop import Adam, Trainer, batches, fold, initial

__all__ = ["RECIPES", "TrainingRecipe", "main", "train"]

Array = NDArray[Any]

_FOLDER = Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class TrainingRecipe:
    """How a network is trained.

    Parameters
    ----------
    epochs, batch : int
        How often all images are seen, and how many at once.
    rate : float
        Largest learning rate; it rises over the first fifth and falls along a cosine.
    normalise : bool
        Whether convolutions are normalised by batch.
    mirror : bool
        Whether every other image is shown mirrored.
    seed : int
        Of weights, order and mirroring.
    """

    epochs: int
    batch: int
    rate: float
    normalise: bool = False
    mirror: bool = False
    decay: float = 0.01
    seed: int = 1


RECIPES = {
    "digits_mlp": TrainingRecipe(epochs=60, batch=32, rate=4e-3),
    "digits_cnn": TrainingRecipe(epochs=30, batch=32, rate=4e-3),
    "fmnist": TrainingRecipe(epochs=7, batch=128, rate=6e-3, normalise=True, mirror=True),
}
"""The recipes of the parameters in ``data``."""


def train(name: str, images: Images, recipe: TrainingRecipe) -> Parameters:
    """Train an embedded network from random weights; its convolutions are folded."""
    layers, rng = EMBEDDED[name], np.random.default_rng(recipe.seed)
    trainer = Trainer(layers, initial(layers, rng, recipe.normalise))
    adam = Adam(recipe.decay)
    steps = recipe.epochs * (len(images.train_x) // recipe.batch)
    for epoch in range(recipe.epochs):
        losses = []
        for chosen in batches(len(images.train_x), recipe.batch, rng):
            x = images.train_x[chosen]
            if recipe.mirror:
                mirrored = rng.random(len(x)) < 0.5
                x = np.where(mirrored[:, None, None, None], x[:, :, ::-1], x)
            loss, gradients = trainer.gradients(x, images.train_y[chosen])
            adam.step(trainer.parameters, gradients, recipe.rate * _schedule(adam.steps / steps))
            losses.append(loss)
        folded = fold(layers, trainer)
        share = accuracy(name, folded, images)
        print(f"{name} {epoch + 1}: loss {np.mean(losses):.4f}, held out {share:.4f}", flush=True)
    return fold(layers, trainer)


def accuracy(name: str, parameters: Parameters, images: Images) -> float:
    """Share of held-out images that are named correctly, in float32."""
    right = 0
    for start in range(0, len(images.test_x), 500):
        x, y = images.test_x[start : start + 500], images.test_y[start : start + 500]
        outputs = forward(Plain(), EMBEDDED[name], parameters, x)
        right += int((outputs.argmax(1) == y).sum())
    return right / len(images.test_x)


def _schedule(share: float) -> float:
    return share / 0.2 if share < 0.2 else 0.5 + 0.5 * float(np.cos(np.pi * (share - 0.2) / 0.8))


def _write(name: str, arrays: Mapping[str, Array]) -> None:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    packed = lzma.compress(file.getvalue(), preset=9 | lzma.PRESET_EXTREME)
    _FOLDER.mkdir(exist_ok=True)
    (_FOLDER / f"{name}.npz.xz").write_bytes(packed)
    print(f"{name}: {len(packed):,} bytes", flush=True)


def _make_data(fashion: Path, digits: Path) -> None:
    table = np.loadtxt(io.StringIO(gzip.decompress(digits.read_bytes()).decode()), delimiter=",")
    table = table[np.random.default_rng(0).permutation(len(table))].astype(np.uint8)
    _write("digits", {"images": table[:, :-1].reshape(-1, 8, 8), "labels": table[:, -1]})
    parts = {"train": ("train", 128), "test": ("t10k", 2000)}
    arrays = {}
    for part, (stem, count) in parts.items():
        arrays[f"{part}_x"] = read_idx(fashion / f"{stem}-images-idx3-ubyte.gz")[:count]
        arrays[f"{part}_y"] = read_idx(fashion / f"{stem}-labels-idx1-ubyte.gz")[:count]
    _write("fmnist_images", arrays)


def main() -> None:
    """Make what the command line names."""
    if sys.argv[1:2] == ["data"]:
        _make_data(*map(Path, sys.argv[2:4]))
        return
    for name in sys.argv[1:]:
        images = load_fmnist(whole_fmnist()) if name == "fmnist" else load_digits()
        parameters = train(name, images, RECIPES[name])
        _write(name, {key: value.astype(np.float16) for key, value in parameters.items()})
        stored = {
            key: value.astype(np.float16).astype(np.float32) for key, value in parameters.items()
        }
        print(f"{name}: held out {accuracy(name, stored, images):.4f}", flush=True)


if __name__ == "__main__":
    main()
