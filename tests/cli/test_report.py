"""The command that writes the page."""

from typer.testing import CliRunner

from fp8mac.cli.app import app


def test_report_of_published_tables(tmp_path):
    place = tmp_path / "report.html"
    result = CliRunner().invoke(app, ["report", "-o", str(place)])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"Wrote {place}.\n")
    text = place.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "Made by fp8mac report, from the tables grid, curve, peers, fpga, route." in text


def test_report_of_nothing(tmp_path):
    result = CliRunner().invoke(app, ["report", "--results", str(tmp_path), "-o", "x.html"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"There are no tables in '{tmp_path}'; name a folder that fp8mac grid wrote to.\n"
    )
