"""The accuracy of a point that is trained on: a small task, from a few seeds, against float32.

A network ``train:<task>`` is trained on the unit from its first step, see
`fp8mac.sim.torch.tasks.tasks`: weights, activations and gradients are in the unit's formats, each
brought to their largest number by a scale of its own, every product of both passes is the unit's,
weights between steps and the optimiser are float32's. What is held out is answered on the unit.

The loss is the mean over seeds of float32's right answers less the unit's, with the 95 % interval
of Student's t: runs of one seed start from the same weights and see the same samples.
"""

from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from math import isfinite
from types import MappingProxyType
from typing import Any

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.metrics import Difference
from fp8mac.sim.networks.tasks.zoo import load_task
from fp8mac.sim.torch.errors import TorchError
from fp8mac.synth_reports.experiments.sweep.accuracy import AccuracyJob, columns_of
from fp8mac.synth_reports.experiments.sweep.space import Point
from fp8mac.synth_reports.experiments.sweep.spec import TRAINED, is_trained
from fp8mac.synth_reports.experiments.training.differences import compare
from fp8mac.synth_reports.experiments.training.runs import TrainingJob, TrainingRun, train_way
from fp8mac.synth_reports.experiments.training.ways import TrainingWay
from fp8mac.synth_reports.experiments.worker import Worker

__all__ = ["HELD_OUT", "SEEDS", "TrainedJob", "find_network"]

SEEDS = 4
"""From which each task is trained."""

HELD_OUT = MappingProxyType({"digits": 600, "fashion": 500, "garments": 500, "resnet": 500})
"""Tasks that there are, and the questions that each seed is judged by."""

_FLOAT32 = "float32"
_NONE: MappingProxyType[str, Any] = MappingProxyType({})
_SCALES = MappingProxyType({"scaling": "tensor", "forward": "tensor"})
"""Of units whose formats have none."""


def find_network(network: str, inputs: str = "", axes: str = "") -> None:
    """See that a network can be run, or trained, here.

    Parameters
    ----------
    network, inputs, axes : str
        See `fp8mac.synth_reports.experiments.sweep.space.Point`.

    Raises
    ------
    NetworkError
        If there is no such network, or task.
    FetchError, TorchError
        If it has not been fetched, or PyTorch is needed and not installed.
    """
    if not is_trained(network):
        load_task(network, None, inputs, axes)
        return
    if network.removeprefix(TRAINED) not in HELD_OUT:
        names = ", ".join(TRAINED + task for task in HELD_OUT)
        raise NetworkError(f"Nothing is trained as '{network}'; there are {names}.")
    if find_spec("torch") is None:
        raise TorchError(f"{network} needs PyTorch; install fp8mac[torch].")


@dataclass(frozen=True)
class TrainedJob(AccuracyJob):
    """Train a task on a unit; the parameters are those of `AccuracyJob`.

    All questions are asked, whatever other units lose.
    """

    @classmethod
    def of(cls, point: Point) -> "TrainedJob":
        """Job of a point.

        Raises
        ------
        NetworkError, TorchError
            If there is no such task, or no PyTorch.
        """
        find_network(point.network)
        asked = SEEDS * HELD_OUT[point.network.removeprefix(TRAINED)]
        return cls(replace(point.config, stages=1).text, point.network, "", "", asked)

    def key(self, worker: Worker, asked: int | None = None) -> str:
        """Hash of what the accuracy depends on."""
        return worker.store.key([self.unit, self.network, str(SEEDS)], __name__)

    def run(self, worker: Worker) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Columns of the store; SQNR is none, as two trained networks differ in their weights.

        Raises
        ------
        Error
            If nothing can be trained on the unit.
        """
        task = self.network.removeprefix(TRAINED)
        scales = _NONE if parse_line(self.unit).block is not None else _SCALES
        ways = TrainingWay(_FLOAT32), TrainingWay(self.unit, self.unit, scales)
        runs = [
            _run(TrainingJob(task, way.name, seed), way, worker)
            for seed in range(SEEDS)
            for way in ways
        ]
        found = compare(runs, task, self.unit, _FLOAT32, "accuracy")
        assert found is not None
        difference = Difference(
            found.reference + found.mean, found.reference, found.mean, found.low, found.high
        )
        lost = sum(each.way == self.unit and not isfinite(each.loss) for each in runs)
        return columns_of(difference, "top1") | {
            "sqnr_db": None,
            "broken": lost * HELD_OUT[task],
            "questions": self.questions,
        }, {}


def _run(job: TrainingJob, way: TrainingWay, worker: Worker) -> TrainingRun:
    """A run; one that the store has is not done again."""
    key = worker.store.key([repr(job), repr(way)], train_way.__module__)
    known = None if worker.force else worker.store.load("training", key)
    if known is None:
        run = train_way(job, way)
        worker.store.save("training", key, asdict(run))
        return run
    return TrainingRun(**known)
