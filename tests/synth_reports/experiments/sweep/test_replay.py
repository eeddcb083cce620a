"""The study up to its fronts: the same fronts from at most a third of the runs and questions."""

import pytest
import study_replay

from fp8mac.synth_reports.experiments.sweep import contest


@pytest.mark.parametrize("axes", [("area",), ("area", "delay"), ("area", "delay", "energy")])
def test_same_fronts_from_a_third_of_the_runs(tmp_path, axes):
    found = study_replay.replay(tmp_path, axes)
    assert found.fronts == found.all_fronts
    assert sum(map(len, found.fronts)) >= 10
    assert 0 < 3 * found.runs <= found.all_runs == len(study_replay.RUNS)
    assert 0 < 3 * found.questions <= found.all_questions


def test_a_bound_that_says_too_much_is_seen(tmp_path, monkeypatch):
    """A unit that is told apart from float32 settles nothing."""
    monkeypatch.setattr(contest, "rank", lambda row: 0.0)
    found = study_replay.replay(tmp_path, ("area",))
    assert found.fronts != found.all_fronts
