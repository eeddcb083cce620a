"""Results on disk: what was synthesised once is read the next time.

::

    designs/<hash of configuration, code that makes RTLIL>   ->  hash of the RTLIL
    results/<hash of RTLIL, flow, Yosys, code of the flow>   ->  mapped netlist

An entry is complete or not there, and carries a checksum; one that does not match is as good as
missing. Neither answer needs Amaranth to be imported.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from fp8mac.sim import cache
from fp8mac.sim.provenance import fingerprint

__all__ = ["Store", "hash_of"]


def hash_of(parts: Iterable[str]) -> str:
    """SHA-256 of a list of texts."""
    return sha256(json.dumps(list(parts)).encode()).hexdigest()


@dataclass(frozen=True)
class Store:
    """Folder of JSON entries.

    Parameters
    ----------
    folder : Path
        Default the cache, see `fp8mac.sim.cache`.
    """

    folder: Path = field(default_factory=cache.folder)

    @staticmethod
    def key(inputs: Iterable[str], *modules: str) -> str:
        """Key of a result.

        Parameters
        ----------
        inputs : iterable of str
            What it is made from.
        *modules : str
            Names of the modules that make it; what they need is found by itself.
        """
        return hash_of([*inputs, *(fingerprint(module) for module in modules)])

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
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        except (OSError, UnicodeDecodeError):
            text = ""
        try:
            entry = json.loads(text)
            if entry["sha256"] == _checksum(entry["content"]):
                return entry["content"]
        except (ValueError, TypeError, KeyError):
            pass
        cache.warn_of_damage(path)
        return None

    def save(self, kind: str, key: str, content: dict[str, Any]) -> None:
        """Write an entry; where it cannot be written, `fp8mac.sim.cache` says so, once."""
        entry = {"sha256": _checksum(content), "content": content}
        cache.keep(self._path(kind, key), (json.dumps(entry, indent=1) + "\n").encode())

    def can_keep(self) -> bool:
        """Whether entries can be written; the warning is that of `save`."""
        return cache.can_keep(self.folder)

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / f"{key}.json"


def _checksum(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
