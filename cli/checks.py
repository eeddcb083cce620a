"""Commands that check circuits, ours and others': test vectors, every state."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from fp8mac.cli.options import (
    ACC,
    GOAL,
    JSON,
    LANES,
    OUT,
    STAGES,
    A,
    B,
    Never,
    Only,
    end,
    number,
    print_json,
    progress_bar,
    recorded,
    unit_of,
    write_files,
)
from fp8mac.gen.files import STDOUT, check_outputs, is_stream, print_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.measure import Design

__all__ = ["exhaustive", "vectors"]


def vectors(
    a: A,
    b: B = None,
    *,
    acc: ACC = None,
    lanes: LANES = 1,
    stages: Annotated[STAGES, Only("--unit")] = 1,
    out: Annotated[OUT, Only("--unit")] = None,
    goal: Annotated[GOAL, Only("--testbench")] = Goal.AREA,
    count: Annotated[
        int,
        number("--count", low=1, high=10_000_000, help="Number of cases."),
        Never("--exhaustive"),
    ] = 100_000,
    seed: Annotated[
        int,
        number("--seed", low=0, high=2**32 - 1, help="Equal seeds, equal cases."),
        Never("--exhaustive"),
    ] = 1,
    products: Annotated[
        bool, typer.Option("--exhaustive", help="Instead: every pair of operands, added to 0.")
    ] = False,
    unit: Annotated[
        bool,
        typer.Option("--unit", help="Clock cycles of the unit, not steps of the core."),
        Never("--exhaustive"),
    ] = False,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Write FILE, not stdout.")
    ] = STDOUT,
    testbench: Annotated[
        Path | None,
        typer.Option(
            "--testbench", metavar="FILE", help="Write a Verilog testbench that reads -o."
        ),
        Only("--output"),
    ] = None,
) -> None:
    """Print test vectors, weighted to rare cases, for any implementation of a unit.

    They are the same for every goal; a testbench is one of the module that is built for it.
    """
    config = unit_of(a, b, acc, lanes=lanes, stages=stages, out=out)
    if testbench is not None and is_stream(output):
        raise end("A testbench reads the vectors from a file; name it with -o.")
    check_outputs([output] if testbench is None else [output, testbench])
    shape = Shape.UNIT if unit else Shape.CORE
    make = partial(_testbench, config, shape, goal=goal, vectors_file=str(output))
    if testbench is not None:
        make(count=0)  # the name of the file may not do
    text = _vector_text(config, count, seed, products=products, unit=unit)
    files = {output: text}
    if testbench is not None:
        files[testbench] = make(count=sum(line[:1] != "#" for line in text.splitlines()))
    write_files(files)


def _testbench(*arguments: Any, **options: Any) -> str:
    from fp8mac.gen.testbench import testbench_text

    return testbench_text(*arguments, **options)


def _vector_text(config: MacConfig, count: int, seed: int, *, products: bool, unit: bool) -> str:
    from fp8mac.sim.check import vectors as texts

    if products:
        lines = texts.product_lines(config)
    elif unit:
        lines = texts.sequence_lines(config, count, seed)
    else:
        lines = texts.vector_lines(config, count, seed)
    return "".join(line + "\n" for line in lines)


def exhaustive(
    ctx: typer.Context,
    a: A,
    b: B = None,
    *,
    acc: ACC = None,
    goal: GOAL = Goal.AREA,
    slow: Annotated[
        bool, typer.Option("--slow", help="Use numpy where there is no C compiler.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Check every (a, b, acc) of a core on its mapped netlist; 16-bit float accumulators."""
    from fp8mac.sim.check.exhaustive import check_all, states
    from fp8mac.sim.check.netlist import Netlist

    config = unit_of(a, b, acc)
    total = states(config)
    design = Design(config, Shape.CORE, goal)
    measured = make_bench().measure([design])[design]
    netlist = Netlist.from_blif(measured.synthesis.netlist)
    with progress_bar() as bar:
        task = bar.add_task("states", total=total)
        result = check_all(
            config,
            netlist,
            progress=lambda done, _: bar.update(task, completed=done),
            slow=slow,
        )
    if as_json:
        facts = asdict(result) | {"mismatches": [str(each) for each in result.mismatches]}
        named = {"unit": config.slug, "goal": goal.value, "command": recorded(ctx)}
        print_json(named | facts)
    else:
        text = (
            f"{design.top.removesuffix('_core')}: {result.states:,} states checked, "
            f"{result.wrong:,} wrong "
            f"(netlist {measured.synthesis.sha256[:8]}, {result.seconds:.0f} s)\n"
        )
        print_text(text + "".join(f"  {mismatch}\n" for mismatch in result.mismatches))
    if result.wrong:
        raise typer.Exit(1)
