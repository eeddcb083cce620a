"""Matrix products: every back end against the definition, and the definition against hand sums."""

from dataclasses import replace
from itertools import product

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matrices import KINDS, matrices
from samples import grid_units, one_in

from fp8mac.hw.config.accumulators import (
    ConfigError,
    FloatAccConfig,
    KulischConfig,
    parse_accumulator,
)
from fp8mac.hw.config.formats import FloatFormat, IntFormat, Overflow, Rounding, Specials
from fp8mac.hw.config.summation import PLAIN, Summation
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit
from fp8mac.sim.codes import encoding
from fp8mac.sim.codes.encoding import encode
from fp8mac.sim.codes.numbers import legal_codes, values
from fp8mac.sim.exact import golden
from fp8mac.sim.gemm import definition, fixed
from fp8mac.sim.gemm import plan as gemm_plan
from fp8mac.sim.gemm.gemm import GemmError, GemmResult, gemm, plan


def any_start(config: MacConfig, shape: tuple[int, int], seed: int) -> GemmResult:
    """Accumulators that hold anything."""
    rng = np.random.default_rng(seed)
    start = gemm(np.zeros((shape[0], 0)), np.zeros((0, shape[1])), config, backend="golden")
    words = start.acc.reshape(*shape, -(-config.acc_bits // 64))
    words[:] = rng.integers(0, 1 << 64, words.shape, dtype=np.uint64).astype(words.dtype)
    spare = config.acc_bits - 8 * words.itemsize * (words.shape[-1] - 1)
    words[..., -1] &= words.dtype.type((1 << spare) - 1)
    return start


#: Units whose steps of several products are compiled, too; a second or so for each kernel.
COMPILED = [parse_unit("e4m3", acc="fp16"), parse_unit("e5m2", acc="bf16:sr:saturate")]
COMPILED += [parse_unit("fp16", acc="fp32"), parse_unit("e5m2", acc="bf16:rtz:ftz")]


def same(x: GemmResult, y: GemmResult) -> bool:
    assert x.config == y.config
    assert x.acc.dtype == y.acc.dtype
    return np.array_equal(x.acc, y.acc) and np.array_equal(x.flags, y.flags)


def adding(config: MacConfig, *summation: Summation, **how: object) -> MacConfig:
    """The unit, with another way of adding."""
    return replace(config, summation=summation[0] if summation else Summation(**how))


def check(config: MacConfig, a: np.ndarray, b: np.ndarray, start: GemmResult | None) -> int:
    """Compare back ends with the definition; how many there were besides it."""
    want = gemm(a, b, config, start=start, backend="golden")
    assert want.config == config.result
    done = set()
    compiled = config.summation.lanes == 1 or config.plain in COMPILED
    for backend in ("auto", "numpy", "numba", "blas") if compiled else ("numpy", "blas"):
        try:
            got = gemm(a, b, config, start=start, backend=backend, threads=2)
        except GemmError:
            assert backend != "auto"
            assert backend != "numpy" or plan(config, 9).backend != "numpy"
            continue
        assert same(got, want), f"{config.slug} {got.plan}"
        done.add(got.plan.backend)
    return len(done)


def dots(config: MacConfig, a: np.ndarray, b: np.ndarray) -> list[golden.State]:
    """The scalar golden model, step by step."""
    states = []
    for row, column in product(range(a.shape[0]), range(b.shape[1])):
        state = golden.reset(config)
        for x, y in zip(a[row].tolist(), b[:, column].tolist(), strict=True):
            state = golden.step(config, state, x, y)
        states.append(state)
    return states


@pytest.mark.parametrize("config", grid_units())
def test_grid_is_the_golden_model(config):
    compared = 0
    for kind, shape in [*product(KINDS, [(7, 13, 5)]), *product(KINDS[:3], [(1, 4096, 2)])]:
        a, b = matrices(config, shape, kind, seed=1)
        want = dots(config, a, b)
        for backend in ("auto", "numpy"):
            got = gemm(a, b, config, backend=backend)
            states = [got.state(*place) for place in np.ndindex(shape[0], shape[2])]
            assert states == want, f"{kind} {shape} {got.plan}"
            compared += len(states)
    assert compared == 2 * (4 * 35 + 3 * 2)


SUMMATIONS = [
    Summation(lanes=4),
    Summation(lanes=3, window_bits=10),
    Summation(chunk=5),
    Summation(chunk=6, lanes=4, window_bits=25),
    Summation(lanes=4, tree=True),
    Summation(chunk=5, lanes=2, tree=True),
]
UNITS = [("e4m3", "e4m3", "fp16" + more) for more in ("", ":rtz", ":ftz:saturate", ":sr")]
UNITS += [("e5m2", "e5m2", "bf16" + more) for more in ("", ":rtz:ftz", ":sr:saturate")]
# Accumulators without infinities, without NaN, without -0.
UNITS += [("e5m2", "e5m2", "e4m3:saturate"), ("e5m2", "e4m3", "e5m6none")]
UNITS += [("e5m2", "e5m2", "e4m3fnuz"), ("e3m4", "e3m4", "fp32:rtz")]
# Wide operands, products far from the accumulator, integers in floats.
UNITS += [("fp16", "fp16", "fp32"), ("bf16", "bf16", "bf16"), ("fp32", "fp32", "fp32")]
UNITS += [("e4m3b512", "e4m3b512", "e8m7b-512"), ("e4m3b-512", "e4m3", "fp16")]
UNITS += [("int8", "e4m3", "fp16"), ("int8s", "int4", "fp32"), ("e2m5", "e2m5", "e4m12:ftz")]
# Fixed point: narrow, wide, saturating.
UNITS += [("int8", "int8", "int16:saturate"), ("int16", "int16", "int32:saturate")]
UNITS += [("int32", "int32", "int64:saturate"), ("int8", "int8", "int16")]
UNITS += [("e5m2", "e5m2", "kulisch:0"), ("bf16", "bf16", "kulisch"), ("fp16", "fp16", "kulisch")]
UNITS += [("e2m1", "e2m3", "kulisch:2"), ("int8", "e4m3", "kulisch")]


@pytest.mark.parametrize(("a", "b", "acc"), one_in(9, UNITS), ids=lambda part: part)
def test_back_ends_agree_however_products_are_added(a, b, acc):
    unit = parse_unit(a, b, acc=acc)
    floats = isinstance(unit.a, FloatFormat) and isinstance(unit.b, FloatFormat)
    rounds = isinstance(unit.accumulator, FloatAccConfig)
    trees = rounds and unit.accumulator.rounding is not Rounding.STOCHASTIC
    compared = 0
    for index, how in enumerate([PLAIN, *SUMMATIONS]):
        if (how.window_bits and not (floats and rounds)) or (how.tree and not trees):
            continue
        config = adding(unit, how)
        for kind, started in product(("random", "special"), (False, True)):
            left, right = matrices(config, (4, 11, 3), kind, seed=index)
            start = any_start(config.result, (4, 3), seed=index) if started else None
            compared += check(config, left, right, start)
    assert compared >= 8


def floats(exponent_bits: int, mantissa_bits: int) -> st.SearchStrategy[FloatFormat]:
    return st.builds(
        FloatFormat,
        exponent_bits=st.integers(2, exponent_bits),
        mantissa_bits=st.integers(1, mantissa_bits),
        bias=st.none() | st.integers(-40, 40),
        specials=st.sampled_from(Specials),
    )


OPERANDS = floats(5, 6) | st.builds(IntFormat, st.integers(2, 9), st.booleans())
FLOAT_ACCUMULATORS = st.builds(
    FloatAccConfig,
    floats(8, 23),
    st.sampled_from([Rounding.RNE, Rounding.RTZ]),
    st.sampled_from([Overflow.TO_SPECIAL, Overflow.SATURATE]),
    st.booleans(),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    a=OPERANDS,
    b=OPERANDS,
    accumulator=FLOAT_ACCUMULATORS | st.builds(KulischConfig, st.integers(0, 20)),
    kind=st.sampled_from(KINDS),
    how=st.tuples(
        st.booleans(),
        st.sampled_from([PLAIN, PLAIN, Summation(lanes=2), Summation(lanes=5), SUMMATIONS[-2]]),
    ),
)
def test_any_configuration(a, b, accumulator, kind, how):
    started, summation = how
    if isinstance(accumulator, KulischConfig):
        summation = Summation(lanes=summation.lanes)
    config = MacConfig(a, b, accumulator, summation)
    left, right = matrices(config, (5, 9, 4), kind, seed=3)
    start = any_start(config.result, (5, 4), seed=4) if started else None
    want = gemm(left, right, config, start=start, backend="golden")
    chosen = plan(config, 9, started=started)
    backend = "numpy" if chosen.backend == "numba" else "auto"  # nothing to compile
    got = gemm(left, right, config, start=start, backend=backend)
    assert same(got, want), f"{config.slug} {chosen}"


# By way of float32 these are rounded wrongly; with bf16 by way of float64, too.
DOUBLE = [("e2m5", "fp16"), ("e2m5", "bf16"), ("e2m5", "e6m9"), ("e3m4", "bf16")]


@pytest.mark.parametrize(("operand", "acc"), DOUBLE, ids=lambda part: part)
def test_double_rounding(operand, acc):
    config = parse_unit(operand, acc=acc)
    format_ = config.accumulator.format
    codes = np.array([code for code in legal_codes(config.a) if (code & 127) <= config.a.max_code])
    a, b = codes[:, None], codes[None, :]
    start = gemm(a[:, :0], b[:0], config)
    start.acc[:] = 1  # the smallest number
    got = gemm(a, b, config, start=start, backend="auto")
    assert got.plan.carrier == "float64" if acc in ("fp16", "e6m9") else "float64 rounded to odd"
    want = [golden.mac(config, x, y, 1).acc for x, y in product(codes.tolist(), codes.tolist())]
    assert got.acc.ravel().tolist() == want
    assert gemm(a, b, config, start=start, backend="numpy").acc.ravel().tolist() == want
    exact = np.outer(values(config.a, codes), values(config.b, codes))
    carriers = (np.float32, np.float64) if acc == "bf16" else (np.float32,)
    for carrier in carriers:
        total = exact.astype(carrier) + carrier(float(format_.min_subnormal))
        naive = encode(total, format_, overflow=Overflow.TO_SPECIAL)
        assert np.count_nonzero(naive.ravel() != want) > 10


def test_lanes_add_exactly():
    unit = parse_unit("e4m3", acc="e4m3")
    one, sixteen = 0x38, 0x58
    ones, column = [[sixteen, one, one]], [[one], [one], [one]]
    assert gemm(ones, column, unit).values == 16  # 17 is a tie, twice
    assert gemm(ones, column, adding(unit, lanes=3)).values == 18
    assert gemm(ones, column, adding(unit, lanes=2)).values == 16


def test_a_tree_rounds_every_sum():
    unit = parse_unit("e4m3", acc="e4m3")
    one, sixteen = 0x38, 0x58
    tree, column = adding(unit, lanes=4, tree=True), [[one]] * 4
    for row, want in (
        ([sixteen, one, one, one], 18),  # 17 -> 16, and 2
        ([one, one, sixteen, one], 18),
        ([sixteen, one, one], 16),  # 17 -> 16, and 1 + 0; 17 -> 16
        ([one, one, sixteen], 18),
    ):
        for backend in ("golden", "numpy", "auto"):
            assert gemm([row], column[: len(row)], tree, backend=backend).values == want
    exact = gemm([[sixteen, one, one, one]], column, adding(unit, lanes=4))
    assert exact.values == 20  # 19, a tie


LARGE = [("fp16", ""), ("fp16", "x 16"), ("fp16", "x 16, tree")]
LARGE += [("fp16:sr", "chunk 700"), ("fp16", "x 3, window 12")]


@pytest.mark.parametrize(("acc", "summation"), LARGE)
@pytest.mark.parametrize("shape", [(3, 1100, 130), (140, 40, 3)], ids=["panels", "transposed"])
def test_matrices_larger_than_blocks_and_panels(acc, summation, shape):
    config = parse_unit("e4m3", acc=acc, summation=summation)
    a, b = matrices(config, shape, "special", seed=11)
    start = any_start(config.result, (shape[0], shape[2]), seed=12)
    want = gemm(a, b, config, start=start, backend="numpy")
    for threads in (1, 2):
        got = gemm(a, b, config, start=start, threads=threads)
        assert got.plan.backend == "numba"
        assert same(got, want)
    for row, column in ((0, 0), (shape[0] - 1, shape[2] - 1)):
        place = slice(row, row + 1), slice(column, column + 1)
        if (
            config.summation.lanes > 1
        ):  # the definition, where no random numbers depend on the place
            first = replace(start, acc=start.acc[place], flags=start.flags[place])
            one = gemm(a[place[0]], b[:, place[1]], config, start=first, backend="golden")
            assert want.acc[row, column] == one.acc[0, 0]


@pytest.mark.slow
def test_lanes_of_products_wider_than_a_carrier():
    for operand, acc, lanes in (("e5m2", "fp16", 16), ("fp16", "fp32", 8), ("fp16", "fp16:rtz", 5)):
        config = parse_unit(operand, acc=acc, summation=f"x {lanes}")
        a, b = matrices(config, (6, 50, 4), "cancelling", seed=13)
        results = [gemm(a, b, config, backend=each) for each in ("golden", "numpy", "auto")]
        assert results[1].plan.reason == "pairs"
        assert all(same(result, results[0]) for result in results)


def test_an_accumulator_may_reach_farther_than_its_carrier():
    config = parse_unit("e4m3", acc="e8m8b100:saturate")
    assert float(config.accumulator.format.max) > float(np.finfo(np.float32).max)
    a, b = matrices(config, (4, 30, 3), "random", seed=14)
    results = [gemm(a, b, config, backend=each) for each in ("golden", "numpy", "auto")]
    assert results[2].plan.carrier == "float32"
    assert all(same(result, results[0]) for result in results)


@pytest.mark.slow
def test_window_truncates():
    unit = parse_unit("e4m3", acc="fp32")
    # 16 * 16 = 256 and 1.125 * 1.125 = 1.265625
    a, b = [[0x58, 0x39]], [[0x58], [0x39]]
    for window_bits, want in ((24, 257.265625), (11, 257.25), (10, 257), (9, 257), (8, 256)):
        result = gemm(a, b, adding(unit, lanes=2, window_bits=window_bits))
        assert result.values == want, window_bits


def test_chunks_add_to_a_wider_accumulator():
    unit = parse_unit("e4m3", acc="fp16")
    a, b = np.full((1, 4096), 0x38), np.full((4096, 1), 0x38)  # ones
    assert gemm(a, b, unit).values == 2048
    wide = gemm(a, b, adding(unit, chunk=128, outer=parse_accumulator("fp32")))
    assert wide.values == 4096
    assert wide.config == parse_unit("e4m3", acc="fp32")
    integers = parse_unit("int8", acc="int16", summation="chunk 64")
    assert gemm(a, b, integers).acc[0, 0] == 4096 * 56 * 56 % 65536


@pytest.mark.parametrize("acc", ["fp16", "fp16:sr", "kulisch", "bf16:rtz"])
def test_sums_can_be_continued(acc):
    config = parse_unit("e5m2", acc=acc)
    a, b = matrices(config, (5, 12, 4), "special", seed=7)
    random = np.random.default_rng(7).integers(0, 256, (12, 5, 4)) if ":sr" in acc else None
    first, rest = (None, None) if random is None else (random[:7], random[7:])
    at_once = gemm(a, b, config, random=random)
    half = gemm(a[:, :7], b[:7], config, random=first)
    assert same(gemm(a[:, 7:], b[7:], config, start=half, random=rest), at_once)


@pytest.mark.parametrize("acc", ["fp16", "fp16:sr", "fp32", "kulisch"])
def test_threads_do_not_change_bits(acc):
    config = parse_unit("e4m3", acc=acc)
    a, b = matrices(config, (37, 20, 300), "random", seed=8)
    results = [
        gemm(a, b, config, backend=backend, threads=threads)
        for backend, threads in product(("auto", "numpy"), (1, 2, 3, 50))
        if acc != "kulisch" or backend == "auto"
    ]
    assert all(same(result, results[0]) for result in results)


def test_stochastic_rounding_takes_given_numbers():
    config = parse_unit("e4m3", acc="fp16:sr=5")
    a, b = matrices(config, (4, 6, 3), "random", seed=9)
    random = np.random.default_rng(1).integers(0, 32, (6, 4, 3))
    results = [
        gemm(a, b, config, random=random, backend=backend)
        for backend in ("golden", "auto", "numpy")
    ]
    assert all(same(result, results[0]) for result in results)
    state = golden.reset(config)
    for step in range(6):
        drawn = int(random[step, 3, 2])
        state = golden.step(config, state, int(a[3, step]), int(b[step, 2]), random=drawn)
    assert results[1].state(3, 2) == state


@pytest.mark.parametrize("bits", [1, 3, 8, 26])
@pytest.mark.parametrize("line", ["e6m5:sr={}", "bf16:sr={}:ftz", "e4m3:sr={}, window 9"])
def test_random_bits_of_an_accumulator(line, bits):
    """Compiled, in numpy and by the definition; with few bits, sums are rounded otherwise."""
    config = parse_line(f"e4m3 x 3 -> {line.format(bits)}")
    a, b = matrices(config, (9, 14, 5), "random", seed=bits)
    results = [
        gemm(a, b, config, seed=4, backend=backend) for backend in ("golden", "auto", "numpy")
    ]
    assert all(same(result, results[0]) for result in results)
    other = replace(config, accumulator=replace(config.accumulator, random_bits=2))
    assert not np.array_equal(gemm(a, b, other, seed=4).acc, results[0].acc)


def test_outer_accumulators_have_random_bits_of_their_own():
    unit = parse_line("e4m3 -> e6m3:sr=3, chunk 4 -> e6m4:sr=11")
    a, b = matrices(unit, (6, 13, 5), "random", seed=3)
    results = [gemm(a, b, unit, seed=8, backend=each) for each in ("golden", "auto", "numpy")]
    assert all(same(result, results[0]) for result in results)
    for inner, outer in ((3, 3), (8, 11)):
        other = parse_line(f"e4m3 -> e6m3:sr={inner}, chunk 4 -> e6m4:sr={outer}")
        assert not np.array_equal(gemm(a, b, other, seed=8).acc, results[0].acc)


def test_stochastic_rounding_is_unbiased():
    config = parse_unit("e4m3", acc="e5m2:sr")
    a, b = np.full((1, 65), 0x38), np.full((65, 20_000), 0x38)  # ones; above 8, ulps of 2 and more
    mean = gemm(a, b, config, seed=5).values.mean()
    assert abs(mean - 65) < 0.3
    other = gemm(a, b, config, seed=6).values
    assert not np.array_equal(other, gemm(a, b, config, seed=5).values)


def test_values_of_flags():
    config = parse_unit("e5m2", acc="kulisch")
    one, inf, minus_inf, nan = 0x3C, 0x7C, 0xFC, 0x7F
    a = [[one, one], [one, inf], [minus_inf, one], [inf, minus_inf], [nan, one]]
    result = gemm(a, [[one], [one]], config)
    np.testing.assert_array_equal(result.values.ravel(), [2.0, np.inf, -np.inf, np.nan, np.nan])
    assert result.state(1, 0) == golden.State(None, (True, False))


def test_values_of_wide_accumulators_are_rounded_once():
    for acc, kind in product(("kulisch", "kulisch:40"), ("random", "cancelling", "overflowing")):
        for operand in ("e5m2", "bf16", "e4m3", "fp16"):
            config = parse_unit(operand, acc=acc)
            a, b = matrices(config, (6, 40, 5), kind, seed=2)
            result = gemm(a, b, config)
            for place in np.ndindex(6, 5):
                exact = golden.read(config, result.state(*place).acc).fraction
                assert result.values[place] == exact.numerator / exact.denominator


def test_empty_sums():
    for acc in ("fp16", "kulisch"):
        config = parse_unit("e5m2", acc=acc)
        result = gemm(np.zeros((2, 0)), np.zeros((0, 3)), config)
        assert result.values.tolist() == [[0.0] * 3] * 2
        assert gemm(np.zeros((0, 4)), np.zeros((4, 3), int), config).values.shape == (0, 3)


def test_plans():
    choices = {
        ("e4m3", "fp16"): ("float32", "dominated"),
        ("e2m5", "fp16"): ("float32", "dominated"),
        ("e4m3", "fp32"): ("float32", "native"),
        ("e3m4", "bf16"): ("float32", "dominated"),
        ("int8", "fp16"): ("float32", "exact"),
        ("e4m3", "fp16:rtz"): ("float64", "exact"),
        ("e5m2", "fp16:rtz"): ("float64 rounded to odd", "odd"),
        ("fp16", "fp16"): ("float64 rounded to odd", "odd"),
        ("bf16", "bf16"): ("float64 rounded to odd", "odd"),
        ("bf16", "fp32:rtz"): ("float64 rounded to odd", "odd"),
    }
    if encoding.has_numba() and _fuses():
        choices |= {(operand, "fp32"): ("float32", "fused") for operand in ("bf16", "fp32")}
    for (operand, acc), want in choices.items():
        chosen = plan(parse_unit(operand, acc=acc), 512)
        assert (chosen.carrier, chosen.reason) == want, (operand, acc)
    chosen = plan(parse_unit("e2m5", acc="fp16"), 512, started=True)
    assert (chosen.carrier, chosen.reason) == ("float64", "exact")
    chosen = plan(parse_unit("e2m5", acc="bf16"), 512, started=True)
    assert (chosen.carrier, chosen.reason) == ("float64 rounded to odd", "odd")


def _fuses() -> bool:
    from fp8mac.sim.jit import fuses

    return fuses()


def _near(exponents: range, config, shape, rng):
    """Codes of numbers with such exponents."""
    bits, mantissa = config.a.bits, config.a.mantissa_bits
    stored = rng.integers(exponents.start, exponents.stop, shape) << mantissa
    sign = rng.integers(0, 2, shape) << (bits - 1)
    return sign | stored | rng.integers(0, 1 << mantissa, shape)


@pytest.mark.parametrize("operand", ["bf16", "fp32"])
@pytest.mark.parametrize("exponents", [range(255), range(124, 131), range(55, 72)])
@pytest.mark.parametrize("more", ["", ", chunk 8"])
def test_products_beyond_float32_are_added_with_one_rounding(operand, exponents, more):
    """Of all exponents, of a few, and such that products are near the smallest normal number."""
    config, rng = parse_line(f"{operand} -> fp32{more}"), np.random.default_rng(8)
    a, b = (_near(exponents, config, shape, rng) for shape in ((12, 40), (40, 10)))
    b[20:], a[:, 20:] = b[:20], a[:, :20] ^ 1 << config.a.bits - 1  # the sum cancels
    result, want = gemm(a, b, config), gemm(a, b, config, backend="golden")
    np.testing.assert_array_equal(result.acc, want.acc)


E4M3_FP16, E4M3_KULISCH = parse_unit("e4m3", acc="fp16"), parse_unit("e4m3", acc="kulisch")
E4M3_FP16_SR = parse_unit("e4m3", acc="fp16:sr")
ONES = np.ones((2, 3), np.uint8)


@pytest.mark.parametrize(
    ("a", "b", "config", "more", "message"),
    [
        (
            ONES,
            ONES,
            E4M3_FP16,
            {},
            "A product of 2 x 3 and 2 x 3 codes does not exist: 3 columns meet 2 rows.",
        ),
        (ONES[0], ONES.T, E4M3_FP16, {}, "a is not a matrix, but an array of shape (3,)."),
        (
            ONES,
            np.ones((3, 2)),
            E4M3_FP16,
            {},
            "b holds float64 numbers, not codes of e4m3; encode them first.",
        ),
        (
            ONES.astype(np.int16) * 300,
            ONES.T,
            E4M3_FP16,
            {},
            "a holds 300, but e4m3 has the codes 0 to 255.",
        ),
        (
            ONES,
            -ONES.T.astype(np.int8),
            parse_unit("int8", acc="int32"),
            {},
            "b holds -1, but int8 has the codes 0 to 255.",
        ),
        (
            ONES,
            ONES.T,
            E4M3_FP16,
            {"start": gemm(ONES, ONES.T, E4M3_KULISCH)},
            (
                "The start is 2 x 2 accumulators of mac_e4m3_e4m3_kulisch12, not 2 x 2 of "
                "mac_e4m3_e4m3_fp16."
            ),
        ),
        (
            ONES,
            ONES.T,
            E4M3_FP16,
            {"start": gemm(ONES, ONES.T[:, :1], E4M3_FP16)},
            (
                "The start is 2 x 1 accumulators of mac_e4m3_e4m3_fp16, not 2 x 2 of "
                "mac_e4m3_e4m3_fp16."
            ),
        ),
        (
            ONES,
            ONES.T,
            E4M3_FP16,
            {"backend": "cuda"},
            "There is no back end 'cuda'; there are auto, numpy, numba, blas, golden.",
        ),
        (
            ONES,
            ONES.T,
            E4M3_FP16,
            {"backend": "blas"},
            "The blas back end adds without rounding, but mac_e4m3_e4m3_fp16 rounds every sum.",
        ),
        (
            np.full((1, 900), 127, np.uint8),
            np.full((900, 1), 127, np.uint8),
            parse_unit("int8", acc="int16:saturate"),
            {"backend": "blas"},
            "The blas back end cannot saturate, but a sum of 900 products in int16:saturate may.",
        ),
        (
            ONES.astype(np.uint32),
            ONES.T,
            parse_unit("fp32", "e4m3", acc="fp16", summation="x 3"),
            {"backend": "numpy"},
            (
                "The numpy back end cannot compute mac_fp32_e4m3_fp16_x3: "
                "one step's products exceed 53 bits."
            ),
        ),
        (ONES, ONES.T, E4M3_FP16, {"threads": 0}, "threads is 1 or more, not 0."),
        (ONES, ONES.T, E4M3_FP16, {"threads": -1}, "threads is 1 or more, not -1."),
        (ONES, ONES.T, E4M3_FP16, {"threads": 1.5}, "threads is an integer, not 1.5."),
        (ONES, ONES.T, E4M3_FP16, {"threads": True}, "threads is an integer, not True."),
        (
            [[1, 2], [3]],
            ONES.T,
            E4M3_FP16,
            {},
            "a is not an array: its rows differ in length.",
        ),
        (
            ONES,
            np.ma.masked_equal(ONES.T, 0),
            E4M3_FP16,
            {},
            "b is a masked array; say with filled() what masked elements are.",
        ),
        (
            ONES.view(ml_dtypes.float8_e5m2),
            ONES.T,
            E4M3_FP16,
            {},
            "a holds numbers of e5m2 (float8_e5m2), not codes of e4m3; encode them first.",
        ),
        (
            ONES,
            ONES.T,
            E4M3_FP16,
            {"random": np.zeros((3, 2, 2), int)},
            "mac_e4m3_e4m3_fp16 takes no random numbers: it does not round stochastically.",
        ),
        (
            ONES,
            ONES.T,
            E4M3_FP16_SR,
            {"random": np.zeros((3, 2, 2))},
            "Random numbers are integers, not float64.",
        ),
        (
            ONES,
            ONES.T,
            E4M3_FP16_SR,
            {"random": np.zeros((2, 2, 2), int)},
            "Random numbers have the shape (steps, rows, columns) = (3, 2, 2), not (2, 2, 2).",
        ),
        (
            ONES,
            ONES.T,
            E4M3_FP16_SR,
            {"random": np.full((3, 2, 2), 256)},
            "Random numbers of 8 bits are 0 to 255.",
        ),
        (
            ONES,
            ONES.T,
            parse_unit("e4m3", acc="fp16:sr", summation="chunk 2"),
            {"random": np.zeros((3, 2, 2), int)},
            "Random numbers can be given for one sum, not for chunks; use a seed.",
        ),
    ],
)
def test_what_does_not_exist(a, b, config, more, message):
    with pytest.raises(GemmError) as error:
        gemm(a, b, config, **more)
    assert str(error.value) == message


def test_a_seed_is_an_integer():
    config = parse_unit("e4m3", acc="fp16:sr")
    a, b = matrices(config, (2, 9, 3), "random", seed=1)
    for wrong in (2.0, 2.5, True, np.True_, "2", np.float64(2), [2]):
        with pytest.raises(GemmError) as error:
            gemm(a, b, config, seed=wrong)
        assert str(error.value) == f"seed is an integer, not {wrong!r}."
    for right in (np.int8(2), np.uint64(2), np.array(2)):
        assert same(gemm(a, b, config, seed=right), gemm(a, b, config, seed=2))
    with pytest.raises(GemmError) as error:
        plan(E4M3_FP16, -1)
    assert str(error.value) == "k is 0 or more, not -1."


def test_lanes_chunks_and_seeds_may_be_large():
    """As many lanes, or so long a chunk, as there are products, or more."""
    for acc, most in (("fp16", 7), ("fp16:sr", 7), ("kulisch", 7), ("fp32", 7)):
        config = parse_unit("e4m3", acc=acc)
        a, b = matrices(config, (4, 7, 3), "random", seed=19)
        usual = gemm(a, b, adding(config, lanes=most))
        for lanes in (most + 1, 2**62, 10**30):
            assert same(gemm(a, b, adding(config, lanes=lanes), threads=10**6), usual)
        chunked = gemm(a, b, adding(config, chunk=most, lanes=2))
        assert same(gemm(a, b, adding(config, chunk=10**30, lanes=2)), chunked)
        pieces = gemm(a, b, adding(config, chunk=3, lanes=3))
        assert same(gemm(a, b, adding(config, chunk=3, lanes=10**30)), pieces)
        for seed in (-5, 10**40):
            numbers = [gemm(a, b, config, seed=seed, backend=each) for each in ("auto", "golden")]
            assert same(*numbers)


EMPTY = [(2, 0, 3), (0, 4, 3), (2, 4, 0), (0, 0, 0), (2, 0, 0), (0, 4, 0)]
EMPTY_UNITS = ["fp16", "fp16:sr", "fp16:rtz:ftz", "fp32", "bf16:saturate", "kulisch", "kulisch:40"]
EMPTY_UNITS += ["int32", "int16:saturate", "int64:saturate"]
EMPTY_SUMMATIONS = ["", "x 2", "chunk 3", "x 2, tree", "x 2, window 8", "x 3, chunk 2"]


@pytest.mark.parametrize("compiles", [True, False])
@pytest.mark.parametrize("acc", EMPTY_UNITS)
def test_matrices_without_rows_columns_or_products(acc, compiles, monkeypatch):
    for module in (gemm_plan, fixed, encoding):
        monkeypatch.setattr(module, "has_numba", lambda: compiles)
    operand, tried = "int8" if acc.startswith("int") else "e5m2", 0
    for (m, k, n), how, started in product(EMPTY, EMPTY_SUMMATIONS, (False, True)):
        try:
            config = parse_unit(operand, acc=acc, summation=how)
        except ConfigError:
            continue
        start = any_start(config.result, (m, n), seed=1) if started else None
        a, b = np.zeros((m, k), np.uint8), np.zeros((k, n), np.uint8)
        for threads in (1, 3):
            got = gemm(a, b, config, start=start, threads=threads)
            want = gemm(a, b, config, start=start, backend="golden")
            assert same(got, want)
            assert got.values.shape == (m, n)
            tried += 1
    assert tried >= 4 * len(EMPTY) * 3


LONG = fixed.LONGEST


@pytest.mark.slow
@pytest.mark.parametrize("compiles", [True, False])
def test_long_sums_of_integers(compiles, monkeypatch):
    """Beyond what 64 bits hold of the sum of pieces, against integers of Python and numpy."""
    for module in (gemm_plan, fixed, encoding):
        monkeypatch.setattr(module, "has_numba", lambda: compiles)
    k, rng = LONG + 77, np.random.default_rng(5)
    a, b = rng.integers(0, 256, (1, k), np.uint8), rng.integers(0, 256, (k, 1), np.uint8)
    exact = int(a.view(np.int8).astype(np.int64)[0] @ b.view(np.int8).astype(np.int64)[:, 0])
    assert abs(exact) > 2**20
    for acc, modulus in (("int16", 1 << 16), ("int32", 1 << 32), ("int48", 1 << 48)):
        result = gemm(a, b, parse_unit("int8", acc=acc))
        assert result.plan.backend == "blas"
        assert int(result.acc[0, 0]) == exact % modulus
    ones = np.ones((1, k), np.uint8), np.full((k, 1), 127, np.uint8)
    for sign, codes in ((1, 127), (-1, 128)):
        right = np.full((k, 1), codes, np.uint8)
        if compiles:  # else a step takes numpy ten microseconds
            small = gemm(ones[0], right, parse_unit("int8", acc="int24:saturate"))
            assert small.values == (2**23 - 1 if sign > 0 else -(2**23))
        wide = gemm(ones[0], right, parse_unit("int8", acc="int32:saturate"))
        assert wide.values == k * (127 if sign > 0 else -128)


@pytest.mark.parametrize("compiles", [True, False])
@pytest.mark.parametrize("guard", [0, 20, 60])
def test_long_sums_in_kulisch_accumulators(guard, compiles, monkeypatch):
    for module in (gemm_plan, fixed, encoding):
        monkeypatch.setattr(module, "has_numba", lambda: compiles)
    config = parse_unit("e5m2", acc=f"kulisch:{guard}")
    k, rng = LONG + 3, np.random.default_rng(6)
    a = rng.integers(0, 0x7C, (1, k)).astype(np.uint8)  # of one sign, so that they overflow
    b = rng.integers(0, 0x7C, (k, 1)).astype(np.uint8)
    b[-1] = 0xFB  # the largest, negative
    units = [
        np.ldexp(values(config.a, codes.ravel()), -config.a.lsb_exponent).astype(np.int64).tolist()
        for codes in (a, b)
    ]
    exact = sum(x * y for x, y in zip(*units, strict=True))
    assert exact > 1 << 63
    result = gemm(a, b, config)
    state = result.state(0, 0)
    assert (result.plan.backend, state.acc) == ("blas", exact % (1 << config.acc_bits))
    if guard == 20:
        start = any_start(config, (1, 1), seed=3)
        continued = gemm(a, b, config, start=start).state(0, 0).acc
        assert continued == (exact + start.state(0, 0).acc) % (1 << config.acc_bits)
        b[7] = 0x7E
        assert gemm(a, b, config).state(0, 0).flags == (True, True)


@pytest.mark.parametrize("longest", [1, 5, 7])
@pytest.mark.parametrize("unit", [("bf16", "kulisch"), ("int16", "int64"), ("fp16", "kulisch:9")])
def test_pieces_of_any_length_are_the_definition(unit, longest, monkeypatch):
    config = parse_unit(unit[0], acc=unit[1])
    a, b = matrices(config, (3, 21, 4), "special", seed=15)
    start = any_start(config, (3, 4), seed=16)
    want = gemm(a, b, config, start=start, backend="golden")
    monkeypatch.setattr(fixed, "LONGEST", longest)
    assert same(gemm(a, b, config, start=start), want)


TYPES = {
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e4m3ieee": ml_dtypes.float8_e4m3,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e5m2": ml_dtypes.float8_e5m2,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "e3m4": ml_dtypes.float8_e3m4,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e2m1": ml_dtypes.float4_e2m1fn,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
    "fp32": np.float32,
    "int4": ml_dtypes.int4,
}


@pytest.mark.parametrize("name", TYPES)
def test_numbers_of_the_units_own_format_are_codes(name):
    """Products of numbers of ``ml_dtypes``, which the accumulator holds exactly."""
    numbers = np.array([[1.0, -1.0], [0.5, 1.5]] if name != "int4" else [[1, -1], [-8, 7]])
    typed = numbers.astype(TYPES[name])
    config = parse_unit(name, acc="int32" if name == "int4" else "kulisch")
    result = gemm(typed, typed.T, config)
    np.testing.assert_array_equal(result.values, numbers @ numbers.T)
    np.testing.assert_array_equal(encoding.decode(typed, config.a), numbers)
    for other, type_ in TYPES.items():
        if other != name:
            wrong = np.ones((2, 2)).astype(type_)
            with pytest.raises(GemmError) as error:
                gemm(wrong, typed, config)
            assert str(error.value) == (
                f"a holds numbers of {other} ({wrong.dtype}), not codes of {name}; "
                "encode them first."
            )


def test_codes_in_any_layout():
    for operand, acc in (("e4m3", "fp16"), ("int16", "int32"), ("bf16", "kulisch")):
        config = parse_unit(operand, acc=acc)
        a, b = matrices(config, (40, 300, 70), "random", seed=17)
        a, b = (codes.astype(np.uint16) for codes in (a, b))
        want = gemm(a, b, config)
        for change in (
            lambda x: x.astype(">u2"),
            np.asfortranarray,
            lambda x: np.repeat(x, 2, axis=1)[:, ::2],
            lambda x: x[::-1][::-1],
            lambda x: x.tolist(),
        ):
            assert same(gemm(change(a), change(b), config), want)


@pytest.mark.parametrize("operand", ["fp16", "fp32", "int16", "int24", "e5m2"])
def test_codes_in_any_type(operand):
    """Small codes, in types that are narrower and wider than the format."""
    config = parse_unit(operand, acc="int64" if operand.startswith("int") else "fp32")
    a, b = np.arange(12).reshape(3, 4), np.arange(12)[::-1].reshape(4, 3)
    want = gemm(a, b, config)
    for kind in (np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int64, np.uint64):
        assert same(gemm(a.astype(kind), b.astype(kind), config), want)
        decoded = encoding.decode(a.astype(kind), config.a)
        np.testing.assert_array_equal(decoded, values(config.a, a.astype(np.uint64)))


def test_nothing_is_said_about_special_values(recwarn):
    """NaN of any kind, whatever the caller makes of floating-point errors."""
    for operand, acc in (("fp32", "fp32"), ("fp16", "fp16"), ("bf16", "kulisch"), ("e5m2", "bf16")):
        config = parse_unit(operand, acc=acc)
        a, b = matrices(config, (8, 40, 8), "special", seed=18)
        quiet = gemm(a, b, config)
        with np.errstate(all="raise"):
            for backend in ("auto", "golden"):
                result = gemm(a, b, config, backend=backend)
                assert same(result, quiet)
                np.testing.assert_array_equal(result.values, quiet.values)
    assert not recwarn.list


def test_without_numba(monkeypatch):
    monkeypatch.setattr(gemm_plan, "has_numba", lambda: False)
    assert plan(E4M3_FP16, 100).backend == "numpy"
    assert plan(parse_unit("int8", acc="int16:saturate"), 100).backend == "numpy"
    with pytest.raises(GemmError) as error:
        plan(E4M3_FP16, 100, backend="numba")
    assert str(error.value) == "The numba back end needs numba; install fp8mac[fast]."


def test_definition_by_hand():
    config = parse_unit("e4m3", acc="fp16")
    state = definition.dot(config, [0x38, 0x40], [0x38, 0xC4])
    assert golden.read(config, state.acc).fraction == -5
    two = parse_unit("e4m3", acc="e4m3", summation="x 2, chunk 3 -> fp16")
    codes = [0x58, 0x38, 0x38, 0x38, 0x38, 0x58]  # 16 1 1, 1 1 16
    state = definition.dot(two, codes, [0x38] * 6, golden.State(0x3C00, ()))
    # 1 + round(round(16 + 1) + 1) + round(round(1 + 1) + 16)
    assert golden.read(two.result, state.acc).fraction == 1 + 16 + 18


def test_definition_draws_a_number_for_every_rounding():
    config = parse_unit("e4m3", acc="e4m3:sr=4", summation="x 2, chunk 3 -> fp16:sr=9")
    steps = []

    def draw(step, bits):
        steps.append((step, bits))
        return 0

    definition.dot(config, [0x38] * 6, [0x38] * 6, random=draw)
    assert steps == [(0, 4), (1, 4), (-1, 9), (2, 4), (3, 4), (-2, 9)]
    steps.clear()
    config = parse_unit("e4m3", acc="e4m3", summation="x 2, chunk 3 -> fp16:sr=9")
    definition.dot(config, [0x38] * 6, [0x38] * 6, random=draw)
    assert steps == [(-1, 9), (-2, 9)]


@pytest.mark.parametrize("backend", ["golden", "numpy", "numba"])
@pytest.mark.parametrize(
    ("a", "b", "start", "sum_"),
    [
        (0x0000, 0x9CF2, 0x8000_0000, 0x8000_0000),
        (0x8000, 0x1C00, 0x8000_0000, 0x8000_0000),
        (0x8001, 0x1C00, 0x8000_0000, 0x0000_0000),
        (0x0000, 0x9CF2, 0x8000_0001, 0x0000_0000),
    ],
    ids=["0 times negative", "-0 times positive", "subnormal operand", "subnormal accumulator"],
)
def test_what_is_subnormal_is_read_as_zero_but_minus_zero_stays(a, b, start, sum_, backend):
    config = parse_line("mi200-bf16")
    held = GemmResult(config.result, np.full((1, 1), start, np.uint32), np.zeros((1, 1, 0), bool))
    found = gemm([[a] * 2], [[b]] * 2, config, start=held, backend=backend)
    assert found.acc.tolist() == [[sum_]]
