"""The worked example of CONTRIBUTING.md: an accumulator that the project does not have.

``sm<N>``: a sign and N - 1 bits of magnitude, for integer operands; a sum beyond the range becomes
its nearest end. Nothing of the project is changed for it: the fixture `registered` puts it into the
three tables.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from circuits import mapped_rtlil

from fp8mac.gen.describe import describe, module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.gen.verilog import verilog_text
from fp8mac.hw.area.family import AREA
from fp8mac.hw.config.formats import parse_format
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import GATE_GOALS, Goal
from fp8mac.hw.config.summation import parse_summation
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.parts.family import Parts
from fp8mac.hw.speed.family import SPEED
from fp8mac.sim.check.cosim import check_core
from fp8mac.sim.check.stimuli import Triples
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.codecs import REGISTERS, FixedPointCodec
from fp8mac.sim.exact.values import Value
from fp8mac.sim.gemm.gemm import GemmError, gemm


# 1. Description: in hw/config/accumulators.py, with a branch of parse_accumulator.
@dataclass(frozen=True)
class SignMagnitudeConfig:
    bits: int

    @property
    def name(self):
        return f"sm{self.bits}"


# 2. Golden model: in sim/exact/codecs.py, from the specification.
class SignMagnitudeCodec(FixedPointCodec):
    def decode(self, code):
        top = 1 << self.bits - 1
        return Value(code // top, code % top, self.lsb_exponent)

    def encode(self, value, *_):
        magnitude = min(value.magnitude << value.exponent - self.lsb_exponent, self.max)
        return (value.sign << self.bits - 1) + magnitude if magnitude else 0


# 3. A circuit a family: hw/area/sign_magnitude.py and hw/speed/sign_magnitude.py.
class SignMagnitudeAccumulator(wiring.Component):
    def __init__(self, config):
        bits = config.acc_bits
        super().__init__(
            {"a": In(config.a.bits), "b": In(config.b.bits), "c": In(bits), "y": Out(bits)}
        )

    def magnitude(self, m, total):
        """One adder, and one for the complement behind it."""
        return Mux(total[-1], -total, total)

    def limit(self):
        return -1

    def elaborate(self, platform):
        m = Module()
        bits = len(self.c) - 1
        held = Mux(self.c[-1], -self.c[:-1], self.c[:-1])
        total = Signal(signed(bits + 2))
        m.d.comb += total.eq(held + self.a.as_signed() * self.b.as_signed())
        magnitude = Signal(bits + 1)
        m.d.comb += magnitude.eq(self.magnitude(m, total))
        kept = Mux(magnitude[-1], self.limit(), magnitude[:-1])[:bits]
        m.d.comb += self.y.eq(Cat(kept, total[-1] & magnitude.any()))
        return m


class FastSignMagnitudeAccumulator(SignMagnitudeAccumulator):
    def magnitude(self, m, total):
        """Both signs of the sum at once."""
        held = Mux(self.c[-1], self.c[:-1], -self.c[:-1])
        other = Signal(total.shape())
        m.d.comb += other.eq(held - self.a.as_signed() * self.b.as_signed())
        return Mux(total[-1], other, total)


# 4. A planted bug: in proofs/bugs.
class Wrong(SignMagnitudeAccumulator):
    def limit(self):
        return -2


UNIT = MacConfig(parse_format("int3"), parse_format("int3"), SignMagnitudeConfig(6))


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(REGISTERS, SignMagnitudeConfig, SignMagnitudeCodec)
    for family, circuit in (
        (AREA, SignMagnitudeAccumulator),
        (SPEED, FastSignMagnitudeAccumulator),
    ):
        made = lambda config, *_, circuit=circuit: Parts(None, circuit(config))  # noqa: E731
        monkeypatch.setitem(family, SignMagnitudeConfig, made)


def number(code, bits):
    """Of a code in sign and magnitude."""
    return -(code % (1 << bits - 1)) if code >> bits - 1 else code


def every_step():
    steps = np.array(list(product(range(8), range(8), range(64))), np.uint64)
    return Triples(steps[:, 0], steps[:, 1], steps[:, 2:])


def netlist(goal=Goal.AREA):
    return mapped_rtlil(
        rtlil_text(UNIT, Shape.CORE, goal=goal), module_name(UNIT, Shape.CORE, goal=goal)
    )


def test_it_has_a_name_and_widths():
    assert (UNIT.slug, UNIT.text) == ("mac_int3_int3_sm6", "int3 -> sm6")
    assert (UNIT.acc_bits, UNIT.product_bits, UNIT.flags) == (6, 6, ())


def test_the_golden_model_is_python():
    seen = set()
    for a, b, c in every_step().integers():
        exact = number(c, 6) + (a - 8 * (a > 3)) * (b - 8 * (b > 3))
        acc = golden.mac(UNIT, a, b, c).acc
        assert number(acc, 6) == max(-31, min(31, exact))
        seen.add(acc)
    assert len(seen) == 63  # all codes but -0


@pytest.mark.parametrize("goal", GATE_GOALS)
def test_circuits_are_the_golden_model(goal):
    assert check_core(UNIT, netlist(goal), every_step()) == []
    text = verilog_text(UNIT, Shape.UNIT, goal=goal)
    assert f"module {module_name(UNIT, Shape.UNIT, goal=goal)}(" in text
    assert describe(UNIT, Shape.UNIT)["accumulator"] == {"name": "sm6", "kind": "sm", "bits": 6}


def test_a_planted_bug_is_found(monkeypatch):
    monkeypatch.setitem(AREA, SignMagnitudeConfig, lambda config, *_: Parts(None, Wrong(config)))
    wrong = check_core(UNIT, netlist(), every_step())
    assert {mismatch.want for mismatch in wrong} == {31, 63}
    assert {mismatch.got for mismatch in wrong} == {30, 62}


def test_matrix_products_are_by_the_definition():
    a, b = [[3, 3, 3, 3, 1]], [[3], [3], [3], [3], [7]]  # 9 18 27 31 30
    result = gemm(a, b, UNIT)
    assert (result.values.tolist(), result.plan.backend) == ([[30.0]], "golden")
    pairs = MacConfig(UNIT.a, UNIT.b, UNIT.accumulator, parse_summation("x 2"))
    assert gemm(a, [[3], [3], [3], [3], [5]], pairs).values.tolist() == [[28.0]]
    with pytest.raises(GemmError) as error:
        gemm(a, b, UNIT, backend="blas")
    assert str(error.value) == "The blas back end adds in two's complement, unlike sm6."
