"""Committed numbers: both directions, other tools, broken files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.experiments import regression
from fp8mac.synth_reports.experiments.regression import Baseline, Move, moves, moves_table
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.store.store import Store

UNIT = parse_unit("e2m1", acc="kulisch:0")
TOOLS = {"yosys": "0.50 (yosys)", "abc": "ABC 1.01", "amaranth": "0.5"}
BASELINE = Baseline(UNIT, TOOLS, {"area.levels": (100.0, 0.02), "speed.area_ge": (50.0, 0.1)})


@pytest.mark.parametrize(
    ("levels", "holds"), [(100, True), (102, True), (98, True), (102.1, False), (97.9, False)]
)
def test_tolerances_are_two_sided(levels, holds):
    found = moves(BASELINE, {"area.levels": levels, "speed.area_ge": 50})
    assert found == ([] if holds else [Move(UNIT.slug, "area.levels", 100, levels)])


def test_figures_that_come_and_go_are_moves():
    found = moves(BASELINE, {"area.levels": 100, "area.new": 7})
    assert found == [
        Move(UNIT.slug, "speed.area_ge", 50, None),
        Move(UNIT.slug, "area.new", None, 7),
    ]
    lines = moves_table([*found, Move(UNIT.slug, "area.levels", 100, 110)]).splitlines()
    assert lines[0].split() == "| unit | figure | committed | now | change |".split()
    assert lines[2].split() == f"| {UNIT.slug} | speed.area_ge | 50 | | |".split()
    assert lines[4].split() == f"| {UNIT.slug} | area.levels | 100 | 110 | +10.0 % |".split()


def test_files_are_read_as_they_were_written(tmp_path):
    figures = {"area.levels": 12.0, "speed.energy_functional_cinv_v2": 3.25}
    (tmp_path / "x.json").write_text(regression.file_text(UNIT, figures, TOOLS))
    (found,) = regression.baselines(tmp_path).values()
    assert found.config == UNIT
    assert regression.same_tools(found, TOOLS)
    assert not regression.same_tools(found, TOOLS | {"yosys": "0.51 (yosys)"})
    assert moves(found, figures) == []
    assert found.figures["area.levels"] == (12.0, regression.TOLERANCES["levels"])


def test_committed_numbers_are_of_the_main_units():
    configs = {each.config for each in regression.baselines().values()}
    assert configs == {parse_unit(operand, acc=acc) for operand, acc in regression.MAIN}
    for each in regression.baselines().values():
        names = {name.partition(".")[2] for name in each.figures}
        assert names == set(regression.TOLERANCES)
        assert len(each.figures) == 10


def test_files_that_are_not_ours(tmp_path):
    path = tmp_path / "x.json"
    for text in ("{", "[]", '{"unit": {"a": "e9", "b": "e9", "accumulator": "fp16"}}'):
        path.write_text(text)
        with pytest.raises(ValueError, match="does not hold committed numbers"):
            regression.baselines(tmp_path)


@pytest.fixture
def committed(tmp_path, monkeypatch):
    """Numbers of one small unit, committed by the command itself."""
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(regression, "MAIN", (("e2m1", "kulisch:0"),))
    folder = tmp_path / "baselines"
    assert run("--folder", folder).exit_code == 2
    result = run("--accept", "--folder", folder)
    assert (result.exit_code, result.stdout) == (0, "")
    (path,) = folder.iterdir()
    return path


def run(*words):
    return CliRunner().invoke(app, ["synth-check", *map(str, words)])


def edit(path: Path, change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_check_and_accept(committed):
    folder = committed.parent
    result = run("--folder", folder)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.endswith("All committed numbers of 1 units hold.\n")

    def grow(content):
        content["figures"]["area.two_input_gates"]["value"] *= 0.9

    edit(committed, grow)
    result = run("--folder", folder)
    assert result.exit_code == 1
    assert "mac_e2m1_e2m1_kulisch0 | area.two_input_gates" in result.stdout.replace("  ", "")
    assert result.stderr.endswith("1 committed numbers do not hold.\n")

    edit(committed, lambda content: content["tools"].update(yosys="0.1 (yosys)"))
    result = run("--folder", folder)
    assert result.exit_code == 0
    assert result.stderr.endswith("Inconclusive: the committed numbers were made by other tools.\n")

    result = run("--accept", "--folder", folder)
    assert result.exit_code == 0
    assert result.stderr.endswith('Explain what moved under "Numbers" in CHANGELOG.md.\n')
    assert run("--folder", folder).stdout == ""

    committed.write_text("{")
    result = run("--folder", folder)
    assert result.exit_code == 2
    assert result.stderr.endswith(f"'{committed}' does not hold committed numbers.\n")


def test_figures_are_those_of_the_designs(tmp_path):
    worker = Worker(Store(tmp_path))
    records = [regression.Regression().run(job, worker) for job in regression.jobs(UNIT)]
    figures = regression.figures_of(UNIT, records)
    gates = [each for each in records if each.library is None]
    assert [each.goal for each in gates] == ["area", "speed"]
    for record in gates:
        assert figures[f"{record.goal}.two_input_gates"] == record.two_input_gates
    assert figures["speed.levels"] <= figures["area.levels"]
    assert figures["speed.delay_fo4"] <= figures["area.delay_fo4"]
    assert figures["area.area_ge"] <= figures["speed.area_ge"]
    assert figures["area.energy_unit_delay_cinv_v2"] == records[-1].energy_unit_delay_cinv_v2 > 0
    tools = regression.tools_of(records[0])
    assert "compiled" not in tools["abc"]
    assert replace(BASELINE, tools=tools).tools["amaranth"].startswith("0.5")
