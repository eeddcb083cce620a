"""Products of zeros are skipped where that changes no bit, and only there."""

import numpy as np
import pytest

pytest.importorskip("numba")

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.gemm import floating
from fp8mac.sim.gemm.gemm import gemm

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order(monkeypatch):
    """Each test draws the same numbers, whichever were run before it."""
    monkeypatch.setitem(globals(), "RNG", np.random.default_rng(13))


def codes(shape, share=1.0, block=1):
    """Random finite numbers of e4m3 or e5m2; whole blocks of them are zeros, some -0."""
    found = RNG.integers(0, 256, shape).astype(np.uint8)
    found = (found & 0x80) | np.minimum(found & 0x7F, 0x7B)
    kept = RNG.random([-(-side // block) for side in shape]) < share
    kept = np.kron(kept, np.ones((block, block), bool))[: shape[0], : shape[1]]
    return np.where(kept, found, found & 0x80).astype(np.uint8)


@pytest.fixture
def orders(monkeypatch):
    """Of each product: whether operands change places, whether zeros are skipped."""
    seen, real = [], floating.Run._order

    def order(self, *given):
        seen.append(real(self, *given))
        return seen[-1]

    monkeypatch.setattr(floating.Run, "_order", order)
    return seen


def same(line, a, b, **options):
    one, other = (
        gemm(a, b, parse_line(line), backend=each, **options) for each in ("numba", "numpy")
    )
    return bool((one.acc == other.acc).all())


LINES = ("e4m3 -> fp32", "e4m3 -> fp16", "e5m2 -> e6m9:rtz, chunk 64", "e4m3 -> bf16:sr=8")


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("shapes", [((33, 90), (90, 40)), ((150, 90), (90, 24))])
def test_skipping_changes_no_bit(line, shapes, orders):
    for left, right, skips in ((0.25, 1, True), (1, 0.25, True), (0.25, 0.3, True), (1, 1, False)):
        a, b = codes(shapes[0], left, 8), codes(shapes[1], right, 8)
        assert same(line, a, b)
        assert any(skipped for _, skipped in orders) is skips
        orders.clear()


def test_the_sparser_operand_is_walked_along(orders):
    a, b = codes((128, 64)), codes((64, 128), 0.2, 8)
    assert same("e4m3 -> fp32", a, b)
    assert same("e4m3 -> fp32", b.T, a.T)
    assert [order for order in orders if order[1]] == [(True, True), (False, True)]


@pytest.mark.parametrize(
    ("line", "special", "start"),
    [
        ("e5m2 -> fp32", True, False),  # 0 times infinity is NaN
        ("e4m3 -> fp16", False, True),  # -0 may be held
        ("e5m2 -> e4m3", False, False),  # a negative sum may underflow to -0
        ("e4m3 x 4 -> fp32", False, False),  # products of a step are added together
    ],
)
def test_zeros_are_not_skipped_where_they_count(line, special, start, orders):
    a, b = codes((16, 64)), codes((64, 16), 0.2)
    if special:
        a[3, 5] = 0x7C
    options = {"start": gemm(codes((16, 8)), codes((8, 16)), parse_line(line))} if start else {}
    orders.clear()
    assert same(line, a, b, **options)
    assert not any(skipped for _, skipped in orders)
    if special:
        found = gemm(a, b, parse_line(line)).values
        assert np.isnan(found[3]).any()


def test_skipping_infinities_would_be_seen(monkeypatch):
    monkeypatch.setattr(floating.Run, "_order", lambda self, *_: (False, self.kernels is not None))
    a, b = codes((16, 64), 0.2), codes((64, 16))
    assert same("e5m2 -> fp32", a, b)
    b[5, 3] = 0x7C
    assert not same("e5m2 -> fp32", a, b)
