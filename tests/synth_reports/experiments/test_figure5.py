"""Bits of accuracy against the published bars, and the command that writes them."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.synth_reports.experiments.figure5.cell_error import DISTRIBUTIONS
from fp8mac.synth_reports.experiments.figure5.figure5 import (
    FORMATS,
    LLOYD_MAX,
    Figure5Row,
    bits_of,
    jobs,
)
from fp8mac.synth_reports.experiments.figure5.text import csv_text, markdown_text, pictures
from fp8mac.synth_reports.experiments.published import published

WITHIN_BITS = 0.12


def rows(names=()):
    return [bits_of(job) for job in jobs(names)]


ROWS = [
    Figure5Row("int8", name, 7.0 + place, 4.0, 7.05 + place)
    for place, name in enumerate(DISTRIBUTIONS)
] + [Figure5Row("e4m3", name, 5.25, 448.0, None) for name in DISTRIBUTIONS]


def test_all_published_bars_within_an_eighth_of_a_bit():
    found = rows()
    assert len(found) == len(published("figure5")) == 18
    assert {row.format for row in found} == {*FORMATS, LLOYD_MAX}
    off = {(row.format, row.distribution): abs(row.deviation_bits) for row in found}
    assert max(off.values()) <= WITHIN_BITS, off
    committed = Path(__file__).parents[3] / "synth_reports" / "results" / "figure5.csv"
    lines = csv.DictReader(io.StringIO(committed.read_text(encoding="utf-8")))
    for line, row in zip(lines, found, strict=True):
        assert (line["format"], line["distribution"]) == (row.format, row.distribution)
        assert float(line["bits"]) == pytest.approx(row.bits, abs=1e-3)


def test_published_bars_name_their_source():
    for line in published("figure5") + published("sum_error"):
        assert line["source"].startswith("arXiv:")


def test_any_format():
    found = rows(["e3m2", "e4m3", "e3m2"])
    assert [row.format for row in found[:2]] == ["e3m2", "e4m3"]
    assert {row.published_bits for row in found} == {None}
    assert len(found) == 2 * len(DISTRIBUTIONS)  # each once
    fnuz = {row.distribution: row.bits for row in rows(["e4m3fnuz"])}
    for row in found:
        if row.format == "e4m3":  # one code fewer makes little of a difference
            assert row.bits == pytest.approx(fnuz[row.distribution], abs=0.02)


def test_tables():
    table = list(csv.DictReader(io.StringIO(csv_text(ROWS))))
    assert table[1] == {
        "format": "int8",
        "distribution": "normal",
        "bits": "8.0",
        "published_bits": "8.05",
        "deviation_bits": "-0.05",
        "largest_number_sigmas": "4.0",
    }
    assert (table[3]["published_bits"], table[3]["deviation_bits"]) == ("", "")
    text = markdown_text(ROWS, "fp8mac figure5")
    assert "\nMade by `fp8mac figure5`: integrated" in text
    assert "| int8 | 7.00 (7.05, -0.05) | 8.00 (8.05, -0.05) | 9.00 (9.05, -0.05) |" in text
    assert "| e4m3 | 5.25               | 5.25 " in text
    assert "- Of 3 published numbers, none is farther off than 0.050 bit (int8, " in text
    assert "- normal, best first: int8, e4m3." in text


def test_picture():
    svg = pictures(ROWS)["svg"].decode()
    for words in ("7.00", "5.25", "Student t, nu = 3", ">ours<"):
        assert words in svg
    assert ">arXiv:2303.17951<" not in svg  # not all of them are published
    assert ">arXiv:2303.17951<" in pictures(ROWS[:3])["svg"].decode()


def test_command_prints_other_formats(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["figure5", "--formats", "e3m2,int4"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[3:5]] == ["e3m2", "int4"]
    result = CliRunner().invoke(app, ["figure5", "--formats", "e2m1", "--json"])
    facts = json.loads(result.stdout)
    assert [each["format"] for each in facts] == ["e2m1"] * 3
    assert not list(tmp_path.iterdir())


def test_command_writes(tmp_path):
    result = CliRunner().invoke(
        app, ["figure5", "--formats", "e2m1", "--output-dir", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    names = {"figure5.md", "figure5.csv", "figure5.png", "figure5.svg"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    page = (tmp_path / "out" / "figure5.md").read_text()
    assert "Made by `fp8mac figure5 --formats e2m1`" in page


def test_bad_formats(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for names, sentence in (
        ("e4m3,fp32", "fp32 has 32 bits; cells are integrated up to 12 bits.\n"),
        ("e4", "Unknown format 'e4'; a format is "),
    ):
        result = CliRunner().invoke(app, ["figure5", "--formats", names])
        assert (result.exit_code, result.stdout) == (2, "")
        assert sentence in result.stderr
    assert not list(tmp_path.iterdir())
