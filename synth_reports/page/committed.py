"""Points out of the published tables: grid and networks, curves, peers, FPGAs."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from fp8mac.gen.describe import module_name
from fp8mac.gen.files import read_text
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import parse_built
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.grid import units
from fp8mac.synth_reports.page.points import Contents, PageError, ReportPoint, named

__all__ = ["PUBLISHED", "committed_page", "committed_points", "number", "table"]

PUBLISHED = Path(str(files("fp8mac.synth_reports"))) / "results"
"""Where the published tables are, in a checkout."""

_TWIN = ("int8 -> int32", "int8 -> kulisch")
"""A unit that need not be run, and the one that adds the same integers."""

Rows = list[dict[str, str]]


def committed_page(folder: Path, command: str) -> Contents:
    """What the page shows of a folder of results.

    Parameters
    ----------
    folder : Path
        As `make` targets write it; of ``grid.csv``, ``accuracy``, ``curve``, ``peers.csv``,
        ``fpga.csv``, ``route.csv`` and ``proofs.json`` those are read that are there.
    command : str
        That makes the page again.

    Raises
    ------
    PageError
        If there is nothing in it, or a table cannot be read.
    """
    points = committed_points(folder)
    tables = dict.fromkeys(each.source.partition("/")[0] for each in points)
    origin = f"Made by {command}, from the tables {', '.join(tables)}."
    return Contents(points, origin, _proofs(folder))


def committed_points(folder: Path) -> list[ReportPoint]:
    """All points of a folder of results, in the order of its tables, see `committed_page`."""
    proved = set(_certificate(folder).get("proved", ()))
    points = [
        _with_proof(each, proved)
        for read in (_grid, _curves, _peers, _fpga, _route)
        for each in read(folder)
    ]
    if not points:
        raise PageError(
            f"There are no tables in '{folder}'; name a folder that fp8mac grid wrote to."
        )
    return points


def _grid(folder: Path) -> Iterator[ReportPoint]:
    """Units, once for each network that was run on them, or once without."""
    configs = {config.slug: config for config in units()}
    runs = _runs(folder)
    for row, line in table(folder / "grid.csv"):
        config = configs.get(row["unit"])
        if config is None or row["shape"] != Shape.UNIT.value:
            continue
        point = ReportPoint(
            **named(config),
            **_numbers(
                row,
                gates="two_input_gates",
                flip_flops="flip_flops",
                area_ge="area_ge",
                delay_fo4="delay_fo4",
                energy_cinv_v2="energy_unit_delay_cinv_v2",
            ),
            goal=row["flow"],
            library=row["library"],
            source="grid",
            row=line,
        )
        found = runs.get(config.slug, [])
        yield from [replace(point, **facts) for facts in found] or [point]


def _runs(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What networks said of units, by slug: of tables of formats and accumulators."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted((folder / "accuracy").glob("*.csv")):
        for row, _ in table(path):
            if row.get("experiment") != "formats":
                continue
            loss, low, high = (
                number(row, name) for name in ("difference", "difference_high", "difference_low")
            )
            facts = {
                "network": row["network"],
                "metric": row["metric"],
                "accuracy": _times(number(row, "value"), 100),
                "loss": _times(loss, -100),
                "loss_low": _times(low, -100),
                "loss_high": _times(high, -100),
                "sqnr_db": number(row, "sqnr_db"),
                "questions": _whole(row, "samples"),
            }
            found.setdefault(row["unit"], []).append(facts)
    one, other = (parse_line(each).slug for each in _TWIN)
    if other in found and one not in found:
        found[one] = found[other]
    return found


def _curves(folder: Path) -> Iterator[ReportPoint]:
    """Structures of a unit's core at many delays."""
    for path in sorted((folder / "curve").glob("*.csv")):
        for row, line in table(path):
            numbers = _numbers(
                row, **{key: key for key in ("area_ge", "area_um2", "delay_fo4", "delay_ns")}
            )
            yield ReportPoint(
                **(named(parse_line(row["unit"])) | numbers),
                goal=row["structure"],
                shape="core",
                library=row["library"],
                source=f"curve/{path.stem}",
                row=line,
            )


