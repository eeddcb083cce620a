"""Points as files of other tools: CSV, JSON, Parquet."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from fp8mac.synth_reports.store.points.columns import COLUMNS, NAMES
from fp8mac.synth_reports.store.points.schema import PointStoreError

__all__ = ["KINDS", "exported"]

KINDS = ("csv", "json", "parquet")
"""Suffixes of the files."""

Rows = Sequence[Mapping[str, Any]]


def exported(rows: Rows, kind: str, columns: Sequence[str] = NAMES) -> bytes:
    """Rows as a file.

    Parameters
    ----------
    rows : sequence of mapping
        As `fp8mac.synth_reports.store.points.points.PointStore.rows` gives them.
    kind : str
        In `KINDS`. NULL is an empty cell in CSV, ``null`` in JSON, null in Parquet.
    columns : sequence of str
        Which, and in which order.

    Raises
    ------
    PointStoreError
        If there is no such kind, or Parquet is wanted without pyarrow.
    """
    if kind not in KINDS:
        raise PointStoreError(f"Unknown kind of file '{kind}'; there are {', '.join(KINDS)}.")
    chosen = [{name: row[name] for name in columns} for row in rows]
    if kind == "json":
        return (json.dumps(chosen, indent=1) + "\n").encode()
    if kind == "csv":
        return _csv(chosen, columns)
    return _parquet(chosen, columns)


def _csv(rows: Rows, columns: Sequence[str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _parquet(rows: Rows, columns: Sequence[str]) -> bytes:
    if find_spec("pyarrow") is None:
        raise PointStoreError("Parquet needs pyarrow; install fp8mac[parquet], or write CSV.")
    import pyarrow
    from pyarrow import parquet

    types = {"TEXT": pyarrow.string(), "INTEGER": pyarrow.int64(), "REAL": pyarrow.float64()}
    of_column = {each.name: types[each.type] for each in COLUMNS}
    schema = pyarrow.schema([(name, of_column[name]) for name in columns])
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(list(rows), schema=schema), file)
    return file.getvalue()
