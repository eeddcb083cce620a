"""SQLite files that several processes write, opened in one way."""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

__all__ = ["opened", "write_ahead"]

_PATIENCE_SECONDS = 600.0
"""As long as another process may write."""


@contextmanager
def opened(path: Path, how: str) -> Iterator[sqlite3.Connection]:
    """A connection, closed at the end; each statement is its own transaction unless one is begun.

    Parameters
    ----------
    path : Path
        Of the file.
    how : str
        Parameters of its address, such as ``mode=ro``.

    Raises
    ------
    sqlite3.DatabaseError
        If it cannot be opened that way, or is none.
    """
    address = f"{path.absolute().as_uri()}?{how}"
    with closing(
        sqlite3.connect(address, uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None)
    ) as connection:
        yield connection


def write_ahead(connection: sqlite3.Connection) -> None:
    """Let those who read not wait for those who write: WAL mode.

    Where several turn a new file to WAL mode at once, SQLite refuses some of them without waiting
    as long as their connection may; they try again.

    Raises
    ------
    sqlite3.DatabaseError
        If the file cannot be written, or is none.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(random.uniform(0.001, 0.02))
    connection.execute("PRAGMA synchronous = NORMAL")
