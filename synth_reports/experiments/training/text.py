"""Training on units as a page, a table and a picture."""

from collections.abc import Sequence
from typing import Any

from fp8mac.synth_reports.experiments.training.differences import compare, verdict
from fp8mac.synth_reports.experiments.training.runs import TrainingRun
from fp8mac.synth_reports.experiments.training.ways import CLAIMS
from fp8mac.synth_reports.render.plots import COLOURS, drawing, entitle, rendered
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

__all__ = ["csv_text", "markdown_text", "pictures"]

_REFERENCE = "float32"
_DRAWN = 5  # ways in a frame, those that differ most


def csv_text(runs: Sequence[TrainingRun]) -> str:
    """One line a run."""
    return csv_table([_facts(run) for run in runs])


def _facts(run: TrainingRun) -> dict[str, Any]:
    worst = max((shares[-1] for shares in run.underflown.values() if shares), default=None)
    return {
        "task": run.task,
        "way": run.way,
        "seed": run.seed,
        "steps": run.steps,
        "measure": run.measure,
        "loss": f"{run.loss:.6g}",
        "accuracy": f"{run.accuracy:.6g}",
        "gradients_underflown_worst_layer": None if worst is None else f"{worst:.4g}",
        "overflown_share": run.overflown_share,
        "swamped_share": None if run.swamped_share is None else f"{run.swamped_share:.4g}",
    }


def markdown_text(runs: Sequence[TrainingRun], command: str) -> str:
    """The page: claims of papers, then every task."""
    tasks = list(dict.fromkeys(run.task for run in runs))
    sections = "\n".join(_task(runs, task) for task in tasks)
    return f"""\
# Training on units

Made by `{command}`.

Every product of the forward pass, of the data gradient and of the weight gradient is computed by
the unit, bit for bit. Differences are of losses on what is held out, between runs from the same
seeds, with the 95 % interval of their mean (Student's t). Runs, seeds, steps and what counts as
agreement were fixed before the first run: a claim of equality is the *same* here if the interval
lies within 1 % of the loss, *opposite* if it lies outside; a claim of loss is the *same* if the
interval lies above zero, *opposite* if below; else there is *no sign*. These are small tasks, and
say nothing of large ones.

## What papers say

{_claims(runs)}

![Learning curves](training.svg)

{sections}"""


def _claims(runs: Sequence[TrainingRun]) -> str:
    body = []
    for claim in CLAIMS:
        for task in claim.tasks:
            difference = compare(runs, task, claim.first, claim.second)
            if difference is None or difference.seeds < 2:
                continue
            body.append(
                [
                    claim.paper,
                    claim.text,
                    task,
                    f"{claim.first} less {claim.second}",
                    _interval(difference.mean, difference.half),
                    str(difference.seeds),
                    verdict(claim, difference),
                ]
            )
    head = ["paper", "claim", "task", "compared", "difference", "seeds", "here"]
    return markdown_table(head, body) if body else "There are too few seeds for any claim."


def _interval(mean: float, half: float) -> str:
    return f"{mean:+.4f} ± {half:.4f}"


def _task(runs: Sequence[TrainingRun], task: str) -> str:
    some = [run for run in runs if run.task == task]
    ways = list(dict.fromkeys(run.way for run in some))
    body = []
    for way in ways:
        own = [run for run in some if run.way == way]
        loss, right = (
            compare(some, task, way, _REFERENCE, measure) for measure in ("loss", "accuracy")
        )
        lost = [shares[-1] for run in own for shares in run.underflown.values() if shares]
        swamped = [run.swamped_share for run in own if run.swamped_share is not None]
        body.append(
            [
                way,
                f"{sum(run.loss for run in own) / len(own):.4f}",
                "" if loss is None or way == _REFERENCE else _interval(loss.mean, loss.half),
                ""
                if right is None or way == _REFERENCE
                else f"{100 * right.mean:+.2f} ± {100 * right.half:.2f}",
                f"{100 * max(lost):.0f} %" if lost else "",
                f"{100 * sum(swamped) / len(swamped):.1f} %" if swamped else "",
            ]
        )
    head = ["way", some[0].measure, "over float32", "points of accuracy", "underflown", "swamped"]
    seeds = len({run.seed for run in some})
    return f"""\
## {task}

{some[0].steps} steps, {seeds} seeds. *Underflown*: gradients that became zero, in the layer and the
seed that lost most. *Swamped*: products below half an ulp of the sum they met.

{markdown_table(head, body)}
"""


def pictures(runs: Sequence[TrainingRun]) -> dict[str, bytes]:
    """Learning curves: means over seeds, and the range of all seeds, a frame for each task."""
    tasks = list(dict.fromkeys(run.task for run in runs))
    with drawing(4.2 * len(tasks), 4.6) as figure:
        entitle(figure, "Training loss on units", "mean of the seeds; shaded: all of them")
        axes = figure.subplots(1, len(tasks), squeeze=False)[0]
        for axis, task in zip(axes, tasks, strict=True):
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
            axis.set_title(task)
            axis.set_xlabel("steps")
            axis.set_ylabel(some[0].measure)
            axis.grid(color="#dddddd", linewidth=0.8)
            axis.legend(frameon=False, fontsize=8)
        return {"svg": rendered(figure)["svg"]}


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
