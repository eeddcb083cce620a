"""A user's own ONNX model with a user's own data, as a task.

The data are an npz file: an array for each of the model's inputs, under its name (any name, if
there is one input), with all questions, see `fp8mac.sim.networks.onnx.questions`; and ``labels``,
if there are any. What is measured follows from that and from the model's first output:

===========  ============================================  =====================================
labels       several outputs a question                    one output a question
===========  ============================================  =====================================
given        ``top1``                                      ``spearman``
not given    ``agreement``: share of float32's answers     ``rank``: correlation with float32's
===========  ============================================  =====================================

Of several outputs the largest is the answer. One that float32 holds for as large, within 1e-5 of
the largest magnitude, counts as float32's: maps and sequences have many outputs that are saturated.
The first quarter of the questions, 128 at most, calibrates and is not asked.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.engines.reference import Recorder
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.models.sequential import Engine
from fp8mac.sim.networks.onnx.layout import parse_axes
from fp8mac.sim.networks.onnx.questions import find_layout
from fp8mac.sim.networks.tasks.tasks import Task

__all__ = ["model_files", "own_task"]

Array = NDArray[Any]

_CALIBRATED = 128
_SEEN = 1 << 19  # numbers of a tensor, of all calibrating questions
_TIED = 1e-5  # of the largest output: as far as float32 is known, whoever adds
_NUMBERS = 1 << 18  # of the inputs that are asked at once


def own_task(path: Path, inputs: Path, axes: str = "") -> Task:
    """Task of a model and data.

    Parameters
    ----------
    path, inputs : Path
        Of both files.
    axes : str
        Of the questions, where they are not to be found, see `parse_axes`.

    Raises
    ------
    NetworkError
        If onnx or onnxruntime is not installed, or the two do not fit.
    """
    asked = parse_axes(axes)
    model: Any = _module().load_onnx(path)
    arrays, labels = _load(inputs, model.inputs)
    layout = find_layout(model, arrays, asked, names=(str(path), str(inputs)))
    count = layout.count
    if labels is not None and len(labels) != count:
        raise NetworkError(f"'{inputs}' has {len(labels)} labels for {count} questions.")
    if count < 2:
        raise NetworkError(f"'{inputs}' has {count} questions; one calibrates, others are asked.")
    shown = min(_CALIBRATED, count // 4) or 1
    block = max(1, min(250, _NUMBERS // max(1, layout.numbers)))

    def outputs(engine: Engine, chosen: Array) -> Array:
        return layout.answers(lambda feeds: model.run(feeds, engine), shown + chosen)

    def reference(chosen: Array) -> Array:
        return layout.answers(model.reference, shown + chosen)

    def calibrate(engine: Engine) -> None:
        if isinstance(engine, Recorder):
            calls = -(-shown // (layout.size or block))
            engine.kept = max(1, min(engine.kept, _SEEN // calls))
        for start in range(0, shown, block):
            outputs(engine, np.arange(start, min(start + block, shown)) - shown)

    several = reference(np.arange(1)).shape[1] > 1

    def answers(found: Array) -> Array:
        if several:
            return np.where(np.isnan(found).any(1), -1, found.argmax(1))
        return found[:, 0]

    def beside(found: Array, wanted: Array) -> Array:
        mine, theirs = answers(found), answers(wanted)
        if not several:
            return mine
        rows = np.arange(len(mine))
        short = wanted[rows, theirs] - wanted[rows, mine]
        tied = (mine >= 0) & (short <= _TIED * np.abs(wanted).max(1))
        return np.where(tied, theirs, mine)

    if labels is None:
        metric, truth = "agreement" if several else "rank", np.zeros(count)
    else:
        metric, truth = "top1" if several else "spearman", labels
    return Task(
        path.name,
        metric,
        truth[shown:],
        outputs,
        answers,
        calibrate,
        block=block,
        reference=reference,
        beside=beside,
    )


def model_files(path: Path) -> list[Path]:
    """A model's file, and those of its weights."""
    return [path, *_module().weight_files(path)]


def _module() -> Any:
    try:
        from fp8mac.sim.networks.onnx import model
    except ModuleNotFoundError as error:
        raise NetworkError(
            "ONNX models need the packages onnx and onnxruntime; pip install 'fp8mac[onnx]' "
            "installs them."
        ) from error
    return model


def _load(path: Path, names: Iterable[str]) -> tuple[dict[str, Array], Array | None]:
    """Inputs by name, and labels."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except OSError as error:
        raise NetworkError(f"'{path}' cannot be read: {error.strerror or error}.") from error
    except (ValueError, AttributeError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise NetworkError(f"'{path}' is not an npz file of numbers.") from error
    labels, wanted = arrays.pop("labels", None), list(names)
    if len(wanted) == len(arrays) == 1:
        arrays = {wanted[0]: cast(Array, next(iter(arrays.values())))}
    if set(arrays) != set(wanted):
        raise NetworkError(
            f"'{path}' has {', '.join(arrays) or 'nothing'} besides labels; the model takes "
            f"{', '.join(wanted)}."
        )
    if labels is not None and (labels.ndim != 1 or labels.dtype.kind not in "biuf"):
        raise NetworkError(f"The labels of '{path}' are not a number for each question.")
    return arrays, labels
