"""The matrix products of a network, one a layer."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.engines.reference import Plain, as_it_is
from fp8mac.sim.networks.models.sequential import Arrange
from fp8mac.sim.networks.tasks.tasks import Task

__all__ = ["Product", "products_of"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Product:
    """A product of an n x k and a k x m matrix, as many times.

    Parameters
    ----------
    name : str
        The layer's.
    times : int
        How often it is computed for a question: groups of a convolution, heads, steps.
    rows, terms, columns : int
        n, k and m.
    has_weights : bool
        Whether the second matrix is of weights, or of activations as well.
    stored : int
        Words that the first matrix is laid out from, all times together: those of a picture, of
        which a convolution's rows hold many more than once.
    """

    name: str
    times: int
    rows: int
    terms: int
    columns: int
    has_weights: bool
    stored: int

    @property
    def count(self) -> int:
        """Single products."""
        return self.times * self.rows * self.terms * self.columns


class _Shapes(Plain):
    """Float32, writing down the shapes of products."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[tuple[Any, ...], Product] = {}

    def linear(
        self, name: str, x: Array, weight: Array, bias: Array | None, arrange: Arrange = as_it_is
    ) -> Array:
        """Product, written down."""
        y = super().linear(name, x, weight, bias, arrange)
        *groups, terms, columns = weight.shape
        times = groups[0] if groups else 1
        self._add(Product(name, times, y.size // (times * columns), terms, columns, True, x.size))
        return y

    def product(self, name: str, a: Array, b: Array) -> Array:
        """Product of activations, written down."""
        self._add(Product(name, len(a), a.shape[1], a.shape[2], b.shape[2], False, a.size))
        return super().product(name, a, b)

    def _add(self, product: Product) -> None:
        key = (product.name, product.rows, product.terms, product.columns)
        known = self.found.get(key)
        if known:
            times, stored = known.times + product.times, known.stored + product.stored
            product = replace(product, times=times, stored=stored)
        self.found[key] = product


def products_of(task: Task) -> list[Product]:
    """Products that the first question of a network takes, in their order.

    Parameters
    ----------
    task : Task
        The network.
    """
    shapes = _Shapes()
    task.outputs(shapes, np.arange(1))
    return list(shapes.found.values())
