"""Proofs of sums of float products in parts: each finds what is wrong with it, and knows no more.

What every planted bug does is in the committed certificate; here some of them are planted again.
"""

import dataclasses

import pytest
from cut_cores import parts_of
from samples import one_in

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.proofs.bugs.dots.beside import BESIDE_MUTATIONS
from fp8mac.proofs.bugs.dots.floats import FLOAT_DOT_MUTATIONS
from fp8mac.proofs.bugs.mutations import mutations_of, parse_unit_text
from fp8mac.proofs.check.checks import Check, CheckKind, Verdict
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.check.parts import first_mismatch, prove_in_parts
from fp8mac.proofs.check.prove import Prover
from fp8mac.proofs.check.queries import Query
from fp8mac.proofs.check.replay import with_all_registers
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.proofs.cuts.floats.questions import float_questions, has_parts
from fp8mac.proofs.cuts.gates import CutError

SOLVER = Solver(600)
BUGS = (*BESIDE_MUTATIONS, *FLOAT_DOT_MUTATIONS)
SMALL = "e2m1 x 2 -> fp16, window 13"
SCALED = "mxfp4 x 2 -> e7m1"


UNITS = [
    (SMALL, Goal.AREA, Shape.CORE),
    (SMALL, Goal.SPEED, Shape.UNIT),
    ("e4m3*e5m2 x 2 -> fp32:odd, window 25:odd", Goal.AREA, Shape.CORE),
    ("e4m3 x 2 -> bf16:sum0, window 9:floor", Goal.AREA, Shape.UNIT),
    ("e2m3 x 3 -> fp16:saturate, window 14", Goal.SPEED, Shape.CORE),
    ("e2m1 x 2 -> fp16", Goal.AREA, Shape.CORE),
    ("e2m1*e5m2 x 3 -> fp16:rtz:plus0", Goal.SPEED, Shape.CORE),
    ("e2m1 x 2 -> fp16:sr=3", Goal.AREA, Shape.UNIT),
    ("e4m3 x 2 -> bf16:sr=5:sum0, window 9:floor", Goal.AREA, Shape.CORE),
    ("e2m1 x 2 -> fp16:sr=2:saturate, window 9", Goal.SPEED, Shape.CORE),
    ("e2m1 x 2 -> e7m1", Goal.SPEED, Shape.CORE),
    ("e2m1 x 2 -> e8m2:sr=2:sum0", Goal.AREA, Shape.CORE),
    ("e2m1*e3m2 x 3 -> bf16:rtz:plus0", Goal.SPEED, Shape.CORE),
    ("mxfp4 x 2 -> e7m1:odd", Goal.AREA, Shape.CORE),
    ("mxfp4*mxfp6e3m2 x 2 -> e5m2:saturate", Goal.SPEED, Shape.UNIT),
    ("mxfp4 x 2 -> e8m2", Goal.AREA, Shape.UNIT),
    ("e2m1 x 2 -> e6m3", Goal.SPEED, Shape.CORE),
    ("e5m2 x 2 -> fp16, window 13", Goal.SPEED, Shape.UNIT),
    ("bf16*fp16 x 2 -> fp32, window 12", Goal.AREA, Shape.CORE),
    ("fp16 x 2 -> fp16:rtz, window 9:odd", Goal.SPEED, Shape.CORE),
    ("fp16 x 2 -> fp16", Goal.AREA, Shape.CORE),
    ("mxfp4 x 2 -> e8m3:rtz:plus0, window 6", Goal.AREA, Shape.UNIT),
]


@pytest.mark.slow
def test_registers_that_are_always_zero_are_driven_too():
    """A window of 4 bits leaves the low bits of a result zero; Yosys would take them out."""
    circuit = Circuit.built(parse_line("e2m1 x 2 -> fp16, window 4"), Shape.UNIT)
    _, registers = with_all_registers(circuit)
    assert {f"acc[{bit}]" for bit in range(16)} <= set(registers)
    assert first_mismatch(circuit) is None


@pytest.mark.parametrize(("line", "goal", "shape"), one_in(5, UNITS))
def test_unit_is_proved(line, goal, shape):
    circuit = Circuit.built(parse_line(line), shape, goal=goal)
    assert prove_in_parts(circuit, SOLVER).reason == ""


WINDOW = (
    "Which terms are no numbers",
    "The largest exponent",
    "The place of a product",
    "The place of the accumulator",
    "The rounding",
)
BESIDE = (
    "Which terms are no numbers",
    "The exponent of the scales",
    "The place of a product",
    "The signs against the accumulator's",
    "The sum with the accumulator",
    "The rounding",
)
FAST_BESIDE = (
    *BESIDE[:3],
    "The place of the accumulator",
    "Whether the accumulator stays",
    BESIDE[-1],
)


