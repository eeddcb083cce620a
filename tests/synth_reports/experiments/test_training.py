"""The study of training: intervals, verdicts, pages; nothing here needs PyTorch."""

from dataclasses import replace
from math import gamma, inf, nan, pi, sqrt

import numpy as np
import pytest

from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.experiments.training import differences, experiment
from fp8mac.synth_reports.experiments.training.differences import (
    PairedDifference,
    compare,
    verdict,
)
from fp8mac.synth_reports.experiments.training.experiment import Training, TrainingOptions
from fp8mac.synth_reports.experiments.training.runs import TrainingRun
from fp8mac.synth_reports.experiments.training.text import csv_text, markdown_text, pictures
from fp8mac.synth_reports.experiments.training.ways import CLAIMS, STUDY, ways_of

RUN = TrainingRun("text", "float32", 0, 20, "bits a character", 3.0, 0.4, [[10, 4.0]], {}, {})


def runs(way, losses, **facts):
    return [replace(RUN, way=way, seed=seed, loss=x, **facts) for seed, x in enumerate(losses)]


def share_within(t, freedom):
    """Of Student's distribution, by Simpson's rule."""
    x = np.linspace(0, t, 20_001)
    density = (1 + x * x / freedom) ** (-(freedom + 1) / 2)
    density *= gamma((freedom + 1) / 2) / (sqrt(freedom * pi) * gamma(freedom / 2))
    weights = np.r_[1, np.tile([4, 2], 10_000)[:-1], 1]
    return 2 * float((density * weights).sum()) * t / 20_000 / 3


@pytest.mark.parametrize("freedom", range(1, len(differences._T) + 1))
def test_quantiles_are_those_of_student(freedom):
    assert share_within(differences._T[freedom - 1], freedom) == pytest.approx(0.95, abs=1e-4)


def test_differences_are_paired_by_seed():
    """Differences 0.1, 0.3, 0.2: mean 0.2, deviation 0.1, t 4.303; a lone seed does not count."""
    some = runs("fp8", [3.1, 3.5, 3.4]) + runs("float32", [3.0, 3.2, 3.2, 9.0])
    found = compare(some, "text", "fp8", "float32")
    assert found is not None
    assert (found.mean, found.seeds) == (pytest.approx(0.2), 3)
    assert found.half == pytest.approx(4.303 * 0.1 / sqrt(3))
    assert (found.low, found.high) == (found.mean - found.half, found.mean + found.half)
    assert found.reference == pytest.approx((3.0 + 3.2 + 3.2) / 3)
    assert compare(some, "text", "bf16", "float32") is None
    assert compare(some, "digits", "fp8", "float32") is None
    one = compare(some[:1] + some[3:], "text", "fp8", "float32")
    assert one is not None
    assert one.half == inf


@pytest.mark.parametrize(
    ("kind", "mean", "half", "said"),
    [
        ("equal", 0.001, 0.02, "same"),
        ("equal", 0.02, 0.02, "no sign"),
        ("equal", 0.06, 0.02, "opposite"),
        ("equal", -0.06, 0.02, "opposite"),
        ("equal", 0.0, inf, "no sign"),
        ("equal", nan, inf, "opposite"),
        ("worse", 0.02, 0.01, "same"),
        ("worse", 0.02, 0.03, "no sign"),
        ("worse", -0.02, 0.01, "opposite"),
        ("worse", nan, inf, "same"),
    ],
)
def test_verdicts_are_those_that_the_page_explains(kind, mean, half, said):
    claim = next(each for each in CLAIMS if each.kind == kind)
    assert verdict(claim, PairedDifference(mean, half, 3.0, 5)) == said


def test_every_claim_can_be_judged():
    others = set()
    for claim in CLAIMS:
        assert claim.kind in ("equal", "worse")
        for task in claim.tasks:
            ways = claim.first, claim.second
            assert [way.name for way in ways_of(task, ways)] == list(
                dict.fromkeys(["float32", *ways])
            )
            others |= set(ways) - set(STUDY[task])
    assert others == {"tachyum-fp8", "tachyum-sfp8", "global 2^8"}  # with --ways alone
    for task, names in STUDY.items():
        assert names[0] == "float32"
        assert [way.name for way in ways_of(task)] == list(names)


def test_plans_are_parts_of_the_study(monkeypatch):
    monkeypatch.setattr(experiment, "find_spec", lambda name: True)
    plan = Training().plan
    assert len(plan(TrainingOptions())) == 125
    quick = plan(TrainingOptions(quick=True))
    assert len(quick) == 50
    assert {job.steps for job in quick} == {20}
    some = plan(TrainingOptions(("text",), ("fp8",), 3))
    assert [(job.way, job.seed) for job in some] == [
        (way, seed) for way in ("float32", "fp8") for seed in range(3)
    ]


def test_what_is_not_there_is_refused(monkeypatch):
    plan = Training().plan
    monkeypatch.setattr(experiment, "find_spec", lambda name: None)
    for options, message in (
        (TrainingOptions(), "fp8mac train needs PyTorch; install fp8mac[torch]."),
        (TrainingOptions(("cifar",)), "There is no task 'cifar'; there are digits, fashion, text."),
    ):
        with pytest.raises(Error) as error:
            plan(options)
        assert str(error.value) == message
    with pytest.raises(Error, match=r"^There is no way 'fp9'; there are float32, fp8, "):
        plan(TrainingOptions(ways=("fp9",)))


def page():
    lost = {"head": [0.25], "first": [0.5]}
    facts = {"underflown": lost, "overflown_share": 0.0, "swamped_share": 0.125}
    return runs("float32", [3.0, 3.5]) + runs("fp8", [3.01, 3.5], **facts)


def test_page_has_claims_and_tasks():
    text = markdown_text(page(), "fp8mac train --tasks text")
    assert "Made by `fp8mac train --tasks text`." in text
    (claim,) = (line for line in text.splitlines() if line.startswith("| arXiv:2209.05433"))
    assert [cell.strip() for cell in claim.strip("|").split("|")] == [
        "arXiv:2209.05433",
        "the same of language models",
        "text",
        "fp8 less float32",
        "+0.0050 ± 0.0635",
        "2",
        "no sign",
    ]
    row = next(line for line in text.splitlines() if line.startswith("| fp8 "))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["fp8", "3.2550", "+0.0050 ± 0.0635", "+0.00 ± 0.00", "50 %", "12.5 %"]
    assert "There are too few seeds for any claim." in markdown_text(runs("fp8", [1.0]), "x")


def test_table_has_a_line_for_each_run():
    lines = csv_text(page()).splitlines()
    assert lines[0] == (
        "task,way,seed,steps,measure,loss,accuracy,gradients_underflown_worst_layer,"
        "overflown_share,swamped_share"
    )
    assert lines[1] == "text,float32,0,20,bits a character,3,0.4,,,"
    assert lines[3] == "text,fp8,0,20,bits a character,3.01,0.4,0.5,0.0,0.125"
    assert len(lines) == 5


def test_picture_is_the_same_each_time():
    found = pictures(page())
    assert list(found) == ["svg"]
    assert found == pictures(page())
    assert b"bits a character" in found["svg"]
