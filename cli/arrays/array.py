"""The command that writes matrix units."""

from pathlib import Path
from typing import Annotated

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
from fp8mac.hw.config.arrays.array import MOST_SIDE, ArrayConfig
from fp8mac.hw.config.arrays.requantizer import parse_requantizer
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
    stages: STAGES = 1,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="FORMAT",
            help="Round exact sums where they leave: fp16, or int8:times=16 with a multiplier of "
            "16 bits and a shift for each column.",
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
    requantizer = None if out is None else parse_requantizer(out)
    rounded = out if requantizer is None else None
    unit = unit_of(a, b, acc, lanes=lanes, stages=stages, out=rounded)
    config = ArrayConfig(unit, rows, columns, requantizer, sparse)
    sidecar = [] if is_stream(output) else [output.with_suffix(".json")]
    if output in sidecar:
        raise end(f"'{output}' would be the module and its description; name it otherwise.")
    check_outputs([output, *sidecar, *([testbench] if testbench else [])])
    from fp8mac.gen.arrays import testbench as benches
    from fp8mac.gen.arrays import verilog
    from fp8mac.sim.check.arrays import random_scales, random_tiles

    with progress_bar() as bar:
        bar.add_task(config.slug, total=None)
        text, description = verilog.array_contents(config, goal=goal, command=recorded(ctx))
        files = {output: text} | dict.fromkeys(sidecar, description)
        if testbench is not None:
            drawn = random_tiles(config, tiles, seed)
            scales = random_scales(config, seed)
            files[testbench] = benches.array_testbench(
                config, drawn, goal=goal, seed=seed, scales=scales
            )
    write_files(files)
