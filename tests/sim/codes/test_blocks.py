"""Blocks that share scales, against the exact definition and against other libraries."""

import re
from fractions import Fraction
from itertools import product

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest

from fp8mac.hw.config.blocks import BLOCK_FORMATS, ScaleFormat
from fp8mac.hw.config.formats import Rounding, parse_format
from fp8mac.sim.codes.blocks import Blocks, ScaleRounding, decode, encode, tensor_scale_of
from fp8mac.sim.codes.encoding import decode as decode_elements
from fp8mac.sim.codes.inputs import InputError
from fp8mac.sim.exact import codecs
from fp8mac.sim.exact.values import Value

MX = [name for name in BLOCK_FORMATS if name != "nvfp4"]
E4M3 = parse_format("e4m3")
TOP = {"mxfp8e4m3": 8, "mxfp8e5m2": 15, "mxfp6e2m3": 2, "mxfp6e3m2": 4, "mxfp4": 2, "mxint8": 0}
"""Exponents of the largest powers of two, from the tables of OCP's document."""
LARGEST = {
    "mxfp8e4m3": Fraction(448),
    "mxfp8e5m2": Fraction(57344),
    "mxfp6e2m3": Fraction(15, 2),
    "mxfp6e3m2": Fraction(28),
    "mxfp4": Fraction(6),
    "mxint8": Fraction(127, 64),
}


def hard(name: str, blocks: int, dtype: type, seed: int) -> np.ndarray:
    """Blocks of numbers near ties, of many sizes, and peaks next to those where scales change."""
    format_ = BLOCK_FORMATS[name]
    rng = np.random.default_rng(seed)
    size = format_.block.size
    codes = rng.integers(0, 1 << format_.element.bits, (blocks, size, 2))
    values = decode_elements(codes, format_.element) * 2.0**format_.element_exponent
    values = np.where(np.isfinite(values), values, 1.0)
    ties = values.mean(-1) * np.exp2(rng.integers(-4, 1, (blocks, size)))
    peaks = np.array([1.0, 1.5, 1.75, 127 / 64, float(format_.largest)])[rng.integers(0, 5, blocks)]
    ties[:, 0] = peaks * np.exp2(rng.integers(-3, 4, blocks))
    with np.errstate(over="ignore", under="ignore"):
        numbers = (ties * np.exp2(rng.integers(-30, 30, (blocks, 1)))).astype(dtype)
        toward = np.where(rng.random(numbers.shape) < 0.5, np.inf, -np.inf).astype(dtype)
        near = np.nextafter(numbers, toward)
    return np.where(rng.random(numbers.shape) < 0.4, near, numbers)


def exact_scale(name: str, numbers: list[Fraction], how: ScaleRounding) -> int:
    """Exponent of the scale of a block."""
    peak = max(map(abs, numbers))
    if peak == 0:
        return -127
    start = peak.numerator.bit_length() - peak.denominator.bit_length()
    exponents = range(start - 20, start + 4)
    if how is ScaleRounding.UP:
        fits = [k for k in exponents if LARGEST[name] * Fraction(2) ** k >= peak]
        return min(max(min(fits), -127), 127)
    fits = [k for k in exponents if Fraction(2) ** (k + TOP[name]) <= peak]
    return min(max(*fits, -127), 127)


def exact_codes(name: str, numbers: np.ndarray, scale: Fraction, rounding: Rounding) -> list[int]:
    format_ = BLOCK_FORMATS[name]
    unit = scale * Fraction(2) ** format_.element_exponent
    codes = []
    for number in numbers.tolist():
        quotient = Fraction(number) / unit
        shift = 80  # the rest of a quotient that is no binary fraction decides ties alone
        whole, rest = divmod(abs(quotient) * 2**shift, 1)
        magnitude = 2 * int(whole) + (rest > 0)
        value = Value(int(np.signbit(number)), magnitude, -shift - 1)
        codes.append(codecs.encode(format_.element, value, rounding))
    return codes


@pytest.mark.parametrize("how", ScaleRounding)
@pytest.mark.parametrize("name", MX)
def test_encode_is_the_definition(name, how):
    for dtype, rounding in product((np.float32, np.float64), (Rounding.RNE, Rounding.ODD)):
        numbers = hard(name, 40, dtype, seed=1)
        found = encode(numbers, BLOCK_FORMATS[name], scale_rounding=how, rounding=rounding)
        for row, codes, scales in zip(numbers, found.codes, found.scales, strict=True):
            k = exact_scale(name, [Fraction(x) for x in row.tolist()], how)
            assert scales.tolist() == [k + 127]
            assert codes.tolist() == exact_codes(name, row, Fraction(2) ** k, rounding)


