"""The context within which a model's products are computed by a unit."""

# pyright: reportMissingImports=false

from collections.abc import Callable
from contextlib import ExitStack
from functools import lru_cache
from typing import Any, NamedTuple

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
        """Scales, random numbers and counts as they are, for a checkpoint; can be set."""
        encoder = self._multiplier.encoder
        return {
            "scales": self._multiplier.scales,
            "drawn": encoder.drawn,
            "products": self._multiplier.products,
            "report": self._multiplier.report,
        }

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        self._multiplier.scales.update(state["scales"])
        self._multiplier.encoder.drawn = state["drawn"]
        self._multiplier.products = state["products"]
        self._multiplier.report = state["report"]

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


class _Treatment(NamedTuple):
    """What becomes of an operation."""

    handler: Callable[..., Any] | None
    refusal: str
    gives_view: bool

    @classmethod
    @lru_cache(maxsize=4096)
    def of(cls, func: Any) -> "_Treatment":
        """Of an operation of PyTorch's core."""
        handler, schema = HANDLERS.get(func), func._schema
        aliases = [each.alias_info for each in schema.returns]
        view = any(each is not None and not each.is_write for each in aliases)
        return cls(handler, "" if handler else refusal(schema.name), view)


class _Mode(TorchDispatchMode):
    """Sees every operation below autograd."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing here is compiled, and to say so takes longer than most operations

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        handler, why, gives_view = _Treatment.of(func)
        if handler is None and not why:
            if gives_view:
                self.machine.graph.note(args)
            return func(*args, **(kwargs or {}))
        self.machine.graph.note(args)
        for tensor in args:
            if isinstance(tensor, torch.Tensor) and tensor.device.type != "cpu":
                operation = func._schema.name.rpartition("::")[2]
                raise TorchError(
                    f"The unit is emulated on the CPU, but a tensor of {operation} is on "
                    f"{tensor.device}; move model and data there with .cpu()."
                )
        if handler is None:
            raise TorchError(why)
        return handler(self.machine, *args, **(kwargs or {}))
