"""Steps of several products: windows, groups, late accumulators, against their own arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest

from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import FloatFormat, TermCut, parse_format
from fp8mac.hw.config.unit import parse_line, parse_unit
from fp8mac.sim.exact.codecs import decode
from fp8mac.sim.exact.held import State
from fp8mac.sim.exact.steps import cut, scale_value, step
from fp8mac.sim.exact.values import Kind, Value
from fp8mac.sim.gemm.definition import dot

FP32 = parse_format("fp32")


def bits(number):
    """Pattern of a float32."""
    return int(np.float32(number).view(np.uint32))


def codes(format_, *numbers):
    """Codes of numbers that a format has."""
    table = {
        (value.fraction, value.sign): code
        for code in range(1 << format_.bits)
        if (value := decode(format_, code)).kind is Kind.FINITE
    }
    return [table[Fraction(number), math.copysign(1, number) < 0] for number in numbers]


def one_step(unit, products, c):
    """Result of products ``x * 1`` or pairs, and an fp32 accumulator, as a number of Python."""
    pairs = [each if isinstance(each, tuple) else (each, 1.0) for each in products]
    config = parse_unit(unit)
    a, b = zip(*pairs, strict=True)
    start = bits(c) >> 23 - config.accumulator.format.mantissa_bits
    found = step(config, start, codes(config.a, *a), codes(config.b, *b))
    pattern = found.acc << 23 - config.accumulator.format.mantissa_bits
    return float(np.uint32(pattern).view(np.float32))


@pytest.mark.parametrize(
    ("magnitude", "unit", "how", "kept"),
    [
        ((0, 0b10110), 1, TermCut.TRUNCATE, 0b1011),
        ((0, 0b10111), 1, TermCut.TRUNCATE, 0b1011),
        ((1, 0b10111), 1, TermCut.TRUNCATE, 0b1011),
        ((1, 0b10111), 1, TermCut.FLOOR, 0b1100),
        ((0, 0b10111), 1, TermCut.FLOOR, 0b1011),
        ((1, 0b10110), 1, TermCut.FLOOR, 0b1011),
        ((0, 0b10101), 1, TermCut.ODD, 0b1011),
        ((1, 0b1), 60, TermCut.ODD, 1),
        ((1, 0b1), 60, TermCut.FLOOR, 1),
        ((1, 0b1), 60, TermCut.TRUNCATE, 0),
    ],
)
def test_cut(magnitude, unit, how, kept):
    assert cut(Value(*magnitude, 0), unit, how) == Value(magnitude[0], kept, unit)


def test_a_window_keeps_13_bits_below_the_largest_exponent():
    h100 = "h100-fp8-e4m3"
    tiny = 2.0**-6
    assert one_step(h100, [64.0, tiny, tiny], 0.0) == 64 + 2 * tiny
    assert one_step(h100, [128.0, (tiny, 0.5), (tiny, 0.5)], 0.0) == 128.0  # 2**-7 is below
    # The sum has 14 significant bits as well.
    assert one_step(h100, [256.0, (2.0**-5, 1.0)], 0.0) == 256 + 2.0**-5
    assert one_step(h100, [256.0, 256.0, (2.0**-5, 1.0)], 0.0) == 512.0
    assert one_step(h100, [-256.0, -256.0, (-(2.0**-5), 1.0)], 0.0) == -512.0


def test_products_are_not_normalised_and_subnormals_count_with_emin():
    # 1.875 * 1.875 = 3.51..: its exponent is 0, and 2**-13 stays; were it 1, it would not.
    small = (2.0**-6, 2.0**-7)
    assert one_step("h100-fp8-e4m3", [(1.875, 1.875), small], 0.0) == 3.515625  # rounded to E8M13
    line = "e4m3 x 2 -> fp32:rtz, window 14"
    assert one_step(line, [(1.875, 1.875), small], 0.0) == 3.515625 + 2.0**-13
    normal = "e4m3 x 2 -> fp32:rtz, window 14, exponents normalised"
    assert one_step(normal, [(1.875, 1.875), small], 0.0) == 3.515625
    # A subnormal 2**-9 counts as 2**-6, but in fp16 it is normal.
    tiny = 2.0**-9
    line = "e4m3 x 2 -> fp32:rtz, window 4"
    assert one_step(line, [(tiny, 1.0), (tiny, 2.0**-6)], 0.0) == tiny  # E = -6, unit 2**-9
    line += ", exponents as fp16"
    assert one_step(line, [(tiny, 1.0), (tiny, 0.125)], 0.0) == tiny + tiny / 8  # E = -9


def test_zeros_set_no_exponent_unless_they_are_said_to():
    line = "e4m3 x 2 -> fp32:rtz, window 4"
    tiny = 2.0**-9
    assert one_step(line, [(tiny, 2.0**-6), (0.0, 256.0)], 0.0) == 2.0**-15
    assert one_step(f"{line}, exponents zero -1", [(tiny, 2.0**-6), (0.0, 1.0)], 0.0) == 0.0
    assert one_step(f"{line}, exponents zero -12", [(tiny, 2.0**-6), (0.0, 1.0)], 0.0) == 2.0**-15
    assert one_step(line, [(0.0, 1.0), (0.0, 1.0)], 0.0) == 0.0


@pytest.mark.parametrize(
    ("line", "products", "c", "wanted"),
    [
        ("e4m3 x 2 -> fp32:rtz:inf, window 26", [1.0, 1.0], 3e38, np.float32(3e38)),
        ("fp16 x 2 -> fp16:rtz, window 25", [65504.0, 65504.0], 0.0, 65504.0),
        ("fp16 x 2 -> fp16:rtz:inf, window 25", [65504.0, 65504.0], 0.0, math.inf),
        ("fp16 x 2 -> fp16, window 25", [-65504.0, -65504.0], 0.0, -math.inf),
        ("fp16 x 2 -> fp16:saturate, window 25", [65504.0, 65504.0], 0.0, 65504.0),
    ],
)
def test_overflow(line, products, c, wanted):
    config = parse_unit(line)
    a, one = codes(config.a, *products), codes(config.b, *[1.0] * len(products))
    acc = config.accumulator.format
    start = bits(c) if acc.bits == 32 else 0
    found = decode(acc, step(config, start, a, one).acc)
    if math.isinf(wanted):
        assert (found.kind, found.sign) == (Kind.INF, wanted < 0)
    else:
        assert found.fraction == Fraction(float(wanted))


@pytest.mark.parametrize(
    ("zero", "products", "c", "wanted"),
    [
        ("", [-0.0, -0.0], -0.0, "-0"),
        ("", [-0.0, 0.0], -0.0, "+0"),
        (":sum0", [-0.0, -0.0], -0.0, "+0"),
        (":plus0", [-0.0, -0.0], -0.0, "+0"),
        ("", [1.0, -1.0], 0.0, "+0"),
    ],
)
def test_sign_of_zero(zero, products, c, wanted):
    found = one_step(f"e4m3 x 2 -> fp32{zero}", products, c)
    assert (found, math.copysign(1, found)) == (0.0, 1.0 if wanted == "+0" else -1.0)


@pytest.mark.parametrize(("zero", "sign"), [("", 1), (":sum0", 1), (":plus0", 0)])
def test_sign_of_what_underflows(zero, sign):
    config = parse_unit(f"e5m2 x 1 -> e5m2{zero}")
    tiny = 0x81  # -2**-16
    assert step(config, 0, [tiny], [1]).acc == sign << 7


def test_odd_rounding_and_late_sums():
    # RVBNA: the sum of the products is rounded to odd, then added, and rounded to odd again.
    unit = "rvbna-fp8 x 2"
    tiny = 2.0**-9
    assert one_step(unit, [1.0, 1.0], 0.25) == 2.25
    # 448 * 448 + 2**-18 has 36 bits: what is lost makes the last one odd.
    product = 448.0 * 448.0
    assert one_step(unit, [(448.0, 448.0), (tiny, tiny)], 0.0) == product + 2.0**-6
    assert one_step(unit, [(448.0, 448.0), (tiny, tiny)], 2.0**30) == 2.0**30 + product + 2.0**7
    assert one_step("e4m3 x 2 -> fp32, late", [(448.0, 448.0), (tiny, tiny)], 0.0) == product


def test_groups_have_windows_of_their_own():
    line = "e4m3 x 4 -> fp32, window 4, groups 2, join 8"
    # Even ones: 128 and 2**-1, which is cut; odd ones 1 and 2**-3, which stay, and are joined.
    assert one_step(line, [128.0, 1.0, 0.5, 0.125], 0.0) == 129.0  # join: unit 2**0
    assert one_step(line.replace("8", "16"), [128.0, 1.0, 0.5, 0.125], 0.0) == 129.125
    assert one_step("e4m3 x 4 -> fp32, groups 2", [128.0, 1.0, 0.5, 0.125], 0.0) == 129.625


def test_mi300_floors_its_accumulator_after_the_products():
    unit = "mi300-fp8"
    config = parse_unit(unit)
    one = codes(config.a, 1.0)[0]
    zero = [0] * 15

    def result(c):
        pattern = step(config, bits(c), [one, *zero], [one, *zero]).acc
        return np.uint32(pattern).view(np.float32)

    assert result(2.0**-24) == 1 + 2.0**-23 * 0.5  # a tie to even: 1
    assert result(-(2.0**-25)) == np.float32(1 - 2.0**-24)  # floored to -2**-24
    assert result(-(2.0**-26)) == 1.0  # dropped


def test_infinities_and_nan():
    h100 = parse_unit("h100-fp8-e5m2")
    inf, minus, nan, one = 0x7C, 0xFC, 0x7E, 0x3C
    form = h100.accumulator.format
    assert step(h100, 0, [inf, one], [one, one]).acc == form.inf_code
    assert step(h100, 0, [minus, one], [one, one]).acc == form.inf_code + form.sign_code
    assert step(h100, 0, [inf, minus], [one, one]).acc == form.nan_code
    assert step(h100, 0, [nan], [0]).acc == form.nan_code
    assert step(h100, 0, [inf], [0]).acc == form.nan_code
    assert step(h100, form.inf_code, [one], [one]).acc == form.inf_code
    assert step(h100, form.inf_code, [minus], [one]).acc == form.nan_code


def test_products_beyond_the_range_are_infinities_in_mi300():
    config = parse_unit("mi300-bf16")
    big, minus = 0x7F00, 0xFF00  # 2**127
    two = 0x4000
    assert step(config, 0, [big], [two]).acc == FP32.inf_code
    assert step(config, 0, [big, minus], [two, two]).acc == FP32.nan_code
    # Infinite already: finite products do not matter, however large they are.
    assert step(config, FP32.inf_code, [minus], [two]).acc == FP32.inf_code


def test_mi200_flushes_what_it_reads_and_what_it_has_rounded():
    config = parse_unit("mi200-bf16")
    one, tiny, smallest = 0x3F80, 0x8001, 0x0080  # 1, a subnormal, 2**-126
    assert step(config, 0, [tiny], [one]).acc == 0
    assert step(config, 0x80000001, [0], [one]).acc == 0
    half, small = [0x3F00, 0x3F00], [0x80FF, 0x80FF]  # products of -0.996 * 2**-126: -0 each
    assert step(config, 0x80000000, small, half).acc == 0x80000000
    assert step(parse_unit("mi100-bf16"), 0x80000000, small, half).acc == 0x80FF0000
    assert step(config, 0, [smallest], [one]).acc == 0x00800000


def test_scales_of_blocks():
    assert scale_value(ScaleFormat.E8M0, 130) == Value(0, 1, 3)
    assert scale_value(ScaleFormat.E8M0, 255).kind is Kind.NAN
    assert scale_value(ScaleFormat.UE4M3, 0xB8).fraction == 1
    assert scale_value(ScaleFormat.UE4M3, 0x7F).kind is Kind.NAN
    with pytest.raises(ValueError, match="A scale has the codes 0 to 255, not 256"):
        scale_value(ScaleFormat.E8M0, 256)
    config = parse_unit("b200-mxfp4")
    six = [7] * 64
    found = step(config, bits(1.0), six, six, [(128, 127)] * 32 + [(127, 127)] * 32)
    assert found.acc == bits(36 * 32 * 2 + 36 * 32 + 1)
    exact = parse_line("mxint8 x 32 -> fp32")
    assert step(exact, 0, [64] * 32, [32] * 32, [(127, 126)] * 32).acc == bits(32 * 0.5 * 0.5)
    with pytest.raises(ValueError, match=r"takes no scales\."):
        step(parse_unit("h100-fp8"), 0, [1], [1], [(127, 127)])
    with pytest.raises(ValueError, match=r"takes scales\."):
        step(config, 0, six, six)


def test_groups_of_blocks_have_the_exponents_of_their_scales():
    # A group of zero sum still sets E: 35 bits below 2**100, nothing is left of 1.
    config = parse_unit("b200-mxfp4")
    one, minus = 2, 10
    a = [one, minus] + [0] * 30 + [one] + [0] * 31
    b = [one] * 64
    large, plain = (227, 127), (127, 127)
    assert step(config, 0, a, b, [large] * 32 + [plain] * 32).acc == 0
    assert step(config, 0, a, b, [plain] * 64).acc == bits(1.0)


def test_steps_of_mma_sync_take_products_in_turns():
    config = parse_unit("h100-mmasync-e4m3")
    big, one, tiny = codes(config.a, 448.0, 1.0, 2.0**-9)
    a, b = [0] * 32, [one] * 32
    a[0], b[0] = big, big
    a[2], b[2] = tiny, tiny  # the second step: added to what the first one holds
    start = State(0, ())
    found = dot(config, a, b, start).acc
    assert found == bits(448.0 * 448.0)
    a[0] = 0
    assert dot(config, a, b, start).acc == bits(2.0**-18)
    a[1], b[1] = codes(config.a, -1.0, 1.0)
    assert dot(config, a, b, State(bits(1.0), ())).acc == bits(2.0**-18)


def independent(config, a, b, c):
    """NVIDIA's rule in fractions, written apart: the sum that is left to round."""
    scale = int(config.summation.window_bits) - 1
    terms = []
    for x, y in zip(a, b, strict=True):
        left, right = decode(config.a, x).fraction, decode(config.b, y).fraction
        low = [config.a.emin, config.b.emin]
        exponents = [
            max(math.frexp(float(value))[1] - 1, emin)
            for value, emin in zip((left, right), low, strict=True)
        ]
        if left * right:
            terms.append((left * right, sum(exponents)))
    held = decode(config.accumulator.format, c).fraction
    if held:
        terms.append((held, max(math.frexp(float(held))[1] - 1, -126)))
    if not terms:
        return Fraction(0)
    unit = Fraction(2) ** (max(exponent for _, exponent in terms) - scale)
    return sum((Fraction(math.trunc(value / unit)) * unit for value, _ in terms), Fraction(0))


