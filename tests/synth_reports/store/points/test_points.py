"""Points that are kept, read by others, damaged, raced for, and where nothing may be written."""

import csv
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from children import PATIENCE

from fp8mac.synth_reports.store.points import schema
from fp8mac.synth_reports.store.points.columns import COLUMNS, NAMES, ColumnGroup, id_of, names
from fp8mac.synth_reports.store.points.export import exported
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.points.schema import PointStoreError

IDENTITY = {"unit": "e4m3 -> fp16", "slug": "mac_e4m3_e4m3_fp16", "goal": "area", "lanes": 1}
ROW = {"id": id_of(IDENTITY), **IDENTITY, "gates": 529, "area_ge": 741.25}


@pytest.fixture
def store(tmp_path):
    return PointStore(tmp_path / "points.sqlite")


def without_when(rows):
    return [
        {key: value for key, value in row.items() if key not in ("made_at", "version")}
        for row in rows
    ]


def full(row):
    return without_when([dict.fromkeys(NAMES) | row])[0]


def test_id_is_of_the_identity_alone():
    assert id_of(ROW) == id_of(IDENTITY) == id_of({**IDENTITY, "network": None})
    changed = {
        name: id_of({**IDENTITY, name: "other"})
        for name in names(ColumnGroup.IDENTITY)
        if name != "id"
    }
    assert len({*changed.values(), id_of(IDENTITY)}) == len(names(ColumnGroup.IDENTITY))


