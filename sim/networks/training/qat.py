"""Quantisation-aware training: some more training, with rounding in every forward pass.

Scales are found anew before every epoch, from the calibration images and the weights of the time.
Sums are float32 while training; afterwards the network runs on the unit like any other.
"""

import numpy as np

from fp8mac.sim.codes.quantize import Scaling, find_scale, straight_through
from fp8mac.sim.networks.engines.reference import Recorder
from fp8mac.sim.networks.models.sequential import Parameters, forward
from fp8mac.sim.networks.tasks.images import EMBEDDED, Images
from fp8mac.sim.networks.training.backprop import Adam, Rounder, Trainer, batches

__all__ = ["fine_tune"]

_BATCH = 64


def fine_tune(
    name: str,
    parameters: Parameters,
    images: Images,
    scalings: tuple[Scaling, Scaling] | None,
    *,
    epochs: int = 3,
    rate: float = 5e-4,
    seed: int = 2,
) -> Parameters:
    """Train an embedded network further.

    Parameters
    ----------
    name, parameters, images
        Network, where to start from, and what to train with.
    scalings : pair of Scaling, optional
        Of activations and of weights; nothing is rounded by default.
    epochs : int
        How often all images are seen.
    rate : float
        Learning rate at first; it falls to zero linearly.
    seed : int
        Of the order.
    """
    layers, rng = EMBEDDED[name], np.random.default_rng(seed)
    current = {key: value.copy() for key, value in parameters.items()}
    adam = Adam(decay=0.01)
    steps = epochs * (len(images.train_x) // _BATCH)
    for _ in range(epochs):
        rounder = _rounder(name, current, images, scalings) if scalings else None
        trainer = Trainer(layers, current, rounder)
        for chosen in batches(len(images.train_x), _BATCH, rng):
            _, gradients = trainer.gradients(images.train_x[chosen], images.train_y[chosen])
            adam.step(current, gradients, rate * (1 - adam.steps / steps))
    return current


def _rounder(
    name: str, parameters: Parameters, images: Images, scalings: tuple[Scaling, Scaling]
) -> Rounder:
    recorder = Recorder()
    forward(recorder, EMBEDDED[name], parameters, images.train_x[:128])
    tensors = {key: sample.numbers for key, sample in recorder.samples.items()}
    tensors |= {key: value for key, value in parameters.items() if key.endswith(".weight")}
    activations, weights = scalings

    def scaling(key: str) -> Scaling:
        return weights if key.endswith(".weight") else activations

    scales = {key: find_scale(scaling(key), value, key) for key, value in tensors.items()}
    return lambda key, x: straight_through(scaling(key), x, scales[key])
