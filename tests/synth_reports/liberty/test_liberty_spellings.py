"""One library in hundreds of spellings, all of them read alike; and broken ones, each named."""

import gzip
import re
from itertools import product, zip_longest
from pathlib import Path
from random import Random

import pytest

from fp8mac.synth_reports.liberty.find import resolve
from fp8mac.synth_reports.liberty.library import Library, load_library
from fp8mac.synth_reports.liberty.power import leakage
from fp8mac.synth_reports.liberty.reader import File, Group, LibertyError

TEXT = """library (small) {
time_unit : "10ps";
voltage_unit : "100mV";
capacitive_load_unit (0.1,pf);
leakage_power_unit : "1uW";
nom_voltage : 20.0;
voltage_map (VDD, 2.0);
voltage_map (VSS, 0.0);
comment : "a 'typical' corner // at 25 C /* or so */ {;}";
lu_table_template (grid) {
variable_1 : input_net_transition;
variable_2 : total_output_net_capacitance;
index_1 ("0, 10");
index_2 ("1, 2, 4");
}
power_lut_template (line) {
variable_1 : input_transition_time;
index_1 ("0, 10");
}
cell (nd) {
area : 4;
cell_leakage_power : 5;
leakage_power () {
when : "A & B";
value : 1;
}
pin (A) {
direction : input;
capacitance : 3;
}
pin (B) {
direction : input;
rise_capacitance : 2;
fall_capacitance : 4;
}
pin (Y) {
direction : output;
function : "(A B)'";
}
}
cell (iv) {
area : 2;
pin (A) {
direction : input;
capacitance : 1;
}
pin (Y) {
direction : output;
function : "!A";
timing () {
related_pin : "A";
timing_sense : negative_unate;
cell_rise (grid) {
values ("1, 2, 3", "4, 5, 6.5e0");
}
cell_fall (scalar) {
values ("2");
}
rise_transition (grid) {
values ("5, 5, 5", "5, 5, 5");
}
fall_transition (grid) {
values ("5, 5, 5", "5, 5, 5");
}
}
internal_power () {
related_pin : "A";
related_pg_pin : VDD;
rise_power (line) {
values ("0.5, 0.75");
}
fall_power (scalar) {
values ("1.5");
}
}
internal_power () {
related_pin : "A";
related_pg_pin : VSS;
power (scalar) {
values ("0.25");
}
}
}
}
cell (bf) {
area : 3;
pin (A) {
direction : input;
capacitance : 1;
}
pin (Y) {
direction : output;
function : "A";
}
}
cell (ff) {
area : 9;
ff (IQ,IQN) {
clocked_on : "C";
next_state : "D";
}
leakage_power () {
related_pg_pin : VDD;
value : 7;
}
leakage_power () {
related_pg_pin : VSS;
value : 3;
}
pin (C) {
direction : input;
capacitance : 2;
clock : true;
}
pin (D) {
direction : input;
capacitance : 1;
}
pin (Q) {
direction : output;
function : "IQ";
}
}
}
"""
UNITS = {
    "time_unit": ("10ps", "0.01ns", "10 ps", "1.0e1PS", "0.00001 us"),
    "voltage_unit": ("100mV", "0.1V", "100 mv", "0.1 v"),
    "leakage_power_unit": ("1uW", "1000nW", "1e3 nW", "0.001mW"),
    "capacitive_load_unit": (("0.1", "pf"), ("100.0", "ff"), ("1e2", "fF"), ("0.0001", "nf")),
}
GAPS = ("", " ", "\n", "\t ", "\r\n", " \\\n ", '/* } " { ; */', "/* a\nb **/", '// } "{ ;\n')


