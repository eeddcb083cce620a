"""Formats: parameters against the published tables and ml_dtypes, names, errors."""

import subprocess
import sys
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fp8mac.hw.config.accumulators import KulischConfig
from fp8mac.hw.config.formats import (
    NAMED_FORMATS,
    FloatFormat,
    FormatError,
    IntFormat,
    Specials,
    parse_format,
)
from fp8mac.hw.config.unit import MacConfig

# arXiv:2209.05433, Table 1, and the fields that its codes S.EEEE.MMM spell.
TABLE_1 = {
    "e4m3": {
        "bias": 7,
        "inf_code": None,
        "nan_code": 0b0_1111_111,
        "max_code": 0b0_1111_110,
        "max": 448,
        "min_normal": Fraction(1, 2**6),
        "min_subnormal": Fraction(1, 2**9),
    },
    "e5m2": {
        "bias": 15,
        "inf_code": 0b0_11111_00,
        "nan_code": 0b0_11111_10,
        "max_code": 0b0_11110_11,
        "max": 57344,
        "min_normal": Fraction(1, 2**14),
        "min_subnormal": Fraction(1, 2**16),
    },
}

# Largest magnitude in units of the smallest number, bits of a product, and of an exact accumulator
# for 32 and for 4096 products. The last column is the "FX" accumulator of arXiv:2303.17951.
WIDTHS = [
    ("int8s", 127, 15, 20, 27),
    ("int8", 128, 16, 21, 28),
    ("e2m5none", 252, 17, 22, 29),
    ("e2m5fnuz", 252, 17, 22, 29),
    ("e3m4none", 1984, 23, 28, 35),
    ("e3m4", 992, 21, 26, 33),
    ("e4m3none", 245760, 37, 42, 49),
    ("e4m3fnuz", 245760, 37, 42, 49),
    ("e4m3", 229376, 37, 42, 49),
    ("e4m3ieee", 122880, 35, 40, 47),
    ("e5m2none", 7516192768, 67, 72, 79),
    ("e5m2fnuz", 7516192768, 67, 72, 79),
    ("e5m2", 3758096384, 65, 70, 77),
    ("int4s", 7, 7, 12, 19),
    ("e2m1", 12, 9, 14, 21),
]

ML_DTYPES = {
    "e2m1": ml_dtypes.float4_e2m1fn,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e4m3ieee": ml_dtypes.float8_e4m3,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e5m2": ml_dtypes.float8_e5m2,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
    "fp32": np.float32,
}

# What ml_dtypes does not have: name, bias, largest, smallest normal, smallest number.
TYPED_IN = [
    ("e2m5", 1, Fraction(31, 4), 1, Fraction(1, 32)),
    ("e2m5fnuz", 2, Fraction(63, 16), Fraction(1, 2), Fraction(1, 64)),
    ("e3m4fnuz", 4, Fraction(31, 2), Fraction(1, 8), Fraction(1, 128)),
    ("e6m9", 31, (2 - Fraction(1, 2**9)) * 2**31, Fraction(1, 2**30), Fraction(1, 2**39)),
    ("tf32", 127, (2 - Fraction(1, 2**10)) * 2**127, Fraction(1, 2**126), Fraction(1, 2**136)),
    ("e5m3b20", 20, 15 * 2**7, Fraction(1, 2**19), Fraction(1, 2**22)),
    ("e4m3b-5none", -5, 15 * 2**17, 2**6, 2**3),
]

CANONICAL = [
    ("e4m3fn", "e4m3"),
    ("E4M3", "e4m3"),
    (" e4m3b7 ", "e4m3"),
    ("e04m03", "e4m3"),
    ("e4m3b8", "e4m3b8"),
    ("e4m3b8fnuz", "e4m3fnuz"),
    ("e4m3b7fnuz", "e4m3b7fnuz"),
    ("e4m3b11fnuz", "e4m3b11fnuz"),
    ("e5m2ieee", "e5m2"),
    ("e2m5fn", "e2m5"),
    ("e2m5ieee", "e2m5ieee"),
    ("e2m1none", "e2m1"),
    ("e2m1ieee", "e2m1ieee"),
    ("e2m1b1", "e2m1"),
    ("e5m10", "fp16"),
    ("e8m7ieee", "bf16"),
    ("e8m23b127", "fp32"),
    ("e8m10", "tf32"),
    ("e5m10b16", "e5m10b16"),
    ("e5m3b-20", "e5m3b-20"),
    ("e5m3b-0", "e5m3b0"),
    ("INT8", "int8"),
    ("int08s", "int8s"),
]

