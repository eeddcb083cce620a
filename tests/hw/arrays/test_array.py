# amaranth: UnusedElaboratable=no
"""Matrix units: simulated with pauses and back-pressure, and emitted, against the golden model."""

import random

import numpy as np
import pytest
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator
from icarus import needs_icarus, run_icarus
from verilator import needs_verilator, run_verilator

from fp8mac.gen.arrays.testbench import array_bench_name, array_testbench
from fp8mac.gen.arrays.verilog import array_contents, array_text, describe_array
from fp8mac.hw.arrays.array import MacArray
from fp8mac.hw.arrays.reader import Reader
from fp8mac.hw.arrays.row import Row
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.arrays.array import ArrayConfig, array_ports, element_fields, row_fields
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.hw.units.core import MacCore
from fp8mac.sim.check.arrays import random_tiles
from fp8mac.sim.codes.encoding import encode
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.arrays import Element, Word, element_words, row_words, tile_sums
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.networks.tasks.images import embedded_parameters, load_digits


def wanted(config: ArrayConfig, tiles: list[list[Element]]) -> list[Word]:
    return [word for tile in tiles for word in row_words(config, tile_sums(config, tile))]


def streamed(
    config: ArrayConfig,
    tiles: list[list[Element]],
    *,
    goal: Goal = Goal.AREA,
    rates: tuple[float, float] = (0.7, 0.5),
    reset_at: int = -1,
) -> tuple[list[int], int]:
    """Rows that leave, and the cycles that it takes; behind a reset all tiles come once more.

    A row that waits has to stay as it is.
    """
    unit, rst, rng = MacArray(config, goal), Signal(), random.Random(5)
    elements = [word for tile in tiles for word in element_words(config, tile)]
    rows, cycles, many = list[int](), 0, config.rows * len(tiles)

    async def testbench(ctx):
        nonlocal cycles
        sent, offers, waiting = 0, False, None
        while len(rows) < many and cycles < 50 * (len(elements) + many):
            offers = sent < len(elements) and (offers or rng.random() < rates[0])
            if offers:
                ctx.set(unit.i.payload.as_value(), elements[sent])
            ctx.set(unit.i.valid, offers)
            ctx.set(unit.o.ready, rng.random() < rates[1])
            ctx.set(rst, cycles == reset_at)
            shown = (ctx.get(unit.o.valid), ctx.get(unit.o.payload.as_value()))
            taken, ready = ctx.get(unit.o.ready), ctx.get(unit.i.ready)
            assert waiting is None or shown == (1, waiting)
            if shown[0] and taken:
                rows.append(shown[1])
            waiting = shown[1] if shown[0] and not taken else None
            if offers and ready:
                sent, offers = sent + 1, False
            if cycles == reset_at:
                sent, offers, waiting = 0, False, None
                rows.clear()
            cycles += 1
            await ctx.tick()

    simulator = Simulator(ResetInserter(rst)(unit))
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return rows, cycles


@needs_icarus
@pytest.mark.parametrize(
    ("line", "rows", "columns", "goal"),
    [
        ("int8 -> int20:saturate", 3, 2, Goal.AREA),
        ("e5m2 -> kulisch:3:segmented=6, stages 3", 3, 2, Goal.FPGA),
        ("e2m1 -> kulisch:3, output bf16", 2, 3, Goal.SPEED),
        ("e5m2 -> fp16", 1, 2, Goal.AREA),
        pytest.param("e4m3 -> kulisch:3", 2, 3, Goal.SPEED, marks=pytest.mark.slow),
        pytest.param("mxfp4 x 2 -> fp32", 2, 1, Goal.AREA, marks=pytest.mark.slow),
    ],
)
def test_back_pressure_loses_nothing(line, rows, columns, goal, tmp_path):
    """Tiles of one element too, and a reset in the midst of one; emitted, with its testbench."""
    config = ArrayConfig(parse_line(line), rows, columns)
    tiles = random_tiles(config, 20, seed=1)
    (tmp_path / "unit.v").write_text(array_text(config, goal=goal), encoding="utf-8")
    bench = array_testbench(config, tiles, goal=goal)
    (tmp_path / "bench.v").write_text(bench, encoding="utf-8")
    assert run_icarus(tmp_path) == (0, [f"PASS {20 * rows}"])


