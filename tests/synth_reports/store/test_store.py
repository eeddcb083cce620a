"""Entries that are whole, damaged or missing, in files and in a database."""

import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from children import PATIENCE

from fp8mac.sim import cache
from fp8mac.synth_reports.store.database import Database
from fp8mac.synth_reports.store.files import Files
from fp8mac.synth_reports.store.store import Store, hash_of

CONTENT = {"netlist": ".model m\n.end\n", "flip_flops": ["q[0]"], "abc_version": None, "count": 7}
PLACES = {Files: "cache", Database: "cache.sqlite"}


@pytest.fixture(params=PLACES, ids=lambda kind: kind.__name__)
def store(request, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_told", [])
    found = Store(tmp_path / "deep" / PLACES[request.param])
    assert isinstance(found.back_end, request.param)
    return found


def text_of(store, change=None, key="key"):
    """The stored text of an entry; or another one in its place."""
    if isinstance(store.back_end, Files):
        path = store.place / "results" / f"{key}.json"
        if change is not None:
            path.write_text(change)
        return path.read_text()
    with closing(sqlite3.connect(store.place)) as connection, connection:
        if change is not None:
            connection.execute("UPDATE entries SET entry = ? WHERE key = ?", (change, key))
        question = "SELECT entry FROM entries WHERE kind = 'results' AND key = ?"
        return connection.execute(question, (key,)).fetchone()[0]


def files(store):
    return sorted(path.name for path in store.place.parent.rglob("*") if path.is_file())


def test_what_is_saved_is_loaded(store):
    store.save("results", "key", CONTENT)
    assert store.load("results", "key") == CONTENT
    store.save("results", "key", {**CONTENT, "count": 8})
    assert store.load("results", "key") == {**CONTENT, "count": 8}
    want = {"cache.sqlite"} if store.place.suffix else {"key.json"}
    assert {name.removesuffix("-wal").removesuffix("-shm") for name in files(store)} == want


def test_missing_entry(store, caplog):
    assert store.load("results", "key") is None
    assert not store.place.parent.exists()
    store.save("results", "key", CONTENT)
    assert store.load("designs", "key") is None
    assert store.load("results", "other") is None
    assert not caplog.messages


DAMAGES = {
    "empty": lambda text: "",
    "cut": lambda text: text[: len(text) // 2],
    "one digit": lambda text: text.replace('"count": 7', '"count": 8'),
    "one letter of the netlist": lambda text: text.replace(".end", ".enb"),
    "list": lambda text: json.dumps([text]),
    "number": lambda text: "1",
    "no checksum": lambda text: json.dumps({"content": json.loads(text)["content"]}),
    "no content": lambda text: json.dumps({"sha256": json.loads(text)["sha256"]}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_entry_is_noticed(store, caplog, damage):
    store.save("results", "key", CONTENT)
    text = text_of(store)
    damaged = DAMAGES[damage](text)
    assert damaged != text
    text_of(store, damaged)
    assert store.load("results", "key") is None
    place = f"{store.place}: results/key"
    if isinstance(store.back_end, Files):
        place = str(store.place / "results" / "key.json")
    assert caplog.messages == [f"The cache entry {place} is damaged; it is made again."]
    store.save("results", "key", CONTENT)
    assert store.load("results", "key") == CONTENT


def test_binary_rubbish_and_folders_are_damage(tmp_path, caplog):
    folder = tmp_path / "results"
    (folder / "folder.json").mkdir(parents=True)
    (folder / "key.json").write_bytes(b"\xff\xfe\x00")
    assert Store(tmp_path).load("results", "key") is None
    assert Store(tmp_path).load("results", "folder") is None
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


@pytest.mark.parametrize("damage", ["rubbish", "cut"])
def test_a_file_that_is_no_database_is_set_aside(tmp_path, caplog, damage):
    store = Store(tmp_path / "x.sqlite")
    for number in range(40):
        store.save("results", f"key{number}", CONTENT | {"text": "x" * 4000})
    whole = store.place.read_bytes()
    damaged = whole[: len(whole) // 2] if damage == "cut" else b"not a database, but long" * 999
    store.place.write_bytes(damaged)
    assert None in [store.load("results", f"key{number}") for number in range(40)]
    assert set(caplog.messages) <= {
        f"The cache entry {store.place}: results/key{number} is damaged; it is made again."
        for number in range(40)
    }
    assert caplog.messages
    for number in range(40):
        store.save("results", f"key{number}", CONTENT)
    assert [store.load("results", f"key{number}") for number in range(40)] == [CONTENT] * 40
    assert (tmp_path / "x.sqlite.damaged").exists()


def test_interrupted_write_leaves_the_old_entry_and_nothing_else(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.save("results", "key", CONTENT)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.save("results", "key", {**CONTENT, "count": 8})
    assert store.load("results", "key") == CONTENT
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["key.json"]


WRITER = """
import sys
from pathlib import Path
from fp8mac.synth_reports.store.store import Store
store, name = Store(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
for number in range(150):
    store.save("results", f"{name}{number}", {"by": name, "number": number})
    store.save("results", "both", {"by": name, "number": number})
"""


def test_two_processes_write_at_once(store):
    command = [sys.executable, "-c", WRITER, str(store.place)]
    with (
        subprocess.Popen([*command, "a"], stdout=subprocess.PIPE) as one,
        subprocess.Popen([*command, "b"], stdout=subprocess.PIPE) as other,
    ):
        for child in (one, other):
            assert child.stdout is not None
            child.stdout.readline()
        seen = [store.load("results", "both") for _ in range(50)]
        assert (one.wait(PATIENCE), other.wait(PATIENCE)) == (0, 0)
    assert all(each is None or each["number"] < 150 for each in seen)
    for name in "ab":
        for number in range(150):
            found = store.load("results", f"{name}{number}")
            assert found == {"by": name, "number": number}
    assert store.load("results", "both")["number"] == 149


def test_a_writer_that_is_killed_leaves_whole_entries(store):
    command = [sys.executable, "-c", WRITER, str(store.place), "a"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        while store.load("results", "a3") is None and child.poll() is None:
            pass
        child.kill()
    numbers = [store.load("results", f"a{number}") for number in range(150)]
    done = [each for each in numbers if each is not None]
    assert done == [{"by": "a", "number": number} for number in range(len(done))]
    assert len(done) > 3
    store.save("results", "key", CONTENT)
    assert store.load("results", "key") == CONTENT


def test_folder_that_cannot_be_made(store, tmp_path, caplog):
    (tmp_path / "deep").write_text("")
    assert store.load("results", "key") is None
    store.save("results", "key", CONTENT)
    store.save("results", "key", CONTENT)
    assert store.load("results", "key") is None
    assert not store.can_keep()
    (message,) = caplog.messages
    reason = "File exists" if store.place.suffix else "Not a directory"
    assert message.startswith("The cache '")
    assert message.endswith(f"' cannot be written: {reason}. Nothing is kept.")


READER = """
import os, sys
from pathlib import Path
from fp8mac.synth_reports.store.store import Store
if not os.getuid():
    os.setuid(65534)  # nothing is read-only to root
store = Store(Path(sys.argv[1]))
print(store.load("results", "key"))
store.save("results", "other", {})
"""


@pytest.mark.parametrize("name", PLACES.values())
def test_what_cannot_be_written_can_be_read(name):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / name)
        store.save("results", "key", {"count": 7})
        places = [Path(folder), *Path(folder).rglob("*")]
        for path in places:
            path.chmod(0o555 if path.is_dir() else 0o444)
        command = [sys.executable, "-c", READER, str(store.place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for path in places:
            path.chmod(0o755)
    assert done.stdout == "{'count': 7}\n", done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("The cache '")
    assert line.endswith(" Nothing is kept.")


def test_a_database_can_be_asked(tmp_path):
    store = Store(tmp_path / "x.sqlite")
    for number in range(3):
        store.save("records", str(number), {"unit": f"mac{number}", "area_ge": number + 0.5})
    store.save("results", "key", CONTENT)
    with closing(sqlite3.connect(store.place)) as connection:
        rows = connection.execute(
            "SELECT json_extract(entry, '$.content.unit'), json_extract(entry, '$.content.area_ge')"
            " FROM entries WHERE kind = 'records' ORDER BY key"
        ).fetchall()
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    assert rows == [("mac0", 0.5), ("mac1", 1.5), ("mac2", 2.5)]
    assert mode == "wal"


def test_default_place(monkeypatch):
    monkeypatch.setenv("FP8MAC_CACHE", "/elsewhere")
    assert Store().place == Path("/elsewhere")
    assert isinstance(Store().back_end, Files)


def test_hash_keeps_parts_apart():
    assert hash_of(["ab", "c"]) != hash_of(["a", "bc"]) != hash_of(["abc"])
    assert hash_of(["ab", "c"]) == hash_of(("ab", "c"))
