"""Errors of sums: what is exact, what grows, seeds, and the page."""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.codes.encoding import decode, encode
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.synth_reports.experiments.sum_error.experiment import SumError
from fp8mac.synth_reports.experiments.sum_error.sum_error import (
    ADDING,
    SumErrors,
    SumJob,
    SumSetting,
    errors_of,
    settings,
)
from fp8mac.synth_reports.experiments.sum_error.text import csv_text, markdown_text, pictures


def measure(wanted, repetitions, seed=0):
    return [errors_of(SumJob(setting, repetitions, seed)) for setting in wanted]


def point(adding, terms, rms, published=None):
    setting = SumSetting("e5m2", "fp16", adding, terms)
    errors = (rms, 0.9 * rms, 1.1 * rms, rms / 2, rms / 20, 5 * rms)
    return SumErrors(setting, 320, *errors, published, None if published is None else 0.25)


POINTS = [
    point("one by one", 500, 2e-3, 6e-4),
    point("one by one", 1000, 4e-3),
    point("pairs", 500, 1e-3, 3e-4),
    replace(point("pairs", 1000, 0.0), setting=SumSetting("e5m2", "kulisch", "pairs", 1000)),
]


def test_what_is_measured():
    found = settings()
    assert len(found) == 2 * 3 * 5 * 5
    assert found[0] == SumSetting("e5m2", "fp16", "one by one", 250)
    with pytest.raises(ConfigError):
        settings(accumulators=["fp99"])


@pytest.mark.parametrize("adding", ["one by one", "pairs"])
def test_errors_are_those_of_the_golden_model(adding):
    (found,) = measure([SumSetting("e5m2", "bf16", adding, 24)], 2, seed=3)
    unit, side = parse_unit("e5m2", acc="bf16"), 24
    errors, exact = [], []
    for repetition in range(2):
        rng = np.random.default_rng([3, 24, repetition])
        a = encode(rng.standard_normal((side, 24)), unit.a)
        b = encode(rng.standard_normal((24, side)), unit.b)
        sums = gemm(a, b, replace(unit, summation=ADDING[adding]), backend="golden").values
        exact.append(decode(a, unit.a) @ decode(b, unit.b))  # short sums: exact in float64
        errors.append(sums - exact[-1])
    assert found.sums == np.size(errors)
    assert found.rms == pytest.approx(np.linalg.norm(errors) / np.linalg.norm(exact), rel=1e-9)
    relative = np.abs(errors) / np.abs(exact)
    assert found.median == pytest.approx(np.quantile(relative, 0.5, method="nearest"), rel=1e-9)
    assert found.rms_low <= found.rms <= found.rms_high


def test_kulisch_is_exact_and_errors_grow_with_length():
    lengths = (64, 512)
    wanted = [
        SumSetting("e4m3", acc, "one by one", n) for acc in ("kulisch", "fp16") for n in lengths
    ]
    exact, again, short, long = measure(wanted, 3)
    assert (exact.rms, exact.high, again.rms) == (0, 0, 0)
    assert 0 < short.rms_high < long.rms_low
    (chunks,) = measure([replace(wanted[-1], adding="chunks of 64")], 3)
    assert chunks.rms_high < long.rms_low
    (pairs,) = measure([replace(wanted[-1], adding="pairs")], 3)
    assert pairs.rms_high < long.rms_low


def test_seeds():
    setting = SumSetting("e4m3", "fp16", "one by one", 40)
    first, again, other = (measure([setting], 2, seed=seed)[0] for seed in (1, 1, 2))
    assert first == again
    assert first.rms != other.rms


def test_published_numbers_stand_beside_ours():
    setting = SumSetting("e5m2", "fp16", "one by one", 1000)
    (found,) = measure([setting], 2)
    assert found.published == 8.2e-3
    assert 0.5 < found.published_rank < 1
    (none,) = measure([replace(setting, accumulator="bf16")], 2)
    assert (none.published, none.published_rank) == (None, None)


def test_overflow_is_an_infinite_error():
    (found,) = measure([SumSetting("e4m3", "e3m4", "one by one", 1000)], 2)
    assert found.rms == found.rms_high == np.inf


def test_a_record_is_kept_as_json():
    for each in (*POINTS, replace(POINTS[0], rms=np.inf)):
        assert SumError().load(json.loads(json.dumps(asdict(each)))) == each


def test_page():
    text = markdown_text(POINTS, "fp8mac sum-error")
    assert "\nMade by `fp8mac sum-error`.\n" in text
    assert "| fp16, one by one | 20 [18, 22] | 40 [36, 44] |" in text
    assert re.search(r"\| kulisch, pairs +\| +\| exact", text)
    assert "| one by one | 500 | 6.0e-04   | 1.0e-03    | 1.0e-04 to 1.0e-02 | 25 %" in text
    assert "- n = 500: 2.00 published, 2.00 ours [1.64, 2.44]." in text
    assert csv_text(POINTS).splitlines()[1].startswith("e5m2,fp16,one by one,500,320,0.002,0.0018,")
    assert "## Published" not in markdown_text(POINTS[1:2], "")


def test_picture():
    svg = pictures(POINTS)["svg"].decode()
    for words in ("one by one", "pairs", "published, one sum each", "no error: kulisch"):
        assert f">{words}<" in svg


def test_command(tmp_path):
    common = ["sum-error", "--formats", "e4m3", "--accs", "fp16", "--repetitions", "2"]
    out = ["--output-dir", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [*common, "--lengths", "16,32", *out])
    assert result.exit_code == 0, result.output
    names = {f"sum_error.{suffix}" for suffix in ("md", "csv", "png", "svg")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    command = " ".join([*common[:5], "--lengths 16,32", *common[5:]])
    assert f"Made by `fp8mac {command}`" in (tmp_path / "out" / "sum_error.md").read_text()
    result = CliRunner().invoke(app, [*common, "--lengths", "16", "--json"])
    assert len(json.loads(result.stdout)) == len(ADDING)


@pytest.mark.parametrize("lengths", ["0,500", "many", "500,"])
def test_bad_lengths(lengths):
    result = CliRunner().invoke(app, ["sum-error", "--lengths", lengths])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (f"--lengths takes whole numbers from 1 to 100,000, not '{lengths}'.\n")
