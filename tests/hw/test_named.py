"""Named units: each name is one line, with what that rests on."""

import pytest

from fp8mac.hw.config.accumulators import ConfigError, parse_accumulator
from fp8mac.hw.config.blocks import BLOCK_FORMATS, block_name, parse_operand
from fp8mac.hw.config.silicon.named import NAMED_UNITS, Basis, line_of, named
from fp8mac.hw.config.summation import parse_summation
from fp8mac.hw.config.unit import parse_line, parse_unit
from fp8mac.hw.units.buildable import check_buildable

#: Products of a step and fractional bits of its window, as published.
PUBLISHED = {
    "v100-fp16": (4, 23),
    "a100-fp16": (8, 24),
    "a100-bf16": (8, 24),
    "ada-fp8-e4m3": (16, 13),
    "ada-fp8-e5m2": (16, 13),
    "h100-fp16": (16, 25),
    "h100-bf16": (16, 25),
    "h100-fp8-e4m3": (32, 13),
    "h100-fp8-e5m2": (32, 13),
    "h100-mmasync-e4m3": (16, 25),
    "b200-fp8-e4m3": (32, 25),
    "b200-mxfp8-e4m3": (32, 25),
    "mi300-fp16": (8, 24),
    "mi300-fp8": (16, 24),
    "mi300-bf8": (16, 24),
}

LINES = [
    "e4m3 x 32 -> e8m13:rtz:inf:plus0, window 14",
    "mxfp4 x 64 -> fp32:rtz:inf:plus0, groups 4 of 16, join 36",
    (
        "e4m3 x 16 -> fp32:sum0, window 25, products bounded, groups 2, join 25:floor, "
        "late 32 25:floor drop 25"
    ),
    "e4m3 x 16 -> fp32, window 26, exponents as fp16, steps 2 of 2, chunk 32 -> bf16",
    "fp16 x 4 -> fp32:daz, tree, products rounded",
    "e4m3 x 8 -> fp32:odd, window 27:odd, exponents zero -126, late",
    "nvfp4 x 16 -> fp32, window 30:floor, exponents normalised",
    "mxfp8e4m3*mxfp6e2m3 x 32 -> fp32",
]


def test_units_have_the_published_lanes_and_windows():
    for name, (lanes, below) in PUBLISHED.items():
        how = parse_unit(name).summation
        assert (how.lanes, how.window_bits) == (lanes, below + 1), name
    assert [parse_unit(f"b200-{each}").summation.lanes for each in ("mxfp4", "nvfp4")] == [64, 64]
    assert (
        parse_unit("b200-nvfp4").summation.join
        == parse_summation("x 64, groups 4 of 16, join 36").join
    )


def test_every_name_is_a_unit_of_its_own():
    lines = {name: parse_unit(name).text for name in NAMED_UNITS}
    slugs = {parse_unit(name).slug for name in NAMED_UNITS}
    assert len(lines) == len(slugs) == 44
    assert all(slug.isidentifier() for slug in slugs)
    for name, line in lines.items():
        assert parse_line(line) == parse_unit(name)
        assert NAMED_UNITS[name].source
    wrong = [name for name, unit in NAMED_UNITS.items() if unit.fp16 and unit.fp16 not in lines]
    assert wrong == []
    assert NAMED_UNITS["h100-fp8-e4m3"].basis is Basis.VECTORS
    assert NAMED_UNITS["b200-fp8-e4m3"].basis is Basis.MODEL
    assert NAMED_UNITS["rvbna-fp8-e4m3"].basis is Basis.DOCUMENT


def test_short_names():
    assert parse_unit("h100-fp8") == parse_unit("H100-FP8-e4m3")
    assert named("ada-fp8") is NAMED_UNITS["ada-fp8-e4m3"]
    assert named("e4m3") is None


def test_rvbna_leaves_lanes_and_guard_bits_free():
    assert line_of("rvbna-fp8") == "e4m3 x 16 -> fp32:odd:sum0, window 28:odd, late"
    assert line_of("rvbna-fp8-e5m2 x 32") == "e5m2 x 32 -> fp32:odd:sum0, window 29:odd, late"
    assert line_of("rvbna-fp8 x 8 guard 0") == "e4m3 x 8 -> fp32:odd:sum0, window 24:odd, late"
    with pytest.raises(ConfigError) as error:
        line_of("h100-fp8 x 16")
    assert str(error.value) == "The lanes of h100-fp8-e4m3 are given, and it has no guard bits."


@pytest.mark.parametrize("line", LINES)
def test_lines_are_read_back(line):
    config = parse_line(line)
    assert config.text == line
    assert config.slug.isidentifier()


