"""Rows are differences of two units, and a row that does not exist is not zero."""

import csv
import io
from functools import cache

import pytest
from records import recorded
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.synth_reports.cost.measure import Measurement
from fp8mac.synth_reports.experiments import features
from fp8mac.synth_reports.experiments.designs import DesignRecord
from fp8mac.synth_reports.experiments.experiment import Made, NoOptions
from fp8mac.synth_reports.synth.synthesis import Synthesis


def measured(design) -> Measurement:
    """As many NAND gates as the name of the unit has letters."""
    count = len(design.config.slug)
    gates = [f".gate NAND2 a=n{i} b=x O=n{i + 1}" for i in range(count)]
    netlist = "\n".join([".model m", *gates, ".end", ""])
    figures = (2.0 * count, 1.0) if design.library else (None, None)
    return Measurement(design, "ab" * 32, Synthesis(netlist, (), "ABC 1.01", *figures))


EXPERIMENT = features.Features()


@cache
def records() -> list[DesignRecord]:
    return [recorded(measured(job.design)) for job in EXPERIMENT.plan(NoOptions())]


def test_features_are_pairs_of_units_that_can_be_built():
    pairs = [feature.configs for feature in features.FEATURES]
    assert len(set(pairs)) == len(pairs) >= 15
    for present, absent in pairs:
        assert present != absent
        check_buildable(present)
        check_buildable(absent)


def test_rows_are_differences():
    rows = features.rows(records())
    assert len(rows) == len(features.FEATURES)
    row = next(row for row in rows if row["unit_without"] == "mac_e4m3_e4m3_fp16_rtz")
    assert row["unit_with"] == "mac_e4m3_e4m3_fp16"
    assert (row["two_input_gates_with"], row["two_input_gates_added"]) == (18, -4)
    assert row["area_ge_added"] == -8.0
    assert row["area_ge_added_percent"] == pytest.approx(100 * (18 / 22 - 1), abs=0.01)


def test_files():
    files = EXPERIMENT.render(records(), Made("fp8mac features"))
    rows = features.rows(records())
    table = list(csv.DictReader(io.StringIO(files["features.csv"])))
    assert [each["feature"] for each in table] == [each["feature"] for each in rows]
    assert {each["yosys"] for each in table} == {"0.50 (yosys)"}
    text = files["features.md"]
    assert "Made by `fp8mac features`" in text
    for name in features.MISSING:
        assert f"* {name}: " in text
        assert not any(row["feature"] == name for row in rows)


def test_command(tmp_path, monkeypatch):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    pair = features.Feature("a guard bit", ("e2m1", "kulisch:1"), ("e2m1", "kulisch:0"))
    monkeypatch.setattr(features, "FEATURES", (pair,))
    result = CliRunner().invoke(app, ["features", "--output-dir", str(tmp_path / "out")])
    assert (result.exit_code, result.stdout) == (0, "")
    csv_file, page = tmp_path / "out" / "features.csv", tmp_path / "out" / "features.md"
    assert result.stderr.endswith(f"Wrote {page} and {csv_file}.\n")
    (row,) = csv.DictReader(io.StringIO(csv_file.read_text()))
    assert row["feature"] == "a guard bit"
    assert 0 < int(row["two_input_gates_added"]) < 10
    assert f"+{row['two_input_gates_added']} " in page.read_text()
