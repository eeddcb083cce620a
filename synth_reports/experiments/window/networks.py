"""A layer of MiniLM and Fashion-MNIST's network on a unit, scaled as in the tables of accuracy."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.quantize import Calibration, Scaling, find_scale, quantize
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.networks.engines.engine import Recipe
from fp8mac.sim.networks.engines.reference import Plain, as_it_is
from fp8mac.sim.networks.metrics import sqnr_db
from fp8mac.sim.networks.models.sequential import Arrange
from fp8mac.sim.networks.tasks.evaluate import evaluate
from fp8mac.sim.networks.tasks.zoo import load_task
from fp8mac.synth_reports.experiments.window.sums import errors, exact_sums

__all__ = ["of_layer", "of_network"]

_LAYER, _PAIRS, _QUESTIONS = "layer5.output.dense", 60, 500


def of_network(config: MacConfig) -> dict[str, Any]:
    """Fashion-MNIST's network, scaled as in the tables of accuracy."""
    found = evaluate(load_task("fmnist", _QUESTIONS), _recipe(config), _QUESTIONS)
    return {
        "sums": found.samples,
        "float_sqnr_db": None if found.sqnr_db is None else round(found.sqnr_db, 2),
        "accuracy": round(found.metric.value, 5),
        "reference": round(found.metric.reference, 5),
    }


def _recipe(config: MacConfig) -> Recipe:
    sides = (Scaling(config.a, Calibration.MSE), Scaling(config.b, Calibration.MSE, True))
    return Recipe(config, *sides)


class _Taker(Plain):
    """Float32 that notes what a layer multiplies."""

    taken: tuple[NDArray[Any], NDArray[Any]]

    def linear(
        self,
        name: str,
        x: NDArray[Any],
        weight: NDArray[Any],
        bias: NDArray[Any] | None,
        arrange: Arrange = as_it_is,
    ) -> NDArray[Any]:
        if name == _LAYER:
            self.taken = arrange(x), weight
        return super().linear(name, x, weight, bias, arrange)


@cache
def _operands() -> tuple[NDArray[Any], NDArray[Any]]:
    """Activations and weights of MiniLM's last layer of 1,536 inputs, on its first 60 questions."""
    taker = _Taker()
    load_task("minilm").outputs(taker, np.arange(_PAIRS))
    return taker.taken


def of_layer(config: MacConfig) -> dict[str, Any]:
    """Errors of the sums of a layer of MiniLM on a unit, in dB: to exact sums, and to float32."""
    x, weight = _operands()
    recipe = _recipe(config)
    steps = (
        find_scale(recipe.activations, x, _LAYER),
        find_scale(recipe.weights, weight, _LAYER),
    )
    a, b = quantize(config.a, x, steps[0], 1.0), quantize(config.b, weight, steps[1], 1.0)
    sums, exact = gemm(a, b, config).values, exact_sums(config.a, config.b, a, b)
    wanted = x.astype(np.float64) @ weight
    noise = float(np.square(sums * (steps[0] * steps[1]) - wanted).sum())
    ratio = sqnr_db(float(np.square(wanted).sum()), noise)
    return errors(exact, sums) | {"float_sqnr_db": None if ratio is None else round(ratio, 2)}
