"""What a task of training is: data, a model, a loss, and how what is held out is judged."""

# pyright: reportMissingImports=false

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["TrainingTask", "classify", "cross_entropy"]


def cross_entropy(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean cross entropy of a batch, in nats; what is to be -100 does not count."""
    scores = model(x)
    return functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), y.reshape(-1))


def classify(task: "TrainingTask", model: nn.Module) -> dict[str, float]:
    """Cross entropy in the task's unit, and the share of right answers."""
    losses, right, count = [], 0, 0
    for x, y in task.held_out():
        scores = model(x)
        flat, wanted = scores.reshape(-1, scores.shape[-1]), y.reshape(-1)
        losses.append(functional.cross_entropy(flat, wanted, reduction="sum"))
        right += int((flat.argmax(-1) == wanted).sum())
        count += int((wanted >= 0).sum())
    loss = float(torch.stack(losses).sum()) / count * task.unit
    return {"loss": loss, "accuracy": right / count}


@dataclass(frozen=True)
class TrainingTask:
    """What is trained, and how.

    Parameters
    ----------
    name : str
        Of the task.
    make : callable
        Gives a new model.
    x, y : Tensor
        What it is trained with: inputs and what should come out, one row a sample.
    test_x, test_y : Tensor
        What is held out.
    batch : int
        Samples of a step.
    rate : float
        Learning rate of AdamW, after warming up; it falls along a cosine.
    steps : int
        Steps of a whole run.
    measure : str
        What the loss is called.
    unit : float
        By what the loss is multiplied.
    loss : callable
        Loss of a model for inputs and what should come out.
    judge : callable
        Scores of a task's model by their names, ``loss`` among them, from what is held out.
    decay : float
        Weight decay of AdamW.
    betas : pair of float
        How AdamW's means decay.
    """

    name: str
    make: Callable[[], nn.Module]
    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor
    batch: int
    rate: float
    steps: int
    measure: str = "nats"
    unit: float = 1.0
    loss: Callable[[nn.Module, Tensor, Tensor], Tensor] = cross_entropy
    judge: "Callable[[TrainingTask, nn.Module], dict[str, float]]" = classify
    decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)

    def samples(self, step: int, seed: int) -> Tensor:
        """Which samples a step is trained with: a function of seed and step."""
        in_epoch = len(self.x) // self.batch
        epoch, place = divmod(step, in_epoch)
        order = np.random.default_rng((seed, epoch)).permutation(len(self.x))
        return torch.from_numpy(order[place * self.batch : (place + 1) * self.batch])

    def held_out(self, rows: int = 250) -> "list[tuple[Tensor, Tensor]]":
        """Inputs and what should come out, of what is held out, some rows at a time."""
        return list(zip(self.test_x.split(rows), self.test_y.split(rows), strict=True))

    def scores(self, model: nn.Module) -> dict[str, float]:
        """What `judge` says of a model, which is not trained by it."""
        model.eval()
        try:
            with torch.no_grad():
                return self.judge(self, model)
        finally:
            model.train()
