"""Bounds are never exceeded, whatever the unit and operands, and not far above the worst."""

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import one_in

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.claims import bounds
from fp8mac.sim.check.claims.bounds import bound
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.values import Kind
from fp8mac.sim.gemm.definition import dot

UNITS = [
    *("ada-fp8-e4m3", "h100-fp8-e5m2", "h100-mmasync-e4m3", "h100-fp8-e4m3-fp16", "mi300-fp8"),
    *("mi300-bf8", "rvbna-fp8 x 4 guard 0", "fdot-fp8", "exsdotp-fp8", "e4m3 -> fp16"),
    *("e4m3 -> bf16:rtz", "e5m2 x 8 -> e5m10, tree", "e4m3 x 4 -> fp16:ftz, products rounded"),
    *("e4m3 x 4 -> e8m7, window 8:floor, chunk 12 -> fp32", "e4m3 x 4 -> fp16:odd, window 6:odd"),
    *("e4m3 x 8 -> fp16:sr=4", "int8 x 4 -> bf16", "e4m3 x 4 -> fp32:daz, tree, products rounded"),
    *("int8 x 4 -> int20", "e4m3 -> kulisch:0", "e3m2 x 4 -> fp16, window 5, exponents normalised"),
]


def operands(config, seed: int, terms: int):
    """Codes of a row and of a column; small and large ones, zeros, subnormal numbers."""
    rng = np.random.default_rng(seed)
    found = []
    for format_ in (config.a, config.b):
        codes = np.arange(1 << format_.bits)
        values = decode(codes, format_)
        codes = codes[np.isfinite(values)]
        near = np.argsort(np.abs(decode(codes, format_)), kind="stable")
        first = int(rng.integers(0, len(near)))
        some = codes[near[first : first + int(rng.choice([2, 16, 256]))]]
        found.append(np.where(rng.random(terms) < 0.7, rng.choice(some, terms),
                              rng.choice(codes, terms)))  # fmt: skip
    return found


def error_of(config, a, b) -> Fraction | None:
    """Distance of a sum from the exact one; None where it overflows."""
    draws = np.random.default_rng(1)

    def random(step: int, bits: int) -> int:
        return int(draws.integers(1 << bits))

    state = dot(config, a.tolist(), b.tolist(), random=random)
    x, y = decode(a, config.a).tolist(), decode(b, config.b).tolist()
    exact = sum((Fraction(p) * Fraction(q) for p, q in zip(x, y, strict=True)), Fraction(0))
    value = golden.read(config.result, state.acc)
    return abs(value.fraction - exact) if value.kind is Kind.FINITE else None


def check(config, seed: int, terms: int) -> bool:
    a, b = operands(config, seed, terms)
    x, y = decode(a, config.a), decode(b, config.b)
    rng = np.random.default_rng(seed)
    wider = np.abs(x) * rng.choice([0.0, 0.5, 3.0], x.shape)
    found = bound(config, x - wider, x + wider, y[:, None])
    error = error_of(config, a, b)
    if not found.overflows[0]:
        assert error is not None
        assert error <= Fraction(float(found.error[0]))
    exact = sum((Fraction(p) * Fraction(q) for p, q in zip(x.tolist(), y.tolist(), strict=True)),
                Fraction(0))  # fmt: skip
    assert abs(exact) <= Fraction(float(found.largest[0]))
    assert abs(exact) < Fraction(2) ** int(found.sum_bits[0] - 1 + config.product_lsb_exponent + 60)
    return not found.overflows[0] and bool(error)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 1 << 30), st.sampled_from(UNITS), st.integers(1, 40))
def test_bounds_hold(seed, line, terms):
    check(parse_line(line), seed, terms)


def test_every_unit_has_errors_below_its_bound():
    """The drawn operands do cost bits, on every unit that can lose some."""
    for line in UNITS:
        config = parse_line(line)
        lossy = sum(check(config, seed, 24) for seed in range(12))
        assert (lossy > 0) == (not config.is_fixed), line


@pytest.mark.parametrize("part", ["_cut", "_rounded"])
def test_a_forgotten_loss_is_found(monkeypatch, part):
    """Planted: what a cut, or a rounding, costs is not counted."""
    real = getattr(bounds._Work, part)

    def forgetful(self, *arguments):
        before = self.error.copy()
        found = real(self, *arguments)
        self.error = before
        return found

    monkeypatch.setattr(bounds._Work, part, forgetful)
    with pytest.raises(AssertionError):
        test_every_unit_has_errors_below_its_bound()


def test_a_forgotten_term_is_found(monkeypatch):
    real = bounds._Work.__init__

    def forgetful(self, *arguments):
        real(self, *arguments)
        self.terms = self.terms._replace(size=np.vstack([self.terms.size[:-1],
                                                         0 * self.terms.size[-1:]]))  # fmt: skip

    monkeypatch.setattr(bounds._Work, "__init__", forgetful)
    config = parse_line("e4m3 x 4 -> fp16, window 4")
    with pytest.raises(AssertionError):
        all(check(config, seed, 2) or True for seed in range(200))


@pytest.mark.parametrize(
    ("line", "factor"),
    one_in(3, [("e2m1 x 3 -> fp16, window 3", 3), ("e2m1 -> e5m2", 4), ("e2m1 -> e5m2:rtz", 3)]),
)
def test_bounds_are_not_far_above_the_worst(line, factor):
    """Of all operands a between limits, for some columns b, three terms each."""
    config = parse_line(line)
    rng = np.random.default_rng(2)
    ratios = []
    for _ in range(4):
        b = rng.integers(1, 16, 3)
        found = bound(config, [-6.0] * 3, [6.0] * 3, decode(b, config.b)[:, None]).error[0]
        worst = max(error_of(config, np.array(a), b) for a in product(range(16), repeat=3))
        assert worst <= found
        ratios.append(float(found) / float(worst) if worst else 1.0)
    assert max(ratios) <= factor


def test_bits():
    """Sums of 32 products of 448 and 1 take 5 bits more than one; multiples of 2 one less."""
    kulisch = parse_line("e4m3 -> kulisch:0")
    most = np.full(32, 448.0)
    found = bound(kulisch, -most, most, np.full((32, 2), [1.0, 2.0]))
    assert found.sum_bits.tolist() == [1 + 9 + 9 + 5, 1 + 9 + 9 + 5]
    assert not found.overflows.any()
    assert found.error.tolist() == [0, 0]
    wide = bound(kulisch, -most, most, np.full((32, 1), 448.0))
    assert wide.overflows.all()
    assert np.isinf(wide.error).all()
    guarded = replace(kulisch, accumulator=parse_line("e4m3 -> kulisch:5").accumulator)
    assert not bound(guarded, -most, most, np.full((32, 1), 448.0)).overflows.any()
    window = bound(parse_line("h100-fp8-e4m3"), -most[:1], most[:1], np.ones((1, 1)))
    assert window.window_bits == 1 + 8 + 9


def test_what_is_refused():
    cases = {
        "b200-mxfp8": "are in blocks, whose scales bound nothing.",
        "e4m3 x 4 -> fp32, window 26, exponents zero -126": (
            "Nothing is known of sums in which zeros have exponents."
        ),
    }
    for line, message in cases.items():
        with pytest.raises(ConfigError) as error:
            bound(parse_line(line), [0], [1], np.ones((1, 1)))
        assert str(error.value).endswith(message)
