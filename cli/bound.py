"""Certificates: how far the sums of a network's layers can be from exact ones."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from fp8mac.cli.options import JSON, number, print_json, recorded
from fp8mac.gen.files import print_text
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.render.tables import show

__all__ = ["bound"]


def bound(
    ctx: typer.Context,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="Named unit, or a unit in one line.")],
    network: Annotated[
        str, typer.Option("--network", metavar="N", help="A network.")
    ] = "digits_mlp",
    samples: Annotated[
        int, number(low=1, high=1_000_000, help="Questions that ranges and errors are taken from.")
    ] = 100,
    *,
    as_json: JSON = False,
) -> None:
    """Bound the error of each layer's sums, and prove that none overflows."""
    config = parse_line(unit)
    from fp8mac.synth_reports.experiments.accuracy import accuracy

    a, w = config.operand_names
    case = accuracy.Case(network, a, w, config.accumulator.name, samples, unit=unit)
    layers = accuracy.certificate(case)
    if as_json:
        facts = {"unit": config.text, "network": network, "samples": samples}
        print_json(facts | {"layers": [asdict(e) for e in layers], "command": recorded(ctx)})
        return
    print_text(f"{network} on {config.text}\n")
    show(_table(layers))
    print_text(
        "Errors are shares of a layer's largest sum. Bound, seen: activations within the range of "
        "the\nquestions; any: whatever the input. Bits hold for any input, without an error.\n"
    )


def _table(layers: list[Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("product")
    for name in ("terms", "measured", "bound, seen", "any", "sum bits", "guard", "window"):
        table.add_column(name, justify="right")
    for each in layers:
        errors = (each.measured_error, each.seen_error, each.any_error)
        table.add_row(
            *(each.name, str(each.terms), *map(_share, errors)),
            *map(str, (each.sum_bits, each.guard_bits, each.window_bits)),
        )
    return table


def _share(value: float | None) -> str:
    return "overflow" if value is None else "0" if value == 0 else f"{value:.1e}"
