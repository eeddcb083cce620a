"""Matrix products of units of any description: what numpy and numba take equals the definition."""

import numpy as np
import pytest
from any_units import lines
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from matrices import KINDS, matrices

from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.unit import parse_line, parse_unit
from fp8mac.sim.gemm.gemm import GemmError, gemm, plan


def scales_of(config, terms, rng):
    """Scales near one, and some of any code."""
    count = -(-terms // config.block.size)
    near = 56 if config.block.scale is ScaleFormat.UE4M3 else 127
    codes = rng.integers(near - 5, near + 6, 7 * count)
    codes = np.where(rng.random(7 * count) < 0.1, rng.integers(0, 256, 7 * count), codes)
    return codes[: 3 * count].reshape(3, count), codes[3 * count :].reshape(count, 4)


@pytest.mark.slow
@settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(lines, st.sampled_from([5, 16, 23]), st.sampled_from(KINDS), st.integers(0, 99))
def test_numpy_equals_the_definition(line, terms, kind, seed):
    try:
        config = parse_line(line)
        plan(config, terms, backend="numpy")
    except Error:
        assume(False)
        return
    x, w = matrices(config, (3, terms, 4), kind, seed)
    scales = None
    if config.block is not None:
        scales = scales_of(config, terms, np.random.default_rng(seed))
    found, wanted = (
        gemm(x, w, config, scales=scales, backend=each).acc.tolist() for each in ("numpy", "golden")
    )
    assert found == wanted


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("acc", ["e3m2ieee:sum0", "e3m2ieee:odd:plus0"])
def test_a_rounded_sum_of_products_can_be_infinite(acc, backend):
    config = parse_unit(f"e2m1 x 2 -> {acc}, window 9, late")
    try:
        plan(config, 6, backend=backend)
    except GemmError:
        pytest.skip("The kernels take no such accumulator.")
    x, w = matrices(config, (9, 6, 9), "random", 1)
    found, wanted = (gemm(x, w, config, backend=each) for each in (backend, "golden"))
    assert np.isinf(wanted.values).any()
    assert np.isfinite(wanted.values).any()
    assert found.acc.tolist() == wanted.acc.tolist()
