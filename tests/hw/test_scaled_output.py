# amaranth: UnusedElaboratable=no
"""Exact sums that leave as floats, divided by a power of two: every case of small circuits."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from amaranth.back import rtlil
from icarus import needs_icarus, run_icarus

from fp8mac.gen.arrays.testbench import array_testbench
from fp8mac.gen.arrays.verilog import array_text
from fp8mac.gen.describe import describe
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.area.output import ToFloat
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.outputs.output import ScaledFloat, parse_output
from fp8mac.hw.config.ports import Port, Role, Shape, ports
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.arrays import random_scales, random_tiles
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.codecs import codec
from fp8mac.sim.exact.values import Value as Number
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.plan import GemmError
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize

INTEGER = "is not an output; an integer has the options :times=BITS and :rtz."
OUTPUT = (
    "is not an output; an output is a float format such as fp16, with options :rtz, :ftz, "
    ":saturate, :shift=BITS, or an integer such as int8, with options :times=BITS, :rtz."
)


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


def test_subnormals_of_another_reading_are_found():
    config = parse_output("e2m1:shift=4")
    assert isinstance(config, ScaledFloat)

    class Other(ToFloat):
        @property
        def config(self) -> ScaledFloat:
            return replace(config, subnormals=False)

    assert wrong_codes(Other(8, -3, config))[1] > 100


def test_flags_leave_as_special_values_whatever_the_shift():
    unit = parse_line("e5m2 -> kulisch, output fp16:shift=6")
    codes = [
        golden.leave(unit, golden.State(None, flags), golden.Rescale(shift=shift))
        for flags in [(True, False), (False, True), (True, True)]
        for shift in (-32, 31)
    ]
    assert codes == [0x7C00, 0x7C00, 0xFC00, 0xFC00, 0x7E00, 0x7E00]


def test_unit_is_described():
    unit = parse_line("int8 -> int32, output e4m3:shift=6:saturate")
    assert unit.slug == "mac_int8_int8_int32_out_e4m3_saturate_shift6"
    table = ports(unit, Shape.UNIT)
    assert [port for port in table if port.role is Role.RESCALE] == [
        Port(
            "shift",
            6,
            Role.RESCALE,
            "the sum that leaves is divided by two to this, signed; hold it meanwhile",
        )
    ]
    assert table[-1] == Port("out", 8, Role.OUTPUT, "sum / 2**shift, rounded to e4m3:saturate")
    facts = describe(unit, Shape.UNIT)
    output, cases = facts["output"], facts["special_cases"]
    assert isinstance(output, dict)
    assert (output["name"], output["shift_bits"]) == ("e4m3:saturate:shift=6", 6)
    assert isinstance(cases, list)
    assert cases[-1] == (
        "out is sum / 2**shift, shift being signed, rounded once to e4m3:saturate, to nearest "
        "even; zero is +0."
    )
    with pytest.raises(GemmError) as error:
        gemm([[1]], [[1]], unit)
    assert str(error.value) == (
        f"Sums of {unit.text} leave with a shift of their own, which a product of matrices has "
        "not; leave the output out."
    )


@needs_icarus
@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("e4m3 -> kulisch:1:segmented=9", "e4m3:saturate:shift=5"),
        ("int4 -> int12, output bf16:shift=4", None),
    ],
)
def test_array_rounds_every_column_with_its_own_shift(line, out, tmp_path):
    config = ArrayConfig(parse_line(line), 2, 3, out and parse_output(out))
    tiles, scales = random_tiles(config, 15, seed=4), random_scales(config, seed=4)
    assert len(set(scales)) == 3
    assert min(scale.shift for scale in scales) < 0
    (tmp_path / "unit.v").write_text(array_text(config), encoding="utf-8")
    bench = array_testbench(config, tiles, scales=scales)
    (tmp_path / "bench.v").write_text(bench, encoding="utf-8")
    assert run_icarus(tmp_path) == (0, ["PASS 30"])
    other = array_testbench(config, tiles, scales=scales[1:] + scales[:1])
    wires = [
        next(line for line in each.splitlines() if " shift = " in line) for each in (bench, other)
    ]
    (tmp_path / "bench.v").write_text(bench.replace(*wires), encoding="utf-8")
    code, printed = run_icarus(tmp_path)
    assert code == 1
    assert printed[-1].endswith("wrong, 30 of 30 rows came")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("e4m3:shift=1", "The shift of a float has 2 to 8 bits, not 1."),
        ("fp16:rtz:shift=9", "The shift of a float has 2 to 8 bits, not 9."),
        ("int8:shift=4", f"'int8:shift=4' {INTEGER}"),
        *((text, f"'{text}' {OUTPUT}") for text in ("e4m3:shift=-2", "e4m3:shift=4:shift=4")),
        ("bf16:half:shift=4", f"'bf16:half:shift=4' {OUTPUT}"),
    ],
)
def test_what_is_no_shift_is_refused(text, sentence):
    with pytest.raises(ConfigError) as error:
        parse_output(text)
    assert str(error.value) == sentence
