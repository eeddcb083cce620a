"""The tables of a store of points, and what brings a file from each version to the next."""

import sqlite3
from importlib.metadata import version
from pathlib import Path

from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.store.points.columns import COLUMNS

__all__ = ["SCHEMA_VERSION", "PointStoreError", "check"]

SCHEMA_VERSION = 1

_TABLES = f"""\
CREATE TABLE points (
    {", ".join(f"{each.name} {each.type}" for each in COLUMNS)},
    PRIMARY KEY (id)
);
CREATE INDEX points_network ON points (network);
CREATE TABLE failures (
    id TEXT NOT NULL, part TEXT NOT NULL, unit TEXT NOT NULL, sentence TEXT NOT NULL,
    made_at TEXT NOT NULL, PRIMARY KEY (id, part)
);
CREATE TABLE artefacts (
    sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, bytes INTEGER NOT NULL, path TEXT NOT NULL
);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_STEPS: dict[int, str] = {}
"""By version, the statements that make the next one of it."""


class PointStoreError(Error, ValueError):
    """A file that is no store of points, or cannot be used; one sentence for the user."""


def check(connection: sqlite3.Connection, path: Path, *, create: bool = False) -> None:
    """See that the schema is ours, or bring it up to ours.

    Parameters
    ----------
    connection : sqlite3.Connection
        To the file; what is done is part of its transaction.
    path : Path
        The file, for sentences.
    create : bool
        Whether an empty file is given the tables.

    Raises
    ------
    PointStoreError
        If it is no store of points, or one of a later version.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if 0 < found < SCHEMA_VERSION and not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")
        check(connection, path)
        connection.execute("COMMIT")
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if found == 0 and not tables and create:
        _run(connection, _TABLES)
        connection.execute(
            "INSERT INTO meta VALUES ('schema_version', ?), ('made_by', ?)",
            (str(SCHEMA_VERSION), f"fp8mac {version('fp8mac')}"),
        )
    elif found == 0:
        raise PointStoreError(f"'{path}' is not a store of points.")
    elif found > SCHEMA_VERSION:
        raise PointStoreError(
            f"'{path}' has version {found} of the schema; this fp8mac knows up to {SCHEMA_VERSION}."
        )
    elif found < SCHEMA_VERSION:
        for number in range(found, SCHEMA_VERSION):
            _run(connection, _STEPS[number])
        connection.execute(
            "UPDATE meta SET value = ? WHERE name = 'schema_version'", (str(SCHEMA_VERSION),)
        )
    else:
        return
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _run(connection: sqlite3.Connection, statements: str) -> None:
    """Statements one by one: `executescript` would end the transaction."""
    for statement in statements.split(";"):
        if statement.strip():
            connection.execute(statement)