def facts(library: Library) -> list[object]:
    """Everything that is read of a library."""
    library.check()
    cells = library.cells.values()
    loads = (0.0, 3.0)
    return [
        library.plain,
        [library.units.voltage, library.leakage_nw, library.voltages_v, library.flip_flop.data],
        {cell.name: (cell.area, leakage(cell)) for cell in cells},
        {
            (cell.name, pin): [library.output_energy(cell, pin).at(load) for load in loads]
            for cell in cells
            for pin in cell.pins
        },
        {
            (cell.name, name): (pin.output, pin.capacitance, pin.function and pin.function.truth)
            for cell in cells
            for name, pin in cell.pins.items()
        },
    ]


def nearly(x: object) -> object:
    """Numbers with twelve digits, which is what other units leave of them."""
    if isinstance(x, dict):
        return {key: nearly(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [nearly(each) for each in x]
    return float(f"{x:.12g}") if isinstance(x, float) else x


class Speller:
    """Writes a tree as users do."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def gap(self) -> str:
        return self.random.choice(GAPS)

    def word(self, text: str) -> str:
        """Bare where it can be, or a string, which may go on in the next line."""
        bare = re.fullmatch(r"[\w.+-]+", text)
        if bare and self.random.random() < 0.5:
            return text
        escaped = text.replace("'", "\\'") if self.random.random() < 0.5 else text
        return '"' + re.sub(" ", lambda _: self.random.choice((" ", " \\\n ", " ")), escaped) + '"'

    def arguments(self, words: tuple[str, ...] | list[str]) -> str:
        """Words in brackets."""
        spelled = [self.word(word) for word in words]
        between = [self.gap() + "," + self.gap() for _ in spelled[1:]]
        inner = "".join(word + gap for word, gap in zip_longest(spelled, between, fillvalue=""))
        return f"{self.gap()}({self.gap()}{inner}{self.gap()}){self.gap()}"

    def units(self, name: str, usual: str) -> str:
        return self.random.choice(UNITS.get(name, (usual,)))

    def group(self, group: Group) -> str:
        parts = []
        for name, value in group.attributes.items():
            text = self.word(self.units(name, value))
            ends = (self.gap() + ";",) if text[0] == '"' else (";", "\n", ";;", " ;")
            end = self.random.choice(ends)
            parts.append(f"{name}{self.gap()}:{self.gap()}{text}{end}")
        for statement in group.statements:
            words = self.random.choice(UNITS.get(statement.name, (statement.words,)))
            end = self.random.choice((";", "", "\n", " ; ;"))
            parts.append(f"{statement.name}{self.arguments(words)}{end}")
        parts += [self.group(each) for each in group.groups]
        inner = "".join(self.gap() + part for part in parts)
        names = [name for name in group.arguments.split(",") if name]
        head = f"{group.kind}{self.arguments(names)}"
        return f"{head}{{{inner}{self.gap()}}}{self.gap()}"


BASE = facts(Library(TEXT, "small.lib"))


def test_what_it_says_by_hand():
    library = Library(TEXT, "small.lib")
    assert (library.time_ps, library.capacitance_ff, library.units.voltage) == (10, 100, 0.1)
    assert (library.voltage_v, library.leakage_nw) == (2.0, 1000.0)
    assert [leakage(library.cells[name]) for name in ("nd", "iv", "ff")] == [4.0, None, 7.0]
    assert [pin.capacitance for pin in library.nand2.inputs] == [3, 3]
    assert library.slew == 5.0
    assert library.output_energy(library.inverter, "Y").at(4) == (0.625 + 1.5) / 2 + 0.25
    assert library.fo4_ps == pytest.approx(10 * ((3 + 6.5) / 2 + 2) / 2)


@pytest.mark.parametrize("start", range(0, 300, 60))
def test_spellings(start):
    tree = File(TEXT, "small.lib").library
    texts = set()
    for seed in range(start, start + 60):
        text = Speller(seed).group(tree)
        texts.add(text)
        assert nearly(facts(Library(text, "f"))[1:]) == nearly(BASE[1:]), text
    assert len(texts) == 60


def test_what_tools_read_does_not_depend_on_spelling(monkeypatch):
    """To the letter, as long as the units are spelled as they were."""
    monkeypatch.setattr(f"{__name__}.UNITS", {})
    tree = File(TEXT, "small.lib").library
    for seed in range(40):
        assert facts(Library(Speller(seed).group(tree), "f")) == BASE


CONTAINERS = list(product(("plain", "gzip"), (".lib", ".lib.gz", ".txt"), ("", "\ufeff")))


@pytest.mark.parametrize(("packed", "suffix", "mark"), CONTAINERS)
def test_containers(packed, suffix, mark, tmp_path):
    path = tmp_path / f"a,b{suffix}"
    data = (mark + TEXT).encode()
    path.write_bytes(gzip.compress(data) if packed == "gzip" else data)
    assert facts(resolve(str(path))) == BASE


def parts(**units: str) -> list[str]:
    """The library in three files, each cell with the head; some with other units."""
    head, *cells = re.split(r"(?m)^(?=cell \()", TEXT.rstrip()[:-1])
    texts = [head + cells[0] + cells[2] + "}", head + cells[1] + "}", head + cells[3] + "}"]
    for old, new in units.values():
        assert old in texts[1]
        texts[1] = texts[1].replace(old, new)
    return texts


def write(folder: Path, texts: list[str]) -> list[Path]:
    paths = [folder / name for name in ("one.lib", "two.lib.gz", "three.lib")]
    for path, text in zip(paths, texts, strict=True):
        data = text.encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return paths


def sorted_cells(text: str) -> list[str]:
    return sorted(re.split(r"(?m)^(?=  cell)", text.removesuffix("}\n")))


def test_several_files_are_one_library(tmp_path):
    paths = write(tmp_path, parts())
    listed = [",".join(map(str, paths)), ", ".join(map(str, reversed(paths))), str(tmp_path)]
    found = [facts(resolve(text)) for text in listed]
    assert all(each == found[0] for each in found)
    assert sorted_cells(found[0][0]) == sorted_cells(BASE[0])
    assert [dict(sorted(each.items())) for each in found[0][2:]] == [
        dict(sorted(each.items())) for each in BASE[2:]
    ]
    hashes = {resolve(text).sha256 for text in listed}
    assert len(hashes) == 1
    assert resolve(listed[0]).source == ", ".join(map(str, paths))


def test_units_of_files_are_converted():
    """The inverter in ns, pF, V and mW: the numbers are those of the others."""
    scaled = parts(
        time=('"10ps"', '"1ns"'),
        load=("(0.1,pf)", "(1,pf)"),
        volts=('"100mV"', '"1V"'),
        supply=("nom_voltage : 20.0", "nom_voltage : 2"),
        leakage=('"1uW"', '"1mW"'),
        own=("capacitance : 1;", "capacitance : 0.1;"),
        slews=('index_1 ("0, 10")', 'index_1 ("0, 0.1")'),
        loads=('index_2 ("1, 2, 4")', 'index_2 ("0.1, 0.2, 0.4")'),
        rise=('("1, 2, 3", "4, 5, 6.5e0")', '("0.01, 0.02, 0.03", "0.04, 0.05, 0.065")'),
        fall=('values ("2")', 'values ("0.02")'),
        edges=('("5, 5, 5", "5, 5, 5")', '("0.05, 0.05, 0.05", "0.05, 0.05, 0.05")'),
        up=('("0.5, 0.75")', '("0.0005, 0.00075")'),
        down=('values ("1.5")', 'values ("0.0015")'),
        both=('values ("0.25")', 'values ("0.00025")'),
    )
    sizes = set()
    for texts in (parts(), scaled):
        files = [File(text, f"{number}.lib") for number, text in enumerate(texts)]
        library = Library(files[0].text, "0.lib", files[1:])
        inverter, unit = library.inverter, library.units
        energy = library.output_energy(inverter, "Y").at(library.load) * unit.energy
        figures = (
            library.fo4_ps,
            library.load * unit.capacitance,
            energy,
            library.slew * unit.time,
        )
        sizes.add(tuple(f"{figure:.9g}" for figure in (*figures, library.voltage_v)))
    assert len(sizes) == 1


def sentence(action) -> str:
    with pytest.raises(LibertyError) as caught:
        action()
    return str(caught.value)


def test_files_that_do_not_fit(tmp_path):
    one, two, three = write(tmp_path, parts())
    double = ",".join(map(str, (one, two, three, one)))
    assert sentence(lambda: resolve(double)) == f"'{one}' is named twice."
    twice = tmp_path / "zwei.lib"
    twice.write_text(parts()[1])
    said = sentence(lambda: resolve(f"{one},{two},{three},{twice}").check())
    places = [rf"'{re.escape(str(each))}', line 20" for each in (two, twice)]
    forms = [f"{x}: the cell iv is also in {y}." for x, y in (places, places[::-1])]
    assert any(re.fullmatch(form, said) for form in forms), said
    other = tmp_path / "other.lib"
    other.write_text(
        parts()[0].replace("nom_voltage", "input_threshold_pct_rise : 40; nom_voltage")
    )
    said = sentence(lambda: resolve(f"{two},{three},{other}").check())
    assert "the input_threshold_pct_rise is " in said
    assert str(other) in said
    assert sentence(lambda: resolve(f"{one},{three}").check()) == (
        f"'{one}, {three}' cannot be used: together they have no inverter."
    )
    assert sentence(lambda: resolve(f"{one},nowhere.lib")) == (
        "There is no library 'nowhere.lib': it is no file, and no name that `fp8mac liberty` lists."
    )
    (tmp_path / "empty").mkdir()
    assert sentence(lambda: resolve(str(tmp_path / "empty"))) == (
        f"There is no file *.lib or *.lib.gz in '{tmp_path / 'empty'}'."
    )
    cut = tmp_path / "cut.lib.gz"
    cut.write_bytes(gzip.compress(TEXT.encode())[:-20])
    assert sentence(lambda: load_library(cut)) == (
        f"Cannot read '{cut}': it is not a whole gzip file."
    )


LINES = TEXT.splitlines()
BREAKS = {
    "] ;": "not Liberty: '] ;",
    "name": "not Liberty: 'name",
    "name : ;": "not Liberty: 'name : ;",
    "name (a;": "not Liberty: 'name (a;",
    "name (a {": "not Liberty: 'name (a {",
    "/* open": "a comment does not end.",
    '"string";': 'not Liberty: \'"string";',
}


@pytest.mark.parametrize("broken", BREAKS)
def test_broken_spellings_have_a_line(broken):
    """A wrong statement before each line of the file."""
    checked = 0
    for number in range(2, len(LINES) + 1):
        lines = [*LINES[: number - 1], broken, *LINES[number - 1 :]]
        text = "\n".join(lines).replace("/* or so */", "") + "\n"
        said = sentence(lambda text=text: File(text, "f").library)
        assert said.startswith(f"'f', line {number}: {BREAKS[broken]}"), said
        checked += 1
    assert checked == len(LINES) - 1


def test_missing_ends_have_a_line():
    """Each closing bracket left out: the group around, or the library, does not end."""
    ends = [number for number, line in enumerate(LINES) if line == "}"]
    for number in ends:
        text = "\n".join([*LINES[:number], *LINES[number + 1 :]])
        assert sentence(lambda text=text: File(text, "f").library) == (
            "'f', line 1: library (small) does not end."
        )
    for count in range(2, len(LINES)):
        said = sentence(lambda count=count: File("\n".join(LINES[:count]), "f").library)
        assert re.fullmatch(r"'f', line \d+: \w+ \([\w,]*\) does not end\.", said), said
