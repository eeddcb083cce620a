"""The page of a sweep: fronts, what to build for a limit, bits that were searched."""

from collections.abc import Iterator, Mapping, Sequence

from fp8mac.synth_reports.experiments.sweep.front import Row, column_of, costs_of, front, groups
from fp8mac.synth_reports.experiments.sweep.needed.text import found_lines
from fp8mac.synth_reports.experiments.sweep.needed.whole import Went
from fp8mac.synth_reports.experiments.sweep.recommend import Demand, recommend
from fp8mac.synth_reports.experiments.sweep.written.picture import drawn_rows, picture
from fp8mac.synth_reports.experiments.sweep.written.text import UNITS, how_built
from fp8mac.synth_reports.render.tables import markdown_table
from fp8mac.synth_reports.store.points.columns import COLUMNS, ColumnGroup
from fp8mac.synth_reports.store.points.export import exported

__all__ = ["WRITTEN", "sweep_files"]

WRITTEN = tuple(
    column.name
    for column in COLUMNS
    if column.group is not ColumnGroup.PROVENANCE and column.name != "id"
)
"""Columns of the file: what was asked for and found, without keys, hashes and times."""

_LIMITS = (0.5, 1.0, 2.0)
"""Points that may be lost, for what is recommended."""


def sweep_files(
    name: str, rows: Mapping[str, Row], went: Went, axes: Sequence[str], command: str
) -> dict[str, str | bytes]:
    """Points, page and picture.

    Parameters
    ----------
    name : str
        Of the files, without a suffix.
    rows : mapping of str to mapping
        Of the store, by id.
    went : Went
        The sweep.
    axes : sequence of str
        Costs of the fronts.
    command : str
        That makes it again.

    Returns
    -------
    dict of str to str or bytes
        By name: CSV, Markdown, and the picture where there is something to draw.
    """
    chosen = [rows[point.id] for point in went.points if point.id in rows]
    drawn = {f"{name}.{suffix}": data for suffix, data in picture(chosen).items()}
    files: dict[str, str | bytes] = {
        f"{name}.csv": exported(chosen, "csv", WRITTEN),
        f"{name}.md": "\n\n".join(filter(None, _parts(name, chosen, went, axes, command))) + "\n",
    }
    return files | drawn


def _parts(
    name: str, rows: Sequence[Row], went: Went, axes: Sequence[str], command: str
) -> Iterator[str]:
    """Paragraphs of the page."""
    asked = sum(row["questions"] or 0 for row in rows)
    proved = sum(row["proved"] == 1 for row in rows)
    yield f"# {len(rows)} points of {len({row['unit'] for row in rows})} units"
    yield (
        f"Made by `{command}`; every point is a row of [{name}.csv]({name}.csv), whose columns "
        "stand in docs/store.md."
    )
    yield (
        f"Networks answered {asked:,} questions; the Verilog of {proved} points is in the "
        "certificate."
    )
    if drawn_rows(rows):
        yield f"![Area of a product against SQNR]({name}.svg)"
        yield _caption(rows)
    yield "## What to build"
    yield _recommended(rows)
    yield from _searched(went)
    yield "## Fronts"
    yield "A loss whose interval reaches float32 counts as none."
    yield from (_front(each, axes) for each in groups(rows))
    if went.refused:
        yield "## No units"
        yield "\n".join(f"- `{line}`: {why}" for line, why in went.refused.items())
    if went.absent:
        yield "## Left out"
        yield "\n".join(f"- {sentence}" for sentence in went.absent)
    if went.summary.failed:
        yield "## Not measured"
        failed = dict.fromkeys(went.summary.failed)
        yield "\n".join(f"- `{unit}` ({what}): {why}" for unit, what, why in failed)


def _caption(rows: Sequence[Row]) -> str:
    told = [row for row in drawn_rows(rows) if row["loss_low"] > 0]
    return (
        f"{len(drawn_rows(rows))} of the points are drawn, small units in our own library; "
        f"{len(told)} of them are told apart from float32."
    )


def _recommended(rows: Sequence[Row]) -> str:
    """For each network and number of lanes, the smallest unit that is surely within a limit."""
    lines = []
    for each in groups(rows):
        first = each[0]
        named = (first["library"] or "", first["fpga_target"] or "")
        line = [f"{first['network']}, {_lanes(first)}, {named[0] or named[1]}"]
        for limit in _LIMITS:
            demand = Demand(
                first["network"],
                limit / 100,
                lanes=first["lanes"],
                library=named[0],
                fpga=named[1],
            )
            choice = recommend(each, demand).choice
            if choice is None or choice.cost is None:
                line.append("none")
            else:
                line.append(
                    f"{how_built(choice.row)}, {choice.cost:,.0f} {_unit_of(choice.row, 'area')}"
                )
        lines.append(line)
    head = ["smallest unit that surely loses at most", *(f"{each:g} points" for each in _LIMITS)]
    return markdown_table(head, lines) if lines else "No network ran."


def _lanes(row: Row) -> str:
    return f"{row['lanes']} lane{'s' * (row['lanes'] > 1)}"


def _unit_of(row: Row, axis: str) -> str:
    return UNITS[column_of(row, axis) or axis]


def _searched(went: Went) -> Iterator[str]:
    for head, lines in found_lines(went.found):
        yield "## Bits that were searched"
        yield markdown_table(head, lines)
        yield (
            "*Any input*: bits with which nothing can be lost, by certificate. *From layer*: bits "
            "where the search began, and the layer that asked for most."
        )


_COSTS = ("area", "delay", "energy")


def _front(rows: Sequence[Row], axes: Sequence[str]) -> str:
    best = front(rows, axes)
    if not best:
        return ""
    costs = [axis for axis in _COSTS if all(costs_of(row, [axis]) for row in best)]
    first = best[0]
    head = [
        f"{first['network']}, {_lanes(first)}, {first['library'] or first['fpga_target']}",
        *(_unit_of(first, axis) for axis in costs),
        "loss, points",
        "interval",
        "questions",
    ]
    return markdown_table(head, [_line(row, costs) for row in best])


def _line(row: Row, costs: Sequence[str]) -> list[str]:
    loss = [f"{100 * row[name] + 0.0:.2f}" for name in ("loss", "loss_low", "loss_high")]
    numbers = costs_of(row, costs) or ()
    return [
        how_built(row),
        *(f"{cost:,.4g}" if cost < 1000 else f"{cost:,.0f}" for cost in numbers),
        loss[0],
        f"{loss[1]} to {loss[2]}",
        f"{row['questions']:,}",
    ]
