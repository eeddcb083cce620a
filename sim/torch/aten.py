"""Products of matrices, convolutions and gradients of embeddings, as PyTorch's core has them.

Whatever a model is written with comes down to these below autograd: `Linear`, `matmul`, `einsum`,
attention and recurrent layers to ``mm``, ``addmm``, ``bmm`` and ``baddbmm``, convolutions of all
kinds to ``convolution`` and ``convolution_backward``. What else multiplies and adds is refused.
"""

# pyright: reportMissingImports=false

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from fp8mac.sim.torch.convolution import Convolution
from fp8mac.sim.torch.errors import TorchError
from fp8mac.sim.torch.graph import AutogradGraph, Node
from fp8mac.sim.torch.operands import Array, TensorOperand
from fp8mac.sim.torch.products import Multiplier, Side

__all__ = ["HANDLERS", "Machine", "refusal"]

Tensor = torch.Tensor
_ATEN = torch.ops.aten


class Machine:
    """A model's products, computed by a `Multiplier`.

    Parameters
    ----------
    multiplier : Multiplier
        What multiplies.
    graph : AutogradGraph
        What knows layers, roles and passes.
    """

    def __init__(self, multiplier: Multiplier, graph: AutogradGraph) -> None:
        self.multiplier, self.graph = multiplier, graph

    def matrices(self, operation: str, a: Tensor, b: Tensor) -> Tensor:
        """``a @ b``, of two or three axes each."""
        node = self.graph.running()
        if node is None:
            left, right = self._forward(operation, a, b)
            layer, step = left[0].layer, "forward"
        else:
            left, right, step = self._backward(node, a, b)
            layer = node.layer
        out = self.multiplier.multiply(left, right, layer, step)
        return torch.from_numpy(out).to(torch.promote_types(a.dtype, b.dtype))

    def _forward(self, operation: str, a: Tensor, b: Tensor) -> tuple[Side, Side]:
        layer = self.graph.layer(operation, (b, a))
        left, right = (self._operand(layer, self._role(each), each) for each in (a, b))
        self.graph.keep(layer, [(a, left), (b, right)])
        return (left, _as_it_is), (right, _as_it_is)

    def _backward(self, node: Node, a: Tensor, b: Tensor) -> tuple[Side, Side, str]:
        """Sides of a gradient's product: one is an operand of the forward pass."""
        known = [self.graph.known(each, node.operands) for each in (a, b)]
        if (known[0] is None) == (known[1] is None):
            raise TorchError(
                f"Neither side of a product in the backward pass of {node.layer} is an operand of "
                "its forward pass; gradients of gradients are not computed on units."
            )
        at = 0 if known[0] is not None else 1
        operand, turned = known[at]
        tensors = a, b
        if turned is None:
            operand = self._operand(node.layer, operand.role, tensors[at])
        sides: list[Side] = [(operand, _turned if turned else _as_it_is)] * 2
        sides[1 - at] = self._gradient(node, tensors[1 - at])
        of_weight = node.has_weight and operand.role == "activation"
        return sides[0], sides[1], "weight gradient" if of_weight else "data gradient"

    def _gradient(self, node: Node, tensor: Tensor) -> Side:
        """The gradient that comes in; rounded once for both products it is in."""
        run = torch._C._current_graph_task_id()
        if node.gradient is not None and node.gradient[0] == run:
            found = self.graph.known(tensor, [node.gradient[1:]])
            if found is not None and found[1] is not None:
                return found[0], _turned if found[1] else _as_it_is
        operand = self._operand(node.layer, "gradient", tensor)
        node.gradient = run, tensor.detach(), operand
        return operand, _as_it_is

    def convolution(self, x: Tensor, weight: Tensor, bias: Any, *geometry: Any) -> Tensor:
        """A convolution of any kind; ``bias`` is added in float32."""
        _not_in_backward(self.graph, "convolution")
        layer = self.graph.layer("convolution", (weight,))
        wide, kernel = (
            self._operand(layer, self._role(x), x),
            self._operand(layer, self._role(weight), weight),
        )
        self.graph.keep(layer, [(x, wide), (weight, kernel)])
        conv = _geometry(x.shape, weight.shape, *geometry)
        work = conv.spread if geometry[3] else conv.gathered
        y = torch.from_numpy(work(wide, kernel, self._of(layer), "forward")).to(x.dtype)
        return y if bias is None else y + bias.reshape(-1, *[1] * (x.ndim - 2))

    def convolution_backward(
        self, dy: Tensor, x: Tensor, weight: Tensor, bias: Any, *rest: Any
    ) -> tuple[Tensor | None, ...]:
        """Gradients of a convolution by input, weight and bias, as far as they are wanted."""
        *geometry, wanted = rest
        node = self.graph.running()
        layer = self.graph.layer("convolution", (weight,)) if node is None else node.layer
        known = [] if node is None else node.operands
        sides = []
        for tensor in (x, weight):
            operand, turned = self.graph.known(tensor, known) or (None, None)
            if operand is None or turned is not False:
                operand = self._operand(layer, self._role(tensor), tensor)
            sides.append(operand)
        gradient = self._operand(layer, "gradient", dy)
        conv, transposed = _geometry(x.shape, weight.shape, *geometry), geometry[3]
        dx = dw = db = None
        if wanted[0]:
            work = conv.gathered if transposed else conv.spread
            dx = torch.from_numpy(work(gradient, sides[1], self._of(layer), "data gradient"))
        if wanted[1]:
            narrow, wide = (sides[0], gradient) if transposed else (gradient, sides[0])
            dw = conv.by_kernel(narrow, wide, self._of(layer), "weight gradient")
            dw = torch.from_numpy(dw).to(weight.dtype)
        if wanted[2]:
            db = dy.sum((0, *range(2, dy.ndim)))
        return None if dx is None else dx.to(x.dtype), dw, db

    def embedding(self, weight: Tensor, indices: Tensor, *options: Any) -> Tensor:
        """Rows of a table: nothing is multiplied, but the gradient adds."""
        if self.graph.running() is None:
            layer = self.graph.layer("embedding", (weight,))
            if torch.is_grad_enabled() and weight.requires_grad:
                self.graph.keep(
                    layer, [(weight, TensorOperand(layer, "weight", np.zeros(0, np.float32)))]
                )
        return _ATEN.embedding.default(weight, indices, *options)

    def embedding_backward(
        self, dy: Tensor, indices: Tensor, rows: int, padding: int, by_count: bool
    ) -> Tensor:
        """Gradient of a table: rows of ones and zeros times the gradients of what was looked up."""
        node = self.graph.running()
        layer = "embedding" if node is None else node.layer
        if by_count:
            raise TorchError(f"{layer} divides gradients by counts (scale_grad_by_freq); leave it.")
        flat, gradients = indices.reshape(-1), dy.reshape(-1, dy.shape[-1])
        found = torch.unique(flat)
        found = found[found != padding]
        ones = (found[:, None] == flat[None]).float()
        left = self._operand(layer, "activation", ones), _as_it_is
        right = self._operand(layer, "gradient", gradients), _as_it_is
        out = torch.zeros(rows, dy.shape[-1], dtype=dy.dtype)
        if len(found):
            sums = self.multiplier.multiply(left, right, layer, "weight gradient")
            out[found] = torch.from_numpy(sums).to(dy.dtype)
        return out

    def _of(self, layer: str) -> Callable[[Side, Side, str], Array]:
        return lambda left, right, step: self.multiplier.multiply(left, right, layer, step)

    def _role(self, tensor: Tensor) -> str:
        return "weight" if self.graph.is_weight(tensor) else "activation"

    def _operand(self, layer: str, role: str, tensor: Tensor) -> TensorOperand:
        if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16):
            raise TorchError(
                f"{layer} multiplies {str(tensor.dtype).removeprefix('torch.')} numbers; models "
                "run on units in float32, float16 or bfloat16."
            )
        if role != "weight":
            return TensorOperand(layer, role, tensor.detach().float().numpy())
        return self.graph.packed(
            layer, tensor, lambda: TensorOperand(layer, role, tensor.detach().float().numpy())
        )


