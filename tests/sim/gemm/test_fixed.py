"""Exact sums by matrix products: how they are cut, and against integers of any size."""

from itertools import product

import numpy as np
import pytest
from matrices import matrices

from fp8mac.hw.config.formats import NAMED_FORMATS, parse_format
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit
from fp8mac.sim.exact import codecs
from fp8mac.sim.gemm import fixed
from fp8mac.sim.gemm.gemm import gemm

PAIRS = list(product(NAMED_FORMATS, ["e4m3", "e5m2", "int8", "bf16"]))


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_pieces_of_sums_are_exact(a, b):
    for k in (1, 300, 5000):
        kind, a_bits, b_bits, piece, _ = fixed.plan_limbs(parse_unit(a, b, acc="kulisch"), k)
        most = [
            min(parse_format(name).max_magnitude, 2**bits - 1)
            for name, bits in ((a, a_bits), (b, b_bits))
        ]
        assert 1 <= piece <= k
        assert piece * most[0] * most[1] < (2**24 if kind is np.float32 else 2**51)
        longest = k if piece == k else fixed.LONGEST
        assert longest * most[0] * most[1] <= 2**63


def test_e5m2_takes_three_products():
    _, a_bits, b_bits, _, _ = fixed.plan_limbs(parse_unit("e5m2", acc="kulisch"), 256)
    assert -(-32 // a_bits) * -(-32 // b_bits) == 3


def integers(config: MacConfig, a: np.ndarray, b: np.ndarray) -> list[int]:
    """Sums in units of the smallest bit."""
    scale = 2**-config.product_lsb_exponent
    left, right = (
        [[codecs.decode(format_, code).fraction for code in row] for row in codes.tolist()]
        for format_, codes in ((config.a, a), (config.b, b.T))
    )
    return [
        int(sum(x * y for x, y in zip(row, column, strict=True)) * scale)
        for row in left
        for column in right
    ]


@pytest.mark.parametrize("compiles", [True, False])
@pytest.mark.parametrize("unit", ["int8", "int16", "e4m3", "e5m2", "fp16", "e8m3", "int24"])
def test_sums_of_several_pieces_and_limbs(unit, compiles, monkeypatch):
    monkeypatch.setattr(fixed, "has_numba", lambda: compiles)
    config = parse_unit(unit, acc="int48" if unit.startswith("int") else "kulisch")
    modulus = 1 << config.acc_bits
    for kind, k in (("overflowing", 700), ("cancelling", 30), ("random", 9)):
        a, b = matrices(config, (3, k, 4), kind, seed=5)
        want = [total % modulus for total in integers(config, a, b)]
        plain = fixed.wrapping(config, a, b, None)
        assert as_integers(plain) == want
        start = np.random.default_rng(6).integers(0, 1 << 40, (3, 4, -(-config.acc_bits // 64)))
        start = start.astype(np.uint64)
        start[..., -1] &= np.uint64((1 << (config.acc_bits - 1) % 64 + 1) - 1)
        more = [(x + y) % modulus for x, y in zip(as_integers(start), want, strict=True)]
        assert as_integers(fixed.wrapping(config, a, b, start)) == more


def as_integers(words: np.ndarray) -> list[int]:
    rows = words.reshape(12, -1).tolist()
    return [sum(word << 64 * place for place, word in enumerate(row)) for row in rows]


@pytest.mark.parametrize("bits", [16, 17, 19])
@pytest.mark.parametrize("lanes", [1, 3])
def test_sums_of_the_largest_products_saturate_in_every_step(bits, lanes):
    """Runs of equal products go to both limits, and come back from them in the next steps."""
    config = parse_line(f"int8 x {lanes} -> int{bits}:saturate")
    rng = np.random.default_rng(bits)
    a = np.repeat(rng.choice([0x7F, 0x80], 40), rng.integers(1, 40, 40))[None, :400]
    b = np.full((400, 1), 0x80)
    for k in range(1, 400, 9):
        want = gemm(a[:, :k], b[:k], config, backend="golden").acc
        assert gemm(a[:, :k], b[:k], config, backend="numpy").acc == want, k
        assert gemm(a[:, :k], b[:k], config, backend="numba").acc == want, k
