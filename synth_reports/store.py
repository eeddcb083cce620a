"""Results on disk: what was synthesised once is read the next time.

::

    designs/<hash of configuration, circuit sources, Amaranth>   ->  hash of the RTLIL
    results/<hash of RTLIL, flow, Yosys>                         ->  mapped netlist

An entry is complete or not there, and carries a checksum; one that does not match is as good as
missing. Neither answer needs Amaranth to be imported.
"""

import json
import logging
import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from fp8mac.gen.files import write_atomically

__all__ = ["Store", "hash_of"]

_log = logging.getLogger(__name__)


def hash_of(parts: Iterable[str]) -> str:
    """SHA-256 of a list of texts."""
    return sha256(json.dumps(list(parts)).encode()).hexdigest()


class Store:
    """Folder of JSON entries.

    Parameters
    ----------
    folder : Path, optional
        Default the environment variable ``FP8MAC_CACHE``, else ``build/synth``.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(os.environ.get("FP8MAC_CACHE") or "build/synth")

    def load(self, kind: str, key: str) -> dict[str, Any] | None:
        """Read an entry.

        Returns
        -------
        dict or None
            None where there is no entry, or a damaged one; the latter is logged as a warning.
        """
        path = self._path(kind, key)
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError):
            text = ""
        try:
            entry = json.loads(text)
            if entry["sha256"] == _checksum(entry["content"]):
                return entry["content"]
        except (ValueError, TypeError, KeyError):
            pass
        _log.warning("The cache entry %s is damaged; it is made again.", path)
        return None

    def save(self, kind: str, key: str, content: dict[str, Any]) -> None:
        """Write an entry.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        entry = {"sha256": _checksum(content), "content": content}
        write_atomically({self._path(kind, key): json.dumps(entry, indent=1) + "\n"})

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / f"{key}.json"


def _checksum(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