UNKNOWN = (
    "Unknown format '{}'; a format is e<E>m<M>[b<bias>][ieee|fn|fnuz|none], int<N>[s], "
    "or one of fp16, bf16, fp32, tf32."
)

ERRORS = [
    *((text, UNKNOWN.format(text)) for text in ("e9", "", "fp8", "e4m3fnu", "e4m", "int", "int8u")),
    *((text, UNKNOWN.format(text)) for text in ("e4m3fnb8", "e4m3b", "m3e4", "e4 m3", "fp16b3")),
    ("e1m3", "A float format with 'ieee' specials has 2 to 8 exponent bits, not 1."),
    ("e9m3", "A float format with 'ieee' specials has 2 to 8 exponent bits, not 9."),
    ("e0m3fn", "A float format with 'fn' specials has 1 to 8 exponent bits, not 0."),
    ("e9m3none", "A float format with 'none' specials has 1 to 8 exponent bits, not 9."),
    ("e4m0", "A float format has 1 to 23 mantissa bits, not 0."),
    ("e4m24", "A float format has 1 to 23 mantissa bits, not 24."),
    ("e4m3b513", "The bias of a float format is -512 to 512, not 513."),
    ("e4m3b-513", "The bias of a float format is -512 to 512, not -513."),
    ("int1", "An integer format has 2 to 32 bits, not 1."),
    ("int33s", "An integer format has 2 to 32 bits, not 33."),
]


def floats() -> st.SearchStrategy[FloatFormat]:
    return st.builds(
        FloatFormat,
        exponent_bits=st.integers(2, 8),
        mantissa_bits=st.integers(1, 23),
        bias=st.none() | st.integers(-512, 512),
        specials=st.sampled_from(Specials),
    )


def formats() -> st.SearchStrategy[FloatFormat | IntFormat]:
    return floats() | st.builds(IntFormat, st.integers(2, 32), st.booleans())


@pytest.mark.parametrize("name", TABLE_1)
def test_formats_table_1_of_2209_05433(name: str) -> None:
    format_ = parse_format(name)
    assert {item: getattr(format_, item) for item in TABLE_1[name]} == TABLE_1[name]


@pytest.mark.parametrize(("name", "largest", "product", "of_32", "of_4096"), WIDTHS)
def test_formats_exact_accumulator_widths(
    name: str, largest: int, product: int, of_32: int, of_4096: int
) -> None:
    format_ = parse_format(name)
    narrow, wide = (MacConfig(format_, format_, KulischConfig(guard)) for guard in (5, 12))
    assert format_.max_magnitude == largest
    assert (narrow.product_bits, wide.product_bits) == (product, product)
    assert (narrow.acc_bits, wide.acc_bits) == (of_32, of_4096)


@pytest.mark.parametrize("name", ML_DTYPES)
def test_formats_ml_dtypes_finfo(name: str) -> None:
    format_, info = parse_format(name), ml_dtypes.finfo(ML_DTYPES[name])
    assert isinstance(format_, FloatFormat)
    assert format_.bits == info.bits
    assert (format_.exponent_bits, format_.mantissa_bits) == (info.nexp, info.nmant)
    assert format_.max == Fraction(float(info.max))
    assert format_.min_normal == Fraction(float(info.smallest_normal))
    assert format_.min_subnormal == Fraction(float(info.smallest_subnormal))
    assert (format_.emin, format_.emax + 1) == (info.minexp, info.maxexp)


@pytest.mark.parametrize(("name", "bias", "largest", "min_normal", "min_subnormal"), TYPED_IN)
def test_formats_numbers_typed_in(
    name: str, bias: int, largest: Fraction, min_normal: Fraction, min_subnormal: Fraction
) -> None:
    format_ = parse_format(name)
    assert isinstance(format_, FloatFormat)
    assert format_.bias == bias == format_.exponent_bias
    assert (format_.max, format_.min_normal) == (largest, min_normal)
    assert format_.min_subnormal == min_subnormal == Fraction(2) ** format_.lsb_exponent


