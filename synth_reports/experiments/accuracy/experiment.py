"""Networks on units, and sums of growing length, as an experiment."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fp8mac.synth_reports.experiments.experiment import Experiment, Made
from fp8mac.synth_reports.experiments.worker import Worker

if TYPE_CHECKING:
    from fp8mac.synth_reports.experiments.accuracy.accuracy import Case, CaseRecord
    from fp8mac.synth_reports.experiments.sum_error.length import LengthJob, SumLength

__all__ = ["AccuracyTables", "TablesOptions"]


@dataclass(frozen=True)
class TablesOptions:
    """Which cases.

    Parameters
    ----------
    networks : tuple of str
        Names, or paths of ONNX models.
    experiments : tuple of str
        All that do not take long, by default.
    samples : int, optional
        Questions to each network.
    inputs, axes : str
        Data of an ONNX model, and the axes of the questions in them.
    """

    networks: tuple[str, ...]
    experiments: tuple[str, ...] = ()
    samples: int | None = None
    inputs: str = ""
    axes: str = ""


class AccuracyTables(Experiment[TablesOptions, "Case | LengthJob", "CaseRecord | SumLength"]):
    """Every network with all units, and sums of growing length."""

    name = "accuracy"
    help = "Run all experiments with all units, and write their tables."
    options = TablesOptions
    folder = Path("accuracy")
    in_processes = True

    def plan(self, options: TablesOptions) -> "list[Case | LengthJob]":
        from fp8mac.synth_reports.experiments.sum_error import length

        return [*dict.fromkeys(case for _, case in _cases(options)), *length.length_jobs()]

    def run(self, job: "Case | LengthJob", worker: Worker) -> "CaseRecord | SumLength":
        from fp8mac.synth_reports.experiments.accuracy import accuracy
        from fp8mac.synth_reports.experiments.sum_error import length

        if isinstance(job, length.LengthJob):
            return length.point_of(job, worker.store, force=worker.force)
        result, metric = accuracy.measure(job, worker.store, force=worker.force)
        return accuracy.record_of(job, result, metric)

    def render(
        self, records: "Sequence[CaseRecord | SumLength]", made: Made
    ) -> dict[str, str | bytes]:
        from fp8mac.synth_reports.experiments.accuracy.accuracy import CaseRecord
        from fp8mac.synth_reports.experiments.accuracy.report import files_of
        from fp8mac.synth_reports.experiments.sum_error.length import SumLength

        wanted = _cases(made.options)
        cases = dict.fromkeys(case for _, case in wanted)
        found = zip(cases, (each for each in records if isinstance(each, CaseRecord)), strict=True)
        points = [each for each in records if isinstance(each, SumLength)]
        return files_of(wanted, dict(found), points, made.folder, made.command)


def _cases(options: TablesOptions) -> "list[tuple[str, Case]]":
    from fp8mac.synth_reports.experiments.accuracy.cases import cases

    chosen = options.networks, options.experiments, options.samples
    return cases(*chosen, options.inputs, options.axes)
