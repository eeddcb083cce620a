"""A network on a board: digits are classified, every product of them on the unit there."""

from collections.abc import Callable
from dataclasses import dataclass
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
from fp8mac.sim.networks.tasks.tasks import image_task

__all__ = ["PRODUCTS", "BoardEngine", "Picture", "classify"]

PRODUCTS = 64 * 32 + 32 * 10
"""Products of a picture."""

_NETWORK = "digits_mlp"
_CLOSED = ("nan", "pos_inf", "neg_inf")

Array = NDArray[Any]


@dataclass
class BoardEngine(UnitEngine):
    """A unit's arithmetic, done by the unit on a board, sum by sum.

    Parameters
    ----------
    link : BoardLink
        The board.
    progress : callable
        Called after each sum with its number of products.
    """

    link: BoardLink | None = None
    progress: Callable[[int], None] = lambda products: None

    def _product(self, name: str, a: Array, b: Array) -> Array:
        assert self.link is not None
        sums = np.empty((len(a), b.shape[1]))
        for (row, column), _ in np.ndenumerate(sums):
            steps = list(zip(a[row].tolist(), b[:, column].tolist(), strict=True))
            sums[row, column] = _value(self.recipe.config, self.link.sum(steps))
            self.progress(len(steps))
        return sums


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
        The digit that it is, and the one that the board sees.
    same : bool
        Whether all outputs of the network are those of ``gemm``, bit for bit.
    """

    number: int
    truth: int
    answer: int
    same: bool


def classify(
    config: MacConfig,
    link: BoardLink,
    count: int,
    *,
    progress: Callable[[int], None] = lambda products: None,
) -> list[Picture]:
    """Classify the first held-out digits on a board, with a network of 64, 32 and 10 neurons.

    Raises
    ------
    ConfigError
        If the unit adds several products in a step.
    BoardError
        If the board is gone, does not answer, or has another unit.
    """
    if config.products_per_cycle > 1 or config.block is not None:
        raise ConfigError(f"Pictures are classified product by product, not as {config.text} does.")
    task = image_task(_NETWORK)
    recipe = Recipe(config, Scaling(config.a), Scaling(config.b))
    calibrated = task.calibrated()
    chosen = np.arange(count)
    board = BoardEngine(recipe, calibrated, link=link, progress=progress)
    found = task.outputs(board, chosen)
    wanted = task.outputs(UnitEngine(recipe, calibrated), chosen)
    return [
        Picture(number, int(task.truth[number]), int(answer), bool(np.array_equal(got, want)))
        for number, (answer, got, want) in enumerate(
            zip(task.answers(found), found, wanted, strict=True)
        )
    ]
