"""Where the questions are in the inputs and in the first output of an ONNX model.

::

    input   (n, 3, 224, 224)   questions along axis 0     asked together, as many as the model takes
    state   (2, n, 64)         along axis 1               the axis that the model calls the same
    rate    ()                 none: the same for all     or one number for each, asked one by one
    output  (n, 1000)          the axis that grows from 2 to 3 with 2 and 3 questions

An output that does not grow, or that is another one if questions are asked together, is asked for
one question at a time. One that grows in another way needs a word from the user.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.onnx.layout import Layout, Model, input_layout

__all__ = ["find_layout"]

Array = NDArray[Any]

_SAME = 1e-4  # largest difference to the largest output, of answers that are the same


def find_layout(
    model: Model, arrays: dict[str, Array], asked: dict[str, int], *, names: tuple[str, str]
) -> Layout:
    """Layout of a model and its data.

    Parameters
    ----------
    model : OnnxModel
        What is asked.
    arrays : dict of str to ndarray
        Data for each input.
    asked : dict of str to int
        Axes that the user names, see `parse_axes`.
    names : tuple of str
        What messages call the model and the data.

    Raises
    ------
    NetworkError
        If the data do not fit the model, or an axis of questions is not to be found.
    """
    for name in asked:
        if name and name not in [*model.inputs, model.outputs[0]]:
            raise NetworkError(
                f"'{name}' in --questions-axis is not an input of '{names[0]}', nor its first "
                f"output; they are {', '.join([*model.inputs, model.outputs[0]])}."
            )
    layout = input_layout(model, arrays, asked, names)
    if layout.size == 1:
        _first(model, layout, np.arange(1), names)
        return layout
    return _output(model, layout, asked, names)


def _output(model: Model, layout: Layout, asked: dict[str, int], names: tuple[str, str]) -> Layout:
    """With the axis of the output, which is tried out in float32."""
    name = model.outputs[0]
    counts = (layout.size,) if layout.size else (2, 3)
    alone = replace(layout, size=1)
    try:
        found = [_first(model, layout, np.arange(count), names) for count in counts]
    except NetworkError:
        if layout.size is None:  # it may be made for one question, without saying so
            _first(model, alone, np.arange(1), names)
            return alone
        raise
    shapes = [y.shape for y in found]
    sides = list(zip(*shapes, strict=True)) if len({y.ndim for y in found}) == 1 else []
    grown = [axis for axis, side in enumerate(sides) if len(set(side)) > 1]
    exact = [axis for axis, side in enumerate(sides) if side == counts]
    if layout.size and len(exact) > 1:
        turned = _first(model, layout, np.roll(np.arange(layout.size), 1), names)
        exact = [axis for axis in exact if _alike(np.roll(found[0], 1, axis), turned)]
    wanted = asked.get(name, asked.get(""))
    if name not in asked and len(exact) == 1 and (layout.size or grown == exact):
        axis = exact[0]
    elif layout.size is None and name not in asked and shapes[0] == shapes[1]:
        return alone
    elif wanted is not None and _shared_out(sides, counts, wanted):
        axis = wanted % len(sides)
    else:
        told = " and ".join(f"{y} for {n}" for y, n in zip(shapes, counts, strict=True))
        way = f"no axis is plainly that of the questions; --questions-axis {name}=AXIS names it."
        if wanted is not None:
            way = f"axis {wanted} is not that of the questions."
        raise NetworkError(
            f"The first output of '{names[0]}', {name}, has the shape {told} questions: {way}"
        )
    done = replace(layout, output=axis)
    return done if layout.size or _independent(model, done, alone) else alone


def _first(model: Model, layout: Layout, chosen: Array, names: tuple[str, str]) -> Array:
    """First output in float32, for some questions or fewer."""
    y = model.reference(layout.feeds(chosen % layout.count))[0]
    if not isinstance(y, np.ndarray) or y.dtype.kind not in "fiub":
        raise NetworkError(
            f"The first output of '{names[0]}', {model.outputs[0]}, is not an array of numbers."
        )
    return y


def _shared_out(sides: list[tuple[int, ...]], counts: tuple[int, ...], axis: int) -> bool:
    """Whether each question has as many entries of an axis."""
    if not -len(sides) <= axis < len(sides):
        return False
    parts = {divmod(side, count) for side, count in zip(sides[axis], counts, strict=True)}
    return len(parts) == 1 and parts.pop()[1] == 0


def _independent(model: Model, together: Layout, alone: Layout) -> bool:
    """Whether questions that are asked together have the answers that they have alone."""
    some = np.arange(min(3, together.count))
    found = together.answers(model.reference, some).astype(np.float64)
    try:
        wanted = alone.answers(model.reference, some).astype(np.float64)
    except NetworkError:
        return True  # it needs several
    return _alike(found, wanted)


def _alike(found: Array, wanted: Array) -> bool:
    """Whether all is the same but for rounding."""
    if found.shape != wanted.shape:
        return False
    room = _SAME * np.abs(wanted[np.isfinite(wanted)]).max(initial=0)
    return np.allclose(found, wanted, rtol=0, atol=room, equal_nan=True)
