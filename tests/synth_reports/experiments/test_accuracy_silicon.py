"""Networks on units of real silicon: what is run, and the committed columns."""

import csv
from pathlib import Path

import pytest

from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.accuracy.cases import SILICON, cases
from fp8mac.synth_reports.experiments.accuracy.text import experiment_tables, silicon_table

RESULTS = Path(__file__).parents[3] / "synth_reports" / "results" / "accuracy"


def rows(network):
    with (RESULTS / f"{network}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["experiment"] == "silicon"]


def test_each_unit_is_a_case():
    found = [case for _, case in cases(["digits_mlp"], ["silicon"], 7)]
    assert [case.unit for case in found] == [parse_line(text).text for text in SILICON.values()]
    assert {case.samples for case in found} == {7}
    assert [case.config.summation.chunk for case in found][:3] == [None, 128, 32]
    assert found[4].a == found[4].w == "e4m3fnuz"


def test_large_networks_are_run_where_they_are_asked_for():
    def names(network, *experiments):
        return {name for name, _ in cases([network], experiments, 1)}

    assert "silicon" in names("fmnist")
    assert "qat" not in names("fmnist")
    assert "silicon" not in names("minilm")
    assert names("minilm", "silicon") == {"silicon"}
    assert {"qat", "convert", "silicon"} < names("digits_cnn")


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn", "fmnist"])
def test_committed_rows_are_of_these_units(network):
    found = rows(network)
    assert [row["unit"] for row in found] == [parse_line(text).slug for text in SILICON.values()]
    page = (RESULTS / f"{network}.md").read_text(encoding="utf-8")
    numeric = [
        {
            key: float(row[key]) if key[:5] in ("diffe", "broke", "sqnr_") else row[key]
            for key in row
        }
        for row in found
    ]
    for row in numeric:
        row["broken"] = int(row["broken"])
    ((title, text),) = experiment_tables(numeric)
    assert title == "Units of real silicon"
    assert text.strip() in page
    (line,) = (each for each in silicon_table(numeric).splitlines() if network in each)
    summary = (RESULTS / "summary.md").read_text(encoding="utf-8").partition("## Units of real")[2]
    cells = [cell.strip() for cell in line.split("|")]
    assert cells in [[cell.strip() for cell in each.split("|")] for each in summary.splitlines()]
