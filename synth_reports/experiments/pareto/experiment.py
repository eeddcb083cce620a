"""Area against accuracy as an experiment: what others have measured, joined and drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fp8mac.hw.config.ports import Shape
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, page
from fp8mac.synth_reports.experiments.pareto.pareto import Charts
from fp8mac.synth_reports.experiments.pareto.plot import picture
from fp8mac.synth_reports.experiments.pareto.tables import ChartJob, charts, check_axes, networks_of
from fp8mac.synth_reports.experiments.pareto.text import csv_text, markdown_text
from fp8mac.synth_reports.experiments.worker import Worker

__all__ = ["Pareto", "ParetoOptions"]


@dataclass(frozen=True)
class ParetoOptions:
    """Which networks, and what is drawn against what."""

    networks: Annotated[
        tuple[str, ...], Option("Networks; all with results.", "N,M,...", "--network")
    ] = ()
    area: Annotated[
        str,
        Option(
            "gates, ge, delay, energy, of an FPGA luts or period, or a column of the grid.",
            *("X", "--x"),
            part=True,
        ),
    ] = "gates"
    quantities: Annotated[
        tuple[str, ...], Option("accuracy, sqnr, or both.", "Y,...", "--y", part=True)
    ] = ("accuracy", "sqnr")
    core: Annotated[
        bool,
        Option("The combinational core, or with registers.", names="--core/--unit", part=True),
    ] = False
    grid: Annotated[Path, Option("Table that fp8mac grid, fpga or route wrote.", "FILE")] = Path(
        "grid.csv"
    )
    accuracy: Annotated[Path, Option("Tables that fp8mac accuracy wrote.", "DIR")] = Path(
        "accuracy"
    )


class Pareto(Experiment[ParetoOptions, ChartJob, Charts]):
    """A page for each network."""

    name = "plot"
    help = "Draw area against accuracy, with the Pareto front, for each network: md, csv, png, svg."
    options = ParetoOptions
    folder = Path("pareto")
    keeps = False

    def plan(self, options: ParetoOptions) -> list[ChartJob]:
        shape = (Shape.CORE if options.core else Shape.UNIT).value
        check_axes(options.grid, options.area, shape, options.quantities)
        return [
            ChartJob(
                *(name, options.grid, options.accuracy),
                *(options.area, shape, options.quantities),
            )
            for name in networks_of(options.accuracy, options.networks)
        ]

    def run(self, job: ChartJob, worker: Worker) -> Charts:
        return Charts(job.network, charts(job))

    def render(self, records: Sequence[Charts], made: Made) -> dict[str, str | bytes]:
        files: dict[str, str | bytes] = {}
        for record in records:
            text, table = markdown_text(record.charts, made.command), csv_text(record.charts)
            files |= page(record.network, text, table, picture(record.charts))
        return files