def test_slugs_of_other_numbers_are_others():
    texts = ["late 32 25", "late 3 225", "late 32 2 drop 5", "late 32 25 drop 5", "groups 2"]
    lines = [f"e4m3 x 8 -> fp32, window 25, {text}" for text in texts]
    assert len({parse_line(line).slug for line in lines}) == len(lines)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "h200-fp8",
            (
                "'h200-fp8' is not a unit; write <format>[*<format>] [x <lanes>] -> <accumulator>, "
                "and how products are added behind a comma; 'fp8mac units' lists names."
            ),
        ),
        (
            "e4m3 x 4 -> fp32, join 25",
            "There is a window for the sums of groups, but there are no groups.",
        ),
        (
            "e4m3 x 6 -> fp32, groups 4",
            "groups 4 share the products of a step evenly: lanes are a multiple of 4, not 6.",
        ),
        (
            "e4m3 x 4 -> fp32, exponents normalised",
            "Exponents of terms matter to a window only.",
        ),
        (
            "e4m3 x 4 -> fp32, tree, late",
            "A tree of adders has neither groups nor a late accumulator.",
        ),
        (
            "e4m3 x 4 -> kulisch, late",
            "Products and late sums are rounded in float accumulators, not in kulisch:12.",
        ),
        (
            "e4m3 x 4 -> kulisch, groups 2",
            "Alignment is for float products in a float accumulator.",
        ),
        (
            "e4m3 x 4 -> fp32:sr, late",
            "A step draws one random number, but every rounding needs one.",
        ),
        (
            "e4m3 x 4 -> fp32, window 9, steps 2, chunk 9",
            "steps 2 of 4 lanes are those of a chunk of 8 products.",
        ),
        (
            "mxfp4 x 5 -> fp32",
            "A step adds whole blocks of 32 elements, or equal parts of one, not 5 products.",
        ),
        (
            "mxfp4 x 4 -> kulisch",
            "Products of scaled blocks are added in a float accumulator, not in kulisch:12.",
        ),
        (
            "mxfp4 x 4 -> fp32, groups 2",
            "The products of a group share a scale: groups 2 do not in blocks of 32.",
        ),
        (
            "mxfp4*nvfp4 -> fp32",
            "Operands mxfp4 and nvfp4 do not share scales in blocks of one kind.",
        ),
        (
            "e4m3 x 4 -> fp32, window 9, exponents as int8",
            "int8 has no exponents.",
        ),
    ],
)
def test_lines_that_are_no_unit(line, message):
    with pytest.raises(ValueError, match=r"\.$") as error:
        parse_line(line)
    assert str(error.value) == message


def test_a_whole_unit_takes_nothing_beside_it():
    with pytest.raises(ConfigError, match=r"^The accumulator of e4m3 and e5m2 is to be named\.$"):
        parse_unit("e4m3", "e5m2")
    message = r"^How h100-fp8 adds is a part of it; 'x 4' is one too many\.$"
    with pytest.raises(ConfigError, match=message):
        parse_unit("h100-fp8", summation="x 4")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fp32:plus0:rtz:inf", "fp32:rtz:inf:plus0"),
        ("fp32:inf", "fp32"),  # to nearest, it overflows to infinity anyway
        ("fp32:odd:sum0", "fp32:odd:sum0"),
        ("bf16:daz", "bf16:daz"),
    ],
)
def test_accumulators(text, name):
    assert parse_accumulator(text).name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fp32:ftz:daz", "'fp32:ftz:daz' names more than one flush."),
        ("fp32:sum0:plus0", "'fp32:sum0:plus0' names more than one sign of zero."),
        ("fp32:saturate:inf", "'fp32:saturate:inf' names more than one overflow."),
    ],
)
def test_accumulators_that_say_two_things(text, message):
    with pytest.raises(ConfigError) as error:
        parse_accumulator(text)
    assert str(error.value) == message


def test_block_formats_are_read_back():
    assert len(BLOCK_FORMATS) == 7
    for name, format_ in BLOCK_FORMATS.items():
        assert parse_operand(name) == (format_.element, format_.block)
        assert block_name(format_.element, format_.block) == name
    assert parse_operand("mxfp8") == parse_operand("MXFP8E4M3")


def test_no_circuit_is_promised():
    with pytest.raises(ConfigError) as error:
        check_buildable(parse_line("mxfp4 x 64 -> fp32, window 26"))
    assert str(error.value) == (
        "No circuit adds products as in mxfp4 x 64 -> fp32, window 26; circuits add them one by "
        "one, or 1 to 64 in a step: exactly, in windows and groups of windows that are joined, or "
        "by a tree of adders, where products are rounded; not in chunks, and blocks where one "
        "scale of each operand, or one of each group, multiplies their exact sum, or a power of "
        "two a window's."
    )
    with pytest.raises(ConfigError) as error:
        check_buildable(parse_line("e4m3 -> fp16:odd"))
    assert str(error.value) == (
        "No circuit rounds as fp16:odd does; circuits round to nearest even, toward zero (:rtz) or "
        "stochastically (:sr), with :ftz and :saturate."
    )