@needs_icarus
def test_a_wrong_row_is_found(tmp_path):
    config = ArrayConfig(parse_line("int4 -> int8"), 2, 2)
    tiles = random_tiles(config, 3, seed=3)
    sums = [tile_sums(config, tile) for tile in tiles]
    right = sums[1][0][1]
    sums[1][0][1] = right._replace(acc=(right.acc or 0) ^ 1)
    (tmp_path / "unit.v").write_text(array_text(config), encoding="utf-8")
    bench = array_testbench(config, tiles, sums=sums)
    (tmp_path / "bench.v").write_text(bench, encoding="utf-8")
    code, lines = run_icarus(tmp_path)
    assert code == 1
    assert [lines[0][:7], lines[1:]] == ["row 2: ", ["FAIL 1 wrong, 6 of 6 rows came"]]


def test_a_row_that_waits_stays():
    config = ArrayConfig(parse_line("int4 -> int8"), 2, 2)
    tiles = random_tiles(config, 12, seed=1)
    got, _ = streamed(config, tiles, reset_at=12)
    assert got == [word.bits for word in wanted(config, tiles)]


@pytest.mark.parametrize("stages", [1, 2])
def test_every_cycle_of_a_long_stream_has_products(stages):
    config = ArrayConfig(parse_line(f"int4 -> int16, stages {stages}"), 3, 2)
    rng = random.Random(2)
    tiles = [
        [Element(*(tuple(rng.randrange(16) for _ in range(n)) for n in (3, 2))) for _ in range(k)]
        for k in (3, 4, 3, 8, 3, 3)
    ]
    got, cycles = streamed(config, tiles, rates=(1, 1))
    assert got == [word.bits for word in wanted(config, tiles)]
    assert cycles == sum(map(len, tiles)) + config.latency_cycles + config.rows - 1


@pytest.mark.slow
@pytest.mark.parametrize("goal", list(Goal))
@pytest.mark.parametrize("line", ["e5m2 -> kulisch:1", "e4m3 -> kulisch:1", "int8 -> int20"])
def test_a_product_of_zero_adds_nothing_whatever_the_other_operand(line, goal):
    """What holds the register of a cell while the array stands still."""
    config = parse_line(line)
    core, seen = MacCore(config, goal), list[int]()
    words = [0, 0x2B1D95A3C77 % (1 << config.acc_bits)]

    async def testbench(ctx):
        for b in [*range(0, 256, 11), *range(0x7B, 0x80), *range(0xFB, 0x100)]:
            for c in words:
                ctx.set(core.a, 0)
                ctx.set(core.b, b)
                ctx.set(core.c, c)
                seen.append(ctx.get(core.y) == c)

    simulator = Simulator(core)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen == [True] * 68


@pytest.mark.slow
@needs_verilator
def test_a_layer_in_verilator_is_gemm_bit_for_bit(tmp_path):
    """The first layer of the digits' network, four images."""
    config = ArrayConfig(parse_line("e4m3 -> kulisch"), 2, 4)
    weights = next(each for each in embedded_parameters("digits_mlp").values() if each.ndim == 2)
    left = encode(load_digits().test_x[:4].reshape(4, -1), config.unit.a).astype(int)
    right = encode(16 * weights, config.unit.b).astype(int)
    assert left.shape[1] == right.shape[0]
    found = gemm(left, right, config.unit)
    tiles, sums = [], []
    for row in range(0, 4, 2):
        for column in range(0, right.shape[1], 4):
            places = slice(row, row + 2), slice(column, column + 4)
            pairs = zip(left[places[0]].T.tolist(), right[:, places[1]].tolist(), strict=True)
            tiles.append([Element(tuple(a), tuple(b)) for a, b in pairs])
            sums.append(
                [
                    [golden.State(int(each), (False,)) for each in line]
                    for line in found.acc[places].tolist()
                ]
            )
    assert not found.flags.any()
    assert len({state.acc for tile in sums for line in tile for state in line}) > 100
    (tmp_path / "unit.v").write_text(array_text(config), encoding="utf-8")
    (tmp_path / "bench.v").write_text(array_testbench(config, tiles, sums=sums), encoding="utf-8")
    code, lines = run_verilator(tmp_path, array_bench_name(config))
    assert (code, lines[0]) == (0, f"PASS {2 * len(tiles)}")


