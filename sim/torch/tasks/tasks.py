"""What is trained: data that come with the package or inside others, a model, how long.

=========  =====================================  =====================  =========================
task       data                                   model                  measure, held out
=========  =====================================  =====================  =========================
digits     1,197 digits, 8 x 8                    3 convolutions         nats, 600 digits
fashion    1,500 images of Fashion-MNIST          4 convolutions         nats, 500 images
resnet     the same                               ResNet-8               nats, 500 images
garments   the same                               3 dense layers         nats, 500 images
text       90 % of Genesis, King James Version    transformer, 2 blocks  bits a character, 8,192
words      8,000 words of the CMU dictionary      2 GRUs                 nats, 1,000 words
unet       800 scenes of garments, 32 x 32        U-Net, 8 convolutions  nats and IoU, 150 scenes
fastscnn   the same                               Fast-SCNN, in small    nats and IoU, 150 scenes
gan        1,500 images of Fashion-MNIST          DC-GAN, in small       distance to 500 images
sharpen    the same, from half their size         3 convolutions         error, PSNR, 500 images
movies     90,000 ratings of MovieLens-100k       deep and cross         log loss, 10,000
adult      38,842 people of UCI's Adult           deep and cross         log loss, 10,000
=========  =====================================  =====================  =========================

Fashion-MNIST is its embedded part, see `fp8mac.sim.networks.tasks.images`. The text is in the
public domain; its file comes from Debian's package ``bible-kjv-text``. Words, ratings and people
are fetched, see `fp8mac.sim.networks.data.fetch`.
"""

# pyright: reportMissingImports=false

import importlib.resources
import lzma
from collections.abc import Callable
from functools import cache
from math import log

import numpy as np
import torch
from torch import Tensor, nn

from fp8mac.sim.networks.tasks.images import Images, load_digits, load_fmnist
from fp8mac.sim.torch.errors import TorchError
from fp8mac.sim.torch.tasks.clicks import adult_task, movies_task
from fp8mac.sim.torch.tasks.models import (
    CharacterModel,
    ResidualNetwork,
    dense_network,
    digits_network,
    fashion_network,
)
from fp8mac.sim.torch.tasks.pictures import generation_task, sharpening_task
from fp8mac.sim.torch.tasks.scenes import FastSegmenter, UNet, segmentation_task
from fp8mac.sim.torch.tasks.task import TrainingTask
from fp8mac.sim.torch.tasks.words import words_task

__all__ = ["training_task"]

_LENGTH = 64  # characters of a sample of the text
_HELD_OUT = 500  # images of Fashion-MNIST


@cache
def training_task(name: str) -> TrainingTask:
    """Task of a name.

    Raises
    ------
    TorchError
        If there is none.
    """
    if name not in _TASKS:
        raise TorchError(f"There is no task '{name}'; there are {', '.join(_TASKS)}.")
    return _TASKS[name]()


def _digits() -> TrainingTask:
    tensors = _tensors(load_digits())
    return TrainingTask("digits", digits_network, *tensors, batch=32, rate=4e-3, steps=200)


def _fashion() -> TrainingTask:
    return TrainingTask(
        "fashion", fashion_network, *_fashion_images(), batch=32, rate=4e-3, steps=140
    )


def _resnet() -> TrainingTask:
    return TrainingTask(
        "resnet", ResidualNetwork, *_fashion_images(), batch=32, rate=4e-3, steps=60
    )


def _garments() -> TrainingTask:
    return TrainingTask(
        "garments", dense_network, *_fashion_images(), batch=64, rate=2e-3, steps=200
    )


def _gan() -> TrainingTask:
    x, _, test_x, _ = _fashion_images()
    return generation_task(x, test_x)


def _sharpen() -> TrainingTask:
    x, _, test_x, _ = _fashion_images()
    return sharpening_task(x, test_x)


def _fashion_images() -> tuple[Tensor, ...]:
    all_of_it = load_fmnist()
    x, y = all_of_it.test_x, all_of_it.test_y
    train, test = slice(None, -_HELD_OUT), slice(-_HELD_OUT, None)
    return _tensors(Images(x[train], y[train], x[test], y[test]))


def _tensors(images: Images) -> tuple[Tensor, ...]:
    def picture(x: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))

    x, test_x = picture(images.train_x), picture(images.test_x)
    return x, torch.from_numpy(images.train_y), test_x, torch.from_numpy(images.test_y)


def _text() -> TrainingTask:
    file = importlib.resources.files("fp8mac.sim.networks.data") / "genesis.txt.xz"
    text = lzma.decompress(file.read_bytes()).decode("ascii")
    characters = sorted(set(text))
    numbers = torch.tensor([characters.index(each) for each in text])
    cut = len(numbers) * 9 // 10

    def windows(some: Tensor, apart: int) -> tuple[Tensor, Tensor]:
        rows = some.unfold(0, _LENGTH + 1, apart)
        return rows[:, :-1].contiguous(), rows[:, 1:].contiguous()

    train, test = windows(numbers[:cut], _LENGTH // 2), windows(numbers[cut:], _LENGTH)
    held_out = (each[:128] for each in test)

    def make() -> nn.Module:
        return CharacterModel(len(characters), _LENGTH)

    return TrainingTask(
        "text",
        make,
        *train,
        *held_out,
        batch=8,
        rate=3e-3,
        steps=80,
        measure="bits a character",
        unit=1 / log(2),
    )


_TASKS: dict[str, Callable[[], TrainingTask]] = {
    "digits": _digits,
    "fashion": _fashion,
    "resnet": _resnet,
    "garments": _garments,
    "text": _text,
    "words": words_task,
    "unet": lambda: segmentation_task("unet", UNet, steps=120),
    "fastscnn": lambda: segmentation_task("fastscnn", FastSegmenter, steps=160),
    "gan": _gan,
    "sharpen": _sharpen,
    "movies": movies_task,
    "adult": adult_task,
}