@pytest.mark.parametrize("name", ["v100-fp16", "a100-bf16", "ada-fp8-e5m2", "h100-fp8-e4m3"])
def test_nvidia_units_equal_their_rule_in_fractions(name):
    config, rng = parse_unit(name), np.random.default_rng(5)
    form, checked = config.accumulator.format, 0
    assert isinstance(config.a, FloatFormat)
    for _ in range(300):
        shape = config.summation.lanes
        top = config.a.max_code + 1 if config.a.bits == 8 else 0x5000
        signs = rng.integers(0, 2, (2, shape)) << config.a.bits - 1
        a, b = (rng.integers(0, top, (2, shape)) | signs).tolist()
        c = int(rng.integers(0, 1 << form.bits))
        if decode(form, c).kind is not Kind.FINITE:
            continue
        wanted = independent(config, a, b, c)
        found = decode(form, step(config, c, a, b).acc)
        magnitude = abs(wanted)
        leading = max(math.frexp(float(magnitude))[1] - 1, form.emin) if magnitude else form.emin
        unit = Fraction(2) ** (leading - form.mantissa_bits)
        if magnitude // unit * unit > form.max:
            assert found.kind is Kind.INF
        else:
            assert found.fraction == math.trunc(wanted / unit) * unit
        checked += 1
    assert checked > 280