def test_what_is_put_is_read(store):
    store.put([ROW])
    (row,) = store.rows()
    assert without_when([row]) == [full(ROW)]
    assert row["version"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", row["made_at"])


def test_columns_that_are_not_there_stay(store):
    store.put([ROW])
    store.put([{"id": ROW["id"], "accuracy": 0.75, "gates": 530}])
    assert without_when(store.rows()) == [full({**ROW, "gates": 530, "accuracy": 0.75})]


def test_rows_are_chosen(store):
    store.put([ROW, {**ROW, "id": "b", "network": "fmnist"}])
    assert [row["id"] for row in store.rows("network = ?", ["fmnist"])] == ["b"]
    assert [row["id"] for row in store.rows()] == [ROW["id"], "b"]


def test_a_transaction_is_whole_or_not_there(store):
    store.put([ROW])
    with pytest.raises(PointStoreError, match=r"^Cannot use the store '.*': .*no_such"):
        store.put([{"id": "b", "gates": 1}, {"id": "c", "no_such": 1}])
    assert [row["id"] for row in store.rows()] == [ROW["id"]]


def test_a_store_that_is_held_keeps_its_log(store):
    """The log is moved into the file, which waits for the disk, at the end and not row by row."""
    log = Path(f"{store.path}-wal")
    store.put([ROW])
    assert not log.exists()
    with store.held():
        store.put([{**ROW, "id": "b"}])
        assert log.stat().st_size > 0
        assert [row["id"] for row in store.rows()] == [ROW["id"], "b"]
    assert not log.exists()
    assert len(store.rows()) == 2
    with pytest.raises(PointStoreError, match=r"^There is no store "), PointStore(log).held():
        pass


def test_failures_are_noted_and_forgotten(store):
    store.put([ROW])
    store.fail([ROW["id"], "b"], "cost", "e4m3 -> fp16", "There is no Yosys.")
    noted = [(each["id"], each["part"], each["sentence"]) for each in store.failures()]
    assert sorted(noted) == sorted(
        [(ROW["id"], "cost", "There is no Yosys."), ("b", "cost", "There is no Yosys.")]
    )
    store.put([ROW], "cost")
    store.put([{"id": "b"}], "accuracy")
    assert [each["id"] for each in store.failures()] == ["b"]


def test_artefacts_by_content(store, caplog):
    digest = store.keep("verilog", b"module m;\n", ".v")
    assert store.artefact(digest) == b"module m;\n"
    assert store.artefact("0" * 64) is None
    (place,) = store.folder.rglob("*.v")
    assert place.relative_to(store.path.parent).as_posix() == (
        f"points.sqlite.artefacts/{digest[:2]}/{digest}.v"
    )
    place.write_bytes(b"module n;\n")
    assert store.artefact(digest) is None
    assert caplog.messages == [f"The cache entry {place} is damaged; it is made again."]
    assert store.keep("verilog", b"module m;\n", ".v") == digest
    assert store.artefact(digest) == b"module m;\n"
    place.unlink()
    assert store.artefact(digest) is None


def test_meta(store):
    store.put([])
    assert store.meta() == {
        "made_by": f"fp8mac {schema.version('fp8mac')}",
        "schema_version": str(schema.SCHEMA_VERSION),
    }


def test_no_store(store):
    with pytest.raises(PointStoreError) as error:
        store.rows()
    assert str(error.value) == f"There is no store '{store.path}'; fp8mac sweep makes one."


def test_no_folder(tmp_path):
    place = tmp_path / "none" / "points.sqlite"
    with pytest.raises(PointStoreError) as error:
        PointStore(place).put([ROW])
    assert str(error.value) == f"There is no folder '{place.parent}' for a store."


def test_what_is_no_database_stays_as_it_is(store):
    store.path.write_bytes(b"a letter to somebody" * 100)
    for use in (store.rows, lambda: store.put([ROW])):
        with pytest.raises(PointStoreError) as error:
            use()
        assert str(error.value) == (
            f"'{store.path}' is not a store of points: file is not a database."
        )
    assert store.path.read_bytes() == b"a letter to somebody" * 100


def test_somebody_elses_database(store):
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("CREATE TABLE letters (text TEXT)")
    for use in (store.rows, lambda: store.put([ROW])):
        with pytest.raises(PointStoreError) as error:
            use()
        assert str(error.value) == f"'{store.path}' is not a store of points."


def test_newer_schema(store):
    store.put([ROW])
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(PointStoreError) as error:
        store.rows()
    known = schema.SCHEMA_VERSION
    assert str(error.value) == (
        f"'{store.path}' has version 99 of the schema; this fp8mac knows up to {known}."
    )


def test_older_schema_is_brought_up(store, monkeypatch):
    store.put([ROW])
    step = {schema.SCHEMA_VERSION: "ALTER TABLE failures ADD COLUMN more TEXT;"}
    monkeypatch.setattr(schema, "_STEPS", {**schema._STEPS, **step})
    monkeypatch.setattr(schema, "SCHEMA_VERSION", schema.SCHEMA_VERSION + 1)
    assert without_when(store.rows()) == [full(ROW)]
    assert store.meta()["schema_version"] == str(schema.SCHEMA_VERSION)
    with closing(sqlite3.connect(store.path)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(failures)")]
    assert columns[-1] == "more"
    store.put([{"id": "b"}])  # once


def test_every_step_is_there():
    assert sorted(schema._STEPS) == list(range(1, schema.SCHEMA_VERSION))


def test_a_log_is_read_beside_a_writer(store):
    store.put([ROW])
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE points SET gates = 1")
        assert [row["gates"] for row in store.rows()] == [529]
        connection.execute("COMMIT")
        assert [row["gates"] for row in store.rows()] == [1]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_full_disk_loses_nothing_that_was_kept(small_disk):
    store = PointStore(small_disk / "points.sqlite")
    kept = []

    def fill():
        for number in range(1000):
            store.put([{"id": str(number), "unit": "x" * 10_000}])
            kept.append(str(number))

    with pytest.raises(PointStoreError) as error:
        fill()
    assert str(error.value) == f"Cannot use the store '{store.path}': database or disk is full."
    assert kept
    assert [row["id"] for row in store.rows()] == kept
    with pytest.raises(PointStoreError, match=r"^Cannot write '.*': No space left on device"):
        store.keep("verilog", bytes(1 << 20), ".v")
    assert [path for path in small_disk.rglob("*") if path.name.startswith(".fp8mac")] == []


def test_where_nothing_may_be_written_rows_are_read(small_disk):
    store = PointStore(small_disk / "points.sqlite")
    store.put([ROW])
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert without_when(store.rows()) == [full(ROW)]
    with pytest.raises(PointStoreError) as error:
        store.put([{"id": "b"}])
    assert str(error.value) == f"The store '{store.path}' cannot be written."


WRITER = """
import sys
from pathlib import Path
from fp8mac.synth_reports.store.points.points import PointStore
store = PointStore(Path(sys.argv[1]))
for number in range(40):
    store.put([{"id": f"both {number}", "gates": number}])
    store.put([{"id": f"{sys.argv[2]} {number}", "gates": number}])
"""


def test_two_writers_lose_and_double_nothing(store):
    command = [sys.executable, "-c", WRITER, str(store.path)]
    writers = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [each.wait(PATIENCE) for each in writers] == [0, 0]
    found = [(row["id"], row["gates"]) for row in store.rows()]
    wanted = [(f"{who} {n}", n) for who in ("both", "a", "b") for n in range(40)]
    assert sorted(found) == sorted(wanted)


def test_a_killed_writer_leaves_whole_rows(store):
    endless = WRITER.replace("range(40)", "range(10**9)")
    writer = subprocess.Popen([sys.executable, "-c", endless, str(store.path), "a"])
    try:
        while not store.path.exists() or _count(store) < 20:
            assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait(PATIENCE)
    rows = store.rows()
    assert [row["gates"] for row in rows] == [number // 2 for number in range(len(rows))]
    store.put([ROW])
    assert len(store.rows()) == len(rows) + 1


def _count(store):
    try:
        return len(store.rows())
    except PointStoreError:
        return 0


def test_csv_and_json(store):
    store.put([ROW, {"id": "b", "unit": 'with "quotes", and a comma'}])
    rows = store.rows()
    table = list(csv.DictReader(io.StringIO(exported(rows, "csv").decode())))
    assert list(table[0]) == list(NAMES)
    as_text = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
    assert table == as_text
    assert json.loads(exported(rows, "json")) == rows
    assert exported([], "csv").decode() == ",".join(NAMES) + "\n"
    assert exported(rows, "csv", ["unit", "gates"]).decode() == (
        'unit,gates\ne4m3 -> fp16,529\n"with ""quotes"", and a comma",\n'
    )


def test_parquet(store):
    parquet = pytest.importorskip("pyarrow.parquet")
    store.put([ROW, {"id": "b"}])
    table = parquet.read_table(io.BytesIO(exported(store.rows(), "parquet")))
    assert table.to_pylist() == store.rows()
    kinds = {"TEXT": "string", "INTEGER": "int64", "REAL": "double"}
    assert [str(each.type) for each in table.schema] == [kinds[each.type] for each in COLUMNS]


def test_parquet_without_pyarrow(monkeypatch):
    monkeypatch.setattr("fp8mac.synth_reports.store.points.export.find_spec", lambda name: None)
    with pytest.raises(PointStoreError) as error:
        exported([], "parquet")
    assert str(error.value) == ("Parquet needs pyarrow; install fp8mac[parquet], or write CSV.")


def test_unknown_kind():
    with pytest.raises(PointStoreError) as error:
        exported([], "xlsx")
    assert str(error.value) == "Unknown kind of file 'xlsx'; there are csv, json, parquet."


def test_any_tool_reads_it(store):
    """As the documentation has it: nothing but SQL, and types that mean something."""
    store.put([ROW])
    with closing(sqlite3.connect(f"{store.path.as_uri()}?mode=ro", uri=True)) as connection:
        (found,) = connection.execute("SELECT unit, gates, area_ge FROM points")
        types = {row[1]: row[2] for row in connection.execute("PRAGMA table_info(points)")}
    assert found == ("e4m3 -> fp16", 529, 741.25)
    assert types == {column.name: column.type for column in COLUMNS}


def test_the_page_has_the_schema():
    page = (Path(__file__).parents[4] / "docs/store.md").read_text()
    wanted = [
        f"| `{each.name}` | {each.type} | {each.group.value} | {each.meaning} |" for each in COLUMNS
    ]
    assert [line for line in page.splitlines() if line.startswith("| `")][: len(wanted)] == wanted
    assert f"version {schema.SCHEMA_VERSION} of the schema" in page
