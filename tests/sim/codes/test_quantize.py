"""Scales and rounding: against other people's formats, published figures, and by hand."""

import ml_dtypes
import numpy as np
import pytest

from fp8mac.hw.config.accumulators import parse_accumulator
from fp8mac.hw.config.formats import parse_format
from fp8mac.sim.codes.quantize import (
    Calibration,
    QuantizeError,
    Scaled,
    Scaling,
    dequantize,
    find_scale,
    headroom,
    quantize,
    rounded,
    straight_through,
)

NORMAL = np.random.default_rng(0).normal(size=40_000)
INT8, E4M3 = parse_format("int8"), parse_format("e4m3")


def bits_of_accuracy(name: str, numbers) -> float:
    scaling = Scaling(parse_format(name), Calibration.MSE)
    error = rounded(scaling.format, numbers, find_scale(scaling, numbers)) - numbers
    return float(np.log2(numbers.std() / np.sqrt(np.square(error).mean())))


# Ref: arXiv:2303.17951, Figure 5
@pytest.mark.parametrize(
    ("name", "uniform", "normal"),
    [
        ("int8", 7.99, 6.73),
        ("e2m5fnuz", 7.39, 7.09),
        ("e3m4fnuz", 6.39, 6.24),
        ("e4m3fnuz", 5.38, 5.24),
        ("e5m2fnuz", 4.36, 4.25),
    ],
)
def test_best_scale_has_the_published_accuracy(name, uniform, normal):
    flat = np.random.default_rng(1).uniform(-1, 1, 40_000)
    assert bits_of_accuracy(name, flat) == pytest.approx(uniform, abs=0.12)
    assert bits_of_accuracy(name, NORMAL) == pytest.approx(normal, abs=0.12)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("e4m3", ml_dtypes.float8_e4m3fn),
        ("e5m2", ml_dtypes.float8_e5m2),
        ("bf16", ml_dtypes.bfloat16),
    ],
)
def test_rounding_is_that_of_ml_dtypes(name, other):
    some = NORMAL.astype(np.float32) * 3
    assert np.array_equal(rounded(parse_format(name), some), some.astype(other).astype(np.float32))


def test_codes_and_back():
    scale = np.array([0.5, 4.0])
    numbers = np.array([[1.0, -8.0], [1e9, np.inf]])
    codes = quantize(INT8, numbers, scale)
    assert codes.tolist() == [[2, 254], [127, 127]]
    assert dequantize(INT8, codes, scale).tolist() == [[1.0, -8.0], [63.5, 508.0]]


def test_nan_stays_where_there_is_one():
    numbers = np.array([np.nan, 1.0])
    assert np.isnan(rounded(E4M3, numbers)[0])
    assert rounded(INT8, numbers).tolist() == [0.0, 1.0]
    assert np.isnan(numbers[0])


@pytest.mark.parametrize("name", ["int8", "int4", "e2m1", "e4m3", "e5m2"])
def test_maximum_fills_the_format(name):
    format_ = parse_format(name)
    scale = find_scale(Scaling(format_), np.array([-3.0, 2.0]))
    assert float(rounded(format_, np.array([-3.0]), scale)[0]) == pytest.approx(-3.0)
    assert scale == 3.0 / float(format_.max)


def test_channels_have_their_own_scale():
    weights = np.array([[1.0, 100.0, 0.0], [-2.0, 50.0, 0.0]])
    scales = find_scale(Scaling(INT8, per_channel=True), weights)
    assert scales.tolist() == [2 / 127, 100 / 127, 1 / 127]
    assert find_scale(Scaling(INT8), weights) == 100 / 127


def test_powers_of_two_are_rounded_up():
    scale = find_scale(Scaling(E4M3, power_of_two=True), np.array([3.0]))
    assert scale == 2.0**-7  # 3 / 448 is 1.7 * 2**-8
    best = find_scale(Scaling(INT8, Calibration.MSE, power_of_two=True), NORMAL)
    assert np.log2(best) == np.round(np.log2(best))


def test_percentile_leaves_outliers_out():
    numbers = np.append(np.ones(9999), 1000.0)
    scaling = Scaling(INT8, Calibration.PERCENTILE, percentile=99.9)
    assert find_scale(scaling, numbers) == 1 / 127
    mostly_zero = np.append(np.zeros(9999), 1000.0)
    assert find_scale(scaling, mostly_zero) == 1000 / 127


@pytest.mark.parametrize("name", ["int8", "e2m5", "e4m3", "e5m2", "int4", "e2m1"])
def test_least_squares_are_no_worse_than_the_maximum(name):
    numbers = np.random.default_rng(2).standard_t(3, 20_000)
    errors = []
    for calibration in (Calibration.MSE, Calibration.MAX):
        scaling = Scaling(parse_format(name), calibration)
        scale = find_scale(scaling, numbers)
        errors.append(np.square(rounded(scaling.format, numbers, scale) - numbers).mean())
    assert errors[0] <= errors[1]


