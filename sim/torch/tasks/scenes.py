"""Segmentation: which garment each place of a picture belongs to, if to any.

A scene of 32 x 32 places has two garments of Fashion-MNIST at half their size beside each other, on
black: trousers, bags or boots. A place is a garment's where its image is brighter than a tenth.

# Ref: arXiv:1505.04597 (U-Net: a way down, a way up, and joints between them)
# Ref: arXiv:1902.04502 (Fast-SCNN: depthwise convolutions at a quarter of the size, one joint)
"""

# pyright: reportMissingImports=false

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fp8mac.sim.networks.tasks.images import load_fmnist
from fp8mac.sim.torch.tasks.task import TrainingTask, classify

__all__ = ["FastSegmenter", "UNet", "mean_iou", "segmentation_task"]

_SIZE, _GARMENT = 32, 14
_CLASSES = (1, 8, 9)  # of Fashion-MNIST: trousers, bags, ankle boots; 0 here is the background
_KINDS = len(_CLASSES) + 1
_SCENES, _HELD_OUT = 800, 150
_BRIGHT = 0.1


def _norm(*layers: nn.Module, channels: int) -> nn.Sequential:
    return nn.Sequential(*layers, nn.BatchNorm2d(channels), nn.ReLU())


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return _norm(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), channels=outputs)


def _separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Channel by channel over places, then place by place over channels."""
    deep = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
    wide = nn.Conv2d(inputs, outputs, 1, bias=False)
    return nn.Sequential(_norm(deep, channels=inputs), _norm(wide, channels=outputs))


class UNet(nn.Module):
    """Two steps down, two up, 8 to 32 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.top = _conv(1, 8)
        self.down = nn.Sequential(_conv(8, 16), _conv(16, 16))
        self.deep = nn.Sequential(_conv(16, 32), _conv(32, 32))
        self.up1 = nn.ConvTranspose2d(32, 16, 2, 2)
        self.join1 = _conv(32, 16)
        self.up2 = nn.ConvTranspose2d(16, 8, 2, 2)
        self.join2 = _conv(16, 8)
        self.head = nn.Conv2d(8, _KINDS, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of each place's kinds, (n, 32, 32, kinds), of pictures (n, 1, 32, 32)."""
        top = self.top(x)
        middle = self.down(functional.max_pool2d(top, 2))
        y = self.up1(self.deep(functional.max_pool2d(middle, 2)))
        y = self.up2(self.join1(torch.cat((y, middle), 1)))
        return self.head(self.join2(torch.cat((y, top), 1))).permute(0, 2, 3, 1)


class FastSegmenter(nn.Module):
    """Two ways through the picture, at a half and at an eighth of its size, added.

    Its output is made at half the picture's size, as a sixteenth of the work of a U-Net allows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = _conv(1, 12, 2)
        self.deep = nn.Sequential(
            _separable(12, 24, 2), _separable(24, 32, 2), _separable(32, 32), _separable(32, 32)
        )
        self.whole = nn.Conv2d(32, 32, 1)
        self.near, self.far = nn.Conv2d(12, 16, 1), nn.Conv2d(32, 16, 1)
        self.last = _conv(16, 16)
        self.head = nn.Conv2d(16, 4 * _KINDS, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of each place's kinds, (n, 32, 32, kinds), of pictures (n, 1, 32, 32)."""
        near = self.first(x)
        far = self.deep(near)
        far = far + self.whole(far.mean((2, 3), keepdim=True))
        far = functional.interpolate(self.far(far), scale_factor=4, mode="nearest")
        y = self.head(self.last(functional.relu(self.near(near) + far)))
        return functional.pixel_shuffle(y, 2).permute(0, 2, 3, 1)


def mean_iou(found: Tensor, wanted: Tensor, kinds: int) -> float:
    """Intersection over union, the mean over the kinds that there are.

    Examples
    --------
    >>> mean_iou(torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 1]), 3)
    0.5833333333333333
    """
    shares = []
    for kind in range(kinds):
        one, other = found == kind, wanted == kind
        if union := int((one | other).sum()):
            shares.append(int((one & other).sum()) / union)
    return sum(shares) / len(shares)


def segmentation_task(name: str, make: "type[nn.Module]", steps: int) -> TrainingTask:
    """The scenes with a model of their own."""
    x, y, test_x, test_y = _scenes()
    return TrainingTask(
        *(name, make, x, y, test_x, test_y),
        batch=8,
        rate=2e-2,
        steps=steps,
        measure="nats a place",
        judge=_judge,
    )


def _judge(task: TrainingTask, model: nn.Module) -> dict[str, float]:
    scores = classify(task, model)
    found = torch.cat([model(x).argmax(-1) for x, _ in task.held_out()])
    return {"loss": scores["loss"], "miou": mean_iou(found, task.test_y, _KINDS)}


@cache
def _scenes() -> tuple[Tensor, ...]:
    """Scenes to train with, of three quarters of the garments, and those that are held out."""
    images = load_fmnist()
    cut = len(images.test_x) * 3 // 4
    random = np.random.default_rng(0)
    parts = (slice(None, cut), _SCENES), (slice(cut, None), _HELD_OUT)
    return tuple(
        torch.from_numpy(each)
        for some, count in parts
        for each in _drawn(images.test_x[some, ..., 0], images.test_y[some], count, random)
    )


def _drawn(
    images: np.ndarray, labels: np.ndarray, count: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    chosen = [image for image in range(len(images)) if labels[image] in _CLASSES]
    small = images.reshape(-1, _GARMENT, 2, _GARMENT, 2).mean((2, 4))
    x = np.zeros((count, 1, _SIZE, _SIZE), np.float32)
    y = np.zeros((count, _SIZE, _SIZE), np.int64)
    for scene in range(count):
        for half, image in enumerate(random.choice(chosen, 2, replace=False)):
            top = random.integers(0, _SIZE - _GARMENT + 1)
            left = random.integers(0, _SIZE // 2 - _GARMENT + 1) + half * _SIZE // 2
            place = slice(top, top + _GARMENT), slice(left, left + _GARMENT)
            own = small[image] > _BRIGHT
            x[scene, 0][place] = np.where(own, small[image], 0)
            y[scene][place] = np.where(own, _CLASSES.index(labels[image]) + 1, 0)
    return x, y
