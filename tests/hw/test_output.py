"""Exact sums that leave rounded: the converter, `gemm` and the golden model."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from fp8mac.hw.area.output import ToFloat
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.exact import golden
from fp8mac.sim.gemm.gemm import gemm

LINES = [
    "e4m3 -> kulisch:3, output fp16",
    "e4m3 -> kulisch:3, output fp32",
    "int8 -> int32, output bf16:rtz",
    "e5m2 -> kulisch:3, output fp16:ftz",
    "e4m3 -> kulisch:0, output e4m3:saturate",
    "e2m1 -> kulisch:2, output fp32",
    "e5m2 -> kulisch:3, output e5m2:rtz:ftz",
    "int4 -> int16, output e2m1",
    "e5m2 -> kulisch:0, output e4m3b-20",
]


@pytest.mark.parametrize("line", LINES)
def test_converter_rounds_as_the_golden_model(line):
    """Numbers of all lengths, and those around ties and powers of two."""
    unit = parse_line(line)
    assert unit.output is not None
    width, rng = unit.acc_bits, np.random.default_rng(6)
    numbers = [0, 1, -1, 1 << width - 1, (1 << width - 1) - 1]
    for length, shift, step, sign in rng.integers((1, 0, -1, 0), (25, width, 2, 2), (400, 4)):
        number = (int(rng.integers(1 << length)) << int(shift)) + int(step)
        numbers.append(-number if sign else number)
    circuit = ToFloat(width, unit.product_lsb_exponent, unit.output)
    assert (circuit.width, circuit.config) == (width, unit.output)
    got = []

    async def testbench(ctx):
        for number in numbers:
            ctx.set(circuit.value, number % (1 << width))
            got.append(ctx.get(circuit.code))

    simulator = Simulator(circuit)
    simulator.add_testbench(testbench)
    simulator.run()
    flags = (False,) * len(unit.flags)
    states = [golden.State(number % (1 << width), flags) for number in numbers]
    assert got == [golden.leave(unit, state) for state in states]


@pytest.mark.parametrize("line", LINES)
def test_gemm_leaves_as_the_golden_model(line):
    unit = parse_line(line)
    rng = np.random.default_rng(7)
    a = rng.integers(1 << unit.a.bits, size=(12, 3))
    b = rng.integers(1 << unit.b.bits, size=(3, 40))
    result = gemm(a, b, unit)
    checked = 0
    for row, column in np.ndindex(result.out.shape):
        want = golden.leave(unit, result.state(row, column))
        assert result.out[row, column] == (want or 0)
        checked += 1
    assert checked == 480
    assert result.values.shape == (12, 40)


def test_flags_leave_as_special_values():
    unit = parse_line("e5m2 -> kulisch, output fp16")
    codes = [
        golden.leave(unit, golden.State(None, flags))
        for flags in [(True, False), (False, True), (True, True)]
    ]
    assert codes == [0x7C00, 0xFC00, 0x7E00]
    without = parse_line("e4m3 -> kulisch, output e2m1")
    assert golden.leave(without, golden.State(None, (True,))) is None
