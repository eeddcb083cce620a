"""Entries that are whole, damaged or missing."""

import json
import logging
import os
from pathlib import Path

import pytest

from fp8mac.synth_reports.store.store import Store, hash_of

CONTENT = {"netlist": ".model m\n.end\n", "flip_flops": ["q[0]"], "abc_version": None, "count": 7}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "cache")


def entry(store, key="key"):
    return store.folder / "results" / f"{key}.json"


def test_what_is_saved_is_loaded(store):
    store.save("results", "key", CONTENT)
    assert store.load("results", "key") == CONTENT
    assert [path.name for path in store.folder.rglob("*") if path.is_file()] == ["key.json"]


def test_missing_entry(store, caplog):
    assert store.load("results", "key") is None
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
    text = entry(store).read_text()
    damaged = DAMAGES[damage](text)
    assert damaged != text
    entry(store).write_text(damaged)
    assert store.load("results", "key") is None
    assert caplog.messages == [f"The cache entry {entry(store)} is damaged; it is made again."]
    store.save("results", "key", CONTENT)
    assert store.load("results", "key") == CONTENT


def test_binary_rubbish_and_folders_are_damage(store, caplog):
    entry(store).parent.mkdir(parents=True)
    entry(store).write_bytes(b"\xff\xfe\x00")
    entry(store, "folder").mkdir()
    assert store.load("results", "key") is None
    assert store.load("results", "folder") is None
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_interrupted_write_leaves_the_old_entry_and_nothing_else(store, monkeypatch):
    store.save("results", "key", CONTENT)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.save("results", "key", {**CONTENT, "count": 8})
    assert store.load("results", "key") == CONTENT
    assert [path.name for path in store.folder.rglob("*") if path.is_file()] == ["key.json"]


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "cache")
    assert store.load("results", "key") is None
    store.save("results", "key", CONTENT)
    assert store.load("results", "key") is None


def test_default_folder(monkeypatch):
    monkeypatch.setenv("FP8MAC_CACHE", "/elsewhere")
    assert Store().folder == Path("/elsewhere")


def test_hash_keeps_parts_apart():
    assert hash_of(["ab", "c"]) != hash_of(["a", "bc"]) != hash_of(["abc"])
    assert hash_of(["ab", "c"]) == hash_of(("ab", "c"))
