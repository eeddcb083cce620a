"""A toy experiment, end to end through the command of any; and what all experiments must hold."""

import json
import os
import pickle
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from toy_experiment import Toy, ToyInProcesses, ToyJob, ToyOptions, ToyRecord, ToyShown
from typer.testing import CliRunner

from fp8mac.cli import experiments as generic
from fp8mac.cli.command import Command, Commands
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.experiments import sta
from fp8mac.synth_reports.experiments.accuracy.experiment import AccuracyTables, TablesOptions
from fp8mac.synth_reports.experiments.designs import DesignJob
from fp8mac.synth_reports.experiments.fpga import clocks
from fp8mac.synth_reports.experiments.grid import Grid
from fp8mac.synth_reports.experiments.layout import experiment as layout
from fp8mac.synth_reports.experiments.pareto.experiment import ParetoOptions
from fp8mac.synth_reports.experiments.peers import experiment as peers
from fp8mac.synth_reports.experiments.registry import EXPERIMENTS
from fp8mac.synth_reports.experiments.regression import RegressionOptions
from fp8mac.synth_reports.experiments.runner import records_of
from fp8mac.synth_reports.experiments.training import experiment as training
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import OWN
from fp8mac.synth_reports.store.store import Store

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "synth_reports" / "results"

app = typer.Typer(cls=Commands, pretty_exceptions_enable=False, rich_markup_mode=None)
for each in (Toy(), ToyInProcesses(), ToyShown()):
    app.command(each.name, cls=Command)(generic.command_of(each))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    return tmp_path


