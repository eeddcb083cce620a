# amaranth: UnusedElaboratable=no
"""Proofs in parts: every part finds what is wrong with it, and the parts make up the whole."""

import dataclasses
import re

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from samples import one_in

from fp8mac.gen.describe import module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.proofs.bugs.dots.fixed import DOT_MUTATIONS
from fp8mac.proofs.bugs.mutations import mutated_rtlil, mutations_of, parse_unit_text
from fp8mac.proofs.check.checks import Check, CheckKind, Verdict, plan, plan_circuit
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.check.parts import prove_in_parts
from fp8mac.proofs.check.prove import Prover
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.proofs.cuts.dots import DotCuts
from fp8mac.proofs.cuts.gates import CutError, Gates
from fp8mac.proofs.cuts.linear import linear_form

SOLVER = Solver(600)
SMALL = "e2m1 x 2 -> kulisch:1"


class Adders(wiring.Component):
    """A full adder and half of another; the carry of the full one can be wrong in one case."""

    a: In(4)
    y: Out(3)

    def __init__(self, *, wrong=False):
        self.wrong = wrong
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        a, names = self.a, ("sum_0", "carry_0", "sum_1", "carry_1")
        sum_0, carry_0, sum_1, carry_1 = (Signal(name=name) for name in names)
        carry = (a[0] & a[1]) | (a[2] & (a[0] ^ a[1]))
        m.d.comb += [
            sum_0.eq(a[0] ^ a[1] ^ a[2]),
            carry_0.eq(carry | (a[0] & ~a[1] & ~a[2]) if self.wrong else carry),
            sum_1.eq(carry_0 ^ a[3]),
            carry_1.eq(carry_0 & a[3]),
            self.y[0].eq(sum_0),
            self.y[1].eq(sum_1),
            self.y[2].eq(carry_1),
        ]
        return m


def adders(*, wrong=False, hidden=()):
    gates = Gates(rtlil.convert(Adders(wrong=wrong), name="top", emit_src=False), "top")
    names = ("sum_0", "carry_0", "sum_1", "carry_1")
    nets = {gates.bus(name)[0] for name in names if name not in hidden}
    result = [(bit, 1 << at) for at, bit in enumerate(gates.bus("y"))]
    return gates, linear_form(gates, result, 3, adders=nets, leaves={*gates.bus("a")})


def test_adders_add():
    gates, form = adders()
    a = gates.bus("a")
    assert form.weights == {a[0]: 1, a[1]: 1, a[2]: 1, a[3]: 2}
    assert (form.constant, form.width) == (0, 3)


def test_wrong_adder_is_found():
    with pytest.raises(CutError, match=r"^The gates behind carry_0\[0\] and sum_0\[0\] do not "):
        adders(wrong=True)


def test_net_that_is_no_adder_is_not_believed():
    with pytest.raises(CutError, match=r"^carry_1\[0\] hangs on 4 nets: it is no adder\.$"):
        adders(hidden=("carry_0",))


def test_carry_that_counts_twice_is_found():
    gates, _ = adders()
    nets = {gates.bus(name)[0] for name in ("sum_0", "carry_0", "sum_1", "carry_1")}
    result = [(gates.bus("sum_0")[0], 1), (gates.bus("carry_0")[0], 4)]
    with pytest.raises(CutError, match="do not add what they are given"):
        linear_form(gates, result, 3, adders=nets, leaves={*gates.bus("a")})


def gates_of(line, goal=Goal.AREA):
    config = parse_line(line)
    top = module_name(config, Shape.CORE, goal=goal)
    return config, Gates(rtlil_text(config, Shape.CORE, goal=goal), top)


@pytest.mark.parametrize("goal", [Goal.AREA, Goal.SPEED, Goal.FPGA])
def test_weights_of_a_sum(goal):
    config, gates = gates_of(SMALL, goal)
    form = DotCuts(config, gates, "accumulator.").sum()
    assert form.width == config.acc_bits == 10
    # Of each lane eight bits of a magnitude, of which three are always zero, and its sign twice.
    assert sorted(form.weights.values())[-2:] == [256, 256]
    assert form.constant == -2 * 256 % 1024


def without(gates, **other):
    """The same gates with other nets."""
    copy = object.__new__(Gates)
    copy.nets = gates.nets | other
    copy.kinds, copy.inputs = dict(gates.kinds), dict(gates.inputs)
    return copy


def refused(config, gates):
    with pytest.raises(CutError) as error:
        DotCuts(config, gates, "accumulator.").check()
    return str(error.value)


def test_parts_have_to_be_the_whole():
    config, gates = gates_of("e4m3 x 2 -> kulisch:1")
    assert "(assert (not (= " in DotCuts(config, gates, "accumulator.").check()
    a, c = gates.bus("a"), gates.bus("c")
    swapped = without(gates, a=[*a[8:], *a[:8]])
    assert refused(config, swapped) == "Lane 0 hangs on 8 bits that are none of its own."
    shifted = without(gates, c=[*c[1:], c[0]])
    assert refused(config, shifted) == "The register does not count as what it is."
    less = without(gates, **{"accumulator.lane_0.terms": []})
    assert refused(config, less).endswith(" hangs on 4 nets: it is no adder.")
    both = without(gates, **{"accumulator.lane_0.raised": gates.bus("accumulator.lane_1.raised")})
    assert refused(config, both) == "The flag nan is not one of any lane."
    y = without(gates, y=[*gates.bus("y")[1:], gates.bus("a")[0]])
    assert refused(config, y) == "What follows the sum hangs on more than the sum."
    unnamed = without(gates)
    del unnamed.nets["accumulator.total"]
    assert refused(config, unnamed) == "There is no net accumulator.total to cut at."


