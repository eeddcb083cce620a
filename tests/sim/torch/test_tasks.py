"""Tasks train, repeat, and go on where they were interrupted."""

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import fp8mac.torch  # noqa: E402
from fp8mac.sim.torch.tasks.tasks import training_task  # noqa: E402
from fp8mac.sim.torch.tasks.train import train_task  # noqa: E402
from fp8mac.synth_reports.experiments.training.runs import TrainingJob, run_of  # noqa: E402

SHAPES = {
    "digits": ((1197, 1, 8, 8), (600, 1, 8, 8), 4218),
    "fashion": ((1500, 1, 28, 28), (500, 1, 28, 28), 61050),
    "resnet": ((1500, 1, 28, 28), (500, 1, 28, 28), 77562),
    "garments": ((1500, 1, 28, 28), (500, 1, 28, 28), 109386),
    "text": ((5536, 64), (128, 64), 111932),
    "unet": ((800, 1, 32, 32), (150, 1, 32, 32), 25988),
    "fastscnn": ((800, 1, 32, 32), (150, 1, 32, 32), 8976),
    "gan": ((1500, 32), (500, 32), 68786),
    "sharpen": ((1500, 1, 14, 14), (500, 1, 14, 14), 3060),
}


@pytest.mark.parametrize("name", SHAPES)
def test_tasks_are_as_documented(name):
    task = training_task(name)
    train, test, parameters = SHAPES[name]
    assert (task.x.shape, task.test_x.shape) == (train, test)
    assert len(task.y) == len(task.x)
    model = task.make()
    assert sum(each.numel() for each in model.parameters()) == parameters
    assert task.loss(model, task.x[:4], task.y[:4]).item() > 0


def test_text_is_asked_for_its_next_character():
    task = training_task("text")
    assert torch.equal(task.x[:, 1:], task.y[:, :-1])


def test_every_sample_comes_once_in_an_epoch():
    task = training_task("digits")
    steps = len(task.x) // task.batch
    seen = torch.cat([task.samples(step, 3) for step in range(steps)])
    assert len(seen.unique()) == len(seen) == steps * task.batch
    assert torch.equal(task.samples(5, 3), task.samples(5, 3))
    assert not torch.equal(task.samples(0, 3), task.samples(steps, 3))
    assert not torch.equal(task.samples(0, 3), task.samples(0, 4))


def test_there_is_no_other_task():
    with pytest.raises(fp8mac.Error) as error:
        training_task("cifar")
    text = (
        "There is no task 'cifar'; there are digits, fashion, resnet, garments, text, words, unet, "
        "fastscnn, gan, sharpen, movies, adult."
    )
    assert str(error.value) == text


def test_digits_learn_on_a_unit():
    found = train_task(training_task("digits"), fp8mac.torch.on("fp8"), steps=60)
    assert found.scores["accuracy"] > 0.7
    assert [step for step, _ in found.curve] == list(range(6, 61, 6))
    assert found.curve[-1][1] < found.curve[0][1] * 0.8
    assert set(found.lost[-1]) == {"0", "2", "5", "9"}
    assert all(0 <= share <= 1 for shares in found.lost[-1].values() for share in shares)


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("way", [("hfp8", "e6m9:sr=16"), (None, "bf16:sr=16")])
def test_an_interrupted_run_ends_where_the_whole_one_does(way, tmp_path):
    """Dynamic scales, stochastic rounding of weights: all of their state is in the checkpoint."""
    scheme, master = way
    place, task = tmp_path / "run.pt", training_task("digits")

    def run(**options):
        unit = fp8mac.torch.on(scheme, gradient_rounding="sr") if scheme else None
        return train_task(task, unit, steps=40, master=master, seed=2, **options)

    def stop(step):
        if step == 33:
            raise Interrupted

    whole = run()
    with pytest.raises(Interrupted):
        run(checkpoint=place, progress=stop)
    assert place.exists()
    steps = []
    again = run(checkpoint=place, progress=steps.append)
    assert steps[0] == 26
    assert not place.exists()
    assert again.scores == whole.scores
    assert [tuple(each) for each in again.curve] == whole.curve
    assert (again.lost, again.rows) == (whole.lost, whole.rows)


def test_a_damaged_checkpoint_is_no_obstacle(tmp_path, caplog):
    place = tmp_path / "run.pt"
    place.write_bytes(b"no checkpoint")
    found = train_task(training_task("digits"), None, steps=2, checkpoint=place)
    assert len(found.curve) == 2
    assert "is damaged; it is made again." in caplog.text


def test_a_run_of_the_study_is_a_record(tmp_path, monkeypatch):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path))
    run = run_of(TrainingJob("digits", "tachyum-fp8", 1, 10))
    assert (run.steps, run.measure, len(run.curve)) == (10, "nats", 10)
    assert set(run.underflown) == set(run.saturated) == {"0", "2", "5", "9"}
    assert run.overflown_share == 0
    assert run.swamped_share is not None
    assert run == run_of(TrainingJob("digits", "tachyum-fp8", 1, 10))
    plain = run_of(TrainingJob("digits", "weights bf16", 1, 10))
    assert (plain.underflown, plain.overflown_share) == ({}, None)
