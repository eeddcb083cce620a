"""Files that are either whole or not there, and the places where commands write.

A place is what a shell's `>` would write: links are followed, also to what is not there yet;
devices and pipes are written through; ``-`` is standard output. A regular file appears at once,
when all that belongs to it is written; it keeps its mode, or gets that of the umask.
"""

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from fp8mac.hw.config.errors import Error
from fp8mac.sim.whole import complete

__all__ = [
    "STDOUT",
    "WriteError",
    "check_folder",
    "check_outputs",
    "is_stream",
    "print_text",
    "read_text",
    "write_atomically",
]

STDOUT = Path("-")
"""The place that means standard output."""


class WriteError(Error, OSError):
    """A place that cannot be written; the message is one sentence for the user."""

    def __str__(self) -> str:
        place = "to standard output" if self.filename == str(STDOUT) else f"'{self.filename}'"
        return f"Cannot write {place}: {self.strerror}."


def write_atomically(contents: Mapping[Path, str | bytes]) -> None:
    """Write files, all or none: each is complete under another name before the first appears.

    Folders are made. What is written through comes before the first file appears.

    Raises
    ------
    WriteError
        If a folder or a file cannot be written, or two places are one file; it names the place as
        the caller did.
    """
    _check_distinct(contents)
    streams = [path for path in contents if is_stream(path)]
    written: dict[Path, Path] = {}
    with ExitStack() as stack:
        for path in (each for each in contents if each not in streams):
            with _named(path):
                target = _target(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                _refuse_read_only(target)
                written[path] = stack.enter_context(complete(target, _bytes(contents[path])))
        for path in streams:
            if path == STDOUT:
                print_text(_bytes(contents[path]).decode())
                continue
            with _named(path), path.open("wb", buffering=0) as stream:
                rest = memoryview(_bytes(contents[path]))
                while rest:
                    rest = rest[stream.write(rest) :]
        for path, name in written.items():
            with _named(path):
                os.replace(name, _target(path))


def check_outputs(paths: Iterable[Path]) -> None:
    """Find out before anything is computed whether places can be written; nothing is left there.

    Raises
    ------
    WriteError
        If one is a folder or a read-only file, if its folder is not there and cannot be made, or
        if two of them are one file.
    """
    chosen = list(paths)
    _check_distinct(chosen)
    for path in chosen:
        if path == STDOUT:
            continue
        with _named(path):
            target = path if is_stream(path) else _target(path)
            _refuse_read_only(target)
            if target is not path:
                _try_folder(target.parent)


def check_folder(folder: Path, pattern: str) -> None:
    """Find out before anything is computed whether files can be written into a folder.

    Parameters
    ----------
    folder : Path
        It need not be there.
    pattern : str
        Names of the files that may be replaced.

    Raises
    ------
    WriteError
        If it cannot be made, or it or one of the files cannot be written.
    """
    with _named(folder):
        _try_folder(folder)
    check_outputs(folder.glob(pattern))


def is_stream(path: Path) -> bool:
    """Whether a place is written through: standard output, a device, a pipe, an open file."""
    if path == STDOUT:
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    inside = path.absolute().parts[1:2]
    return not stat.S_ISDIR(mode) and (not stat.S_ISREG(mode) or inside in (("dev",), ("proc",)))


def read_text(path: Path, most: int = 1 << 27) -> str:
    """Text of a file that a user names; a device that never ends is no obstacle.

    Parameters
    ----------
    path : Path
        File, pipe or device.
    most : int
        Bytes that it may have.

    Raises
    ------
    OSError
        If it cannot be read, or is larger.
    UnicodeDecodeError
        If it is not text in UTF-8.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"It has more than {most:,} bytes", str(path))
    return data.decode()


def print_text(text: str) -> None:
    """Write to standard output, now.

    Raises
    ------
    WriteError
        If it cannot be written.
    BrokenPipeError
        If nobody reads it any more.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        with suppress(OSError, ValueError):  # what is left is not written again at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise WriteError(error.errno, error.strerror, str(STDOUT)) from None


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors name the place that the caller wrote, whatever file is behind it."""
    try:
        yield
    except (WriteError, BrokenPipeError):
        raise
    except OSError as error:
        raise WriteError(error.errno, error.strerror or str(error), str(path)) from None


def _bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def _target(path: Path) -> Path:
    """The file behind links; an error where they lead in a circle or through what is no folder."""
    with suppress(FileNotFoundError):
        path.stat()
    return Path(os.path.realpath(path))


def _check_distinct(paths: Iterable[Path]) -> None:
    seen: dict[Path, Path] = {}
    for path in paths:
        with _named(path):
            target = path if path == STDOUT else _target(path)
            for known, first in seen.items():
                same = target == known or (
                    target.exists() and known.exists() and target.samefile(known)
                )
                if same or target in known.parents or known in target.parents:
                    reason = f"'{first}' is the same file" if same else f"'{first}' is a file"
                    if path == first:
                        reason = "two outputs would be this file"
                    raise WriteError(errno.EINVAL, reason, str(path))
            seen[target] = path


def _refuse_read_only(path: Path) -> None:
    """A file without a right to write is left alone, even where one could replace it."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not (path.stat().st_mode & 0o222 and os.access(path, os.W_OK)):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _try_folder(folder: Path) -> None:
    """Make a file without a name in a folder, or in the one where the folder would be made."""
    while not os.path.lexists(folder):
        folder = folder.parent
    with tempfile.TemporaryFile(dir=folder):
        pass