def _peers(folder: Path) -> Iterator[ReportPoint]:
    """Published designs beside ours, each for few gates and for a short path."""
    for row, line in table(folder / "peers.csv"):
        operands, single, acc = row["unit"].partition(" --acc ")
        line_of = f"{'*'.join(operands.split())} -> {acc}" if single else row["unit"]
        config = parse_line(line_of)
        ours = row["verdict"] == "ours"
        words = {
            "lanes": _whole(row, "lanes") or 1,
            "shape": "core",
            "library": "NangateOpenCellLibrary",
            "source": "peers",
            "row": line,
        }
        if not ours:
            words |= {"design": f"{row['source']}: {row['design']}, {row['verdict']}"}
            words |= {"operand_bits": None, "result_bits": None}
        for goal, prefix in (("area", "area"), ("speed", "speed")):
            area = "area_ge" if prefix == "area" else "speed_ge"
            numbers = _numbers(row, area_ge=area, delay_ns=f"{prefix}_delay_ns")
            if prefix == "area":
                numbers |= _numbers(row, gates="two_input_gates", flip_flops="flip_flops")
            what = f"{row['design']}, mapped for {goal}" if ours else f"mapped for {goal}"
            yield ReportPoint(**(named(config) | words | numbers), goal=what)


def _fpga(folder: Path) -> Iterator[ReportPoint]:
    for row, line in table(folder / "fpga.csv"):
        yield ReportPoint(
            **named(parse_line(row["unit"])),
            **_numbers(row, luts="luts", flip_flops="flip_flops"),
            goal=row["goal"],
            library=row["target"],
            source="fpga",
            row=line,
        )


def _route(folder: Path) -> Iterator[ReportPoint]:
    for row, line in table(folder / "route.csv"):
        yield ReportPoint(
            **named(parse_line(row["unit"])),
            **_numbers(row, luts="luts", flip_flops="flip_flops", fmax_mhz="mhz_median"),
            goal=row["goal"],
            library=row["device"],
            source="route",
            row=line,
        )


def _certificate(folder: Path) -> dict[str, Any]:
    """What `fp8mac prove` wrote; nothing if it did not."""
    path = folder / "proofs.json"
    if not path.exists():
        return {}
    try:
        facts = json.loads(read_text(path))
        _ = {row["unit"] for row in facts["records"]}, dict(facts["proved"])
    except (OSError, ValueError, KeyError, TypeError):
        raise PageError(f"'{path}' is no certificate; make it with fp8mac prove.") from None
    return facts


def _proofs(folder: Path) -> dict[str, str]:
    """By slug, what the certificate says: how built, how many checks, how many planted bugs."""
    records: dict[str, list[dict[str, Any]]] = {}
    for row in _certificate(folder).get("records", ()):
        records.setdefault(row["unit"], []).append(row)
    found = {}
    for unit, rows in records.items():
        goals = ", ".join(dict.fromkeys(row["goal"] for row in rows))
        held = sum(row["verdict"] == "proved" for row in rows)
        bugs = sum(row["verdict"] == "refuted" for row in rows)
        found[unit] = (
            f"Built as {goals}: {held} statements are proved for all operands and states, and "
            f"{bugs} planted bugs are refuted."
        )
    return found


def _with_proof(point: ReportPoint, proved: set[str]) -> ReportPoint:
    """Whether the module of a point is in the certificate; of others' designs nothing is said."""
    if not point.is_ours:
        return point
    return replace(point, proved=_module(point) in proved)


def _module(point: ReportPoint) -> str:
    config = parse_line(point.unit)
    goal = point.goal.partition(",")[0].removeprefix("goal ")
    shape = Shape(point.shape)
    try:
        return module_name(config, shape, goal=parse_built(goal, config))
    except Error:
        return ""


def table(path: Path) -> Iterator[tuple[dict[str, str], int]]:
    """Rows with their numbers from 1; nothing if there is no such file.

    Raises
    ------
    PageError
        If it cannot be read, and where a column is asked for that it has not.
    """
    if not path.exists():
        return
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(path))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is no table of text"
        raise PageError(f"Cannot read '{path}': {reason}.") from error
    for line, row in enumerate(rows, 1):
        yield _Row(row, path), line


class _Row(dict[str, str]):
    """A row whose missing columns are named with the file."""

    def __init__(self, cells: dict[str, str], path: Path) -> None:
        super().__init__(cells)
        self.path = path

    def __missing__(self, column: str) -> str:
        raise PageError(f"'{self.path}' has no column '{column}'.")


def _numbers(row: dict[str, str], **columns: str) -> dict[str, Any]:
    return {name: number(row, column) for name, column in columns.items()}


def number(row: Mapping[str, str], column: str) -> float | None:
    """A cell as a number; None where it is empty.

    Raises
    ------
    PageError
        If it is no finite number.
    """
    text = row[column]
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        path = getattr(row, "path", "")
        raise PageError(f"'{path}': '{text}' in column '{column}' is not a number.")
    return value


def _whole(row: dict[str, str], column: str) -> int | None:
    value = number(row, column)
    return None if value is None else int(value)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else round(value * factor, 4) + 0.0
