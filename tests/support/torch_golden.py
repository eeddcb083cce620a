"""Gradients of layers, product by product in the scalar golden model, straight from definitions.

Nothing here is shared with `fp8mac.sim.torch`: places, order and scales are written down anew.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import torch

import fp8mac
from fp8mac.hw.config.formats import parse_format
from fp8mac.sim.exact import golden
from fp8mac.sim.gemm.definition import dot

ROLES = {"x": "activation", "w": "weight", "g": "gradient"}


class Reference:
    """Sums of a unit: operands by role, scales by role."""

    def __init__(self, line, grad, scales=(1.0, 1.0, 1.0)):
        config = fp8mac.unit(line).config
        self.config = config
        self.formats = {"x": config.a, "w": config.b, "g": parse_format(grad)}
        self.scales = dict(zip("xwg", scales, strict=True))

    def codes(self, role, numbers):
        scaled = np.asarray(numbers, np.float32) / np.float32(self.scales[role])
        return fp8mac.encode(scaled, self.formats[role])

    def sum(self, left, right, numbers):
        """Sum of products of two rows of numbers, in order, of roles such as ``g`` and ``w``."""
        unit = replace(self.config, a=self.formats[left], b=self.formats[right])
        a, b = numbers
        one, other = self.codes(left, a), self.codes(right, b)
        state = dot(unit, one.tolist(), other.tolist())
        value = float(golden.read(unit.result, state.acc).fraction)
        return np.float32(value * (float(self.scales[left]) * float(self.scales[right])))


def sampled(shape, count, seed=0):
    rng = np.random.default_rng(seed)
    places = list(product(*map(range, shape)))
    chosen = rng.choice(len(places), min(count, len(places)), replace=False)
    return [places[i] for i in chosen]


def turned(pairs):
    """Two rows of a row of pairs."""
    return zip(*pairs, strict=True)


def differ(found, expected):
    """Places at which two dictionaries of numbers differ."""
    return [place for place in expected if np.float32(found[place]) != expected[place]]


def linear(reference, x, w, g, count):
    """Samples of y, dx and dw of y = x w^t, of shapes (n, k), (o, k), (n, o)."""
    (n, k), o = x.shape, len(w)
    y = {(i, j): reference.sum("x", "w", (x[i], w[j])) for i, j in sampled((n, o), count)}
    dx = {(i, c): reference.sum("g", "w", (g[i], w[:, c])) for i, c in sampled((n, k), count)}
    dw = {(j, c): reference.sum("g", "x", (g[:, j], x[:, c])) for j, c in sampled((o, k), count)}
    return y, dx, dw


def convolution(reference, x, w, g, count, *, stride=1, padding=0, dilation=1, groups=1):
    """Samples of y, dx and dw of a convolution of two dimensions, from its definition."""
    (n, _, h, v), (o, per, kh, kw) = x.shape, w.shape
    taps = list(product(range(kh), range(kw)))
    each = o // groups

    def read(i, channel, row, column):
        inside = 0 <= row < h and 0 <= column < v
        return x[i, channel, row, column] if inside else np.float32(0)

    def at(position, tap):
        return position * stride - padding + tap * dilation

    y = {}
    for i, q, r, s in sampled(g.shape, count):
        first = q // each * per
        y[i, q, r, s] = reference.sum(
            "x",
            "w",
            turned(
                [
                    (read(i, first + z, at(r, a), at(s, b)), w[q, z, a, b])
                    for a, b in taps
                    for z in range(per)
                ]
            ),
        )
    dx = {}
    for i, z, row, column in sampled(x.shape, count):
        group = z // per
        pairs = []
        for a, b in taps:
            up, left = row + padding - a * dilation, column + padding - b * dilation
            if up % stride or left % stride:
                continue
            r, s = up // stride, left // stride
            there = 0 <= r < g.shape[2] and 0 <= s < g.shape[3]
            for q in range(group * each, (group + 1) * each):
                dy = g[i, q, r, s] if there else np.float32(0)
                pairs.append((dy, w[q, z % per, a, b]))
        dx[i, z, row, column] = reference.sum("g", "w", turned(pairs)) if pairs else np.float32(0)
    dw = {}
    for q, z, a, b in sampled(w.shape, count):
        first = q // each * per
        pairs = [
            (g[i, q, r, s], read(i, first + z, at(r, a), at(s, b)))
            for i in range(n)
            for r in range(g.shape[2])
            for s in range(g.shape[3])
        ]
        dw[q, z, a, b] = reference.sum("g", "x", turned(pairs))
    return y, dx, dw


def kept(tensor, into):
    """Keep the gradient of a tensor that is no leaf."""
    tensor.register_hook(lambda gradient: into.append(gradient.detach().numpy().copy()))
    return tensor


def leaf(*shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(shape, generator=generator) * scale).requires_grad_()
