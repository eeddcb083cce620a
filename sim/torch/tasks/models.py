"""Models that train in a minute on one core."""

# pyright: reportMissingImports=false

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "CharacterModel",
    "ResidualNetwork",
    "dense_network",
    "digits_network",
    "fashion_network",
]


def digits_network() -> nn.Module:
    """Three convolutions and a dense layer for 8 x 8 images, 4,218 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def fashion_network() -> nn.Module:
    """Four convolutions, normalised by batch, and a dense layer for 28 x 28 images."""
    layers: list[nn.Module] = []
    for inputs, outputs, stride in ((1, 16, 1), (16, 32, 2), (32, 64, 2), (64, 64, 2)):
        layers += [
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def dense_network() -> nn.Module:
    """Three dense layers for 28 x 28 images, 109,386 parameters."""
    sizes = (784, 128, 64, 10)
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class _Residual(nn.Module):
    """Two convolutions beside a way around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.around = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.around = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(y)) + self.around(x))


class ResidualNetwork(nn.Module):
    """ResNet-8: a convolution, three residual blocks of 16, 32 and 64 channels, a dense layer.

    # Ref: arXiv:1512.03385, section 4.2, with n = 1
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(
            _Residual(16, 16, 1), _Residual(16, 32, 2), _Residual(32, 64, 2)
        )
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of ten classes, of images (n, 1, 28, 28)."""
        y = self.blocks(functional.relu(self.norm(self.conv(x))))
        return self.head(y.mean((2, 3)))


class _Block(nn.Module):
    """Attention to what came before, and a layer of four times the width."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.wide = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        split = self.queries(self.norm1(x)).view(n, length, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(n, length, width))
        return x + self.narrow(functional.gelu(self.wide(self.norm2(x))))


class CharacterModel(nn.Module):
    """Transformer over characters: two blocks of width 64 and four heads.

    Parameters
    ----------
    characters : int
        How many there are.
    length : int
        The longest text it sees.
    """

    def __init__(self, characters: int, length: int) -> None:
        super().__init__()
        self.characters = nn.Embedding(characters, 64)
        self.places = nn.Parameter(0.02 * torch.randn(length, 64))
        self.blocks = nn.Sequential(_Block(64, 4), _Block(64, 4))
        self.norm = nn.LayerNorm(64)
        self.head = nn.Linear(64, characters)

    def forward(self, text: Tensor) -> Tensor:
        """Scores of the next character, (n, length, characters), of numbers (n, length)."""
        x = self.characters(text) + self.places[: text.shape[1]]
        return self.head(self.norm(self.blocks(x)))
