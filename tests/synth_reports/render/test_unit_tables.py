"""Texts of the tables of a unit, whole."""

import io

from fp8mac.synth_reports.render.tables import show
from fp8mac.synth_reports.render.unit_tables import breakdown_table, footnotes, unit_table

METRICS = {
    "two_input_gates": 800,
    "inverters": 60,
    "flip_flops": 0,
    "levels": 110,
    "levels_with_inverters": 130,
    "weighted_gates": 1020,
}
RATIOS = {
    "two_input_gates": 2.0,
    "inverters": 3.0,
    "flip_flops": None,
    "levels": 1.75,
    "weighted_gates": 1.456,
}
ENERGY = {
    "cycles": 20032,
    "unit_delay_cycles": 4096,
    "headroom": [1.0, 1.0],
    "overflow_share": 0.01,
    "functional": {"switching_pj": 1.0, "dynamic_pj": 1.5},
    "unit_delay": {"switching_pj": 2.0, "dynamic_pj": None},
    "leakage_pj": None,
    "leakage_nw": None,
}


def column(energy=None):
    """A design, mapped to gates and to two libraries, of which the other one is of a technology."""
    own = {
        "area_um2": None,
        "area_ge": 850.4,
        "delay_ns": None,
        "delay_fo4": 33.33,
        "area_ratio_to_baseline": 1.7,
        "delay_ratio_to_baseline": None,
        "energy_per_mac": None,
        "energy_ratio_to_baseline": None,
    }
    ratios = {"functional": 1.25, "unit_delay": None}
    other = own | {
        "area_um2": 680.0,
        "delay_ns": 1.2345,
        "energy_per_mac": energy,
        "energy_ratio_to_baseline": energy and ratios,
    }
    return {
        "netlist_sha256": "fedcba9876543210",
        "metrics": METRICS,
        "ratio_to_baseline": RATIOS,
        "libraries": {"fp8mac": own, "other": other},
    }


def facts(is_own):
    return {
        "sha256": "abcdef0123456789",
        "is_own": is_own,
        "reference_nand2": "ND",
        "flip_flop": "FF",
        "driving_cell": "BF",
        "load_ff": 6.5,
        "fo4_ps": 22.0,
        "voltage_v": None if is_own else 1.1,
        "voltages_v": [] if is_own else [1.1],
    }


REPORT = {
    "design": {"slug": "mac_x_x_y", "accumulator": "y", "products_per_cycle": 1},
    "goal": "area",
    "effort": {"name": "quick", "seconds": None},
    "baseline": {"slug": "mac_int8_int8_int32"},
    "flows": {
        "area": {"name": "area", "sha256": "0123456789abcdef"},
        "speed": {"name": "speed", "sha256": "123456789abcdef0"},
    },
    "tools": {
        "yosys": {"version": "0.70", "build": "pyosys"},
        "abc": {"version": "ABC 1.01"},
    },
    "libraries": {"fp8mac": facts(True), "other": facts(False)},
    "stimuli": {"operands": "normal", "cycles": 20000, "clear_every": 64},
    "goals": {"area": {"core": column(), "unit": column(ENERGY)}, "speed": {"core": column()}},
    "breakdown": {
        "two_input_gates": {"multiplier": 500, "core": 500, "flip-flops": None, "unit": 510},
        "area_ge": {"fp8mac": {"multiplier": 5.5, "core": 5.5, "flip-flops": 9.4, "unit": 15.0}},
    },
}


def text_of(table) -> list[str]:
    """Lines of a printed table, without blanks at their ends."""
    stream = io.StringIO()
    show(table, stream)
    return [line.rstrip() for line in stream.getvalue().splitlines() if line.strip()]


def cells(line: str) -> list[str]:
    return [cell for cell in line.strip().split("  ") if cell.strip()]


def test_unit_table():
    lines = text_of(unit_table(REPORT))
    assert lines[0] == "mac_x_x_y"
    titles = ["core, area", "/ int8", "core, speed", "/ int8", "unit, area", "/ int8"]
    assert [cell.strip() for cell in cells(lines[1])] == titles
    body = [[cell.strip() for cell in cells(line)] for line in lines[3:]]
    assert body == [
        ["two-input gates", *["800", "2.00"] * 3],
        ["inverters", *["60", "3.00"] * 3],
        ["flip-flops", *["0"] * 3],
        ["levels", *["110", "1.75"] * 3],
        ["levels with inverters", *["130"] * 3],
        ["weighted gates", *["1020", "1.46"] * 3],
        ["fp8mac, no technology"],
        ["area, GE", *["850", "1.70"] * 3],
        ["delay, FO4", *["33.3"] * 3],
        ["other"],
        ["area, um2", *["680"] * 3],
        ["area, GE", *["850", "1.70"] * 3],
        ["delay, ns", *["1.234"] * 3],
        ["delay, FO4", *["33.3"] * 3],
        ["energy, pJ, no glitches", "1.500", "1.25"],
        ["energy, pJ, unit delay"],
    ]


def test_breakdown_table():
    lines = text_of(breakdown_table(REPORT))
    assert lines[0] == "parts, built for area"
    body = [[cell.strip() for cell in cells(line)] for line in lines[3:]]
    assert body == [
        ["multiplier", "500", "6"],
        ["core", "500", "6"],
        ["flip-flops", "9"],
        ["unit", "510", "15"],
    ]


def test_footnotes_name_flows_tools_netlists_and_assumptions():
    assert footnotes(REPORT).splitlines() == [
        "int8: mac_int8_int8_int32, same flow, goal and shape",
        "flows area 01234567, speed 12345678; Yosys 0.70 (pyosys), ABC 1.01",
        "netlists: core, area fedcba98; core, speed fedcba98; unit, area fedcba98",
        (
            "fp8mac abcdef01: GE = ND, FO4 = 5 tau, flip-flop FF; inputs driven by BF, outputs "
            "loaded with 4 C_inv"
        ),
        (
            "other abcdef01, 1.1 V: GE = ND, FO4 = 22 ps, flip-flop FF; inputs driven by BF, "
            "outputs loaded with 6.5 fF"
        ),
        "delay: no wires, without clock-to-output and setup",
        (
            "energy: of a cycle, no wires, normal operands, clear every 64, 20,032 cycles "
            "(4,096 with unit delay)"
        ),
    ]
    few = {**ENERGY, "headroom": [1.0, 512.0], "overflow_share": 0.0104}
    rooms = {**REPORT, "goals": {"area": {"unit": column(few)}}}
    assert footnotes(rooms).splitlines()[-2:] == [
        "headroom: operands a / 1 and b / 512, for sums below half of y's largest number",
        "overflow: 1.0 % of the sums, after which the register hardly switches",
    ]
    mute = {**REPORT, "tools": {**REPORT["tools"], "abc": {"version": None}}}
    assert footnotes(mute).splitlines()[1].endswith("Yosys 0.70 (pyosys), its own ABC")
    without = {**REPORT, "goals": {"speed": {"core": column()}}}
    assert footnotes(without).splitlines()[-1] == (
        "delay: no wires, without clock-to-output and setup"
    )
