"""Error of sums against their length, as an experiment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, page
from fp8mac.synth_reports.experiments.worker import Worker

if TYPE_CHECKING:
    from fp8mac.synth_reports.experiments.sum_error.sum_error import SumErrors, SumJob

__all__ = ["SumError", "SumErrorOptions"]


@dataclass(frozen=True)
class SumErrorOptions:
    """Which sums."""

    formats: Annotated[tuple[str, ...], Option("Operands; e5m2, e4m3.", "A,B,...", part=True)] = ()
    accs: Annotated[
        tuple[str, ...], Option("Accumulators; five by default.", "X,Y,...", part=True)
    ] = ()
    lengths: Annotated[
        tuple[int, ...],
        Option("Products in a sum; 250 to 4000.", "N,M,...", low=1, high=100_000, part=True),
    ] = ()
    repetitions: Annotated[
        int, Option("Independent draws of operands.", low=2, high=1000, part=True)
    ] = 20
    seed: Annotated[int, Option("Of the operands.", high=2**32 - 1, part=True)] = 0


class SumError(Experiment[SumErrorOptions, "SumJob", "SumErrors"]):
    """Every operand format, way of adding, accumulator and length."""

    name = "sum-error"
    help = """\
    Error of sums against their length, by accumulator and way of adding: md, csv, png, svg.

    Beside those of arXiv:2207.03192, Table IV.
    """
    options = SumErrorOptions
    pattern = "sum_error.*"
    kept_by = ("fp8mac.synth_reports.experiments.sum_error.sum_error",)
    in_processes = True

    def plan(self, options: SumErrorOptions) -> "list[SumJob]":
        from fp8mac.synth_reports.experiments.sum_error.sum_error import SumJob, settings

        chosen = settings(options.formats, options.accs, tuple(dict.fromkeys(options.lengths)))
        return [SumJob(setting, options.repetitions, options.seed) for setting in chosen]

    def run(self, job: "SumJob", worker: Worker) -> "SumErrors":
        from fp8mac.synth_reports.experiments.sum_error.sum_error import errors_of

        return errors_of(job)

    def load(self, facts: dict[str, Any]) -> "SumErrors":
        from fp8mac.synth_reports.experiments.sum_error.sum_error import SumErrors, SumSetting

        setting = SumSetting(**facts.pop("setting"))
        return SumErrors(setting=setting, **facts)

    def render(self, records: "Sequence[SumErrors]", made: Made) -> dict[str, str | bytes]:
        from fp8mac.synth_reports.experiments.sum_error.text import (
            csv_text,
            markdown_text,
            pictures,
        )

        text = markdown_text(records, made.command)
        return page("sum_error", text, csv_text(records), pictures(records))

    def facts(self, records: "Sequence[SumErrors]") -> list[dict[str, Any]]:
        return [record.facts() for record in records]
