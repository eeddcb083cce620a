"""Place and route in a cell library: what tools are given, and what is read of what they write."""

import shutil
from pathlib import Path

import pytest

from fp8mac.gen.fpga_tools import Ended
from fp8mac.sim.check.blif import BlifGate
from fp8mac.synth_reports.experiments.layout.experiment import LayoutOptions, Layouts
from fp8mac.synth_reports.experiments.layout.picture import drawing, picture
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.find import find_files, resolve
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth import layout as layouts
from fp8mac.synth_reports.synth.geometry import PlacedCell, RoutedLayout, Segment, read_def
from fp8mac.synth_reports.synth.layout import Cells, LayoutError, Router, find_router
from fp8mac.synth_reports.synth.parasitics import layer_capacitances, net_capacitances, spef

OWN = own_library()
NAND, BUFFER = OWN.nand2, OWN.buffer
A, B = (name for name, pin in NAND.pins.items() if not pin.output)
Y = next(name for name, pin in NAND.pins.items() if pin.output)
IN, OUT = BUFFER.pins
BLIF = f"""\
.model m
.inputs a[0] clk en ff_q[0]
.outputs acc[0] ff_d[0]
.gate {NAND.name} {A}=a[0] {B}=ff_q[0] {Y}=ff_d[0]
.gate {BUFFER.name} {IN}=ff_q[0] {OUT}=acc[0]
.end
"""
LEF = """\
LAYER metal1
  TYPE ROUTING ;
  WIDTH 0.3 ;
  CAPACITANCE CPERSQDIST 2e-05 ;
  EDGECAPACITANCE 6e-05 ;
END metal1
LAYER via1
  TYPE CUT ;
END via1
LAYER metal2
  WIDTH 0.5 ;
  CAPACITANCE CPERSQDIST 1e-05 ;
  EDGECAPACITANCE 5e-05 ;
END metal2
MACRO INV
  SIZE 1.6 BY 10.0 ;
END INV
"""
DEF = """\
UNITS DISTANCE MICRONS 100 ;
COMPONENTS 3 ;
- INV_1 INV + PLACED ( 40 50 ) FS ;
- FILL_1 FILL + PLACED ( 240 50 ) N ;
END COMPONENTS
PINS 1 ;
- a + NET a
  + LAYER metal2 ( -15 -15 ) ( 15 15 )
  + PLACED ( 1200 -200 ) N ;
END PINS
NETS 1 ;
- a
  ( PIN a )
  ( INV_1 A )
+ ROUTED metal1 ( 640 3600 ) M2_M1
  NEW metal2 ( 640 3600 ) ( * 2800 ) M2_M1
  NEW metal3 ( -239 3500 ) ( 640 * ) M3_M2 ;
END NETS
SPECIALNETS 1 ;
- a
+ ROUTED metal1 40 ( 7745 1700 ) ( 7810 * ) ;
END SPECIALNETS
"""


def test_flip_flops_come_back():
    """Buffers that ABC writes for wires go, and so does an input that nothing reads."""
    cells, flip_flop = Cells.of(BLIF, OWN), OWN.flip_flop
    assert (cells.inputs, cells.outputs) == (("a_0", "clk"), ("ff_q_0",))
    assert cells.gates == (
        BlifGate(NAND.name, {A: "a_0", B: "ff_q_0", Y: "ff_d_0"}),
        BlifGate(
            flip_flop.cell.name,
            {flip_flop.clock: "clk", flip_flop.data: "ff_d_0", flip_flop.output: "ff_q_0"},
        ),
    )
    nand, stored = cells.names
    assert (nand, stored) == (f"{NAND.name}_1", f"{flip_flop.cell.name}_1")
    assert cells.verilog.splitlines()[:5] == [
        "module top(a_0, clk, ff_q_0);",
        "input a_0;",
        "input clk;",
        "output ff_q_0;",
        f"{NAND.name} {nand} (.{A}(a_0), .{B}(ff_q_0), .{Y}(ff_d_0));",
    ]
    assert cells.blif.splitlines()[:4] == [
        ".model top",
        ".inputs a_0 clk",
        ".outputs ff_q_0",
        f".gate {NAND.name} {A}=a_0 {B}=ff_q_0 {Y}=ff_d_0",
    ]
    assert cells.drivers == {
        "a_0": "a_0",
        "clk": "clk",
        "ff_d_0": f"{nand}:{Y}",
        "ff_q_0": f"{stored}:{flip_flop.output}",
    }
    assert cells.sinks == {
        "a_0": [f"{nand}:{A}"],
        "clk": [f"{stored}:{flip_flop.clock}"],
        "ff_d_0": [f"{stored}:{flip_flop.data}"],
        "ff_q_0": ["ff_q_0", f"{nand}:{B}"],
    }


