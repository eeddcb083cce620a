"""Errors of sums as a page, a table and a picture."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

from fp8mac.synth_reports.experiments.sum_error.sum_error import SumErrors
from fp8mac.synth_reports.render.plots import COLOURS, MARK, MARKERS, drawing, entitle, rendered
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

__all__ = ["csv_text", "markdown_text", "pictures"]


def csv_text(points: Sequence[SumErrors]) -> str:
    """One line a setting."""
    return csv_table([point.facts() for point in points])


def markdown_text(points: Sequence[SumErrors], command: str) -> str:
    """The page: errors by length, and published ones beside ours."""
    sections = []
    for format_ in dict.fromkeys(point.setting.format for point in points):
        some = [point for point in points if point.setting.format == format_]
        sections.append(f"## {format_} products\n\n{_table(some)}\n")
    return f"""\
# Error of a sum against its length

Made by `{command}`.

Operands are standard normal numbers rounded to the format; sums are compared with the exact ones of
the same codes. A cell is the root mean square error over that of the sums, in units of 1e-4, with
its 95 % interval over repetitions (bootstrap). *Pairs*: the exact sum of two products is added with
one rounding. *Chunks of 64*: partial sums in the accumulator, added in another of its kind. Sums a
cell: {_counts(points)}, see `sum_error.csv`.

![Error of sums](sum_error.svg)

{chr(10).join(sections)}
{_published(points)}
"""


def _counts(points: Sequence[SumErrors]) -> str:
    return ", ".join(f"{count:,}" for count in sorted({point.sums for point in points}))


def _table(points: Sequence[SumErrors]) -> str:
    lengths = list(dict.fromkeys(point.setting.terms for point in points))
    rows: dict[tuple[str, str], dict[int, SumErrors]] = {}
    for point in points:
        key = (point.setting.accumulator, point.setting.adding)
        rows.setdefault(key, {})[point.setting.terms] = point
    body = [
        [f"{accumulator}, {adding}", *(_cell(cells.get(terms)) for terms in lengths)]
        for (accumulator, adding), cells in rows.items()
    ]
    return markdown_table(["", *(f"n = {terms}" for terms in lengths)], body)


def _cell(point: SumErrors | None) -> str:
    if point is None:
        return ""
    if point.rms == 0:
        return "exact"
    low, value, high = (f"{1e4 * each:.3g}" for each in (point.rms_low, point.rms, point.rms_high))
    return f"{value} [{low}, {high}]"


def _published(points: Sequence[SumErrors]) -> str:
    known = [point for point in points if point.published is not None]
    if not known:
        return ""
    titles = ["adding", "n", "published", "our median", "our middle 90 %", "smaller than published"]
    body = [
        [
            point.setting.adding,
            str(point.setting.terms),
            f"{point.published:.1e}",
            f"{point.median:.1e}",
            f"{point.low:.1e} to {point.high:.1e}",
            f"{100 * (point.published_rank or 0):.0f} %",
        ]
        for point in known
    ]
    return f"""\
## Published

arXiv:2207.03192, Table IV: relative errors of E5M2 products of Gaussian numbers in FP16, added in
pairs (ExSdotp) and one by one (ExFMA). They read as one sum each; beside them the relative errors
of single sums of ours, and how many of these are smaller.

{markdown_table(titles, body)}

{_gain(known)}"""


def _gain(known: Sequence[SumErrors]) -> str:
    """How much pairs are better, published and ours, where both are there."""
    sentences = []
    by_key = {(point.setting.adding, point.setting.terms): point for point in known}
    for terms in dict.fromkeys(point.setting.terms for point in known):
        single, pair = by_key.get(("one by one", terms)), by_key.get(("pairs", terms))
        if single and pair and pair.rms and pair.published and single.published:
            sentences.append(
                f"n = {terms}: {single.published / pair.published:.2f} published, "
                f"{single.rms / pair.rms:.2f} ours "
                f"[{single.rms_low / pair.rms_high:.2f}, {single.rms_high / pair.rms_low:.2f}]"
            )
    if not sentences:
        return ""
    return f"""\
Error one by one over error in pairs (ours: root mean square, and the range that the two intervals
allow); half as many roundings, were their errors alike and independent, would make a factor of
sqrt(2) = {sqrt(2):.2f}:

{chr(10).join(f"- {sentence}." for sentence in sentences)}
"""


def pictures(points: Sequence[SumErrors]) -> dict[str, bytes]:
    """The picture, by file suffix: a frame for each way of adding, with the first format."""
    format_ = points[0].setting.format
    some = [point for point in points if point.setting.format == format_]
    adding = list(dict.fromkeys(point.setting.adding for point in some))
    accumulators = list(dict.fromkeys(point.setting.accumulator for point in some))
    exact = [acc for acc in accumulators if not any(_of(some, acc, each) for each in adding)]
    with drawing(12, 5.2) as figure:
        title = f"Error of sums of {format_} products of normal numbers"
        sums = " to ".join(f"{count:,}" for count in sorted({point.sums for point in some}))
        entitle(figure, title, f"root mean square of {sums} sums a point; shaded: 95 % intervals")
        axes = figure.subplots(1, len(adding), sharey=True, squeeze=False)[0]
        for axis, name in zip(axes, adding, strict=True):
            for number, acc in enumerate(accumulators):
                _curve(axis, _of(some, acc, name), acc, number)
            known = [p for p in some if p.setting.adding == name and p.published is not None]
            if known:
                label = "published, one sum each"
                x, y = [p.setting.terms for p in known], [p.published for p in known]
                axis.plot(x, y, "*", color=MARK, markersize=11, label=label)
            axis.set_title(name)
            axis.set_xlabel("products in a sum")
            axis.set_xscale("log", base=2)
            ticks = list(dict.fromkeys(point.setting.terms for point in some))
            axis.set_xticks(ticks, [str(tick) for tick in ticks])
            axis.set_yscale("log")
            axis.grid(color="#dddddd", linewidth=0.8)
        axes[0].set_ylabel("RMS error / RMS of the sums")
        handles = {
            label: handle
            for axis in axes
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        note = {"title": f"no error: {', '.join(exact)}"} if exact else {}
        figure.legend(
            *(list(handles.values()), list(handles)),
            loc="outside lower center",
            ncols=len(handles) or 1,
            frameon=False,
            **note,
        )
        return rendered(figure)


def _of(points: Sequence[SumErrors], accumulator: str, adding: str) -> list[SumErrors]:
    """Points of a curve that a logarithmic scale can show."""
    return [
        point
        for point in points
        if (point.setting.accumulator, point.setting.adding) == (accumulator, adding)
        and 0 < point.rms < float("inf")
    ]


def _curve(axis: Any, points: Sequence[SumErrors], name: str, number: int) -> None:
    if not points:
        return
    x, y = [point.setting.terms for point in points], [point.rms for point in points]
    ends = [point.rms_low for point in points], [point.rms_high for point in points]
    colour = COLOURS[number % len(COLOURS)]
    axis.fill_between(x, *ends, color=colour, alpha=0.25, linewidth=0)
    axis.plot(x, y, marker=MARKERS[number % len(MARKERS)], color=colour, label=name, linewidth=1.5)
