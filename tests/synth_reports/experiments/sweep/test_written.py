"""A sweep as files: what they say is what the store has, and the same again."""

import csv
import io
import re
from pathlib import Path

import pytest
import toy_sweep

from fp8mac.synth_reports.experiments.sweep.needed.whole import Went
from fp8mac.synth_reports.experiments.sweep.spec import Spec
from fp8mac.synth_reports.experiments.sweep.summary import Summary
from fp8mac.synth_reports.experiments.sweep.written.page import WRITTEN, sweep_files
from fp8mac.synth_reports.experiments.sweep.written.picture import picture
from fp8mac.synth_reports.store.points.points import PointStore

SPEC = Spec(
    formats=("e2m1", "e4m3"),
    accumulators=("fp16", "kulisch"),
    networks=("digits_mlp",),
    search=1.0,
)


@pytest.fixture
def swept(tmp_path, monkeypatch):
    """A sweep and a search whose losses are planted: e2m1 loses, the other needs two guard bits."""
    losses = {f"e4m3 -> kulisch:{bits}": 0.0 if bits > 1 else 0.3 for bits in range(21)}
    losses |= {f"e2m1 -> kulisch:{bits}": 0.2 for bits in range(21)}
    losses |= {"e4m3 -> fp16": 0.0, "e2m1 -> fp16": 0.3}
    monkeypatch.setattr(toy_sweep, "LOSSES", losses)
    areas = {"e4m3 -> fp16": 40.0, "e2m1 -> fp16": 10.0, "e4m3 -> kulisch:2": 20.0}
    monkeypatch.setattr(toy_sweep, "AREAS", areas)
    store = tmp_path / "points.sqlite"
    went = toy_sweep.toy_search(store, SPEC)
    return {row["id"]: row for row in PointStore(store).rows()}, went


def test_files_say_what_the_store_has(swept):
    rows, went = swept
    files = sweep_files("mine", rows, went, ("area",), "fp8mac sweep mine.toml")
    assert list(files) == ["mine.csv", "mine.md"]  # no SQNR, so nothing to draw
    table = list(csv.DictReader(io.StringIO(files["mine.csv"].decode())))
    assert tuple(table[0]) == WRITTEN
    assert not {"id", "made_at", "cost_key", "version"} & {*WRITTEN}
    assert [row["unit"] for row in table] == [point.config.text for point in went.points]
    text = re.sub(" +", " ", str(files["mine.md"]))
    questions = sum(row["questions"] for row in rows.values())
    for passage in (
        f"# {len(rows)} points of {len(rows)} units\n",
        "Made by `fp8mac sweep mine.toml`; every point is a row of [mine.csv](mine.csv)",
        f"Networks answered {questions:,} questions; the Verilog of 0 points",
        "| digits_mlp, 1 lane, fp8mac |",
        "| e4m3 -> kulisch:2, 20 GE |",
        "| digits_mlp, e4m3 -> kulisch:* | 2 ",
        "| digits_mlp, e2m1 -> kulisch:* | none ",
    ):
        assert passage in text, passage
    assert "## Not measured" not in text
    assert sweep_files("mine", rows, went, ("area",), "fp8mac sweep mine.toml") == files


def test_what_went_wrong_is_on_the_page(swept):
    rows, went = swept
    summary = Summary(1, failed=[("e5m2 -> fp16", "cost", "There is no such circuit.")] * 2)
    went = Went(summary, went.points, {"int8 -> bf17": "No such format."})
    text = str(sweep_files("x", rows, went, ("area",), "")["x.md"])
    assert text.count("- `e5m2 -> fp16` (cost): There is no such circuit.") == 1
    assert "## No units\n\n- `int8 -> bf17`: No such format.\n" in text
    assert "## Bits that were searched" not in text


def row(unit, area, sqnr, **more):
    found = {"unit": unit, "formats": unit.partition(" ")[0], "accumulator": "fp16", "lanes": 1}
    found |= {"network": "fmnist", "area_ge": area, "sqnr_db": sqnr, "goal": "area"}
    return found | {"loss_low": -0.01, "questions": 2000} | more


def test_picture():
    rows = [
        row("e4m3 -> fp16", 800.0, 25.0),
        row("e4m3 x 8 -> e6m7", 4000.0, 26.0, lanes=8, accumulator="e6m7"),
        row("e2m1 -> fp16", 300.0, -20.0, loss_low=0.2, network="minilm"),
        row("e4m3 -> fp16", 3000.0, 25.0, goal="speed"),
        row("e4m3 -> fp16", None, 25.0),
    ]
    files = picture(rows)
    assert list(files) == ["png", "svg"]
    text = files["svg"].decode()
    for label in ("fmnist, 2,000 questions", "minilm, 2,000", "in e6m*", "in fp16", "8 lanes"):
        assert label in text, label
    assert picture(rows) == files
    assert picture(rows[3:]) == {}


def test_the_committed_study_is_whole():
    """Its points are those of its specification, and the page has as many."""
    folder = Path(__file__).parents[4] / "synth_reports" / "results" / "study"
    with (folder / "study.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == WRITTEN
    identity = ("unit", "goal", "library", "fpga_target", "network")
    assert len({tuple(row[name] for name in identity) for row in rows}) == len(rows)
    assert all(row["loss_high"] for row in rows)
    assert all(row["area_ge"] and row["energy_operands"] for row in rows if row["library"])
    assert all(row["luts"] and row["fmax_mhz"] for row in rows if row["fpga_target"])
    page = (folder / "study.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {len(rows)} points of {len({row['unit'] for row in rows})} units\n")
    assert "(study.svg)" in page
    assert (folder / "study.svg").is_file()
