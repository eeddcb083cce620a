"""The command that writes matrix units."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fp8mac.cli.options import (
    ACC,
    GOAL,
    LANES,
    STAGES,
    A,
    B,
    Only,
    end,
    number,
    progress_bar,
    recorded,
    unit_of,
    write_files,
)
from fp8mac.gen.files import STDOUT, check_outputs, is_stream
from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.arrays.array import MOST_SIDE, ArrayConfig
from fp8mac.hw.config.arrays.block_sparse import (
    BLOCK_SIZES,
    LARGEST_DEPTH,
    BlockSparseConfig,
)
from fp8mac.hw.config.outputs.blocks import parse_row_output
from fp8mac.hw.config.structure import Goal

__all__ = ["array"]


def array(
    ctx: typer.Context,
    a: A,
    b: B = None,
    *,
    acc: ACC = None,
    rows: Annotated[
        int, number("--rows", low=1, high=MOST_SIDE, help="Rows of the left matrix in a tile.")
    ] = 8,
    columns: Annotated[
        int, number("--columns", low=1, high=MOST_SIDE, help="Columns of the right one.")
    ] = 8,
    lanes: LANES = 1,
    sparse: Annotated[
        bool,
        typer.Option("--sparse", help="Two of four elements of the left matrix, with indices."),
    ] = False,
    block_sparse: Annotated[
        int | None,
        number(
            "--block-sparse",
            low=min(BLOCK_SIZES),
            high=max(BLOCK_SIZES),
            help="Elements of a block, a power of two: blocks of the left matrix that are zero "
            "take no cycle, and the right one is read from a memory.",
        ),
    ] = None,
    depth: Annotated[
        int,
        number("--depth", low=4, high=LARGEST_DEPTH, help="Elements of that memory."),
        Only("--block-sparse"),
    ] = BlockSparseConfig.depth,
    stages: STAGES = 1,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="FORMAT",
            help="Round exact sums where they leave: fp16, e4m3:shift=6 with a shift of 6 bits for "
            "each column, int8:times=16 with a multiplier of 16 bits, too, or mxfp8, blocks of 32 "
            "columns (mxfp8:up: no element saturates).",
        ),
    ] = None,
    goal: GOAL = Goal.AREA,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write FILE, and a description beside it."
        ),
    ] = STDOUT,
    testbench: Annotated[
        Path | None,
        typer.Option("--testbench", metavar="FILE", help="Write a self-checking testbench, too."),
    ] = None,
    tiles: Annotated[
        int,
        number("--tiles", low=1, high=1000, help="Tiles of the testbench."),
        Only("--testbench"),
    ] = 20,
    seed: Annotated[
        int,
        number("--seed", low=0, high=2**32 - 1, help="Equal seeds, equal testbenches."),
        Only("--testbench"),
    ] = 1,
) -> None:
    """Print the Verilog of a matrix unit, or write it: rows and columns of a unit, two streams."""
    leaves = None if out is None else parse_row_output(out)
    in_unit = isinstance(leaves, FloatAccConfig)
    unit = unit_of(a, b, acc, lanes=lanes, stages=stages, out=out if in_unit else None)
    config = ArrayConfig(unit, rows, columns, None if in_unit else leaves, sparse)
    blocks = None if block_sparse is None else BlockSparseConfig(config, block_sparse, depth)
    sidecar = [] if is_stream(output) else [output.with_suffix(".json")]
    if output in sidecar:
        raise end(f"'{output}' would be the module and its description; name it otherwise.")
    check_outputs([output, *sidecar, *([testbench] if testbench else [])])
    from fp8mac.gen.arrays import block_sparse as block_verilog
    from fp8mac.gen.arrays import verilog
    from fp8mac.sim.check.arrays import random_scales

    made: dict[str, Any] = {"goal": goal, "seed": seed, "scales": random_scales(config, seed)}
    with progress_bar() as bar:
        bar.add_task((blocks or config).slug, total=None)
        if blocks is None:
            text, description = verilog.array_contents(config, goal=goal, command=recorded(ctx))
        else:
            text, description = block_verilog.block_sparse_contents(
                blocks, goal=goal, command=recorded(ctx)
            )
        files = {output: text} | dict.fromkeys(sidecar, description)
        if testbench is not None:
            files[testbench] = _bench(config, blocks, tiles, made)
    write_files(files)


def _bench(
    config: ArrayConfig, blocks: BlockSparseConfig | None, tiles: int, made: dict[str, Any]
) -> str:
    """Testbench with random tiles."""
    from fp8mac.gen.arrays import block_sparse_bench, testbench
    from fp8mac.sim.check.arrays import random_tiles
    from fp8mac.sim.check.block_sparse import random_sparse_tiles

    if blocks is None:
        return testbench.array_testbench(config, random_tiles(config, tiles, made["seed"]), **made)
    memory, drawn = random_sparse_tiles(blocks, tiles, made["seed"])
    return block_sparse_bench.block_sparse_testbench(blocks, memory, drawn, **made)
