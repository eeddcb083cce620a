"""What windows do to sums: errors of known sums, units of F bits, the page and its picture."""

from dataclasses import replace

import numpy as np
import pytest

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.silicon.named import NAMED_UNITS
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.experiment import Made
from fp8mac.synth_reports.experiments.window import networks
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


def test_page_and_table():
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
    files = Windows().render(records, Made("fp8mac window"))
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
    ):
        assert cell in text, cell
    rows = str(files["window.csv"]).splitlines()
    assert rows[0].startswith("part,unit,bits,lanes,guard_bits,terms,sums,sqnr_db,largest_error")
    assert len(rows) == 1 + len(records)


def test_unknown_part():
    with pytest.raises(Error) as error:
        Windows().plan(WindowOptions(parts=("x",)))
    parts = "sums, guard, cancel, network, layer"
    assert str(error.value) == f"Unknown part 'x'; there are {parts}."
