"""What weights and the optimiser's states are kept in between steps.

An optimiser computes a step in float32; what it leaves in the parameters is then rounded to the
format they are stored in. An update that is small beside its weight vanishes if rounding is to
nearest, decays it if it truncates, and is right on average if it is stochastic.
"""

# pyright: reportMissingImports=false

from typing import Any

import torch

from fp8mac.hw.config.accumulators import FloatAccConfig, parse_accumulator
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.formats import Overflow, Rounding
from fp8mac.sim.codes.encoding import round_to
from fp8mac.sim.codes.noise import noise, step_key
from fp8mac.sim.torch.errors import TorchError

__all__ = ["Stored", "store"]

_FLOAT32 = "fp32"


class Stored:
    """Parameters of an optimiser that are rounded after each of its steps.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Whose parameters.
    weights, states : FloatAccConfig or None
        Formats of the parameters and of the optimiser's tensors; None for float32.
    seed : int
        Of stochastic rounding.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        weights: FloatAccConfig | None,
        states: FloatAccConfig | None,
        seed: int,
    ) -> None:
        self.optimizer, self.weights, self.states, self.seed = optimizer, weights, states, seed
        self.drawn = 0
        self._handle = optimizer.register_step_post_hook(self._after)
        self.round_weights()

    def remove(self) -> None:
        """Leave the parameters as they are from now on."""
        self._handle.remove()

    def round_weights(self) -> None:
        """Round the parameters."""
        if self.weights is None:
            return
        for group in self.optimizer.param_groups:
            for parameter in group["params"]:
                self._round(parameter, self.weights)

    def _after(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        self.round_weights()
        if self.states is None:
            return
        for state in optimizer.state.values():
            for name, value in state.items():
                if isinstance(value, torch.Tensor) and value.is_floating_point() and name != "step":
                    self._round(value, self.states)

    @torch.no_grad()
    def _round(self, tensor: torch.Tensor, format_: FloatAccConfig) -> None:
        numbers, random, bits = tensor.detach().float().numpy(), None, 0
        if format_.rounding is Rounding.STOCHASTIC:
            bits = format_.random_bits or 0
            places = torch.arange(tensor.numel()).reshape(tensor.shape).numpy()
            random = noise(step_key(self.seed, self.drawn), places, bits)
            self.drawn += 1
        rounded = round_to(
            numbers,
            format_.format,
            format_.rounding,
            Overflow.SATURATE,
            random=random,
            random_bits=bits,
        )
        tensor.copy_(torch.from_numpy(rounded))


def store(
    optimizer: torch.optim.Optimizer, weights: str, *, states: str = _FLOAT32, seed: int = 0
) -> Stored:
    """Keep an optimiser's parameters in a format from now on.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Whose parameters are rounded at once, and after each of its steps.
    weights : str
        A float format and how it is rounded to, as of an accumulator: ``bf16`` (to nearest),
        ``e6m9:rtz`` (truncated), ``bf16:sr=16`` (stochastic, of 16 random bits); ``fp32`` for what
        they are.
    states : str
        The same for the optimiser's tensors, such as Adam's moments.
    seed : int
        Of stochastic rounding.

    Raises
    ------
    TorchError
        If there is no such format.
    """
    return Stored(optimizer, _read(weights), _read(states), seed)


def _read(text: str) -> FloatAccConfig | None:
    try:
        found = parse_accumulator(text)
    except Error as error:
        raise TorchError(f"Weights cannot be kept in '{text}': {error}") from None
    if not isinstance(found, FloatAccConfig) or found.rounding is Rounding.ODD:
        raise TorchError(
            f"Weights are kept in a float, rounded by rne, rtz or sr, not in '{text}'."
        )
    return None if found.name == _FLOAT32 else found
