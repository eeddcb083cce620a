"""Recurrent operators of ONNX: products on an engine, gates in float32.

::

    X (t, n, inputs) x W, of all steps at once --+
                                                 +--> gates, step by step --> H, and of LSTM, C
    H of the step before x R --------------------+

The two products are two sums of the unit. They are called after the operator, ``.x`` and ``.h``; a
GRU whose reset gate comes before the product has a third one, ``.r``. Those of the second direction
end in ``.reverse``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.onnx.integers import dequantized, dynamically_rounded
from fp8mac.sim.networks.onnx.products import Call

__all__ = ["RECURRENT"]

Array = NDArray[Any]
_Function = Callable[[Array], Array]


def _sigmoid(x: Array) -> Array:
    return np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * x))


_FUNCTIONS: dict[str, tuple[Callable[[Array, Any, Any], Array], float | None, float | None]] = {
    "affine": (lambda x, a, b: a * x + b, 0, 0),
    "elu": (lambda x, a, b: np.where(x < 0, a * np.expm1(np.minimum(x, 0)), x), 1, None),
    "hardsigmoid": (lambda x, a, b: np.clip(a * x + b, 0, 1), 0.2, 0.5),
    "leakyrelu": (lambda x, a, b: np.where(x < 0, a * x, x), 0.01, None),
    "relu": (lambda x, a, b: np.maximum(x, 0), None, None),
    "scaledtanh": (lambda x, a, b: a * np.tanh(b * x), 0, 0),
    "sigmoid": (lambda x, a, b: _sigmoid(x), None, None),
    "softplus": (lambda x, a, b: np.logaddexp(x, np.float32(0)), None, None),
    "softsign": (lambda x, a, b: x / (1 + np.abs(x)), None, None),
    "tanh": (lambda x, a, b: np.tanh(x), None, None),
    "thresholdedrelu": (lambda x, a, b: np.where(x > a, x, 0), 0, None),
}
"""Of gates; with the values of both parameters that onnxruntime takes where none is given."""


@dataclass(frozen=True)
class _Direction:
    """A recurrent operator in one direction."""

    call: Call
    number: int
    reverse: bool
    functions: list[_Function]

    @property
    def x(self) -> Array:
        return self.call.given(0).astype(np.float32, copy=False)

    @property
    def hidden(self) -> int:
        return self.call.given(2).shape[-1]

    def bias(self, gates: int) -> tuple[Array, Array]:
        """Beside the product with the input, and beside that with the state."""
        found = self.call.get(3)
        if found is None:
            found = np.zeros((self.number + 1, 2 * gates * self.hidden), np.float32)
        first, second = np.split(found[self.number], 2)
        return first, second

    def state(self, place: int) -> Array:
        """As it is before the first step."""
        found = self.call.get(place)
        shape = (self.x.shape[1], self.hidden)
        return np.zeros(shape, np.float32) if found is None else found[self.number]

    def times(self, suffix: str, x: Array, place: int, part: slice = slice(None)) -> Array:
        """``x`` (n, k) with a weight, transposed."""
        name = self.call.name + suffix + (".reverse" if self.number else "")
        weight = self.call.given(place)[self.number, part].T
        if self.call.how.get("quantized"):
            x = dynamically_rounded(x)
        if not x.size:
            return np.zeros((len(x), weight.shape[1]), np.float32)
        if self.call.fixed(place):
            return self.call.engine.linear(name, x, weight, None)
        return self.call.engine.product(name, x[None], weight[None])[0]

    def clipped(self, x: Array) -> Array:
        limit = self.call.how.get("clip")
        return np.clip(x, -limit, limit) if limit else x

    def steps(self) -> Iterator[tuple[int, Array]]:
        """Each step's number, and which sequences have not ended, as a column."""
        lengths = self.call.get(4)
        total, count = self.x.shape[:2]
        ends = np.full(count, total) if lengths is None else lengths
        for step in reversed(range(total)) if self.reverse else range(total):
            yield step, (step < ends)[:, None]

    def inputs(self) -> Array:
        """Products of all steps with the input."""
        x = self.x
        return self.times(".x", x.reshape(-1, x.shape[2]), 1).reshape(*x.shape[:2], -1)


def _rnn(way: _Direction) -> tuple[Array, ...]:
    (function,) = way.functions
    before, h = way.inputs() + sum(way.bias(1)), way.state(5)
    y = np.zeros((*before.shape[:2], way.hidden), np.float32)
    for step, live in way.steps():
        now = function(way.clipped(before[step] + way.times(".h", h, 2)))
        h = np.where(live, now, h)
        y[step] = np.where(live, now, 0)
    return y, h


