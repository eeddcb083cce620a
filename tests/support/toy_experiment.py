"""A whole experiment: what one writes to have a command, a bar, files, JSON and going on."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, Outcome, page
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.render.tables import csv_table


@dataclass(frozen=True)
class ToyOptions:
    numbers: Annotated[
        tuple[int, ...], Option("Numbers.", "N,M,...", low=0, high=99, part=True)
    ] = (1, 2, 3)
    words: Annotated[tuple[str, ...], Option("Words.", "A,B,...", part=True)] = ()
    power: Annotated[int, Option("Power.", low=1, high=3, never="--rough")] = 2
    rough: Annotated[bool, Option("Cubes.", names="--rough")] = False
    place: Annotated[Path, Option("Where runs are noted.", "FILE")] = Path("noted")
    why: Annotated[str, Option("A reason.", "X", only="--rough")] = ""


@dataclass(frozen=True)
class ToyJob:
    number: int
    power: int
    place: Path


@dataclass(frozen=True)
class ToyRecord:
    unit: str
    area_um2: float
    delay_ns: float | None


class Toy(Experiment[ToyOptions, ToyJob, ToyRecord]):
    name = "toy"
    help = "Powers of numbers."
    options = ToyOptions
    pattern = "toy.*"
    kept_by = ("fp8mac.synth_reports.experiments.experiment",)

    def plan(self, options: ToyOptions) -> list[ToyJob]:
        if 13 in options.numbers:
            raise Error("13 brings no luck.")
        power = 3 if options.rough else options.power
        return [ToyJob(number, power, options.place) for number in options.numbers]

    def run(self, job: ToyJob, worker: Worker) -> ToyRecord:
        with job.place.open("a") as file:
            file.write(f"{job.number} by {os.getpid()}\n")
        return ToyRecord(f"mac_{job.number}", float(job.number**job.power), None)

    def load(self, facts: dict[str, Any]) -> ToyRecord:
        return ToyRecord(**facts)

    def render(self, records: Sequence[ToyRecord], made: Made) -> dict[str, str | bytes]:
        table = csv_table([asdict(record) for record in records])
        return page("toy", f"Made by `{made.command}`.\n", table, {"svg": b"<svg/>"})

    def outcome(self, records: Sequence[ToyRecord], options: ToyOptions) -> Outcome:
        large = sum(record.area_um2 > 5000 for record in records)
        return Outcome(f"{large} are large.", 1) if large else Outcome()


class ToyInProcesses(Toy):
    name = "far"
    in_processes = True


class ToyShown(Toy):
    name = "shown"

    def show(self, records: Sequence[ToyRecord], options: ToyOptions) -> str:
        return "".join(f"{record.unit}\n" for record in records)
