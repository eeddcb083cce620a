"""What windows do to sums: errors of known sums, units of F bits, costs, the page, its picture."""

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.silicon.named import NAMED_UNITS
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.experiment import Made
from fp8mac.synth_reports.experiments.window import networks, picture
from fp8mac.synth_reports.experiments.window.costs import (
    EXACT,
    PUBLISHED,
    SUMS,
    Costs,
    UnitCost,
    read_costs,
)
from fp8mac.synth_reports.experiments.window.experiment import WindowOptions, Windows
from fp8mac.synth_reports.experiments.window.sums import errors
from fp8mac.synth_reports.experiments.window.window import (
    BITS,
    LANES,
    WindowRecord,
    jobs,
    line,
    measure,
)

RESULTS = Path(__file__).parents[3] / "synth_reports" / "results"
_WORDS = r">([^<>\n]+)</text>"
HEADER = "set,unit,goal,library,area_ge,energy_functional_pj"
TABLE = f"""\
{HEADER}
window,"e4m3 -> e8m13:rtz:inf:plus0, window 14",speed,Lib,1000,1.5
named,"e4m3 x 2 -> e8m13:rtz:inf:plus0, window 14",speed,Lib,1501,0.756
window,"e4m3 x 2 -> fp32:rtz:inf:plus0, window 26",speed,Lib,3000,
lanes,e4m3 x 2 -> kulisch:7,speed,Lib,1700,0.9
lanes,e5m2 x 2 -> kulisch:7,speed,Lib,9999,9.9
guard,"e4m3 x 4 -> fp32:odd:sum0, window 24:odd, late",speed,Lib,2600,0.61
named,"e4m3 x 8 -> fp32:odd:sum0, window 24:odd, late",speed,Lib,4800,
guard,"e4m3 x 8 -> fp32:odd:sum0, window 27:odd, late",speed,Lib,5004,0.777
guard,"e5m2 x 8 -> fp32:odd:sum0, window 28:odd, late",speed,Lib,9999,9.9
"""
COSTS = Costs(
    "speed",
    "Lib",
    (
        UnitCost(13, 1, 1000.0, 1.5),
        UnitCost(13, 2, 750.5, 0.756),
        UnitCost(25, 2, 1500.0, None),
        UnitCost(None, 2, 850.0, 0.9),
    ),
    (
        UnitCost(0, 4, 650.0, 0.61),
        UnitCost(0, 8, 600.0, None),
        UnitCost(3, 8, 625.5, 0.777),
    ),
)


def job(part, **wanted):
    """The job of a part that has these fields."""
    return next(
        each
        for each in jobs((part,))
        if all(getattr(each, name) == value for name, value in wanted.items())
    )


def test_windows_of_13_and_25_bits_are_those_of_cards():
    assert line(13, 32) == NAMED_UNITS["h100-fp8-e4m3"].line
    assert line(13, 16) == NAMED_UNITS["ada-fp8-e4m3"].line
    assert line(25, 32) == NAMED_UNITS["b200-fp8-e4m3"].line
    assert line(22, 1) == "e4m3 -> e8m22:rtz:inf:plus0, window 23"
    assert len({parse_line(each.unit) for each in jobs(("sums",))}) == len(BITS) * len(LANES)


def test_errors_of_known_sums():
    exact, sums = np.array([[3.0, 4.0]]), np.array([[3.0, 4.5]])
    found = errors(exact, sums)
    assert found == {"sums": 2, "sqnr_db": 20.0, "largest_error": 0.1414}
    assert errors(exact, exact) == {"sums": 2, "sqnr_db": None, "largest_error": 0.0}


def test_more_bits_lose_less_and_hoppers_window_loses_what_it_is_known_for():
    ratios = [measure(job("sums", bits=bits, lanes=32, terms=1024)).sqnr_db for bits in (8, 13, 25)]
    assert ratios == sorted(ratios)
    assert 20 < ratios[0] < 50
    assert 55 < ratios[1] < 75
    assert ratios[2] > 120


def test_guard_bits_matter_where_sums_cancel_and_only_there():
    few, many = (measure(job("cancel", lanes=8, guard_bits=bits)) for bits in (0, 6))
    assert many.sqnr_db - few.sqnr_db > 24
    few, many = (measure(job("guard", lanes=8, guard_bits=bits)) for bits in (0, 6))
    assert many.sqnr_db - few.sqnr_db < 1


