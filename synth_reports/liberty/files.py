"""Reads files that a user names: plain or compressed, alone, listed or in a folder."""

import gzip
import re
import zlib
from pathlib import Path

from fp8mac.synth_reports.liberty.reader import LibertyError

__all__ = ["SUFFIXES", "in_folder", "read_file", "stem"]

SUFFIXES = (".lib", ".lib.gz")
"""Of files that are found in folders."""

_LARGEST = 200_000_000  # bytes


def stem(path: Path) -> str:
    """Name of a file without what says that it is Liberty."""
    return re.sub(r"(?i)(\.lib)?(\.gz)?$", "", path.name)


def in_folder(folder: Path, *, deep: bool = False) -> list[Path]:
    """Liberty files in a folder, and in those below it, in order of their names."""
    found = folder.rglob("*") if deep else folder.iterdir()
    return sorted(path for path in found if path.name.endswith(SUFFIXES) and path.is_file())


def read_file(path: Path) -> str:
    """Text of a Liberty file, which is taken for compressed if it begins so.

    Raises
    ------
    LibertyError
        If it cannot be read, is too large, or has no group ``library``.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise LibertyError(f"Cannot read '{path}': it is not a whole gzip file.") from None
    except OSError as error:
        raise LibertyError(f"Cannot read '{path}': {error.strerror}.") from None
    if len(data) > _LARGEST:
        raise LibertyError(f"'{path}' has more than {_LARGEST // 10**6} MB of text.")
    text = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    if not re.search(r"\blibrary\s*\(", text):
        raise LibertyError(f"'{path}' is not a Liberty file: it has no group library.")
    return text
