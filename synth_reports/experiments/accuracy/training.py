"""Networks that were trained on with rounding, kept."""

import base64
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from fp8mac.hw.config.formats import parse_format
from fp8mac.sim.codes.quantize import Calibration, Scaling
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.models.sequential import Parameters
from fp8mac.sim.networks.tasks.images import (
    embedded_parameters,
    load_digits,
    load_fmnist,
    whole_fmnist,
)
from fp8mac.sim.networks.tasks.tasks import Task, image_task
from fp8mac.sim.networks.training.qat import fine_tune

if TYPE_CHECKING:
    from fp8mac.synth_reports.store.store import Store

__all__ = ["trained_task", "training_data"]

_TRAINED_IMAGES = 20_000


@cache
def trained_task(name: str, trained: str, calibration: str, store: "Store", samples: int) -> Task:
    """An embedded network that was trained on; formats ``<a>,<w>`` or ``fp32``."""
    key = store.key([name, trained, calibration, *training_data(name)], __name__)
    known = store.load("trained", key)
    if known is None:
        parameters = _train(name, trained, calibration)
        known = {
            each: [base64.b64encode(value.astype("<f4").tobytes()).decode(), list(value.shape)]
            for each, value in parameters.items()
        }
        store.save("trained", key, known)
    parameters = {
        each: np.frombuffer(base64.b64decode(data), "<f4").reshape(shape)
        for each, (data, shape) in known.items()
    }
    return image_task(name, parameters, samples)


def training_data(name: str) -> list[str]:
    """Hashes of the files of the data set that a network is trained on, if they are the user's."""
    folder = whole_fmnist() if name == "fmnist" else None
    paths = sorted(folder.glob("*-ubyte.gz")) if folder else []
    return [sha256(path.read_bytes()).hexdigest() for path in paths]


def _train(name: str, trained: str, calibration: str) -> Parameters:
    if name == "fmnist":
        folder = whole_fmnist()
        if folder is None:
            raise NetworkError(
                "Training fmnist takes the whole data set; install Debian's dataset-fashion-mnist, "
                "or name its folder in FP8MAC_FMNIST."
            )
        images = load_fmnist(folder)
        some = slice(0, _TRAINED_IMAGES)
        images = replace(images, train_x=images.train_x[some], train_y=images.train_y[some])
        epochs = 1
    else:
        images, epochs = load_digits(), 10
    scalings = None
    if trained != "fp32":
        a, w = trained.split(",")
        scalings = (
            Scaling(parse_format(a), Calibration(calibration)),
            Scaling(parse_format(w), Calibration(calibration), per_channel=True),
        )
    return fine_tune(name, embedded_parameters(name), images, scalings, epochs=epochs)
