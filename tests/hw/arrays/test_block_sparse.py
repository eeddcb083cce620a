# amaranth: UnusedElaboratable=no
"""Block-sparse matrix units: blocks that are zero take no cycle, and sums are those of `gemm`."""

import inspect
import json
import random
import sys
from types import ModuleType

import numpy as np
import pytest
from amaranth.sim import Simulator
from icarus import needs_icarus, run_icarus
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.gen.arrays import block_sparse as verilog
from fp8mac.gen.arrays.block_sparse import block_sparse_text, describe_block_sparse
from fp8mac.gen.arrays.block_sparse_bench import block_sparse_testbench
from fp8mac.hw.arrays import block_sparse as circuit
from fp8mac.hw.arrays.block_sparse import BlockSparseArray
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.arrays.block_sparse import BlockSparseConfig, block_sparse_ports
from fp8mac.hw.config.outputs.output import parse_output
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.arrays import random_scales
from fp8mac.sim.check.block_sparse import random_sparse_tiles
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.arrays import tile_sums
from fp8mac.sim.exact.block_sparse import (
    SparseTile,
    block_words,
    left_words,
    memory_words,
    present_elements,
    tile_of,
)
from fp8mac.sim.gemm.gemm import gemm


def config_of(line: str, rows: int, columns: int, elements: int, depth: int = 64, **more):
    return BlockSparseConfig(ArrayConfig(parse_line(line), rows, columns, **more), elements, depth)


def matrices(rows: int, columns: int, length: int, elements: int, *, below: int, zeros: list[int]):
    """Two matrices of codes; blocks of the left one, of two rows, are zeros three times of four."""
    rng = np.random.default_rng(8)
    shapes = ((rows, length), (length, columns))
    left, right = (rng.integers(0, below, shape) for shape in shapes)
    for row, first in np.ndindex(-(-rows // 2), length // elements):
        if rng.random() < 0.75:
            block = left[2 * row : 2 * row + 2, first * elements : (first + 1) * elements]
            block[:] = rng.choice(zeros, block.shape)
    return left, right


@needs_icarus
@pytest.mark.parametrize(
    ("config", "goal"),
    [
        (config_of("int8 -> int20:saturate", 3, 2, 4), Goal.AREA),
        pytest.param(
            *(config_of("e5m2 -> kulisch:3:segmented=6, stages 3", 3, 2, 2), Goal.FPGA),
            marks=pytest.mark.slow,
        ),
        (config_of("e5m2 -> fp16", 1, 2, 8), Goal.AREA),
        (config_of("int4 x 2 -> int12", 2, 2, 2, sparse=True), Goal.AREA),
        pytest.param(*(config_of("mxfp4 x 2 -> fp32", 2, 1, 2), Goal.AREA), marks=pytest.mark.slow),
        (
            config_of("int4 -> int12", 2, 2, 2, output=parse_output("int5:times=4")),
            Goal.AREA,
        ),
    ],
    ids=lambda each: each.slug if isinstance(each, BlockSparseConfig) else each.value,
)
def test_back_pressure_loses_nothing(config, goal, tmp_path):
    """Pauses on both streams in, a memory that reads when it is told, tiles without blocks."""
    memory, tiles = random_sparse_tiles(config, 20, seed=1)
    assert [not tile.blocks for tile in tiles] == [False, False, False, True, False] * 4
    (tmp_path / "unit.v").write_text(block_sparse_text(config, goal=goal), encoding="utf-8")
    scales = random_scales(config.array, seed=1)
    bench = block_sparse_testbench(config, memory, tiles, goal=goal, scales=scales)
    (tmp_path / "bench.v").write_text(bench, encoding="utf-8")
    assert run_icarus(tmp_path) == (0, [f"PASS {20 * config.array.rows}"])


@needs_icarus
@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Cat(place, number.block)", "Cat(place, number.block + 1)"),
        ("ends.eq(number.last & ends_block)", "ends.eq(0)"),
        ("ends.eq(number.last & ends_block)", "ends.eq(number.last)"),
        ("self.read.eq(moves & ", "self.read.eq("),
        ("Mux(nothing, 0, source[name])", "source[name]"),
        ("waits & ~nothing & array.i.ready", "waits & array.i.ready"),
        ("place.all() | number.none", "place.all()"),
        ("waits.eq(self.k.valid)", "waits.eq(1)"),
        ("self.k.ready.eq(moves & ends_block)", "self.k.ready.eq(ends_block)"),
    ],
)
def test_planted_bug_is_found(monkeypatch, right, wrong, tmp_path):
    source = inspect.getsource(circuit)
    assert source.count(right) == 1
    planted = ModuleType("planted")
    monkeypatch.setitem(sys.modules, "planted", planted)
    exec(compile(source.replace(right, wrong), "planted", "exec"), vars(planted))
    monkeypatch.setattr(verilog, "BlockSparseArray", planted.BlockSparseArray)
    config = config_of("int4 -> int8", 2, 2, 2)
    memory, tiles = random_sparse_tiles(config, 20, seed=1)
    (tmp_path / "unit.v").write_text(block_sparse_text(config), encoding="utf-8")
    bench = block_sparse_testbench(config, memory, tiles)
    (tmp_path / "bench.v").write_text(bench, encoding="utf-8")
    code, lines = run_icarus(tmp_path)
    assert code == 1
    assert lines[-1].startswith("FAIL ")


