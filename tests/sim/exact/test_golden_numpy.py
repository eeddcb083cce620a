"""The golden model on arrays against the scalar one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, IntFormat, Overflow, Rounding, Specials
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.codecs import codec
from fp8mac.sim.exact.golden_numpy import Numbers, add_rounded, decode
from fp8mac.sim.exact.values import Kind, multiply

OPTIONS = ["", ":rtz", ":ftz", ":saturate", ":rtz:ftz", ":ftz:saturate", ":rtz:saturate"]
UNITS = [("e4m3", "e4m3", "fp16" + options) for options in OPTIONS]
UNITS += [("e5m2", "e5m2", "bf16" + options) for options in OPTIONS]
# Double rounding in the obvious carriers, see the widths of significands.
UNITS += [("e2m5", "e2m5", "bf16"), ("e3m4", "e3m4", "bf16"), ("e2m5", "e2m5", "e6m9")]
# Accumulators without infinities, without NaN, without -0.
UNITS += [("e5m2", "e5m2", "e4m3"), ("e5m2", "e5m2", "e4m3:saturate"), ("e5m2", "e4m3", "e5m6none")]
UNITS += [("e5m2", "e5m2", "e4m3fnuz"), ("e5m2", "e5m2", "e4m3fnuz:saturate")]
# Products far from the accumulator, wide ones, integers.
UNITS += [("e4m3b512", "e4m3b512", "e8m7b-512"), ("e4m3b-512", "e4m3", "fp16")]
UNITS += [("fp16", "fp16", "fp32"), ("int8", "e4m3", "fp16"), ("int8s", "int4", "fp32")]


def check(config: MacConfig, count: int, seed: int) -> None:
    acc = config.accumulator
    triples = biased_triples(config, count, seed)
    decode_a, decode_b = codec(config.a).decode, codec(config.b).decode
    products = Numbers.of(multiply(decode_a(a), decode_b(b)) for a, b, _ in triples.integers())
    codes = add_rounded(acc, decode(acc.format, triples.c[:, 0], acc.subnormals), products)
    compared = 0
    for (a, b, c), got in zip(triples.integers(), codes.tolist(), strict=True):
        want = golden.mac(config, a, b, c)
        assert want.acc in (None, got), f"a={a:#x} b={b:#x} acc={c:#x}: {got:#x}, want {want}"
        compared += want.acc is not None
    assert compared > 0.2 * count


@pytest.mark.parametrize(("a", "b", "acc"), UNITS, ids=lambda part: part)
def test_sums_are_golden(a, b, acc):
    check(parse_unit(a, b, acc=acc), count=15_000, seed=1)


def floats(exponent_bits: int, mantissa_bits: int) -> st.SearchStrategy[FloatFormat]:
    return st.builds(
        FloatFormat,
        exponent_bits=st.integers(2, exponent_bits),
        mantissa_bits=st.integers(1, mantissa_bits),
        bias=st.none() | st.integers(-40, 40),
        specials=st.sampled_from(Specials),
    )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    a=floats(5, 5) | st.builds(IntFormat, st.integers(2, 8), st.booleans()),
    b=floats(5, 5) | st.builds(IntFormat, st.integers(2, 8), st.booleans()),
    accumulator=st.builds(
        FloatAccConfig,
        floats(8, 23),
        st.sampled_from([Rounding.RNE, Rounding.RTZ]),
        st.sampled_from([Overflow.TO_SPECIAL, Overflow.SATURATE]),
        st.booleans(),
    ),
)
def test_sums_are_golden_in_any_configuration(a, b, accumulator):
    check(MacConfig(a, b, accumulator), count=1_000, seed=2)


@pytest.mark.parametrize("name", ["fp16", "bf16", "e4m3", "e4m3fnuz", "e5m2", "e3m2", "e8m7b-512"])
@pytest.mark.parametrize("subnormals", [True, False])
def test_decode_every_code(name, subnormals):
    format_ = parse_unit(name, acc=name).accumulator.format
    codes = np.arange(1 << format_.bits, dtype=np.uint64)
    decoded = decode(format_, codes, subnormals)
    scalar = codec(format_, subnormals)
    for code, (negative, magnitude, exponent, inf, nan) in enumerate(
        zip(*(column.tolist() for column in decoded), strict=True)
    ):
        want = scalar.decode(code)
        assert (inf, nan) == (want.kind is Kind.INF, want.kind is Kind.NAN)
        if not nan:
            assert negative == want.sign
        if want.kind is Kind.FINITE:
            assert (magnitude, exponent) == (want.magnitude, want.exponent)
    assert code == (1 << format_.bits) - 1
