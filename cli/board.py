"""Commands that bring a unit onto an FPGA board: a bitstream, and a host that checks it."""

import importlib
import shlex
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from fp8mac.cli.options import (
    ACC,
    HERE,
    JSON,
    LANES,
    OUT,
    RESOLVE,
    STAGES,
    A,
    B,
    Never,
    Only,
    end,
    json_text,
    number,
    print_json,
    progress_bar,
    recorded,
    unit_of,
    write_files,
)
from fp8mac.gen.boards.boards import BOARDS, board_named
from fp8mac.gen.describe import module_name
from fp8mac.gen.files import check_folder, print_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.synth_reports.render.tables import show

__all__ = ["bitstream", "board"]

_GOAL = Annotated[Goal, typer.Option("--goal", help="What the unit is built for.")]
_BAUD = number("--baud", low=1_200, high=3_000_000, help="Bits a second of the serial line.")


def bitstream(
    ctx: typer.Context,
    a: A,
    b: B = None,
    *,
    acc: ACC = None,
    lanes: LANES = 1,
    stages: STAGES = 1,
    out: OUT = None,
    resolve: RESOLVE = None,
    goal: _GOAL = Goal.FPGA,
    board: Annotated[
        str,
        typer.Option(
            "--board",
            metavar="BOARD",
            help=f"{', '.join([*BOARDS][:-1])} or {[*BOARDS][-1]}.",
        ),
    ] = "icebreaker",
    baud: Annotated[int, _BAUD] = 115_200,
    divide: Annotated[
        int, number("--divide", low=1, high=16, help="Divide the board's clock: 1, 2, 4, 8 or 16.")
    ] = 1,
    seed: Annotated[int, number("--seed", low=1, high=2**31 - 1, help="Of the placer.")] = 1,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", metavar="DIR", help="Where bitstream and report go.")
    ] = HERE,
    as_json: JSON = False,
) -> None:
    """Build a unit, behind a serial line, into the bitstream of a board.

    Needs nextpnr and the packer of its FPGA: natively on the PATH, or as packages of YoWASP.
    """
    builder = importlib.import_module("fp8mac.gen.boards.bitstream")
    config = unit_of(a, b, acc, lanes=lanes, resolve=resolve, stages=stages, out=out)
    chosen = board_named(board)
    if divide & (divide - 1):
        raise end(f"--divide takes 1, 2, 4, 8 or 16, not {divide}.")
    stem = f"{module_name(config, Shape.UNIT, goal=goal)}_{chosen.name}"
    place = output_dir / f"{stem}.{chosen.bitstream}"
    check_folder(output_dir, f"{stem}.*")
    builder.check_tools(chosen)
    build = builder.BoardBuild(config, goal, chosen, baud, divide, seed)
    with progress_bar() as bar:
        task = bar.add_task(f"{chosen.title}", total=4)

        def stage(sentence: str) -> None:
            bar.update(task, advance=1, description=sentence)

        made = builder.make_bitstream(build, recorded(ctx), progress=stage)
    fmax, clock = made.report["metrics"]["fmax_mhz"], made.report["clock_mhz"]
    if fmax < clock:
        remedy = f"--divide {2 * divide}" if divide < 16 else "--stages 2, or another unit"
        sentence = f"It would run at {fmax:g} MHz, and its clock has {clock:g} MHz; try {remedy}."
        raise end(sentence, 1)
    program = chosen.program.format(file=shlex.quote(str(place)))
    report = made.report | {"bitstream": str(place), "program": program}
    write_files({place: made.data, place.with_suffix(".json"): json_text(report)})
    if as_json:
        print_json(report)
    else:
        show(_report_table(report))


def _report_table(report: dict[str, Any]) -> Table:
    metrics = report["metrics"]
    table = Table("", report["unit"], show_lines=False)
    rows = {
        "board": f"{report['board']}, {report['device']}",
        "LUT": metrics["luts"],
        "carry": metrics["carries"],
        "FF": metrics["flip_flops"],
        "DSP": metrics["dsps"],
        "Fmax": f"{metrics['fmax_mhz']:g} MHz; the clock has {report['clock_mhz']:g} MHz",
        "line": f"{report['baud']} baud",
        "bitstream": report["bitstream"],
        "program it": report["program"],
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table


def board(
    ctx: typer.Context,
    a: A,
    b: B = None,
    *,
    acc: ACC = None,
    lanes: LANES = 1,
    stages: STAGES = 1,
    out: OUT = None,
    resolve: RESOLVE = None,
    port: Annotated[
        str | None,
        typer.Option(
            "--port", metavar="PORT", help="Serial port of the board: /dev/ttyUSB1, COM3."
        ),
        Never("--simulate"),
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Simulate the board, at a pseudo-terminal.")
    ] = False,
    goal: Annotated[_GOAL, Only("--simulate")] = Goal.FPGA,
    baud: Annotated[int, _BAUD, Never("--simulate")] = 115_200,
    vectors: Annotated[
        int, number("--vectors", low=1, high=1_000_000, help="Sums that are compared.")
    ] = 20,
    seed: Annotated[
        int, number("--seed", low=0, high=2**32 - 1, help="Equal seeds, equal sums.")
    ] = 1,
    as_json: JSON = False,
) -> None:
    """Compare sums of the unit on a board with the golden model; exit code 1 if one is wrong."""
    if port is None and not simulate:
        raise end("Name the board's serial port with --port, or take --simulate.")
    config = unit_of(a, b, acc, lanes=lanes, resolve=resolve, stages=stages, out=out)
    importlib.import_module("fp8mac.hw.units.buildable").check_buildable(config)
    checks = importlib.import_module("fp8mac.gen.boards.checks")
    host = importlib.import_module("fp8mac.gen.boards.host")
    with ExitStack() as stack:
        line: dict[str, Any] = {"port": port, "baud": baud}
        if simulate:
            simulated = importlib.import_module("fp8mac.gen.boards.simulated")
            running = stack.enter_context(simulated.SimulatedBoard(config, goal))
            line = {"port": running.port, "answer_seconds": simulated.ANSWER_SECONDS}
        link = stack.enter_context(host.BoardLink(config, **line))
        bar = stack.enter_context(progress_bar())
        task = bar.add_task(config.slug, total=vectors)
        found = checks.check_board(
            config, link, vectors, seed, progress=lambda products: bar.advance(task)
        )
    if as_json:
        where = "simulated" if simulate else port
        facts = asdict(found) | {"products_per_second": found.products_per_second}
        print_json({"unit": config.text, "port": where, "command": recorded(ctx)} | facts)
    else:
        print_text(_sentences(config.text, found))
    if found.wrong:
        raise typer.Exit(1)


def _sentences(unit: str, found: Any) -> str:
    again = f", {found.repeats} asked for again" if found.repeats else ""
    text = (
        f"{unit}: {found.sums:,} sums of {found.products:,} products, {found.wrong:,} wrong{again}; "
        f"{found.products_per_second:,.0f} products a second\n"
    )
    return text + (f"  {found.first}\n" if found.first else "")
