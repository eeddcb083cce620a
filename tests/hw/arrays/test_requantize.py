# amaranth: UnusedElaboratable=no
"""Exact sums that leave as integers: every case of small circuits, and arrays, as specified."""

import numpy as np
import pytest
from amaranth.back import rtlil
from icarus import needs_icarus, run_icarus

from fp8mac.gen.arrays.testbench import array_testbench
from fp8mac.gen.arrays.verilog import array_text, describe_array
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.arrays.requantize import Requantize
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.arrays.array import ArrayConfig, array_ports
from fp8mac.hw.config.arrays.requantizer import Requantizer, parse_requantizer
from fp8mac.hw.config.formats import IntFormat, Rounding
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.arrays import random_scales, random_tiles
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.exact.arrays import ColumnScale, requantized
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize


def wrong_codes(
    config: Requantizer, width: int, circuit: Requantize | None = None
) -> tuple[int, int]:
    """All cases of a mapped circuit, and how many of them are not as specified."""
    circuit = circuit or Requantize(width, config)
    text = rtlil.convert(circuit, name="top", emit_src=False)
    netlist = Netlist.from_blif(synthesize(text, "top", Flow.load(), find_yosys()).netlist)
    times, shifts = config.multiplier_bits, config.shift_bits(width)
    cases = np.arange(1 << width + times + shifts, dtype=np.uint64)
    value, multiplier = cases & ((1 << width) - 1), cases >> width & ((1 << times) - 1)
    shift = cases >> width + times
    inputs = {"value": value, "shift": shift} | ({"multiplier": multiplier} if times else {})
    got = netlist.evaluate(inputs)["code"][:, 0]
    signed = value.astype(np.int64) - (value.astype(np.int64) >> width - 1 << width)
    want = [
        requantized(config, number, ColumnScale(by if times else 1, places))
        % (1 << config.format.bits)
        for number, by, places in zip(
            signed.tolist(), multiplier.tolist(), shift.tolist(), strict=True
        )
    ]
    return len(cases), int((got != np.array(want, np.uint64)).sum())


@pytest.mark.parametrize(
    ("text", "width", "cases"),
    [
        ("int4:times=3", 6, 1 << 13),
        ("int3s:times=2:rtz", 7, 1 << 13),
        ("int4", 9, 1 << 13),
        ("int5s:rtz", 4, 1 << 7),
    ],
)
def test_every_case_is_as_specified(text, width, cases):
    config = parse_requantizer(text)
    assert config is not None
    assert config.name == text
    assert wrong_codes(config, width) == (cases, 0)
    circuit = Requantize(width, config)
    assert (circuit.width, circuit.config) == (width, config)


def test_another_rounding_is_found():
    class Other(Requantize):
        @property
        def config(self) -> Requantizer:
            return self._config

    circuit = Other(6, Requantizer(IntFormat(4), 0, Rounding.RTZ))
    _, wrong = wrong_codes(Requantizer(IntFormat(4)), 6, circuit)
    assert wrong > 40


@needs_icarus
@pytest.mark.parametrize(
    ("line", "out"),
    [("int4 -> int12", "int5:times=4"), ("e4m3 -> kulisch:1:segmented=9", "int8s:rtz")],
)
def test_array_rounds_every_column_with_its_own_scale(line, out, tmp_path):
    config = ArrayConfig(parse_line(line), 2, 3, parse_requantizer(out))
    tiles, scales = random_tiles(config, 15, seed=4), random_scales(config, seed=4)
    assert len(set(scales)) == 3
    (tmp_path / "unit.v").write_text(array_text(config), encoding="utf-8")
    bench = array_testbench(config, tiles, scales=scales)
    (tmp_path / "bench.v").write_text(bench, encoding="utf-8")
    assert run_icarus(tmp_path) == (0, ["PASS 30"])
    other = [scale._replace(shift=scale.shift - 1) for scale in scales]
    bench = array_testbench(config, tiles, scales=scales)
    swapped = array_testbench(config, tiles, scales=other)
    wires = [line for line in swapped.splitlines() if " shift = " in line]
    lines = [wires[0] if " shift = " in line else line for line in bench.splitlines()]
    (tmp_path / "bench.v").write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, printed = run_icarus(tmp_path)
    assert code == 1
    assert printed[-1].endswith("wrong, 30 of 30 rows came")


def test_description_says_how_sums_leave():
    output = parse_requantizer("int8:times=16")
    config = ArrayConfig(parse_line("int8 -> int32"), 4, 2, output)
    assert config.slug == "array_int8_int8_int32_4x2_out_int8_times16"
    assert config.text == "int8 -> int32, array 4 x 2, output int8:times=16"
    facts = describe_array(config)
    assert facts["special_cases"] == [
        "A sum outside the range wraps.",
        (
            "out is sum * multiplier / 2**shift, rounded once to int8, to nearest even; beyond its "
            "range it is the nearest end. The sum counts units of 2**acc_lsb_exponent."
        ),
    ]
    assert facts["row"] == {"out": 16, "last": 1}
    assert [(port.name, port.bits) for port in array_ports(config)[-2:]] == [
        ("multiplier", 32),
        ("shift", 12),
    ]


@pytest.mark.parametrize(
    ("line", "out", "sentence"),
    [
        (
            "e4m3 -> fp16",
            "int8",
            (
                "Sums in fp16 are rounded at every step and leave as they are; an output format is "
                "for kulisch and integer accumulators."
            ),
        ),
        ("e4m3 -> kulisch, output fp16", "int8", "An array has one output."),
        ("int8 -> int32", "int8:times=33", "A multiplier has up to 32 bits, not 33."),
        (
            "int8 -> int32",
            "int8:sr",
            "'int8:sr' is not an output; an integer has the options :times=BITS and :rtz.",
        ),
    ],
)
def test_what_cannot_be_is_refused(line, out, sentence):
    with pytest.raises(ConfigError) as error:
        ArrayConfig(parse_line(line), 2, 2, parse_requantizer(out))
    assert str(error.value) == sentence


def test_only_two_roundings():
    with pytest.raises(ConfigError) as error:
        Requantizer(IntFormat(8), rounding=Rounding.ODD)
    assert str(error.value) == "An output is rounded to nearest even, or toward zero (:rtz)."
