"""Golden model of registers in segments: the value never changes but by the product."""

from fractions import Fraction

import numpy as np
import pytest

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.segments import Register, add_product, fault, reset, resolved, step

UNITS = [("e4m3", "kulisch:3:segmented=5"), ("e5m2", "kulisch:7:segmented=6")]
UNITS += [("int8", "int32:segmented=4"), ("e4m3", "kulisch:12:segmented=1")]
UNITS += [("int4", "kulisch:0:segmented=7")]


def products(config: MacConfig, count: int) -> list[golden.Value]:
    triples = biased_triples(config, count, seed=1).integers()
    found = (
        golden.multiply(golden.decode(config.a, a), golden.decode(config.b, b))
        for a, b, _ in triples
    )
    return [each for each in found if each.kind is golden.Kind.FINITE]


@pytest.mark.parametrize(("format_", "acc"), UNITS)
def test_step_from_any_segments_adds_the_product(format_, acc):
    config, checked = parse_unit(format_, acc=acc), 0
    rng = np.random.default_rng(2)
    for product in products(config, 500):
        word = int.from_bytes(rng.bytes(16)) >> 128 - config.acc_bits
        carry = int.from_bytes(rng.bytes(16)) >> 128 - len(config.carry_places)
        units = product.fraction / Fraction(2) ** config.product_lsb_exponent
        want = (resolved(config, word, carry) + int(units)) % 2**config.acc_bits
        assert resolved(config, *add_product(config, word, carry, product)) == want
        checked += 1
    assert checked > 300


def test_carries_count_where_they_enter():
    config = parse_unit("int4", acc="int10:segmented=4")
    assert list(config.carry_places) == [4, 8]
    assert [resolved(config, 5, carry) for carry in range(4)] == [5, 21, 261, 277]
    assert resolved(config, 0x3FF, 0b01) == 0xF  # modulo 2**10


def test_product_of_floats_is_complemented_and_its_one_enters_below():
    config = parse_unit("e2m1", acc="kulisch:4:segmented=4")
    minus_zero = golden.Value(1, 0, 0)
    assert config.acc_bits == 13
    assert add_product(config, 0, 0, minus_zero) == (0x1FF0, 0b001)
    assert add_product(config, 0, 0, golden.Value(0, 0, 0)) == (0, 0)


def test_product_of_integers_is_in_twos_complement():
    config = parse_unit("int4", acc="int12:segmented=4")
    assert add_product(config, 0, 0, golden.Value.of(-1)) == (0xFFF, 0)
    assert add_product(config, 1, 0, golden.Value.of(-1)) == (0xFF0, 1)


@pytest.mark.parametrize(("format_", "acc"), UNITS)
def test_idle_cycles_leave_no_carry_after_so_many_and_not_before(format_, acc):
    config = parse_unit(format_, acc=f"{acc}:resolve=idle")
    bound, bits, segment = len(config.carry_places), config.acc_bits, config.segment_bits
    ripple = (1 << bits) - (1 << segment)  # a carry goes through all segments but the lowest
    state = golden.State(resolved(config, ripple, 1), (False,) * len(config.flags))
    register = Register(ripple, 1, state)
    for cycle in range(bound):
        assert register.carry == 1 << cycle
        register = step(config, register, 0xFF, 0xFF, en=False, clear=True)
    assert register == (0, 0, state)
    assert state.acc == 0


def test_step_holds_clears_and_resets():
    config = parse_unit("int8", acc="int32:segmented=4")
    held = step(config, step(config, reset(config), 5, 3), 1, 1)
    assert held == (0, 1, golden.State(16, ()))
    assert step(config, held, 7, 7, en=False, clear=True) == held
    assert step(config, held, 2, 3, clear=True) == (6, 0, golden.State(6, ()))
    assert step(config, held, 7, 7, rst=True) == reset(config) == (0, 0, golden.State(0, ()))


def test_step_raises_a_flag_until_it_is_cleared():
    config = parse_unit("e4m3", acc="kulisch:3:segmented=5")
    register = step(config, reset(config), 0x7F, 0x38)
    register = step(config, register, 0x38, 0x38)
    assert register.state == golden.State(None, (True,))
    register = step(config, register, 0x38, 0x38, clear=True)
    assert register == (1 << 18, 0, golden.State(1 << 18, (False,)))


@pytest.mark.parametrize(
    ("resolve", "words", "shown", "controls", "found"),
    [
        ("", ((5, 2), (5, 2)), {}, (0, 0), ""),
        ("", ((5, 2), (5, 0)), {}, (0, 0), "the register does not hold"),
        ("", ((5, 2), (9, 0)), {}, (1, 0), ""),
        ("", ((5, 2), (0, 0)), {}, (1, 1), ""),
        ("", ((5, 2), (0, 1)), {}, (1, 1), "reset leaves something"),
        ("combinational", ((5, 2), (5, 2)), {"sum": 261}, (0, 0), ""),
        ("combinational", ((5, 2), (5, 2)), {"sum": 5}, (0, 0), "sum is not the sum"),
        ("idle", ((5, 2), (261, 0)), {"ready": 0}, (0, 0), ""),
        ("idle", ((5, 2), (5, 2)), {"ready": 0}, (0, 0), "an idle cycle leaves the lowest carry"),
        ("idle", ((5, 2), (5, 1)), {"ready": 0}, (0, 0), "an idle cycle leaves the lowest carry"),
        ("idle", ((5, 1), (5, 2)), {"ready": 0}, (0, 0), ""),
        ("idle", ((5, 0), (5, 2)), {"ready": 1}, (0, 0), "an idle cycle leaves the lowest carry"),
        ("idle", ((5, 2), (261, 0)), {"ready": 1}, (0, 0), "ready is wrong"),
    ],
)
def test_fault(resolve, words, shown, controls, found):
    acc = "int10:segmented=4" + f":resolve={resolve}" * bool(resolve)
    en, rst = map(bool, controls)
    assert fault(parse_unit("int4", acc=acc), *words, shown, en=en, rst=rst) == found


def test_fault_leaves_the_register_alone_while_a_flag_is_up():
    config = parse_unit("e2m1", "e4m3", acc="kulisch:4:segmented=4:resolve=combinational")
    words, shown = ((5, 2), (9, 0)), {"sum": 5 + (1 << 8)}
    assert fault(config, *words, shown, en=False, rst=False) == "the register does not hold"
    assert fault(config, *words, shown, en=False, rst=False, flagged=True) == ""
    wrong = fault(config, *words, {"sum": 5}, en=False, rst=False, flagged=True)
    assert wrong == "sum is not the sum"


def test_segments_are_fewer_bits_than_the_register():
    with pytest.raises(ConfigError) as error:
        parse_unit("int8", acc="int32:segmented=32")
    assert str(error.value) == (
        "A register of 32 bits is cut into segments of 1 to 31 bits, not 32."
    )
