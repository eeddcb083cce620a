"""Training on units as a page, a table and a picture."""

from collections.abc import Sequence
from typing import Any

from fp8mac.synth_reports.experiments.training.claims import CLAIMS
from fp8mac.synth_reports.experiments.training.differences import compare, verdict
from fp8mac.synth_reports.experiments.training.lost import lost_frames, picture_of_lost
from fp8mac.synth_reports.experiments.training.runs import TrainingRun
from fp8mac.synth_reports.render.plots import COLOURS, drawing, entitle, rendered
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

__all__ = ["csv_text", "markdown_text", "pictures"]

_REFERENCE = "float32"
_DRAWN = 5  # ways in a frame, those that differ most
_ACROSS = 4  # frames beside each other
_SCORES = {
    "accuracy": ("points of right answers", 100),
    "miou": ("points of IoU", 100),
    "psnr_db": ("PSNR, dB", 1),
    "ssim": ("SSIM", 1),
    "ms_ssim": ("MS-SSIM", 1),
}
"""What differences of scores are called, and by what they are multiplied."""


def csv_text(runs: Sequence[TrainingRun]) -> str:
    """One line a run, in the order of tasks, ways and seeds."""
    return csv_table([_facts(run) for task in _tasks(runs) for run in _by_way(runs, task)])


def _tasks(runs: Sequence[TrainingRun]) -> list[str]:
    return list(dict.fromkeys(run.task for run in runs))


def _by_way(runs: Sequence[TrainingRun], task: str) -> list[TrainingRun]:
    """Runs of a task, those of one way after each other."""
    some = [run for run in runs if run.task == task]
    return [
        run for way in dict.fromkeys(each.way for each in some) for run in some if run.way == way
    ]


def _facts(run: TrainingRun) -> dict[str, Any]:
    worst = max((shares[-1] for shares in run.underflown.values() if shares), default=None)
    return {
        "task": run.task,
        "way": run.way,
        "seed": run.seed,
        "steps": run.steps,
        "measure": run.measure,
        "loss": f"{run.loss:.6g}",
        **{name: f"{run.scores[name]:.6g}" if name in run.scores else None for name in _SCORES},
        "density": f"{run.scores['density']:.4g}" if "density" in run.scores else None,
        "gradients_underflown_worst_layer": None if worst is None else f"{worst:.4g}",
        "overflown_share": run.overflown_share,
        "swamped_share": None if run.swamped_share is None else f"{run.swamped_share:.4g}",
    }


def markdown_text(runs: Sequence[TrainingRun], command: str) -> str:
    """The page: claims of papers, then every task."""
    sections = "\n".join(_task(runs, task) for task in _tasks(runs))
    return f"""\
# Training on units

Made by `{command}`.

Every product of the forward pass, of the data gradient and of the weight gradient is computed by
the unit, bit for bit. Differences are of what is measured on what is held out, between runs from
the same seeds, with the 95 % interval of their mean (Student's t). Runs, seeds, steps and what
counts as agreement were fixed before the first run. A claim that two ways are equal is *reproduced*
here if the interval lies within the margin and *contradicted* if it lies outside; a claim that one
is worse is *reproduced* if the interval lies on that side of zero and *contradicted* if it lies on
the other; else the claim is *unresolved*. The margin is 1 % of what is measured, but one point of
right answers and of IoU, 0.01 of MS-SSIM, and 0.001 of log loss. These are small tasks, and say
nothing of large ones.

## What papers say

{_claims(runs)}

![Learning curves](training.svg)
{_lost(runs)}
{sections}"""


def _lost(runs: Sequence[TrainingRun]) -> str:
    """Words beside the second picture, where there is one."""
    if not lost_frames(runs):
        return ""
    return """
Shares of gradients that rounding made zero (*underflown*) or that were beyond their format
(*saturated*), of the numbers between two points, in the task in which some layer loses most;
layers as the gradients reach them, the last one on top.

![Lost gradients by layer and step](training.lost.svg)
"""


def _claims(runs: Sequence[TrainingRun]) -> str:
    body = []
    for claim in CLAIMS:
        for task in claim.tasks:
            difference = compare(runs, task, claim.first, claim.second, claim.measure)
            if difference is None or difference.seeds < 2:
                continue
            body.append(
                [
                    claim.paper,
                    claim.text,
                    task,
                    f"{claim.first} less {claim.second}",
                    claim.measure,
                    f"{difference.reference:.4f}",
                    _interval(difference.mean, difference.half),
                    str(difference.seeds),
                    verdict(claim, difference),
                ]
            )
    head = ["paper", "claim", "task", "compared", "measure", "of", "difference", "seeds", "here"]
    return markdown_table(head, body) if body else "There are too few seeds for any claim."


