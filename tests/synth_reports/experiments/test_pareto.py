"""Area against accuracy: the front, what is joined, what is missing, pictures, sentences."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.synth_reports.experiments.accuracy.accuracy import COLUMNS
from fp8mac.synth_reports.experiments.pareto.pareto import ParetoPoint, PlotError, front
from fp8mac.synth_reports.experiments.pareto.plot import _ends, _place, picture
from fp8mac.synth_reports.experiments.pareto.tables import (
    ChartJob,
    check_axes,
    networks_of,
)
from fp8mac.synth_reports.experiments.pareto.tables import charts as charts_of
from fp8mac.synth_reports.experiments.pareto.text import csv_text, markdown_text
from fp8mac.synth_reports.render.tables import csv_table

RESULTS = Path(__file__).parents[3] / "synth_reports" / "results"

FORMATS, ACCS = ("int8", "e4m3", "e5m2"), ("kulisch", "fp16")


def charts(grid, accuracy, networks=(), **options):
    """Charts by network."""
    places = (grid, accuracy)
    return {
        name: charts_of(ChartJob(name, *places, **options))
        for name in networks_of(accuracy, networks)
    }


def point(area, value, name=""):
    return ParetoPoint(name, "e4m3", "fp16", area, value, value, value)


def slug(format_, acc):
    return f"mac_{format_}_{format_}_{acc.replace('kulisch', 'kulisch12')}"


def run(format_, acc, difference, sqnr, **others):
    row = dict.fromkeys(COLUMNS, "") | {
        "experiment": "formats",
        "network": "toy",
        "unit": slug(format_, acc),
        "a_format": format_,
        "w_format": format_,
        "accumulator": acc,
        "metric": "top1",
        "samples": 100,
        "difference": difference,
        "difference_low": difference - 0.01,
        "difference_high": difference + 0.005,
        "sqnr_db": sqnr,
    }
    return row | others


RUNS = [
    run("int8", "kulisch", -0.01, 20.0),
    run("int8", "fp16", -0.85, ""),
    run("e4m3", "kulisch", -0.001, 25.0),
    run("e4m3", "fp16", -0.002, 24.5),
    run("e5m2", "kulisch", -0.02, 14.0),
    run("e4m3", "kulisch", 0.5, 99.0, experiment="cast"),
    run("e5m2", "fp32", 0.0, 15.0),
]
AREAS = dict(zip([(f, a) for f in FORMATS for a in ACCS], range(500, 1100, 100), strict=True))


@pytest.fixture
def tables(tmp_path):
    grid = [
        {"unit": slug(*key), "shape": shape, "weighted_gates": gates - 90 * (shape == "core")}
        for key, gates in AREAS.items()
        for shape in ("core", "unit")
    ]
    (tmp_path / "grid.csv").write_text(csv_table(grid))
    (tmp_path / "accuracy").mkdir()
    (tmp_path / "accuracy" / "toy.csv").write_text(csv_table(RUNS))
    other = [each | {"network": "other", "samples": 7} for each in RUNS[:2]]
    (tmp_path / "accuracy" / "other.csv").write_text(csv_table(other))
    (tmp_path / "accuracy" / "sum_length.csv").write_text("format,terms\ne4m3,32\n")
    return tmp_path / "grid.csv", tmp_path / "accuracy"


def test_front_of_a_few():
    corner, worse, larger, best = point(1, 1), point(1, 0), point(2, 1), point(3, 2)
    assert front([best, larger, worse, corner]) == [corner, best]
    assert front([]) == []
    twins = [point(1, 1, "a"), point(1, 1, "b")]
    assert front([*twins, worse]) == twins


def test_front_is_what_its_definition_says():
    for seed in range(200):
        numbers = np.random.default_rng(seed).integers(0, 6, (12, 2)).tolist()
        points = [point(*pair, name=str(n)) for n, pair in enumerate(numbers)]
        wanted = {
            p.unit
            for p in points
            if not any(
                q.area <= p.area and q.value >= p.value and (q.area, q.value) != (p.area, p.value)
                for q in points
            )
        }
        assert {p.unit for p in front(points)} == wanted


def test_join(tables):
    found = charts(*tables)
    assert list(found) == ["other", "toy"]
    accuracy, sqnr = found["toy"]
    assert [(p.label, p.area, p.value) for p in accuracy.front] == [
        ("int8 kulisch", 500, -1.0),
        ("e4m3 kulisch", 700, pytest.approx(-0.1)),
    ]
    assert (accuracy.points[0].low, accuracy.points[0].high) == (-2.0, -0.5)
    assert [p.label for p in accuracy.as_good_as_float32] == ["e4m3 kulisch", "e4m3 fp16"]
    assert len(accuracy.points) == 5
    assert len(sqnr.points) == 4
    assert accuracy.missing == {
        "mac_e5m2_e5m2_fp32": "no weighted_gates",
        "mac_e5m2_e5m2_fp16": "not run",
    }
    assert sqnr.missing == accuracy.missing | {"mac_int8_int8_fp16": "no sqnr_db"}
    assert charts(*tables, shape="core")["toy"][0].points[0].area == 410


def test_tables(tables):
    found = charts(*tables)["toy"]
    rows = list(csv.DictReader(io.StringIO(csv_text(found))))
    assert [row["unit"] for row in rows] == [slug(*key) for key in list(AREAS)[:5]]
    assert rows[0] == {
        "network": "toy",
        "unit": "mac_int8_int8_kulisch12",
        "format": "int8",
        "accumulator": "kulisch",
        "weighted_gates": "500",
        "difference_points": "-1.0",
        "difference_points_low": "-2.0",
        "difference_points_high": "-0.5",
        "accuracy_front": "1",
        "sqnr_db": "20.0",
        "sqnr_front": "1",
    }
    assert (rows[1]["sqnr_db"], rows[1]["sqnr_front"], rows[1]["accuracy_front"]) == ("", "", "0")
    text = markdown_text(found, "fp8mac plot")
    assert "(100 questions, top1)" in text
    assert "- Pareto front by sqnr, from the smallest: int8 kulisch (500; 20.00), e4m3 kul" in text
    assert "2 of 5 units, from the smallest: e4m3 kulisch (700), e4m3 fp16 (800)." in text
    assert re.search(r"\| e4m3 in kulisch \| 700 +\| -0\.10 \[-1\.1, \+0\.4\] +\| yes ", text)
    assert "- Not drawn, no sqnr_db: mac_int8_int8_fp16." in text


def test_picture_has_every_unit_and_stays_the_same(tables):
    found = charts(*tables)["toy"]
    files = picture(found)
    assert files == picture(found)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", files["svg"].decode())
    for chart in found:
        for each in chart.points:
            assert any(text.startswith(each.label) for text in texts), each
    assert "int8 fp16: -85.0" in texts  # below the edge, with its value
    assert "top1, 100 questions; bars: paired 95 % intervals" in " ".join(texts)
    assert set(picture(found[1:])) == {"png", "svg"}


def test_command(tables, tmp_path):
    common = ["plot", "--grid", str(tables[0]), "--accuracy", str(tables[1])]
    out = tmp_path / "out"
    result = CliRunner().invoke(app, [*common, "--network", "toy", "--output-dir", str(out)])
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert {path.name for path in out.iterdir()} == {
        f"toy.{s}" for s in ("md", "csv", "png", "svg")
    }
    command = " ".join(["fp8mac plot --network toy", *common[1:]])
    assert f"Made by `{command}`" in (out / "toy.md").read_text()
    result = CliRunner().invoke(app, [*common, "--x", "ge", "--output-dir", str(tmp_path / "ge")])
    assert result.exit_code == 2
    assert result.stderr == (
        f"'{tables[0]}' has no column 'area_ge'; its columns are unit, shape, weighted_gates.\n"
    )
    assert not (tmp_path / "ge").exists()


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("ge", "area_ge"),
        ("delay", "delay_fo4"),
        ("energy", "energy_unit_delay_cinv_v2"),
        ("levels", "levels"),
    ],
)
def test_columns_of_the_committed_grid_are_axes(name, column):
    found = charts(RESULTS / "grid.csv", RESULTS / "accuracy", area=name, networks=["fmnist"])
    chart = found["fmnist"][0]
    assert chart.area == column
    silent = [unit for unit, why in chart.missing.items() if why == f"no {column}"]
    assert (len(chart.points), silent) == (26, [])


@pytest.mark.parametrize(
    ("table", "name", "column", "place"),
    [("fpga.csv", "luts", "luts", "luts"), ("route.csv", "period", "period_ns", "mhz_median")],
)
def test_tables_of_fpgas_are_axes(table, name, column, place):
    """Units in lines, of the first row's device and goal alone."""
    found = charts(RESULTS / table, RESULTS / "accuracy", area=name, networks=["fmnist"])
    chart = found["fmnist"][0]
    assert chart.area == column
    with open(RESULTS / table, newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["unit"] == "e4m3 -> fp16")
    (drawn,) = (each for each in chart.points if each.unit == "mac_e4m3_e4m3_fp16")
    assert drawn.area == (1000 / float(row[place]) if name == "period" else float(row[place]))
    text = markdown_text(found["fmnist"], "fp8mac plot")
    assert f"`{column}` of `{table}`" in text


