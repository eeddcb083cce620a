"""Sweeps and recommendations from the command line, and from the front door."""

import csv
import io
import json

import cli_stubs
import pytest
from typer.testing import CliRunner

import fp8mac
from fp8mac.cli.app import app
from fp8mac.synth_reports.experiments.sweep.attempt import own_worker
from fp8mac.synth_reports.store.points.columns import NAMES
from fp8mac.synth_reports.store.points.points import PointStore

SPEC = """
formats = ["e4m3", "int8"]
accumulators = ["fp16", "int32"]
networks = ["digits_mlp"]
questions = 50
"""
LEFT = "e4m3 -> int32: The integer accumulator int32 cannot add e4m3 products; use kulisch or a "
SAID = (
    "3 points: 6 results measured, 0 known; 150 questions asked.\n"
    f"No units: 1, such as {LEFT}float accumulator.\n"
)


def call(*words):
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own, and jobs that take no time."""
    monkeypatch.chdir(tmp_path)
    cli_stubs.install_sweep(monkeypatch)
    own_worker.cache_clear()
    (tmp_path / "spec.toml").write_text(SPEC)
    return tmp_path


def test_a_file_and_options_are_the_same(here):
    assert call("sweep", "spec.toml", "--store", "a.sqlite").stderr == SAID
    words = "--formats e4m3,int8 --accs fp16,int32 --networks digits_mlp --samples 50"
    result = call("sweep", *words.split(), "--store", "b.sqlite")
    assert (result.exit_code, result.stderr) == (0, SAID)
    rows = [
        [{**row, "made_at": ""} for row in PointStore(here / name).rows()]
        for name in ("a.sqlite", "b.sqlite")
    ]
    assert rows[0] == rows[1]
    assert [row["unit"] for row in rows[0]] == ["e4m3 -> fp16", "int8 -> fp16", "int8 -> int32"]
    again = call("sweep", "spec.toml", "--store", "a.sqlite").stderr
    assert again.startswith("3 points: 0 results measured, 6 known; 0 questions asked.\n")
    assert result.stdout == (
        "\n"
        "  digits_mlp, fp8mac   GE   loss, points          interval   questions\n"
        " ──────────────────────────────────────────────────────────────────────\n"
        "  e4m3 -> fp16          1           0.00   -10.00 to 10.00          50\n"
        "  int8 -> fp16          1           0.00   -10.00 to 10.00          50\n"
        "  int8 -> int32         1           0.00   -10.00 to 10.00          50\n"
        "\n"
    )


def test_sweep_as_json(here):
    facts = json.loads(call("sweep", "spec.toml", "--json").stdout)
    assert facts["summary"]["done"] == 6
    assert list(facts["refused"]) == ["e4m3 -> int32"]
    ((*_, last),) = facts["fronts"]
    assert last["unit"] == "int8 -> int32"


def test_a_point_that_fails(here):
    result = call("sweep", "--unit", "e4m3 -> fp16:odd", "--formats", "e5m2", "--accs", "fp16")
    assert result.exit_code == 1
    first, failed, sentence = result.stderr.splitlines()
    assert first == "2 points: 1 results measured, 0 known; 0 questions asked."
    assert failed == "Failed: 1."
    assert sentence.startswith("  e4m3 -> fp16:odd (cost): ")
    (noted,) = PointStore(here / "points.sqlite").failures()
    assert sentence == f"  e4m3 -> fp16:odd (cost): {noted['sentence']}"


def test_unknown_network(here):
    result = call("sweep", "--unit", "e4m3 -> fp16", "--networks", "lenet")
    assert result.exit_code == 2
    assert result.stderr.startswith("Unknown network 'lenet'; there are digits_mlp, ")
    assert not (here / "points.sqlite").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "Nothing to sweep: name formats and accumulators, or units."),
        ("none.toml", "Cannot read 'none.toml': No such file or directory."),
        ("spec.toml --formats e4m3", "--formats has no effect with the argument SPEC."),
        ("spec.toml --until now", "--until is pareto, or is left out, not 'now'."),
        ("spec.toml --front x", "Unknown cost 'x'; there are area, delay, energy, gates, luts."),
        ("--unit x", "'x' is not a unit; write"),
        ("--formats e4m3 --accs fp16 --lanes 1,x", "--lanes takes whole numbers from 1 to 4,096"),
        ("spec.toml --store no/x.sqlite", "There is no folder '"),
        ("spec.toml --store spec.toml", "'spec.toml' is not a store of points: "),
        ("spec.toml --jobs 2 --scheduler tcp://x:1", "--jobs has no effect with --scheduler."),
        ("spec.toml --scheduler tcp://x:1", "There is no Dask scheduler at 'tcp://x:1'."),
        ("--unit e4m3->fp16 --liberty none", "There is no library 'none': it is no file"),
    ],
)
def test_bad_sweeps(here, words, sentence):
    result = call("sweep", *words.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1
    assert not (here / "points.sqlite").exists()


def test_points_are_written(here):
    call("sweep", "spec.toml")
    rows = list(csv.DictReader(io.StringIO(call("points").stdout)))
    assert list(rows[0]) == list(NAMES)
    assert call("points", "-o", "out.json").stderr == "Wrote out.json.\n"
    found = json.loads((here / "out.json").read_text())
    assert [each["unit"] for each in found] == [each["unit"] for each in rows]
    bad = call("points", "-o", "out.xlsx")
    assert (bad.exit_code, bad.stderr) == (
        2,
        "Unknown kind of file 'xlsx'; there are csv, json, parquet.\n",
    )
    none = call("points", "none.sqlite")
    assert (none.exit_code, none.stderr) == (
        2,
        "There is no store 'none.sqlite'; fp8mac sweep makes one.\n",
    )


def test_recommendation(here):
    call("sweep", "spec.toml")
    result = call("recommend", "--network", "digits_mlp", "--max-drop", "10")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "Build e4m3 -> fp16."
    facts = json.loads(
        call("recommend", "--network", "digits_mlp", "--max-drop", "9.5", "--json").stdout
    )
    assert facts["choice"] is None
    assert facts["nearest"]["point"]["unit"] == "e4m3 -> fp16"
    assert [each["verdict"] for each in facts["cheaper"]] == ["untold"] * 3
    result = call("recommend", "--network", "fmnist", "--max-drop", "1")
    assert (result.exit_code, result.stderr) == (
        2,
        "There are no points of fmnist; there are digits_mlp; fp8mac sweep measures them.\n",
    )


def test_front_door(here):
    swept = fp8mac.sweep(
        formats=["e4m3", "int8"],
        accumulators=["fp16"],
        networks=["digits_mlp"],
        questions=50,
        store=here / "points.sqlite",
    )
    assert str(swept) == "2 points: 4 results measured, 0 known; 100 questions asked."
    assert [each["unit"] for each in swept.to_records()] == ["e4m3 -> fp16", "int8 -> fp16"]
    assert [each["unit"] for each in swept.front("area")] == ["e4m3 -> fp16", "int8 -> fp16"]
    assert "<table" in swept._repr_html_()
    found = fp8mac.recommend("digits_mlp", max_drop=10, store=here / "points.sqlite")
    assert found.unit == fp8mac.unit("e4m3 -> fp16")
    assert str(found).startswith("Build e4m3 -> fp16.\n")
    none = fp8mac.recommend("digits_mlp", max_drop=1, store=here / "points.sqlite")
    assert (none.unit, none.found.choice) == (None, None)
    assert fp8mac.sweep(here / "spec.toml", store=here / "points.sqlite").summary.known == 4
    bad = {
        "'x.toml' says what is swept; leave lanes out.": {"spec": "x.toml", "lanes": [1]},
        "until is 'pareto', or is left out, not 'x'.": {"until": "x"},
        "sweep: lanes takes whole numbers, not ['x'].": {"lanes": ["x"]},
    }
    for sentence, words in bad.items():
        with pytest.raises(fp8mac.Error) as error:
            fp8mac.sweep(**words)
        assert str(error.value) == sentence
