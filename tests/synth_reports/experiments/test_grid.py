"""Reports and grid tables from netlists that are counted by hand."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from records import BENCH, FLOW, recorded

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.formats import FormatError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost.measure import BASELINE, Design, Measurement
from fp8mac.synth_reports.cost.report import shape_report, tools_report
from fp8mac.synth_reports.experiments import designs
from fp8mac.synth_reports.experiments.designs import DesignJob
from fp8mac.synth_reports.experiments.grid import (
    GRID,
    Grid,
    GridOptions,
    csv_text,
    markdown_text,
    units,
)
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import OWN, own_library
from fp8mac.synth_reports.synth.synthesis import Synthesis

E4M3, E5M2 = parse_unit("e4m3", acc="fp16"), parse_unit("e5m2", acc="kulisch")
GATES = {BASELINE: 4, E4M3: 8, E5M2: 6}


def measured(design: Design, abc_version: str | None = "ABC 1.01") -> Measurement:
    """A chain of AND gates, and behind a register an XOR gate and two flip-flops more."""
    count = GATES[design.config]
    gates = [f".gate AND2 a=n{i} b=x O=n{i + 1}" for i in range(count)]
    flip_flops = ("p", "q") if design.shape is Shape.UNIT else ()
    gates += [f".gate XOR2 a=n{count} b=x O=y"] * len(flip_flops[:1])
    netlist = "\n".join([".model m", *gates, ".end", ""])
    figures = (10.5, 36.25) if design.library else (None, None)
    return Measurement(design, "ab" * 32, Synthesis(netlist, flip_flops, abc_version, *figures))


DESIGNS = [
    Design(config, shape, library=library)
    for library in (None, OWN)
    for shape in Shape
    for config in GATES
]
FOUND = {design: measured(design) for design in DESIGNS}


def records(abc_version: str | None = "ABC 1.01"):
    return [
        recorded(
            measured(each, abc_version),
            1234.5 if each.library and each.shape is Shape.UNIT else None,
        )
        for each in DESIGNS
    ]


def test_grid_is_what_it_says():
    assert len(GRID) == len(set(GRID)) == 1 + 9 * 5
    assert GRID[0] == BASELINE == parse_unit("int8", acc="int32")
    assert {config.a.name for config in GRID} == {
        *("int8", "e2m5", "e3m4", "e4m3", "e5m2"),
        *("e2m5fnuz", "e3m4fnuz", "e4m3fnuz", "e5m2fnuz"),
    }
    assert {config.accumulator.name for config in GRID[1:]} == {
        *("kulisch:12", "e6m9", "fp16", "bf16", "fp32"),
    }
    jobs = Grid().plan(GridOptions())
    assert len(jobs) == len(set(jobs)) == 2 * 92


def test_units_of_a_choice():
    assert units(["e4m3"], ["fp16"]) == [BASELINE, E4M3]
    assert units(["int8"], ["int32"]) == [BASELINE]
    with pytest.raises(FormatError):
        units(["e9"], ["fp16"])
    with pytest.raises(ConfigError):
        units(["e4m3"], ["int32"])


def test_shape_report():
    core, unit = (
        shape_report(FOUND[Design(E4M3, shape)], FOUND[Design(BASELINE, shape)]) for shape in Shape
    )
    assert json.loads(json.dumps(core)) == core
    assert core["metrics"] == {
        "two_input_gates": 8,
        "inverters": 0,
        "flip_flops": 0,
        "levels": 8,
        "levels_with_inverters": 8,
        "weighted_gates": 8,
    }
    assert core["ratio_to_baseline"] == {
        "two_input_gates": 2.0,
        "inverters": None,
        "flip_flops": None,
        "levels": 2.0,
        "weighted_gates": 2.0,
    }
    assert unit["cells"] == {"AND2": 8, "XOR2": 1, "DFF": 2}
    assert unit["ratio_to_baseline"]["weighted_gates"] == round((8 + 3 + 12) / (4 + 3 + 12), 4)
    assert core["netlist_sha256"] != unit["netlist_sha256"]


def test_tools_report():
    report = tools_report(BENCH, next(iter(FOUND.values())))
    assert report["flow"] == {"name": "toy", "sha256": FLOW.sha256}
    assert report["tools"]["yosys"] == {"version": "0.50", "build": "yosys"}


def test_csv_has_a_row_for_each_design():
    rows = list(csv.DictReader(io.StringIO(csv_text(records()))))
    assert [(row["unit"], row["shape"]) for row in rows] == [
        (config.slug, shape) for shape in ("core", "unit") for config in GATES
    ]
    assert [int(row["two_input_gates"]) for row in rows] == [4, 8, 6, 5, 9, 7]
    assert [row["two_input_gates_ratio_to_int8_int32"] for row in rows[:3]] == ["1.0", "2.0", "1.5"]
    assert rows[4]["and2_cells"] == "8"
    assert rows[4]["nor2_cells"] == "0"
    assert rows[4]["acc_bits"] == "16"
    assert [row["energy_unit_delay_cinv_v2"] for row in rows] == [""] * 3 + ["1234.5"] * 3
    assert [row["area_ge"] for row in rows[:2]] == ["10.5"] * 2
    tools = {"flow": "toy", "yosys": "0.50 (yosys)", "abc": "ABC 1.01"}
    assert all(row.items() >= tools.items() for row in rows)
    assert all(re.fullmatch("[0-9a-f]{64}", row["netlist_sha256"]) for row in rows)


@pytest.mark.parametrize(("a", "acc"), [("e5m2", "fp16"), ("tf32", "fp32")])
def test_energy_is_that_of_units_whose_operands_are_drawn(a, acc, monkeypatch):
    energy = {kind: {"dynamic_cinv_v2": 5.0} for kind in ("functional", "unit_delay")}
    monkeypatch.setattr(designs, "energy_report", lambda *_: energy | {"overflow_share": 0.25})
    monkeypatch.setattr(Worker, "bench", lambda *_: Toy())
    grid, worker = Grid(), Worker(BENCH.store)
    core, unit = (
        grid.run(job, worker)
        for job in grid.plan(GridOptions((a,), (acc,)))
        if job.design.config != BASELINE and job.design.library
    )
    columns = ("functional_cinv_v2", "unit_delay_cinv_v2", "overflow_share")
    assert [getattr(core, f"energy_{column}") for column in columns] == [None] * 3
    want = [5.0, 5.0, 0.25] if a == "e5m2" else [None] * 3
    assert [getattr(unit, f"energy_{column}") for column in columns] == want
    assert unit.energy_unit_delay_pj is None


class Toy(type(BENCH)):
    """Whatever is measured is the same small netlist."""

    def __init__(self):
        super().__init__(BENCH.elaborate, FLOW, BENCH.yosys, BENCH.store)

    def measure(self, designs, *, force=False, progress=lambda design: None):
        return {
            each: replace(measured(replace(each, config=E4M3)), design=each) for each in designs
        }


def test_a_record_says_what_it_is_about():
    (gates,) = (Toy().measure([each])[each] for each in DESIGNS[1:2])
    record = recorded(gates)
    assert (record.unit, record.shape, record.goal, record.library) == (
        *("mac_e4m3_e4m3_fp16", "core", "area"),
        None,
    )
    assert (record.two_input_gates, record.area_ge, record.delay_ns) == (8, None, None)
    mapped = recorded(measured(DESIGNS[4 + 6]))
    assert (mapped.library, mapped.two_input_gates, mapped.area_um2) == (OWN, None, None)
    assert mapped.delay_fo4 == 7.25
    assert DesignJob(DESIGNS[0]) == DesignJob(Design(BASELINE, Shape.CORE))


def test_what_is_not_known_is_empty():
    rows = csv.DictReader(io.StringIO(csv_text(records(None))))
    assert {row["abc"] for row in rows} == {""}


def test_markdown():
    text = markdown_text(records(), "fp8mac grid --accs x")
    assert text.startswith(
        "# Gates of multiply-accumulate units\n\nMade by `fp8mac grid --accs x`: "
    )
    assert f"flow `toy` ({FLOW.sha256[:8]}), Yosys 0.50 (yosys),\nABC 1.01, Amaranth " in text
    assert "accumulator (4 gates)." in text
    tables = [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines()]
        for part in text.split("\n\n")
        if part.startswith("|")
    ]
    matrix, everything = tables
    assert matrix[0] == ["", "fp16", "kulisch:12"]
    assert matrix[2:] == [["e4m3", "8 (2.00)", ""], ["e5m2", "", "6 (1.50)"]]
    assert len({len(row) for row in everything}) == 1
    assert everything[3][:4] == ["mac_e4m3_e4m3_fp16", "core", "8 (2.00)", "0"]
    assert everything[0][8:12] == [
        *("area, GE", "delay, FO4", "energy, no glitches", "energy, unit delay"),
    ]
    assert everything[3][8:12] == ["10.5", "7.2", "", ""]
    area = 10.5 + 2 * own_library().flip_flop.cell.area
    assert everything[6][8:12] == [f"{area:.1f}", "7.2", "1234", "1234"]
    assert everything[6][:6] == ["mac_e4m3_e4m3_fp16", "unit", "9 (1.80)", "0", "2", "9"]
