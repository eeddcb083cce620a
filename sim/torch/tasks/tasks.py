"""What is trained: data that come with the package, a model, how long, and what counts.

=========  =====================================  =====================  =========================
task       data                                   model                  measure, held out
=========  =====================================  =====================  =========================
digits     1,197 digits, 8 x 8                    3 convolutions         nats, 600 digits
fashion    1,500 images of Fashion-MNIST          4 convolutions         nats, 500 images
resnet     the same                               ResNet-8               nats, 500 images
text       90 % of Genesis, King James Version    transformer, 2 blocks  bits a character, 8,192
=========  =====================================  =====================  =========================

Fashion-MNIST is its embedded part, see `fp8mac.sim.networks.tasks.images`. The text is in the
public domain; its file comes from Debian's package ``bible-kjv-text``.
"""

# pyright: reportMissingImports=false

import importlib.resources
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import log

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fp8mac.sim.networks.tasks.images import Images, load_digits, load_fmnist
from fp8mac.sim.torch.errors import TorchError
from fp8mac.sim.torch.tasks.models import (
    CharacterModel,
    ResidualNetwork,
    digits_network,
    fashion_network,
)

__all__ = ["TrainingTask", "training_task"]

_LENGTH = 64  # characters of a sample of the text
_HELD_OUT = 500  # images of Fashion-MNIST


@dataclass(frozen=True)
class TrainingTask:
    """What is trained, and how.

    Parameters
    ----------
    name : str
        Of the task.
    make : callable
        Gives a new model.
    x, y : Tensor
        What it is trained with: inputs and what should come out, one row a sample.
    test_x, test_y : Tensor
        What is held out.
    batch : int
        Samples of a step.
    rate : float
        Learning rate of AdamW, after warming up; it falls along a cosine.
    steps : int
        Steps of a whole run.
    measure : str
        What the loss is called.
    unit : float
        By what the loss in nats is multiplied.
    """

    name: str
    make: Callable[[], nn.Module]
    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor
    batch: int
    rate: float
    steps: int
    measure: str = "nats"
    unit: float = 1.0

    def loss(self, model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        """Mean cross entropy of a batch, in nats."""
        scores = model(x)
        return functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), y.reshape(-1))

    def samples(self, step: int, seed: int) -> Tensor:
        """Which samples a step is trained with: a function of seed and step."""
        in_epoch = len(self.x) // self.batch
        epoch, place = divmod(step, in_epoch)
        order = np.random.default_rng((seed, epoch)).permutation(len(self.x))
        return torch.from_numpy(order[place * self.batch : (place + 1) * self.batch])

    def held_out(self, model: nn.Module) -> tuple[float, float]:
        """Loss, in the task's unit, and share of right answers, of what is held out."""
        model.eval()
        losses, right = [], 0
        with torch.no_grad():
            for x, y in zip(self.test_x.split(250), self.test_y.split(250), strict=True):
                scores = model(x)
                flat, wanted = scores.reshape(-1, scores.shape[-1]), y.reshape(-1)
                losses.append(functional.cross_entropy(flat, wanted, reduction="sum"))
                right += int((flat.argmax(-1) == wanted).sum())
        model.train()
        count = self.test_y.numel()
        return float(torch.stack(losses).sum()) / count * self.unit, right / count


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
    "text": _text,
}