def streamed(config: BlockSparseConfig, memory, tiles: list[SparseTile]) -> tuple[list[int], int]:
    """Rows of sums, and the cycles that they take where nothing pauses."""
    unit, words = BlockSparseArray(config), list(memory_words(config, memory))
    blocks = [word for tile in tiles for word in block_words(config, tile)]
    left = [word for tile in tiles for word in left_words(config, tile)]
    rows, cycles = list[int](), 0

    async def testbench(ctx):
        nonlocal cycles
        ctx.set(unit.o.ready, 1)
        sent = given = 0
        while len(rows) < config.array.rows * len(tiles):
            ctx.set(unit.k.valid, sent < len(blocks))
            ctx.set(unit.k.payload.as_value(), blocks[min(sent, len(blocks) - 1)])
            ctx.set(unit.i.valid, given < len(left))
            ctx.set(unit.i.payload.as_value(), left[min(given, len(left) - 1)])
            if ctx.get(unit.o.valid):
                rows.append(ctx.get(unit.o.payload.acc))
            sent += sent < len(blocks) and ctx.get(unit.k.ready)
            given += given < len(left) and ctx.get(unit.i.ready)
            reads, address = ctx.get(unit.read), ctx.get(unit.address)
            cycles += 1
            await ctx.tick()
            if reads:
                ctx.set(unit.data.as_value(), words[address])

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return rows, cycles


def test_blocks_that_are_gone_take_no_cycle_and_sums_are_those_of_gemm():
    config = config_of("int4 -> int16", 2, 3, 4, depth=64)
    left, right = matrices(8, 3, 64, 4, below=16, zeros=[0])
    left[4:6] = 0
    tiles = [tile_of(config, left[row : row + 2].tolist()) for row in range(0, 8, 2)]
    assert [bool(tile.blocks) for tile in tiles] == [True, True, False, True]
    got, cycles = streamed(config, [tuple(each) for each in right.tolist()], tiles)
    sums = gemm(left, right, config.array.unit).acc
    assert got == [
        sum(int(each) % (1 << 16) << 16 * at for at, each in enumerate(row)) for row in sums
    ]
    present = sum(max(config.array.rows, 4 * len(tile.blocks)) for tile in tiles)
    assert present < 64 * 4 / 3
    assert cycles == present + config.latency_cycles + config.array.rows - 1


@pytest.mark.parametrize(
    "line", ["int8 -> int32", "e4m3 -> kulisch:3", "e4m3 -> fp16", "e5m2 -> bf16"]
)
def test_products_of_zero_that_are_left_out_change_no_sum(line):
    """Finite operands; what a sum of zeros is, +0 or -0, is not compared."""
    config = config_of(line, 2, 4, 8)
    unit = config.array.unit
    zeros = [0] if line.startswith("int") else [0, 0x80]
    left, right = matrices(2, 4, 64, 8, below=0x78, zeros=zeros)
    right[:, ::2] ^= 0x80
    tile = tile_of(config, left.tolist())
    assert 0 < len(tile.blocks) < 8
    elements = present_elements(config, tile, [tuple(each) for each in right.tolist()])
    got = tile_sums(config.array, elements)
    assert [[state.acc for state in row] for row in got] == gemm(left, right, unit).acc.tolist()


