"""Training of rows of layers in numpy: gradients, batch normalisation, Adam, straight-through.

Quantised training rounds weights and inputs of every layer in the forward pass. Backwards, rounding
counts as the identity, and clipping as what it is: no gradient beyond the range::

    forward   x --> round(clip(x)) --> layer --> ...
    backward  dx <-- [|x| <= limit] <--------- ...

# Ref: Y. Bengio, N. Leonard and A. Courville, Estimating or propagating gradients through
#      stochastic neurons, arXiv:1308.3432, 2013
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.models.sequential import Layer, Parameters, patches

__all__ = ["Adam", "Rounder", "Trainer", "batches", "fold", "initial"]

Array = NDArray[Any]
Rounder = Callable[[str, Array], tuple[Array, Array]]
"""From the name of a tensor (``<layer>.weight``, ``<layer>.input``) and the tensor to what the
layer computes with, and where the gradient passes."""

_EPSILON = 1e-5
_MOMENTUM = 0.9


def initial(layers: Sequence[Layer], rng: np.random.Generator, normalise: bool) -> Parameters:
    """Random weights (He et al.), zero biases, and the parameters of batch normalisation."""
    parameters: Parameters = {}
    for layer in layers:
        shape = (layer.terms, layer.outputs)
        deviation = np.sqrt((2 if layer.relu else 1) / layer.terms)
        parameters[f"{layer.name}.weight"] = rng.normal(0, deviation, shape).astype(np.float32)
        parameters[f"{layer.name}.bias"] = np.zeros(layer.outputs, np.float32)
        if normalise and layer.kernel:
            parameters[f"{layer.name}.gain"] = np.ones(layer.outputs, np.float32)
    return parameters


def batches(count: int, size: int, rng: np.random.Generator) -> Iterator[Array]:
    """Indices of whole batches in random order, once through."""
    order = rng.permutation(count)
    for start in range(0, count - size + 1, size):
        yield order[start : start + size]


@dataclass
class Adam:
    """Adam with decoupled weight decay.

    # Ref: arXiv:1711.05101
    """

    decay: float = 0.0
    steps: int = 0
    moments: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def step(self, parameters: Parameters, gradients: Parameters, rate: float) -> None:
        """Move the parameters, in place."""
        self.steps += 1
        first_share, second_share = 1 - 0.9**self.steps, 1 - 0.999**self.steps
        for name, gradient in gradients.items():
            first, second = self.moments.setdefault(
                name, (np.zeros_like(gradient), np.zeros_like(gradient))
            )
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient * gradient - second)
            update = first / first_share / (np.sqrt(second / second_share) + 1e-8)
            if name.endswith(".weight"):
                update = update + self.decay * parameters[name]
            parameters[name] -= np.float32(rate) * update


class Trainer:
    """Loss and gradients of a row of layers.

    Parameters
    ----------
    layers : sequence of Layer
        The network.
    parameters : dict
        Changed in place; a convolution with a ``gain`` is normalised by batch.
    rounder : callable, optional
        What rounds weights and inputs; nothing is rounded by default.
    """

    def __init__(
        self, layers: Sequence[Layer], parameters: Parameters, rounder: Rounder | None = None
    ) -> None:
        self.layers = list(layers)
        self.parameters = parameters
        self.rounder = rounder
        self.means: dict[str, Array] = {}
        self.variances: dict[str, Array] = {}

    def gradients(self, x: Array, labels: Array) -> tuple[float, Parameters]:
        """Mean cross entropy of a batch, and its gradient by every parameter."""
        tape: list[dict[str, Any]] = []
        for layer in self.layers:
            x = self._forward(layer, x, tape)
        shifted = x - x.max(1, keepdims=True)
        probability = np.exp(shifted)
        probability /= probability.sum(1, keepdims=True)
        rows = np.arange(len(labels))
        loss = -float(np.log(probability[rows, labels] + 1e-12).mean())
        probability[rows, labels] -= 1
        gradient = probability / np.float32(len(labels))
        gradients: Parameters = {}
        for number, (layer, kept) in enumerate(zip(self.layers[::-1], tape[::-1], strict=True)):
            last = number == len(self.layers) - 1
            gradient = self._backward(layer, kept, gradient, gradients, last)
        return loss, gradients

    def _forward(self, layer: Layer, x: Array, tape: list[dict[str, Any]]) -> Array:
        kept: dict[str, Any] = {"shape": x.shape}
        weight = self.parameters[f"{layer.name}.weight"]
        if self.rounder:
            x, kept["passes"] = self.rounder(f"{layer.name}.input", x)
            weight, kept["weight_passes"] = self.rounder(f"{layer.name}.weight", weight)
        rows = layer.arrange(x)
        kept |= {"rows": rows, "weight": weight}
        y = rows @ weight
        if f"{layer.name}.gain" in self.parameters:
            y = self._normalise(layer, y, kept)
        y = y + self.parameters[f"{layer.name}.bias"]
        if layer.relu:
            kept["positive"] = y > 0
            y = np.maximum(y, 0)
        y = layer.image(y, x)
        if layer.pool == "max":
            n, height, width, channels = y.shape
            windows = y.reshape(n, height // 2, 2, width // 2, 2, channels)
            largest = windows.max((2, 4), keepdims=True)
            kept["largest"] = windows == largest
            y = largest[:, :, 0, :, 0]
        elif layer.pool == "mean":
            kept["image"] = y.shape
            y = y.mean((1, 2))
        tape.append(kept)
        return y

    def _normalise(self, layer: Layer, y: Array, kept: dict[str, Any]) -> Array:
        mean, variance = y.mean(0), y.var(0)
        kept["deviation"] = deviation = np.sqrt(variance + _EPSILON)
        kept["normal"] = normal = (y - mean) / deviation
        for store, new in ((self.means, mean), (self.variances, variance)):
            store.setdefault(layer.name, new)
            store[layer.name] = _MOMENTUM * store[layer.name] + (1 - _MOMENTUM) * new
        return normal * self.parameters[f"{layer.name}.gain"]

    def _backward(
        self, layer: Layer, kept: dict[str, Any], dy: Array, gradients: Parameters, last: bool
    ) -> Array:
        """Gradient by the layer's input; ``last`` where nobody needs it."""
        if layer.pool == "max":
            spread = kept["largest"] * dy[:, :, None, :, None]
            dy = spread.reshape(len(dy), dy.shape[1] * 2, dy.shape[2] * 2, -1)
        elif layer.pool == "mean":
            _, height, width, _ = kept["image"]
            dy = np.broadcast_to(dy[:, None, None] / (height * width), kept["image"])
        dy = dy.reshape(-1, layer.outputs)
        if layer.relu:
            dy = dy * kept["positive"]
        gradients[f"{layer.name}.bias"] = dy.sum(0)
        if "normal" in kept:
            normal, gain = kept["normal"], self.parameters[f"{layer.name}.gain"]
            gradients[f"{layer.name}.gain"] = by_gain = (dy * normal).sum(0)
            centred = dy - (dy.sum(0) + normal * by_gain) / len(dy)
            dy = centred * (gain / kept["deviation"])
        by_weight = kept["rows"].T @ dy
        if "weight_passes" in kept:
            by_weight *= kept["weight_passes"]
        gradients[f"{layer.name}.weight"] = by_weight
        if last:
            return dy
        dx = _scatter(layer, dy @ kept["weight"].T, kept["shape"])
        return dx * kept["passes"] if "passes" in kept else dx