def invoke(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def done() -> list[int]:
    """Numbers whose jobs were done, in any order."""
    path = Path("noted")
    return sorted(int(line.split()[0]) for line in path.read_text().splitlines() if path.exists())


def test_files_come_whole_and_say_what_made_them(folder):
    result = invoke("toy", "--numbers", "3,1,3", "--output-dir", "out")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Wrote out/toy.md, out/toy.csv and out/toy.svg.\n"
    assert Path("out/toy.csv").read_text() == (
        "unit,area_um2,delay_ns\nmac_3,9.0,\nmac_1,1.0,\n"  # in the order of the plan, each once
    )
    assert Path("out/toy.md").read_text() == "Made by `fp8mac toy --numbers 3,1,3`.\n"
    assert done() == [1, 3]


def test_defaults_and_options():
    assert invoke("toy").exit_code == 0
    assert Path("toy.csv").read_text().split()[1:] == ["mac_1,1.0,", "mac_2,4.0,", "mac_3,9.0,"]
    assert invoke("toy", "--power", "3").exit_code == 0
    assert Path("toy.csv").read_text().split()[2] == "mac_2,8.0,"
    assert Path("toy.md").read_text() == "Made by `fp8mac toy --power 3`.\n"
    text = invoke("toy", "--help").stdout
    for words in ("Powers of numbers.", "--numbers N,M,...", "Numbers.", "[default: 1,2,3]"):
        assert words in text
    assert "Power; 1 to 3. Not with --rough." in " ".join(text.split())


def test_a_unit_keeps_what_stands_behind_its_commas(monkeypatch):
    asked, plan = [], Toy.plan
    monkeypatch.setattr(
        Toy, "plan", lambda toy, options: asked.append(options) or plan(toy, options)
    )
    units = ("int8 -> int32, stages 2, output int4", "v100-fp16", "e2m1 -> kulisch", "e5m2 -> fp16")
    assert invoke("toy", "--numbers", "1", "--words", ",".join(units)).exit_code == 0
    assert [options.words for options in asked] == [units]


def test_what_is_known_is_not_done_again():
    invoke("toy", "--numbers", "1,2")
    assert invoke("toy", "--numbers", "2,1,4").exit_code == 0
    assert done() == [1, 2, 4]
    assert invoke("toy", "--numbers", "2", "--force").exit_code == 0
    assert done() == [1, 2, 2, 4]


def test_an_interrupted_run_goes_on_where_it_stopped(monkeypatch):
    run = Toy.run

    def stop(self, job, worker):
        if job.number == 5:
            raise KeyboardInterrupt
        return run(self, job, worker)

    monkeypatch.setattr(Toy, "run", stop)
    monkeypatch.setattr("fp8mac.synth_reports.experiments.runner.processors", lambda: 1)
    result = invoke("toy", "--numbers", "1,2,5,6", "--output-dir", "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Interrupted; what was finished is kept.\n"
    assert not Path("out").exists()
    assert done() in ([1, 2], [1, 2, 6])  # what had begun by then may end
    monkeypatch.setattr(Toy, "run", run)
    assert invoke("toy", "--numbers", "1,2,5,6", "--output-dir", "out").exit_code == 0
    assert done() == [1, 2, 5, 6]
    assert len(Path("out/toy.csv").read_text().splitlines()) == 5


def test_the_bar_counts_jobs(monkeypatch):
    seen = []

    class Bar:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def add_task(self, name, total):
            seen.append((name, total))

        def advance(self, task):
            seen.append("one")

    monkeypatch.setattr(generic, "progress_bar", Bar)
    invoke("toy", "--numbers", "1,2")
    invoke("toy", "--numbers", "1,2,3")  # two of them are known, and count as well
    assert seen == [("toy", 2), "one", "one", ("toy", 3), "one", "one", "one"]


def test_json_is_printed_and_written_only_where_a_folder_is_named():
    result = invoke("toy", "--numbers", "2", "--json")
    assert json.loads(result.stdout) == [{"unit": "mac_2", "area_um2": 4.0, "delay_ns": None}]
    assert result.stderr == ""
    assert not Path("toy.csv").exists()
    assert invoke("toy", "--numbers", "2", "--json", "--output-dir", ".").exit_code == 0
    assert Path("toy.csv").exists()


def test_a_part_is_shown_and_the_whole_is_written_too():
    result = invoke("shown", "--numbers", "2,1")
    assert (result.stdout, result.stderr) == ("mac_2\nmac_1\n", "")
    assert not Path("toy.csv").exists()
    result = invoke("shown")
    assert result.stdout == "mac_1\nmac_2\nmac_3\n"
    assert result.stderr == "Wrote toy.md, toy.csv and toy.svg.\n"


def test_an_outcome_is_a_sentence_and_an_exit_code():
    result = invoke("toy", "--numbers", "99", "--output-dir", "out")
    assert result.exit_code == 1
    assert result.stderr == "Wrote out/toy.md, out/toy.csv and out/toy.svg.\n1 are large.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--numbers", "1,x"], "--numbers takes whole numbers from 0 to 99, not '1,x'."),
        (["--numbers", "1,100"], "--numbers takes whole numbers from 0 to 99, not '1,100'."),
        (["--numbers", "13"], "13 brings no luck."),
        (["--power", "2", "--rough"], "--power has no effect with --rough."),
        (["--why", "so"], "--why has no effect without --rough."),
        (["--output-dir", "file"], "Cannot write 'file': Not a directory."),
        (["--bogus"], "No such option: --bogus."),
        (
            ["--words", "a", "--output-dir", str(RESULTS)],
            f"'{RESULTS}' holds whole tables; --words makes others, for another DIR.",
        ),
    ],
)
def test_bad_input_is_one_sentence(folder, words, sentence):
    (folder / "file").write_text("")
    result = invoke("toy", *words)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", sentence + "\n")
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_a_job_that_fails_keeps_the_others(monkeypatch, folder):
    (folder / "noted").mkdir()
    with pytest.raises(IsADirectoryError):
        records_of(Toy(), Toy().plan(ToyOptions()), Worker(Store()), at_once=1)
    (folder / "noted").rmdir()
    assert len(records_of(Toy(), Toy().plan(ToyOptions()), Worker(Store()))) == 3


def test_processes_do_the_jobs_and_keep_them(folder):
    jobs = ToyInProcesses().plan(replace(ToyOptions(), numbers=(1, 2, 3, 4)))
    records = records_of(ToyInProcesses(), jobs, Worker(Store()), at_once=2)
    assert records == [ToyRecord(f"mac_{n}", float(n * n), None) for n in (1, 2, 3, 4)]
    assert str(os.getpid()) not in Path("noted").read_text()
    assert records_of(ToyInProcesses(), jobs, Worker(Store()), at_once=2) == records
    assert done() == [1, 2, 3, 4]


