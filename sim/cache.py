"""Where things are kept that were computed once: the user's cache folder.

The environment variable ``FP8MAC_CACHE`` names another one. A folder that cannot be written is no
obstacle: everything is computed again the next time, and one warning says why.
"""

import logging
import os
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

from fp8mac.sim.whole import complete

__all__ = [
    "VARIABLE",
    "can_keep",
    "folder",
    "keep",
    "say_nothing",
    "warn_of_damage",
    "warn_of_loss",
]

VARIABLE = "FP8MAC_CACHE"

_log = logging.getLogger(__name__)
_told: list[bool] = []


def folder() -> Path:
    """Absolute path of the cache; it need not exist."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).absolute()
    found = user_cache_path("fp8mac", appauthor=False)
    return found if found.is_absolute() else Path(os.devnull, "fp8mac")  # nobody's home is known


def keep(path: Path, content: bytes) -> bool:
    """Write a file of the cache, which has its name only when it is whole.

    Returns
    -------
    bool
        Whether it could be written; a warning is logged the first time that one could not.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with complete(path, content) as written:
            os.replace(written, path)
    except OSError as error:
        warn_of_loss(folder(), error.strerror or str(error))
        return False
    return True


def can_keep(place: Path) -> bool:
    """Whether files can be written in a folder; the warning is that of `keep`."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(4096))
    except OSError as error:
        warn_of_loss(folder(), error.strerror or str(error))
        return False
    return True


def say_nothing() -> None:
    """No warning from this process that nothing can be kept: another one gives it."""
    _told.append(True)


def warn_of_damage(place: object) -> None:
    """Say that a place in the cache does not hold what it should."""
    _log.warning("The cache entry %s is damaged; it is made again.", place)


def warn_of_loss(place: Path, reason: str) -> None:
    """Say, once, that nothing can be kept."""
    if not _told:
        say_nothing()
        _log.warning("The cache '%s' cannot be written: %s. Nothing is kept.", place, reason)
