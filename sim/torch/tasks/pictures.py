"""Pictures that are made: garments out of noise (DC-GAN), and sharper ones (super-resolution).

Both learn Fashion-MNIST's embedded part. The noise of a sample is drawn once, so that a step needs
nothing but its samples. Super-resolution has the squared error as its loss, and no adversary.

# Ref: arXiv:1511.06434 (DC-GAN), arXiv:1609.05158 (channels shuffled into places)
"""

# pyright: reportMissingImports=false

import torch
from torch import Tensor, nn
from torch.nn import functional

from fp8mac.sim.torch.tasks.quality import frechet_distance, ms_ssim, psnr, ssim
from fp8mac.sim.torch.tasks.task import TrainingTask

__all__ = ["Adversaries", "Sharpener", "generation_task", "sharpening_task"]

_NOISE = 32


class Adversaries(nn.Module):
    """A network that makes images of 28 x 28 from noise, and one that tells them from others.

    Neither gradient reaches the other one's parameters: one pass through both trains both.
    """

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(_NOISE, 32 * 49, bias=False)
        self.generator = nn.Sequential(
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 16, 4, 2, 1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.ConvTranspose2d(16, 1, 4, 2, 1),
            nn.Sigmoid(),
        )
        self.critic = nn.Sequential(
            nn.Conv2d(1, 16, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(16, 32, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(32 * 49, 1),
        )

    def forward(self, noise: Tensor, real: Tensor | None = None) -> Tensor:
        """Images of noise (n, 32); or, with real images beside, the sum of both losses."""
        made = self.generator(self.start(noise).view(-1, 32, 7, 7))
        if real is None:
            return made
        told = self.critic(torch.cat((real, made.detach())))
        parameters = list(self.critic.parameters())
        for each in parameters:  # what the generator learns is not to change its critic
            each.requires_grad_(False)
        believed = self.critic(made)
        for each in parameters:
            each.requires_grad_(True)
        truth = torch.cat((torch.ones(len(real), 1), torch.zeros(len(made), 1)))
        cross = functional.binary_cross_entropy_with_logits
        return 2 * cross(told, truth) + cross(believed, torch.ones(len(made), 1))


class Sharpener(nn.Module):
    """From 14 x 14 to 28 x 28: what three convolutions add to every place seen four times."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 4, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Images (n, 1, 28, 28) of images (n, 1, 14, 14)."""
        return functional.pixel_shuffle(self.layers(x) + x, 2)


def generation_task(images: Tensor, held_out: Tensor) -> TrainingTask:
    """Garments out of noise.

    Parameters
    ----------
    images : Tensor
        What is trained with.
    held_out : Tensor
        Images that those that are made are compared with, as many.
    """
    random = torch.Generator().manual_seed(0)
    noise, other = (torch.randn(len(each), _NOISE, generator=random) for each in (images, held_out))
    return TrainingTask(
        *("gan", Adversaries, noise, images, other, held_out),
        batch=32,
        rate=2e-3,
        steps=240,
        measure="Fréchet distance",
        loss=lambda model, x, y: model(x, y),
        judge=_judge_made,
        decay=0.0,
        betas=(0.5, 0.999),
    )


def _judge_made(task: TrainingTask, model: nn.Module) -> dict[str, float]:
    """Distance of the images made to those held out; how alike two that are made are."""
    made = torch.cat([model(noise) for noise, _ in task.held_out()])
    half = len(made) // 2
    first, second = made[:half, 0].numpy(), made[half : 2 * half, 0].numpy()
    distance = frechet_distance(made[:, 0].numpy(), task.test_y[:, 0].numpy())
    return {"loss": distance, "ms_ssim": ms_ssim(first, second)}


def sharpening_task(images: Tensor, held_out: Tensor) -> TrainingTask:
    """Images from their means over 2 x 2 places."""

    def small(x: Tensor) -> Tensor:
        return functional.avg_pool2d(x, 2)

    return TrainingTask(
        *("sharpen", Sharpener, small(images), images, small(held_out), held_out),
        batch=32,
        rate=4e-3,
        steps=150,
        measure="squared error, thousandths",
        unit=1000.0,
        loss=lambda model, x, y: functional.mse_loss(model(x), y),
        judge=_judge_sharpened,
    )


def _judge_sharpened(task: TrainingTask, model: nn.Module) -> dict[str, float]:
    found = torch.cat([model(x) for x, _ in task.held_out()])
    loss = float(functional.mse_loss(found, task.test_y)) * task.unit
    one, other = found[:, 0].clamp(0, 1).numpy(), task.test_y[:, 0].numpy()
    scores = {"psnr_db": psnr(one, other), "ssim": ssim(one, other), "ms_ssim": ms_ssim(one, other)}
    return {"loss": loss, **scores}