def _interval(mean: float, half: float, digits: int = 4) -> str:
    return f"{mean:+.{digits}f} ± {half:.{digits}f}"


def _task(runs: Sequence[TrainingRun], task: str) -> str:
    some = [run for run in runs if run.task == task]
    scores = [name for name in _SCORES if name in some[0].scores]
    sparse = any("density" in run.scores for run in some)
    body = []
    for way in dict.fromkeys(run.way for run in some):
        own = [run for run in some if run.way == way]
        row = [way, f"{_mean([run.loss for run in own]):.4f}"]
        for measure in ("loss", *scores):
            difference = compare(some, task, way, _REFERENCE, measure)
            if difference is None or way == _REFERENCE:
                row.append("")
                continue
            factor = _SCORES[measure][1] if measure in _SCORES else 1
            digits = 2 if factor == 100 else 4
            row.append(_interval(factor * difference.mean, factor * difference.half, digits))
        lost = [shares[-1] for run in own for shares in run.underflown.values() if shares]
        swamped = [run.swamped_share for run in own if run.swamped_share is not None]
        row.append(f"{100 * max(lost):.0f} %" if lost else "")
        row.append(f"{100 * _mean(swamped):.1f} %" if swamped else "")
        if sparse:
            left = own[0].scores.get("density")
            row.append("" if left is None else f"{100 * left:.1f} %")
        body.append(row)
    head = ["way", some[0].measure, "over float32", *(_SCORES[name][0] for name in scores)]
    head += ["underflown", "swamped", *(["weights left"] if sparse else [])]
    reference = [run for run in some if run.way == _REFERENCE]
    levels = ", ".join(
        f"{_mean([run.scores[name] for run in reference]):.4f} of {name}"
        for name in scores
        if reference
    )
    levels = f"In {_REFERENCE}: {levels}. " if levels else ""
    seeds = len({run.seed for run in some})
    return f"""\
## {task}

{some[0].steps} steps, {seeds} seeds. {levels}*Underflown*: gradients
that became zero, in the layer and the seed that lost most. *Swamped*: products below half an ulp of
the sum they met.

{markdown_table(head, body)}
"""


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def pictures(runs: Sequence[TrainingRun]) -> dict[str, bytes]:
    """Learning curves, a frame for each task, and what becomes of gradients.

    Curves are means over seeds, within the range of all of them.
    """
    tasks = _tasks(runs)
    across = min(_ACROSS, len(tasks))
    down = -(-len(tasks) // across)
    with drawing(4.2 * across, 0.6 + 4.0 * down) as figure:
        entitle(figure, "Training loss on units", "mean of the seeds; shaded: all of them")
        axes = figure.subplots(down, across, squeeze=False).reshape(-1)
        for axis in axes[len(tasks) :]:
            axis.set_axis_off()
        for axis, task in zip(axes, tasks, strict=False):
            some = [run for run in runs if run.task == task]
            for number, way in enumerate(_chosen(some)):
                own = [run.curve for run in some if run.way == way]
                steps = [point[0] for point in own[0]]
                losses = list(zip(*([point[1] for point in curve] for curve in own), strict=True))
                colour = COLOURS[number % len(COLOURS)]
                low, high = ([pick(each) for each in losses] for pick in (min, max))
                axis.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)
                means = [sum(each) / len(each) for each in losses]
                axis.plot(steps, means, color=colour, label=way, linewidth=1.5)
            axis.set_title(f"{task}, seeds: {len({run.seed for run in some})}")
            axis.set_xlabel("steps")
            axis.set_ylabel(some[0].measure)
            axis.grid(color="#dddddd", linewidth=0.8)
            axis.legend(frameon=False, fontsize=8)
        found = {"svg": rendered(figure)["svg"]}
    lost = picture_of_lost(runs)
    return found if lost is None else found | {"lost.svg": lost}


def _chosen(runs: Sequence[TrainingRun]) -> list[str]:
    """Float32, and the ways that end farthest from it."""
    ends: dict[str, list[float]] = {}
    for run in runs:
        ends.setdefault(run.way, []).append(run.loss)
    means = {way: sum(each) / len(each) for way, each in ends.items()}
    middle = means.get(_REFERENCE, 0.0)
    others = sorted(
        (way for way in means if way != _REFERENCE), key=lambda w: -abs(means[w] - middle)
    )
    return [*(way for way in means if way == _REFERENCE), *others[: _DRAWN - 1]]
