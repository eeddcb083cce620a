"""Proofs in parts of sums that are made of other sums: late accumulators, groups, scaled blocks."""

import dataclasses

import pytest
from cut_cores import parts_of
from samples import one_in

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.proofs.bugs.dots.joined import JOINED_MUTATIONS
from fp8mac.proofs.bugs.mutations import mutations_of, parse_unit_text
from fp8mac.proofs.check.checks import Check, CheckKind, Verdict, parts_encoding
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.check.parts import prove_in_parts
from fp8mac.proofs.check.prove import Prover
from fp8mac.proofs.check.queries import Query
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.proofs.cuts.floats.questions import float_questions, has_parts
from fp8mac.proofs.cuts.gates import CutError

SOLVER = Solver(600)
LATE = "e2m1 x 2 -> e4m3ieee:odd:sum0, window 6:odd, late"
GROUPS = "e2m1 x 4 -> e4m3ieee, window 5, groups 2 of 2, join 5"
ALIGNED = "e2m1 x 2 -> e4m3ieee:sum0, window 5, groups 2, join 5:floor, late 12 5:floor drop 5"
BOUNDED = "e5m2 x 2 -> fp16:sum0, window 12, products bounded, late 16 12:floor"
SCALED = "mxfp4 x 4 -> e4m3ieee, groups 2 of 2, join 5"
FACTORS = "nvfp4 x 4 -> e4m3ieee, groups 2 of 2, join 5"


def verdict(text, config):
    return SOLVER.solve(Query(text, ()), parts_encoding(config)).verdict


def prove(parts):
    """Prove what is left to a solver, too; an error says what is wrong."""
    for what, text in float_questions(parts):
        if verdict(text, parts.config) != "unsat":
            raise CutError(f"{what} is wrong.")


UNITS = [
    (GROUPS, Goal.AREA, Shape.CORE),
    (FACTORS, Goal.SPEED, Shape.UNIT),
    (LATE, Goal.AREA, Shape.UNIT),
    ("e4m3 x 3 -> bf16:rtz, window 9, late", Goal.SPEED, Shape.CORE),
    (BOUNDED, Goal.AREA, Shape.UNIT),
    (ALIGNED, Goal.SPEED, Shape.UNIT),
    (SCALED, Goal.SPEED, Shape.CORE),
    ("e4m3*e5m2 x 4 -> bf16:odd, window 9:odd, groups 2 of 2, join 11:odd", Goal.AREA, Shape.CORE),
    ("e2m3 x 4 -> e5m4:saturate:plus0, window 9, groups 4, join 6, late", Goal.AREA, Shape.CORE),
    ("fp16 x 2 -> fp16:rtz, window 9:odd, late 14 12", Goal.AREA, Shape.CORE),
    ("bf16 x 2 -> bf16, window 9, products bounded, late 12 9", Goal.AREA, Shape.CORE),
    ("mxfp8 x 4 -> bf16:rtz, groups 2 of 2, join 12:floor", Goal.AREA, Shape.UNIT),
    ("nvfp4 x 4 -> fp16:odd, groups 2 of 2, join 14:odd", Goal.AREA, Shape.CORE),
    ("e4m3 x 3 -> e3m2ieee:odd, window 10, late 7 9 drop 11", Goal.AREA, Shape.CORE),
    ("e2m1 x 4 -> e4m3ieee, window 9, groups 2 of 2, join 3, late 12 5", Goal.AREA, Shape.CORE),
]


@pytest.mark.parametrize(("line", "goal", "shape"), one_in(4, UNITS))
def test_unit_is_proved(line, goal, shape):
    circuit = Circuit.built(parse_line(line), shape, goal=goal)
    assert prove_in_parts(circuit, SOLVER).reason == ""


SPECIALS, ROUNDING = "Which terms are no numbers", "The rounding"
WINDOW = ("The largest exponent of products", "The place of a product")
JOIN = ("The largest exponent of sums", "The place of a sum")


@pytest.mark.parametrize(
    ("line", "goal", "questions"),
    [
        (LATE, Goal.AREA, (*WINDOW, SPECIALS, ROUNDING, "The sum with the accumulator")),
        (GROUPS, Goal.AREA, (*WINDOW, *JOIN, SPECIALS, ROUNDING)),
        (
            BOUNDED,
            Goal.AREA,
            (*WINDOW, *JOIN, "Whether a product is beyond the range", SPECIALS, ROUNDING),
        ),
        (
            FACTORS,
            Goal.SPEED,
            (
                SPECIALS,
                "The product of scales",
                "The place of a product",
                "The last addition of a group",
                "The magnitude of a group's sum",
                *JOIN,
                ROUNDING,
            ),
        ),
    ],
)
def test_questions_and_what_is_known(line, goal, questions):
    """What a part may take for known is possible: otherwise anything would be proved."""
    texts = dict(float_questions(parts_of(line, goal)))
    assert (*texts,) == questions
    for what, text in texts.items():
        known, _, claim = text.rpartition("(assert (not ")
        assert claim.endswith("))\n")
        both = f"{known}(assert {claim[:-3]})\n"
        assert verdict(both, parse_line(line)) == "sat", what


