"""Questions with known answers, and how a network is asked them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.engines.engine import Calibrated
from fp8mac.sim.networks.engines.reference import Plain, Recorder
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.metrics import (
    Difference,
    accuracy_difference,
    rank_difference,
    text_difference,
)
from fp8mac.sim.networks.models.sequential import Engine, Parameters, forward
from fp8mac.sim.networks.tasks.images import (
    EMBEDDED,
    embedded_parameters,
    load_digits,
    load_fmnist,
    whole_fmnist,
)

__all__ = ["Task", "image_task"]

Array = NDArray[Any]


_COMPARE: dict[str, Callable[[Array, Array, Array], Difference]] = {
    "top1": accuracy_difference,
    "spearman": rank_difference,
    "phonemes": text_difference,
    "agreement": lambda answers, reference, _: accuracy_difference(answers, reference, reference),
    "rank": lambda answers, reference, _: rank_difference(answers, reference, reference),
}


@dataclass(frozen=True, eq=False)
class Task:
    """A network with labelled data.

    Parameters
    ----------
    name : str
        The network's.
    metric : str
        ``top1``, the share of right answers; ``spearman``, the rank correlation; ``phonemes``, the
        share of right phonemes; ``agreement`` and ``rank``, the first two with float32's answers
        for the truth.
    truth : ndarray
        The right answer to each question; where none is known, as many of anything.
    outputs : callable
        From an engine and indices of questions to what the network puts out, shape (n, outputs).
    answers : callable
        From outputs to answers, shape (n,), numbers or text.
    calibrate : callable
        Shows the calibration data to an engine; none of it is in the questions.
    block : int
        How many questions are asked at once.
    reference : callable, optional
        Outputs that a unit's are compared with, by indices of questions; default the network's own
        in float32.
    probe : callable, optional
        As ``outputs``, with the same products for every engine: the noise is measured there, where
        a network that feeds on its own answers puts out what cannot be compared.
    beside : callable, optional
        From a unit's outputs and float32's to the unit's answers, where ``answers`` would make a
        difference of what float32 holds for equal.
    """

    name: str
    metric: str
    truth: Array
    outputs: Callable[[Engine, Array], Array]
    answers: Callable[[Array], Array]
    calibrate: Callable[[Engine], Any]
    block: int = 250
    reference: Callable[[Array], Array] | None = None
    probe: Callable[[Engine, Array], Array] | None = None
    beside: Callable[[Array, Array], Array] | None = None

    def probed(self, engine: Engine, chosen: Array, outputs: Array | None = None) -> Array:
        """What engines can be compared by; ``outputs``, where they are known and it is them."""
        if self.probe:
            return self.probe(engine, chosen)
        return self.outputs(engine, chosen) if outputs is None else outputs

    def difference(self, answers: Array, reference: Array) -> Difference:
        """The metric of answers to the first questions, against the reference's."""
        return _COMPARE[self.metric](answers, reference, self.truth[: len(answers)])

    def calibrated(self) -> Calibrated:
        """What calibration sees, which it is shown once."""
        return self._calibrated

    @cached_property
    def _calibrated(self) -> Calibrated:
        recorder = Recorder()
        self.calibrate(recorder)
        return Calibrated(recorder.samples)


def image_task(name: str, parameters: Parameters | None = None, samples: int | None = None) -> Task:
    """An embedded network.

    Parameters
    ----------
    name : str
        ``digits_mlp``, ``digits_cnn`` or ``fmnist``.
    parameters : dict, optional
        Others than the embedded ones, which stay the reference.
    samples : int, optional
        How many questions are wanted; more than the embedded ones need the whole data set.

    Raises
    ------
    NetworkError
        If there are not as many.
    """
    images = load_fmnist() if name == "fmnist" else load_digits()
    if samples is not None and samples > len(images.test_x) and name == "fmnist":
        folder = whole_fmnist()
        if folder is None:
            raise NetworkError(
                f"{len(images.test_x)} images of fmnist are embedded, not {samples}; for all "
                "10,000 install Debian's dataset-fashion-mnist, or name its folder in "
                "FP8MAC_FMNIST."
            )
        images = load_fmnist(folder)
    layers, embedded = EMBEDDED[name], embedded_parameters(name)
    weights, shown = parameters or embedded, images.train_x[:128]

    def answers(outputs: Array) -> Array:
        return np.where(np.isnan(outputs).any(1), -1, outputs.argmax(1))

    return Task(
        name,
        "top1",
        images.test_y,
        lambda engine, chosen: forward(engine, layers, weights, images.test_x[chosen]),
        answers,
        lambda engine: forward(engine, layers, weights, shown),
        reference=lambda chosen: forward(Plain(), layers, embedded, images.test_x[chosen]),
    )
