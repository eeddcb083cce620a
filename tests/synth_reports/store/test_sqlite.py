"""Files that several processes write."""

import sqlite3

import pytest

from fp8mac.synth_reports.store.sqlite import opened, write_ahead


class Busy:
    """A connection that is told, a few times, that the file is locked, as in a race."""

    def __init__(self, connection, code, times):
        self.connection, self.code, self.times = connection, code, times

    def execute(self, statement):
        if "journal_mode" in statement and self.times:
            self.times -= 1
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = self.code
            raise error
        return self.connection.execute(statement)


def test_those_that_are_refused_try_again(tmp_path):
    with opened(tmp_path / "new.sqlite", "mode=rwc") as connection:
        write_ahead(Busy(connection, sqlite3.SQLITE_BUSY, 5))
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]


def test_another_fault_is_told_at_once(tmp_path):
    with opened(tmp_path / "new.sqlite", "mode=rwc") as connection:
        busy = Busy(connection, sqlite3.SQLITE_FULL, 5)
        with pytest.raises(sqlite3.OperationalError):
            write_ahead(busy)
        assert busy.times == 4
