"""A network on a board: pictures are classified, products of it on the unit there."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.gen.boards.host import BoardLink
from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.quantize import Scaling
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.segments import resolved
from fp8mac.sim.networks.engines.engine import Recipe, UnitEngine
from fp8mac.sim.networks.tasks.tasks import Task, image_task

__all__ = ["CLOTHES", "BoardEngine", "Demo", "Picture"]

CLOTHES = (
    *("T-shirt", "trousers", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "boot"),
)
"""Classes of Fashion-MNIST."""

_CLOSED = ("nan", "pos_inf", "neg_inf")

Array = NDArray[Any]


@dataclass
class BoardEngine(UnitEngine):
    """A unit's arithmetic, done by the unit on a board, sum by sum.

    Parameters
    ----------
    link : BoardLink, optional
        The board; without one, sums are counted alone.
    progress : callable
        Called after each sum with its number of products.
    most : int, optional
        Of each layer so many sums, evenly spread, are on the board, and the others are those of
        ``gemm``; by default all are.

    Attributes
    ----------
    sums, wrong : int
        Sums that were on the board, and those of them that are not those of ``gemm``.
    """

    link: BoardLink | None = None
    progress: Callable[[int], None] = lambda products: None
    most: int | None = None
    sums: int = 0
    wrong: int = 0

    def _product(self, name: str, a: Array, b: Array) -> Array:
        right = super()._product(name, a, b)
        found, count = right.copy(), right.size
        places = np.linspace(0, count - 1, min(count, self.most or count)).astype(int)
        for row, column in zip(*np.unravel_index(places, right.shape), strict=True):
            steps = list(zip(a[row].tolist(), b[:, column].tolist(), strict=True))
            if self.link is not None:
                value = _value(self.recipe.config, self.link.sum(steps))
                found[row, column] = value
                self.sums += 1
                self.wrong += not np.array_equal(value, right[row, column], equal_nan=True)
            self.progress(len(steps))
        return found


def _value(config: MacConfig, outputs: dict[str, int]) -> float:
    """The number that a sum is."""
    if any(outputs.get(flag) for flag in _CLOSED):
        return float("nan")
    word = outputs["acc"]
    if "carry" in outputs:
        word = resolved(config, word, outputs["carry"])
    value = golden.read(config, word)
    return float(value.fraction) if value.kind is golden.Kind.FINITE else float("nan")


@dataclass(frozen=True)
class Picture:
    """What a board made of a picture.

    Parameters
    ----------
    number : int
        Which of the held-out ones.
    truth, answer : int
        The class that it is, and the one that the board sees.
    same : bool
        Whether all outputs of the network are those of ``gemm``, bit for bit.
    sums, wrong : int
        Sums that were on the board, and those of them that are not those of ``gemm``.
    """

    number: int
    truth: int
    answer: int
    same: bool
    sums: int
    wrong: int


@dataclass(frozen=True)
class Demo:
    """A network whose sums are on a board.

    Parameters
    ----------
    config : MacConfig
        The unit there.
    network : str
        ``digits_mlp`` with 64, 32 and 10 neurons, or ``fmnist`` with four convolutions.
    sums : int, optional
        Of each layer and picture so many are on the board, see `BoardEngine`; by default all.

    Raises
    ------
    ConfigError
        If the unit adds several products in a step.
    """

    config: MacConfig
    network: str = "digits_mlp"
    sums: int | None = None

    def __post_init__(self) -> None:
        if self.config.products_per_cycle > 1 or self.config.block is not None:
            raise ConfigError(
                f"Pictures are classified product by product, not as {self.config.text} does."
            )

    @cached_property
    def products(self) -> int:
        """Products of a picture that are on the board."""
        counts = list[int]()
        self._task.outputs(self._engine(None, counts.append), np.arange(1))
        return sum(counts)

    def classify(
        self,
        link: BoardLink,
        count: int,
        *,
        progress: Callable[[int], None] = lambda products: None,
    ) -> list[Picture]:
        """Classify the first held-out pictures, one after the other.

        Parameters
        ----------
        progress : callable
            Called after each sum with its number of products.

        Raises
        ------
        BoardError
            If the board is gone, does not answer, or has another unit.
        """
        found = list[Picture]()
        for number in range(count):
            chosen, board = np.arange(number, number + 1), self._engine(link, progress)
            got = self._task.outputs(board, chosen)
            want = self._task.outputs(UnitEngine(self._recipe, board.calibrated), chosen)
            same = bool(np.array_equal(got, want, equal_nan=True))
            truth, answer = int(self._task.truth[number]), int(self._task.answers(got)[0])
            found.append(Picture(number, truth, answer, same, board.sums, board.wrong))
        return found

    @cached_property
    def _task(self) -> Task:
        return image_task(self.network)

    @property
    def _recipe(self) -> Recipe:
        return Recipe(self.config, Scaling(self.config.a), Scaling(self.config.b))

    def _engine(self, link: BoardLink | None, progress: Callable[[int], None]) -> BoardEngine:
        calibrated = self._task.calibrated()
        return BoardEngine(self._recipe, calibrated, link=link, progress=progress, most=self.sums)
