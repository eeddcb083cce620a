"""A sweep and a recommendation for people."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import RenderableType

from fp8mac.synth_reports.experiments.sweep.front import Row, column_of, costs_of
from fp8mac.synth_reports.experiments.sweep.recommend import Candidate, Recommendation
from fp8mac.synth_reports.experiments.sweep.summary import Summary
from fp8mac.synth_reports.render.tables import aligned_table

__all__ = [
    "UNITS",
    "facts_of",
    "front_table",
    "how_built",
    "recommendation_text",
    "summary_lines",
]

_MOST = 6
UNITS = {
    "area_um2": "um2",
    "area_ge": "GE",
    "luts": "LUTs",
    "delay_ns": "ns",
    "delay_fo4": "FO4",
    "levels": "levels",
    "energy_pj": "pJ",
    "energy_cinv_v2": "C_inv V^2",
    "gates": "gates",
}
"""What people call the columns of costs."""


def summary_lines(summary: Summary) -> list[str]:
    """How a sweep ended: counts, what was left out, what failed."""
    results = f"{summary.done} results measured, {summary.known} known"
    asked = f"{_count(summary.questions, 'question')} asked"
    lines = [f"{_count(summary.points, 'point')}: {results}; {asked}."]
    if summary.left_out:
        lines.append(f"Left out, as they cannot be on the front: {len(summary.left_out)}.")
        lines += _some(summary.left_out)
    if summary.failed:
        lines.append(f"Failed: {len(summary.failed)}.")
        lines += _some(summary.failed, len(summary.failed))
    return lines


def _some(entries: Sequence[tuple[str, str, str]], most: int = _MOST) -> list[str]:
    lines = [f"  {unit} ({what}): {why.rstrip('.')}." for unit, what, why in entries[:most]]
    rest = len(entries) - most
    return lines + ([f"  and {rest} more; the column left_out has all."] if rest > 0 else [])


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def front_table(rows: Sequence[Row], axes: Sequence[str]) -> RenderableType:
    """Front of one group."""
    columns = [column_of(rows[0], axis) or axis for axis in axes]
    units = [UNITS[column] for column in columns]
    head = [_title(rows[0]), *units, "loss, points", "interval", "questions"]
    body = []
    for row in rows:
        costs = costs_of(row, axes) or ()
        numbers = [f"{cost:,.4g}" if cost < 1000 else f"{cost:,.0f}" for cost in costs]
        interval = f"{_points(row['loss_low'])} to {_points(row['loss_high'])}"
        body.append(
            [how_built(row), *numbers, _points(row["loss"]), interval, str(row["questions"])]
        )
    return aligned_table(head, body, head[:1])


def _title(row: Row) -> str:
    lanes = f", {row['lanes']} lanes" if row["lanes"] > 1 else ""
    return f"{row['network']}{lanes}, {row['library'] or row['fpga_target']}"


def how_built(row: Row) -> str:
    """A unit in one line, and what it was built for where that is not the usual."""
    goal = row["goal"] or row["delay_target"]
    return row["unit"] if goal in ("area", "fpga") else f"{row['unit']} ({goal})"


def _points(share: float) -> str:
    return f"{100 * share:.2f}"


def recommendation_text(found: Recommendation) -> str:
    """An answer in sentences."""
    demand, unit = found.demand, UNITS[found.column]
    limit = f"{100 * demand.max_loss:g} points"
    lines = []
    if found.choice is not None:
        lines.append(f"Build {how_built(found.choice.row)}.")
        lines.append(
            f"It is the cheapest of those measured that lose at most {limit} on {demand.network} "
            f"for sure (95 %): {_described(found.choice, unit)}."
        )
        if found.choice.row["proved"] == 1:
            lines.append("Its Verilog is proved.")
        elif found.choice.row["proved"] == 0:
            lines.append("A proof of its Verilog failed.")
        else:
            lines.append("Its Verilog was not proved; fp8mac prove does.")
    else:
        lines.append(f"No unit loses at most {limit} on {demand.network} for sure.")
        if found.nearest is not None:
            near = how_built(found.nearest.row)
            lines.append(f"The nearest is {near}: {_described(found.nearest, unit)}.")
    lines += _list("Next", found.runners_up, unit)
    beyond = [each for each in found.cheaper if each.verdict == "beyond"]
    lines += _list("Cheaper, but beyond the limit" if found.choice else "Beyond", beyond, unit)
    lines += _list(
        "Cheaper, and not told apart from the limit" if found.choice else "Not told apart",
        found.untold,
        unit,
    )
    if found.unknown:
        lines.append(f"Not measured{', and maybe cheaper' if found.choice else ''}:")
        lines += [f"  {how_built(each.row)}: {_reason(each)}" for each in found.unknown[:_MOST]]
        if len(found.unknown) > _MOST:
            lines.append(f"  and {len(found.unknown) - _MOST} more.")
    if found.too_slow:
        lines.append(f"Slower than {demand.delay}: {_count(found.too_slow, 'point')}.")
    return "\n".join(lines) + "\n"


def _reason(candidate: Candidate) -> str:
    if candidate.cost is None:
        return "its cost."
    return f"{candidate.row['left_out'] or 'its accuracy'}."


def _list(title: str, candidates: Sequence[Candidate], unit: str) -> list[str]:
    if not candidates:
        return []
    lines = [f"{title}:"]
    for each in candidates[:_MOST]:
        lines.append(f"  {how_built(each.row)}: {_described(each, unit)}{_more(each)}")
    if len(candidates) > _MOST:
        lines.append(f"  and {len(candidates) - _MOST} more.")
    return lines


def _described(candidate: Candidate, unit: str) -> str:
    row, cost = candidate.row, candidate.cost
    assert cost is not None
    number = f"{cost:,.4g}" if cost < 1000 else f"{cost:,.0f}"
    return (
        f"{number} {unit}, loses {_points(row['loss'])} points "
        f"({_points(row['loss_low'])} to {_points(row['loss_high'])}, {row['questions']} questions)"
    )


def _more(candidate: Candidate) -> str:
    if candidate.verdict != "untold":
        return "."
    if candidate.more_questions is None:
        return "; its loss is the limit, more questions may never tell."
    return f"; some {candidate.more_questions:,} more questions would tell."


def facts_of(found: Recommendation) -> dict[str, Any]:
    """An answer as JSON types."""

    def one(candidate: Candidate | None) -> dict[str, Any] | None:
        if candidate is None:
            return None
        facts = {"verdict": candidate.verdict, "cost": candidate.cost}
        return facts | {"more_questions": candidate.more_questions, "point": dict(candidate.row)}

    def many(candidates: Iterable[Candidate]) -> list[Any]:
        return [one(each) for each in candidates]

    demand = found.demand
    return {
        "demand": {
            "network": demand.network,
            "max_loss": demand.max_loss,
            "minimise": demand.minimise,
            "delay": demand.delay or None,
            "lanes": demand.lanes,
        },
        "cost": found.column,
        "choice": one(found.choice),
        "nearest": one(found.nearest),
        "runners_up": many(found.runners_up),
        "cheaper": many(found.cheaper),
        "not_measured": many(found.unknown),
        "too_slow": found.too_slow,
    }