def test_constants_cannot_be_placed():
    with pytest.raises(LayoutError) as caught:
        Cells.of(BLIF.replace(".end", ".names acc[1]\n1\n.end"), OWN)
    assert str(caught.value) == "The netlist has more than cells; it cannot be placed."


def test_capacitance_of_area_and_both_edges():
    layers = layer_capacitances(LEF)
    assert layers == {"metal1": pytest.approx(126e-18), "metal2": pytest.approx(105e-18)}
    wires = [Segment("metal1", 0, 0, 10, 0), Segment("metal2", 10, 0, 10, 4)]
    via = Segment("via1", 1, 1, 1, 1)
    farads = net_capacitances({"a": [*wires, via], "b": []}, layers)
    assert farads == {"a": pytest.approx(1680e-18), "b": 0}


def test_wires_as_opensta_reads_them():
    sinks = {"a": ["INV_1:A", "NAND_1:B"], "y": ["y"]}
    text = spef({"a": 3e-15, "y": 1e-15}, {"a": "a", "y": "INV_1:Y"}, sinks, times=2)
    assert text.splitlines()[-20:] == [
        "*D_NET a 6",
        "*CONN",
        "*P a I",
        "*I INV_1:A I",
        "*I NAND_1:B I",
        "*CAP",
        "1 a 6",
        "*RES",
        "1 a INV_1:A 0.001",
        "2 a NAND_1:B 0.001",
        "*END",
        "*D_NET y 2",
        "*CONN",
        "*I INV_1:Y O",
        "*P y O",
        "*CAP",
        "1 INV_1:Y 2",
        "*RES",
        "1 INV_1:Y y 0.001",
        "*END",
    ]


def test_cells_and_wires_of_a_file():
    found = read_def(DEF, {"INV": (1.6, 10.0)})
    assert found.cells == (PlacedCell("INV_1", "INV", 0.4, 0.5, 1.6, 10.0),)
    assert found.nets == {
        "a": (
            Segment("metal1", 6.4, 36.0, 6.4, 36.0),
            Segment("metal2", 6.4, 36.0, 6.4, 28.0),
            Segment("metal3", -2.39, 35.0, 6.4, 35.0),
        )
    }


def test_areas_and_picture():
    cells = (PlacedCell("A", "XOR2", 0, 0, 2, 10), PlacedCell("B", "DFF", 3, 10, 7, 10))
    wires = (Segment("metal1", 1, 5, 4, 5), Segment("metal2", 4, 5, 4, 15))
    found = RoutedLayout(cells, {"a": wires})
    assert (found.box, found.area_um2, found.cell_area_um2) == ((0, 0, 10, 20), 200, 90)
    assert found.wire_um == 13
    text = drawing(found, "DFF")
    assert text.count("<path") == 4
    assert 'd="M30 0h70v100h-70z"' in text
    assert 'd="M0 100h20v100h-20z"' in text
    assert 'd="M10 150h30"' in text
    assert 'd="M40 150v-100"' in text
    whole = picture([("a -> b", 10, 20, text)]).decode()
    assert "a -&gt; b: 10 x 20 um" in whole


