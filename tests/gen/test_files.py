"""Outputs are whole, where they were wanted, and nowhere else."""

import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from children import PATIENCE

from fp8mac.gen import files
from fp8mac.gen.files import WriteError, check_folder, check_outputs, read_text, write_atomically


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fails(call, *arguments) -> str:
    with pytest.raises(WriteError) as caught:
        call(*arguments)
    return str(caught.value)


def everything(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_and_their_folders(folder):
    write_atomically({folder / "a" / "b.txt": "text", folder / "c": b"\x00"})
    assert (folder / "a" / "b.txt").read_text() == "text"
    assert (folder / "c").read_bytes() == b"\x00"
    assert everything(folder) == ["a", "a/b.txt", "c"]


def test_all_or_none(folder):
    (folder / "kept").write_text("old")
    contents = {folder / "kept": "new", folder / "kept" / "below": "new"}
    assert fails(write_atomically, contents) == (
        f"Cannot write '{folder}/kept/below': Not a directory."
    )
    (folder / "taken").mkdir()
    contents = {folder / "kept": "new", folder / "taken": "new"}
    assert fails(write_atomically, contents) == f"Cannot write '{folder}/taken': Is a directory."
    assert (folder / "kept").read_text() == "old"
    assert everything(folder) == ["kept", "taken"]


def test_modes(folder):
    before = os.umask(0o027)
    try:
        write_atomically({folder / "new": ""})
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "new").stat().st_mode) == 0o640
    (folder / "new").chmod(0o755)
    write_atomically({folder / "new": "again"})
    assert stat.S_IMODE((folder / "new").stat().st_mode) == 0o755


@pytest.mark.parametrize("call", [check_outputs, write_atomically])
def test_read_only_file(folder, call):
    path = folder / "fixed"
    path.write_text("old")
    path.chmod(0o444)
    assert fails(call, {path: "new"}) == f"Cannot write '{path}': Permission denied."
    assert path.read_text() == "old"


def test_links_are_followed(folder):
    (folder / "real").mkdir()
    (folder / "real" / "file").write_text("old")
    (folder / "link").symlink_to("real/file")
    (folder / "dangling").symlink_to("real/made")
    (folder / "shelf").symlink_to("real")
    outputs = {folder / "link": "1", folder / "dangling": "2", folder / "shelf" / "c": "3"}
    check_outputs(outputs)
    write_atomically(outputs)
    assert (folder / "link").is_symlink()
    assert (folder / "dangling").is_symlink()
    assert [(folder / "real" / name).read_text() for name in ("file", "made", "c")] == list("123")


def test_links_in_a_circle(folder):
    (folder / "x").symlink_to("y")
    (folder / "y").symlink_to("x")
    want = f"Cannot write '{folder}/x': Too many levels of symbolic links."
    assert fails(check_outputs, [folder / "x"]) == want
    assert fails(write_atomically, {folder / "x": ""}) == want


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("x", "x", "two outputs would be this file"),
        ("x", "./deep/../x", "'x' is the same file"),
        ("x", "link", "'x' is the same file"),
        ("link", "there", "'link' is the same file"),
        ("there", "hard", "'there' is the same file"),
        ("new", "dangling", "'new' is the same file"),
        ("x", "x/y", "'x' is a file"),
        ("x/y", "x", "'x/y' is a file"),
        ("-", "-", "two outputs would be this file"),
    ],
)
def test_two_outputs_are_two_files(folder, first, second, reason):
    (folder / "deep").mkdir()
    (folder / "there").write_text("")
    (folder / "hard").hardlink_to("there")
    (folder / "link").symlink_to("there" if first == "link" else "x")
    (folder / "dangling").symlink_to("new")
    before = everything(folder)
    paths = [files.Path(first), files.Path(second)]
    place = "to standard output" if second == "-" else f"'{files.Path(second)}'"
    assert fails(check_outputs, paths) == f"Cannot write {place}: {reason}."
    assert everything(folder) == before


