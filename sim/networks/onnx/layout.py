"""Data for an ONNX model: which axis of each array is that of the questions.

Arrays are shaped as the model takes them, with as many questions as there are; an array may also
have a first axis that the model does not know, where each question is one whole input.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.errors import NetworkError

__all__ = ["Layout", "Model", "input_layout", "parse_axes"]

Array = NDArray[Any]
_Run = Callable[[dict[str, Array]], list[Any]]


class Model(Protocol):
    """What is asked, see `fp8mac.sim.networks.onnx.model.OnnxModel`."""

    inputs: Mapping[str, Any]
    outputs: list[str]

    def reference(self, feeds: dict[str, Array]) -> list[Any]:
        """Outputs in float32."""
        ...


@dataclass(frozen=True)
class Layout:
    """Questions of arrays, and of a model's first output.

    Parameters
    ----------
    arrays : dict of str to ndarray
        By the inputs' names.
    axes : dict of str to int or None
        Of questions in each array; None if it is the same for all of them.
    stacked : set of str
        Arrays with one axis more than the input, the first: a question's part is without it.
    count : int
        Questions.
    size : int or None
        How many the model takes at once, None if any number.
    output : int or None
        Axis of questions in the first output; None if it is one question's as a whole.
    """

    arrays: dict[str, Array]
    axes: dict[str, int | None]
    stacked: set[str]
    count: int
    size: int | None = None
    output: int | None = None

    @property
    def numbers(self) -> int:
        """Of a question's part of the arrays."""
        return sum(x.size for x in self.arrays.values()) // max(1, self.count)

    def feeds(self, chosen: Array) -> dict[str, Array]:
        """Inputs for some questions."""
        found = {}
        for name, x in self.arrays.items():
            axis = self.axes[name]
            if name in self.stacked:
                found[name] = x[chosen[0]]
            else:
                found[name] = x if axis is None else np.take(x, chosen, axis)
        return {name: np.ascontiguousarray(x).reshape(x.shape) for name, x in found.items()}

    def answers(self, run: _Run, chosen: Array) -> Array:
        """First output for some questions, shape (n, outputs).

        Raises
        ------
        NetworkError
            If the model cannot be run, or gives as many numbers for one question as for another.
        """
        size = self.size or len(chosen)
        parts = []
        for start in range(0, len(chosen), size):
            some = chosen[np.minimum(np.arange(start, start + size), len(chosen) - 1)]
            y = np.asarray(run(self.feeds(some))[0])
            if self.output is None:
                parts.append(y.reshape(1, -1))
            else:
                parts.append(np.moveaxis(y, self.output, 0).reshape(size, -1))
        if len({part.shape[1] for part in parts}) > 1:
            raise NetworkError(
                "The first output has more numbers for some questions than for others."
            )
        return np.concatenate(parts)[: len(chosen)]


def parse_axes(text: str) -> dict[str, int]:
    """Axes by name; under the name ``""`` that of all inputs.

    Examples
    --------
    >>> parse_axes("1"), parse_axes("state=1,y=-1"), parse_axes("")
    ({'': 1}, {'state': 1, 'y': -1}, {})
    """
    found = {}
    for part in filter(None, text.split(",")):
        name, _, axis = part.rpartition("=")
        if not axis.lstrip("-").isdecimal() or len(axis) > 4:
            raise NetworkError(f"'{part}' in --questions-axis is not an axis, such as 1 or name=1.")
        found[name.strip()] = int(axis)
    return found


