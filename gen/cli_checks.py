"""Commands that check circuits, ours and others': test vectors, every state."""

import importlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fp8mac.gen.cli_options import (
    ACC,
    GOAL,
    JSON,
    A,
    B,
    command_text,
    end,
    goal_words,
    make_bench,
    print_json,
    progress_bar,
)
from fp8mac.gen.files import write_atomically
from fp8mac.hw.config import ConfigError, Goal, MacConfig, parse_unit
from fp8mac.synth_reports.measure import Design, Shape

__all__ = ["exhaustive", "vectors"]


def vectors(
    a: A,
    b: B = None,
    *,
    acc: ACC,
    goal: GOAL = Goal.AREA,
    count: Annotated[int, typer.Option("--count", min=1, help="Number of cases.")] = 100_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Equal seeds, equal cases.")] = 1,
    products: Annotated[
        bool, typer.Option("--exhaustive", help="Instead: every pair of operands, added to 0.")
    ] = False,
    unit: Annotated[
        bool, typer.Option("--unit", help="Clock cycles of the unit, not steps of the core.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write FILE, not stdout.")
    ] = None,
    testbench: Annotated[
        Path | None,
        typer.Option(
            "--testbench", metavar="FILE", help="Write a Verilog testbench that reads -o."
        ),
    ] = None,
) -> None:
    """Print test vectors, weighted to rare cases, for any implementation of a unit.

    They are the same for every goal; a testbench is one of the module that is built for it.
    """
    config = parse_unit(a, b, acc=acc)
    if products and unit:
        raise ConfigError("--exhaustive lists steps of a core; it does not go with --unit.")
    if testbench is not None and output is None:
        raise ConfigError("A testbench reads the vectors from a file; name it with -o.")
    text = _vector_text(config, count, seed, products=products, unit=unit)
    if output is None:
        typer.echo(text, nl=False)
        return
    files = {output: text}
    if testbench is not None:
        make = importlib.import_module("fp8mac.gen.testbench").testbench_text
        cases = sum(not line.startswith("#") for line in text.splitlines())
        files[testbench] = make(
            config, core=not unit, goal=goal, vectors_file=str(output), count=cases
        )
    write_atomically(files)
    typer.echo(f"Wrote {' and '.join(map(str, files))}.", err=True)


def _vector_text(config: MacConfig, count: int, seed: int, *, products: bool, unit: bool) -> str:
    module = importlib.import_module("fp8mac.sim.testvectors")
    if products:
        lines = module.product_lines(config)
    elif unit:
        lines = module.sequence_lines(config, count, seed)
    else:
        lines = module.vector_lines(config, count, seed)
    return "".join(line + "\n" for line in lines)


def exhaustive(
    a: A,
    b: B = None,
    *,
    acc: ACC,
    goal: GOAL = Goal.AREA,
    slow: Annotated[
        bool, typer.Option("--slow", help="Use numpy where there is no C compiler.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Check every (a, b, acc) of a core on its mapped netlist; 16-bit float accumulators."""
    config = parse_unit(a, b, acc=acc)
    module = importlib.import_module("fp8mac.sim.exhaustive")
    total = module.states(config)
    design = Design(config, Shape.CORE, goal)
    measured = make_bench().measure([design])[design]
    netlist = importlib.import_module("fp8mac.sim.netlist").Netlist.from_blif(
        measured.synthesis.netlist
    )
    with progress_bar() as bar:
        task = bar.add_task("states", total=total)
        try:
            result = module.check_all(
                config,
                netlist,
                progress=lambda done, _: bar.update(task, completed=done),
                slow=slow,
            )
        except (module.CompilerError, module.SelfTestError) as error:
            raise end(str(error)) from error
    if as_json:
        facts = asdict(result) | {"mismatches": [str(each) for each in result.mismatches]}
        command = command_text("exhaustive", a, b, "--acc", acc, *goal_words(goal))
        print_json({"unit": config.slug, "goal": goal.value, "command": command, **facts})
    else:
        typer.echo(
            f"{design.top.removesuffix('_core')}: {result.states:,} states checked, "
            f"{result.wrong:,} wrong "
            f"(netlist {measured.synthesis.sha256[:8]}, {result.seconds:.0f} s)"
        )
        for mismatch in result.mismatches:
            typer.echo(f"  {mismatch}")
    if result.wrong:
        raise typer.Exit(1)