def fold(layers: Sequence[Layer], trainer: Trainer) -> Parameters:
    """The same network without batch normalisation: gain and mean go into weight and bias."""
    folded: Parameters = {}
    for layer in layers:
        weight = trainer.parameters[f"{layer.name}.weight"]
        bias = trainer.parameters[f"{layer.name}.bias"]
        if layer.name in trainer.means:
            gain = trainer.parameters[f"{layer.name}.gain"]
            gain = gain / np.sqrt(trainer.variances[layer.name] + _EPSILON)
            weight, bias = weight * gain, bias - trainer.means[layer.name] * gain
        folded[f"{layer.name}.weight"] = weight.astype(np.float32)
        folded[f"{layer.name}.bias"] = bias.astype(np.float32)
    return folded


def _scatter(layer: Layer, rows: Array, shape: tuple[int, ...]) -> Array:
    """Transpose of `Layer.arrange`: each entry back to where it was copied from."""
    if not layer.kernel:
        return rows.reshape(shape)
    edge, stride = layer.kernel // 2, layer.stride
    n, height, width, channels = shape
    padded = np.zeros((n, height + 2 * edge, width + 2 * edge, channels), rows.dtype)
    steps = patches(np.zeros((1, height, width, 1), np.int8), layer.kernel, stride).shape[1:3]
    parts = rows.reshape(n, *steps, layer.kernel, layer.kernel, channels)
    for y in range(layer.kernel):
        for x in range(layer.kernel):
            rows_there = slice(y, y + stride * (steps[0] - 1) + 1, stride)
            columns_there = slice(x, x + stride * (steps[1] - 1) + 1, stride)
            padded[:, rows_there, columns_there] += parts[:, :, :, y, x]
    return padded[:, edge : edge + height, edge : edge + width]
