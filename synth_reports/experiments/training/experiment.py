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

__all__ = ["Training", "TrainingOptions", "ask_for_data"]

_QUICK_STEPS, _QUICK_SEEDS = 10, 2


@dataclass(frozen=True)
class TrainingOptions:
    """Which runs."""

    tasks: Annotated[
        tuple[str, ...], Option("Tasks, such as digits or text.", "A,B,...", part=True)
    ] = ()
    ways: Annotated[
        tuple[str, ...],
        Option("Ways beside float32; those of the task's study.", "X,Y,...", part=True),
    ] = ()
    seeds: Annotated[
        int,
        Option("Seeds of each; 0 for those of the study.", low=0, high=100, part=True),
    ] = 0
    quick: Annotated[
        bool,
        Option(
            f"{_QUICK_STEPS} steps, {_QUICK_SEEDS} seeds, nothing that is fetched.",
            names="--quick",
            part=True,
        ),
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
        from fp8mac.synth_reports.experiments.training.ways import FETCHED, SEEDS, STUDY, ways_of

        chosen = options.tasks or [
            each for each in STUDY if not (options.quick and each in FETCHED)
        ]
        ways = {task: ways_of(task, options.ways) for task in chosen}
        seeds = {task: options.seeds or SEEDS[task] for task in chosen}
        if options.quick:
            seeds = {task: min(count, _QUICK_SEEDS) for task, count in seeds.items()}
        if find_spec("torch") is None:
            raise TorchError("fp8mac train needs PyTorch; install fp8mac[torch].")
        ask_for_data(chosen)
        # One seed after the other: what is there when it is stopped is a smaller study.
        return [
            TrainingJob(task, way.name, seed, _QUICK_STEPS if options.quick else 0)
            for seed in range(max(seeds.values()))
            for task in ways
            if seed < seeds[task]
            for way in ways[task]
        ]

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


def ask_for_data(tasks: Sequence[str]) -> None:
    """Say which data of tasks have not been fetched, before anything is trained.

    Raises
    ------
    FetchError
        If some have not.
    """
    from fp8mac.sim.networks.data.fetch import find
    from fp8mac.synth_reports.experiments.training.ways import FETCHED

    for task in tasks:
        if task in FETCHED:
            find(*FETCHED[task])
