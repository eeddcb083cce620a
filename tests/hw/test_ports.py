# amaranth: UnusedElaboratable=no
"""The table of ports: what it says, and that circuits have just those."""

import pytest
from amaranth.lib.wiring import In

from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.ports import Port, Role, Shape, named, ports, wires
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_unit
from fp8mac.hw.units.mac import COMPONENTS

UNITS = [("e4m3", "e4m3", "fp16"), ("e4m3", "int8", "kulisch"), ("e5m2", "e4m3", "kulisch:3")]
UNITS += [("int8", "int4", "int32"), ("e5m2", "e5m2", "e3m2")]
UNITS += [("e4m3", "e4m3", "kulisch:3:segmented=5"), ("int8", "int8", "int32:segmented=16")]
UNITS += [("e4m3", "e5m2", f"kulisch:segmented=7:resolve={how.value}") for how in Resolve]

CORE = (
    Port("a", 8, Role.OPERAND, "operand, e5m2 code"),
    Port("b", 4, Role.OPERAND, "operand, e2m1 code"),
    Port("c", 6, Role.STATE, "accumulator, e3m2"),
    Port("y", 6, Role.RESULT, "c + a * b"),
    Port("pos_inf", 1, Role.FLAG, "the sum is +infinity; NaN if neg_inf is up as well"),
    Port("neg_inf", 1, Role.FLAG, "the sum is -infinity; NaN if pos_inf is up as well"),
)
UNIT = (
    Port("clk", 1, Role.CLOCK, "clock, rising edge"),
    Port("rst", 1, Role.RESET, "synchronous reset to zero; wins over en"),
    *CORE[:2],
    Port("en", 1, Role.CONTROL, "add this product; otherwise hold"),
    Port("clear", 1, Role.CONTROL, "begin a new sum with this product"),
    Port("acc", 6, Role.RESULT, "sum, e3m2"),
    *CORE[4:],
)


@pytest.mark.parametrize(("shape", "table"), [(Shape.CORE, CORE), (Shape.UNIT, UNIT)])
def test_table(shape, table):
    assert ports(parse_unit("e5m2", "e2m1", acc="e3m2"), shape) == table


def test_nan_is_a_flag_of_its_own():
    *_, last = ports(parse_unit("e4m3", acc="kulisch"), Shape.CORE)
    assert last == Port("nan", 1, Role.FLAG, "the sum is NaN")


SEGMENTED = Port("carry", 2, Role.CARRY, "carries between segments; bit j counts 2**(8 * (j + 1))")


@pytest.mark.parametrize(
    ("resolve", "shown"),
    [
        ("", []),
        (":resolve=combinational", [Port("sum", 19, Role.SUM, "acc and carries, added")]),
        (":resolve=idle", [Port("ready", 1, Role.READY, "there are no carries: acc is the sum")]),
    ],
)
def test_segments_have_carries(resolve, shown):
    config = parse_unit("int4", acc=f"int19:segmented=8{resolve}")
    *_, acc, carry = ports(config, Shape.UNIT)[:8]
    assert (acc.name, carry) == ("acc", SEGMENTED)
    assert list(ports(config, Shape.UNIT)[8:]) == shown
    core = [(port.name, port.bits, port.role) for port in ports(config, Shape.CORE)[2:]]
    assert core == [
        ("c", 19, Role.STATE),
        ("c_carry", 2, Role.CARRY_STATE),
        ("y", 19, Role.RESULT),
        ("y_carry", 2, Role.CARRY),
    ]


def test_directions():
    directions = {role: Port("x", 1, role, "").direction for role in Role}
    outputs = {Role.RESULT, Role.CARRY, Role.SUM, Role.READY, Role.OUTPUT, Role.FLAG, Role.VALID}
    assert directions == {role: "output" if role in outputs else "input" for role in Role}


def test_only_a_unit_is_registered():
    assert [shape.is_registered for shape in Shape] == [False, True]


def test_names_come_role_by_role():
    roles = (Role.RESULT, Role.RESET, Role.CONTROL, Role.OPERAND)
    assert list(named(UNIT, *roles)) == ["acc", "rst", "en", "clear", "a", "b"]
    assert named(UNIT, Role.STATE) == {}
    assert named(UNIT, *roles)["b"] == 4


def test_wires_are_the_bits_of_a_netlist():
    assert UNIT[3].wires == ("b[0]", "b[1]", "b[2]", "b[3]")
    assert wires(UNIT, Role.CONTROL, Role.OPERAND)[:3] == ("en", "clear", "a[0]")
    assert wires(UNIT, Role.FLAG) == ("pos_inf", "neg_inf")


@pytest.mark.parametrize("goal", Goal)
@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize(("a", "b", "acc"), UNITS)
def test_circuits_have_these_ports(a, b, acc, shape, goal):
    config = parse_unit(a, b, acc=acc)
    members = COMPONENTS[shape](config, goal).signature.members
    found = [(name, member.flow == In, member.shape) for name, member in members.items()]
    table = [port for port in ports(config, shape) if port.name not in ("clk", "rst")]
    assert found == [(port.name, port.is_input, port.bits) for port in table]
