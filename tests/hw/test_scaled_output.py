# amaranth: UnusedElaboratable=no
"""Exact sums that leave as floats, divided by a power of two: every case of small circuits."""

from fractions import Fraction

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Value

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.area.output import ToFloat
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.outputs.output import ScaledFloat, parse_output
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.exact.codecs import codec
from fp8mac.sim.exact.values import Value as Number
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize


def wrong_codes(circuit: ToFloat) -> tuple[int, int]:
    """All cases of a mapped circuit, and how many of them are not as specified."""
    config, width, lsb = circuit.config, circuit.width, circuit.lsb_exponent
    assert isinstance(config, ScaledFloat)
    text = rtlil.convert(circuit, name="top", emit_src=False)
    netlist = Netlist.from_blif(synthesize(text, "top", Flow.load(), find_yosys()).netlist)
    cases = np.arange(1 << width + config.shift_width, dtype=np.uint64)
    value, shift = cases & ((1 << width) - 1), cases >> width
    inputs = {"value": value, "shift": shift}
    inputs |= {name: np.zeros_like(cases) for name in ("nan", "inf", "negative")}
    got = netlist.evaluate(inputs)["code"][:, 0]
    words, half = codec(config.format, config.subnormals), 1 << config.shift_width - 1
    want = []
    for number, places in zip(value.tolist(), shift.tolist(), strict=True):
        signed = number - (number >> width - 1 << width)
        moved = lsb - ((places ^ half) - half)
        exact = Number.of(signed * Fraction(2) ** moved)
        want.append(words.encode(exact, config.rounding, config.overflow, None, 0))
    return len(cases), int((got != np.array(want, np.uint64)).sum())


@pytest.mark.parametrize(
    ("text", "width", "lsb"),
    [
        ("e4m3:shift=5", 7, -8),
        ("e4m3:saturate:shift=5", 6, 0),
        ("e5m2:rtz:shift=6", 6, -12),
        ("e2m1:ftz:shift=4", 8, -3),
        ("e4m3fnuz:rtz:ftz:shift=5", 6, -6),
        ("e3m2:shift=2", 9, -4),
        ("fp16:shift=7", 4, -12),
    ],
)
def test_every_case_is_rounded_once(text, width, lsb):
    config = parse_output(text)
    assert isinstance(config, ScaledFloat)
    assert config.name == text
    assert wrong_codes(ToFloat(width, lsb, config)) == (1 << width + config.shift_width, 0)
