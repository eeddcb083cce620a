"""Points are what the tables say, and what is no table is said in one sentence."""

import csv
import json

import pytest

from fp8mac.synth_reports.experiments.grid import units
from fp8mac.synth_reports.page.committed import PUBLISHED, committed_page, committed_points
from fp8mac.synth_reports.page.points import PageError

HEAD = (
    "unit,shape,two_input_gates,flip_flops,area_ge,delay_fo4,energy_unit_delay_cinv_v2,flow,library"
)
RUNS = (
    "experiment,network,unit,metric,value,difference,difference_low,difference_high,sqnr_db,samples"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "grid.csv").write_text(
        f"{HEAD}\n"
        "mac_e4m3_e4m3_fp16,core,1,0,1.5,2.5,,area,fp8mac\n"
        "mac_e4m3_e4m3_fp16,unit,822,16,866.5,182.5,6917.25,area,fp8mac\n"
        "mac_int8_int8_int32,unit,568,32,771.0,108.25,4235.75,area,fp8mac\n"
    )
    (tmp_path / "accuracy").mkdir()
    (tmp_path / "accuracy" / "net.csv").write_text(
        f"{RUNS}\n"
        "formats,net,mac_e4m3_e4m3_fp16,top1,0.92,-0.005,-0.0125,0.0025,26.5,2000\n"
        "w4a8,net,mac_e4m3_e4m3_fp16,top1,0.5,-0.4,-0.41,-0.39,1.5,2000\n"
        "formats,net,mac_int8_int8_kulisch12,top1,0.91,-0.015,-0.02,-0.01,20.5,2000\n"
    )
    return tmp_path


def test_units_and_what_networks_said_of_them(folder):
    float_, integer = committed_points(folder)
    assert (float_.unit, float_.formats, float_.accumulator) == ("e4m3 -> fp16", "e4m3", "fp16")
    assert (float_.gates, float_.flip_flops, float_.area_ge) == (822, 16, 866.5)
    assert (float_.delay_fo4, float_.energy_cinv_v2) == (182.5, 6917.25)
    assert (float_.goal, float_.shape, float_.library) == ("area", "unit", "fp8mac")
    assert (float_.network, float_.metric, float_.questions) == ("net", "top1", 2000)
    assert (float_.accuracy, float_.loss) == (92.0, 0.5)
    assert (float_.loss_low, float_.loss_high, float_.rank) == (-0.25, 1.25, 0.0)
    assert (float_.operand_bits, float_.result_bits) == (16, 16)
    assert (float_.source, float_.row) == ("grid", 2)
    # int8 in int32 adds the integers that the Kulisch register adds.
    assert (integer.unit, integer.loss, integer.rank) == ("int8 -> int32", 1.5, 1.5)
    assert integer.is_baseline


def test_proofs_are_those_of_the_certificate(folder):
    record = {"unit": "mac_e4m3_e4m3_fp16", "goal": "area", "shape": "unit"}
    records = [record | {"verdict": verdict} for verdict in ("proved", "proved", "refuted")]
    (folder / "proofs.json").write_text(
        json.dumps({"proved": {"mac_e4m3_e4m3_fp16": "0"}, "records": records})
    )
    page = committed_page(folder, "fp8mac report")
    assert [each.proved for each in page.points] == [True, False]
    assert page.proofs == {
        "mac_e4m3_e4m3_fp16": (
            "Built as area: 2 statements are proved for all operands and states, and 1 planted "
            "bugs are refuted."
        )
    }
    assert page.origin == "Made by fp8mac report, from the tables grid."


def test_published_tables_are_all_read():
    points = committed_points(PUBLISHED)
    count = {each.source.partition("/")[0]: 0 for each in points}
    for each in points:
        count[each.source.partition("/")[0]] += 1
    rows = {}
    for name in ("peers", "fpga", "route"):
        with open(PUBLISHED / f"{name}.csv", newline="", encoding="utf-8") as file:
            rows[name] = len(list(csv.DictReader(file)))
    assert count["peers"] == 2 * rows["peers"]
    assert (count["fpga"], count["route"]) == (rows["fpga"], rows["route"])
    assert {each.unit for each in points if each.source == "grid"} == {
        config.text for config in units()
    }
    assert count["curve"] > 200
    others = [each for each in points if not each.is_ours]
    assert others
    assert {each.proved for each in others} == {None}
    assert not any(each.operand_bits for each in others)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            f"{HEAD}\nmac_e4m3_e4m3_fp16,unit,many,1,1,1,1,area,x\n",
            "'{}': 'many' in column 'two_input_gates' is not a number.",
        ),
        (
            f"{HEAD}\nmac_e4m3_e4m3_fp16,unit,inf,1,1,1,1,area,x\n",
            "'{}': 'inf' in column 'two_input_gates' is not a number.",
        ),
        ("unit,shape\nmac_e4m3_e4m3_fp16,unit\n", "'{}' has no column 'two_input_gates'."),
    ],
)
def test_tables_that_are_none(tmp_path, text, sentence):
    place = tmp_path / "grid.csv"
    place.write_text(text)
    with pytest.raises(PageError) as error:
        committed_points(tmp_path)
    assert str(error.value) == sentence.format(place)


def test_nothing_to_show(tmp_path):
    with pytest.raises(PageError) as error:
        committed_points(tmp_path)
    assert str(error.value) == (
        f"There are no tables in '{tmp_path}'; name a folder that fp8mac grid wrote to."
    )
    (tmp_path / "proofs.json").write_text("[]")
    with pytest.raises(PageError) as error:
        committed_points(tmp_path)
    assert str(error.value) == (
        f"'{tmp_path / 'proofs.json'}' is no certificate; make it with fp8mac prove."
    )