def test_every_unit_of_the_grid_has_an_energy_whose_sums_do_not_overflow():
    with open(RESULTS / "grid.csv", newline="") as file:
        units = [row for row in csv.DictReader(file) if row["shape"] == "unit"]
    assert len(units) == 46
    for row in units:
        assert float(row["energy_overflow_share"]) < 0.001, row["unit"]
        assert float(row["energy_unit_delay_cinv_v2"]) > float(row["energy_functional_cinv_v2"]) > 0


def test_no_unit_counts_as_better_than_float32(tables):
    """Luck beyond float32, and an interval that reaches it, are worth nothing."""
    accuracy = charts(*tables)["toy"][0]
    by_label = {p.label: p for p in accuracy.points}
    lucky = replace(by_label["e5m2 kulisch"], value=2.0, low=1.0, high=3.0)
    good, worse = by_label["e4m3 kulisch"], by_label["int8 kulisch"]
    chart = replace(accuracy, points=[lucky, good, worse])
    assert [chart.rank(p) for p in chart.points] == [0.0, 0.0, -1.0]
    assert lucky.area > good.area > worse.area
    assert chart.front == [worse, good]


def test_int32_has_the_accuracy_of_kulisch():
    """Both add the same integers; the unit is in every picture."""
    found = charts(RESULTS / "grid.csv", RESULTS / "accuracy")
    assert len(found) == 9
    for each in found.values():
        for chart in each:
            twins = {p.unit: p for p in chart.points if p.format == "int8"}
            own, other = twins["mac_int8_int8_int32"], twins["mac_int8_int8_kulisch12"]
            assert own.label == "int8 int32"
            assert (own.value, own.low, own.high) == (other.value, other.low, other.high)
            assert own.area > other.area
            assert chart.twins == {own.unit: other.unit}