def _gru(way: _Direction) -> tuple[Array, ...]:
    gate, last = way.functions
    of_x, of_h = way.bias(3)
    before, h, size = way.inputs() + of_x, way.state(5), way.hidden
    y = np.zeros((*before.shape[:2], size), np.float32)
    after = way.call.how.get("linear_before_reset", 0)
    gates, rest = slice(2 * size), slice(2 * size, None)
    first = slice(None) if after else gates
    for step, live in way.steps():
        product = way.times(".h", h, 2, first) + of_h[first]
        z, r = np.split(gate(way.clipped(before[step][:, gates] + product[:, gates])), 2, axis=1)
        inner = r * product[:, rest] if after else way.times(".r", r * h, 2, rest) + of_h[rest]
        now = (1 - z) * last(way.clipped(before[step][:, rest] + inner)) + z * h
        h = np.where(live, now, h)
        y[step] = np.where(live, now, 0)
    return y, h


def _lstm(way: _Direction) -> tuple[Array, ...]:
    gate, candidate, last = way.functions
    before, h, c = way.inputs() + sum(way.bias(4)), way.state(5), way.state(6)
    y = np.zeros((*before.shape[:2], way.hidden), np.float32)
    peep = way.call.get(7)
    holes = np.zeros((3, 1), np.float32) if peep is None else peep[way.number].reshape(3, -1)
    for step, live in way.steps():
        i, o, f, g = np.split(before[step] + way.times(".h", h, 2), 4, axis=1)
        i = gate(way.clipped(i + holes[0] * c))
        f = 1 - i if way.call.how.get("input_forget") else gate(way.clipped(f + holes[2] * c))
        now = f * c + i * candidate(way.clipped(g))
        out = gate(way.clipped(o + holes[1] * now)) * last(now)
        c, h = np.where(live, now, c), np.where(live, out, h)
        y[step] = np.where(live, out, 0)
    return y, h, c


def _functions(call: Call, default: list[str], directions: int) -> list[list[_Function]]:
    """Of each direction; parameters are taken in turn by those that have some."""
    names = call.how.get("activations") or default * directions
    alphas = iter(call.how.get("activation_alpha") or [])
    betas = iter(call.how.get("activation_beta") or [])
    found: list[_Function] = []
    for name in names:
        if name.lower() not in _FUNCTIONS:
            raise NetworkError(f"The operator {call.name} has the unknown activation {name}.")
        function, a, b = _FUNCTIONS[name.lower()]
        a = a if a is None else np.float32(next(alphas, a))
        b = b if b is None else np.float32(next(betas, b))
        found.append(lambda x, function=function, a=a, b=b: function(x, a, b).astype(np.float32))
    return [found[n : n + len(default)] for n in range(0, len(found), len(default))]


def _both_ways(
    one: Callable[[_Direction], tuple[Array, ...]], default: list[str]
) -> Callable[[Call], tuple[Array, ...]]:
    """Of an operator in one direction, that in one or two."""

    def run(call: Call) -> tuple[Array, ...]:
        if call.how.get("layout"):
            raise NetworkError(f"The operator {call.name} has sequences along the first axis.")
        direction = call.how.get("direction", "forward")
        reverse = {"forward": [False], "reverse": [True]}.get(direction, [False, True])
        functions = _functions(call, default, len(reverse))
        ways = [
            one(_Direction(call, number, back, functions[number]))
            for number, back in enumerate(reverse)
        ]
        y, *states = zip(*ways, strict=True)
        dtype = call.given(0).dtype
        found = [np.stack(y, 1), *(np.stack(each) for each in states)]
        return tuple(each.astype(dtype) for each in found)

    return run


_LSTM = _both_ways(_lstm, ["Sigmoid", "Tanh", "Tanh"])


def _dynamic_quantize_lstm(call: Call) -> tuple[Array, ...]:
    """LSTM with weights of integers, already transposed, and rounded inputs and states."""
    inputs = [call.get(place) for place in range(8)]
    constant = [call.fixed(place) for place in range(8)]
    for place, scale in ((1, 8), (2, 10)):
        numbers = (call.given(scale), call.get(scale + 1))
        each = [x if x is None else x.reshape(len(x), 1, -1) for x in numbers]
        weight = dequantized(call.given(place), np.asarray(each[0]), each[1])
        inputs[place] = weight.swapaxes(1, 2)
        constant[place] = call.fixed(place, scale, scale + 1)
    how = call.how | {"quantized": True}
    return _LSTM(replace(call, inputs=inputs, constant=constant, how=how))


RECURRENT: dict[tuple[str, str], Callable[[Call], tuple[Array, ...]]] = {
    ("", "RNN"): _both_ways(_rnn, ["Tanh"]),
    ("", "GRU"): _both_ways(_gru, ["Sigmoid", "Tanh"]),
    ("", "LSTM"): _LSTM,
    ("com.microsoft", "DynamicQuantizeLSTM"): _dynamic_quantize_lstm,
}
"""By domain and name."""
