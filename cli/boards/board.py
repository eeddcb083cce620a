"""The command `board`: sums on a board, or on a simulated one, beside the golden model."""

from contextlib import ExitStack
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.progress import TimeRemainingColumn

from fp8mac.cli.boards.bitstream import BAUD, BOARD_GOAL
from fp8mac.cli.options import (
    ACC,
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
    number,
    print_json,
    progress_bar,
    recorded,
    unit_of,
)
from fp8mac.gen.files import print_text
from fp8mac.hw.config.structure import Goal

__all__ = ["board"]


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
    goal: Annotated[BOARD_GOAL, Only("--simulate")] = Goal.FPGA,
    baud: Annotated[int, BAUD, Never("--simulate")] = 115_200,
    vectors: Annotated[
        int,
        number("--vectors", low=1, high=1_000_000, help="Sums that are compared."),
        Never("--digits"),
        Never("--fashion"),
    ] = 20,
    seed: Annotated[
        int,
        number("--seed", low=0, high=2**32 - 1, help="Equal seeds, equal sums."),
        Never("--digits"),
        Never("--fashion"),
    ] = 1,
    digits: Annotated[
        int | None,
        number("--digits", low=1, high=600, help="Instead: classify pictures of digits."),
        Never("--fashion"),
    ] = None,
    fashion: Annotated[
        int | None,
        number("--fashion", low=1, high=2_000, help="Instead: classify pictures of clothes."),
    ] = None,
    sums: Annotated[
        int | None,
        number(
            "--sums",
            low=1,
            high=100_000,
            help="Of each layer so many sums on the board, and the others by gemm; all by default.",
        ),
        Only("--digits or --fashion"),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Compare sums of the unit on a board with the golden model; exit code 1 if one is wrong."""
    if port is None and not simulate:
        raise end("Name the board's serial port with --port, or take --simulate.")
    config = unit_of(a, b, acc, lanes=lanes, resolve=resolve, stages=stages, out=out)
    from fp8mac.gen.boards import checks, host
    from fp8mac.hw.units.buildable import check_undrawn

    check_undrawn(config, "a board's bitstream")
    shown, count = None, digits or fashion or 0
    if count:
        from fp8mac.gen.boards import demo

        shown = demo.Demo(config, "fmnist" if fashion else "digits_mlp", sums)
        if simulate and fashion and sums is None:
            typer.echo(
                f"A picture has {shown.products:,} products, which are hours where the board is "
                "simulated; --sums 5 takes five sums of each layer.",
                err=True,
            )
    with ExitStack() as stack:
        line: dict[str, Any] = {"port": port, "baud": baud}
        if simulate:
            from fp8mac.gen.boards import simulated

            running = stack.enter_context(simulated.SimulatedBoard(config, goal))
            line = {"port": running.port, "answer_seconds": simulated.ANSWER_SECONDS}
        link = stack.enter_context(host.BoardLink(config, **line))
        bar = stack.enter_context(progress_bar(TimeRemainingColumn()))
        if shown is not None:
            task = bar.add_task("products", total=count * shown.products)
            pictures = shown.classify(
                link, count, progress=lambda products: bar.advance(task, products)
            )
            return _say_pictures(shown, pictures, as_json=as_json)
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
    return None


def _say_pictures(shown: Any, pictures: list[Any], *, as_json: bool) -> None:
    """Print what a board made of pictures; exit code 1 if it is not what `gemm` makes of them."""
    from fp8mac.gen.boards.demo import CLOTHES

    unit, fashion = shown.config.text, shown.network == "fmnist"
    same = sum(each.same for each in pictures)
    right = sum(each.answer == each.truth for each in pictures)
    sums, wrong = (sum(getattr(each, name) for each in pictures) for name in ("sums", "wrong"))
    if as_json:
        print_json({"unit": unit, "pictures": [asdict(each) for each in pictures]})
    else:
        names = [*CLOTHES, "nothing"] if fashion else [*map(str, range(10)), "nothing"]
        seen = (", " if fashion else " ").join(names[each.answer] for each in pictures)
        many = "s" * (len(pictures) != 1)
        what = f"picture{many} of clothes" if fashion else f"digit{many}"
        text = (
            f"{unit}: {len(pictures)} {what}, {same} as gemm makes them bit for bit, {right} right"
        )
        print_text(f"{text}; {sums:,} sums on the board, {wrong:,} wrong\n  {seen}\n")
    if same < len(pictures) or wrong:
        raise typer.Exit(1)


def _sentences(unit: str, found: Any) -> str:
    again = f", {found.repeats} asked for again" if found.repeats else ""
    text = (
        f"{unit}: {found.sums:,} sums of {found.products:,} products, "
        f"{found.wrong:,} wrong{again}; {found.products_per_second:,.0f} products a second\n"
    )
    return text + (f"  {found.first}\n" if found.first else "")
