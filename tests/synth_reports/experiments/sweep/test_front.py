"""Fronts that are planted, found with few questions; and units that are recommended."""

import itertools
import random

import pytest
import toy_sweep

from fp8mac.synth_reports.cost.target import TargetError
from fp8mac.synth_reports.experiments.sweep.accuracy import asked_enough
from fp8mac.synth_reports.experiments.sweep.contest import Contest
from fp8mac.synth_reports.experiments.sweep.front import (
    AxisError,
    checked_axes,
    costs_of,
    front,
    groups,
    rank,
)
from fp8mac.synth_reports.experiments.sweep.recommend import (
    Demand,
    RecommendError,
    recommend,
)
from fp8mac.synth_reports.experiments.sweep.spec import Spec
from fp8mac.synth_reports.experiments.sweep.written.text import recommendation_text
from fp8mac.synth_reports.store.points.columns import NAMES
from fp8mac.synth_reports.store.points.points import PointStore


def row(unit, area, loss=None, half=0.004, **more):
    """A point that was asked 1,000 questions."""
    found = dict.fromkeys(NAMES) | {
        "id": unit,
        "unit": unit,
        "lanes": 1,
        "goal": "area",
        "library": "fp8mac",
        "network": "fmnist",
        "area_ge": area,
    }
    if loss is not None:
        found |= {"loss": loss, "loss_low": loss - half, "loss_high": loss + half}
        found["questions"] = 1000
    return found | more


def brute_front(rows, axes):
    """By the definition, pair by pair."""
    scored = [(*costs_of(each, axes), -rank(each)) for each in rows]
    return {
        rows[i]["id"]
        for i, mine in enumerate(scored)
        if not any(
            other != mine and all(a <= b for a, b in zip(other, mine, strict=True))
            for other in scored
        )
    }


def test_rank_is_that_of_float32_where_it_is_not_told_apart():
    assert rank(row("a", 1, 0.003)) == 0.0
    assert rank(row("a", 1, -0.1)) == 0.0
    assert rank(row("a", 1, 0.005)) == -0.005


def test_front_is_that_of_the_definition():
    rng = random.Random(1)
    for size, axes in itertools.product(range(1, 12), (("area",), ("area", "delay"))):
        for _ in range(40):
            rows = [
                row(
                    str(number),
                    rng.randint(1, 6),
                    rng.choice([0, 0.002, 0.01, 0.02, 0.02]),
                    delay_fo4=rng.randint(1, 4),
                )
                for number in range(size)
            ]
            assert {each["id"] for each in front(rows, axes)} == brute_front(rows, axes)


def test_front_is_of_what_was_measured_whole():
    rows = [
        row("a", 1),
        row("b", 2, 0.01),
        row("c", 1, 0.0, left_out="asked few"),
        row("d", None, 0),
    ]
    assert [each["id"] for each in front(rows, ["area"])] == ["b"]


def test_costs_are_those_of_the_technology():
    assert costs_of({"area_um2": 3.0, "area_ge": 4.0, "luts": None}, ["area"]) == (3.0,)
    assert costs_of({"area_ge": 4.0, "delay_fo4": 20.0}, ["area", "delay"]) == (4.0, 20.0)
    assert costs_of({"area_ge": 4.0}, ["area", "energy"]) is None
    with pytest.raises(AxisError) as error:
        checked_axes(["area", "weight"])
    assert str(error.value) == (
        "Unknown cost 'weight'; there are area, delay, energy, gates, luts."
    )


def test_groups_are_of_one_network_lanes_and_library():
    rows = [row("a", 1), row("b", 2, lanes=4), row("c", 3), row("d", 4, network=None)]
    rows.append(row("e", 5, library="nangate45"))
    found = [[each["id"] for each in group] for group in groups(rows)]
    assert found == [["a", "c"], ["b"], ["e"]]


def contest(rows, truth, axes=("area",)):
    """Ask until nothing is left, everything each time; who was asked, and by what it was beaten."""
    found, asked = Contest(rows, axes), []
    while (picked := found.next()) is not None:
        point, beaten_by = picked
        asked.append((point["id"], beaten_by))
        found.record(point, truth[point["id"]])
    return found, asked