def test_other_numbers_are_not_the_products():
    config, gates = gates_of(SMALL)
    other = dataclasses.replace(config, b=parse_line("int4 -> int8").b)
    with pytest.raises(CutError, match=r"^Lane 0 does not give the product of a=0x1 and b=0x5\.$"):
        DotCuts(other, gates, "accumulator.").check()
    e4m3 = "e4m3 x 2 -> kulisch:1"
    config, gates = gates_of(e4m3)
    other = parse_line(e4m3.replace("e4m3", "e4m3none"))
    assert other.product_bits == config.product_bits
    with pytest.raises(CutError, match=r"^Lane 0 raises other flags than its product\.$"):
        DotCuts(dataclasses.replace(config, a=other.a), gates, "accumulator.").check()


def test_wide_operands_are_not_tried():
    config, gates = gates_of("int11 x 2 -> int32")
    assert refused(config, gates) == (
        "A lane of 22 bits has too many operands: those of 20 bits are tried."
    )


def test_sum_that_is_too_narrow_is_found():
    text = mutated_rtlil(
        parse_line("int4 x 3 -> int8:saturate"),
        Shape.CORE,
        dataclasses.replace(
            DOT_MUTATIONS[0], module="dot.fixed", old="max(width, sum_bits) + 1", new="width"
        ),
    )
    config = parse_line("int4 x 3 -> int8:saturate")
    gates = Gates(text, module_name(config, Shape.CORE))
    assert refused(config, gates) == "The sum has 8 bits, which do not hold it."


UNITS = [
    ("e2m1 x 3 -> kulisch:2",),
    ("e4m3 x 16 -> kulisch:7",),
    ("int8 x 16 -> int32",),
    ("int4 x 3 -> int8:saturate",),
    ("e5m2*int3 x 2 -> kulisch:40",),
    ("int8 x 4 -> int32:segmented=8",),
    ("e2m1 x 5 -> kulisch:4:segmented=3:resolve=idle",),
    ("int4 x 4 -> int16:segmented=5:resolve=combinational",),
    ("int5s x 3 -> int12, stages 2",),
]


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("goal", [Goal.AREA, Goal.SPEED, Goal.FPGA])
@pytest.mark.parametrize("line", one_in(9, UNITS))
def test_unit_is_proved(line, goal, shape):
    circuit = Circuit.built(parse_line(line), shape, goal=goal)
    assert prove_in_parts(circuit, SOLVER).reason == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Mux(clear, 0, self.acc)", "self.acc"),
        ("m.If(en)", "m.If(en | clear)"),
        ("raised | (sticky & ~clear)", "raised"),
    ],
)
def test_what_is_around_the_core_is_proved_too(old, new):
    config = parse_line("e4m3 x 2 -> kulisch:1")
    bug = dataclasses.replace(DOT_MUTATIONS[0], module="units.mac", old=old, new=new)
    circuit = Circuit.mutated(config, Shape.UNIT, bug)
    assert prove_in_parts(circuit, SOLVER).reason == "What is around the core is wrong."


@pytest.mark.parametrize("mutation", DOT_MUTATIONS[::6], ids=lambda bug: bug.name)
def test_planted_bug_is_refuted(mutation):
    config = parse_unit_text(mutation.units[0])
    goal = mutation.goals[0]
    check = Check(config, Shape.CORE, CheckKind.MUTATION, Encoding.BITWUZLA, mutation, goal=goal)
    record = Prover(SOLVER).run(check)
    assert record.verdict is Verdict.REFUTED
    assert record.counterexample is not None
    assert re.search(r"[.]$", record.reason)


def test_bugs_of_lanes_are_those_of_units_of_lanes():
    single, several = parse_line("e4m3 -> kulisch:3"), parse_line("e4m3 x 2 -> kulisch:3")
    assert not {*mutations_of(single, Shape.UNIT)} & {*DOT_MUTATIONS}
    assert {each.part for each in mutations_of(several, Shape.CORE)} == {"lanes", "sum"}
    assert {each.part for each in mutations_of(several, Shape.UNIT)} >= {"clear", "enable", "flags"}
    fast = mutations_of(several, Shape.CORE, goal=Goal.SPEED)
    assert {each.part for each in fast} == {"lanes", "sum", "last"}


def test_plan_has_no_codes_to_decode():
    kinds = [check.kind for check in plan([parse_line("e2m1 x 2 -> kulisch:1")], mutations=1)]
    assert kinds == 2 * [CheckKind.STEP, CheckKind.MUTATION, CheckKind.VERILOG, CheckKind.NETLIST]


def test_module_of_others_is_refused():
    config = parse_line(SMALL)
    with pytest.raises(ConfigError) as error:
        plan_circuit(Circuit(config, Shape.CORE, "", "top", "verilog"))
    assert str(error.value) == (
        "A module of e2m1 x 2 -> kulisch:1 is proved in parts, which are known of our own alone; "
        "'fp8mac vectors' tests others."
    )