def test_devices_are_written_through():
    before = os.stat("/dev/null")
    check_outputs([files.Path("/dev/full"), files.Path("/dev/null")])
    write_atomically({files.Path("/dev/null"): "gone"})
    assert os.stat("/dev/null").st_rdev == before.st_rdev
    want = "Cannot write '/dev/full': No space left on device."
    assert fails(write_atomically, {files.Path("/dev/full"): "x" * 100_000}) == want
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_nothing_appears_beside_a_full_device(folder):
    assert fails(write_atomically, {folder / "x": "", files.Path("/dev/full"): "x"})
    assert everything(folder) == []


def test_pipes_are_written_through(folder):
    os.mkfifo(folder / "pipe")
    read = []
    reader = threading.Thread(
        target=lambda: read.append((folder / "pipe").read_text()), daemon=True
    )
    reader.start()
    check_outputs([folder / "pipe"])
    write_atomically({folder / "pipe": "text" * 50_000})
    reader.join(PATIENCE)
    assert read == ["text" * 50_000]
    assert stat.S_ISFIFO((folder / "pipe").stat().st_mode)


def test_open_file_is_written_through(folder):
    with (folder / "log").open("w") as file:
        write_atomically({files.Path(f"/dev/fd/{file.fileno()}"): "text"})
        assert os.fstat(file.fileno()).st_ino == (folder / "log").stat().st_ino
    assert (folder / "log").read_text() == "text"


def test_standard_output(folder, capsys):
    write_atomically({files.STDOUT: "text\n"})
    assert capsys.readouterr().out == "text\n"
    assert everything(folder) == []
    check_outputs([files.STDOUT, folder / "-"])
    write_atomically({files.STDOUT: "text\n", folder / "-": "file"})
    assert capsys.readouterr().out == "text\n"
    assert (folder / "-").read_text() == "file"


def test_names_of_250_letters(folder):
    write_atomically({folder / ("x" * 250): "text"})
    long = "x" * 300
    assert fails(check_outputs, [files.Path(long)]) == (
        f"Cannot write '{long}': File name too long."
    )


def test_full_disk_names_the_file(folder, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere/.temporary")

    monkeypatch.setattr(files, "complete", full)
    assert fails(write_atomically, {files.Path("x.v"): ""}) == (
        "Cannot write 'x.v': No space left on device."
    )


def test_places_are_checked_and_nothing_is_left(folder):
    (folder / "file").write_text("")
    (folder / "box").mkdir()
    (folder / "lost").symlink_to("nowhere")
    check_outputs([files.Path("new/deep/x"), files.Path("box/x"), files.STDOUT])
    assert fails(check_outputs, [files.Path("box")]) == "Cannot write 'box': Is a directory."
    assert fails(check_outputs, [files.Path("file/x")]) == (
        "Cannot write 'file/x': Not a directory."
    )
    assert fails(check_outputs, [files.Path("/proc/x")]) == (
        "Cannot write '/proc/x': No such file or directory."
    )
    assert everything(folder) == ["box", "file", "lost"]


def test_folders_are_checked(folder):
    (folder / "file").write_text("")
    (folder / "box" / "grid.md").mkdir(parents=True)
    (folder / "box" / "grid.csv").write_text("")
    check_folder(files.Path("new/deep"), "grid.*")
    assert fails(check_folder, files.Path("box"), "grid.*") == (
        "Cannot write 'box/grid.md': Is a directory."
    )
    (folder / "box" / "grid.md").rmdir()
    check_folder(files.Path("box"), "grid.*")
    (folder / "box" / "grid.csv").chmod(0o400)
    assert fails(check_folder, files.Path("box"), "grid.*") == (
        "Cannot write 'box/grid.csv': Permission denied."
    )
    check_folder(files.Path("box"), "features.*")
    for path in ("file", "file/x"):
        assert (
            fails(check_folder, files.Path(path), "*") == f"Cannot write '{path}': Not a directory."
        )
    assert everything(folder) == ["box", "box/grid.csv", "file"]


def test_what_never_ends_is_not_read_to_the_end():
    with pytest.raises(OSError, match=r"It has more than 1,000 bytes") as raised:
        read_text(Path("/dev/zero"), 1000)
    assert raised.value.filename == "/dev/zero"


def test_text_is_read_from_pipes_too(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("a,b\n",))
    writer.start()
    assert read_text(pipe, 4) == "a,b\n"
    writer.join()
