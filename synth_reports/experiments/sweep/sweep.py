"""Going through a space: what is missing is measured, wherever, and kept as it comes.

A point has a cost, a proof if one is asked for, and an accuracy if it has a network. Each is a job;
points that share a job share its result. A job whose key is in the store is not done again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from fp8mac.hw.config.errors import Error
from fp8mac.sim.networks.tasks.zoo import NETWORKS, is_own
from fp8mac.synth_reports.experiments.sweep.accuracy import AccuracyJob, asked_enough
from fp8mac.synth_reports.experiments.sweep.attempt import Attempt, SweepJob, attempt, own_worker
from fp8mac.synth_reports.experiments.sweep.contest import Contest
from fp8mac.synth_reports.experiments.sweep.cost import CostJob
from fp8mac.synth_reports.experiments.sweep.front import groups
from fp8mac.synth_reports.experiments.sweep.proof import ProofJob
from fp8mac.synth_reports.experiments.sweep.space import Point, Space
from fp8mac.synth_reports.experiments.sweep.summary import STANDARD, Kinds, Summary
from fp8mac.synth_reports.experiments.sweep.trained import find_network
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.schedule import Lost, Scheduler

__all__ = ["Sweep"]

_OTHER_CODE = "It was measured with other code, libraries or versions than this machine has."
_ACCURACY = ("metric", "accuracy", "accuracy_low", "accuracy_high", "reference", "loss")
_ACCURACY += ("loss_low", "loss_high", "sqnr_db", "broken", "questions")


class Sweep:
    """A space, and where what is found of it goes.

    Parameters
    ----------
    space : Space
        The points.
    store : PointStore
        Where they go.
    scheduler : Scheduler
        Who does the jobs.
    prove : bool
        Whether units are proved that the certificate does not know.
    axes : sequence of str
        Where there are some, points that cannot be on the front of these costs and the accuracy
        are not asked, or not everything.
    force : bool
        Whether to do anew what is known.
    kinds : Kinds
        The jobs.
    expect, advance : callable
        Called with a number of jobs to come, and with each that is done, or left out.
    """

    def __init__(
        self,
        space: Space,
        store: PointStore,
        scheduler: Scheduler,
        *,
        prove: bool = False,
        axes: Sequence[str] = (),
        force: bool = False,
        kinds: Kinds = STANDARD,
        expect: Callable[[int], None] = lambda jobs: None,
        advance: Callable[[SweepJob | None], None] = lambda job: None,
    ) -> None:
        self.space, self.store, self.scheduler = space, store, scheduler
        self.prove, self.axes, self.force = prove, axes, force
        self.kinds, self.expect, self.advance = kinds, expect, advance
        self.summary = Summary(len(space.points))
        self._worker = own_worker(force)
        self._rows: dict[str, dict[str, Any]] = {}

    def run(self) -> Summary:
        """Go through it.

        Raises
        ------
        LibertyError, NetworkError, TorchError
            If there is no such library, or network, or PyTorch is needed and not here.
        PointStoreError
            If the store cannot be used.
        ScheduleError
            If nobody does the jobs.
        """
        self._check()
        self.store.put([])  # at once, if it cannot be written
        with self.store.held():
            self._go_through(self.space.points)
        return self.summary

    def _go_through(self, points: Sequence[Point]) -> None:
        self._rows = {row["id"]: row for row in self.store.rows()}
        with_network = [point for point in points if point.network]
        self.expect(len(points) * (1 + self.prove) + len(with_network))
        self._do(self._missing("cost", points, self.kinds.cost.of))
        if self.prove:
            built = [each for each in points if self._row(each).get("structure")]
            self.expect(len(built) - len(points))
            self._do(self._missing("proof", built, self._proof))
        if self.axes:
            self._compete(with_network)
        else:
            self._do(self._missing("accuracy", with_network, self.kinds.accuracy_of))

    def _check(self) -> None:
        """Refuse at once what no point can have."""
        for library in {point.library for point in self.space.points} - {""}:
            self._worker.library(library)
        for network in {point.network for point in self.space.points} - {""}:
            if network not in NETWORKS and not is_own(network):
                find_network(network)

    def _row(self, point: Point) -> dict[str, Any]:
        return self._rows.get(point.id, {})

    def _proof(self, point: Point) -> ProofJob:
        return self.kinds.proof(point.config.text, self._row(point)["structure"])

    def _missing(
        self, part: str, points: Iterable[Point], job_of: Callable[[Point], Any]
    ) -> dict[Any, list[Point]]:
        """Jobs that have to be done, and for which points."""
        jobs: dict[Any, list[Point]] = {}
        for point in points:
            try:
                job = job_of(point)
                if self._is_known(point, job):
                    self.summary.known += 1
                    self.advance(job)
                    continue
            except Error as error:
                self._fail([point], part, str(error))
                self.advance(None)
                continue
            jobs.setdefault(job, []).append(point)
        self.expect(len(jobs) - sum(map(len, jobs.values())))
        return jobs

    def _is_known(self, point: Point, job: SweepJob) -> bool:
        row = self._row(point)
        if self.force or not row:
            return False
        if job.part == "proof" and row.get("proved") == 1 and row.get("proof_key") is None:
            return True  # by the certificate
        if row.get(f"{job.part}_key") != job.key(self._worker):
            return False
        return job.part != "cost" or self.store.artefact(row["verilog_sha256"]) is not None

    def _do(self, jobs: Mapping[Any, list[Point]]) -> None:
        """Do jobs, and keep what comes of each when it comes."""
        work = partial(attempt, force=self.force)
        for job, result in self.scheduler.each(work, jobs):
            self._take(job, result, jobs[job])
            self.advance(job)

    def _take(self, job: SweepJob, result: Attempt | Lost, points: list[Point]) -> None:
        if isinstance(result, Lost):
            self._fail(points, job.part, result.sentence)
            return
        if result.columns is None:
            self._fail(points, job.part, result.failure)
            return
        if result.key != job.key(self._worker):
            self._fail(points, job.part, _OTHER_CODE)
            return
        columns = dict(result.columns)
        for name, content in (result.files or {}).items():
            kind = name.partition("_")[0]
            columns[name] = self.store.keep(kind, content, ".v")
        key = result.key
        if isinstance(job, AccuracyJob):
            self.summary.questions += columns["questions"]
            key = job.key(self._worker, columns["questions"])
            columns["left_out"] = None
        elif isinstance(job, CostJob):
            columns["proof_key"] = None
        columns[f"{job.part}_key"] = key
        self._put(points, columns, job.part)
        self.summary.done += 1

    def _put(self, points: Iterable[Point], columns: Mapping[str, Any], part: str = "") -> None:
        rows = [{**point.identity(), **columns} for point in points]
        self.store.put(rows, part)
        for row in rows:
            self._rows[row["id"]] = self._rows.get(row["id"], {}) | row

    def _fail(self, points: list[Point], part: str, sentence: str) -> None:
        self.store.fail([each.id for each in points], part, points[0].config.text, sentence)
        unit, network = points[0].config.text, points[0].network
        what = part if part != "accuracy" else f"{part}, {network}"
        self.summary.failed.append((unit, what, sentence))

    def _compete(self, points: Sequence[Point]) -> None:
        """Ask only what can be on the front."""
        by_id = {point.id: point for point in points}
        rows = [self._row(point) for point in points if self._row(point).get("cost_key")]
        self.expect(len(rows) - len(points))
        contests = [Contest(each, self.axes) for each in groups(rows)]
        while any(contest.open for contest in contests):
            jobs: dict[Any, list[tuple[Contest, Point]]] = {}
            live = [contest for contest in contests if contest.open]
            each = max(1, -(-self.scheduler.width // len(live)))
            for contest in live:
                self._pick(contest, each, by_id, jobs)
            self._do({job: [point for _, point in found] for job, found in jobs.items()})
            for found in jobs.values():
                for contest, point in found:
                    self._settle(contest, point)
        for contest in contests:
            self._leave_out(contest, by_id)

    def _pick(
        self,
        contest: Contest,
        count: int,
        by_id: Mapping[str, Point],
        jobs: dict[Any, list[tuple[Contest, Point]]],
    ) -> None:
        """Add jobs of the next points of a contest whose answers are not known."""
        while count and (picked := contest.next()) is not None:
            row, beaten_by = picked
            point = by_id[row["id"]]
            try:
                job = replace(self.kinds.accuracy_of(point), beaten_by=beaten_by)
                known = self._is_asked(point, job)
            except Error as error:
                self._fail([point], "accuracy", str(error))
                self.advance(None)
                continue
            if known:
                self.summary.known += 1
                self.summary.questions += self._row(point)["questions"]
                self._settle(contest, point)
                self.advance(job)
                continue
            twin = next((each for each in jobs if replace(each, beaten_by=beaten_by) == job), job)
            jobs.setdefault(twin, []).append((contest, point))
            if twin is not job and twin.beaten_by is not None:  # what convinces both
                loss = None if beaten_by is None else max(beaten_by, twin.beaten_by)
                jobs[replace(twin, beaten_by=loss)] = jobs.pop(twin)
            count -= 1

    def _is_asked(self, point: Point, job: AccuracyJob) -> bool:
        """Whether the store has answers to all questions, or to as many as it takes."""
        row = self._row(point)
        if self.force or row.get("accuracy_key") is None:
            return False
        asked, key = row["questions"], row["accuracy_key"]
        if key != job.key(self._worker, asked):
            return False
        if asked == job.questions:
            return True
        share, beaten_by = asked / job.questions, job.beaten_by
        return beaten_by is not None and asked_enough(row, share, beaten_by)

    def _settle(self, contest: Contest, point: Point) -> None:
        """Tell a contest what came of a point; what was not asked everything is no threshold."""
        row = self._row(point)
        if row.get("accuracy_key") is None:
            return
        job = self.kinds.accuracy_of(point)
        if row["questions"] == job.questions:
            contest.record(row, row)
            return
        reason = f"asked {row['questions']} of {job.questions} questions: it loses more than others"
        self._put([point], {"left_out": reason})
        self.summary.left_out.append((row["unit"], row["network"], reason))

    def _leave_out(self, contest: Contest, by_id: Mapping[str, Point]) -> None:
        nothing = dict.fromkeys((*_ACCURACY, "accuracy_key"))
        for id_, reason in contest.left_out.items():
            point = by_id[id_]
            known = self._row(point)
            if known.get("accuracy_key") is None:
                self._put([point], {**nothing, "left_out": reason}, "accuracy")
            self.summary.left_out.append((known["unit"], point.network, reason))
            self.advance(None)
