"""Area against accuracy as a table and as a page."""

from collections.abc import Sequence
from typing import Any

from fp8mac.synth_reports.experiments.pareto.pareto import Chart, ParetoPoint
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

__all__ = ["csv_text", "markdown_text"]


def csv_text(charts: Sequence[Chart]) -> str:
    """One line a unit; empty where there is no number."""
    return csv_table(_rows(charts))


def _rows(charts: Sequence[Chart]) -> list[dict[str, Any]]:
    area = charts[0].area
    units = {point.unit: point for chart in charts for point in chart.points}
    rows = []
    for point in sorted(units.values(), key=lambda each: each.area):
        row: dict[str, Any] = {
            "network": charts[0].network,
            "unit": point.unit,
            "format": point.format,
            "accumulator": point.accumulator,
            area: f"{point.area:g}",
        }
        for chart in charts:
            row |= _cells(chart, next((p for p in chart.points if p.unit == point.unit), None))
        rows.append(row)
    return rows


def _cells(chart: Chart, point: ParetoPoint | None) -> dict[str, Any]:
    quantity = chart.quantity
    names = {"": "value"} | ({"_low": "low", "_high": "high"} if quantity.low else {})
    stem = "difference_points" if quantity.name == "accuracy" else quantity.column
    cells: dict[str, Any] = {
        f"{stem}{suffix}": None if point is None else round(getattr(point, name), 3)
        for suffix, name in names.items()
    }
    return cells | {f"{quantity.name}_front": int(point in chart.front) if point else None}


def markdown_text(charts: Sequence[Chart], command: str) -> str:
    """The page: picture, fronts, table, and what is missing."""
    first = charts[0]
    return f"""\
# Area against accuracy: {first.network}

Made by `{command}`: `{first.area}` of `{first.grid}`, accuracy of `accuracy/{first.network}.csv`
({first.samples} questions, {first.metric}); how to read it is in `docs/decide.md`.

![Area against accuracy]({first.network}.svg)

{_fronts(charts)}{_twins(first)}

{_table(charts)}

{_missing(charts)}
"""


def _fronts(charts: Sequence[Chart]) -> str:
    lines = []
    for chart in charts:
        steps = ", ".join(f"{p.label} ({p.area:.0f}; {p.value:.2f})" for p in chart.front)
        told = ", no unit counting as better than float32" if chart.quantity.low else ""
        lines.append(f"- Pareto front by {chart.quantity.name}{told}, from the smallest: {steps}.")
        good = chart.as_good_as_float32
        if chart.quantity.low:
            lines.append(
                f"- Not told apart from float32 (the interval holds 0, or lies above): "
                f"{len(good)} of {len(chart.points)} units, from the smallest: "
                f"{', '.join(f'{p.label} ({p.area:.0f})' for p in good) or 'none'}."
            )
    return "\n".join(lines)


def _twins(chart: Chart) -> str:
    return "".join(
        f"\n- {unit} was not run: it adds the same integers as {twin}, and has its accuracy."
        for unit, twin in chart.twins.items()
    )


def _table(charts: Sequence[Chart]) -> str:
    rows = _rows(charts)
    titles = ["unit", charts[0].area.replace("_", " ")]
    for chart in charts:
        titles += [chart.quantity.title, "front"]
    body = []
    for row in rows:
        cells = [f"{row['format']} in {row['accumulator']}", str(row[charts[0].area])]
        for chart in charts:
            point = next((p for p in chart.points if p.unit == row["unit"]), None)
            cells += [_value(point), "yes" if point in chart.front else ""]
        body.append(cells)
    return markdown_table(titles, body)


def _value(point: ParetoPoint | None) -> str:
    if point is None:
        return ""
    if point.low == point.high:
        return f"{point.value:.2f}"
    return f"{point.value:+.2f} [{point.low:+.1f}, {point.high:+.1f}]"


def _missing(charts: Sequence[Chart]) -> str:
    reasons: dict[str, list[str]] = {}
    for chart in charts:
        for unit, reason in chart.missing.items():
            units = reasons.setdefault(reason, [])
            if unit not in units:
                units.append(unit)
    if not reasons:
        return "No unit is missing."
    return "\n".join(
        f"- Not drawn, {reason}: {', '.join(units)}." for reason, units in reasons.items()
    )
