"""What autograd is doing: which pass, whose gradient, and which tensor has which role.

A product below autograd sees tensors, not layers. In the forward pass the node that autograd made
for it has the number before the next one; in the backward pass the node that runs says its number.
That joins a gradient's products with the product they belong to, which knows its layer and the
codes of its operands. What is known of a product lives as long as autograd keeps its operands.

::

    forward    mm(x, w)    --> node 17: layer, codes of x and w
    backward   node 17 runs mm(dy, w^t): w is known by its memory, so dy is the gradient
"""

# pyright: reportMissingImports=false

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import torch
from torch._C._autograd import _get_sequence_nr
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

from fp8mac.sim.torch.errors import TorchError
from fp8mac.sim.torch.operands import TensorOperand

__all__ = ["AutogradGraph", "Node", "memory_of"]


def memory_of(tensor: torch.Tensor) -> int:
    """Which memory a tensor lies in; the same for all views of it."""
    return tensor.untyped_storage()._cdata


@dataclass(eq=False)
class Node:
    """A product of the forward pass, for as long as its gradient can be asked for.

    Parameters
    ----------
    layer : str
        Name of the layer.
    operands : list of pairs of Tensor and TensorOperand
        Those that autograd keeps, which alone can come back in the backward pass.
    has_weight : bool
        Whether one of its operands, kept or not, is a weight.
    gradient : tuple, optional
        The gradient that comes in at the moment, and the run of autograd it belongs to.
    """

    layer: str
    operands: list[tuple[torch.Tensor, TensorOperand]]
    has_weight: bool
    gradient: tuple[int, torch.Tensor, TensorOperand] | None = None


@dataclass(eq=False)
class _Saved:
    """A tensor that autograd keeps, and the product that it was kept for."""

    tensor: torch.Tensor
    version: int
    node: Node | None = None


