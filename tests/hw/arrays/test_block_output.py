# amaranth: UnusedElaboratable=no
"""Rows of exact sums that leave in MX blocks: as `encode` of the sums, in every case of small ones.

The reference of circuits is `fp8mac.sim.codes.blocks.encode`, which works on float64 arrays.
"""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from amaranth.back import rtlil
from icarus import needs_icarus, run_icarus
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.gen.arrays.testbench import array_testbench
from fp8mac.gen.arrays.verilog import array_text, describe_array
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.area.block import ToBlock
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.arrays.array import ArrayConfig, row_fields
from fp8mac.hw.config.blocks import BLOCK_FORMATS, BlockFormat, ScaleRounding, SharedScale
from fp8mac.hw.config.outputs.blocks import BlockOutput, parse_row_output
from fp8mac.hw.config.outputs.output import parse_output
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.arrays import random_tiles
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.codes.blocks import encode
from fp8mac.sim.exact.arrays import row_words, tile_sums
from fp8mac.sim.exact.golden import State
from fp8mac.sim.exact.outputs import leave_block
from fp8mac.synth_reports.experiments.arrays.arrays import jobs
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize

pytestmark = pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")

OTHER = {ScaleRounding.FLOOR: ScaleRounding.UP, ScaleRounding.UP: ScaleRounding.FLOOR}


def pairs_of(text: str) -> BlockOutput:
    """The output, but in blocks of two."""
    found = parse_row_output(text)
    assert isinstance(found, BlockOutput)
    format_ = found.format
    short = BlockFormat(format_.name, format_.element, SharedScale(2, format_.block.scale))
    return replace(found, format=short)


def wrong_cases(circuit: ToBlock, width: int, lsb: int) -> tuple[int, int, int]:
    """All cases of a mapped circuit of two sums, and how many elements and scales are wrong.

    Each sum is a number, NaN, or an infinity.
    """
    config = circuit.config
    text = rtlil.convert(circuit, name="top", emit_src=False)
    netlist = Netlist.from_blif(synthesize(text, "top", Flow.load(), find_yosys()).netlist)
    kinds = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 1, 1)], np.uint64)
    cases = np.arange(1 << 2 * width + 4, dtype=np.uint64)
    value, kind = cases & ((1 << 2 * width) - 1), cases >> 2 * width
    flags = kinds[kind & 3] | kinds[kind >> 2] << 1
    inputs = {"value": value, "nan": flags[:, 0], "inf": flags[:, 1], "negative": flags[:, 2]}
    got = netlist.evaluate(inputs)
    words = np.stack([value & ((1 << width) - 1), value >> width], axis=1).astype(np.int64)
    numbers = np.ldexp((words ^ 1 << width - 1) - (1 << width - 1), lsb)
    special = np.array([0, np.nan, np.inf, -np.inf])
    which = np.stack([kind & 3, kind >> 2], axis=1)
    numbers = np.where(which > 0, special[which], numbers)
    want = encode(numbers, config.format, scale_rounding=config.scale_rounding)
    bits = config.format.element.bits
    codes = np.stack([got["code"][:, 0] & ((1 << bits) - 1), got["code"][:, 0] >> bits], axis=1)
    known = want.scales[:, :1] != 255  # elsewhere elements are not specified
    scales = got["scale"][:, 0] != want.scales[:, 0]
    return len(cases), int(((codes != want.codes) & known).sum()), int(scales.sum())


@pytest.mark.parametrize(
    ("text", "width", "lsb"),
    [
        ("mxfp8e4m3", 5, -8),
        ("mxfp4:up", 5, 3),
        ("mxint8:up", 4, -131),  # scales end in the midst of its numbers, at either end
        ("mxfp6e2m3", 4, 128),
        *(
            pytest.param(text, width, lsb, marks=pytest.mark.slow)
            for text, width, lsb in (
                ("mxfp8e4m3:up", 5, -124),
                ("mxfp8e5m2:up", 4, 139),
                ("mxfp8e5m2", 5, -116),
                ("mxfp6e3m2:up", 5, -160),
                ("mxfp4", 5, 126),
                ("mxint8", 5, 125),
                ("mxfp4", 3, 300),
            )
        ),
    ],
)
def test_every_case_is_that_of_encode(text, width, lsb):
    circuit = ToBlock(width, lsb, pairs_of(text))
    assert (circuit.width, circuit.lsb_exponent) == (width, lsb)
    assert wrong_cases(circuit, width, lsb) == (1 << 2 * width + 4, 0, 0)


