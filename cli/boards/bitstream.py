"""The command `bitstream`: a unit behind a serial line, for an FPGA board."""

import shlex
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
from fp8mac.gen.files import check_folder
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.synth_reports.render.tables import show

__all__ = ["BAUD", "BOARD_GOAL", "bitstream"]

BOARD_GOAL = Annotated[Goal, typer.Option("--goal", help="What the unit is built for.")]
BAUD = number("--baud", low=1_200, high=3_000_000, help="Bits a second of the serial line.")


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
    goal: BOARD_GOAL = Goal.FPGA,
    board: Annotated[
        str,
        typer.Option(
            "--board",
            metavar="BOARD",
            help=f"{', '.join([*BOARDS][:-1])} or {[*BOARDS][-1]}.",
        ),
    ] = "icebreaker",
    baud: Annotated[int, BAUD] = 115_200,
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
    from fp8mac.gen.boards import bitstream as builder

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
        **({"timing": report["timing"]} if "timing" in report else {}),
        "line": f"{report['baud']} baud",
        "bitstream": report["bitstream"],
        "program it": report["program"],
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table