@pytest.mark.parametrize(
    ("line", "goal", "questions"),
    [
        (SMALL, Goal.AREA, WINDOW),
        (SCALED, Goal.AREA, BESIDE),
        (SCALED, Goal.SPEED, FAST_BESIDE),
    ],
)
def test_questions_and_what_is_known(line, goal, questions):
    """What a part may take for known is possible: otherwise anything would be proved."""
    texts = dict(float_questions(parts_of(line, goal)))
    assert (*texts,) == questions
    for what, text in texts.items():
        known, _, claim = text.rpartition("(assert (not ")
        assert claim.endswith("))\n")
        assert SOLVER.solve(Query(known, ()), Encoding.BITWUZLA).verdict == "sat", what
        both = f"{known}(assert {claim[:-3]})\n"
        assert SOLVER.solve(Query(both, ()), Encoding.BITWUZLA).verdict == "sat", what


@pytest.mark.parametrize(
    ("net", "change", "reason"),
    [
        ("a", lambda gates: gates.bus("a")[::-1], "Lane 0 hangs on 4 bits"),
        (
            "accumulator.exponent_1",
            lambda gates: gates.bus("accumulator.exponent_0"),
            "Lane 1 hangs on 4 bits",
        ),
        (
            "accumulator.product_0.product.significand",
            lambda gates: gates.bus("accumulator.product_0.product.significand")[1:],
            "Lane 0 does not give the product",
        ),
        (
            "accumulator.window.place_1.addend",
            lambda gates: gates.bus("accumulator.window.place_0.addend"),
            "it is no adder",
        ),
        (
            "accumulator.window.value",
            lambda gates: gates.bus("accumulator.window.value")[:-3],
            "The sum has ",
        ),
    ],
    ids=["operands", "exponent", "significand", "place", "width"],
)
def test_parts_have_to_be_the_whole(net, change, reason):
    parts = parts_of(SMALL)
    parts.gates.nets[net] = change(parts.gates)
    with pytest.raises(CutError, match=reason):
        list(float_questions(parts))


def prove(parts):
    """Prove what is left to a solver, too; an error says what is wrong."""
    for what, text in float_questions(parts):
        if SOLVER.solve(Query(text, ()), Encoding.BITWUZLA).verdict != "unsat":
            raise CutError(f"{what} is wrong.")


@pytest.mark.parametrize(
    ("goal", "net", "change", "reason"),
    [
        (Goal.AREA, "total", lambda net: net[:-1], "The sum with the accumulator hangs on"),
        (Goal.AREA, "finish.value", lambda net: net[1:], "Products begin at the place 3, which"),
        (Goal.AREA, "against", lambda net: ["0"], "it is no adder"),
        (Goal.AREA, "scale_0", lambda net: net[1:], "The exponent of the scales is wrong"),
        (Goal.SPEED, "c_addend", lambda net: net[1:], "Products begin at the place 3, which"),
        (
            Goal.SPEED,
            "products_early",
            lambda net: ["0", *net[1:]],
            "do not add what they are given",
        ),
        (Goal.SPEED, "c_lost", lambda net: ["0"], "The place of the accumulator is wrong"),
        (Goal.SPEED, "finish.lowest", lambda net: net[::-1], "The place of the accumulator is"),
    ],
)
def test_parts_beside_have_to_be_the_whole(goal, net, change, reason):
    parts = parts_of(SCALED, goal)
    name = f"accumulator.{net}"
    parts.gates.nets[name] = change(parts.gates.nets[name])
    with pytest.raises(CutError, match=reason):
        prove(parts)


@pytest.mark.parametrize(
    ("goal", "net", "change", "reason"),
    [
        (
            Goal.AREA,
            "product_0.unpack_a.number.significand",
            lambda net: net[::-1],
            "every product",
        ),
        (Goal.AREA, "product_1.product.significand", lambda net: net[1:], "every product"),
        (Goal.AREA, "product_1.product.sign", lambda net: ["0"], "A product is wrong"),
        (Goal.AREA, "exponent_1", lambda net: net[:-1], "A product is wrong"),
        (Goal.AREA, "exponent_0", lambda net: net[::-1], "A product is wrong"),
        (Goal.SPEED, "product_0.hidden_b", lambda net: ["1"], "is no adder"),
        (Goal.SPEED, "product_1.total_half", lambda net: [net[1], *net[1:]], "every product"),
        (Goal.SPEED, "product_1.total_half", lambda net: ["1", *net[1:]], "is no sum of two"),
    ],
)
def test_wide_lanes_have_to_be_the_whole(goal, net, change, reason):
    parts = parts_of("fp16 x 2 -> fp32, window 24", goal)
    name = f"accumulator.{net}"
    parts.gates.nets[name] = change(parts.gates.nets[name])
    with pytest.raises(CutError, match=reason):
        prove(parts)