def test_contest_asks_from_the_cheapest_until_one_is_as_good_as_float32():
    losses = {"a": 0.02, "b": 0.03, "c": 0.0, "d": 0.0, "e": 0.5}
    truth = {name: row(name, number, loss) for number, (name, loss) in enumerate(losses.items())}
    rows = [row(name, number) for number, name in enumerate(losses)]
    found, asked = contest(rows[::-1], truth)
    assert asked == [("a", None), ("b", 0.02), ("c", 0.02)]
    reason = "c costs no more and is not told apart from float32"
    assert found.left_out == {"d": reason, "e": reason}


def test_contest_asks_all_that_can_be_on_the_front():
    """Whatever the costs and losses are, the front of what was asked is that of everything."""
    rng = random.Random(2)
    spared = 0
    for axes in (("area",), ("area", "delay")):
        for _ in range(200):
            truth = {
                str(number): row(
                    str(number),
                    rng.randint(1, 9),
                    rng.choice([0, 0.003, 0.01, 0.02]),
                    delay_fo4=rng.randint(1, 5),
                )
                for number in range(9)
            }
            rows = [{**each, "loss": None, "loss_low": None} for each in truth.values()]
            _, asked = contest(rows, truth, axes)
            measured = [truth[name] for name, _ in asked]
            spared += len(truth) - len(measured)
            wanted = {each["id"] for each in front(list(truth.values()), axes)}
            assert {each["id"] for each in front(measured, axes)} == wanted
    assert spared > 1000


def test_a_twin_of_equal_cost_is_asked():
    truth = {"a": row("a", 1, 0.0), "b": row("b", 1, 0.0)}
    assert contest([row("a", 1), row("b", 1)], truth)[1] == [("a", None), ("b", None)]


def test_asked_enough():
    """Half of the questions: 3.5 standard errors of it, and those of the whole interval below."""
    far = {"loss_low": 0.08, "loss_high": 0.12}  # half is 0.02; surely above 0.0643
    assert asked_enough(far, 0.5, 0.06)
    assert not asked_enough(far, 0.5, 0.07)
    near = {"loss_low": 0.01, "loss_high": 0.05}  # may end up as good as float32
    assert not asked_enough(near, 0.5, 0.0)


PLANTED = Spec(
    formats=("e2m1", "e2m2", "e2m3", "e3m2", "e3m3", "e4m3", "e3m4", "e2m4"),
    accumulators=("fp16", "bf16"),
    networks=("fmnist",),
)


@pytest.fixture
def planted(monkeypatch):
    """Sixteen units; the front is known: losses of 30, 20, 5 points, and none."""
    units = [f"{format_} -> {acc}" for format_ in PLANTED.formats for acc in ("fp16", "bf16")]
    losses = [0.3, 0.6, 0.2, 0.5, 0.5, 0.05, 0.3, 0.2, 0.0, 0.0, 0.1, 0.0, 0.3, 0.0, 0.2, 0.0]
    monkeypatch.setattr(toy_sweep, "LOSSES", dict(zip(units, losses, strict=True)))
    monkeypatch.setattr(toy_sweep, "AREAS", {unit: 10 * n for n, unit in enumerate(units, 1)})
    monkeypatch.setattr(toy_sweep, "BROKEN", "")
    return [units[number] for number in (0, 2, 5, 8)]