@pytest.mark.slow
def test_a_layer_is_compared_with_exact_sums_and_with_float32(monkeypatch):
    rng = np.random.default_rng(0)
    operands = rng.normal(size=(9, 256)), rng.normal(size=(256, 7))
    monkeypatch.setattr(networks, "_operands", lambda: operands)
    hopper, promoted, *_, exact = (measure(each) for each in jobs(("layer",)))
    assert exact.sqnr_db is None
    assert exact.largest_error == 0
    assert 20 < exact.float_sqnr_db < 35
    assert exact.float_sqnr_db - 0.5 < hopper.float_sqnr_db < exact.float_sqnr_db + 0.5
    assert promoted.sqnr_db > hopper.sqnr_db
    assert hopper.sums == 63


def test_the_layer_is_taken_from_the_network(monkeypatch):
    class Task:
        @staticmethod
        def outputs(engine, questions):
            assert len(questions) == 60
            two = engine.linear("layer0.output.dense", np.eye(2), np.eye(2) * 2, None)
            engine.linear("layer5.output.dense", two, np.eye(2) * 3, None)

    monkeypatch.setattr(networks, "load_task", lambda name: Task)
    networks._operands.cache_clear()
    x, weight = networks._operands()
    networks._operands.cache_clear()
    assert (x.tolist(), weight.tolist()) == ([[2, 0], [0, 2]], [[3, 0], [0, 3]])


@pytest.mark.slow
def test_a_network_on_an_exact_unit():
    found = networks.of_network(parse_line("e4m3 -> kulisch"))
    assert found["sums"] == 500
    assert found["reference"] == 0.93
    assert abs(found["accuracy"] - found["reference"]) < 0.02


def test_costs_are_read_from_the_table_of_dots(tmp_path):
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    assert read_costs(tmp_path / "d.csv") == COSTS


