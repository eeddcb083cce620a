"""Networks that are trained on a unit: runs from the same seeds in pairs, and kept."""

from functools import partial
from math import nan, sqrt

import pytest
import toy_sweep

from fp8mac.hw.config.errors import Error
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.torch.errors import TorchError
from fp8mac.synth_reports.experiments.sweep import trained
from fp8mac.synth_reports.experiments.sweep.cost import CostJob
from fp8mac.synth_reports.experiments.sweep.needed.whole import Went
from fp8mac.synth_reports.experiments.sweep.space import space_of
from fp8mac.synth_reports.experiments.sweep.spec import Spec, SpecError
from fp8mac.synth_reports.experiments.sweep.summary import STANDARD, Summary
from fp8mac.synth_reports.experiments.sweep.trained import HELD_OUT, TrainedJob, find_network
from fp8mac.synth_reports.experiments.sweep.written.page import sweep_files
from fp8mac.synth_reports.experiments.training.runs import TrainingRun
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.store import Store

SPEC = Spec(units=("e4m3 -> fp16, stages 2",), networks=("train:digits",))
MISSING = "train:digits needs PyTorch; install fp8mac[torch]."


@pytest.fixture
def planted(monkeypatch):
    """Runs that were done; on a unit the loss grows with the seed, and the last one diverges."""
    done = []

    def train(job, way):
        done.append((job, way))
        right = 0.95 if way.name == "float32" else 0.94 - 0.01 * job.seed
        loss = nan if (way.unit, job.seed) == ("e4m3 -> fp16", 3) else 0.2
        names = (job.task, job.way, job.seed, 200, "nats", loss)
        return TrainingRun(*names, {"accuracy": right}, [], {}, {})

    train.__module__ = trained.train_way.__module__
    monkeypatch.setattr(trained, "train_way", train)
    monkeypatch.setattr(trained, "find_spec", lambda name: True)
    return done


def point(spec=SPEC):
    (found,) = space_of([spec]).points
    return found


def test_loss_is_that_of_pairs_of_seeds(planted, tmp_path):
    """Losses of 1, 2, 3, 4 points: mean 2.5, deviation sqrt(5 / 3), t of 3 degrees 3.182."""
    job = STANDARD.accuracy_of(point())
    assert isinstance(job, TrainedJob)
    assert (job.unit, job.questions) == ("e4m3 -> fp16", 2400)
    worker = Worker(Store(tmp_path))
    columns, files = job.run(worker)
    half = 0.03182 * sqrt(5 / 3) / 2
    assert files == {}
    assert columns == {
        "metric": "top1",
        "accuracy": 0.925,
        "accuracy_low": round(0.925 - half, 5),
        "accuracy_high": round(0.925 + half, 5),
        "reference": 0.95,
        "loss": 0.025,
        "loss_low": round(0.025 - half, 5),
        "loss_high": round(0.025 + half, 5),
        "sqnr_db": None,
        "broken": 600,
        "questions": 2400,
    }
    ways = {way.unit: dict(way.options) for _, way in planted}
    assert ways == {"": {}, "e4m3 -> fp16": {"scaling": "tensor", "forward": "tensor"}}
    assert [(each.way, each.seed, each.steps) for each, _ in planted] == [
        (way, seed, 0) for seed in range(4) for way in ("float32", "e4m3 -> fp16")
    ]
    assert job.run(worker) == (columns, {})
    assert len(planted) == 8  # what was kept is not trained again
    TrainedJob.of(point(Spec(units=("mxfp8 x 32 -> fp32",), networks=SPEC.networks))).run(worker)
    assert len(planted) == 12  # nor float32, for another unit
    assert dict(planted[-1][1].options) == {}  # blocks have scales of their own
    job.run(Worker(Store(tmp_path), force=True))
    assert len(planted) == 20


def test_key_is_that_of_unit_and_task(planted, tmp_path):
    worker = Worker(Store(tmp_path))
    units = ("e4m3 -> fp16", "e4m3 -> bf16")
    keys = {
        TrainedJob.of(each).key(worker)
        for task in ("train:digits", "train:fashion")
        for each in space_of([Spec(units=units, networks=(task,))]).points
    }
    assert len(keys) == 4
    job = TrainedJob.of(point())
    assert job.key(worker, 600) == job.key(worker) in keys


def test_energy_is_that_of_normal_operands():
    assert CostJob.of(point()).network == ""
    run = point(Spec(units=SPEC.units, networks=("digits_cnn",)))
    assert CostJob.of(run).network == "digits_cnn"


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (
            Spec(units=("int8 -> int32",), networks=("train:digits",), questions=9),
            "train:digits is judged by all that is held out; leave questions away.",
        ),
        (
            Spec(("int8",), ("kulisch",), networks=("train:digits",), search=1.0),
            "Bits are searched for networks that are only run, not train:digits.",
        ),
    ],
)
def test_what_training_cannot_have(tmp_path, planted, spec, sentence):
    with pytest.raises(SpecError) as error:
        toy_sweep.toy_search(tmp_path / "points.sqlite", spec)
    assert str(error.value) == sentence


def test_without_pytorch(tmp_path, monkeypatch):
    """Refused before anything is measured, or left out and said, on the page as well."""
    monkeypatch.setattr(trained, "find_spec", lambda name: None)
    with pytest.raises(TorchError) as error:
        toy_sweep.toy_search(tmp_path / "points.sqlite", SPEC)
    assert str(error.value) == MISSING
    assert not (tmp_path / "points.sqlite").exists()
    both = Spec(("e2m1",), ("fp16",), networks=("digits_mlp", "train:digits"), optional=True)
    went = toy_sweep.toy_search(tmp_path / "points.sqlite", both)
    assert [each.network for each in went.points] == ["digits_mlp"]
    assert went.absent == (MISSING,)
    rows = {row["id"]: row for row in PointStore(tmp_path / "points.sqlite").rows()}
    text = str(sweep_files("mine", rows, went, ("area",), "fp8mac")["mine.md"])
    assert f"## Left out\n\n- {MISSING}\n" in text
    whole = Went(Summary(1), went.points, {})
    assert "Left out" not in str(sweep_files("mine", rows, whole, ("area",), "fp8mac")["mine.md"])


def test_a_task_that_is_none(planted):
    with pytest.raises(NetworkError) as error:
        find_network("train:cifar")
    names = "train:digits, train:fashion, train:garments, train:resnet"
    assert str(error.value) == f"Nothing is trained as 'train:cifar'; there are {names}."
    with pytest.raises(Error, match=r"^Unknown network 'trains:digits'; there are digits_mlp, "):
        find_network("trains:digits")


@pytest.mark.torch
def test_a_task_is_trained(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from fp8mac.sim.torch.tasks.tasks import training_task

    assert {task: len(training_task(task).test_x) for task in HELD_OUT} == HELD_OUT
    monkeypatch.setattr(trained, "TrainingJob", partial(trained.TrainingJob, steps=20))
    columns, _ = TrainedJob.of(point()).run(Worker(Store(tmp_path)))
    assert 0.3 < columns["accuracy"] < columns["reference"] + 0.1 < 1
    assert columns["loss_low"] < columns["loss"] < columns["loss_high"]