@pytest.mark.parametrize(
    ("name", "max_code", "inf_code", "nan_code", "has_negative_zero"),
    [
        ("e3m4", 0x6F, 0x70, 0x78, True),
        ("e4m3ieee", 0x77, 0x78, 0x7C, True),
        ("e4m3", 0x7E, None, 0x7F, True),
        ("e4m3fnuz", 0x7F, None, 0x80, False),
        ("e4m3none", 0x7F, None, None, True),
        ("e2m1", 0x7, None, None, True),
        ("e2m1ieee", 0x5, 0x6, 0x7, True),
        ("e1m1fn", 0x2, None, 0x3, True),
        ("fp16", 0x7BFF, 0x7C00, 0x7E00, True),
        ("bf16", 0x7F7F, 0x7F80, 0x7FC0, True),
        ("e6m9", 0x7DFF, 0x7E00, 0x7F00, True),
        ("fp32", 0x7F7FFFFF, 0x7F800000, 0x7FC00000, True),
    ],
)
def test_formats_special_codes(
    name: str,
    max_code: int,
    inf_code: int | None,
    nan_code: int | None,
    has_negative_zero: bool,
) -> None:
    format_ = parse_format(name)
    assert isinstance(format_, FloatFormat)
    assert (format_.max_code, format_.inf_code, format_.nan_code) == (max_code, inf_code, nan_code)
    assert (format_.has_inf, format_.has_nan) == (inf_code is not None, nan_code is not None)
    assert format_.has_negative_zero is has_negative_zero
    assert format_.sign_code == 1 << (format_.bits - 1)


@pytest.mark.parametrize(
    ("name", "bits", "largest", "magnitude"),
    [("int4", 4, 7, 8), ("int8", 8, 127, 128), ("int8s", 8, 127, 127), ("int16", 16, 32767, 32768)],
)
def test_formats_integers(name: str, bits: int, largest: int, magnitude: int) -> None:
    format_ = parse_format(name)
    assert (format_.bits, format_.max, format_.max_magnitude) == (bits, largest, magnitude)
    assert (format_.lsb_exponent, format_.has_inf, format_.has_nan) == (0, False, False)


def test_formats_named_formats_carry_their_names() -> None:
    names = [
        name for name, format_ in NAMED_FORMATS.items() if format_.name == name == str(format_)
    ]
    assert names == list(NAMED_FORMATS)
    assert len(names) == 20 == len(set(NAMED_FORMATS.values()))


@settings(derandomize=True, database=None, deadline=None, max_examples=1000)
@given(formats())
def test_formats_names_are_read_back(format_: FloatFormat | IntFormat) -> None:
    assert parse_format(format_.name) == format_
    assert parse_format(f" {format_.name.upper()} ") == format_


@settings(derandomize=True, database=None, deadline=None, max_examples=1000)
@given(floats())
def test_formats_largest_number_is_its_code(format_: FloatFormat) -> None:
    field, mantissa = divmod(format_.max_code, 2**format_.mantissa_bits)
    exponent = field - format_.exponent_bias
    assert (
        format_.max == (1 + Fraction(mantissa, 2**format_.mantissa_bits)) * Fraction(2) ** exponent
    )
    assert format_.emax == exponent
    assert format_.precision == format_.mantissa_bits + 1


@pytest.mark.parametrize(("text", "name"), CANONICAL)
def test_formats_canonical_name(text: str, name: str) -> None:
    assert parse_format(text).name == name
    assert parse_format(text) == parse_format(name)


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_formats_error(text: str, message: str) -> None:
    with pytest.raises(FormatError) as error:
        parse_format(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    "module",
    [
        "fp8mac.hw.config.formats",
        "fp8mac.hw.config.unit",
        "fp8mac.sim.exact.codecs",
        "fp8mac.sim.exact.values",
        "fp8mac.sim.exact.golden",
    ],
)
def test_formats_imports_are_light(module: str) -> None:
    heavy = "{'amaranth', 'numpy', 'pyosys'} & set(sys.modules)"
    command = f"import sys, {module}; print(sorted({heavy}), {module}.__name__)"
    result = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert result.stdout == f"[] {module}\n"
