"""What dot products cost, as an experiment."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

from rich.console import RenderableType

from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, page
from fp8mac.synth_reports.experiments.worker import Worker

if TYPE_CHECKING:
    from fp8mac.synth_reports.experiments.dots.dots import DotJob, DotRecord

__all__ = ["Dots", "DotsOptions"]


@dataclass(frozen=True)
class DotsOptions:
    """Which units, built for what."""

    sets: Annotated[
        tuple[str, ...],
        Option("Of named, lanes, blocks, window, guard; all.", "X,Y,...", part=True),
    ] = ()
    lanes: Annotated[
        tuple[int, ...],
        Option(
            "Products of a step, where they are not given.", "N,M,...", part=True, low=1, high=64
        ),
    ] = (1, 2, 4, 8, 16, 32)
    goal: Annotated[str, Option("area or speed.", "GOAL", part=True)] = "area"
    everything: Annotated[
        bool,
        Option("All named units that have a circuit.", names="--all", part=True),
    ] = False
    liberty: Annotated[str, Option("Library to map to.", "LIB", part=True)] = "nangate45"


class Dots(Experiment[DotsOptions, "DotJob", "DotRecord"]):
    """Cores in gates, registered units in a library, tables of an FPGA."""

    name = "dots"
    help = """\
    What dot products cost: gates, area, delay, energy, tables: md, csv, svg.

    Named units; lanes by format and accumulator; blocks; windows; guard bits. What is known is not
    measured again.
    """
    options = DotsOptions
    pattern = "dots.*"

    def plan(self, options: DotsOptions) -> "list[DotJob]":
        from fp8mac.hw.config.structure import GATE_GOALS
        from fp8mac.synth_reports.experiments.dots.dots import SETS, jobs

        for each in options.sets:
            if each not in SETS:
                raise Error(f"Unknown set '{each}'; there are {', '.join(SETS)}.")
        goals = [goal.value for goal in GATE_GOALS]
        if options.goal not in goals:
            raise Error(f"Unknown goal '{options.goal}'; there are {', '.join(goals)}.")
        sets = options.sets or SETS
        found = (sets, options.lanes, options.goal, options.liberty)
        return jobs(*found, everything=options.everything)

    def run(self, job: "DotJob", worker: Worker) -> "DotRecord":
        from fp8mac.synth_reports.experiments.dots.measured import measured

        return measured(job, worker)

    def render(self, records: "Sequence[DotRecord]", made: Made) -> dict[str, str | bytes]:
        from fp8mac.synth_reports.experiments.dots import text
        from fp8mac.synth_reports.render.tables import csv_table

        table = csv_table([asdict(each) for each in records])
        return page("dots", text.markdown_text(records, made.command), table, text.picture(records))

    def show(self, records: "Sequence[DotRecord]", options: DotsOptions) -> RenderableType | None:
        from fp8mac.synth_reports.experiments.dots.text import terminal

        return terminal(records)
