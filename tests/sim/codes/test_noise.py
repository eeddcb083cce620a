"""Random numbers of stochastic rounding."""

import numpy as np

from fp8mac.sim.codes.noise import Draws, noise, step_key
from fp8mac.sim.gemm.kernels.rounding_numba import draw


def test_a_number_depends_on_its_place_alone():
    whole = Draws(seed=3, columns=7).of(5, 0, 6, 8)
    assert whole.shape == (6, 7)
    assert np.array_equal(Draws(seed=3, columns=7).of(5, 2, 5, 8), whole[2:5])
    assert not np.array_equal(Draws(seed=4, columns=7).of(5, 0, 6, 8), whole)
    assert not np.array_equal(Draws(seed=3, columns=7).of(6, 0, 6, 8), whole)
    assert np.array_equal(Draws(seed=3, columns=7).of(5, 0, 6, 3), whole >> 5)
    given = np.arange(24).reshape(2, 3, 4)
    assert Draws(seed=0, columns=4, given=given).of(1, 1, 3, 8).tolist() == given[1, 1:].tolist()


def test_keys_of_chunks_differ_from_keys_of_steps():
    keys = [step_key(1, step) for step in range(-1000, 1000)]
    assert len(set(keys)) == len(keys)


def test_compiled_numbers_are_the_same():
    places = np.array([0, 1, 77, 2**31, 2**32 - 1])
    for bits in (0, 1, 8, 26):
        want = noise(step_key(9, 4), places, bits).tolist()
        key = np.uint32(step_key(9, 4))
        assert [draw(key, place, bits) for place in places.tolist()] == want


def test_numbers_are_uniform_and_independent():
    rows = np.stack([noise(step_key(2, step), np.arange(1 << 16), 8) for step in range(4)])
    counts = np.apply_along_axis(np.bincount, 1, rows, minlength=256)
    squares = ((counts - 256) ** 2 / 256).sum(axis=1)  # chi-square of 255 degrees of freedom
    assert np.all((squares > 160) & (squares < 370))  # five standard deviations
    assert np.abs(np.corrcoef(rows) - np.eye(4)).max() < 0.02
    assert abs(np.corrcoef(rows[0, :-1], rows[0, 1:])[0, 1]) < 0.02
