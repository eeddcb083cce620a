"""A sweep that is killed, repeated, raced and damaged: nothing is lost, nothing is doubled."""

import heapq
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import toy_sweep
from children import INTERRUPTIBLE, PATIENCE, wait_until

from fp8mac.synth_reports.experiments.sweep.space import Space, space_of
from fp8mac.synth_reports.experiments.sweep.spec import Spec
from fp8mac.synth_reports.experiments.sweep.sweep import Sweep
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.points.schema import PointStoreError
from fp8mac.synth_reports.store.schedule import Processes, ScheduleError

POINTS = 2 * 2 * len(toy_sweep.FORMATS)
WHEN = ("made_at",)
FAILED = (toy_sweep.BROKEN, "cost", "There is no such circuit.")


def rows_of(path):
    """Rows without when they were made."""
    return {
        row["id"]: {name: value for name, value in row.items() if name not in WHEN}
        for row in PointStore(path).rows()
    }


def program(store, notes, *more, width=2, seconds=0.0):
    paths = [str(Path(toy_sweep.__file__).parent), *sys.path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    words = [store, width, seconds, notes, *more]
    return subprocess.Popen(
        [*INTERRUPTIBLE, sys.executable, toy_sweep.__file__, *map(str, words)],
        env=environment,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def lines_of(notes):
    return len(notes.read_text().splitlines()) if notes.exists() else 0


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    """Rows of a sweep that nothing happened to."""
    store = tmp_path_factory.mktemp("whole") / "points.sqlite"
    summary = toy_sweep.toy_sweep(store)
    assert (summary.points, summary.known) == (POINTS, 0)
    assert summary.failed == [FAILED, FAILED]  # of each network
    assert summary.questions == 16 * (600 + 2000)
    found = rows_of(store)
    assert len(found) == POINTS
    return found


def test_rows_are_whole(wanted):
    broken = [row for row in wanted.values() if row["unit"] == toy_sweep.BROKEN]
    assert [row["area_ge"] for row in broken] == [None, None]
    assert all(row["loss"] is not None for row in wanted.values())
    whole = [row for row in wanted.values() if row["unit"] != toy_sweep.BROKEN]
    assert len(whole) == POINTS - 2
    for row in whole:
        assert row["area_ge"] == 100 + toy_sweep.number_of(row["unit"]) % 1000
        assert row["questions"] == {"digits_mlp": 600, "fmnist": 2000}[row["network"]]
        assert row["loss"] == pytest.approx(row["reference"] - row["accuracy"], abs=2e-5)


def test_again_nothing_is_done_but_what_failed(tmp_path, monkeypatch, wanted):
    store, notes = tmp_path / "points.sqlite", tmp_path / "notes"
    toy_sweep.toy_sweep(store)
    monkeypatch.setenv("TOY_NOTES", str(notes))
    summary = toy_sweep.toy_sweep(store)
    assert summary.known == 2 * POINTS - 2
    assert [line.split(" -> ")[0] for line in notes.read_text().splitlines()] == ["cost e5m2"] * 2
    assert rows_of(store) == wanted
    assert [each["sentence"] for each in PointStore(store).failures()] == [FAILED[2]] * 2
    monkeypatch.setattr(toy_sweep, "BROKEN", "")
    assert toy_sweep.toy_sweep(store).failed == []
    assert PointStore(store).failures() == []
    assert toy_sweep.toy_sweep(store).done == 0
    assert toy_sweep.toy_sweep(store, force=True).known == 0


@pytest.mark.slow
def test_processes_give_the_same(tmp_path, wanted):
    store = tmp_path / "points.sqlite"
    child = program(store, tmp_path / "notes")
    assert child.wait(PATIENCE) == 0
    assert rows_of(store) == wanted


def test_a_killed_sweep_loses_what_was_running(tmp_path, wanted):
    store, notes = tmp_path / "points.sqlite", tmp_path / "notes"
    child = program(store, notes, seconds=0.1)
    wait_until(lambda: lines_of(notes) >= 9, child)
    child.kill()
    child.wait(PATIENCE)
    started = notes.read_text().splitlines()
    kept = [row for row in rows_of(store).values() if row["cost_key"]]
    assert len(kept) > 0
    failed = sum(toy_sweep.BROKEN in line for line in started)
    assert len(started) - len(kept) - failed <= 3  # two processes, and a result on its way
    pids = {int(line.split()[-1]) for line in started}
    wait_until(lambda: not any(map(alive, pids)))  # nobody works on for nobody
    again = program(store, notes)
    assert again.wait(PATIENCE) == 0
    assert rows_of(store) == wanted
    jobs = Counter(line.rsplit(" ", 1)[0] for line in notes.read_text().splitlines())
    assert len(jobs) == 2 * POINTS
    assert sum(jobs.values()) - len(jobs) <= 3


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_an_interrupted_sweep_ends_its_processes(tmp_path, wanted):
    store, notes = tmp_path / "points.sqlite", tmp_path / "notes"
    child = program(store, notes, seconds=0.3)
    wait_until(lambda: lines_of(notes) >= 4, child)
    os.killpg(child.pid, signal.SIGINT)
    assert child.wait(PATIENCE) != 0
    pids = {int(line.split()[-1]) for line in notes.read_text().splitlines()}
    assert not any(map(alive, pids))
    assert 0 < len(rows_of(store)) < POINTS


@pytest.mark.slow
def test_a_killed_process_costs_no_row(tmp_path, wanted):
    store, notes = tmp_path / "points.sqlite", tmp_path / "notes"
    child = program(store, notes, seconds=0.1)
    wait_until(lambda: lines_of(notes) >= 5, child)
    os.kill(int(notes.read_text().splitlines()[-1].split()[-1]), signal.SIGKILL)
    assert child.wait(PATIENCE) == 0
    assert rows_of(store) == wanted


@pytest.mark.slow
def test_a_job_that_ends_processes_is_given_up(tmp_path, monkeypatch):
    """It is not taken for the fault of those that run beside it."""
    monkeypatch.syspath_prepend(Path(toy_sweep.__file__).parent)
    spec = Spec(formats=("e2m1", "e2m5", "e3m2", "e2m3"), accumulators=("fp16",))
    summary = toy_sweep.toy_sweep(tmp_path / "points.sqlite", spec, Processes(2))
    lost = "The processes that worked on it ended, 3 times."
    assert summary.failed == [(toy_sweep.KILLER, "cost", lost)]
    assert summary.done == 3


@pytest.mark.slow
def test_two_sweeps_into_one_store(tmp_path, wanted):
    store = tmp_path / "points.sqlite"
    children = [program(store, tmp_path / name, seconds=0.02) for name in "ab"]
    assert [each.wait(PATIENCE) for each in children] == [0, 0]
    assert rows_of(store) == wanted


def test_a_damaged_artefact_is_made_again(tmp_path, monkeypatch):
    store, notes = tmp_path / "points.sqlite", tmp_path / "notes"
    spec = Spec(formats=("e2m1", "e3m2"), accumulators=("fp16",))
    toy_sweep.toy_sweep(store, spec)
    first, second = sorted(PointStore(store).folder.rglob("*.v"))
    texts = first.read_bytes(), second.read_bytes()
    first.write_bytes(b"module other;\n")
    second.unlink()
    monkeypatch.setenv("TOY_NOTES", str(notes))
    assert toy_sweep.toy_sweep(store, spec).done == 2
    assert (first.read_bytes(), second.read_bytes()) == texts
    assert toy_sweep.toy_sweep(store, spec).done == 0
    assert len(notes.read_text().splitlines()) == 2


def test_a_full_disk_ends_a_sweep_with_a_sentence(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", tmp_path]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted")
    try:
        store = tmp_path / "points.sqlite"
        with pytest.raises(PointStoreError, match=r"^Cannot (use|write) .*(full|No space left)"):
            toy_sweep.toy_sweep(store)
        kept = rows_of(store)
        assert 0 < len(kept) < POINTS
        subprocess.run(["mount", "-o", "remount,size=4m", tmp_path], check=True)
        toy_sweep.toy_sweep(store)
        assert len(rows_of(store)) == POINTS
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_other_code_on_a_worker_is_refused(tmp_path, monkeypatch):
    keys = iter(range(100))
    monkeypatch.setattr(toy_sweep.ToyCost, "key", lambda self, worker: str(next(keys)))
    spec = Spec(formats=("e2m1",), accumulators=("fp16",))
    summary = toy_sweep.toy_sweep(tmp_path / "points.sqlite", spec)
    sentence = "It was measured with other code, libraries or versions than this machine has."
    assert summary.failed == [("e2m1 -> fp16", "cost", sentence)]


def test_stages_and_goals_share_an_accuracy(tmp_path, monkeypatch):
    store, notes = tmp_path / "points.sqlite", tmp_path / "notes"
    monkeypatch.setenv("TOY_NOTES", str(notes))
    spec = Spec(
        formats=("e4m3",),
        accumulators=("fp16",),
        stages=(1, 2),
        goals=("area", "speed"),
        networks=("digits_mlp",),
    )
    toy_sweep.toy_sweep(store, spec)
    parts = Counter(line.split()[0] for line in notes.read_text().splitlines())
    assert parts == {"cost": 4, "accuracy": 1}
    assert len({row["loss"] for row in rows_of(store).values()}) == 1


def test_proofs(tmp_path):
    store = tmp_path / "points.sqlite"
    spec = Spec(formats=("e2m1", "e5m2"), accumulators=("bf16",))
    toy_sweep.toy_sweep(store, spec)
    assert {row["proved"] for row in rows_of(store).values()} == {None}
    summary = toy_sweep.toy_sweep(store, spec, prove=True)
    assert (summary.done, len(summary.failed)) == (1, 1)
    proved = {row["unit"]: row["proved"] for row in rows_of(store).values()}
    assert proved == {"e2m1 -> bf16": 1}
    assert toy_sweep.toy_sweep(store, spec, prove=True).done == 0


@pytest.mark.slow
def test_cluster_gives_the_same_and_a_killed_worker_costs_no_row(tmp_path, wanted, monkeypatch):
    """Rows of two workers are those of this process, byte for byte, though one is killed."""
    distributed = pytest.importorskip("distributed")
    paths = os.pathsep.join([str(Path(toy_sweep.__file__).parent), *filter(None, sys.path)])
    store, notes = tmp_path / "points.sqlite", tmp_path / "notes"
    monkeypatch.setenv("PYTHONPATH", paths)
    monkeypatch.setenv("TOY_NOTES", str(notes))
    monkeypatch.setenv("TOY_SECONDS", "0.1")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        local_directory=str(tmp_path),
    ) as cluster:
        child = program(store, notes, cluster.scheduler_address, seconds=0.1)
        wait_until(lambda: lines_of(notes) >= 5, child)
        os.kill(int(notes.read_text().splitlines()[-1].split()[-1]), signal.SIGKILL)
        assert child.wait(PATIENCE) == 0
    assert repr(sorted(rows_of(store).items())) == repr(sorted(wanted.items()))


def test_no_cluster(monkeypatch):
    pytest.importorskip("distributed")
    from fp8mac.synth_reports.store.schedule import Cluster

    with pytest.raises(ScheduleError) as error:
        Cluster("tcp://127.0.0.1:9", patience_seconds=0.5)
    assert str(error.value) == "There is no Dask scheduler at 'tcp://127.0.0.1:9'."
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ScheduleError) as error:
        Cluster("tcp://127.0.0.1:9")
    assert str(error.value) == "A cluster needs Dask; install fp8mac[dask]."