def test_nvfp4_is_the_definition():
    for dtype, tensor in product((np.float32, np.float64), (None, 1.0, 2.0**-9 * 1.37109375)):
        numbers = hard("nvfp4", 100, dtype, seed=2)[:, :16]
        numbers *= np.exp2(np.random.default_rng(3).integers(-8, 1, (100, 1))).astype(dtype)
        found = encode(numbers, BLOCK_FORMATS["nvfp4"], tensor_scale=tensor)
        peak = Fraction(float(np.abs(numbers).max()))
        scale = Fraction(found.tensor_scale)
        if tensor is None:  # the nearest number of FP32
            assert abs(scale - peak / 2688) <= peak / 2688 / 2**24
            assert np.float32(found.tensor_scale) == found.tensor_scale
        else:
            assert scale == Fraction(tensor)
        for row, codes, scales in zip(numbers, found.codes, found.scales, strict=True):
            wanted = max(Fraction(abs(x)) for x in row.tolist()) / 6 / scale
            magnitude, rest = divmod(wanted * 2**60, 1)
            block = codecs.encode(E4M3, Value(0, 2 * int(magnitude) + (rest > 0), -61))
            assert scales.tolist() == [block]
            divisor = codecs.decode(E4M3, block).fraction * scale
            if divisor:
                assert codes.tolist() == exact_codes("nvfp4", row, divisor, Rounding.RNE)
            else:
                assert set(codes.tolist()) <= {0, 8}


GFLOAT = {
    "mxfp8e4m3": gfloat.formats.format_info_mxfp8_e4m3,
    "mxfp8e5m2": gfloat.formats.format_info_mxfp8_e5m2,
    "mxfp6e2m3": gfloat.formats.format_info_mxfp6_e2m3,
    "mxfp6e3m2": gfloat.formats.format_info_mxfp6_e3m2,
    "mxfp4": gfloat.formats.format_info_mxfp4_e2m1,
    "mxint8": gfloat.formats.format_info_mxint8,
}


@pytest.mark.parametrize("name", GFLOAT)
def test_gfloat_agrees(name):
    """OCP's rule, block by block; also all-zero ones."""
    numbers = hard(name, 12, np.float64, seed=4)
    numbers[3] = 0
    found = encode(numbers, BLOCK_FORMATS[name])
    for row, values, codes, scales in zip(
        numbers, found.values, found.codes, found.scales, strict=True
    ):
        want = gfloat.quantize_block(GFLOAT[name], row, gfloat.block.compute_scale_amax)
        np.testing.assert_array_equal(values, want)
        decoded = list(gfloat.decode_block(GFLOAT[name], [int(scales[0]), *codes.tolist()]))
        np.testing.assert_array_equal(values, decoded)


ML_DTYPES = {
    "mxfp8e4m3": ml_dtypes.float8_e4m3fn,
    "mxfp8e5m2": ml_dtypes.float8_e5m2,
    "mxfp6e2m3": ml_dtypes.float6_e2m3fn,
    "mxfp6e3m2": ml_dtypes.float6_e3m2fn,
    "mxfp4": ml_dtypes.float4_e2m1fn,
}


@pytest.mark.parametrize("how", ScaleRounding)
@pytest.mark.parametrize("name", ML_DTYPES)
def test_ml_dtypes_agrees(name, how):
    """Elements and scales, read and rounded by it."""
    numbers = hard(name, 500, np.float32, seed=5)
    found = encode(numbers, BLOCK_FORMATS[name], scale_rounding=how)
    powers = found.scales.view(ml_dtypes.float8_e8m0fnu).astype(np.float64)
    scaled = (numbers / powers).clip(-float(LARGEST[name]), float(LARGEST[name]))
    want = scaled.astype(ML_DTYPES[name])
    np.testing.assert_array_equal(found.codes, want.view(np.uint8))
    np.testing.assert_array_equal(found.values, want.astype(np.float64) * powers)
    again = Blocks(BLOCK_FORMATS[name], want, found.scales.view(ml_dtypes.float8_e8m0fnu))
    np.testing.assert_array_equal(again.values, found.values)


@pytest.mark.parametrize("name", MX)
def test_nothing_saturates_with_up(name):
    peaks = np.abs(hard(name, 400, np.float32, seed=6))
    most = {}
    for how in ScaleRounding:
        found = encode(peaks, BLOCK_FORMATS[name], scale_rounding=how)
        most[how] = float(LARGEST[name]) * np.exp2(found.scales.astype(float) - 127)[:, 0]
    assert (most[ScaleRounding.UP] >= peaks.max(-1)).all()
    assert set(most[ScaleRounding.UP] / most[ScaleRounding.FLOOR]) == {1, 2}
    assert (most[ScaleRounding.FLOOR] < peaks.max(-1)).any()


