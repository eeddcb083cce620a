"""Points in one SQLite file in WAL mode, which many may read while one writes.

::

    points      one row a point, see `fp8mac.synth_reports.store.points.columns`
    failures    points that could not be measured, and why
    artefacts   files that belong to points, by the hash of their content
    meta        version of the schema, and of what made the file

What is written is written in one transaction: a process that is killed leaves whole rows. Equal
points have equal ids, so that two who write the same point leave one row.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fp8mac.sim import cache
from fp8mac.sim.whole import complete
from fp8mac.synth_reports.store.points.columns import NAMES
from fp8mac.synth_reports.store.points.schema import PointStoreError, check
from fp8mac.synth_reports.store.sqlite import opened, write_ahead

__all__ = ["PointStore"]


@dataclass(frozen=True)
class PointStore:
    """A store of points; a folder ``<path>.artefacts`` beside it holds their files.

    Each call opens the file anew: threads and processes share nothing else.

    Parameters
    ----------
    path : Path
        It need not exist: the first row makes it, but not its folder.
    """

    path: Path

    @property
    def folder(self) -> Path:
        """Where artefacts are."""
        return self.path.with_name(f"{self.path.name}.artefacts")

    def rows(self, where: str = "", values: Iterable[object] = ()) -> list[dict[str, Any]]:
        """Rows of the table ``points``, in the order in which they were first written.

        Parameters
        ----------
        where : str
            Condition in SQL, with ``?`` for values; all rows by default.
        values : iterable
            For it.

        Raises
        ------
        PointStoreError
            If there is no such file, or it is no store.
        """
        found = self.cells(NAMES, where, values)
        return [dict(zip(NAMES, row, strict=True)) for row in found]

    def cells(
        self, columns: Iterable[str], where: str = "", values: Iterable[object] = ()
    ) -> list[tuple[Any, ...]]:
        """Some columns of the same rows, or what SQL makes of all of them, such as ``count(*)``."""
        question = f"SELECT {', '.join(columns)} FROM points"
        question += f" WHERE {where}" if where else ""
        with self._reading() as connection:
            return connection.execute(f"{question} ORDER BY rowid", tuple(values)).fetchall()

    def failures(self) -> list[dict[str, str]]:
        """Rows of the table ``failures``."""
        head = ("id", "part", "unit", "sentence", "made_at")
        with self._reading() as connection:
            found = connection.execute(f"SELECT {', '.join(head)} FROM failures ORDER BY unit")
            return [dict(zip(head, row, strict=True)) for row in found]

    def put(self, rows: Iterable[Mapping[str, Any]], part: str = "") -> None:
        """Add rows, or what is new of them, in one transaction.

        Parameters
        ----------
        rows : iterable of mapping
            With an ``id``. Columns that are not there stay as they are.
        part : str
            What was measured; what `fail` noted of it is forgotten.

        Raises
        ------
        PointStoreError
            If they cannot be written; then nothing is.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        made = {"version": version("fp8mac"), "made_at": now}
        with self._writing() as connection:
            for row in rows:
                found = {**row, **made}
                columns = ", ".join(found)
                marks = ", ".join("?" * len(found))
                update = ", ".join(f"{name} = excluded.{name}" for name in found)
                connection.execute(
                    f"INSERT INTO points ({columns}) VALUES ({marks}) "
                    f"ON CONFLICT (id) DO UPDATE SET {update}",
                    tuple(found.values()),
                )
                connection.execute(
                    "DELETE FROM failures WHERE id = ? AND part = ?", (row["id"], part)
                )

    def fail(self, ids: Iterable[str], part: str, unit: str, sentence: str) -> None:
        """Note that a part of points, such as ``cost``, could not be measured."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._writing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
                [(id_, part, unit, sentence, now) for id_ in ids],
            )

    def keep(self, kind: str, content: bytes, suffix: str) -> str:
        """Keep a file.

        Parameters
        ----------
        kind : str
            Such as ``verilog``.
        content : bytes
            What is in it.
        suffix : str
            Of its name, such as ``.v``.

        Returns
        -------
        str
            SHA-256 of the content, by which `artefact` finds it.
        """
        digest = sha256(content).hexdigest()
        place = Path(self.folder.name, digest[:2], f"{digest}{suffix}")
        target = self.path.parent / place
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with complete(target, content) as written:
                os.replace(written, target)
        except OSError as error:
            raise _unwritable(target, error) from error
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO artefacts VALUES (?, ?, ?, ?)",
                (digest, kind, len(content), place.as_posix()),
            )
        return digest

    def artefact(self, digest: str) -> bytes | None:
        """Content of a file by its hash; None where it is not there, or damaged."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT path FROM artefacts WHERE sha256 = ?", (digest,)
            ).fetchone()
        if row is None:
            return None
        place = self.path.parent / row[0]
        with suppress(OSError):
            content = place.read_bytes()
            if sha256(content).hexdigest() == digest:
                return content
            cache.warn_of_damage(place)
        return None

    def meta(self) -> dict[str, str]:
        """Rows of the table ``meta``."""
        with self._reading() as connection:
            return dict(connection.execute("SELECT name, value FROM meta ORDER BY name"))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the file open, for one who writes often.

        Where a connection is the last one that is closed, SQLite moves the log into the file and
        waits for the disk. While it is held open, that is done now and then.

        Raises
        ------
        PointStoreError
            If there is no such file, or it is no store.
        """
        with self._reading():
            yield

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if not self.path.is_file():
            raise PointStoreError(f"There is no store '{self.path}'; fp8mac sweep makes one.")
        if os.access(self.path.parent, os.W_OK) and os.access(self.path, os.W_OK):
            how = "mode=rw"
        elif os.path.isfile(f"{self.path}-wal"):
            how = "mode=ro"
        else:  # where nothing may be written, not even the index of an empty log can be
            how = "mode=ro&immutable=1"
        with self._open(how) as connection:
            check(connection, self.path)
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        folder = self.path.absolute().parent
        if not folder.is_dir():
            raise PointStoreError(f"There is no folder '{folder}' for a store.")
        for place in (folder, self.path):
            if place.exists() and not os.access(place, os.W_OK):
                raise PointStoreError(f"The store '{self.path}' cannot be written.")
        with self._open("mode=rwc") as connection:
            write_ahead(connection)
            connection.execute("BEGIN IMMEDIATE")
            try:
                check(connection, self.path, create=True)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _open(self, how: str) -> Iterator[sqlite3.Connection]:
        try:
            with opened(self.path, how) as connection:
                yield connection
        except sqlite3.OperationalError as error:
            raise PointStoreError(f"Cannot use the store '{self.path}': {error}.") from error
        except sqlite3.DatabaseError as error:
            raise PointStoreError(f"'{self.path}' is not a store of points: {error}.") from error


def _unwritable(place: Path, error: OSError) -> PointStoreError:
    return PointStoreError(f"Cannot write '{place}': {error.strerror or error}.")