def test_space_is_what_was_asked_for():
    assert len(space_of([toy_sweep.SPEC]).points) == POINTS


class Simulated:
    """Workers on a simulated clock; what the sweep does between two results is real.

    Jobs take 3.7 seconds on average, as those of the study; a worker waits until the sweep, which
    is one process, has taken the result before.
    """

    def __init__(self, width):
        self.width, self.clock, self.work = width, 0.0, 0.0
        self.random = random.Random(1)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def each(self, work, jobs):
        waiting, running = list(enumerate(jobs))[::-1], []
        while waiting or running:
            while waiting and len(running) < self.width:
                number, job = waiting.pop()
                seconds = self.random.lognormvariate(1.0, 0.8)
                self.work += seconds
                heapq.heappush(running, (self.clock + seconds, number, job))
            end, _, job = heapq.heappop(running)
            self.clock = max(self.clock, end)
            result = work(job)
            begin = time.process_time()
            yield job, result
            self.clock += time.process_time() - begin


@pytest.mark.slow
def test_ten_thousand_points_keep_64_workers_busy(tmp_path, monkeypatch):
    monkeypatch.setattr(toy_sweep, "BROKEN", "")
    monkeypatch.setattr(toy_sweep, "KILLER", "")
    formats = tuple(f"e{e}m{m}" for e in range(2, 6) for m in range(1, 7) if e + m < 10)
    accs = tuple(f"e{e}m{m}" for e in range(5, 9) for m in range(4, 20))
    spec = Spec(formats=formats, accumulators=accs, lanes=(1, 2, 4, 8), goals=("area", "speed"))
    points = space_of([spec]).points[:10_000]
    assert len(points) == 10_000
    workers = Simulated(64)
    store = PointStore(tmp_path / "points.sqlite")
    summary = Sweep(Space(points, {}), store, workers, kinds=toy_sweep.KINDS).run()
    assert (summary.done, len(store.rows())) == (10_000, 10_000)
    assert workers.work / (64 * workers.clock) > 0.9