def test_a_power_of_two_below_zero_that_is_missed_is_found():
    """Its magnitude has a leading one a place above that of its complement."""

    class Missing(ToBlock):
        def _is_beyond(self, x):
            return x[-1] & ~x[-1]

    _, codes, scales = wrong_cases(Missing(4, 0, pairs_of("mxfp4")), 4, 0)
    assert codes > 50
    assert scales > 50


def test_another_rule_of_scales_is_found():
    config = pairs_of("mxfp4")

    class Other(ToBlock):
        @property
        def config(self) -> BlockOutput:
            return replace(config, scale_rounding=OTHER[config.scale_rounding])

    assert wrong_cases(Other(4, 0, config), 4, 0)[2] > 50


def sums_of(kind: str, width: int, rng: random.Random) -> list[int]:
    """A block of sums: of all magnitudes, near ties, or small ones beside a large one."""
    match kind:
        case "zeros":
            return [0] * 32
        case "huge":
            return [rng.randint(-9, 9) for _ in range(31)] + [-1 << width - 2]
        case "ties":
            return [rng.choice([-1, 1]) * (2 * rng.randint(0, 600) + 1 << 20) for _ in range(32)]
        case "powers":
            return [-1 << rng.randint(0, 30)] + [rng.randint(-(1 << 9), 1 << 9) for _ in range(31)]
    return [rng.choice([-1, 1]) * rng.getrandbits(rng.randint(1, 40)) for _ in range(32)]


@pytest.mark.parametrize("text", [*(name for name in BLOCK_FORMATS if name != "nvfp4"), "mxfp8:up"])
def test_golden_blocks_are_those_of_encode(text):
    output, unit, rng = parse_row_output(text), parse_line("e4m3 -> kulisch"), random.Random(7)
    assert isinstance(output, BlockOutput)
    for kind in ("zeros", "huge", "ties", "powers", "any", "any"):
        sums = sums_of(kind, unit.acc_bits, rng)
        found = leave_block(output, unit, [State(s % (1 << unit.acc_bits), (False,)) for s in sums])
        numbers = np.ldexp(np.array(sums, float), unit.product_lsb_exponent)
        want = encode(numbers, output.format, scale_rounding=output.scale_rounding)
        assert (list(found.codes), [found.scale]) == (want.codes.tolist(), want.scales.tolist())


@pytest.mark.slow
@needs_icarus
def test_array_leaves_blocks(tmp_path):
    """Emitted, with its testbench, which finds a scale and an element that are wrong."""
    unit, output = parse_line("e3m4 -> kulisch:1:segmented=8, stages 2"), "mxfp8e5m2:up"
    config = ArrayConfig(unit, 1, 32, parse_row_output(output))
    tiles = random_tiles(config, 15, seed=5)
    rows = [row for tile in tiles for row in row_words(config, tile_sums(config, tile))]
    place = row_fields(config)["out"]
    scales = {row.bits >> place & 255 for row in rows}
    assert len(scales - {254, 255}) > 3
    (tmp_path / "unit.v").write_text(array_text(config), encoding="utf-8")
    bench = array_testbench(config, tiles)
    (tmp_path / "bench.v").write_text(bench, encoding="utf-8")
    assert run_icarus(tmp_path) == (0, ["PASS 15"])
    at = max(at for at, row in enumerate(rows) if row.bits >> place & 255 < 254)
    for bit in (0, place):
        row = f"    rows[{at}] = {sum(row_fields(config).values())}'h{{:x}};"
        wrong = bench.replace(*(row.format(rows[at].bits ^ each) for each in (0, 1 << bit)))
        assert wrong != bench
        (tmp_path / "bench.v").write_text(wrong, encoding="utf-8")
        code, printed = run_icarus(tmp_path)
        assert (code, printed[-1]) == (1, "FAIL 1 wrong, 15 of 15 rows came")


@pytest.mark.slow
@needs_icarus
def test_command_writes_an_array_of_blocks(tmp_path):
    files = [str(tmp_path / name) for name in ("unit.v", "bench.v")]
    size = ["--rows", "1", "--columns", "32", "--block-sparse", "2", "--depth", "4"]
    command = ["array", "int2", "--acc", "int6", *size, "--out", "mxint8", "-o", files[0]]
    result = CliRunner().invoke(app, [*command, "--testbench", files[1], "--tiles", "5"])
    assert result.exit_code == 0, result.output
    assert run_icarus(tmp_path) == (0, ["PASS 5"])
    facts = json.loads((tmp_path / "unit.json").read_text())
    assert facts["row"] == {"out": 256, "scale": 8, "last": 1}
    header = (tmp_path / "unit.v").read_text()
    assert "out (256), scale (8), last (1); column 0" in re.sub(r"\n// ", " ", header)