def test_a_cast_has_no_scale_and_a_bias_is_one():
    assert find_scale(Scaling(E4M3, Calibration.NONE), NORMAL) == 1
    moved = rounded(parse_format("e4m3b10"), NORMAL)
    assert np.array_equal(moved, rounded(E4M3, NORMAL, 2.0**-3))


def test_gradients_pass_within_the_range():
    numbers = np.array([0.1, -127.0, 127.4, -200.0], np.float32)
    values, passes = straight_through(Scaling(INT8), numbers, 1.0)
    assert values.tolist() == [0, -127, 127, -128]
    assert passes.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ([1.0, np.nan], "The numbers that calibrate conv1.input contain NaN."),
        ([1.0, -np.inf], "The numbers that calibrate conv1.input contain infinity."),
        ([], "There are no numbers to calibrate conv1.input with."),
    ],
)
@pytest.mark.parametrize("calibration", [Calibration.MAX, Calibration.PERCENTILE, Calibration.MSE])
def test_what_cannot_calibrate_is_said(numbers, sentence, calibration):
    with pytest.raises(QuantizeError) as error:
        find_scale(Scaling(E4M3, calibration), np.array(numbers), "conv1.input")
    assert str(error.value) == sentence


def test_percentiles_are_percentiles():
    with pytest.raises(QuantizeError) as error:
        Scaling(E4M3, percentile=0)
    assert str(error.value) == "A percentile is above 0 and at most 100, not 0."


def side(format_, numbers=NORMAL) -> Scaled:
    return Scaled(format_, numbers, find_scale(Scaling(format_), numbers))


@pytest.mark.parametrize(("peak", "power"), [(0, 1), (65504 / 4, 1), (16377, 2), (65504, 4)])
def test_headroom_is_a_factor_of_four(peak, power):
    powers = headroom(parse_accumulator("fp16"), lambda: float(peak), side(E4M3), side(INT8))
    assert np.prod(powers) == power


def test_an_exact_sum_needs_no_headroom():
    def peak() -> float:
        raise AssertionError

    assert headroom(parse_accumulator("kulisch"), peak, side(E4M3), side(E4M3)) == (1, 1)


@pytest.mark.parametrize(
    ("a", "b", "powers"),
    [
        (INT8, INT8, (8, 8)),
        (E4M3, parse_format("int4"), (64, 1)),
        (parse_format("e2m1"), E4M3, (1, 64)),
        (INT8, E4M3, (1, 64)),
    ],
)
def test_headroom_is_given_where_it_makes_the_least_noise(a, b, powers):
    peak = 64 * 65504 / 4.0
    assert headroom(parse_accumulator("fp16"), lambda: peak, side(a), side(b)) == powers


def test_headroom_is_shared_as_all_shares_tell():
    accumulator, octaves = parse_accumulator("fp16"), 9
    a, b = side(parse_format("e3m4")), side(E4M3, NORMAL**3)

    def noise(split: int) -> float:
        errors = []
        for each, octave in ((a, split), (b, octaves - split)):
            room = 2.0**octave
            codes = quantize(each.format, each.numbers, each.scale, room)
            again = dequantize(each.format, codes, each.scale * room)
            errors.append(np.mean((again - each.numbers) ** 2) / np.mean(each.numbers**2))
        return sum(errors)

    powers = headroom(accumulator, lambda: 2.0**octaves * 65504 / 4, a, b)
    best = min(range(octaves + 1), key=noise)
    assert 0 < best < octaves
    assert powers == (2.0**best, 2.0 ** (octaves - best))


@pytest.mark.parametrize("format_", [INT8, E4M3])
def test_room_moves_codes_and_not_where_they_saturate(format_):
    scale, largest = 0.5, float(format_.max)
    numbers = np.array([largest, -largest, largest / 4, 1e30, -np.inf]) * scale
    found = dequantize(format_, quantize(format_, numbers, scale, 4.0), scale * 4.0)
    clipped = np.clip(numbers, -largest * scale, largest * scale)
    assert np.abs(found).max() <= largest * scale * (1 + 2**-3)
    assert found == pytest.approx(clipped, rel=2**-3)
    assert found == pytest.approx(rounded(format_, numbers, scale, 4.0))


def test_room_may_be_beyond_float32():
    bf16 = parse_format("bf16")
    numbers = np.array([1.5, -0.75], np.float32)
    codes = quantize(bf16, numbers, 2.0**-120, 2.0**140)
    assert (dequantize(bf16, codes, 2.0**-120) * 2.0**140).tolist() == [1.5, -0.75]
