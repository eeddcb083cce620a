"""Area against delay: envelope, pages, pictures, and published designs beside them."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.synth_reports.experiments.curve.curve import (
    STANDARD,
    CurvePoint,
    CurveRecord,
    envelope,
    points_of,
)
from fp8mac.synth_reports.experiments.curve.experiment import Curve
from fp8mac.synth_reports.experiments.curve.text import below, peers_of
from fp8mac.synth_reports.experiments.experiment import Made
from fp8mac.synth_reports.experiments.peers.peers import LIBRARY


def record(structure, points, unit="e4m3 -> fp16"):
    delays, areas = zip(*points, strict=True)
    count = len(points)
    wanted = [0.0, *[50.0] * (count - 2), None]
    fo4 = [40.0 * each for each in delays]
    none = [None] * count
    hashes = ["cafe"] * count
    return CurveRecord(
        unit, structure, LIBRARY, "beef", wanted, fo4, list(delays), list(areas), none, hashes
    )


RECORDS = [
    record("area-ripple", [(1.8, 1200.0), (2.4, 1000.0), (4.0, 700.0)]),
    record("speed-fitted", [(0.8, 3000.0), (1.0, 2800.0), (2.4, 1900.0)]),
]


def test_envelope_has_what_nothing_is_below():
    points = points_of(RECORDS)
    kept = envelope(points)
    assert [each.area_ge for each in kept] == [3000, 2800, 1200, 1000, 700]
    for point in points:
        assert (point in kept) != any(
            each.delay <= point.delay and each.area_ge <= point.area_ge and each != point
            for each in points
        )


def test_peers_below_the_envelope_are_named():
    peers = peers_of("e4m3 -> fp16", LIBRARY)
    assert len(peers) == 8
    assert below(peers, points_of(RECORDS)) == []
    assert len(below(peers, [CurvePoint(9.0, 9.0, "x")])) == 8
    assert peers_of("e4m3 -> fp16", "another library") == []
    assert peers_of("e4m3 -> kulisch:3:segmented=5", LIBRARY) == peers_of(
        "e4m3 -> kulisch:3", LIBRARY
    )


def test_files_of_a_curve():
    files = Curve().render(RECORDS, Made("fp8mac curve e4m3 --acc fp16"))
    slug = "mac_e4m3_e4m3_fp16"
    assert set(files) == {f"{slug}.{suffix}" for suffix in ("csv", "md", "png", "svg")}
    rows = list(csv.DictReader(io.StringIO(files[f"{slug}.csv"])))
    assert [row["mapped_to"] for row in rows] == ["speed", "50.0 FO4", "area"] * 2
    assert [row["on_envelope"] for row in rows] == ["True"] * 5 + ["False"]
    page = files[f"{slug}.md"]
    assert "| 1.800     | 1200     | area-ripple  |" in page
    assert "None of their points lies below our envelope." in page
    picture = files[f"{slug}.svg"].decode()
    assert "lower envelope" in picture
    assert "published, same function" in picture


def test_published_curves_are_those_of_the_standard_units():
    jobs = Curve().plan(Curve.options())
    assert list(dict.fromkeys(job.unit for job in jobs)) == list(STANDARD)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["curve", "e4m3"], "Name the accumulator with --acc."),
        (["curve", "--acc", "fp16"], "--acc has no effect without the argument A."),
        (["curve", "e4m3", "--acc", "fp16:odd"], "No circuit rounds as fp16:odd does"),
        (["synth", "e4m3", "--acc", "fp16", "--delay", "1"], "'1' is not a delay; write 20fo4"),
        (["synth", "e4m3", "--acc", "fp16", "--clock", "x"], "'x' is not a clock; write 1.2GHz"),
        (["synth", "e4m3", "--acc", "fp16", "--delay", "1ns"], "'1ns' needs a library that has"),
        (
            ["synth", "e4m3", "--acc", "fp16", "--delay", "9fo4", "--goal", "speed"],
            "--goal has no effect with --delay.",
        ),
        (
            ["synth", "e4m3", "--acc", "fp16", "--clock", "1GHz", "--core"],
            "--clock has no effect with --core.",
        ),
        (
            ["verilog", "e4m3", "--acc", "fp16", "--liberty", "x"],
            "--liberty has no effect without --delay or --clock.",
        ),
        (
            ["verilog", "e4m3", "--acc", "fp16", "--structure", "lean"],
            "e4m3 -> fp16 has no structure 'lean': area-ripple, area-brent-kung,",
        ),
        (
            ["prove", "e4m3", "--acc", "fp16", "--structure", "lean"],
            "e4m3 -> fp16 has no structure 'lean': area-ripple, area-brent-kung,",
        ),
    ],
)
def test_bad_input_is_one_sentence(words, sentence):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1


@pytest.mark.slow
def test_target_in_json(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(
        app, ["synth", "int2", "--acc", "int6", "--delay", "1fo4", "--core", "--json"]
    )
    assert result.exit_code == 0
    assert result.stderr.startswith("Nothing meets 1fo4: the fastest core is ")
    report = json.loads(result.stdout)
    target = report["target"]
    assert (target["met"], target["shape"], target["library"]) == (False, "core", "fp8mac")
    assert list(report["goals"]) == [target["structure"]] == [report["goal"]]
