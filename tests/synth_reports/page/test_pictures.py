"""Pictures say what the rows say, and are the same for the same rows."""

from dataclasses import replace

import many_points
import numpy as np
import pytest

from fp8mac.synth_reports.experiments.pareto.pareto import ParetoPoint, front
from fp8mac.synth_reports.page import fronts
from fp8mac.synth_reports.page.fronts import corners, losses_of, stored_losses
from fp8mac.synth_reports.page.pictures import drawn
from fp8mac.synth_reports.page.points import PageError, ReportPoint
from fp8mac.synth_reports.page.stored import stored_page
from fp8mac.synth_reports.store.points.points import PointStore

PARTS = ("multiplier", "align_add", "normalise_accumulate")
POINT = ReportPoint(
    unit="e4m3 -> fp16",
    source="grid",
    row=1,
    network="net",
    metric="top1",
    questions=2000,
    area_ge=800.0,
    loss=0.5,
    loss_low=-0.25,
    loss_high=1.25,
)


@pytest.fixture
def folder(tmp_path):
    head = ["unit", "format", "accumulator", "core_and_flip_flops_gates"]
    head += [f"{kind}_{part}_gates" for kind in ("published", "model") for part in PARTS]
    (tmp_path / "figure3.csv").write_text(
        f"{','.join(head)}\nx,e2m5fnuz,kulisch:12,771,330,336.2,207.8,329,326,210\n"
    )
    (tmp_path / "window.csv").write_text(
        "part,bits,lanes,terms,sums,sqnr_db\n"
        "sums,8,1,256,9216,35.75\nsums,9,1,256,9216,\nsums,8,4,256,9216,36.5\n"
        "network,8,32,576,9,1.5\n"
    )
    return tmp_path


def test_pictures(folder):
    points = [
        POINT,
        replace(POINT, lanes=4, area_ge=3000.0),
        replace(POINT, loss=30.0, loss_low=29),
    ]
    files = drawn(losses_of(points, "area_ge"), folder)
    assert list(files) == [
        f"{name}.{suffix}"
        for name in ("fronts", "parts", "window")
        for suffix in ("png", "svg", "pdf")
    ]
    assert files["fronts.png"].startswith(b"\x89PNG")
    assert files["fronts.pdf"].startswith(b"%PDF")
    fronts, parts, window = (
        files[f"{name}.svg"].decode() for name in ("fronts", "parts", "window")
    )
    for text in ("net, top1, 2,000 questions", "3 rows of grid", "4 lanes", "1 lose more than 4.0"):
        assert text in fronts, text
    for text in ("e2m5fnuz, kulisch:12", "normalise and accumulate", "1 units of figure3.csv"):
        assert text in parts, text
    assert [window.count(f">{text}<") for text in ("exact", "36", "256 products")] == [1, 2, 1]
    assert drawn(losses_of(points, "area_ge"), folder) == files


def test_what_is_not_there_is_not_drawn(folder, tmp_path):
    assert drawn(losses_of([replace(POINT, loss=None)], "area_ge"), None) == {}
    (tmp_path / "figure3.csv").unlink()
    (tmp_path / "window.csv").write_text("part,bits\nsums,many\n")
    with pytest.raises(PageError, match=r"window.csv' has no column 'terms'\.$"):
        drawn(losses_of([], "area_ge"), folder)


def test_fronts_across_tables_of_an_fpga():
    points = [
        replace(POINT, area_ge=None, luts=luts, loss=loss) for luts, loss in ((90, 3), (99, 2))
    ]
    files = drawn(losses_of([*points, POINT], "luts"), None, "luts")
    text = files["fronts.svg"].decode()
    assert "2 rows of grid" in text
    assert ">tables (LUT)<" in text
    assert "Loss against tables (LUT), and the fronts" in text


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return many_points.fill(tmp_path_factory.mktemp("many") / "points.sqlite", 300).path


def test_rows_of_a_store_are_those_of_its_page(many):
    """Read column by column, or row by row: the same numbers."""
    ours, theirs = (
        stored_losses(many, "area_ge"),
        losses_of(stored_page(many, "").points, "area_ge"),
    )
    assert ours.rows == theirs.rows == len(ours.cost) == 300
    for name in ("network", "metric", "source", "lanes", "cost", "loss", "low", "high", "asked"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), name)
    some = stored_losses(many, "area_ge", "lanes = 1 -- or more")
    assert (some.rows, set(some.lanes)) == (150, {1})
    none = stored_losses(many, "luts")
    assert (none.rows, len(none.cost)) == (300, 0)


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("lanes = 7", "'{}' has no rows where lanes = 7."),
        ("lane = 7", "Rows of '{}' cannot be chosen by 'lane = 7': no such column: lane."),
    ],
)
def test_rows_that_are_not_there(many, where, sentence):
    with pytest.raises(PageError) as error:
        stored_losses(many, "area_ge", where)
    assert str(error.value) == sentence.format(many)


def test_numbers_that_others_wrote(tmp_path):
    store = PointStore(tmp_path / "points.sqlite")
    row = {"unit": "e4m3 -> fp16", "network": "net", "loss": 0.1, "area_ge": "large"}
    store.put([{"id": "1", **row}])
    with pytest.raises(PageError) as error:
        stored_losses(store.path, "area_ge")
    assert str(error.value) == f"'{store.path}': 'large' in column 'area_ge' is not a number."


def test_many_rows_are_fewer_marks(many, monkeypatch):
    """The front is that of all rows, and the picture says what it leaves out."""
    losses = stored_losses(many, "area_ge")
    monkeypatch.setattr(fronts, "FORMATS", ("svg",))
    whole = drawn(losses, None)["fronts.svg"].decode()
    monkeypatch.setattr(fronts, "_MANY", 50)
    marks = []
    monkeypatch.setattr(fronts, "_first_of_each", lambda *at: marks.append(len(at[0])) or [0])
    text = drawn(losses, None)["fronts.svg"].decode()
    assert len(marks) == 6  # networks and lanes
    note = "rows less than half a mark apart are one mark; only fronts have bars"
    assert (note in text, note in whole) == (True, False)
    assert (text.count("<image"), whole.count("<image")) == (6, 0)


def test_neighbours_are_one_mark():
    cost, loss = np.array([100, 100.01, 400.0]), np.array([1.0, 1.001, 1.0])
    assert fronts._first_of_each(cost, loss, 4.0).tolist() == [0, 2]
    assert fronts._first_of_each(cost[:0], loss[:0], 4.0).tolist() == []


def test_corners_are_the_front():
    rng = np.random.default_rng(0)
    cost, rank = rng.integers(1, 30, 200).astype(float), rng.integers(0, 30, 200) / 10
    found = corners(cost, rank)
    points = [ParetoPoint("", "", "", *each, 0, 0) for each in zip(cost, -rank, strict=True)]
    wanted = dict.fromkeys((point.area, -point.value) for point in front(points))
    assert list(zip(cost[found], rank[found], strict=True)) == list(wanted)
