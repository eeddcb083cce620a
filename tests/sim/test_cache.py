"""Where the cache is, and what happens where it cannot be."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fp8mac.sim import cache


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A cache that is not there yet, in a process that has said nothing."""
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_told", [])
    return tmp_path / "cache"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_variable_names_the_folder(monkeypatch, tmp_path, place):
    assert cache.folder() == place
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FP8MAC_CACHE", "beside")
    assert cache.folder() == tmp_path / "beside"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other places")
def test_the_users_cache_folder_is_the_default(monkeypatch, tmp_path):
    monkeypatch.setenv("FP8MAC_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "fp8mac"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache.folder() == Path("/home/somebody/.cache/fp8mac")


def test_a_user_without_a_home_has_no_cache(monkeypatch, tmp_path, caplog):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FP8MAC_CACHE")
    monkeypatch.setattr(cache, "user_cache_path", lambda *_, **__: Path("~/.cache/fp8mac"))
    assert not cache.keep(cache.folder() / "kind" / "entry", b"text")
    assert caplog.messages == [
        "The cache '/dev/null/fp8mac' cannot be written: Not a directory. Nothing is kept."
    ]
    assert not list(tmp_path.iterdir())


@pytest.fixture
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
def test_what_is_kept_is_whole_and_readable(place):
    assert cache.keep(place / "kind" / "entry", b"one")
    assert cache.keep(place / "kind" / "entry", b"two")
    assert (place / "kind" / "entry").read_bytes() == b"two"
    assert (place / "kind" / "entry").stat().st_mode & 0o777 == 0o644
    assert files(place) == ["entry"]
    assert cache.can_keep(place / "other")
    assert files(place) == ["entry"]


def fails(code: int):
    def call(*_, **__):
        raise OSError(code, os.strerror(code), "some file")

    return call


@pytest.mark.parametrize(
    ("function", "code"),
    [
        ("mkdir", errno.EROFS),
        ("open", errno.EACCES),
        ("write", errno.ENOSPC),
        ("replace", errno.EDQUOT),
    ],
)
def test_one_warning_where_nothing_can_be_written(monkeypatch, caplog, place, function, code):
    if function == "write":  # as much as fits is written
        real = os.fdopen
        monkeypatch.setattr(os, "fdopen", lambda *a: real(a[0], "wb").close() or fails(code)())
    else:
        owner = {"mkdir": Path, "open": os, "replace": os}[function]
        monkeypatch.setattr(owner, function, fails(code))
    assert not cache.keep(place / "kind" / "entry", b"text")
    assert not cache.keep(place / "kind" / "other", b"text")
    assert caplog.messages == [
        f"The cache '{place}' cannot be written: {os.strerror(code)}. Nothing is kept."
    ]
    monkeypatch.undo()
    assert files(place) == []


def test_a_file_in_its_place(place, caplog):
    place.write_text("")
    assert not cache.can_keep(place)
    assert not cache.keep(place / "entry", b"text")
    assert caplog.messages == [
        f"The cache '{place}' cannot be written: File exists. Nothing is kept."
    ]


def test_a_process_that_another_one_speaks_for(place, caplog):
    place.write_text("")
    cache.say_nothing()
    assert not cache.keep(place / "entry", b"text")
    assert not caplog.messages


WRITER = """
import sys
from pathlib import Path
from fp8mac.sim.cache import keep
for _ in range(300):
    assert keep(Path(sys.argv[1]), sys.argv[2].encode() * 5000)
"""


def test_two_processes_write_one_file(place):
    """Whoever reads sees a whole file of one of them."""
    path = place / "entry"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), letter]) for letter in "xy"
    ]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            seen.add(path.read_bytes())
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen | {path.read_bytes()} <= {b"x" * 5000, b"y" * 5000}
    assert files(place) == ["entry"]
