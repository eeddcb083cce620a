"""Commands that read a store of points: the unit to build, and the points as files."""

from pathlib import Path
from typing import Annotated

import typer

from fp8mac.cli.decide.sweep import STORE
from fp8mac.cli.options import JSON, number, print_json, say_written
from fp8mac.gen.files import STDOUT, is_stream, print_text, write_atomically
from fp8mac.hw.config.structure import MOST_LANES
from fp8mac.synth_reports.store.points.export import KINDS, exported
from fp8mac.synth_reports.store.points.points import PointStore

__all__ = ["points", "recommend"]


def recommend(
    network: Annotated[
        str, typer.Option("--network", metavar="N", help="Network that runs on the unit.")
    ],
    max_drop: Annotated[
        float,
        number(
            "--max-drop",
            low=0,
            high=100,
            kind=float,
            help="Points of its metric that may be lost for sure.",
        ),
    ],
    *,
    minimise: Annotated[
        str,
        typer.Option(metavar="COST", help="area, delay, energy, gates or luts."),
    ] = "area",
    delay: Annotated[
        str,
        typer.Option(
            metavar="T",
            help="Longest path between registers, 20fo4, 1ns, or an FPGA's clock, 100MHz.",
        ),
    ] = "",
    lanes: Annotated[
        int | None,
        number(low=1, high=MOST_LANES, help="Products a cycle; those that there are."),
    ] = None,
    library: Annotated[
        str, typer.Option(metavar="LIB", help="Library; the one that there is.")
    ] = "",
    fpga: Annotated[str, typer.Option(metavar="F", help="FPGA; the one that there is.")] = "",
    store: STORE = Path("points.sqlite"),
    as_json: JSON = False,
) -> None:
    """Name the cheapest unit that loses no more than a limit for sure, and what stands beside it.

    From the points of a store, which fp8mac sweep makes.
    """
    from fp8mac.synth_reports.experiments.sweep.recommend import Demand
    from fp8mac.synth_reports.experiments.sweep.recommend import recommend as answer
    from fp8mac.synth_reports.experiments.sweep.written.text import facts_of, recommendation_text

    demand = Demand(network, max_drop / 100, minimise, delay, lanes, library, fpga)
    found = answer(PointStore(store).rows(), demand)
    if as_json:
        print_json(facts_of(found))
    else:
        print_text(recommendation_text(found))


def points(
    store: Annotated[
        Path, typer.Argument(metavar="[STORE]", help="The store; points.sqlite by default.")
    ] = Path("points.sqlite"),
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help=f"Write FILE: {', '.join(KINDS)} by its suffix."
        ),
    ] = STDOUT,
) -> None:
    """Print the points of a store as CSV, or write them as CSV, JSON or Parquet."""
    rows = PointStore(store).rows()
    kind = "csv" if is_stream(output) else output.suffix.removeprefix(".")
    data = exported(rows, kind)
    if is_stream(output):
        print_text(data.decode())
        return
    write_atomically({output: data})
    say_written([output])