def test_what_is_off_the_scale_is_apart(tables):
    """Nothing that is farther down stands among those that are at their place."""
    found = charts(*tables)["toy"]
    accuracy = found[0]
    low, top = _ends(accuracy)
    assert [p.label for p in accuracy.points if p.value < low] == ["int8 fp16"]
    for p in accuracy.points:
        drawn = _place(accuracy, p)[1]
        assert drawn == p.value if p.value >= low else drawn < low - 0.1 * (top - low)
    wide = charts(RESULTS / "grid.csv", RESULTS / "accuracy", networks=["efficientnet"])
    chart = wide["efficientnet"][0]
    assert min(p.value for p in chart.points) < -11
    assert all(_place(chart, p)[1] == p.value for p in chart.points)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"networks": ["x"]},
            "There are no results of the network 'x' in '{}'; there are other, toy.",
        ),
        ({"quantities": ["luck"]}, "Accuracy is not measured by 'luck'; there are accuracy, sqnr."),
        ({"shape": "chip"}, "'{}' has no 'weighted_gates' of any chip."),
    ],
)
def test_what_is_not_there(tables, options, sentence):
    axes = {"area": "gates", "shape": "unit", "quantities": ["accuracy"]} | options
    networks = axes.pop("networks", ())

    def plan():
        check_axes(tables[0], **axes)
        return networks_of(tables[1], networks)

    with pytest.raises(PlotError) as error:
        plan()
    place = tables["networks" in options]
    assert str(error.value) == sentence.format(place)


def test_files_that_are_not_there_or_broken(tables):
    grid, accuracy = tables
    missing = grid.with_name("none.csv")
    sentences = {missing: f"There is no '{missing}'; make it with fp8mac grid."}
    for name, content, sentence in (
        ("empty.csv", "unit,shape\n", "'{}' is empty; make it anew with fp8mac grid."),
        (
            "words.csv",
            "unit,shape,weighted_gates\nmac,unit,many\n",
            "'{}': 'many' in column 'weighted_gates' is not a number.",
        ),
    ):
        path = grid.with_name(name)
        path.write_text(content)
        sentences[path] = sentence.format(path)
    for path, sentence in sentences.items():
        with pytest.raises(PlotError) as error:
            charts(path, accuracy)
        assert str(error.value) == sentence
    with pytest.raises(PlotError) as error:
        charts(grid, grid.parent / "nowhere")
    assert str(error.value) == (
        f"There is no table of formats and accumulators in '{grid.parent / 'nowhere'}'; make one "
        "with fp8mac accuracy."
    )


def test_committed_pictures_are_of_the_committed_tables():
    pages = sorted((RESULTS / "pareto").glob("*.csv"))
    found = charts(RESULTS / "grid.csv", RESULTS / "accuracy")
    assert sorted(found) == [page.stem for page in pages]
    for page in pages:
        assert page.read_text(encoding="utf-8") == csv_text(found[page.stem])
