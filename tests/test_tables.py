"""Texts of the tables, whole."""

import io
import re

from fp8mac.hw.formats import parse_format
from fp8mac.synth_reports.tables import footnote, format_facts, formats_table, show, unit_table

REPORT = {
    "design": {"slug": "mac_x_x_y"},
    "baseline": {"slug": "mac_int8_int8_int32"},
    "flow": {"name": "area", "sha256": "0123456789abcdef"},
    "tools": {
        "yosys": {"version": "0.70", "build": "pyosys"},
        "abc": {"version": "ABC 1.01"},
    },
    "shapes": {
        "core": {
            "netlist_sha256": "fedcba9876543210",
            "metrics": {
                "two_input_gates": 800,
                "inverters": 60,
                "flip_flops": 0,
                "levels": 110,
                "levels_with_inverters": 130,
                "weighted_gates": 1020,
            },
            "ratio_to_baseline": {
                "two_input_gates": 2.0,
                "inverters": 3.0,
                "flip_flops": None,
                "levels": 1.75,
                "weighted_gates": 1.456,
            },
            "cells": {"AND2": 500, "XOR2": 110, "NAND2": 190},
        }
    },
}


def text_of(table) -> list[str]:
    """Lines of a printed table, without blanks at their ends."""
    stream = io.StringIO()
    show(table, stream)
    return [line.rstrip() for line in stream.getvalue().splitlines() if line.strip()]


def test_formats_table():
    formats = [parse_format(name) for name in ("e4m3", "e5m2fnuz", "fp32", "e5m3b20", "int8s")]
    titles, ruler, *rows = text_of(formats_table(formats))
    assert re.split("  +", titles.strip()) == [
        *("format", "bits", "exp/mant", "bias", "max", "min normal", "min subnormal"),
        *("specials", "precision", "product bits", "Kulisch bits"),
    ]
    assert set(ruler) == {" ", "─"}
    assert [row.split() for row in rows] == [
        ["e4m3", "8", "4/3", "7", "448", "2^-6", "2^-9", "fn", "4", "37", "49"],
        ["e5m2fnuz", "8", "5/2", "16", "57344", "2^-15", "2^-17", "fnuz", "3", "67", "79"],
        [
            "fp32",
            "32",
            "8/23",
            "127",
            "3.40282e+38",
            "2^-126",
            "2^-149",
            "ieee",
            "24",
            "555",
            "567",
        ],
        ["e5m3b20", "9", "5/3", "20", "1920", "2^-19", "2^-22", "ieee", "4", "67", "79"],
        ["int8s", "8", "-", "-", "127", "-", "-", "-", "-", "15", "27"],
    ]


def test_format_facts():
    assert format_facts(parse_format("e5m2")) == {
        "name": "e5m2",
        "bits": 8,
        "exponent_bits": 5,
        "mantissa_bits": 2,
        "bias": 15,
        "max": 57344.0,
        "min_normal": 2.0**-14,
        "min_subnormal": 2.0**-16,
        "specials": "ieee",
        "precision_bits": 3,
        "product_bits": 65,
        "kulisch_bits": 77,
    }
    integer = format_facts(parse_format("int8"))
    missing = ("exponent_bits", "mantissa_bits", "bias", "min_normal", "min_subnormal", "specials")
    assert all(integer[key] is None for key in (*missing, "precision_bits"))
    assert (integer["max"], integer["product_bits"], integer["kulisch_bits"]) == (127.0, 16, 28)


def test_unit_table():
    assert text_of(unit_table(REPORT)) == [
        "mac_x_x_y",
        "                          core   / int8",
        " ───────────────────────────────────────",
        "  two-input gates          800     2.00",
        "  inverters                 60     3.00",
        "  flip-flops                 0",
        "  levels                   110     1.75",
        "  levels with inverters    130",
        "  weighted gates          1020     1.46",
        "  AND2                     500",
        "  OR2                        0",
        "  NAND2                    190",
        "  NOR2                       0",
        "  XOR2                     110",
        "  XNOR2                      0",
    ]


def test_both_shapes_stand_side_by_side():
    both = {**REPORT, "shapes": {**REPORT["shapes"], "unit": REPORT["shapes"]["core"]}}
    lines = text_of(unit_table(both))
    assert lines[1].split() == ["core", "/", "int8", "unit", "/", "int8"]
    assert lines[3].split() == ["two-input", "gates", "800", "2.00", "800", "2.00"]
    assert footnote(both).endswith("netlists: core fedcba98, unit fedcba98")


def test_footnote_names_flow_tools_and_netlist():
    assert footnote(REPORT).splitlines() == [
        "int8: mac_int8_int8_int32, same flow and shape",
        "flow area 01234567, Yosys 0.70 (pyosys), ABC 1.01",
        "netlists: core fedcba98",
    ]
    mute = {**REPORT, "tools": {**REPORT["tools"], "abc": {"version": None}}}
    assert footnote(mute).splitlines()[1] == "flow area 01234567, Yosys 0.70 (pyosys), its own ABC"


def test_narrow_terminals_cut_nothing(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    lines = text_of(formats_table([parse_format("e4m3")]))
    assert len(lines) == 3
    assert "…" not in "".join(lines)
