"""Integrated errors against sampled ones, cells done by hand, and the search for scales."""

import math

import numpy as np
import pytest

from fp8mac.hw.config.formats import FormatError, parse_format
from fp8mac.synth_reports.experiments.figure5.cell_error import (
    DISTRIBUTIONS,
    best_scale,
    levels_of,
    lloyd_max,
    mean_square_error,
)

SAMPLERS = {
    "uniform": lambda rng, count: rng.uniform(-1, 1, count),
    "normal": lambda rng, count: rng.standard_normal(count),
    "student_t_nu3": lambda rng, count: rng.standard_t(3, count),
}


def nearest_error(levels, numbers):
    middles = (levels[1:] + levels[:-1]) / 2
    return np.square(levels[np.searchsorted(middles, numbers)] - numbers)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("format_", ["int4", "int8", "e4m3", "e3m2", "e2m1"])
@pytest.mark.parametrize("largest", [0.7, 3.0, 40.0])
def test_integral_is_what_samples_say(name, format_, largest):
    distribution = DISTRIBUTIONS[name]
    levels = levels_of(parse_format(format_))
    levels = levels / np.abs(levels).max() * largest * distribution.sigma
    numbers = SAMPLERS[name](np.random.default_rng(5), 200_000)
    # A heavy tail has no variance of its square: what is far out is left to the integral.
    inside = np.abs(numbers) < 50
    errors = np.where(inside, nearest_error(levels, numbers), 0)
    integral = mean_square_error(levels, distribution)
    beyond = 0.0
    if name == "student_t_nu3":
        x = np.geomspace(50, 1e7, 400_000)
        density = 6 * math.sqrt(3) / (math.pi * (3 + x * x) ** 2)
        for side in (levels, -levels[::-1]):
            beyond += np.trapezoid(nearest_error(side, x) * density, x)
    spread = errors.std() / math.sqrt(len(errors))
    assert integral == pytest.approx(errors.mean() + beyond, abs=5 * spread + 1e-12)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_excess_is_the_integral_of_the_tail(name):
    distribution = DISTRIBUTIONS[name]
    for start in (0.0, 0.3, 2.0, 63.9, 64.1, 1000.0):
        x = start + np.geomspace(1e-9, 1e9, 400_001) - 1e-9
        integral = np.trapezoid(distribution.tail(x), x)
        excess = float(distribution.excess(np.array([start]))[0])
        assert excess == pytest.approx(integral, rel=2e-5, abs=1e-12)


def test_two_levels_by_hand():
    half = np.array([-0.5, 0.5])
    assert mean_square_error(half, DISTRIBUTIONS["uniform"]) == pytest.approx(1 / 12)
    ends = np.array([-1.0, 0.0, 1.0])
    assert mean_square_error(ends, DISTRIBUTIONS["uniform"]) == pytest.approx(1 / 12)
    origin = np.array([0.0])
    for distribution in DISTRIBUTIONS.values():
        error = mean_square_error(origin, distribution)
        assert error == pytest.approx(distribution.sigma**2)


def test_the_best_scale_is_better_than_all_others():
    format_, distribution = parse_format("e4m3fnuz"), DISTRIBUTIONS["uniform"]
    best = best_scale(format_, distribution)
    levels = levels_of(format_) / float(format_.max) * distribution.sigma
    least = (distribution.sigma / 2**best.bits) ** 2
    for exponent in np.random.default_rng(1).uniform(-2, 20, 3000):
        assert mean_square_error(levels * 2**exponent, distribution) > least * (1 - 1e-6)
    assert mean_square_error(levels * best.largest_sigmas, distribution) == pytest.approx(least)


def test_a_bias_is_a_scale():
    normal = DISTRIBUTIONS["normal"]
    bits = [best_scale(parse_format(name), normal).bits for name in ("e3m2", "e3m2b9none")]
    assert bits[0] == pytest.approx(bits[1], abs=1e-9)


def test_lloyd_and_max():
    # N. S. Jayant and P. Noll, Digital Coding of Waveforms, Table 4.4: 4 levels, 9.30 dB
    assert lloyd_max("normal", 2) == pytest.approx(9.30 / 20 * math.log2(10), abs=2e-3)
    assert lloyd_max("uniform", 4) == pytest.approx(4, abs=1e-6)


def test_wide_formats_are_refused():
    sentence = r"^fp16 has 16 bits; cells are integrated up to 12 bits\.$"
    with pytest.raises(FormatError, match=sentence):
        best_scale(parse_format("fp16"), DISTRIBUTIONS["normal"])
