"""Training on units, as an experiment."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, page
from fp8mac.synth_reports.experiments.worker import Worker

if TYPE_CHECKING:
    from fp8mac.synth_reports.experiments.training.runs import TrainingJob, TrainingRun

__all__ = ["Training", "TrainingOptions"]

_QUICK_STEPS, _QUICK_SEEDS = 20, 2


@dataclass(frozen=True)
class TrainingOptions:
    """Which runs."""

    tasks: Annotated[
        tuple[str, ...], Option("Tasks; digits, fashion, text.", "A,B,...", part=True)
    ] = ()
    ways: Annotated[
        tuple[str, ...],
        Option("Ways beside float32; those of the task's study.", "X,Y,...", part=True),
    ] = ()
    seeds: Annotated[int, Option("Seeds of each.", low=1, high=100, part=True)] = 5
    quick: Annotated[
        bool, Option(f"{_QUICK_STEPS} steps and {_QUICK_SEEDS} seeds.", names="--quick", part=True)
    ] = False


class Training(Experiment[TrainingOptions, "TrainingJob", "TrainingRun"]):
    """Every task, way and seed."""

    name = "train"
    help = """\
    Train networks on units, forward and backward: md, csv, svg. Needs PyTorch.

    Formats, sums, scales and stored weights against float32, beside what papers say. An interrupted
    run goes on from its last 25 steps.
    """
    options = TrainingOptions
    pattern = "training.*"
    kept_by = ("fp8mac.synth_reports.experiments.training.runs",)
    folder = Path()
    in_processes = True

    def plan(self, options: TrainingOptions) -> "list[TrainingJob]":
        from fp8mac.sim.torch.errors import TorchError
        from fp8mac.synth_reports.experiments.training.runs import TrainingJob
        from fp8mac.synth_reports.experiments.training.ways import STUDY, ways_of

        jobs = [
            TrainingJob(task, way.name, seed, _QUICK_STEPS if options.quick else 0)
            for task in options.tasks or STUDY
            for way in ways_of(task, options.ways)
            for seed in range(min(options.seeds, _QUICK_SEEDS) if options.quick else options.seeds)
        ]
        if find_spec("torch") is None:
            raise TorchError("fp8mac train needs PyTorch; install fp8mac[torch].")
        return jobs

    def run(self, job: "TrainingJob", worker: Worker) -> "TrainingRun":
        from fp8mac.synth_reports.experiments.training.runs import run_of

        return run_of(job)

    def load(self, facts: dict[str, Any]) -> "TrainingRun":
        from fp8mac.synth_reports.experiments.training.runs import TrainingRun

        return TrainingRun(**facts)

    def render(self, records: "Sequence[TrainingRun]", made: Made) -> dict[str, str | bytes]:
        from fp8mac.synth_reports.experiments.training.text import (
            csv_text,
            markdown_text,
            pictures,
        )

        text = markdown_text(records, made.command)
        return page("training", text, csv_text(records), pictures(records))

    def facts(self, records: "Sequence[TrainingRun]") -> list[dict[str, Any]]:
        return [asdict(record) for record in records]
