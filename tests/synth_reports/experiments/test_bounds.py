"""Error certificates as a table: what is planned, found and committed."""

import csv
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

import fp8mac
from fp8mac.cli.app import app
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.networks.tasks.certify import LayerBound, guard_bits
from fp8mac.synth_reports.experiments import bounds
from fp8mac.synth_reports.experiments.accuracy.accuracy import Case, certificate
from fp8mac.synth_reports.experiments.experiment import Made
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.store.store import Store

RESULTS = Path(__file__).parents[3] / "synth_reports" / "results"


def committed() -> list[dict[str, str]]:
    with (RESULTS / "bounds.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_units_are_planned():
    jobs = bounds.BoundTables().plan(bounds.BoundsOptions())
    assert [job.name for job in jobs] == [*bounds.UNITS]
    assert {(job.network, job.samples) for job in jobs} == {("digits_cnn", 100)}
    assert jobs[1].unit == "e4m3 x 32 -> e8m13:rtz:inf:plus0, window 14, chunk 128 -> fp32"


def test_a_record_is_the_certificate(tmp_path):
    job = bounds.BoundJob("x", "e4m3 x 4 -> fp16", "digits_mlp", 10)
    experiment = bounds.BoundTables()
    record = experiment.run(job, Worker(Store(tmp_path)))
    case = Case("digits_mlp", "e4m3", "e4m3", "fp16", 10, unit=job.unit)
    assert record.layers == [asdict(each) for each in certificate(case)]
    assert experiment.load(asdict(record)) == record
    files = experiment.render([record], Made("fp8mac bounds"))
    assert {*files} == {"bounds.md", "bounds.csv"}
    head, *lines = str(files["bounds.csv"]).splitlines()
    of_layers = ["layer", *[*LayerBound.__annotations__][1:]]
    assert head.split(",") == ["name", "unit", "network", "samples", *of_layers]
    assert [line.split(",")[4] for line in lines] == ["hidden", "output"]
    hidden = next(line for line in str(files["bounds.md"]).splitlines() if "| hidden" in line)
    assert "| overflow |" in hidden  # an input could overflow it


def test_an_unknown_network_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path))
    result = CliRunner().invoke(app, ["bounds", "--network", "none"])
    assert result.exit_code == 2
    assert result.stderr.startswith("Unknown network 'none'; ")
    assert not (tmp_path / "bounds.csv").exists()


def test_the_committed_table_is_whole_and_right():
    rows = committed()
    lines = dict.fromkeys((row["name"], row["unit"]) for row in rows)
    assert [*lines] == [(name, parse_line(text).text) for name, text in bounds.UNITS.items()]
    layers = [row["layer"] for row in rows if row["name"] == "exact"]
    assert layers == ["conv1", "conv2", "conv3", "output"]
    assert [row["layer"] for row in rows] == layers * len(bounds.UNITS)
    for row in rows:
        measured = float(row["measured_error"])
        for bound in (row["seen_error"], row["any_error"]):
            assert bound == "" or measured <= float(bound)
        config = parse_line(row["unit"])
        assert int(row["guard_bits"]) >= guard_bits(config, float(row["largest_sum"]))
        if row["name"] == "exact":
            assert {float(row[f"{key}_error"]) for key in ("measured", "seen", "any")} == {0.0}


def test_the_committed_page_is_of_the_committed_table():
    page = (RESULTS / "bounds.md").read_text(encoding="utf-8")
    assert page.startswith("# Error certificates\n\nMade by `fp8mac bounds`: digits_cnn, ")
    numbers = [line.split("|")[4].strip() for line in page.splitlines() if line.startswith("| ")]
    said = [bounds._share(float(row["measured_error"])) for row in committed()]
    assert numbers[1:] == said


@pytest.mark.parametrize(
    ("format_", "largest"), [("e4m3", 448.0), ("int8", -128.0), ("e2m5", 7.75)]
)
def test_guard_bits_are_the_fewest_that_hold_a_sum(format_, largest):
    """Sums of the largest products, in accumulators of so many guard bits and of one less."""
    for terms in (1, 2, 3, 4, 5, 9, 64):
        true = terms * largest**2
        bits = guard_bits(parse_line(f"{format_} -> kulisch:0"), true)
        assert sums(format_, bits, largest, terms) == true
        assert bits == 0 or sums(format_, bits - 1, largest, terms) != true


def sums(format_, bits, largest, terms):
    a = [[largest] * terms]
    b = [[each] for each in a[0]]
    return fp8mac.gemm(a, b, f"{format_} -> kulisch:{bits}").values[0, 0]


@pytest.mark.parametrize(("share", "text"), [(None, "overflow"), (0.0, "0"), (0.00123, "1.2e-03")])
def test_shares(share, text):
    assert bounds._share(share) == text
