"""Float32 in a unit's place: what a unit is compared with, and what sees calibration data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.models.sequential import Arrange

__all__ = ["Plain", "Recorder", "Sample", "as_it_is", "multiply"]

Array = NDArray[Any]

_SAMPLE = 1 << 16  # numbers kept of a tensor
_ROWS = 256  # rows kept of a product's left side


def as_it_is(x: Array) -> Array:
    """``x``."""
    return x


def multiply(rows: Array, weight: Array) -> Array:
    """``rows @ weight``, also of shapes (g, n, k) and (g, k, m) with few columns."""
    return rows @ weight if weight.ndim == 2 else np.einsum("gnk,gkm->gnm", rows, weight)


class Plain:
    """Float32.

    Parameters
    ----------
    keep : dict, optional
        Is given the outputs of each product by name.
    """

    def __init__(self, keep: dict[str, list[Array]] | None = None) -> None:
        self.keep = keep

    def linear(
        self, name: str, x: Array, weight: Array, bias: Array | None, arrange: Arrange = as_it_is
    ) -> Array:
        """``arrange(x) @ weight + bias``: shapes (n, k), (k, m), (m,); or (g, n, k), (g, k, m)."""
        y = multiply(arrange(x), weight)
        return self._kept(name, y if bias is None else y + bias)

    def product(self, name: str, a: Array, b: Array) -> Array:
        """``a @ b``: shapes (g, n, k), (g, k, m)."""
        return self._kept(name, a @ b)

    def add(self, name: str, x: Array, y: Array) -> Array:
        """``x + y`` of a residual connection."""
        return x + y

    def _kept(self, name: str, y: Array) -> Array:
        if self.keep is not None:
            self.keep.setdefault(name, []).append(y)
        return y


@dataclass
class Sample:
    """What calibration saw of a tensor: some numbers, the largest magnitude, some rows.

    ``numbers`` has the largest magnitude as its last entry.
    """

    numbers: NDArray[np.float32]
    rows: NDArray[np.float32] | None = None

    def join(self, other: "Sample", *, pool: bool = False) -> "Sample":
        """Of two batches: rows of the last that has some, or the telling ones of both."""
        largest = max(self.numbers[-1], other.numbers[-1])
        numbers = np.concatenate([self.numbers[:-1], other.numbers[:-1], [largest]])
        rows = other.rows if other.rows is not None else self.rows
        if pool and self.rows is not None and other.rows is not None:
            rows = _telling_rows(np.concatenate([self.rows, other.rows], axis=-2))
        return Sample(numbers.astype(np.float32), rows)


class Recorder(Plain):
    """Float32, keeping a `Sample` of every tensor that a unit would have to round.

    Attributes
    ----------
    samples : dict of str to Sample
        ``<name>.input``; ``<name>.a`` and ``<name>.b`` of a product of activations;
        ``<name>.x``, ``<name>.y`` and ``<name>.sum`` of a residual connection.
    kept : int
        Numbers of a tensor that are kept each time that it is seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept = _SAMPLE
        self.samples: dict[str, Sample] = {}
        self._peaks: dict[str, float] = {}

    def linear(
        self, name: str, x: Array, weight: Array, bias: Array | None, arrange: Arrange = as_it_is
    ) -> Array:
        """Product, recorded."""
        rows = arrange(x)
        self._record(f"{name}.input", x, _telling_rows(rows), pool=True)
        y = multiply(rows, weight)
        return y if bias is None else y + bias

    def product(self, name: str, a: Array, b: Array) -> Array:
        """Product, recorded; the rows are those of the one with the largest sum."""
        y = a @ b
        peaks = np.abs(y).max((1, 2))
        at, largest = int(peaks.argmax()), float(peaks.max())
        news = largest > self._peaks.get(name, -1)
        self._peaks[name] = max(largest, self._peaks.get(name, -1))
        self._record(f"{name}.a", a, _telling_rows(a[at]) if news else None)
        self._record(f"{name}.b", b, b[at] if news else None)
        return y

    def add(self, name: str, x: Array, y: Array) -> Array:
        """Sum, recorded."""
        self._record(f"{name}.x", x)
        self._record(f"{name}.y", y)
        self._record(f"{name}.sum", x + y)
        return x + y

    def _record(
        self, name: str, x: Array, rows: Array | None = None, *, pool: bool = False
    ) -> None:
        flat = np.asarray(x, np.float32).reshape(-1)
        largest = np.abs(flat).max(initial=0)
        numbers = np.append(flat[:: max(1, flat.size // self.kept)], largest)
        sample = Sample(numbers, None if rows is None else rows.copy())
        old = self.samples.get(name)
        self.samples[name] = old.join(sample, pool=pool) if old else sample


def _telling_rows(rows: Array) -> Array:
    """Some rows, of all products: half of them those with the largest numbers, half from all."""
    count = rows.shape[-2]
    if count <= _ROWS:
        return rows
    sizes = np.abs(rows).max(-1).reshape(-1, count).max(0)
    largest = np.argpartition(sizes, -_ROWS // 2)[-_ROWS // 2 :]
    anywhere = np.arange(_ROWS // 2) * (count // (_ROWS // 2))
    return rows[..., np.concatenate([largest, anywhere]), :]
