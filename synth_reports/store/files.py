"""Entries as files: one JSON file each, in folders by kind, which anybody can look at."""

from dataclasses import dataclass
from pathlib import Path

from fp8mac.sim import cache

__all__ = ["Files"]


@dataclass(frozen=True)
class Files:
    """A folder, whose files appear when they are whole.

    ::

        designs/<key>.json, results/<key>.json, ...

    Parameters
    ----------
    folder : Path
        It need not exist.
    """

    folder: Path

    def place(self, kind: str, key: str) -> str:
        """What a warning calls an entry."""
        return str(self._path(kind, key))

    def read(self, kind: str, key: str) -> str | None:
        """Text of an entry; empty where it cannot be read, None where there is none."""
        try:
            return self._path(kind, key).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        except (OSError, UnicodeDecodeError):
            return ""

    def write(self, kind: str, key: str, text: str) -> None:
        """Keep an entry; where that is not possible, `fp8mac.sim.cache` says so, once."""
        cache.keep(self._path(kind, key), text.encode())

    def can_keep(self) -> bool:
        """Whether entries can be written; the warning is that of `write`."""
        return cache.can_keep(self.folder)

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / f"{key}.json"
