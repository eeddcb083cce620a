"""How many bits a window of FP8 products needs, as an experiment."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, page
from fp8mac.synth_reports.experiments.worker import Worker

if TYPE_CHECKING:
    from fp8mac.synth_reports.experiments.window.window import WindowJob, WindowRecord

__all__ = ["WindowOptions", "Windows"]


@dataclass(frozen=True)
class WindowOptions:
    """Which parts, and the table of what windows cost."""

    parts: Annotated[
        tuple[str, ...],
        Option("Of sums, guard, cancel, network, layer; all.", "X,Y,...", part=True),
    ] = ()
    costs: Annotated[
        str, Option("Table that fp8mac dots wrote, or the published one.", "FILE", part=True)
    ] = ""

    @property
    def table(self) -> Path:
        """Where the costs are."""
        from fp8mac.synth_reports.experiments.window.costs import PUBLISHED

        return Path(self.costs) if self.costs else PUBLISHED


class Windows(Experiment[WindowOptions, "WindowJob", "WindowRecord"]):
    """Windows of 8 to 40 bits, RVBNA's guard bits, a network, a layer."""

    name = "window"
    help = """\
    What a window does to sums of FP8 products: md, csv, svg.

    By its bits, lanes and length of the sums; on a network, and on a layer of MiniLM; and what
    its bits cost, out of the table of fp8mac dots.
    """
    options = WindowOptions
    pattern = "window.*"
    kept_by = (
        "fp8mac.synth_reports.experiments.window.window",
        "fp8mac.synth_reports.experiments.window.networks",
    )
    in_processes = True

    def plan(self, options: WindowOptions) -> "list[WindowJob]":
        from fp8mac.synth_reports.experiments.window.costs import read_costs
        from fp8mac.synth_reports.experiments.window.window import PARTS, jobs

        for part in options.parts:
            if part not in PARTS:
                raise Error(f"Unknown part '{part}'; there are {', '.join(PARTS)}.")
        read_costs(options.table)  # before anything is measured
        return jobs(options.parts)

    def run(self, job: "WindowJob", worker: Worker) -> "WindowRecord":
        from fp8mac.synth_reports.experiments.window import window

        return window.measure(job)

    def load(self, facts: dict[str, Any]) -> "WindowRecord":
        from fp8mac.synth_reports.experiments.window.window import WindowRecord

        return WindowRecord(**facts)

    def render(self, records: "Sequence[WindowRecord]", made: Made) -> dict[str, str | bytes]:
        from fp8mac.synth_reports.experiments.window.costs import read_costs
        from fp8mac.synth_reports.experiments.window.picture import picture
        from fp8mac.synth_reports.experiments.window.text import csv_text, markdown_text

        costs = read_costs(made.options.table)
        text = markdown_text(records, costs, made.command)
        return page("window", text, csv_text(records), picture(records, costs))