def test_special_blocks():
    """Zeros, infinities, NaN, tiny and huge numbers."""
    tests = [
        ("mxfp8e4m3", [0.0, -0.0], 0, [0x00, 0x80]),
        ("mxfp8e4m3", [np.nan, 1.0], 119, [0x7F, 0x78]),  # 1 = 2**8 * 2**-8
        ("mxfp8e5m2", [np.nan, 1.0], 112, [0x7E, 0x78]),
        ("mxfp8e4m3", [-np.inf, 1.0], 254, [0xFE, 0x00]),
        ("mxfp6e2m3", [np.nan, 1.0], 255, [0, 0b011000]),
        ("mxint8", [np.nan, 1.0], 255, [0, 64]),
        ("mxint8", [1.9990234375, -1.9990234375], 127, [127, 128]),  # floor saturates
        ("mxfp4", [np.inf, -1.0], 254, [7, 8]),
        ("mxfp4", [2.0**-149, -(2.0**-130)], 0, [0, 8]),
        ("mxfp4", [2.0**-128, 2.0**-127], 0, [1, 2]),  # subnormal numbers of float32
        ("mxfp8e4m3", [2.0**-9, 256.0], 127, [0x01, 0x78]),  # a subnormal element
        ("mxfp8e4m3", [1e300, 2.0**127], 254, [0x7E, 0x38]),
        ("nvfp4", [0.0, -0.0], 0, [0, 8]),
        ("nvfp4", [np.nan, 6.0], 0x7F, [0, 7]),
    ]
    for name, numbers, scale, codes in tests:
        found = encode(numbers, BLOCK_FORMATS[name])
        assert (name, found.scales.tolist(), found.codes.tolist()) == (name, [scale], codes)
        nan = scale == (0x7F if name == "nvfp4" else 0xFF)
        assert np.isnan(found.values).tolist() == [nan or bool(np.isnan(x)) for x in numbers]
    # e4m3's peaks between 448 and 512 saturate, unless scales are rounded up
    peaks = [[448.0, 449.0, 480.0, 511.0][k : k + 1] for k in range(4)]
    floor = encode(peaks, BLOCK_FORMATS["mxfp8e4m3"])
    assert floor.values.tolist() == [[448.0]] * 4
    up = encode(peaks, BLOCK_FORMATS["mxfp8e4m3"], scale_rounding=ScaleRounding.UP)
    assert up.scales.tolist() == [[127], [128], [128], [128]]
    assert up.values.tolist() == [[448.0], [448.0], [480.0], [512.0]]


def test_tensor_scale():
    nvfp4 = BLOCK_FORMATS["nvfp4"]
    assert tensor_scale_of([2688.0, -5], nvfp4) == 1
    assert tensor_scale_of([np.nan, 0.0], nvfp4) == 1
    assert tensor_scale_of([1e-300], nvfp4) == 2.0**-149
    assert tensor_scale_of([-np.inf], nvfp4) == np.finfo(np.float32).max
    found = encode([1e-3, np.inf], nvfp4)
    assert found.values.tolist() == [0.0, 2688 * float(np.finfo(np.float32).max)]