def test_what_is_missing_is_one_sentence(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(LayoutError) as caught:
        find_router(OWN)
    assert str(caught.value) == (
        "Place and route needs tclsh, graywolf, qrouter and qflow; "
        "Debian and Ubuntu: apt install qflow qflow-tech-osu018."
    )
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(layouts, "_SCRIPTS", ("/",))
    with pytest.raises(LayoutError) as caught:
        find_router(OWN)
    assert str(caught.value) == (
        "Nothing is known of the layout of fp8mac's cells; "
        "Debian and Ubuntu: apt install qflow qflow-tech-osu018."
    )


@pytest.fixture
def stand_ins(monkeypatch, tmp_path):
    """Tools that write what they are told to; a cell, and a net."""
    for name in ("cells.lef", "cells.par"):
        (tmp_path / name).write_text(f"{LEF}random.seed : 5\n")
    written = {
        "blif2cel.tcl": ("top.cel", ""),
        "graywolf": ("top.pin", ""),
        "place2def.tcl": ("top.def", ""),
        "arrangepins.tcl": ("top_mod.def", ""),
    }
    seeds = []

    def run(command, cwd, _):
        step = Path(command[1] if command[0] == "tclsh" else command[0]).name
        if step == "graywolf":
            seeds.append((Path(cwd) / "top.par").read_text().split()[-1])
        if step == "qrouter" and "-i" in command:
            written["qrouter"] = ("top.info", "")
        elif step == "qrouter":
            written["qrouter"] = ("routed.def", written.get("routed", DEF))
        if step in written:
            name, text = written[step]
            (Path(cwd) / name).write_text(text)
        return Ended(0, written.get("said", "Final: No failed routes!"))

    monkeypatch.setattr(layouts, "run_tool", run)
    lef, parameters = tmp_path / "cells.lef", tmp_path / "cells.par"
    router = Router("tclsh", "graywolf", "qrouter", tmp_path, lef, parameters)
    return router, written, seeds


ONE = Cells(("a",), (), (BlifGate("INV", {"A": "a", "Y": "y"}),))


def test_what_is_routed_has_to_be_the_netlist(stand_ins):
    router, written, seeds = stand_ins
    found = router.layout(ONE, seed=7)
    assert seeds == ["7"]
    assert [each.name for each in found.cells] == ["INV_1"]
    assert router.layers()["metal1"] == pytest.approx(126e-18)
    written["routed"] = DEF.replace("- a\n  ( PIN a )", "- b\n  ( PIN b )")
    with pytest.raises(LayoutError) as caught:
        router.layout(ONE)
    assert str(caught.value) == "The net a has no wire."
    with pytest.raises(LayoutError) as caught:
        router.layout(Cells(("a",), (), ONE.gates * 2))
    assert str(caught.value) == "Not every cell has a place."


def test_tools_that_fail(stand_ins):
    router, written, _ = stand_ins
    written["said"] = "Failed net a\n"
    with pytest.raises(LayoutError) as caught:
        router.layout(ONE)
    assert str(caught.value) == "qrouter could not route all nets."
    del written["graywolf"]
    with pytest.raises(LayoutError) as caught:
        router.layout(ONE)
    assert str(caught.value) == "graywolf stopped: Failed net a."


@pytest.mark.slow
@pytest.mark.skipif(
    "osu018" not in find_files()
    or not all(map(shutil.which, ("tclsh", "graywolf", "qrouter", "sta"))),
    reason="qflow, its OSU libraries or OpenSTA are not installed",
)
def test_a_unit_with_wires(monkeypatch, tmp_path):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path))
    (job,) = Layouts().plan(LayoutOptions(("e2m1 -> kulisch:0",), ("area",), seeds=1))
    record = Layouts().run(job, Worker(Store()))
    assert record.rows_area_um2 >= record.cell_area_um2 > 4000
    assert 10 < record.wire_um / record.cells < 60
    assert record.period_ns < record.routed_ns < record.twice_ns < 1.3 * record.period_ns
    library = resolve("osu018")
    assert find_router(library).sizes()["DFFPOSX1"] == (9.6, 10.0)
