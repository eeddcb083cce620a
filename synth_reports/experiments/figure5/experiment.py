"""Figure 5 of arXiv:2303.17951 as an experiment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from rich.console import RenderableType

from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, page
from fp8mac.synth_reports.experiments.worker import Worker

if TYPE_CHECKING:
    from fp8mac.synth_reports.experiments.figure5.figure5 import Figure5Job, Figure5Row

__all__ = ["Figure5", "Figure5Options"]


@dataclass(frozen=True)
class Figure5Options:
    """Which formats."""

    formats: Annotated[
        tuple[str, ...], Option("Formats, for a table instead.", "A,B,...", part=True)
    ] = ()


class Figure5(Experiment[Figure5Options, "Figure5Job", "Figure5Row"]):
    """Every format on every distribution."""

    name = "figure5"
    help = """\
    Bits of accuracy without a network, beside arXiv:2303.17951, Figure 5: md, csv, png, svg.

    With --formats or --json they are printed, and files are only written if a folder is named.
    """
    options = Figure5Options
    pattern = "figure5.*"
    kept_by = ("fp8mac.synth_reports.experiments.figure5.figure5",)
    in_processes = True

    def plan(self, options: Figure5Options) -> "list[Figure5Job]":
        from fp8mac.synth_reports.experiments.figure5.figure5 import jobs

        return jobs(options.formats)

    def run(self, job: "Figure5Job", worker: Worker) -> "Figure5Row":
        from fp8mac.synth_reports.experiments.figure5.figure5 import bits_of

        return bits_of(job)

    def load(self, facts: dict[str, Any]) -> "Figure5Row":
        from fp8mac.synth_reports.experiments.figure5.figure5 import Figure5Row

        return Figure5Row(**facts)

    def render(self, records: "Sequence[Figure5Row]", made: Made) -> dict[str, str | bytes]:
        from fp8mac.synth_reports.experiments.figure5.text import (
            csv_text,
            markdown_text,
            pictures,
        )

        text = markdown_text(records, made.command)
        return page("figure5", text, csv_text(records), pictures(records))

    def show(
        self, records: "Sequence[Figure5Row]", options: Figure5Options
    ) -> RenderableType | None:
        from fp8mac.synth_reports.experiments.figure5.text import rows_table

        return rows_table(records)

    def facts(self, records: "Sequence[Figure5Row]") -> list[dict[str, Any]]:
        return [record.facts() for record in records]
