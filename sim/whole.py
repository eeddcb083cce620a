"""Files that are complete before they have their names."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["complete"]


@contextmanager
def complete(place: Path, data: bytes) -> Iterator[Path]:
    """Write a file beside its place, under another name; `os.replace` gives it its own at once.

    It has the mode of the file that is there already, or what the umask leaves. If it was not moved
    by the end of the block, it is removed.

    Parameters
    ----------
    place : Path
        Where it is to be; the folder is there.
    data : bytes
        What is in it.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    name = place.parent / f".fp8mac-{secrets.token_hex(8)}"
    try:
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # less the umask
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if place.exists():
                os.fchmod(handle, stat.S_IMODE(place.stat().st_mode))
        yield name
    finally:
        with suppress(OSError):
            name.unlink()