@dataclass
class AutogradGraph:
    """What is known of the model and of the products so far.

    Attributes
    ----------
    on_forward : callable
        Called when a forward pass of the outermost module begins.
    ends : pair of str
        Names of the first and the last layer with a weight.
    """

    on_forward: Callable[[], None]
    ends: tuple[str, str] = ("", "")
    _active: bool = False
    _nodes: "WeakValueDictionary[int, Node]" = field(default_factory=WeakValueDictionary)
    _lone: list[Node] = field(default_factory=list)
    _pending: "deque[_Saved]" = field(default_factory=lambda: deque(maxlen=16))
    _weights: dict[int, tuple[torch.Tensor, str]] = field(default_factory=dict)
    _modules: list[str] = field(default_factory=list)
    _names: dict[int, str] = field(default_factory=dict)
    _counts: list[dict[str, int]] = field(default_factory=list)
    _packed: dict[Any, TensorOperand] = field(default_factory=dict)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Follow modules and what autograd keeps."""
        handles = (
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),
        )
        self._active = True
        try:
            with torch.autograd.graph.saved_tensors_hooks(self._save, self._restore):
                yield
        finally:
            self._active = False
            for handle in handles:
                handle.remove()
            for kept in (self._lone, self._pending, self._modules, self._counts, self._packed):
                kept.clear()

    # The model ------------------------------------------------------------------------------

    def _enter(self, module: torch.nn.Module, args: object) -> None:
        if not self._modules:
            self._names = {id(each): name for name, each in module.named_modules()}
            names = []
            for name, parameter in module.named_parameters():
                layer = type(module).__name__ if name == "weight" else name.removesuffix(".weight")
                self._weights[memory_of(parameter)] = parameter, layer
                names += [layer] if parameter.ndim > 1 else []
            self._packed.clear()
            self.ends = (names[0], names[-1]) if names else ("", "")
            self.on_forward()
        self._modules.append(self._names.get(id(module), type(module).__name__))
        self._counts.append({})

    def _leave(self, module: torch.nn.Module, args: object, output: object) -> None:
        if self._modules:
            self._modules.pop()
            self._counts.pop()

    def note(self, arguments: tuple[Any, ...]) -> None:
        """Remember parameters among arguments; whatever views their memory is a weight."""
        for tensor in arguments:
            if isinstance(tensor, torch.nn.Parameter):
                name = f"weight of {' x '.join(map(str, tensor.shape))}"
                self._weights.setdefault(memory_of(tensor), (tensor, name))

    def packed(
        self, layer: str, weight: torch.Tensor, pack: Callable[[], TensorOperand]
    ) -> TensorOperand:
        """Operand of a weight, packed once for its products in one forward pass of a module."""
        if not self._modules:
            return pack()
        place = memory_of(weight), weight.storage_offset(), weight.shape, weight.stride()
        key = layer, *place, weight._version
        if key not in self._packed:
            self._packed[key] = pack()
        return self._packed[key]

    def is_weight(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor views a parameter."""
        return memory_of(tensor) in self._weights

    def layer(self, operation: str, tensors: tuple[torch.Tensor, ...]) -> str:
        """Name of a product's layer."""
        for tensor in tensors:
            if found := self._weights.get(memory_of(tensor)):
                return found[1]
        if not self._modules:
            return operation
        count = self._counts[-1][operation] = self._counts[-1].get(operation, 0) + 1
        where = next((name for name in reversed(self._modules) if name), "")
        return f"{where}.{operation}{count}".lstrip(".")

    # Autograd -------------------------------------------------------------------------------

    def keep(self, layer: str, operands: list[tuple[torch.Tensor, TensorOperand]]) -> None:
        """Remember a product of the forward pass, if autograd has made a node for it."""
        if not torch.is_grad_enabled():
            return
        wanted = [tensor.requires_grad for tensor, _ in operands]
        if not any(wanted):
            return
        # Autograd keeps an operand if the gradient of another one is wanted.
        others = [any(wanted[:at] + wanted[at + 1 :]) for at in range(len(wanted))]
        kept = [each for each, other in zip(operands, others, strict=True) if other]
        has_weight = any(operand.role == "weight" for _, operand in operands)
        node = Node(layer, [(tensor.detach(), operand) for tensor, operand in kept], has_weight)
        self._nodes[_get_sequence_nr() - 1] = node
        memories = {memory_of(tensor) for tensor, _ in operands}
        owners = [saved for saved in self._pending if memory_of(saved.tensor) in memories]
        for saved in owners:
            saved.node = node
        self._pending.clear()
        if not owners:
            self._lone.append(node)

    def running(self) -> Node | None:
        """Product whose gradient is being computed; None in a forward pass.

        Raises
        ------
        TorchError
            If that product was not seen.
        """
        running = torch._C._current_autograd_node()
        if running is None or torch.is_grad_enabled():
            return None
        node = self._nodes.get(running._sequence_nr())
        if node is None:
            raise TorchError(
                f"{running.name()} multiplies in the backward pass of a product that was not seen "
                "in the forward pass; run both within one fp8mac.torch.on, and write custom "
                "functions with operations that autograd knows."
            )
        return node

    def known(
        self, tensor: torch.Tensor, operands: list[tuple[torch.Tensor, TensorOperand]]
    ) -> Any:
        """Operand whose memory a tensor views, and whether it is transposed; None if none is.

        A view that is neither the tensor nor its transpose gives (operand, None).
        """
        found = None
        for kept, operand in operands:
            if memory_of(kept) != memory_of(tensor):
                continue
            found = operand, None
            if tensor.storage_offset() == kept.storage_offset():
                turned = kept.transpose(-1, -2)
                for view, is_turned in ((kept, False), (turned, True)):
                    if (tensor.shape, tensor.stride()) == (view.shape, view.stride()):
                        return operand, is_turned
        return found

    def _save(self, tensor: torch.Tensor) -> _Saved:
        saved = _Saved(tensor, tensor._version)
        self._pending.append(saved)
        return saved

    def _restore(self, saved: _Saved) -> torch.Tensor:
        if not self._active:
            raise TorchError(
                "The backward pass has left the unit: call backward() within fp8mac.torch.on, as "
                "the forward pass."
            )
        if saved.tensor._version != saved.version:
            raise TorchError(
                f"A tensor of shape {tuple(saved.tensor.shape)} that the backward pass needs was "
                "changed in place after the forward pass."
            )
        return saved.tensor
