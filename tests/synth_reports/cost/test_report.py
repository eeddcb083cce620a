"""What is asked about a unit, and what is answered, from netlists that are counted by hand."""

import json
from dataclasses import replace

import pytest

from fp8mac.gen.yosys import Yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost import report as module
from fp8mac.synth_reports.cost.breakdown import breakdown_designs, parts_of
from fp8mac.synth_reports.cost.measure import BASELINE, Bench, Design, Measurement
from fp8mac.synth_reports.cost.physical import facts_of, library_report
from fp8mac.synth_reports.cost.report import Question, unit_report
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.liberty.library import Library, own_library
from fp8mac.synth_reports.render.unit_tables import footnotes
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.synthesis import Flow, Synthesis

OWN = own_library()
E4M3 = parse_unit("e4m3", acc="fp16")
MODULES = (
    *("multiplier", "multiplier.unpack_a", "accumulator", "accumulator.align"),
    *("accumulator.align.shifter", "accumulator.add", "accumulator.round"),
)
GATES = {"multiplier": 5, "accumulator.align": 4, "accumulator.add": 3, "accumulator.round": 2}
STIMULI = Stimuli(cycles=64, clear_every=4)


def gates_of(design: Design) -> int:
    """8 gates of a core, 14 with the parts and 1 around them; a unit has 2 more."""
    if design.part:
        return GATES[design.part]
    if design.without:
        return 1
    core = 8 if design.config == E4M3 else 4
    return (core + (design.goal is Goal.SPEED)) + 2 * (design.shape is Shape.UNIT)


def measured(design: Design) -> Measurement:
    """A chain of NAND gates from operands and a register to it."""
    count, flip_flops = gates_of(design), ("p",) if design.shape is Shape.UNIT else ()
    cell, output = ("NAND2", "O") if design.library is None else ("NAND2_X1", "Y")
    pins = ("a", "b") if design.library is None else ("A", "B")
    lines = [".model m", ".inputs a[0] a[1] b[0] b[1] clear ff_q[0]", ".outputs ff_d[0]"]
    nets = ["ff_q[0]", *(f"n{i}" for i in range(1, count)), "ff_d[0]"]
    for i in range(count):
        lines.append(f".gate {cell} {pins[0]}={nets[i]} {pins[1]}=a[0] {output}={nets[i + 1]}")
    netlist = "\n".join([*lines, ".end", ""])
    figures = (float(count), 10.0 * count) if design.library else (None, None)
    return Measurement(
        design, "ab" * 32, Synthesis(netlist, flip_flops, "ABC 1.01", *figures), MODULES
    )


class FakeBench(Bench):
    """Makes up every measurement, and notes it."""

    def measure(self, designs, *, force=False, progress=lambda design: None):
        found = {design: measured(design) for design in designs}
        for design in found:
            self.asked.append(design)
            progress(design)
        return found


@pytest.fixture
def bench(tmp_path):
    tool = Yosys(("yosys",), "yosys", "0.50")
    bench = FakeBench(lambda design: "", Flow("toy", "", ("",), ""), tool, Store(tmp_path))
    bench.asked = []
    return bench


def ask(bench, **changes):
    question = replace(Question(E4M3, libraries={OWN.name: OWN}, stimuli=STIMULI), **changes)
    return unit_report(question, bench, "fp8mac synth ...")


def test_columns():
    both = [(Shape.CORE, Goal.AREA), (Shape.CORE, Goal.SPEED)]
    assert Question(E4M3).columns == [*both, (Shape.UNIT, Goal.AREA)]
    assert Question(E4M3, Goal.SPEED).columns == [*both, (Shape.UNIT, Goal.SPEED)]
    assert Question(E4M3, shapes=(Shape.CORE,)).columns == both
    units = [(Shape.UNIT, Goal.AREA), (Shape.UNIT, Goal.SPEED)]
    assert Question(E4M3, shapes=(Shape.UNIT,)).columns == units