def test_the_published_costs_are_those_of_windows_and_of_exact_sums():
    found = read_costs(PUBLISHED)
    assert (found.goal, found.library) == ("area", "NangateOpenCellLibrary")
    assert PUBLISHED == RESULTS / "dots.csv"
    columns = [1, 2, 4, 8, 16, 32]
    assert [(each.bits, each.lanes) for each in found.units] == [
        (bits, lanes) for bits in (8, 10, 13, 16, 20, 25, None) for lanes in columns
    ]
    assert [(each.bits, each.lanes) for each in found.guards if each.lanes == 4] == [
        (bits, 4) for bits in range(7)
    ]
    assert (4, 16) in {(each.bits, each.lanes) for each in found.guards}
    assert 1 << parse_line(EXACT).accumulator.guard_bits == SUMS


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "There is no '{}'; make it with fp8mac dots.\n"),
        (HEADER + "\n", "'{}' is empty; make it anew with fp8mac dots.\n"),
        ("unit,goal\nx,area\n", "'{}' has no column 'library'; make it anew with fp8mac dots.\n"),
        (f"{HEADER}\n,x,,,,\n", "'{}' has no windows of e4m3; make it anew with fp8mac dots.\n"),
        (TABLE.replace("1700", "y"), "'{}': 'y' in column 'area_ge' is not a number.\n"),
    ],
)
def test_a_table_without_costs_is_refused_before_anything_is_measured(
    table, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fp8mac.synth_reports.experiments.window.window.measure", None)
    monkeypatch.setattr("fp8mac.synth_reports.experiments.runner.processors", lambda: 1)
    path = tmp_path / "in" / "d.csv"
    path.parent.mkdir()
    if table is not None:
        path.write_text(table, encoding="utf-8")
    result = CliRunner().invoke(app, ["window", "--costs", str(path)])
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", message.format(path))
    assert [*tmp_path.iterdir()] == [path.parent]


def test_the_picture_has_area_and_energy_with_marks(monkeypatch):
    figures = []
    monkeypatch.setattr(picture, "rendered", lambda figure: figures.append(figure) or {"svg": b""})
    picture.picture([], COSTS)
    area, energy = figures[0].axes[3:]
    assert (area.get_ylabel(), energy.get_ylabel()) == ("GE a lane", "pJ a product")

    def drawn(axis):
        """Curves with names, then exact units, as heights; and the lines that mark cards."""
        lines = [(str(each.get_label()), each.get_ydata()) for each in axis.lines]
        named = {name: [*y] for name, y in lines if not name.startswith("_")}
        hollow = [[*x.get_ydata()] for x in axis.lines if x.get_markerfacecolor() == "white"]
        upright = [x.get_xdata()[0] for x in axis.lines if [*x.get_ydata()] == [0, 1]]
        return named, hollow, upright

    assert drawn(area) == ({"1": [1000], "2": [750.5, 1500]}, [[850]], [13, 25])
    assert drawn(energy) == ({"1": [1.5], "2": [0.756]}, [[0.9]], [13, 25])
    for axis in (area, energy):
        assert [each.get_text() for each in axis.get_xticklabels()] == ["13", "25", "exact"]
        assert [each.get_text() for each in axis.texts] == ["Ada, Hopper", "Blackwell"]
    assert "dots.csv: goal speed, Lib; hollow: exact" in figures[0].get_suptitle()


def test_the_committed_page_is_of_the_committed_tables():
    kinds = get_type_hints(WindowRecord)
    with (RESULTS / "window.csv").open(encoding="utf-8", newline="") as file:
        records = [
            WindowRecord(**{name: _value(kinds[name], value) for name, value in row.items()})
            for row in csv.DictReader(file)
        ]
    files = Windows().render(records, Made("fp8mac window", WindowOptions()))
    for name in ("window.csv", "window.md"):
        assert str(files[name]).encode() == (RESULTS / name).read_bytes()
    made, kept = bytes(files["window.svg"]).decode(), (RESULTS / "window.svg").read_text("utf-8")
    assert re.findall(_WORDS, made) == re.findall(_WORDS, kept)
    words = {"exact from F = 23", "right answers, %", "GE a lane", "pJ a product", "exact"}
    assert words <= {*re.findall(_WORDS, kept)}


def _value(kind, text):
    kinds = [each for each in getattr(kind, "__args__", (kind,)) if each is not type(None)]
    return None if text == "" and kinds != [str] else kinds[0](text)


def test_page_and_table(tmp_path):
    fields = dict.fromkeys(WindowRecord.__dataclass_fields__)
    base = WindowRecord(**fields | {"part": "sums", "unit": "u", "terms": 1024, "sums": 9})
    records = [
        replace(base, bits=13, lanes=32, sqnr_db=61.25),
        replace(base, bits=14, lanes=32, sqnr_db=None),
        replace(base, part="guard", lanes=4, guard_bits=2, sqnr_db=157.5),
        replace(base, part="cancel", lanes=4, guard_bits=2, sqnr_db=1.0),
        replace(base, part="network", bits=13, accuracy=0.922, reference=0.93, float_sqnr_db=23.1),
        replace(base, part="network", accuracy=0.924, reference=0.93, float_sqnr_db=23.2),
        replace(base, part="layer", sqnr_db=62.8, largest_error=0.01877, float_sqnr_db=32.0),
    ]
    table = tmp_path / "d.csv"
    table.write_text(TABLE, encoding="utf-8")
    files = Windows().render(records, Made("fp8mac window", WindowOptions(costs=str(table))))
    assert sorted(files) == ["window.csv", "window.md", "window.svg"]
    text = str(files["window.md"])
    for cell in (
        "Made by `fp8mac window`.",
        "| 13 (Ada, Hopper) | 61.2     |",
        "| 14               | exact    |",
        "| 2          | 157.5   |",
        "| 13    | 92.2 % | 23.1     |",
        "| exact | 92.4 % | 23.2     |",
        "| `u`  | 62.8     | 0.019         | 32.0                     |",
        "writes: `--goal speed`,\nLib. *Exact* is `e4m3 -> kulisch:7`, and the same",
        "holds all sums of 128 products",
        "| F                | 1 lane | 2 lanes |",
        "| 13 (Ada, Hopper) | 1000   | 750     |",
        "| 25 (Blackwell)   |        | 1500    |",
        "| exact            |        | 850     |",
        "| 13 (Ada, Hopper) | 1.50   | 0.76    |",
        "| 25 (Blackwell)   |        |         |",
        "| exact            |        | 0.90    |",
        "| guard bits | 4 lanes | 8 lanes |",
        "| 0          | 650     | 600     |",
        "| 3          |         | 626     |",
        "| 0          | 0.61    |         |",
        "| 3          |         | 0.78    |",
    ):
        assert cell in text, cell
    rest = "".join(line for line in TABLE.splitlines(keepends=True) if "late" not in line)
    table.write_text(rest, encoding="utf-8")
    other = Windows().render(records, Made("fp8mac window", WindowOptions(costs=str(table))))
    assert str(other["window.md"]) == text.partition("\nRVBNA by its guard bits, products")[0]
    rows = str(files["window.csv"]).splitlines()
    assert rows[0].startswith("part,unit,bits,lanes,guard_bits,terms,sums,sqnr_db,largest_error")
    assert len(rows) == 1 + len(records)


def test_unknown_part():
    with pytest.raises(Error) as error:
        Windows().plan(WindowOptions(parts=("x",)))
    parts = "sums, guard, cancel, network, layer"
    assert str(error.value) == f"Unknown part 'x'; there are {parts}."