def test_blocks_are_described():
    config = ArrayConfig(parse_line("e5m2 -> kulisch"), 2, 32, parse_row_output("mxfp4:up"))
    assert config.slug == "array_e5m2_e5m2_kulisch12_2x32_out_mxfp4_up"
    assert config.text == "e5m2 -> kulisch:12, array 2 x 32, output mxfp4:up"
    assert config.leaves is None
    facts = describe_array(config)
    assert facts["row"] == {"out": 128, "scale": 8, "pos_inf": 32, "neg_inf": 32, "last": 1}
    assert facts["output"] == {
        "name": "mxfp4:up",
        "format": {
            "name": "mxfp4",
            "bits": 4,
            "exponent_bits": 2,
            "mantissa_bits": 1,
            "bias": 1,
            "specials": "none",
        },
        "block": 32,
        "scale": "e8m0",
        "scale_rounding": "up",
        "rounding": "rne",
        "overflow": "saturate",
    }
    assert said_of(facts)[-5:] == [
        (
            "32 sums side by side are a block of mxfp4: out has their elements, scale the power of "
            "two that they share, as 2**(scale - 127); column 0 is lowest."
        ),
        (
            "That power is the smallest with which no sum is beyond 6 times it, and from 2**-127 "
            "to 2**127; that of a block of zeros is 2**-127."
        ),
        (
            "An element is the sum divided by it, rounded once to nearest even; beyond its range "
            "it is the nearest end. The sum counts units of 2**acc_lsb_exponent."
        ),
        "Where a sum is NaN, the scale of its block is 255, NaN, and elements are not specified.",
        "A block with an infinity has the scale 254, and the infinity saturates.",
    ]
    others = [
        said_of(describe_array(ArrayConfig(parse_line(line), 1, 32, parse_row_output(text))))
        for line, text in (("int8 -> int32", "mxint8"), ("e4m3 -> kulisch", "mxfp8"))
    ]
    assert others[0][-2:] == [
        (
            "That power is 2**e, e being the exponent of the largest magnitude, and from 2**-127 "
            "to 2**127; that of a block of zeros is 2**-127."
        ),
        (
            "An element is the sum divided by it in units of 2**-6, rounded once to nearest even; "
            "beyond its range it is the nearest end. The sum counts units of 2**acc_lsb_exponent."
        ),
    ]
    assert others[1][-3].startswith("That power is 2**(e - 8), e being the exponent of the largest")
    assert others[1][-1] == (
        "A sum that is NaN is a NaN element; others of its block are as without it."
    )


def said_of(facts: dict[str, object]) -> Sequence[str]:
    cases = facts["special_cases"]
    assert isinstance(cases, list)
    return cases


def test_cost_of_arrays_takes_blocks():
    (job,) = jobs(["e4m3 -> kulisch"], 8, 32, "mxfp8")
    assert job.array.output == parse_row_output("mxfp8")
    assert jobs([], 8, 8).count(job) == 1
    with pytest.raises(ConfigError) as error:
        jobs(["e4m3 -> kulisch"], 8, 32, "bf16")
    assert str(error.value) == "'bf16' is no integer; a float that sums leave as is in the unit."


@pytest.mark.parametrize(
    ("line", "text", "sentence"),
    [
        (
            "e4m3 -> kulisch",
            "mxfp8",
            (
                "mxfp8e4m3 has blocks of 32 sums; the columns of an array are a multiple of that, "
                "not 8."
            ),
        ),
        (
            "e4m3 -> kulisch",
            "nvfp4:up",
            (
                "Scales of nvfp4 are not powers of two; rows of sums leave as mxfp8, mxfp6e2m3, "
                "mxfp6e3m2, mxfp4 or mxint8."
            ),
        ),
        (
            "e4m3 -> kulisch",
            "mxfp8:rtz",
            "'mxfp8:rtz' is not an output; blocks have the option :up.",
        ),
        (
            "e4m3 -> fp16",
            "mxfp4",
            (
                "Sums in fp16 are rounded at every step and leave as they are; an output format is "
                "for kulisch and integer accumulators."
            ),
        ),
        ("e4m3 -> kulisch, output bf16", "mxfp4", "An array has one output."),
    ],
)
def test_what_is_no_block_is_refused(line, text, sentence):
    with pytest.raises(ConfigError) as error:
        ArrayConfig(parse_line(line), 8, 8, parse_row_output(text))
    assert str(error.value) == sentence


@pytest.mark.parametrize("text", ["mxfp8", "mxfp4:up"])
def test_a_unit_has_no_block(text):
    with pytest.raises(ConfigError) as error:
        parse_output(text)
    assert str(error.value) == (
        f"'{text}' has a scale for a block of sums, which are in a row of an array; a unit has one "
        "sum."
    )
