"""ONNX models inside packages: their questions, fetched ones, and what is committed about them."""

import csv
import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from fp8mac.sim.networks.data.fetch import PACKAGES, FetchError, find
from fp8mac.sim.networks.onnx.model import load_onnx
from fp8mac.sim.networks.tasks.packaged import MODELS
from fp8mac.synth_reports.experiments.accuracy.packaged import command_of, differences, write_model

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "synth_reports/results/accuracy/packaged.csv"


def committed() -> dict[str, dict[str, str]]:
    with RESULTS.open(encoding="utf-8", newline="") as file:
        return {row["model"]: row for row in csv.DictReader(file)}


def is_float32(cut: float, exact: float) -> bool:
    """Whether a difference to onnxruntime is about as small as that of exact sums is."""
    return cut <= max(1e-5, 2 * exact)


@pytest.mark.parametrize("name", MODELS)
def test_questions_are_seeded(name):
    model, axis = MODELS[name], {"state": 1}
    first, again = model.inputs(3), model.inputs(3)
    assert all(np.array_equal(first[key], again[key]) for key in first)
    for key, x in first.items():
        assert x.ndim == 0 or x.shape[axis.get(key, 0)] == 3
        assert x.dtype in (np.float32, np.int32, np.int64)
        assert np.isfinite(x).all()
    several = next(iter(first.values()))
    assert not np.array_equal(several[0], several[1])


def test_every_model_can_be_fetched():
    assert {each.network for each in MODELS.values()} <= set(PACKAGES)
    assert all(each.package in PACKAGES[each.network] for each in MODELS.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_float32_is_what_onnxruntime_says(name, tmp_path, fetched):
    try:
        find(MODELS[name].package, MODELS[name].network)
    except FetchError as error:
        pytest.skip(str(error))
    write_model(name, tmp_path)
    path = tmp_path / f"{name}.onnx"
    feeds = MODELS[name].inputs(1)
    whole = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for ours, theirs in zip(load_onnx(path).reference(feeds), whole.run(None, feeds), strict=True):
        assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()
    found = differences(name, tmp_path)
    assert is_float32(found.cut, found.exact)
    assert found.products == int(committed()[name]["products"])


def test_committed_answers_are_those_of_float32():
    rows = committed()
    assert list(rows) == list(MODELS)
    for name, row in rows.items():
        assert float(row["agreement_percent"]) >= 99, name
        assert is_float32(float(row["float32_difference"]), float(row["exact_difference"])), name
        assert int(row["questions"]) == MODELS[name].count - min(128, MODELS[name].count // 4)


def test_the_table_of_the_page_is_the_committed_one():
    page = (ROOT / "docs/accuracy.md").read_text(encoding="utf-8")
    for name, row in committed().items():
        shown = re.search(rf"^\| `{name}` \|(.*)\|$", page, re.M)
        assert shown, name
        cells = [each.strip() for each in shown[1].split("|")]
        columns = "package questions products agreement_percent sqnr_db float32_difference"
        assert cells == [row[each] for each in columns.split()]
    assert " ".join(command_of("MODEL")) in page


def test_the_page_names_all_that_are_above_the_goal():
    page = " ".join((ROOT / "docs/accuracy.md").read_text(encoding="utf-8").split())
    missed = {
        name: row for name, row in committed().items() if float(row["float32_difference"]) > 1e-5
    }
    for name, row in missed.items():
        columns = "float32_difference exact_difference onnxruntime_difference"
        ours, exact, plain = (row[each] for each in columns.split())
        assert f"| `{name}` | {ours} | {exact} | {plain} |" in page
    above = page.partition("above 1e-5 |")[2].partition("SQNR")[0]
    assert re.findall(r"`(\w+)` \|", above) == list(missed)