def input_layout(
    model: Model, arrays: dict[str, Array], asked: dict[str, int], names: tuple[str, str]
) -> Layout:
    """Layout without the output.

    Parameters are those of `fp8mac.sim.networks.onnx.questions.find_layout`.

    Raises
    ------
    NetworkError
        If the data do not fit the model, or an axis of questions is not to be found.
    """
    axes: dict[str, int | None] = {}
    stacked: set[str] = set()
    counts: dict[str, int] = {}
    fixed: set[int] = set()
    symbol: str | None = None
    typed = {}
    for name, given in model.inputs.items():
        x = arrays[name]
        shape = (None,) * x.ndim if given.shape is None else given.shape
        typed[name] = _typed(x, given.dtype, name, names)
        if x.ndim == len(shape) + 1:
            if not shape and (x == x[:1]).all():  # a number that is the same for all
                axes[name], typed[name], counts[name] = None, typed[name][0], len(x)
                continue
            stacked.add(name)
            axes[name], counts[name] = 0, len(x)
            fixed.add(1)
        elif x.ndim == len(shape):
            count = max(counts.values(), default=None)
            wanted = asked.get(name, asked.get("") if shape else None)
            axis = _axis(name, x, shape, wanted, known=(symbol, count))
            axes[name] = axis
            if axis is not None:
                counts[name] = x.shape[axis]
                side = shape[axis]
                symbol = symbol or (side if isinstance(side, str) else None)
                fixed |= {side} if isinstance(side, int) else set()
        _check_shape(x, shape, axes.get(name), name, names)
    if len(set(counts.values())) > 1:
        raise NetworkError(
            f"The arrays of '{names[1]}' do not have as many questions as each other."
        )
    if not counts:
        raise NetworkError(f"No input of '{names[0]}' has an axis for questions.")
    if len(fixed) > 1 and not stacked:
        told = " and ".join(map(str, sorted(fixed)))
        raise NetworkError(f"Inputs of '{names[0]}' take {told} questions at once.")
    size = 1 if stacked else max(fixed, default=None)
    return Layout(typed, axes, stacked, max(counts.values()), size)


def _axis(
    name: str,
    x: Array,
    shape: tuple[int | str | None, ...],
    asked: int | None,
    *,
    known: tuple[str | None, int | None],
) -> int | None:
    """Of questions in an array that is shaped like its input."""
    if asked is not None:
        if not -x.ndim <= asked < x.ndim:
            raise NetworkError(f"The input {name} has {x.ndim} axes, there is no axis {asked}.")
        return asked % x.ndim
    symbol, count = known
    if not shape:
        return None
    if symbol is not None and symbol in shape:
        return shape.index(symbol)
    if count is None or x.shape[0] == count:
        return 0
    free = [axis for axis, size in enumerate(shape) if not isinstance(size, int)]
    fitting = [axis for axis in free if x.shape[axis] == count]
    if len(fitting) == 1:
        return fitting[0]
    return None if x.shape == shape else 0


def _check_shape(
    x: Array,
    shape: tuple[int | str | None, ...],
    axis: int | None,
    name: str,
    names: tuple[str, str],
) -> None:
    wanted = list(shape) if x.ndim != len(shape) + 1 else ["n", *shape]
    if axis is not None and axis < len(wanted):
        wanted[axis] = "n"
    fits = x.ndim == len(wanted) and all(
        side == want for side, want in zip(x.shape, wanted, strict=True) if isinstance(want, int)
    )
    if not fits:
        text = ", ".join("?" if each is None else str(each) for each in wanted)
        raise NetworkError(
            f"The array {name} of '{names[1]}' has the shape {x.shape}; '{names[0]}' takes "
            f"({text}{',' * (len(wanted) == 1)})."
        )


def _typed(x: Array, dtype: np.dtype[Any], name: str, names: tuple[str, str]) -> Array:
    """Of the type that the model takes, if no number changes by more than rounding."""
    text = dtype.kind == "O"
    if text != (x.dtype.kind in "US"):
        kinds = ("text", "numbers")
        raise NetworkError(
            f"The array {name} of '{names[1]}' has {kinds[text]}; '{names[0]}' takes "
            f"{kinds[not text]}."
        )
    if text:
        return x.astype(str).astype(object)
    with np.errstate(invalid="ignore", over="ignore"):
        found = x.astype(dtype)
    if dtype.kind in "iub" and not np.array_equal(found.astype(np.float64), x.astype(np.float64)):
        raise NetworkError(
            f"The array {name} of '{names[1]}' has numbers that are not of the type {dtype}, "
            f"which '{names[0]}' takes."
        )
    return found