@pytest.mark.parametrize("goal", [Goal.AREA, Goal.SPEED])
@pytest.mark.parametrize("rounding", ["rtz", "odd", "saturate", "plus0"])
def test_another_rounding_beside_is_not_proved(goal, rounding):
    other = dataclasses.replace(parts_of(SCALED, goal), config=parse_line(f"{SCALED}:{rounding}"))
    if rounding == "plus0":
        with pytest.raises(CutError, match="that are none of its own"):
            list(float_questions(other))
        return
    asked = dict(float_questions(other))
    assert SOLVER.solve(Query(asked["The rounding"], ()), Encoding.BITWUZLA).verdict == "sat"


def test_another_description_is_not_proved():
    """Window, cut, rounding, and zeros are those of the description that is asked about."""
    parts = parts_of("e4m3 x 2 -> fp16, window 13")
    for line, what in (
        ("e4m3 x 2 -> fp16, window 13:odd", "The place of a product"),
        ("e4m3 x 2 -> fp16, window 12", "The place of a product"),
        ("e4m3 x 2 -> fp16:rtz, window 13", "The rounding"),
    ):
        other = dataclasses.replace(parts, config=parse_line(line))
        asked = dict(float_questions(other))
        assert SOLVER.solve(Query(asked[what], ()), Encoding.BITWUZLA).verdict == "sat", line
    zeros = dataclasses.replace(parts, config=parse_line("e4m3 x 2 -> fp16:sum0, window 13"))
    with pytest.raises(CutError, match=r"^The rounding hangs on 4 bits that are none of its own"):
        list(float_questions(zeros))


def test_another_random_number_is_not_proved():
    """What it decides, and what becomes of sums beyond the range, are the description's."""
    parts = parts_of("e2m1 x 2 -> fp16:sr=3")
    other = dataclasses.replace(parts, config=parse_line("e2m1 x 2 -> fp16:sr=3:saturate"))
    asked = dict(float_questions(other))
    assert SOLVER.solve(Query(asked["The rounding"], ()), Encoding.BITWUZLA).verdict == "sat"
    parts.gates.nets["random"] = parts.gates.bus("random")[::-1]
    asked = dict(float_questions(parts))
    assert SOLVER.solve(Query(asked["The rounding"], ()), Encoding.BITWUZLA).verdict == "sat"
    nearest = dataclasses.replace(parts, config=parse_line("e2m1 x 2 -> fp16"))
    with pytest.raises(CutError, match=r"^The rounding hangs on 3 bits that are none of its own"):
        list(float_questions(nearest))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("e4m3 x 2 -> fp16:sr=4", True),
        ("e4m3 x 2 -> fp16:sr=4:plus0", False),
        ("e4m3 x 4 -> fp32:sr=8, window 26", True),
        ("e4m3 x 4 -> fp32:sr=8", True),
        ("e4m3 x 2 -> e6m9", True),
        ("e4m3 x 2 -> e6m9, window 12", True),
        ("e4m3 x 4 -> fp32:daz", False),
        ("mxfp8 x 32 -> fp32", True),
        ("mxfp8 x 64 -> fp32", False),
        ("mxfp8 x 32 -> fp32, window 26", True),
        ("nvfp4 x 16 -> fp32", False),
        ("int8 x 2 -> fp16", False),
    ],
)
def test_which_units_are_proved(line, expected):
    assert has_parts(parse_line(line)) is expected


@pytest.mark.parametrize(
    "mutation", one_in(9, [(each,) for each in BUGS[::9]]), ids=lambda bug: bug.name
)
def test_planted_bug_is_refuted(mutation):
    config = parse_unit_text(mutation.units[0])
    goal = mutation.goals[0]
    check = Check(config, Shape.CORE, CheckKind.MUTATION, Encoding.BITWUZLA, mutation, goal=goal)
    record = Prover(SOLVER).run(check)
    assert record.verdict is Verdict.REFUTED
    assert record.counterexample is not None


def test_bugs_are_in_every_part():
    fast = parse_line("e4m3 x 2 -> fp16, window 13")
    parts = {"float lanes", "float specials", "largest exponent", "terms", "sum of terms"}
    parts |= {"one rounding"}
    assert {each.part for each in mutations_of(fast, Shape.CORE)} == parts
    assert {each.part for each in mutations_of(fast, Shape.CORE, goal=Goal.SPEED)} == parts
    drawn = parse_line("e4m3 x 2 -> fp16:sr=4, window 13")
    for goal in (Goal.AREA, Goal.SPEED):
        names = [each.name for each in mutations_of(drawn, Shape.CORE, goal=goal)]
        assert sum("random number" in name for name in names) == 3
    fixed = parse_line("e4m3 x 2 -> kulisch:3")
    assert not {*mutations_of(fixed, Shape.UNIT)} & {*BUGS}
