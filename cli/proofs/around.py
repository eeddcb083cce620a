"""Proofs of what stands around units: streams, and the blocks that rows of an array leave in."""

from typing import Any

import typer

from fp8mac.cli.command import is_given
from fp8mac.cli.options import end, progress_bar, recorded
from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.outputs.blocks import BlockOutput, parse_row_output
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.store.store import Store

__all__ = ["blocks_of", "prove_rows", "prove_unit_stream"]

_OF_UNITS = ("goal", "structure", "both", "verilog", "stream", "vectors")


def blocks_of(ctx: typer.Context, out: str | None) -> BlockOutput | None:
    """The blocks that an output names, if it does; options about a unit alone are refused then."""
    leaves = None if out is None else parse_row_output(out)
    if not isinstance(leaves, BlockOutput):
        return None
    for param in ctx.command.params:
        if param.name in _OF_UNITS and is_given(ctx, param):
            raise end(f"{param.opts[0]} has no effect with --out {leaves.name}.")
    return leaves


def prove_rows(
    ctx: typer.Context, unit: MacConfig, blocks: BlockOutput, limit: float, jobs: int
) -> dict[str, Any]:
    """Prove what makes blocks of an array's sums."""
    array = ArrayConfig(unit, 1, blocks.size, blocks)
    from fp8mac.proofs import rows
    from fp8mac.proofs.check import solve

    with progress_bar() as bar:
        task = bar.add_task("blocks", total=None)

        def advance(claim: str, count: int) -> None:
            bar.update(task, advance=1, total=count, description=claim)

        solver = solve.Solver(limit, Store())
        made = rows.prove_blocks(array, solver=solver, jobs=jobs, progress=advance)
    return rows.block_facts(made, recorded(ctx))


def prove_unit_stream(
    ctx: typer.Context, config: MacConfig, goal: Goal, limit: float, jobs: int
) -> dict[str, Any]:
    """Prove a unit between two streams."""
    from fp8mac.proofs import streams
    from fp8mac.proofs.check import solve

    with progress_bar() as bar:
        task = bar.add_task("claims", total=len(streams.CLAIMS))

        def advance(claim: str, count: int) -> None:
            bar.update(task, advance=1, total=count, description=claim)

        solver = solve.Solver(limit, Store())
        made = streams.prove_stream(config, goal=goal, solver=solver, jobs=jobs, progress=advance)
    return streams.stream_facts(made, recorded(ctx))
