"""Operators of ONNX that multiply matrices, each as products on an engine.

A product of two arrays is told by the letters of its axes, as in Einsum::

    letters in           become
    both, and the sum's  the axis that is added up          A (g, n, k) x B (g, k, m)
    both, and outputs    g products
    one of them          rows or columns

A side that follows from the model alone is a weight.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.models.sequential import FullEngine

__all__ = ["MATRIX_PRODUCTS", "Call", "Side", "contract", "matmul"]

Array = NDArray[Any]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Side(NamedTuple):
    """One of two factors.

    ``letters`` names its axes; it is a weight if it is ``constant``.
    """

    array: Array
    letters: str
    constant: bool = False


@dataclass(frozen=True)
class Call:
    """An operator that is to be computed.

    Parameters
    ----------
    engine : FullEngine
        What multiplies matrices.
    name : str
        Of the product.
    inputs : sequence of ndarray or None
        None where an optional one is left out.
    constant : sequence of bool
        Which of them follow from the model alone.
    how : dict
        Attributes that the model gives.
    """

    engine: FullEngine
    name: str
    inputs: Sequence[Array | None]
    constant: Sequence[bool]
    how: dict[str, Any]

    def get(self, place: int) -> Array | None:
        """An input, None if it is left out."""
        return self.inputs[place] if place < len(self.inputs) else None

    def given(self, place: int) -> Array:
        """An input that has to be there."""
        found = self.get(place)
        if found is None:
            raise NetworkError(f"Input {place} of the operator {self.name} is missing.")
        return found

    def fixed(self, *places: int) -> bool:
        """Whether inputs, where they are there, follow from the model alone."""
        return all(self.constant[place] for place in places if self.get(place) is not None)


def contract(engine: FullEngine, name: str, left: Side, right: Side, letters: str) -> Array:
    """Product of two sides, float32, with the axes that ``letters`` names in their order."""
    summed = [each for each in dict.fromkeys(left.letters + right.letters) if each not in letters]
    sizes: dict[str, int] = {}
    for side in (left, right):
        for letter, size in zip(side.letters, side.array.shape, strict=True):
            sizes[letter] = size if sizes.get(letter, 1) == 1 else sizes[letter]
    a, b = (_spread(side, summed, sizes) for side in (left, right))
    batch = [each for each in letters if each in a.letters and each in b.letters]
    rows = [each for each in letters if each in a.letters and each not in batch]
    columns = [each for each in letters if each in b.letters and each not in batch]
    found = [sizes[each] for each in batch + rows + columns]
    if 0 in sizes.values():
        y = np.zeros(found, np.float32)
    else:
        y = _multiply(
            *(engine, name),
            _arranged(a, batch, rows, summed),
            _arranged(b, batch, summed, columns),
            constant=(left.constant, right.constant),
        ).reshape(found)
    order = batch + rows + columns
    return y.transpose([order.index(each) for each in letters])


def _spread(side: Side, summed: list[str], sizes: dict[str, int]) -> Side:
    """With all axes that are added up, and without others of size 1 that stand for more."""
    array, letters = side.array.astype(np.float32, copy=False), side.letters
    idle = [n for n, each in enumerate(letters) if each not in summed and array.shape[n] == 1]
    idle = [n for n in idle if sizes[letters[n]] > 1]
    array = array.squeeze(tuple(idle))
    letters = "".join(each for n, each in enumerate(letters) if n not in idle)
    for each in summed:
        if each not in letters:
            array, letters = array[..., None], letters + each
    shape = [
        sizes[each] if each in summed else n for each, n in zip(letters, array.shape, strict=True)
    ]
    return Side(np.broadcast_to(array, shape), letters, side.constant)


def _arranged(side: Side, *groups: list[str]) -> Array:
    """Its axes in three groups, each one axis."""
    order = [side.letters.index(each) for group in groups for each in group]
    shape = [
        int(np.prod([side.array.shape[side.letters.index(each)] for each in group]))
        for group in groups
    ]
    return side.array.transpose(order).reshape(shape)


def _multiply(
    engine: FullEngine, name: str, a: Array, b: Array, *, constant: tuple[bool, bool]
) -> Array:
    """Of shapes (g, n, k) and (g, k, m)."""
    if constant[1]:
        if len(a) == 1:
            return engine.linear(name, a[0], b[0], None)
        return engine.linear(name, a, b, None)
    if constant[0]:
        turned = b.swapaxes(1, 2), a.swapaxes(1, 2)
        return _multiply(engine, name, *turned, constant=(False, True)).swapaxes(-1, -2)
    return engine.product(name, a, b)


def matmul(call: Call, a: Array, b: Array, constant: tuple[bool, bool]) -> Array:
    """As numpy's, on the call's engine; ``constant`` says which sides are weights."""
    outer = max(a.ndim, b.ndim) - 2
    batch = _LETTERS[3 : 3 + max(0, outer)]
    left = "b" if a.ndim == 1 else batch[outer - (a.ndim - 2) :] + "ab"
    right = "b" if b.ndim == 1 else batch[outer - (b.ndim - 2) :] + "bc"
    letters = batch + "a" * (a.ndim > 1) + "c" * (b.ndim > 1)
    sides = Side(a, left, constant[0]), Side(b, right, constant[1])
    return contract(call.engine, call.name, *sides, letters)


def _mat_mul(call: Call) -> tuple[Array, ...]:
    a, b = call.given(0), call.given(1)
    return (matmul(call, a, b, (call.fixed(0), call.fixed(1))).astype(a.dtype),)


def _fused_mat_mul(call: Call) -> tuple[Array, ...]:
    a, b = call.given(0), call.given(1)
    if call.how.get("transBatchA") or call.how.get("transBatchB"):
        raise NetworkError(f"The operator {call.name} turns its first axes, which is not known.")
    a = a.swapaxes(-1, -2) if call.how.get("transA") and a.ndim > 1 else a
    b = b.swapaxes(-1, -2) if call.how.get("transB") and b.ndim > 1 else b
    y = matmul(call, a, b, (call.fixed(0), call.fixed(1)))
    return ((y * np.float32(call.how.get("alpha", 1))).astype(a.dtype),)


def _gemm(call: Call) -> tuple[Array, ...]:
    a, b = call.given(0), call.given(1)
    left = Side(a, "ba" if call.how.get("transA") else "ab", call.fixed(0))
    right = Side(b, "cb" if call.how.get("transB") else "bc", call.fixed(1))
    y = contract(call.engine, call.name, left, right, "ac") * np.float32(call.how.get("alpha", 1))
    c = call.get(2)
    y = y if c is None else y + c * np.float32(call.how.get("beta", 1))
    return (y.astype(a.dtype),)


def _einsum(call: Call) -> tuple[Array, ...]:
    sides, letters = _spelled(call)
    dtype = sides[0].array.dtype

    def fold(done: tuple[int, Side], side: Side) -> tuple[int, Side]:
        """Product of what is done and one more; later ones still need some letters."""
        number, left = done
        later = letters + "".join(each.letters for each in sides[number + 1 :])
        both = dict.fromkeys(left.letters + side.letters)
        kept = "".join(each for each in both if each in later)
        last = number == len(sides) - 1
        name = call.name if len(sides) == 2 else f"{call.name}.{number}"
        y = contract(call.engine, name, left, side, letters if last else kept)
        return number + 1, Side(y, kept)

    _, found = reduce(fold, sides[1:], (1, sides[0]))
    return (found.array.astype(dtype),)


def _spelled(call: Call) -> tuple[list[Side], str]:
    """Sides, with letters for the axes that ``...`` stands for, each once."""
    equation = str(call.how["equation"]).replace(" ", "")
    terms, arrow, letters = equation.partition("->")
    parts, arrays = terms.split(","), [call.given(n) for n in range(len(call.inputs))]
    free = [each for each in _LETTERS if each not in equation]
    counts = [
        array.ndim - len(part.replace("...", ""))
        for part, array in zip(parts, arrays, strict=True)
        if "..." in part
    ]
    outer = "".join(free[: max(counts, default=0)])
    if not arrow:
        known = terms.replace("...", "").replace(",", "")
        once = "".join(each for each in sorted(set(known)) if known.count(each) == 1)
        letters = ("..." if "..." in terms else "") + once
    sides = []
    for n, (part, array) in enumerate(zip(parts, arrays, strict=True)):
        rest = array.ndim - len(part.replace("...", ""))
        spelled = part.replace("...", outer[len(outer) - rest :] if rest else "")
        unique = "".join(dict.fromkeys(spelled))
        once = array if unique == spelled else np.einsum(f"{spelled}->{unique}", array)
        sides.append(Side(once, unique, call.fixed(n)))
    return sides, letters.replace("...", outer)


MATRIX_PRODUCTS: dict[tuple[str, str], Callable[[Call], tuple[Array, ...]]] = {
    ("", "MatMul"): _mat_mul,
    ("", "Gemm"): _gemm,
    ("", "Einsum"): _einsum,
    ("com.microsoft", "FusedMatMul"): _fused_mat_mul,
}
"""By domain and name."""