def test_description_says_what_the_streams_carry():
    config = ArrayConfig(parse_line("e4m3 x 2 -> kulisch:3:segmented=8"), 3, 2)
    description = describe_array(config)
    some = ("module", "kind", "rows", "columns", "products_per_cycle", "latency_cycles")
    assert {name: description[name] for name in some} == {
        "module": "array_e4m3_e4m3_kulisch3_segmented8_x2_3x2",
        "kind": "array",
        "rows": 3,
        "columns": 2,
        "products_per_cycle": 12,
        "latency_cycles": 1,
    }
    assert element_fields(config) == {"a": 48, "b": 32, "last": 1} == description["element"]
    assert row_fields(config) == {"acc": 80, "nan": 2, "last": 1} == description["row"]
    assert [(port.name, port.bits) for port in array_ports(config)] == [
        *(("clk", 1), ("rst", 1)),
        *(("i__payload", 81), ("i__valid", 1), ("i__ready", 1)),
        *(("o__payload", 83), ("o__valid", 1), ("o__ready", 1)),
    ]
    text, facts = array_contents(ArrayConfig(parse_line("int4 -> int8"), 1, 1), command="x")
    assert text.startswith("// array_int4_int4_int8_1x1: array of 1 x 1 units between streams.\n")
    assert '"command": "x"' in facts


@pytest.mark.parametrize(
    ("line", "rows", "sentence"),
    [
        ("int8 -> int32", 0, "An array has 1 to 32 rows, not 0."),
        ("int8 x 64 -> int32", 32, "An array adds at most 1,024 products a cycle, not 4,096."),
        (
            "e4m3 -> kulisch:3:segmented=5:resolve=idle",
            2,
            "An array has no idle cycles to resolve a register in segments; leave :resolve out.",
        ),
    ],
)
def test_what_cannot_be_is_refused(line, rows, sentence):
    with pytest.raises(ConfigError) as error:
        ArrayConfig(parse_line(line), rows, 2)
    assert str(error.value) == sentence


def test_parameters_can_be_read():
    config = ArrayConfig(parse_line("int4 -> int8"), 2, 1)
    for part in (MacArray(config, Goal.SPEED), Row(config, Goal.SPEED), Reader(config, Goal.SPEED)):
        assert (part.config, part.goal) == (config, Goal.SPEED)
    assert np.prod([config.rows, config.columns]) == config.cells


@needs_icarus
def test_two_of_four_elements_choose_their_partners(tmp_path):
    """As a dense matrix with zeros, and as the emitted Verilog."""
    config = ArrayConfig(parse_line("int4 x 4 -> int12"), 2, 3, sparse=True)
    tiles = random_tiles(config, 15, seed=6)
    left = np.zeros((2, 8 * len(tiles[3])), int)
    right = np.zeros((8 * len(tiles[3]), 3), int)
    for at, element in enumerate(tiles[3]):
        for row in range(2):
            for lane in range(4):
                place = 8 * at + lane // 2 * 4 + (element.chosen[row] >> 2 * lane & 3)
                left[row, place] = element.a[row] >> 4 * lane & 15
        for column, place in np.ndindex(3, 8):
            right[8 * at + place, column] = element.b[column] >> 4 * place & 15
    dense = gemm(left, right, parse_line("int4 -> int12"))
    got = [[state.acc for state in row] for row in tile_sums(config, tiles[3])]
    assert got == dense.acc.tolist()
    (tmp_path / "unit.v").write_text(array_text(config), encoding="utf-8")
    (tmp_path / "bench.v").write_text(array_testbench(config, tiles), encoding="utf-8")
    assert run_icarus(tmp_path) == (0, ["PASS 30"])


def test_a_sparse_array_says_where_its_codes_are():
    config = ArrayConfig(parse_line("int4 x 2 -> int12"), 2, 3, sparse=True)
    assert config.slug == "array_int4_int4_int12_x2_2x3_2of4"
    assert config.text == "int4 x 2 -> int12, array 2 x 3, 2:4"
    assert (config.products_per_cycle, config.dense_products_per_cycle) == (12, 24)
    facts = describe_array(config)
    assert facts["element"] == {"a": 16, "b": 48, "index_a": 8, "last": 1}
    assert facts["sparsity"] == "2:4"
    assert facts["special_cases"] == [
        "A sum outside the range wraps.",
        (
            "Of four elements of a row of the left matrix two are there. A column has all four "
            "codes, code 0 lowest; index_a has for each lane which one it takes, two bits: of two "
            "lanes the first one's is the lower one."
        ),
    ]


@pytest.mark.parametrize("line", ["int4 -> int12", "e4m3 x 3 -> kulisch", "mxfp4 x 32 -> fp32"])
def test_sparsity_takes_pairs_of_lanes(line):
    with pytest.raises(ConfigError) as error:
        ArrayConfig(parse_line(line), 2, 2, sparse=True)
    assert str(error.value) == (
        "2:4 sparsity takes two lanes for each four elements, which are not in blocks; give the "
        "unit an even number of lanes."
    )