def test_report_of_a_unit(bench):
    report = ask(bench)
    assert json.loads(json.dumps(report)) == report
    assert (report["schema_version"], report["goal"]) == (2, "area")
    assert report["effort"] == {"name": "quick", "seconds": None}
    assert report["design"] == {
        "unit": "e4m3 -> fp16",
        "slug": "mac_e4m3_e4m3_fp16",
        "format_a": "e4m3",
        "format_b": "e4m3",
        "accumulator": "fp16",
        "acc_bits": 16,
        "products_per_cycle": 1,
        "latency_cycles": 1,
        "output": None,
    }
    assert {goal: list(shapes) for goal, shapes in report["goals"].items()} == {
        "area": ["core", "unit"],
        "speed": ["core"],
    }
    core, unit = report["goals"]["area"]["core"], report["goals"]["area"]["unit"]
    assert core["metrics"]["two_input_gates"] == 8
    assert core["ratio_to_baseline"]["two_input_gates"] == 2.0
    assert report["goals"]["speed"]["core"]["metrics"]["two_input_gates"] == 9
    physical = core["libraries"]["fp8mac"]
    assert (physical["area_um2"], physical["area_ge"]) == (None, 8.0)
    assert (physical["delay_ns"], physical["delay_fo4"]) == (None, 16.0)
    facts = report["libraries"]["fp8mac"]
    assert (facts["fo4_ps"], facts["load_ff"], facts["voltages_v"]) == (None, None, [])
    assert (physical["area_ratio_to_baseline"], physical["energy_per_mac"]) == (2.0, None)
    area = 10 + OWN.flip_flop.cell.area
    assert unit["libraries"]["fp8mac"]["area_ge"] == pytest.approx(area, abs=0.01)
    energy = unit["libraries"]["fp8mac"]["energy_per_mac"]
    assert energy["cycles"] == 64
    assert energy["leakage_cinv_v2"] is None
    parts = energy["functional"]
    total = parts.pop("dynamic_cinv_v2")
    assert total == pytest.approx(sum(parts.values()), rel=1e-5)
    assert energy["unit_delay"]["dynamic_cinv_v2"] >= total
    assert unit["libraries"]["fp8mac"]["energy_ratio_to_baseline"]["functional"] > 1


def test_other_designs_are_not_measured(bench):
    report = ask(bench, shapes=(Shape.CORE,))
    assert report["breakdown"] is None
    assert len(bench.asked) == 2 * 2 * 2  # unit and baseline, both goals, gates and library
    assert {design.shape for design in bench.asked} == {Shape.CORE}
    assert {design.config for design in bench.asked} == {E4M3, BASELINE}


def test_progress_is_that_of_the_question(bench):
    done = []
    question = Question(E4M3, libraries={OWN.name: OWN}, stimuli=STIMULI)
    unit_report(question, bench, "", progress=done.append)
    assert done == question.designs


def test_energy_is_made_once(bench, monkeypatch):
    first = ask(bench)
    monkeypatch.setattr(
        "fp8mac.synth_reports.cost.physical._energy", lambda *_: pytest.fail("again")
    )
    assert ask(bench) == first
    with pytest.raises(pytest.fail.Exception):
        ask(bench, stimuli=replace(STIMULI, operands="uniform"))


def test_no_energy_where_codes_cannot_be_listed(bench):
    report = ask(bench, config=parse_unit("tf32", acc="fp32"))
    column = report["goals"]["area"]["unit"]["libraries"]["fp8mac"]
    assert (column["energy_per_mac"], column["energy_ratio_to_baseline"]) == (None, None)


def test_no_voltage_no_energy(bench):
    text = OWN.text.replace("library (fp8mac)", "library (x)").replace("nom_voltage", "no_voltage")
    report = ask(bench, libraries={"x": Library(text, "x.lib")})
    column = report["goals"]["area"]["unit"]["libraries"]["x"]
    assert (column["energy_per_mac"], column["energy_ratio_to_baseline"]) == (None, None)
    assert column["area_um2"] > 0


