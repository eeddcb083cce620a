"""Proofs that sums are monotone hold on drawn operands; where there are none, counterexamples."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.claims import monotone
from fp8mac.sim.check.claims.monotone import Descent, find_descents, why_monotone
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.result import reset

PROVED = {  # kinds of operands with a proof
    "h100-fp8-e4m3": "a",
    "ada-fp8-e5m2": "a",
    "b200-fp8-e4m3": "a",
    "mi300-fp8": "ac",
    "rvbna-fp8": "ac",
    "rvbna-fp8 x 8 guard 0": "ac",
    "fdot-fp8": "ac",
    "h100-mmasync-e4m3": "c",
    "e4m3 x 16 -> fp16, tree": "ac",
    "e4m3 x 8 -> fp32, window 12": "a",
    "e4m3 x 8 -> fp32, window 11": "",
    "e2m1 x 4 -> fp32, window 4": "",
    "e4m3 x 4 -> e5m2:ftz": "ac",
    "int8 x 4 -> int16:saturate": "ac",
}


def test_which_are_proved():
    for line, kinds in PROVED.items():
        assert (line, sorted(why_monotone(parse_line(line)))) == (line, sorted(kinds))
    assert why_monotone(parse_line("h100-fp8-e4m3")) == {
        "a": (
            "A product that comes to have the largest exponent E grows by at least 2**(E - 7); 33 "
            "cuts take less than 2**(E - 13) each."
        )
    }
    assert "as long as the register does not wrap" in why_monotone(parse_line("int8 -> int32"))["c"]


def falls(config, kind: str, seed: int) -> bool:
    """Whether a sum of a step falls, where one operand of many drawn ones grows by a code."""
    rng = np.random.default_rng(seed)
    lanes, count = config.summation.lanes, 64
    scale = rng.choice([1, 4, 16, 64])
    codes = np.argsort(decode(np.arange(1 << config.a.bits), config.a), kind="stable")
    codes = codes[np.isfinite(decode(codes, config.a))]
    middle, spread = len(codes) // 2, len(codes) // 2 // scale
    a = codes[rng.integers(middle - spread, middle + spread, (count, lanes))]
    b = codes[rng.integers(middle - spread, middle + spread, (lanes, count))]
    held = reset(config.result, (count, count))
    bits = config.result.acc_bits
    starts = rng.integers(0, 1 << min(bits, 31), held.acc.shape)
    if config.is_fixed:
        starts = rng.integers(0, 1 << 12, held.acc.shape)
    held.acc[:] = starts if seed % 3 else 0
    more = reset(config.result, (count, count))
    more.acc[:] = held.acc
    grown, signs = a, 1.0
    if kind == "a":
        place = rng.integers(0, lanes)
        rank = np.argsort(codes)[np.searchsorted(np.sort(codes), a[:, place])]
        grown = a.copy()
        grown[:, place] = codes[np.minimum(rank + 1, len(codes) - 1)]
        signs = np.sign(decode(b[place], config.b))
    else:
        format_ = config.result.accumulator
        limit = (1 << bits - 1) - 1 if config.is_fixed else format_.format.max_code
        step = held.acc < limit
        more.acc[:] = held.acc + step
        values = [decode(each.acc, format_.format) for each in (held, more)] if not (
            config.is_fixed) else [held.acc, more.acc]  # fmt: skip
        signs = np.sign(values[1] - values[0])
    low = gemm(a, b, config, start=held).values
    high = gemm(grown, b, config, start=more).values
    with np.errstate(invalid="ignore"):
        return bool(((high - low) * signs < 0).any())


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(0, 1 << 30), st.sampled_from(sorted(PROVED)))
def test_what_is_proved_holds(seed, line):
    config = parse_line(line)
    for kind in why_monotone(config):
        assert not falls(config, kind, seed)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("e2m1 x 4 -> fp32, window 2", marks=pytest.mark.slow),
        "e2m3 x 8 -> fp32, window 3",
    ],
)
def test_narrow_windows_fall_with_operands(line):
    """As proofs are not given: sums of all pairs of operands beside alike products."""
    config = parse_line(line)
    found = find_descents(config)
    assert not found.proof
    kinds = {each.operand: each for each in found.descents}
    assert "a" in kinds
    each = kinds["a"]
    assert each.sums[1] < each.sums[0]
    assert (each.high > each.low) == (each.b > 0)


@pytest.mark.slow
def test_the_bound_is_not_lax():
    """Where operands are known to fall, there is no proof; planted: a bound twice as large."""
    found = {}
    for window in range(2, 8):
        config = parse_line(f"e2m1 x 16 -> fp32, window {window}")
        proved = "a" in why_monotone(config)
        descent = next(monotone._operand_descents(config, [0]), None)
        found[window] = (proved, descent is not None)
        assert not (proved and descent)
    assert found[2] == (False, True)


@pytest.mark.slow
def test_the_accumulator_of_h100():
    found = find_descents(parse_line("h100-fp8-e4m3"))
    tiny = 2.0**-9
    assert found.descents == (
        Descent("c", 0.0625 - 2.0**-18, 0.0625, 1.0, 3, tiny, tiny,
                (Fraction(1, 16) + Fraction(1, 2**17), Fraction(1, 16))),
    )  # fmt: skip
    assert (found.unknown, sorted(found.proof)) == ((), ["a"])
    assert found.tried > 1_000_000


def test_what_is_not_known_is_said(monkeypatch):
    monkeypatch.setattr(monotone, "_SUMS", 1 << 18)
    found = find_descents(parse_line("h100-mmasync-e4m3"))
    assert (sorted(found.proof), found.descents, found.unknown) == (["c"], (), ("a",))
    assert found.tried > 1 << 18
