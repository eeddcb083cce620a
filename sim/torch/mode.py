"""The context within which a model's products are computed by a unit."""

# pyright: reportMissingImports=false

from contextlib import ExitStack
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

from fp8mac.sim.torch.aten import HANDLERS, Machine, refusal
from fp8mac.sim.torch.errors import TorchError
from fp8mac.sim.torch.graph import AutogradGraph
from fp8mac.sim.torch.products import Multiplier
from fp8mac.sim.torch.report import ProductReport
from fp8mac.sim.torch.scheme import Scheme

__all__ = ["OnUnit"]


class OnUnit:
    """A context within which every product of a model, forward and backward, is a unit's.

    It can be entered again; scales and counts go on.

    Parameters
    ----------
    scheme : Scheme
        Unit, formats, scales.
    seed : int
        Of all that is stochastic.
    threads : int
        For the products; any number gives the same bits.
    """

    def __init__(self, scheme: Scheme, *, seed: int = 0, threads: int = 1) -> None:
        self.scheme = scheme
        self._multiplier = Multiplier(scheme, seed=seed, threads=threads)
        self._graph = AutogradGraph(self._step)
        self._stack: ExitStack | None = None

    @property
    def report(self) -> ProductReport:
        """Which products ran, on what, and what became of their numbers."""
        return self._multiplier.report

    @property
    def state(self) -> dict[str, Any]:
        """Scales and random numbers as they are, for a checkpoint; can be set."""
        encoder = self._multiplier.encoder
        return {
            "scales": self._multiplier.scales,
            "drawn": encoder.drawn,
            "products": self._multiplier.products,
        }

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        self._multiplier.scales.update(state["scales"])
        self._multiplier.encoder.drawn = state["drawn"]
        self._multiplier.products = state["products"]

    def __enter__(self) -> "OnUnit":
        if self._stack is not None:
            raise TorchError("This fp8mac.torch.on is entered already.")
        with ExitStack() as stack:
            # Attention and recurrent layers in products of matrices, not in one piece.
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
            stack.callback(setattr, torch.backends.mkldnn, "enabled", torch.backends.mkldnn.enabled)
            torch.backends.mkldnn.enabled = False
            fast = torch.backends.mha.get_fastpath_enabled()
            stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
            torch.backends.mha.set_fastpath_enabled(False)
            stack.enter_context(self._graph.watching())
            stack.enter_context(_Mode(Machine(self._multiplier, self._graph)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            stack.close()

    def _step(self) -> None:
        """A forward pass begins."""
        self._multiplier.ends = self._graph.ends
        for scales in self._multiplier.scales.values():
            scales.step()

    def __str__(self) -> str:
        return str(self.report)


class _Mode(TorchDispatchMode):
    """Sees every operation below autograd."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        tensors = [each for each in args if isinstance(each, torch.Tensor)]
        self.machine.graph.note(tensors)
        handler = HANDLERS.get(func)
        name = func._schema.name
        why = "" if handler else refusal(name)
        if handler is None and not why:
            return func(*args, **(kwargs or {}))
        operation = name.rpartition("::")[2]
        for tensor in tensors:
            if tensor.device.type != "cpu":
                raise TorchError(
                    f"The unit is emulated on the CPU, but a tensor of {operation} is on "
                    f"{tensor.device}; move model and data there with .cpu()."
                )
        if handler is None:
            raise TorchError(why)
        return handler(self.machine, *args, **(kwargs or {}))
