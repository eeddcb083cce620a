"""Intervals, rank correlation, and what an accumulator needed."""

import numpy as np
import pytest
from recipes import recipe

from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.networks.metrics import (
    accuracy_difference,
    rank_correlation,
    rank_difference,
    sqnr_db,
)
from fp8mac.sim.networks.tasks.diagnose import diagnose, needed_bits, swamped_share
from fp8mac.sim.networks.tasks.tasks import image_task


def answers(gained: int, lost: int, both: int, neither: int):
    ours = [1] * gained + [0] * lost + [1] * both + [0] * neither
    theirs = [0] * gained + [1] * lost + [1] * both + [0] * neither
    return np.array(ours), np.array(theirs), np.ones(len(ours), int)


def test_interval_by_hand():
    # (1 + 1) / 102 and (5 + 1) / 102: -0.0392 +- 1.96 sqrt((0.0784 - 0.00154) / 102)
    found = accuracy_difference(*answers(1, 5, 90, 4))
    assert found[:3] == pytest.approx((0.91, 0.95, -0.04))
    assert found[3:] == pytest.approx((-0.09303, 0.01460), abs=1e-4)


def test_interval_covers():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        kinds = rng.choice(4, 400, p=[0.02, 0.05, 0.9, 0.03])
        ours, theirs = np.isin(kinds, (0, 2)) * 1, np.isin(kinds, (1, 2)) * 1
        found = accuracy_difference(ours, theirs, np.ones(400, int))
        covered += found.low <= -0.03 <= found.high
    assert 930 <= covered <= 975


def test_no_disagreement_is_not_certainty():
    found = accuracy_difference(*answers(0, 0, 580, 20))
    assert found.difference == 0
    assert found.low == -found.high == pytest.approx(-0.0046, abs=1e-4)


def test_rank_correlation_with_ties():
    # Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4.
    x, y = np.array([1.0, 2.0, 2.0, 5.0]), np.array([0.1, 0.3, 0.2, 0.9])
    assert rank_correlation(x, y) == pytest.approx(0.9486833)
    assert rank_correlation(x, -y) == pytest.approx(-0.9486833)
    assert rank_correlation(x, np.ones(4)) == 0
    assert rank_correlation(np.array([np.nan, 1.0, 2.0, 3.0]), y) == pytest.approx(0.8)


def test_rank_intervals_are_paired():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=300)
    reference = truth + rng.normal(size=300)
    near = rank_difference(reference + rng.normal(0, 0.01, 300), reference, truth, 300)
    far = rank_difference(truth + rng.normal(size=300), reference, truth, 300)
    assert near.low < near.difference < near.high
    assert near.high - near.low < 0.1 * (far.high - far.low)


def test_sqnr():
    assert sqnr_db(100.0, 1.0) == pytest.approx(20)
    assert sqnr_db(1.0, 0.0) is None
    assert sqnr_db(1.0, float("inf")) is None
    assert sqnr_db(0.0, 0.0) is None


@pytest.mark.parametrize(
    ("sums", "bits"), [([0.0], 1), ([1.0], 2), ([-127.0], 8), ([128.0, 3], 9), ([np.inf, 1.0], 2)]
)
def test_needed_bits(sums, bits):
    assert needed_bits(parse_unit("int8", acc="kulisch"), np.array(sums)) == bits
    e4m3 = parse_unit("e4m3", acc="kulisch")
    assert needed_bits(e4m3, np.ldexp(np.array(sums), -18)) == bits


def test_swamped_products():
    bf16 = parse_unit("e4m3", acc="bf16")  # 256 has an ulp of 2
    products = np.array([[256.0], [1.0], [0.5], [0.0], [-0.75], [200.0], [1.5]])
    assert swamped_share(bf16, products) == 2 / 6
    assert swamped_share(parse_unit("e4m3", acc="fp16"), products) == 0
    assert swamped_share(parse_unit("e4m3", acc="kulisch"), products) == 0


def test_reports_name_what_overflows():
    task = image_task("digits_cnn")
    samples = task.calibrated()
    reports = diagnose(task, recipe("e5m2", "fp16", headroom=False), samples, range(8))
    assert [report.name for report in reports] == ["conv1", "conv2", "conv3", "output"]
    assert [report.terms for report in reports] == [9, 72, 144, 64]
    assert reports[0].overflow_share > 0.5
    exact = diagnose(task, recipe("e4m3", "kulisch"), samples, range(8))
    assert all(report.overflow_share == report.swamped_share == 0 for report in exact)
    assert all(15 < report.needed_bits <= 49 for report in exact)
    assert all(20 < report.sqnr_db < 40 for report in exact)
