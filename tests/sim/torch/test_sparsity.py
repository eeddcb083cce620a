"""Weights that are pruned: which, when, and that they stay zeros."""

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import fp8mac  # noqa: E402
from fp8mac.sim.torch.tasks.sparsity import Pruning  # noqa: E402
from fp8mac.sim.torch.tasks.tasks import training_task  # noqa: E402
from fp8mac.sim.torch.tasks.train import train_task  # noqa: E402


def network(weight):
    model = torch.nn.Sequential(
        torch.nn.Linear(weight.shape[1], weight.shape[0]), torch.nn.Linear(weight.shape[0], 1)
    )
    with torch.no_grad():
        model[0].weight.copy_(weight)
    return model


def pruned(weight, pattern):
    model = network(weight)
    last = model[1].weight.clone()
    pruning = Pruning(model, pattern)
    pruning.prune()
    assert torch.equal(model[1].weight, last)
    return model[0].weight.detach(), pruning


def test_two_of_four_are_the_largest():
    weight = torch.tensor([[1.0, -4.0, 3.0, 2.0, 0.5, 0.5, 0.5, 0.5], [9, 8, 7, 6, -1, -2, -3, -4]])
    left, pruning = pruned(weight, "2:4")
    wanted = [[0, -4, 3, 0, 0.5, 0.5, 0, 0], [9, 8, 0, 0, 0, 0, -3, -4]]
    assert left.tolist() == wanted
    assert pruning.density == 0.5


def test_blocks_are_chosen_by_their_squares():
    """Of six blocks of 2 x 2, the outer ones cut by the edge, half are left."""
    weight = torch.tensor(
        [
            [1.0, 1.0, 3.0, 0.0, 1.0],
            [1.0, 1.0, 0.0, 0.0, 1.0],
            [0.1, 0.1, 0.1, 0.1, 2.5],
        ]
    )
    left, pruning = pruned(weight, "2x2:50")
    assert (left != 0).tolist() == [
        [True, True, True, False, False],
        [True, True, False, False, False],
        [False, False, False, False, True],
    ]
    assert pruning.density == pytest.approx(9 / 15)


@pytest.mark.parametrize("pattern", ["3:4", "8x8", "0x8:75", "8x8:100", "8x8:0", ""])
def test_there_is_no_other_pattern(pattern):
    with pytest.raises(fp8mac.Error) as error:
        Pruning(network(torch.ones(4, 4)), pattern)
    assert str(error.value) == (
        f"Weights are pruned to 2:4, or as 8x8:75, 75 % of the blocks of 8 x 8; not '{pattern}'."
    )


class Interrupted(Exception):
    pass


def test_pruned_weights_stay_zeros_and_an_interrupted_run_knows_them(tmp_path, monkeypatch):
    """AdamW moves every weight each step; half of the steps are after pruning."""
    models, task = [], training_task("garments")
    make = task.make
    object.__setattr__(task, "make", lambda: models.append(make()) or models[-1])
    try:
        whole = train_task(task, None, steps=40, sparsity="8x8:75")

        def stop(step):
            if step == 33:
                raise Interrupted

        place = tmp_path / "run.pt"
        with pytest.raises(Interrupted):
            train_task(task, None, steps=40, sparsity="8x8:75", checkpoint=place, progress=stop)
        again = train_task(task, None, steps=40, sparsity="8x8:75", checkpoint=place)
    finally:
        object.__setattr__(task, "make", make)
    assert again.scores == whole.scores
    assert whole.scores["density"] == pytest.approx(0.25, abs=0.01)
    for model in (models[0], models[2]):
        blocks = model[1].weight.detach().view(16, 8, 98, 8).abs().sum((1, 3))
        assert int((blocks == 0).sum()) == round(0.75 * 16 * 98)
        assert not bool((model[5].weight == 0).any())