@pytest.mark.parametrize("place", ["cache", "x.sqlite"])
def test_both_stores_do(folder, place):
    worker = Worker(Store(folder / place))
    jobs = [ToyJob(7, 2, Path("noted"))]
    assert records_of(Toy(), jobs, worker) == records_of(Toy(), jobs, worker)
    assert done() == [7]


def plans():
    special = {
        "plot": ParetoOptions(grid=RESULTS / "grid.csv", accuracy=RESULTS / "accuracy"),
        "synth-check": RegressionOptions(folder=ROOT / "synth_reports" / "baselines"),
    }
    for each in EXPERIMENTS:
        yield each, special.get(each.name, each.options())
    yield AccuracyTables(), TablesOptions(("digits_mlp",))


@pytest.fixture
def rows_of_cards(folder):
    """Empty files, whose names tell what they would hold."""
    for name in ("h100_e4m3.npz", "v100_fp16.npz"):
        (folder / name).touch()


PLANS = list(plans())
COUNTS = {
    "grid": 184,
    "features": 68,
    "energy": 16,
    "figure3": 30,
    "figure5": 18,
    "peers": 2 + 8 * 4 + 5 * 2,
    "plot": 9,
    "sum-error": 150,
    "train": 71 * 5,
    "window": 555,
    "synth-check": 35,
    "sta": 10,
    "fpga": 32,
    "route": 12 + 2 * 6 * 2,
    "layout": 5 * 2,
    "arrays": 11,
    "ratios": 33,
    "differences": 52 + 22,
    "silicon": 2,
    "bounds": 8,
    "dots": 33 + 8 * 6 + 6 * 6 + 6 + 7,
    "accuracy": 404,
}


@pytest.mark.parametrize(("experiment", "options"), PLANS, ids=[each.name for each, _ in PLANS])
@pytest.mark.usefixtures("rows_of_cards")
def test_every_job_is_frozen_data_that_pickles(experiment, options, monkeypatch):
    monkeypatch.setattr(peers, "resolve", lambda text: None)
    monkeypatch.setattr(peers, "check_library", lambda library: library)
    monkeypatch.setattr(sta, "resolve", lambda text: SimpleNamespace(check=lambda: None))
    monkeypatch.setattr(training, "find_spec", lambda name: True)
    monkeypatch.setattr(training, "ask_for_data", lambda tasks: None)
    monkeypatch.setattr(clocks, "find_nextpnr", lambda device: None)
    monkeypatch.setattr(layout, "resolve", lambda text: SimpleNamespace(check=lambda: None))
    monkeypatch.setattr(layout, "find_router", lambda library: None)
    monkeypatch.setattr("shutil.which", lambda name, *rest: f"/bin/{name}")
    jobs = list(experiment.plan(options))
    assert len(jobs) == len(set(jobs)) == COUNTS[experiment.name]
    for job in jobs:
        copy = pickle.loads(pickle.dumps(job))
        assert copy == job
        assert (hash(copy), repr(copy)) == (hash(job), repr(job))
        assert is_dataclass(job)
        assert type(job).__dataclass_params__.frozen
    assert pickle.loads(pickle.dumps(experiment)).name == experiment.name


def test_a_worker_process_builds_the_bench_itself(folder):
    unit = parse_unit("e2m1", acc="kulisch:0")
    jobs = [
        DesignJob(Design(unit, Shape.CORE)),
        DesignJob(Design(unit, Shape.UNIT, library=OWN), stimuli=Stimuli(cycles=64)),
    ]
    worker = Worker(Store())
    worker.bench()  # has locks, and what it elaborates with: none of it goes along
    copy = pickle.loads(pickle.dumps(worker))
    assert (copy.store, copy.force) == (worker.store, worker.force)
    near = records_of(Grid(), jobs, worker)
    far = Grid()
    far.in_processes = True
    assert records_of(far, jobs, Worker(Store(folder / "elsewhere")), at_once=2) == near
    assert near[1].energy_unit_delay_cinv_v2 > 0


@pytest.mark.parametrize(("experiment", "options"), PLANS, ids=[each.name for each, _ in PLANS])
def test_options_are_declared(experiment, options):
    assert is_dataclass(experiment.options)
    assert {each.name for each in fields(experiment.options)} == set(vars(options))
    assert experiment.help.strip().partition("\n")[0].endswith(".")
