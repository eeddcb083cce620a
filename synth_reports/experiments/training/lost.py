"""What becomes of gradients while a network trains, by layer, as a picture."""

from collections.abc import Sequence
from itertools import pairwise
from math import nan
from typing import Any

from fp8mac.synth_reports.experiments.training.runs import TrainingRun
from fp8mac.synth_reports.render.plots import drawing, entitle, rendered

__all__ = ["lost_frames", "picture_of_lost", "shares_between"]

Frame = tuple[str, str, str]
"""Task, way, and ``underflown`` or ``saturated``."""

_ACROSS = 3  # frames beside each other
_LEAST = 1e-5  # share that has a colour of its own; what is less has the same
_TICKS = {10.0**power: f"{10.0 ** (power + 2):g} %" for power in range(-4, 1)} | {
    _LEAST: "0.001 % or less"
}
_KINDS = ("underflown", "saturated")


def shares_between(run: TrainingRun, kind: str) -> dict[str, list[float]]:
    """Shares of a layer's gradients that were lost between one point of the curve and the next.

    A run counts from its first step, and every step has as many gradients.

    Parameters
    ----------
    run : TrainingRun
        With its counts.
    kind : str
        ``underflown`` or ``saturated``.

    Examples
    --------
    >>> curve = [[10, 3.0], [20, 2.0]]
    >>> run = TrainingRun("t", "w", 0, 20, "nats", 2.0, {}, curve, {"head": [0.5, 0.25]}, {})
    >>> shares_between(run, "underflown")
    {'head': [0.5, 0.0]}
    """
    ends = [0.0, *(point[0] for point in run.curve)]
    found: dict[str, list[float]] = {}
    for layer, shares in getattr(run, kind).items():
        counts = [0.0, *(share * end for share, end in zip(shares, ends[1:], strict=True))]
        found[layer] = [
            max(0.0, round((after - before) / (end - start), 12))
            for (before, after), (start, end) in zip(pairwise(counts), pairwise(ends), strict=True)
        ]
    return found


def lost_frames(runs: Sequence[TrainingRun]) -> dict[Frame, dict[str, list[float]]]:
    """What is drawn: of the task in which some layer loses most, every way; empty if none does.

    Frames of what saturates follow those of what underflows, if any number does.

    Returns
    -------
    dict
        By task, way and kind: mean shares of the seeds, see `shares_between`.
    """
    lost = {kind: [(run, shares_between(run, kind)) for run in runs] for kind in _KINDS}
    worst: dict[str, float] = {}
    for run, layers in (each for some in lost.values() for each in some):
        most = max((max(shares, default=0.0) for shares in layers.values()), default=0.0)
        worst[run.task] = max(worst.get(run.task, 0.0), most)
    task = max(worst, key=lambda each: worst[each], default="")
    frames: dict[Frame, list[dict[str, list[float]]]] = {}
    for kind, some in lost.items():
        own = [(run.way, layers) for run, layers in some if run.task == task and layers]
        if any(any(shares) for _, layers in own for shares in layers.values()):
            for way, layers in own:
                frames.setdefault((task, way, kind), []).append(layers)
    return {frame: _mean(seeds) for frame, seeds in frames.items()}


def _mean(seeds: Sequence[dict[str, list[float]]]) -> dict[str, list[float]]:
    """Of the seeds, by layer and point."""
    return {
        layer: [sum(each) / len(each) for each in zip(*(one[layer] for one in seeds), strict=True)]
        for layer in seeds[0]
    }


def picture_of_lost(runs: Sequence[TrainingRun]) -> bytes | None:
    """The frames of `lost_frames`, as SVG; None where there are none."""
    frames = lost_frames(runs)
    if not frames:
        return None
    (task, *_), layers = next(iter(frames)), list(next(iter(frames.values())))
    some = [run for run in runs if run.task == task]
    edges = [0.0, *(point[0] for point in some[0].curve)]
    across = min(_ACROSS, len(frames))
    down = -(-len(frames) // across)
    seeds = len({run.seed for run in some})
    note = f"task {task}, mean of the seeds ({seeds}); white: none"
    if all(kind != "saturated" for *_, kind in frames):
        note += "; no gradient was beyond its format"
    with drawing(3.6 * across + 2.4, 0.9 + down * (0.9 + 0.2 * len(layers))) as figure:
        entitle(figure, "Gradients that rounding loses, by layer", note)
        axes = figure.subplots(down, across, sharey=True, squeeze=False).reshape(-1)
        for axis in axes[len(frames) :]:
            axis.set_axis_off()
        image: Any = None
        for axis, ((_, way, kind), shares) in zip(axes, frames.items(), strict=False):
            image = axis.pcolormesh(
                edges,
                range(len(layers) + 1),
                [[_height(share) for share in shares[layer]] for layer in layers],
                cmap="cividis_r",
                norm="log",
                vmin=_LEAST,
                vmax=1,
            )
            axis.set_title(f"{way}: {kind}")
            axis.set_yticks([place + 0.5 for place in range(len(layers))], layers, fontsize=8)
            axis.set_ylim(len(layers), 0)
            axis.set_xlabel("steps")
        bar = figure.colorbar(image, ax=list(axes), label="share of a layer's gradients")
        bar.set_ticks(list(_TICKS), labels=list(_TICKS.values()))
        return rendered(figure, ("svg",))["svg"]


def _height(share: float) -> float:
    """What the colour of a cell says; nothing where none was lost."""
    return max(share, _LEAST) if share else nan