def _as_it_is(x: Array) -> Array:
    return x


def _turned(x: Array) -> Array:
    return x.swapaxes(-1, -2)


def _geometry(x: Any, weight: Any, *rest: Any) -> Convolution:
    stride, padding, dilation, transposed, spare, groups = rest
    dimensions = len(x) - 2

    def each(sizes: Any) -> tuple[int, ...]:
        return tuple(sizes) * (dimensions if len(sizes) == 1 else 1)

    kernel = tuple(weight[2:])
    stride, padding, dilation, spare = map(each, (stride, padding, dilation, spare))
    there = zip(x[2:], kernel, stride, padding, dilation, spare, strict=True)
    other = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + more + 1
        if transposed
        else (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d, more in there
    )
    wide, narrow = (other, tuple(x[2:])) if transposed else (tuple(x[2:]), other)
    return Convolution(wide, narrow, kernel, stride, padding, dilation, groups)


def _not_in_backward(graph: AutogradGraph, operation: str) -> None:
    if graph.running() is not None:
        raise TorchError(f"A {operation} in a backward pass is none of a forward pass's gradients.")


def _addmm(machine: Machine, c: Tensor, a: Tensor, b: Tensor, *, beta: Any = 1, alpha: Any = 1):
    return _plus(c, machine.matrices("matmul", a, b), beta, alpha)


