"""The command that says what an array of units takes for a network."""

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from fp8mac.cli.options import (
    ACC,
    JSON,
    LANES,
    OUT,
    A,
    B,
    end,
    number,
    print_json,
    progress_bar,
    recorded,
    unit_of,
)
from fp8mac.gen.files import print_text
from fp8mac.synth_reports.render.tables import show

if TYPE_CHECKING:
    from fp8mac.synth_reports.machine.machine import LayerCost

__all__ = ["machine"]

_MOST_PLACES = 1024


def machine(
    ctx: typer.Context,
    a: A,
    b: B = None,
    *,
    acc: ACC = None,
    lanes: LANES = 1,
    out: OUT = None,
    network: Annotated[
        str, typer.Option("--network", metavar="NAME", help="As for fp8mac accuracy.")
    ] = "fmnist",
    array: Annotated[
        str, typer.Option("--array", metavar="RxC", help="Rows and columns of units.")
    ] = "16x16",
    product_pj: Annotated[
        float | None,
        number(
            "--product-pj",
            low=0,
            high=1_000_000,
            kind=float,
            help="Energy of a product, as fp8mac synth --liberty measures it.",
        ),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Say what an array of a unit takes for a question to a network: cycles, traffic, energy."""
    config = unit_of(a, b, acc, lanes=lanes, out=out)
    size = re.fullmatch(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})", array)
    if size is None or max(int(size[1]), int(size[2])) > _MOST_PLACES:
        sentence = f"--array takes rows and columns up to {_MOST_PLACES}, such as 16x16"
        raise end(f"{sentence}, not '{array}'.")
    from fp8mac.sim.networks.tasks.zoo import load_task
    from fp8mac.synth_reports.machine.machine import UnitArray, energies_pj, layer_costs
    from fp8mac.synth_reports.machine.products import products_of

    with progress_bar() as bar:
        bar.add_task(network, total=None)
        products = products_of(load_task(network))
    costs = layer_costs(UnitArray(config, int(size[1]), int(size[2])), products)
    energies = energies_pj(costs, product_pj)
    if as_json:
        print_json(
            {
                "command": recorded(ctx),
                "unit": config.text,
                "layers": [asdict(cost) for cost in costs],
                "energy_pj": energies,
            }
        )
        return
    show(_table(costs, f"{config.text}, {array} places, a question to {network}"))
    print_text(_notes(costs, energies))


def _table(costs: "list[LayerCost]", title: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("layer")
    names = "n k m times cycles used first second results memory buffer".split()
    for name in names:
        table.add_column(name, justify="right")
    for cost in costs:
        product = cost.product
        table.add_row(
            product.name,
            *(f"{each:,}" for each in (product.rows, product.terms, product.columns)),
            *(f"{product.times:,}", f"{cost.cycles:,}", f"{100 * cost.utilisation:.0f} %"),
            *map(_kilo, (cost.first_bits, cost.second_bits, cost.result_bits)),
            *map(_kilo, (cost.memory_bits, cost.buffer_bits)),
        )
    return table


def _kilo(bits: int) -> str:
    return f"{bits / 1000:,.1f}"


def _notes(costs: "list[LayerCost]", energies: dict[str, Any]) -> str:
    total = sum(cost.cycles for cost in costs)
    shown = {name: energies[name] for name in ("products", "buffer", "memory")}
    parts = [f"{name} {pj / 1000:,.1f}" for name, pj in shown.items() if pj is not None]
    parts[-1] += f" to {energies['memory_most'] / 1000:,.1f}"
    return (
        f"{total:,} cycles for {sum(cost.product.count for cost in costs):,} products.\n"
        "first, second, results: kbit between buffer and array; memory: kbit between buffer and "
        "main memory; buffer: kbit that it has to hold\n"
        f"energy, nJ: {', '.join(parts)}\n"
    )