def test_adaptive_sweep_finds_the_same_front_with_few_questions(tmp_path, planted):
    whole, few = PointStore(tmp_path / "whole.sqlite"), PointStore(tmp_path / "few.sqlite")
    all_asked = toy_sweep.toy_sweep(whole.path, PLANTED).questions
    summary = toy_sweep.toy_sweep(few.path, PLANTED, axes=("area",))
    fronts = [[each["unit"] for each in front(each.rows(), ["area"])] for each in (whole, few)]
    assert fronts == [planted, planted]
    assert all_asked == 16 * 2000
    assert summary.questions == 4 * 2000 + 5 * 250
    assert 3 * summary.questions <= all_asked
    assert len(summary.left_out) == 12
    reasons = {each["unit"]: each["left_out"] for each in few.rows()}
    assert [unit for unit, why in reasons.items() if why is None] == planted
    last = f"{planted[-1]} costs no more and is not told apart from float32"
    assert list(reasons.values()).count(last) == 7
    partial = "asked 250 of 2000 questions: it loses more than others"
    assert list(reasons.values()).count(partial) == 5
    again = toy_sweep.toy_sweep(few.path, PLANTED, axes=("area",))
    assert (again.done, again.questions) == (0, summary.questions)
    toy_sweep.toy_sweep(few.path, PLANTED)
    assert [each["left_out"] for each in few.rows()] == [None] * 16
    rows = [[{**row, "made_at": ""} for row in each.rows()] for each in (few, whole)]
    assert rows[0] == rows[1]


def test_recommendation_on_the_planted_front(tmp_path, planted):
    store = PointStore(tmp_path / "points.sqlite")
    toy_sweep.toy_sweep(store.path, PLANTED)
    for limit, unit in (
        (0.4, planted[0]),
        (0.25, planted[1]),
        (0.1, planted[2]),
        (0.01, planted[3]),
    ):
        found = recommend(store.rows(), Demand("fmnist", limit))
        assert found.choice is not None
        assert found.choice.row["unit"] == unit
    assert recommend(store.rows(), Demand("fmnist", 0.0)).choice is None


ROWS = [
    row("cheap", 10, 0.02),
    row("close", 20, 0.004),
    row("good", 30, 0.0),
    row("better", 40, -0.001),
    row("dear", 50, 0.03),
    row("blank", 15),
    row("far", 60),
]


def test_recommendation():
    found = recommend(ROWS, Demand("fmnist", 0.005))
    assert found.choice is not None
    assert (found.choice.row["unit"], found.choice.cost, found.column) == ("good", 30, "area_ge")
    assert [each.row["unit"] for each in found.runners_up] == ["better"]
    verdicts = [(each.row["unit"], each.verdict) for each in found.cheaper]
    assert verdicts == [("cheap", "beyond"), ("close", "untold")]
    assert [each.row["unit"] for each in found.unknown] == ["blank"]
    (close,) = found.untold
    assert close.more_questions == 15_000  # an interval of a quarter takes 16 times as many
    assert recommendation_text(found) == (
        "Build good.\n"
        "It is the cheapest of those measured that lose at most 0.5 points on fmnist for sure "
        "(95 %): 30 GE, loses 0.00 points (-0.40 to 0.40, 1000 questions).\n"
        "Its Verilog was not proved; fp8mac prove does.\n"
        "Next:\n"
        "  better: 40 GE, loses -0.10 points (-0.50 to 0.30, 1000 questions).\n"
        "Cheaper, but beyond the limit:\n"
        "  cheap: 10 GE, loses 2.00 points (1.60 to 2.40, 1000 questions).\n"
        "Cheaper, and not told apart from the limit:\n"
        "  close: 20 GE, loses 0.40 points (0.00 to 0.80, 1000 questions); some 15,000 more "
        "questions would tell.\n"
        "Not measured, and maybe cheaper:\n"
        "  blank: its accuracy.\n"
    )


def test_nothing_fits():
    found = recommend(ROWS, Demand("fmnist", 0.001))
    assert found.choice is None
    assert found.nearest is not None
    assert found.nearest.row["unit"] == "better"
    assert [each.row["unit"] for each in found.untold] == ["close", "good", "better"]
    assert [each.row["unit"] for each in found.unknown] == ["blank", "far"]
    assert recommendation_text(found).splitlines()[:2] == [
        "No unit loses at most 0.1 points on fmnist for sure.",
        "The nearest is better: 40 GE, loses -0.10 points (-0.50 to 0.30, 1000 questions).",
    ]