def _plus(c: Tensor, product: Tensor, beta: Any, alpha: Any) -> Tensor:
    """``beta c + alpha product`` in float32, outside of the unit."""
    scaled = product if alpha == 1 else product * alpha
    return scaled if beta == 0 else scaled + (c if beta == 1 else c * beta)


def _mm(machine: Machine, a: Tensor, b: Tensor) -> Tensor:
    return machine.matrices("matmul", a, b)


HANDLERS: dict[Any, Callable[..., Any]] = {
    _ATEN.mm.default: _mm,
    _ATEN.bmm.default: _mm,
    _ATEN.addmm.default: _addmm,
    _ATEN.baddbmm.default: _addmm,
    _ATEN.convolution.default: Machine.convolution,
    _ATEN.convolution_backward.default: Machine.convolution_backward,
    _ATEN.embedding.default: Machine.embedding,
    _ATEN.embedding_dense_backward.default: Machine.embedding_backward,
}
"""What computes each operation: a function of the machine and the operation's arguments."""

_WORDS = frozenset(
    "mm bmm addmm baddbmm addbmm mv addmv dot vdot inner matmul linear bilinear trilinear addr ger "
    "outer kron tensordot conv1d conv2d conv3d convolution conv transpose1d transpose2d "
    "transpose3d attention cdist pdist rnn lstm gru fft bag".split()
)
_VECTORS = ("mv", "addmv", "dot", "vdot", "addr", "ger")
_HARMLESS = ("linalg_vector_norm", "linalg_norm", "linalg_cross")


@lru_cache(maxsize=4096)
def refusal(name: str) -> str:
    """Why an operation is not computed; empty where it adds no products.

    Parameters
    ----------
    name : str
        Such as ``aten::mv``.
    """
    base = name.rpartition("::")[2].rstrip("_")
    multiplies = bool(_WORDS & set(base.lower().split("_"))) or base.startswith(
        ("linalg_", "_linalg")
    )
    if not multiplies or base in _HARMLESS:
        return ""
    if base in _VECTORS:
        return (
            f"{base} multiplies vectors, whose gradients would leave the unit; make it a product "
            "of matrices, x[None] @ w in place of x @ w."
        )
    return f"{base} multiplies and adds outside of the unit, and cannot be computed on it."
