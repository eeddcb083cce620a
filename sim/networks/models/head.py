"""A linear head that says yes or no of vectors, in float32 and the same for all units."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Head"]

Array = NDArray[Any]


class Head(NamedTuple):
    """Weights and threshold: yes is 1."""

    weights: Array
    threshold: float

    @classmethod
    def fit(cls, vectors: Array, labels: Array, ridge: float) -> "Head":
        """Ridge regression of labels 0 and 1, taken as -1 and 1, to vectors of shape (n, width)."""
        numbers = vectors.astype(np.float64)
        mean, target = numbers.mean(0), 2.0 * labels - 1
        centred = numbers - mean
        matrix = centred.T @ centred + ridge * np.eye(centred.shape[1])
        weights = np.linalg.solve(matrix, centred.T @ (target - target.mean()))
        return cls(weights, float(mean @ weights - target.mean()))

    def answers(self, vectors: Array) -> NDArray[np.int64]:
        """0 or 1 for each vector; -1 where it is no number."""
        yes = (vectors @ self.weights > self.threshold).astype(np.int64)
        return np.where(np.isnan(vectors).any(1), -1, yes)
