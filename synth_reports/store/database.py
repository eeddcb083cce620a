"""Entries in one SQLite file: many small ones, which one can carry, copy and ask about.

::

    CREATE TABLE entries (kind TEXT, key TEXT, entry TEXT, PRIMARY KEY (kind, key))
    SELECT entry ->> '$.content.unit', entry ->> '$.content.area_ge' FROM entries
        WHERE kind = 'records'

The file is in WAL mode: those who read do not wait for those who write, and a process that is
killed loses what it was writing, and nothing else. `entry` is JSON, see
`fp8mac.synth_reports.store.store`.
"""

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fp8mac.sim import cache
from fp8mac.synth_reports.store.sqlite import opened, write_ahead

__all__ = ["Database"]

_TABLE = """\
CREATE TABLE IF NOT EXISTS entries (
    kind TEXT NOT NULL, key TEXT NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID"""


@dataclass(frozen=True)
class Database:
    """A file, which is made when the first entry is kept.

    Each call opens it anew: threads and processes share nothing but the file.

    Parameters
    ----------
    path : Path
        It need not exist, nor its folder.
    """

    path: Path

    def place(self, kind: str, key: str) -> str:
        """What a warning calls an entry."""
        return f"{self.path}: {kind}/{key}"

    def read(self, kind: str, key: str) -> str | None:
        """Text of an entry; empty where it cannot be read, None where there is none."""
        if not os.path.isfile(self.path):
            return None
        question = "SELECT entry FROM entries WHERE kind = ? AND key = ?"
        # Where nothing may be written, not even the index of the log can be; then there is no log.
        for how in ("mode=ro", "mode=ro&immutable=1"):
            try:
                with opened(self.path, how) as connection:
                    row = connection.execute(question, (kind, key)).fetchone()
                return None if row is None else str(row[0])
            except sqlite3.OperationalError:
                continue
            except sqlite3.DatabaseError:
                return ""
        return None

    def write(self, kind: str, key: str, text: str) -> None:
        """Keep an entry; where that is not possible, `fp8mac.sim.cache` says so, once."""
        try:
            self._write(kind, key, text)
        except sqlite3.OperationalError as error:
            cache.warn_of_loss(self.path, str(error))
        except sqlite3.DatabaseError:  # it is none
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    os.replace(f"{self.path}{suffix}", f"{self.path}.damaged{suffix}")
            with suppress(sqlite3.DatabaseError):
                self._write(kind, key, text)
        except OSError as error:
            cache.warn_of_loss(self.path, error.strerror or str(error))

    def can_keep(self) -> bool:
        """Whether entries can be written; the warning is that of `write`."""
        return cache.can_keep(self.path.parent)

    def _write(self, kind: str, key: str, text: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with opened(self.path, "mode=rwc") as connection:
            write_ahead(connection)
            connection.execute(_TABLE)
            connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", (kind, key, text))
