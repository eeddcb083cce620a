"""Points of a store are its rows."""

import pytest

from fp8mac.synth_reports.page import stored
from fp8mac.synth_reports.page.points import PageError
from fp8mac.synth_reports.page.stored import stored_page
from fp8mac.synth_reports.store.points.columns import id_of
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.points.schema import PointStoreError

COST = {
    "unit": "e4m3 x 16 -> kulisch:7",
    "slug": "x",
    "goal": "area",
    "library": "fp8mac",
    "lanes": 16,
}
FPGA = {"unit": "e4m3 -> fp16", "delay_target": "1ns", "fpga_target": "ice40"}


@pytest.fixture
def store(tmp_path):
    store = PointStore(tmp_path / "points.sqlite")
    digest = store.keep("verilog", b"module x;\nendmodule\n", ".v")
    row = COST | {"network": "net", "metric": "top1", "area_ge": 5000.5, "proved": 1}
    row |= {"loss": 0.005, "loss_low": -0.001, "loss_high": 0.011, "accuracy": 0.9}
    store.put([{"id": id_of(COST), **row, "verilog_sha256": digest, "questions": 100}])
    store.put([{"id": id_of(FPGA), **FPGA, "structure": "area-ripple", "luts": 300}])
    return store


def test_rows_become_points(store):
    page = stored_page(store.path, "fp8mac report")
    dot, single = page.points
    assert (dot.unit, dot.lanes, dot.formats, dot.goal) == (COST["unit"], 16, "e4m3", "area")
    assert (dot.area_ge, dot.loss, dot.loss_low, dot.loss_high) == (5000.5, 0.5, -0.1, 1.1)
    assert (dot.accuracy, dot.questions, dot.rank, dot.proved) == (90.0, 100, 0.0, True)
    assert (single.goal, single.library, single.luts) == ("1ns as area-ripple", "ice40", 300)
    assert (single.proved, single.loss, single.network, single.area_ge) == (None, None, "", None)
    assert (dot.source, dot.row, single.row) == ("sweep", 1, 2)
    assert page.proofs == {"x": "Every check of its Verilog passed, for all operands and states."}
    assert page.verilog == {dot.verilog: "module x;\nendmodule\n"}
    assert page.origin == "Made by fp8mac report, from points.sqlite."


def test_chosen_rows(store):
    assert [each.lanes for each in stored_page(store.path, "", "lanes = 16").points] == [16]


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("lanes = 7", "'{}' has no rows where lanes = 7."),
        ("lane = 7", "Rows of '{}' cannot be chosen by 'lane = 7': no such column: lane."),
        ("\udcff", "Rows of '{}' cannot be chosen by '\udcff': it is no text."),
    ],
)
def test_rows_that_are_not_there(store, where, sentence):
    with pytest.raises(PageError) as error:
        stored_page(store.path, "", where)
    assert str(error.value) == sentence.format(store.path)


def test_a_condition_changes_nothing(store):
    with pytest.raises(PageError, match=r"cannot be chosen by '1; DROP TABLE points': [^.]*\.$"):
        stored_page(store.path, "", "1; DROP TABLE points")
    assert len(store.rows()) == 2


def test_no_store(tmp_path):
    with pytest.raises(PointStoreError) as error:
        stored_page(tmp_path / "none", "", "lanes = 1")
    assert str(error.value) == f"There is no store '{tmp_path / 'none'}'; fp8mac sweep makes one."


def test_more_rows_than_a_page_holds(store, monkeypatch):
    monkeypatch.setattr(stored, "MOST_ROWS", 1)
    with pytest.raises(PageError) as error:
        stored_page(store.path, "")
    assert str(error.value) == (
        f"2 rows of '{store.path}' are more than a page holds, 1; choose some with --where."
    )


def test_verilog_that_has_no_room_is_left_out(store, monkeypatch):
    monkeypatch.setattr(stored, "_MOST_VERILOG_BYTES", 5)
    assert stored_page(store.path, "").verilog == {}


def test_rows_that_others_wrote(store):
    store.put([{"id": "1", "unit": "e4m3 -> nothing"}])
    with pytest.raises(PageError, match="has a row of no unit: "):
        stored_page(store.path, "")
    store.put([{"id": "1", "unit": "e4m3 -> fp16", "area_ge": "large"}])
    with pytest.raises(PageError) as error:
        stored_page(store.path, "")
    assert str(error.value) == f"'{store.path}': 'large' in column 'area_ge' is not a number."