def test_recorded_operands_are_not_those_of_the_baseline(bench, tmp_path):
    numpy = pytest.importorskip("numpy")
    path = tmp_path / "codes.npz"
    numpy.savez(path, a=numpy.arange(64), b=numpy.arange(64))
    report = ask(bench, stimuli=replace(STIMULI, operands=str(path)))
    column = report["goals"]["area"]["unit"]["libraries"]["fp8mac"]
    assert column["energy_per_mac"]["functional"]["dynamic_cinv_v2"] > 0
    assert column["energy_ratio_to_baseline"] is None
    assert module._energy_ratio(None, column["energy_per_mac"]) is None


def test_report_says_what_became_of_the_operands(bench, tmp_path):
    numpy = pytest.importorskip("numpy")
    path = tmp_path / "codes.npz"
    largest, one, nan = [0x7E] * 4, [0x38] * 4, [0x7F] * 4
    numpy.savez(
        path, a=numpy.array([largest, one, one, nan]), b=numpy.array([largest, one, one, one])
    )

    def of(stimuli, **changes):
        report = ask(bench, stimuli=replace(STIMULI, **stimuli), **changes)
        energy = report["goals"]["area"]["unit"]["libraries"]["fp8mac"]["energy_per_mac"]
        last = footnotes(report).splitlines()[-1]
        return energy["headroom"], energy["overflow_share"], last.partition(":")[0]

    assert of({"operands": str(path)}) == ([1, 1], 0.5, "overflow")
    assert of({}) == ([2, 2], 0, "headroom")
    assert of({"operands": "uniform"}, config=parse_unit("e4m3", acc="fp32")) == (
        [1, 1],
        0,
        "energy",
    )


def test_library_report_in_units_of_a_technology(bench):
    facts = replace(facts_of(OWN, bench.store), is_own=False, nand2_area=0.5, fo4_ps=20.0)
    found = library_report(measured(Design(E4M3, Shape.CORE, library="x")), facts)
    figures = {key: value for key, value in found.items() if key != "netlist_sha256"}
    assert figures == {"area_um2": 8.0, "area_ge": 16.0, "delay_ns": 0.08, "delay_fo4": 4.0}


def test_parts_are_the_outermost_but_for_accumulators():
    parts = ["multiplier", "accumulator.align", "accumulator.add", "accumulator.round"]
    assert parts_of(MODULES) == parts
    assert parts_of(("multiplier", "multiplier.unpack_a", "accumulator")) == [
        "multiplier",
        "accumulator",
    ]
    assert parts_of(()) == []


def test_breakdown_adds_up(bench):
    report = ask(bench)["breakdown"]
    rows = report["two_input_gates"]
    assert rows == {
        "multiplier": 5,
        "align and add": 4 + 3,
        "normalise and round": 2,
        "around them": 1,
        "saved across borders": 8 - 15,
        "core": 8,
        "enable, clear, reset": 2,
        "flip-flops": None,
        "unit": 10,
    }
    areas = report["area_ge"]["fp8mac"]
    assert areas["flip-flops"] == pytest.approx(OWN.flip_flop.cell.area, abs=0.01)
    assert areas["unit"] == pytest.approx(
        areas["core"] + areas["enable, clear, reset"] + areas["flip-flops"]
    )
    breakdown = breakdown_designs(E4M3, Goal.AREA, None, MODULES)
    assert breakdown.around.without == tuple(GATES)
    assert len(breakdown.designs) == 2 + 4 + 1


def test_accumulators_without_parts_have_a_name_of_their_own():
    kulisch = parse_unit("e4m3", acc="kulisch")
    labels = breakdown_designs(kulisch, Goal.AREA, None, ("multiplier", "accumulator")).parts
    assert list(labels) == ["multiplier", "align, add and accumulate"]
    labels = breakdown_designs(BASELINE, Goal.AREA, None, ("accumulator",)).parts
    assert list(labels) == ["multiply and accumulate"]
