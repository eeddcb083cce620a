"""What is recommended from half of the questions to a network holds on those held back."""

from dataclasses import replace

import pytest
import toy_sweep

from fp8mac.synth_reports.experiments.sweep.accuracy import AccuracyJob
from fp8mac.synth_reports.experiments.sweep.recommend import Demand, recommend
from fp8mac.synth_reports.experiments.sweep.spec import Spec
from fp8mac.synth_reports.store.points.points import PointStore

UNITS = ("int2", "int3", "e2m1", "int4", "e3m2", "e5m2", "e4m3", "int8")
SPEC = Spec(formats=UNITS, accumulators=("kulisch",), guard_bits=(8,), networks=("digits_mlp",))


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """Rows of the first 300 questions, and losses on the other 300; areas grow along `UNITS`."""
    folder = tmp_path_factory.mktemp("halves")
    kinds = replace(toy_sweep.KINDS, accuracy=AccuracyJob)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        areas = {f"{each} -> kulisch:8": 10.0 * n for n, each in enumerate(UNITS, 1)}
        patch.setattr(toy_sweep, "AREAS", areas)
        patch.setattr(toy_sweep, "KINDS", kinds)
        for questions in (300, 600):
            store = folder / f"{questions}.sqlite"
            toy_sweep.toy_sweep(store, replace(SPEC, questions=questions))
            found[questions] = PointStore(store).rows()
    pairs = zip(found[300], found[600], strict=True)
    return found[300], {half["unit"]: 2 * all_["loss"] - half["loss"] for half, all_ in pairs}


@pytest.mark.parametrize("limit", [0.9, 0.3, 0.1, 0.05, 0.03])
def test_recommended_units_keep_the_limit_on_questions_held_back(halves, limit):
    rows, held_back = halves
    found = recommend(rows, Demand("digits_mlp", limit))
    assert found.choice is not None
    assert held_back[found.choice.row["unit"]] <= limit
    cheaper = [row for row in rows if row["area_ge"] < found.choice.row["area_ge"]]
    assert all(row["loss_high"] > limit for row in cheaper)
    assert [each.row["unit"] for each in found.cheaper] == [row["unit"] for row in cheaper]


def test_the_limit_decides(halves):
    rows, _ = halves
    units = [
        recommend(rows, Demand("digits_mlp", limit)).choice.row["unit"]
        for limit in (0.9, 0.1, 0.03)
    ]
    assert len(set(units)) == 3
    assert units[0] == "int2 -> kulisch:8"


def test_nothing_fits_a_limit_below_the_intervals(halves):
    rows, _ = halves
    found = recommend(rows, Demand("digits_mlp", 0.0001))
    assert found.choice is None
    assert found.nearest.row["loss_high"] == min(row["loss_high"] for row in rows)
    assert len(found.cheaper) == len(UNITS)
