"""Sentences about a step."""

import pytest

from fp8mac.gen.describe import describe
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_line

NORMAL = (
    "A product's exponent is the sum of its operands', not normalised; a product that is zero has "
    "none."
)


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        (
            "e4m3 x 4 -> fp32:odd",
            ["acc + sum(a[k] * b[k]) is exact and is rounded once, to odd."],
        ),
        (
            "h100-fp8",
            [
                (
                    "Products and acc are aligned to the largest exponent E among them, and "
                    "keep the bits down to 2**(E - 13); what lies below is cut off their "
                    "magnitudes."
                ),
                NORMAL,
                "The sum of what is left is exact and is rounded once, toward zero.",
                "A finite sum beyond the largest number becomes infinity.",
                "Every zero is +0.",
            ],
        ),
        (
            "mi300-fp8",
            [
                (
                    "Products of each of 2 groups (every other one) are aligned to the "
                    "largest exponent E among them, and keep the bits down to 2**(E - 24); "
                    "what lies below is cut off their magnitudes."
                ),
                NORMAL,
                (
                    "The groups' sums are aligned to the largest of their exponents E, and "
                    "keep the bits down to 2**(E - 24); what lies below is floored."
                ),
                (
                    "The sum and acc are aligned to the larger exponent E; the sum keeps the "
                    "bits down to 2**(E - 31), acc those down to 2**(E - 24); what lies below"
                    " is floored. acc counts as zero more than 25 below E. The sum of both is"
                    " rounded once, to nearest even."
                ),
                "A product beyond acc's range is infinite, unless another term is.",
                "An exact sum of zero is +0; what underflows keeps its sign.",
            ],
        ),
        (
            "rvbna-fp8",
            [
                (
                    "Products are aligned to the largest exponent E among them, and keep the "
                    "bits down to 2**(E - 27); what lies below is jammed into the last bit."
                ),
                "Their sum is rounded once, to odd, then added to acc, and rounded so again.",
            ],
        ),
        (
            "mi200-fp16",
            [
                (
                    "Products, each rounded as acc is, are added in pairs, the sums again, "
                    "and the last one to acc; each sum is rounded once, to nearest even."
                ),
                (
                    "Subnormal operands and accumulators count as +0; a result that is "
                    "subnormal after rounding becomes a zero of its sign."
                ),
            ],
        ),
        (
            "e4m3 x 4 -> fp32, window 20, exponents as fp16",
            [
                (
                    "A product's exponent is the sum of its operands' after conversion to "
                    "fp16, not normalised; a product that is zero has none."
                )
            ],
        ),
    ],
)
def test_a_step_is_said_as_it_is(line, sentences):
    said = describe(parse_line(line), Shape.CORE)["special_cases"]
    assert isinstance(said, list)
    assert [each for each in said if each in sentences] == sentences
