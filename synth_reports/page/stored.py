"""Points out of a store, see `fp8mac.synth_reports.store.points`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.page.points import Contents, PageError, ReportPoint, named
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.points.schema import PointStoreError

__all__ = ["MOST_ROWS", "chosen_by", "stored_page"]

MOST_ROWS = 5000
"""That a page holds and a browser draws."""

_MOST_VERILOG_BYTES = 1 << 20
"""That a page holds; commands give the rest."""

_FOUND = (
    *("gates", "flip_flops", "area_ge", "area_um2", "delay_fo4", "delay_ns"),
    *("energy_cinv_v2", "energy_pj", "luts", "fmax_mhz", "sqnr_db"),
)
_SHARES = ("accuracy", "loss", "loss_low", "loss_high")


def stored_page(path: Path, command: str, where: str = "") -> Contents:
    """What the page shows of a store.

    Parameters
    ----------
    path : Path
        The store.
    command : str
        That makes the page again.
    where : str
        Condition in SQL on the columns of ``points``; all rows by default.

    Raises
    ------
    PageError
        If the condition is none, if it chooses no row or more than a page holds, or one is of no
        unit.
    PointStoreError
        If it is no store.
    """
    store = PointStore(path)
    with chosen_by(path, where):
        rows = store.rows(where)
    if not rows:
        chosen = f" where {where}" if where else ""
        raise PageError(f"'{path}' has no rows{chosen}.")
    if len(rows) > MOST_ROWS:
        raise PageError(
            f"{len(rows):,} rows of '{path}' are more than a page holds, {MOST_ROWS:,}; choose "
            "some with --where."
        )
    points = [_point(row, number, path) for number, row in enumerate(rows, 1)]
    proofs = {
        str(row["slug"]): "Every check of its Verilog passed, for all operands and states."
        for row in rows
        if row["proved"] == 1
    }
    return Contents(points, f"Made by {command}, from {path.name}.", proofs, _verilog(store, rows))


@contextmanager
def chosen_by(path: Path, where: str) -> Iterator[None]:
    """Read rows of a store within; what is wrong with the condition is not said of the store.

    Raises
    ------
    PageError
        If the condition is none.
    PointStoreError
        If it is no store.
    """
    if where:
        PointStore(path).meta()
    try:
        yield
    except (PointStoreError, UnicodeError) as error:
        if not where:
            raise
        reason = str(error.__cause__ or "it is no text").rstrip(".")
        sentence = f"Rows of '{path}' cannot be chosen by '{where}': {reason}."
        raise PageError(sentence) from error


def _point(row: Mapping[str, Any], number: int, path: Path) -> ReportPoint:
    """A row; shares become points of a hundred."""
    try:
        facts = dict(_named(str(row["unit"])))
    except Error as error:
        raise PageError(f"'{path}' has a row of no unit: {error}") from error
    for name in (*_FOUND, *_SHARES, "questions"):
        if not isinstance(row[name], int | float | None):
            raise PageError(f"'{path}': '{row[name]}' in column '{name}' is not a number.")
    facts |= {name: row[name] for name in _FOUND}
    facts |= {name: _points(row[name]) for name in _SHARES}
    return ReportPoint(
        **facts,
        goal=_goal(row),
        library=row["library"] or row["fpga_target"] or "",
        network=row["network"] or "",
        metric=row["metric"] or "",
        questions=row["questions"],
        proved=None if row["proved"] is None else bool(row["proved"]),
        verilog=row["verilog_sha256"] or "",
        source="sweep",
        row=number,
    )


@lru_cache(maxsize=1 << 16)
def _named(unit: str) -> dict[str, Any]:
    return named(parse_line(unit))


def _goal(row: Mapping[str, Any]) -> str:
    """What it is built for, or the delay that was asked for and how that was met."""
    if row["goal"]:
        return row["goal"]
    return " as ".join(filter(None, (f"{row['delay_target'] or ''}", row["structure"])))


def _points(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 4) + 0.0


def _verilog(store: PointStore, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Texts by their hashes, the shortest first, until there is no more room."""
    hashes = dict.fromkeys(row["verilog_sha256"] for row in rows if row["verilog_sha256"])
    texts = {digest: store.artefact(digest) for digest in hashes}
    found, room = {}, _MOST_VERILOG_BYTES
    for digest, text in sorted(texts.items(), key=lambda each: len(each[1] or b"")):
        if text is None or len(text) > room:
            continue
        room -= len(text)
        found[digest] = text.decode(errors="replace")
    return found
