"""Accuracy of networks on units: what is run, kept block by block, and a row of results each."""

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import numpy as np

from fp8mac.hw.config import FloatAccConfig, MacConfig, parse_accumulator, parse_unit
from fp8mac.hw.formats import parse_format
from fp8mac.sim.gemm import Options
from fp8mac.sim.networks.diagnose import LayerReport, diagnose
from fp8mac.sim.networks.engine import Calibrated, Recipe, UnitEngine
from fp8mac.sim.networks.evaluate import Block, Result, ask, blocks, combine
from fp8mac.sim.networks.images import (
    NetworkError,
    embedded_parameters,
    load_digits,
    load_fmnist,
    whole_fmnist,
)
from fp8mac.sim.networks.qat import fine_tune
from fp8mac.sim.networks.sequential import Parameters
from fp8mac.sim.networks.tasks import Task, image_task
from fp8mac.sim.networks.zoo import load_task
from fp8mac.sim.quantize import Calibration, QuantizeError, Scaling
from fp8mac.synth_reports.store import Store, hash_of

__all__ = ["COLUMNS", "Case", "layers", "measure", "row", "sources"]

_SOURCES = (
    "adders_numba carrier encoding encoding_integers encoding_numba encoding_rule exact "
    "fixed_numba gemm gemm_fixed gemm_flags gemm_float gemm_golden gemm_numba gemm_numpy gemm_plan "
    "gemm_result gemm_rounding gemm_scalar golden jit noise quantize rounding_numba vectors words "
    "networks/engine networks/evaluate networks/images networks/minilm networks/sequential "
    "networks/tasks networks/texts networks/wordpiece"
).split()
_TRAINING = ("networks/backprop", "networks/qat")
_TRAINED_IMAGES = 20_000


@dataclass(frozen=True)
class Case:
    """A network on a unit.

    Parameters
    ----------
    network : str
        See `fp8mac.sim.networks.zoo.NETWORKS`.
    a, w : str
        Formats of activations and weights.
    acc : str
        Accumulator.
    samples : int
        Questions.
    calibration : str
        Of activations and weights.
    per_channel, power_of_two, headroom : bool
        Whether each output channel's weights have a scale, scales are powers of two, and sums are
        kept away from the accumulator's limits.
    residual : str
        Format of residual connections; float32 if empty.
    chunk : int
        Products in a partial sum, which is then added in float32; 0 for all.
    trained : str
        Formats ``<a>,<w>`` that the network was trained on with, or ``fp32``; empty if it was not.
    """

    network: str
    a: str
    w: str
    acc: str
    samples: int
    calibration: str = "mse"
    per_channel: bool = True
    power_of_two: bool = False
    headroom: bool = True
    residual: str = ""
    chunk: int = 0
    trained: str = ""

    @property
    def config(self) -> MacConfig:
        """The unit."""
        return parse_unit(self.a, self.w, acc=self.acc)

    def recipe(self) -> Recipe:
        """How the network is brought to the unit."""
        config = self.config
        outer = parse_accumulator("fp32") if self.chunk else None
        if self.chunk and not isinstance(config.accumulator, FloatAccConfig):
            outer = None
        return Recipe(
            config,
            self._scaling(self.a),
            self._scaling(self.w, self.per_channel),
            self._scaling(self.residual) if self.residual else None,
            self.headroom,
            Options(chunk=self.chunk or None, outer=outer),
        )

    def _scaling(self, format_: str, per_channel: bool = False) -> Scaling:
        names = [each.value for each in Calibration]
        if self.calibration not in names:
            raise QuantizeError(
                f"Unknown calibration '{self.calibration}'; there are {', '.join(names)}."
            )
        calibration = Calibration(self.calibration)
        return Scaling(parse_format(format_), calibration, per_channel, self.power_of_two)


COLUMNS = (
    "experiment network unit a_format w_format residual_format accumulator calibration "
    "w_scale power_of_two headroom chunk trained metric value reference difference difference_low "
    "difference_high agreement sqnr_db broken samples"
).split()
"""Of the tables: one row a case. The interval is that of the difference to float32, at 95 %."""


def row(experiment: str, case: Case, result: Result, metric: str) -> dict[str, Any]:
    """A result as JSON types; None where there is no number."""
    scale = "channel" if case.per_channel else "tensor"
    found = result.metric
    cells = [
        *(experiment, case.network, case.config.slug, case.a, case.w, case.residual or "fp32"),
        *(case.acc, case.calibration, "1" if case.calibration == "none" else scale),
        *(int(case.power_of_two), int(case.headroom), case.chunk, case.trained, metric),
        *(round(value, 5) for value in found),
        round(result.agreement, 5),
        None if result.sqnr_db is None else round(result.sqnr_db, 2),
        *(result.broken, result.samples),
    ]
    return dict(zip(COLUMNS, cells, strict=True))


def measure(
    case: Case,
    store: Store,
    threads: int = 1,
    progress: Callable[[int], None] = lambda questions: None,
    *,
    force: bool = False,
) -> tuple[Result, str]:
    """Result and name of the metric; what the store has is not computed again.

    Parameters
    ----------
    case : Case
        What is run.
    store : Store
        Where every block of questions is kept.
    threads : int
        For products; the result does not depend on it.
    progress : callable
        Is told of questions that are done.
    force : bool
        Whether to compute everything anew.

    Raises
    ------
    FormatError, ConfigError, NetworkError, FetchError, QuantizeError
        If there is no such case.
    """
    task, found = _task(case, store), []
    engine = UnitEngine(case.recipe(), _calibrated(task), threads)
    for part in blocks(task, case.samples):
        key = hash_of([_identity(case), f"{part.start}-{part.stop}", sources()])
        known = None if force else store.load("accuracy", key)
        if known is None:
            with np.errstate(over="ignore", invalid="ignore"):  # sums may overflow, and are counted
                block = ask(task, part, engine)
            store.save("accuracy", key, block.facts())
        else:
            block = Block(**known)
        found.append(block)
        progress(len(part))
    return combine(task, found), task.metric


def layers(case: Case, store: Store) -> list[LayerReport]:
    """Report on every product of matrices of a case."""
    task = _task(case, store)
    return diagnose(task, case.recipe(), _calibrated(task), range(min(32, case.samples)))


@cache
def _calibrated(task: Task) -> Calibrated:
    return task.calibrated()


def _identity(case: Case) -> str:
    return json.dumps(asdict(replace(case, samples=0)), sort_keys=True)


def _task(case: Case, store: Store) -> Task:
    if not case.trained:
        return load_task(case.network, case.samples)
    return _trained_task(case.network, case.trained, case.calibration, store.folder, case.samples)


@cache
def _trained_task(name: str, trained: str, calibration: str, folder: Any, samples: int) -> Task:
    store = Store(folder)
    key = hash_of([name, trained, calibration, sources(), sources(_TRAINING)])
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


@cache
def sources(names: Iterable[str] = tuple(_SOURCES)) -> str:
    """Hash of the modules that a result depends on."""
    room = files("fp8mac.sim")
    texts = [file.read_bytes() for name in names if (file := room / f"{name}.py").is_file()]
    return sha256(b"\0".join(texts)).hexdigest()
