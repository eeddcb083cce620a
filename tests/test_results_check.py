"""The check of committed results notices what it should."""

import subprocess
from pathlib import Path

import pytest
import results_check
from results_check import COMMANDS, RESULTS, compare

from fp8mac.cli.app import app
from fp8mac.synth_reports.experiments.registry import EXPERIMENTS


@pytest.fixture
def folders(tmp_path):
    made, committed = tmp_path / "made", tmp_path / "committed"
    for folder in (made, committed):
        folder.mkdir()
        (folder / "x.csv").write_text("a,b\n1,2024-05-06\n")
    (made / "x.png").write_text("not committed")
    (committed / "other.md").write_text("not made")
    return made, committed


def test_equal_files_but_for_days(folders):
    made, committed = folders
    (made / "x.csv").write_text("a,b\n1,2026-11-29\n")
    assert compare(made, committed) == (1, [])


def test_a_digit_is_noticed(folders):
    made, committed = folders
    (made / "x.csv").write_text("a,b\n2,2024-05-06\n")
    assert compare(made, committed) == (1, ["x.csv"])


def test_what_is_checked_is_what_there_is():
    names = {each.name for each in EXPERIMENTS} | {"accuracy"}
    # The first has a check of its own, the other needs files that are not part of the project.
    assert set(COMMANDS) == names - {"synth-check", "silicon"}
    assert {each.name for each in app.registered_commands} >= set(COMMANDS) - {"accuracy"}


@pytest.mark.parametrize(("change", "code"), [(False, 0), (True, 1)])
def test_exit_codes(monkeypatch, capsys, tmp_path, change, code):
    (tmp_path / "figure5.csv").write_bytes((RESULTS / "figure5.csv").read_bytes() + b"x" * change)
    monkeypatch.setattr(results_check, "RESULTS", tmp_path)

    def run(words, **_):
        (Path(words[-1]) / "figure5.csv").write_bytes((RESULTS / "figure5.csv").read_bytes())
        return subprocess.CompletedProcess(words, 0)

    monkeypatch.setattr(results_check.subprocess, "run", run)
    assert results_check.main(["figure5"]) == code
    said = "differs: figure5.csv" if change else "1 files are the same"
    assert capsys.readouterr().out == f"figure5: {said}.\n"


def test_a_command_that_fails_is_a_difference(monkeypatch, capsys):
    monkeypatch.setattr(
        results_check.subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 2)
    )
    assert results_check.main(["grid"]) == 1
    assert capsys.readouterr().out == "grid: differs: (exit code 2).\n"


def test_unknown_names(capsys):
    assert results_check.main(["figure9"]) == 2
    assert capsys.readouterr().out.startswith("Unknown results 'figure9'; there are grid, ")