def test_other_costs_and_a_delay():
    rows = [
        row("slow", 10, 0.0, delay_ns=2.0, energy_pj=5.0),
        row("fast", 20, 0.0, delay_ns=1.0, energy_pj=9.0),
        row("lean", 30, 0.0, delay_ns=1.0, energy_pj=4.0),
    ]
    asked = [
        (Demand("fmnist", 0.01), "slow", 0),
        (Demand("fmnist", 0.01, delay="1ns"), "fast", 1),
        (Demand("fmnist", 0.01, delay="1000ps", minimise="energy"), "lean", 1),
        (Demand("fmnist", 0.01, minimise="delay"), "fast", 0),
    ]
    for demand, unit, too_slow in asked:
        found = recommend(rows, demand)
        assert found.choice is not None
        assert (found.choice.row["unit"], found.too_slow) == (unit, too_slow)
    none = recommend(rows, Demand("fmnist", 0.01, delay="0.5ns"))
    assert (none.choice, none.nearest, none.too_slow) == (None, None, 3)
    assert recommendation_text(none) == (
        "No unit loses at most 1 points on fmnist for sure.\nSlower than 0.5ns: 3 points.\n"
    )


def test_clock_of_an_fpga():
    chip = {"library": None, "goal": "fpga", "fpga_target": "ice40", "area_ge": None}
    rows = [
        row("slow", None, 0.0, **chip, luts=100, fmax_mhz=50.0, delay_ns=20.0),
        row("fast", None, 0.0, **chip, luts=150, fmax_mhz=100.0, delay_ns=10.0),
    ]
    for demand, unit, cost, too_slow in (
        (Demand("fmnist", 0.01), "slow", 100, 0),
        (Demand("fmnist", 0.01, delay="100MHz"), "fast", 150, 1),
        (Demand("fmnist", 0.01, minimise="luts", delay="15ns"), "fast", 150, 1),
        (Demand("fmnist", 0.01, minimise="delay"), "fast", 10.0, 0),
    ):
        found = recommend(rows, demand)
        assert found.choice is not None
        assert (found.choice.row["unit"], found.choice.cost) == (unit, cost)
        assert found.too_slow == too_slow
    with pytest.raises(TargetError) as error:
        recommend([row("a", 1, 0.0)], Demand("fmnist", 0.01, delay="0.1GHz"))
    assert str(error.value) == (
        "No point has a clock after place and route that '0.1GHz' can be compared with."
    )


@pytest.mark.parametrize(
    ("demand", "sentence"),
    [
        (
            Demand("lenet", 0.01),
            "There are no points of lenet; there are fmnist; fp8mac sweep measures them.",
        ),
        (
            Demand("fmnist", 0.01),
            "The points of fmnist have several numbers of lanes: 1, 4; choose one with --lanes.",
        ),
        (
            Demand("fmnist", 0.01, lanes=8),
            "There are no points of fmnist with lanes 8; there are 1, 4.",
        ),
        (
            Demand("fmnist", 0.01, lanes=4),
            (
                "The points of fmnist have several libraries: fp8mac, nangate45; choose one with "
                "--library."
            ),
        ),
        (
            Demand("fmnist", 0.01, lanes=1, minimise="energy"),
            "The energy of none of the points was measured.",
        ),
        (
            Demand("fmnist", 0.01, lanes=1, minimise="beauty"),
            "Unknown cost 'beauty'; there are area, delay, energy, gates, luts.",
        ),
        (
            Demand("fmnist", 0.01, lanes=1, delay="1ns"),
            "No point has a delay that '1ns' can be compared with.",
        ),
        (
            Demand("fmnist", 0.01, lanes=1, delay="soon"),
            "'soon' is not a delay; write 20fo4, 0.8ns or 800ps.",
        ),
    ],
)
def test_a_question_that_points_do_not_answer(demand, sentence):
    rows = [row("a", 1, 0.0), row("b", 1, 0.0, lanes=4)]
    rows.append(row("c", 1, 0.0, lanes=4, library="nangate45"))
    with pytest.raises((RecommendError, AxisError, TargetError)) as error:
        recommend(rows, demand)
    assert str(error.value) == sentence


def test_no_points_at_all():
    with pytest.raises(RecommendError) as error:
        recommend([], Demand("fmnist", 0.01))
    assert str(error.value) == "There are no points of fmnist; fp8mac sweep measures them."