@pytest.mark.parametrize(
    ("line", "net", "change", "reason"),
    [
        (
            GROUPS,
            "window_1.place_1.addend",
            lambda net: net[1:],
            "does not add every term|no adder",
        ),
        (GROUPS, "window_1.some", lambda net: ["1"], "The largest exponent of products is wrong"),
        (GROUPS, "window_0.largest", lambda net: net[1:], "The largest exponent of products"),
        (GROUPS, "window_0.value", lambda net: net[:-3], "The sum has "),
        (GROUPS, "join.largest", lambda net: net[::-1], "The largest exponent of sums is wrong"),
        (GROUPS, "join.place_2.sign", lambda net: ["0"], "does not add every term"),
        (ALIGNED, "join_some", lambda net: ["1"], "The largest exponent of sums is wrong"),
        (LATE, "finish.code", lambda net: net[::-1], "The rounding is wrong"),
        (BOUNDED, "beyond_1", lambda net: ["0"], "a product is beyond the range is wrong"),
        (SCALED, "scale_0", lambda net: net[1:], "The product of scales is wrong"),
        (SCALED, "group_1.total", lambda net: net[1:], "do not add what they are given"),
        (FACTORS, "group_0_scaled", lambda net: net[1:], "every product of two bits"),
        (FACTORS, "scale_0_present", lambda net: ["1"], "is wrong"),
    ],
)
def test_parts_have_to_be_the_whole(line, net, change, reason):
    parts = parts_of(line)
    name = f"accumulator.{net}"
    parts.gates.nets[name] = change(parts.gates.nets[name])
    with pytest.raises(CutError, match=reason):
        prove(parts)


@pytest.mark.parametrize(
    ("line", "old", "new", "what"),
    [
        (LATE, "odd:sum0", "rtz:sum0", "The sum with the accumulator"),
        (LATE, "odd:sum0", "sum0", "The sum with the accumulator"),
        (LATE, "window 6", "window 5", "The place of a product"),
        (GROUPS, "join 5", "join 4", "The place of a sum"),
        (GROUPS, "join 5", "join 5:odd", "The place of a sum"),
        (ALIGNED, "drop 5", "drop 4", "The place of a sum"),
        (ALIGNED, "drop 5", "", "The place of a sum"),
        (ALIGNED, "late 12 5", "late 13 5", "The place of a sum"),
        (BOUNDED, ", products bounded", "", "Which terms are no numbers"),
        (BOUNDED, "fp16:sum0", "fp16:rtz:sum0", "The rounding"),
        (FACTORS, "join 5", "join 6", "The place of a sum"),
    ],
)
def test_another_description_is_not_proved(line, old, new, what):
    assert old in line
    other = dataclasses.replace(parts_of(line), config=parse_line(line.replace(old, new)))
    try:
        wrong = [
            asked for asked, text in float_questions(other) if verdict(text, other.config) == "sat"
        ]
    except CutError as error:
        wrong = [str(error)]
    assert any(each.startswith((what, "The sum does not add")) for each in wrong)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rvbna-fp8-e4m3", True),
        ("rvbna-fp8-e5m2", True),
        ("mi300-fp8", True),
        ("mi300-bf8", True),
        ("mi300-fp16", True),
        ("mi300-bf16", True),
        ("mi300-xf32", True),
        ("b200-mxfp4", True),
        ("b200-nvfp4", True),
        ("mi100-fp16", False),
        ("mi200-fp16", False),
        ("e2m1 x 4 -> fp16, window 9, groups 2", False),
        ("e2m1 x 4 -> e4m3ieee, window 5, products bounded, late", False),
        ("e2m1 x 2 -> fp16:daz, window 9, late 12 11", False),
        ("e2m1 x 2 -> fp16, window 9, late 12 11, exponents as fp16", True),
        ("fp16 x 2 -> fp16, window 9, late 12 11, exponents normalised", False),
    ],
)
def test_which_units_are_proved(line, expected):
    assert has_parts(parse_line(line)) is expected


def test_who_translates():
    """z3 adds no numbers of more exponent bits than their significands have."""
    for line, encoding in (
        ("rvbna-fp8-e4m3", Encoding.Z3),
        ("e4m3 x 3 -> bf16:rtz, window 9, late", Encoding.BITWUZLA),
        ("mi300-fp8", Encoding.BITWUZLA),
        ("e4m3 x 2 -> e6m9", Encoding.Z3),
        ("int8 x 2 -> int32", Encoding.BITWUZLA),
    ):
        assert parts_encoding(parse_line(line)) is encoding


@pytest.mark.parametrize(
    "mutation", one_in(7, [(each,) for each in JOINED_MUTATIONS]), ids=lambda bug: bug.name
)
def test_planted_bug_is_refuted(mutation):
    config = parse_unit_text(mutation.units[0])
    goal, kind = mutation.goals[0], CheckKind.MUTATION
    check = Check(config, Shape.CORE, kind, parts_encoding(config), mutation, goal=goal)
    record = Prover(SOLVER).run(check)
    assert record.verdict is Verdict.REFUTED
    assert record.counterexample is not None


def test_bugs_are_in_every_part():
    parts = {"float lanes", "float specials", "largest exponent", "terms", "sum of terms"}
    assert {each.part for each in JOINED_MUTATIONS} == {
        *parts,
        "scales",
        "one rounding",
        "sum of two codes",
    }
    for line in (LATE, GROUPS, ALIGNED, BOUNDED, SCALED, FACTORS):
        assert {*mutations_of(parse_line(line), Shape.CORE)} & {*JOINED_MUTATIONS}
    for line in ("e4m3 x 2 -> fp16, window 13", "mxfp8 x 32 -> fp32", "e4m3 x 2 -> kulisch:3"):
        assert not {*mutations_of(parse_line(line), Shape.CORE)} & {*JOINED_MUTATIONS}
