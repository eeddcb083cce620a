"""Figure 3 of arXiv:2303.17951 as an experiment."""

from collections.abc import Sequence

from fp8mac.synth_reports.experiments.designs import DesignJob, DesignRecord, measure
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, NoOptions, page
from fp8mac.synth_reports.experiments.figure3.figure3 import csv_text, designs, pictures, rows
from fp8mac.synth_reports.experiments.figure3.text import markdown_text
from fp8mac.synth_reports.experiments.worker import Worker

__all__ = ["Figure3"]


class Figure3(Experiment[NoOptions, DesignJob, DesignRecord]):
    """Core and unit of each published bar, by the flow without XOR gates."""

    name = "figure3"
    help = "Put the 15 units of arXiv:2303.17951, Figure 3 beside ours: md, csv, png, svg."
    options = NoOptions
    pattern = "figure3.*"

    def plan(self, options: NoOptions) -> list[DesignJob]:
        return [DesignJob(design, flow="simple") for design in designs()]

    def run(self, job: DesignJob, worker: Worker) -> DesignRecord:
        return measure(job, worker)

    def render(self, records: Sequence[DesignRecord], made: Made) -> dict[str, str | bytes]:
        table = rows(records)
        text = markdown_text(table, made.command)
        return page("figure3", text, csv_text(table), pictures(table))
