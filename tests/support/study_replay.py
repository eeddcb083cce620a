"""The study once more, from its committed rows: which of them a sweep up to the front asks for."""

from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

from doc_numbers import table

from fp8mac.synth_reports.experiments.sweep.accuracy import AccuracyJob
from fp8mac.synth_reports.experiments.sweep.cost import COST_COLUMNS, CostJob
from fp8mac.synth_reports.experiments.sweep.front import front, groups
from fp8mac.synth_reports.experiments.sweep.proof import ProofJob
from fp8mac.synth_reports.experiments.sweep.space import Space, space_of
from fp8mac.synth_reports.experiments.sweep.spec import Spec
from fp8mac.synth_reports.experiments.sweep.summary import Kinds
from fp8mac.synth_reports.experiments.sweep.sweep import Sweep
from fp8mac.synth_reports.store.points.columns import COLUMNS
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.schedule import Here

_TYPES = {"TEXT": str, "INTEGER": int, "REAL": float}
_IDENTITY = ("unit", "goal", "library", "fpga_target", "network")


def study_rows() -> list[dict[str, Any]]:
    """Rows of the study, with numbers that are some."""
    types = {column.name: _TYPES[column.type] for column in COLUMNS}
    return [
        {name: types[name](cell) if cell else None for name, cell in row.items()}
        for row in table("study/study")
    ]


ROWS = {tuple(row[name] for name in _IDENTITY): row for row in study_rows()}
RUNS = {(row["unit"], row["network"]): row for row in ROWS.values()}


@dataclass(frozen=True)
class RowCost(CostJob):
    """Costs are those of the row."""

    @classmethod
    def of(cls, point):
        built = (point.goal, point.delay, point.library, point.fpga)
        return cls(point.config.text, *built, point.network, "", "")

    def key(self, worker) -> str:
        return repr(self)

    def run(self, worker):
        name = (self.unit, self.goal, self.library or None, self.fpga or None, self.network)
        found = {column: ROWS[name][column] for column in COST_COLUMNS if column in ROWS[name]}
        return found, {"verilog_sha256": repr(name).encode()}


@dataclass(frozen=True)
class RowAccuracy(AccuracyJob):
    """Losses are those of the row; of a part of the questions, with an interval as much wider."""

    @classmethod
    def of(cls, point):
        asked = RUNS[point.config.text, point.network]["questions"]
        return cls(point.config.text, point.network, "", "", asked)

    def key(self, worker, asked=None) -> str:
        return f"{self.unit} {self.network} {asked or self.questions}"

    def _ask(self, case, worker):
        row = RUNS[self.unit, self.network]
        wider = sqrt(row["questions"] / case.samples)
        ends = {
            name: row["loss"] + wider * (row[name] - row["loss"])
            for name in ("loss_low", "loss_high")
        }
        found = {name: row[name] for name in ("metric", "accuracy", "reference", "loss")}
        return found | ends | {"questions": case.samples}


class RecordedSweep(Sweep):
    """A sweep whose networks are rows: none is looked for, nor what would train it."""

    def _check(self) -> None:
        pass


@dataclass(frozen=True)
class Replay:
    """What came of it.

    Parameters
    ----------
    runs, all_runs : int
        Networks that were asked, or trained, on a unit; and those of the whole study.
    questions, all_questions : int
        That they were asked.
    fronts, all_fronts : list of list of str
        Identities on the front, by group, from what was asked and from all rows.
    """

    runs: int
    all_runs: int
    questions: int
    all_questions: int
    fronts: list[list[str]]
    all_fronts: list[list[str]]


def replay(folder: Path, axes: tuple[str, ...]) -> Replay:
    """Sweep all points of the study up to the front of these costs."""
    space = Space(tuple(_points()), {})
    kinds = Kinds(RowCost, ProofJob, RowAccuracy, RowAccuracy)
    store = PointStore(folder / f"{'-'.join(axes)}.sqlite")
    with Here() as who:
        summary = RecordedSweep(space, store, who, kinds=kinds, axes=axes).run()
    assert not summary.failed, summary.failed
    rows = store.rows()
    asked = {(row["unit"], row["network"]): row["questions"] for row in rows if row["questions"]}
    return Replay(
        *(len(asked), len(RUNS)),
        *(sum(asked.values()), sum(row["questions"] for row in RUNS.values())),
        [_named(front(each, axes)) for each in groups(rows)],
        [_named(front(each, axes)) for each in groups(ROWS.values())],
    )


def _points():
    for row in ROWS.values():
        spec = Spec(
            units=(row["unit"],),
            goals=(row["goal"],),
            fpgas=(row["fpga_target"],) if row["fpga_target"] else (),
            networks=(row["network"],),
        )
        yield from space_of([spec]).points


def _named(rows) -> list[str]:
    return [" ".join(str(row[name]) for name in _IDENTITY) for row in rows]
