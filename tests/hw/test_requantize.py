# amaranth: UnusedElaboratable=no
"""Exact sums that leave as integers: every case of small circuits, and arrays, as specified."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.sim import Simulator
from icarus import needs_icarus, run_icarus

from fp8mac.gen.arrays.testbench import array_testbench
from fp8mac.gen.arrays.verilog import array_text, describe_array
from fp8mac.gen.boards.frames import LinkLayout
from fp8mac.gen.describe import describe, module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.area.requantize import Requantize
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.arrays.array import ArrayConfig, array_ports
from fp8mac.hw.config.formats import IntFormat, Rounding
from fp8mac.hw.config.outputs.output import Requantizer, parse_output
from fp8mac.hw.config.ports import Port, Role, Shape, named, ports, stream_ports
from fp8mac.hw.config.unit import parse_line
from fp8mac.hw.units.stream import StreamMac
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.check.replay import with_all_registers
from fp8mac.sim.check.arrays import random_scales, random_tiles
from fp8mac.sim.check.cosim import check_unit
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.sim.exact.outputs import Rescale, requantized
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.plan import GemmError
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
        requantized(config, number, Rescale(by if times else 1, places)) % (1 << config.format.bits)
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
    config = parse_output(text)
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
    config = ArrayConfig(parse_line(line), 2, 3, parse_output(out))
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
    output = parse_output("int8:times=16")
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
        ArrayConfig(parse_line(line), 2, 2, parse_output(out))
    assert str(error.value) == sentence


def test_unit_has_ports_of_its_own():
    """Ports, words about them, and what cannot have them."""
    unit = parse_line("int8 -> int32, stages 2, output int8:times=16:rtz")
    assert unit.slug == "mac_int8_int8_int32_stages2_out_int8_times16_rtz"
    assert parse_line(unit.text) == unit
    table = ports(unit, Shape.UNIT)
    assert named(table, Role.RESCALE) == {"multiplier": 16, "shift": 6}
    assert [port.is_input for port in table if port.role is Role.RESCALE] == [True, True]
    assert table[-1] == Port(
        "out", 8, Role.OUTPUT, "sum * multiplier / 2**shift, rounded to int8:rtz"
    )
    assert table[-1].is_input is False
    assert ports(unit, Shape.CORE) == ports(parse_line("int8 -> int32"), Shape.CORE)
    streamed = [(port.name, port.bits) for port in stream_ports(unit)]
    assert streamed[-2:] == [("multiplier", 16), ("shift", 6)]
    assert ("o__payload", 40) in streamed
    facts = describe(unit, Shape.UNIT)
    assert facts["output"] == {
        "name": "int8:times=16:rtz",
        "format": {"name": "int8", "bits": 8, "symmetric": False},
        "rounding": "rtz",
        "overflow": "saturate",
        "multiplier_bits": 16,
    }
    floats = describe(parse_line("e4m3 -> kulisch, output int8"), Shape.UNIT)["special_cases"]
    assert isinstance(floats, list)
    assert floats[-1] == "out is not specified while a flag is up."
    with pytest.raises(GemmError) as gemm_error:
        gemm([[1]], [[1]], unit)
    assert str(gemm_error.value) == (
        f"Sums of {unit.text} leave with a multiplier and a shift of their own, which a product of "
        "matrices has not; leave the output out."
    )
    with pytest.raises(ConfigError) as error:
        _ = LinkLayout(unit).operands
    assert str(error.value) == f"Frames hold no multiplier and shift, which {unit.text} takes."


@pytest.mark.parametrize(
    "line",
    [
        "int4 -> int12, output int4:times=3",
        "e4m3 x 2 -> kulisch:1, stages 2, output int8s:rtz",
        "int4 -> int12, output e4m3:shift=6",
        "e5m2 x 2 -> kulisch:1, stages 2, output e5m2:rtz:saturate:shift=8",
    ],
)
def test_unit_rounds_as_the_golden_model(line):
    """States, flags and scales at random; another rounding than the unit's is found."""
    unit = parse_line(line)
    assert parse_line(unit.text) == unit
    text = rtlil_text(unit, Shape.UNIT)
    circuit = Circuit(unit, Shape.UNIT, text, module_name(unit, Shape.UNIT))
    netlist, registers = with_all_registers(circuit)
    triples = biased_triples(unit, 2000, seed=3)
    assert check_unit(unit, netlist, registers, triples) == []
    assert unit.output is not None
    other = Rounding.RTZ if unit.output.rounding is Rounding.RNE else Rounding.RNE
    wrong = replace(unit, output=replace(unit.output, rounding=other))
    found = check_unit(wrong, netlist, registers, triples)
    assert len(found) > 100
    assert all(" out is " in str(each) for each in found)


def test_streamed_sum_leaves_as_an_integer():
    unit = parse_line("int4 -> int12, output int5:times=3")
    circuit, got = StreamMac(unit), []

    async def testbench(ctx):
        ctx.set(circuit.multiplier, 3)
        ctx.set(circuit.shift, 2)
        ctx.set(circuit.o.ready, 1)
        ctx.set(circuit.i.valid, 1)
        ctx.set(circuit.i.payload, {"a": 5, "b": 3, "last": 1})
        await ctx.tick()
        ctx.set(circuit.i.valid, 0)
        got.append((ctx.get(circuit.o.valid), ctx.get(circuit.o.payload)["out"]))

    simulator = Simulator(circuit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert got == [(1, 11)]  # 45 / 4


def test_only_two_roundings():
    with pytest.raises(ConfigError) as error:
        Requantizer(IntFormat(8), rounding=Rounding.ODD)
    assert str(error.value) == "An output is rounded to nearest even, or toward zero (:rtz)."
