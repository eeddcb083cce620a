"""Products of a stack of matrices are those of `gemm`, one by one."""

import itertools

import numpy as np
import pytest

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.gemm.gemm import GemmError, gemm
from fp8mac.sim.torch import stack
from fp8mac.sim.torch.stack import gemm_stack

LINES = [
    *("e4m3 -> fp16", "e4m3*e5m2 -> e6m9, chunk 4", "bf16 -> fp32", "e4m3 -> fp16:sr"),
    *("e4m3 -> kulisch", "e5m2 -> kulisch", "int8 -> int32", "h100-fp8", "e4m3 x 4 -> fp16, tree"),
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("shape", [(3, 5, 9, 4), (2, 4, 3, 130), (0, 2, 3, 4), (1, 1, 0, 1)])
def test_stacks_are_products_one_by_one(line, shape):
    config, rng = parse_line(line), np.random.default_rng(1)
    groups, m, k, n = shape
    a = rng.integers(0, 1 << config.a.bits, (groups, m, k), np.uint32)
    b = rng.integers(0, 1 << config.b.bits, (groups, k, n), np.uint32)
    found = gemm_stack(a, b, config, seed=5)
    assert found.flags.shape[:2] == (groups * m, n)
    assert found.config == config.result
    for at in range(groups):
        one = gemm(a[at], b[at], config, seed=5 + at)
        some = slice(at * m, (at + 1) * m)
        assert np.array_equal(found.acc[some], one.acc)
        assert np.array_equal(found.flags[some], one.flags)


@pytest.mark.parametrize("line", LINES)
def test_pieces_are_no_other_sums(line, monkeypatch):
    """Cut along rows, columns and sums; with and without what is not finite."""
    monkeypatch.setattr(stack, "_PIECE", 64)
    monkeypatch.setattr(stack, "_WIDTH", 2)
    config, rng = parse_line(line), np.random.default_rng(2)
    for (m, k, n), most in itertools.product([(19, 9, 3), (3, 9, 19), (3, 90, 4)], (1, 8)):
        a, b = (
            rng.integers(0, (1 << of.bits) // most, shape, np.uint32)
            for of, shape in ((config.a, (1, m, k)), (config.b, (1, k, n)))
        )
        found, one = gemm_stack(a, b, config, seed=5), gemm(a[0], b[0], config, seed=5)
        assert np.array_equal(found.acc, one.acc)
        assert np.array_equal(found.flags, one.flags)


def test_a_product_is_cut_where_that_changes_no_bit(monkeypatch):
    """Rows, columns, sums; neither integers that may saturate nor what is random by place."""
    monkeypatch.setattr(stack, "_PIECE", 64)
    monkeypatch.setattr(stack, "_WIDTH", 2)
    calls = []
    multiply = stack.gemm
    monkeypatch.setattr(
        stack, "gemm", lambda *all_, **more: calls.append(1) or multiply(*all_, **more)
    )

    def pieces(line, m, k, n):
        calls.clear()
        gemm_stack(np.zeros((1, m, k), int), np.zeros((1, k, n), int), parse_line(line))
        return len(calls)

    assert pieces("e4m3 -> kulisch", 19, 9, 3) == pieces("e4m3 -> kulisch", 3, 9, 19) == 4
    assert pieces("e4m3 -> kulisch", 3, 90, 4) == 6
    assert pieces("int8 -> int32", 3, 90, 4) == 1
    assert pieces("e4m3 -> fp16:sr", 19, 9, 3) == pieces("e4m3 -> fp16:sr", 3, 90, 4) == 1


def test_stacks_that_do_not_fit_are_refused():
    config = parse_line("e4m3 -> fp16")
    with pytest.raises(GemmError) as error:
        gemm_stack(np.zeros((2, 3, 4), int), np.zeros((2, 5, 3), int), config)
    text = "Stacks of matrices of shapes (2, 3, 4) and (2, 5, 3) do not fit."
    assert str(error.value) == text
    with pytest.raises(GemmError) as error:
        gemm_stack(np.zeros((3, 4), int), np.zeros((2, 5, 3), int), config)
    assert str(error.value) == "a is not a stack of matrices, but an array of shape (3, 4)."
    with pytest.raises(GemmError) as error:
        gemm_stack(np.full((1, 1, 1), 256), np.zeros((1, 1, 1), int), config)
    assert str(error.value) == "a holds 256, but e4m3 has the codes 0 to 255."