@pytest.mark.parametrize("name", ["mxfp8e4m3", "mxint8", "nvfp4"])
def test_axes_and_short_blocks(name):
    format_ = BLOCK_FORMATS[name]
    size = format_.block.size
    rng = np.random.default_rng(7)
    numbers = (rng.normal(size=(3, 2 * size + 5, 2)) * np.exp2(rng.integers(-9, 9, (3, 1, 2)))).T
    scale = tensor_scale_of(numbers, format_) if name == "nvfp4" else None
    for axis in range(-3, 3):
        found = encode(numbers, format_, axis=axis, tensor_scale=scale)
        assert (found.axis, found.shape) == (axis % 3, numbers.shape)
        last, codes = np.moveaxis(numbers, axis, -1), np.moveaxis(found.codes, axis, -1)
        scales = np.moveaxis(found.scales, axis, -1)
        assert scales.shape == (*last.shape[:-1], -(-last.shape[-1] // size))
        for place in np.ndindex(scales.shape):
            part = (*place[:-1], slice(place[-1] * size, (place[-1] + 1) * size))
            alone = encode(last[part], format_, tensor_scale=scale)
            assert codes[part].tolist() == alone.codes.tolist()
            assert scales[place] == alone.scales
        np.testing.assert_array_equal(decode(found), found.values)
        if axis == 1:
            assert repr(found) == f"<Blocks of {name}, 2 x {2 * size + 5} x 3, along axis 1>"
    empty = encode(np.zeros((2, 0)), format_)
    assert (empty.codes.shape, empty.scales.shape, empty.values.shape) == ((2, 0),) * 3


def test_types_of_numbers():
    """Integers and long doubles are rounded once; scales follow from all of their bits."""
    mxfp4, mxint8 = BLOCK_FORMATS["mxfp4"], BLOCK_FORMATS["mxint8"]
    up = {"scale_rounding": ScaleRounding.UP}
    assert encode([6 << 50, (6 << 50) + 1], mxfp4, **up).scales.tolist() == [178]
    assert encode([6 << 50], mxfp4, **up).scales.tolist() == [177]
    assert encode([300, -1000], mxint8).values.tolist() == [304.0, -1000.0]
    assert encode(np.array([3, 1], ml_dtypes.bfloat16), mxfp4).values.tolist() == [3, 1]
    wide = np.longdouble(6) * 2 + np.finfo(np.longdouble).eps * 8
    assert encode(np.array([wide]), mxfp4, **up).scales.tolist() == [128 + (wide > 12)]


def test_stochastic_rounding_of_elements():
    mxfp4 = BLOCK_FORMATS["mxfp4"]
    numbers = np.tile([4.0, 1.125], 8000)
    random = np.random.default_rng(8).integers(0, 256, numbers.size)
    found = encode(numbers, mxfp4, rounding=Rounding.STOCHASTIC, random=random, random_bits=8)
    values, counts = np.unique(found.values, return_counts=True)
    assert values.tolist() == [1.0, 1.5, 4.0]
    assert 1800 < counts[1] < 2200  # a quarter of 8000


def test_what_is_refused():
    mxfp4, nvfp4 = BLOCK_FORMATS["mxfp4"], BLOCK_FORMATS["nvfp4"]
    positive = "The scale of a tensor is a positive number of FP32, not"
    cases = [
        (lambda: encode(1.0, mxfp4), "An array of shape () has no axis -1 for blocks."),
        (lambda: encode([1.0], mxfp4, axis=1), "An array of shape (1,) has no axis 1 for blocks."),
        (lambda: encode([1.0], mxfp4, axis=0.5), "axis is an integer, not 0.5."),
        (lambda: encode(["x"], mxfp4), "Numbers to encode are integers or floats, not <U1."),
        (
            lambda: encode([1.0], mxfp4, tensor_scale=2.0),
            "A tensor in mxfp4 has no scale of its own.",
        ),
        (
            lambda: encode([1.0], nvfp4, scale_rounding=ScaleRounding.UP),
            "Scales of nvfp4 are not powers of two.",
        ),
        *(
            (lambda bad=bad: encode([1.0], nvfp4, tensor_scale=bad), f"{positive} {bad!r}.")
            for bad in (0.0, -1.0, np.nan, np.inf, 0.1, "1")
        ),
        (
            lambda: Blocks(mxfp4, np.zeros((4, 40), int), np.zeros((4, 1), int)),
            "Blocks of shape (4, 40) along axis 1 have scales of shape (4, 2), not (4, 1).",
        ),
        (
            lambda: Blocks(mxfp4, [16], [0]),
            "The array holds 16, but e2m1 has the codes 0 to 15.",
        ),
        (lambda: Blocks(mxfp4, [1], [256]), "The scales of blocks are codes from 0 to 255."),
        (lambda: Blocks(mxfp4, [1], [0.5]), "The scales of blocks are codes from 0 to 255."),
        (
            lambda: Blocks(nvfp4, [1], np.array([1], ml_dtypes.float8_e8m0fnu)),
            "The scales of blocks are codes from 0 to 255.",
        ),
    ]
    for call, message in cases:
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            call()


def test_every_scale_has_its_value():
    codes = np.arange(256)
    elements = np.ones((256, 1), int) * 0x38
    powers = Blocks(BLOCK_FORMATS["mxfp8e4m3"], elements, codes[:, None]).values[:, 0]
    np.testing.assert_array_equal(
        powers, codes.astype(np.uint8).view(ml_dtypes.float8_e8m0fnu).astype(float)
    )
    nvfp4 = BLOCK_FORMATS["nvfp4"]
    assert nvfp4.block.scale is ScaleFormat.UE4M3
    numbers = Blocks(nvfp4, np.full((256, 1), 2), codes[:, None], tensor_scale=4.0).values[:, 0]
    want = (codes & 127).astype(np.uint8).view(ml_dtypes.float8_e4m3fn).astype(float) * 4
    np.testing.assert_array_equal(numbers, want)