def test_a_window_cuts_in_a_step_of_zeros_and_it_is_said():
    config = config_of("e4m3 x 4 -> fp32, window 13", 1, 1, 2)
    unit, rng = config.array.unit, random.Random(1)
    changed = 0
    for _ in range(40):
        words = [sum(rng.randrange(0x70) << 8 * lane for lane in range(4)) for _ in range(4)]
        state = golden.step(unit, golden.step(unit, golden.reset(unit), *words[:2]), *words[2:])
        changed += golden.step(unit, state, 0, words[0]) != state
    assert 0 < changed < 40
    (said,) = describe_block_sparse(config)["special_cases"][-1:]
    assert said.endswith(
        "A step of zeros cuts a sum to its window as well, so that a sum without it can have other "
        "low bits."
    )
    plain = config_of("e4m3 -> fp16", 1, 1, 2)
    assert describe_block_sparse(plain)["special_cases"][-1] == said.partition(" A step of")[0]


def test_a_tile_without_blocks_is_zero():
    config = config_of("e4m3 -> fp16", 2, 2, 8)
    tile = tile_of(config, [[0x80] * 16, [0] * 16])
    assert tile == SparseTile((), ())
    nan = [(0x7F, 0x7F)] * 16
    sums = tile_sums(config.array, present_elements(config, tile, nan))
    assert sums == [[golden.State(0, ())] * 2] * 2
    assert list(block_words(config, tile)) == [0b11 << config.block_bits]


def test_the_left_matrix_is_filled_up_with_zeros():
    config = config_of("int8 -> int32", 2, 1, 4)
    tile = tile_of(config, [[0, 0, 0, 0, 1], [0, 0, 0, 0, 0]])
    assert (tile.blocks, [each.a for each in tile.left]) == ((1,), [(1, 0), *[(0, 0)] * 3])


def test_description_says_what_the_ports_carry():
    config = config_of("int4 x 2 -> int12", 2, 3, 4, depth=1024, sparse=True)
    assert config.slug == "array_int4_int4_int12_x2_2x3_2of4_blocks4"
    assert config.text == "int4 x 2 -> int12, array 2 x 3, 2:4, blocks of 4"
    facts = describe_block_sparse(config)
    assert {name: facts[name] for name in ("kind", "sparsity", "latency_cycles")} == {
        "kind": "block-sparse array",
        "sparsity": "2:4, blocks of 4",
        "latency_cycles": 2,
    }
    assert (facts["block_elements"], facts["memory_elements"]) == (4, 1024)
    assert facts["block"] == {"block": 8, "none": 1, "last": 1}
    assert (facts["left"], facts["right"]) == ({"a": 16, "index_a": 8}, {"b": 48})
    assert "element" not in facts
    assert [(port.name, port.bits) for port in block_sparse_ports(config)] == [
        *(("clk", 1), ("rst", 1)),
        *(("k__payload", 10), ("k__valid", 1), ("k__ready", 1)),
        *(("i__payload", 24), ("i__valid", 1), ("i__ready", 1)),
        *(("address", 10), ("read", 1), ("data", 48)),
        *(("o__payload", 37), ("o__valid", 1), ("o__ready", 1)),
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--block-sparse", "3"], "A block has 2, 4, 8, 16, 32 or 64 elements, not 3."),
        (
            ["--block-sparse", "8", "--depth", "12"],
            ("A memory has two or more blocks of 8 elements, and at most 65,536 elements, not 12."),
        ),
        (["--depth", "64"], "--depth has no effect without --block-sparse."),
    ],
)
def test_bad_input(words, sentence):
    result = CliRunner().invoke(app, ["array", "int8", "--acc", "int32", *words])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.strip().splitlines()[-1] == sentence


@needs_icarus
def test_command_writes_a_module_and_its_testbench(tmp_path):
    words = ["array", "int4", "--acc", "int9", "--rows", "2", "--columns", "1"]
    words += ["--block-sparse", "2", "-o", str(tmp_path / "unit.v")]
    words += ["--testbench", str(tmp_path / "bench.v"), "--tiles", "6", "--seed", "3"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout) == (0, "")
    assert run_icarus(tmp_path) == (0, ["PASS 12"])
    facts = json.loads((tmp_path / "unit.json").read_text())
    assert facts["module"] == "array_int4_int4_int9_2x1_blocks2"
    text = (tmp_path / "unit.v").read_text()
    assert text.startswith(f"// {facts['module']}: block-sparse array of 2 x 1 units between")


def test_parameters_can_be_read():
    config = config_of("int4 -> int8", 2, 1, 2)
    unit = BlockSparseArray(config, Goal.SPEED)
    assert (unit.config, unit.goal) == (config, Goal.SPEED)


def test_a_depth_is_a_number_of_blocks():
    with pytest.raises(ConfigError) as error:
        config_of("int4 -> int8", 2, 1, 64, depth=65_600)
    assert str(error.value) == (
        "A memory has two or more blocks of 64 elements, and at most 65,536 elements, not 65,600."
    )
