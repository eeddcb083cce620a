"""Results on disk: what was synthesised once is read the next time.

::

    designs/<hash of configuration, code that makes RTLIL>   ->  hash of the RTLIL
    results/<hash of RTLIL, flow, Yosys, code of the flow>   ->  mapped netlist

An entry is JSON with a checksum, ``{"sha256": ..., "content": {...}}``. It is complete or not
there; one that does not match its checksum is as good as missing. Neither answer needs Amaranth to
be imported.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from fp8mac.sim import cache
from fp8mac.sim.provenance import fingerprint
from fp8mac.synth_reports.store.database import Database
from fp8mac.synth_reports.store.files import Files

__all__ = ["BackEnd", "Store", "hash_of"]


class BackEnd(Protocol):
    """Where the texts of entries are: `Files`, or a `Database`."""

    def place(self, kind: str, key: str) -> str:
        """What a warning calls an entry."""
        ...

    def read(self, kind: str, key: str) -> str | None:
        """Text of an entry; empty where it cannot be read, None where there is none."""
        ...

    def write(self, kind: str, key: str, text: str) -> None:
        """Keep an entry; where that is not possible, `fp8mac.sim.cache` says so, once."""
        ...

    def can_keep(self) -> bool:
        """Whether entries can be written; the warning is that of `write`."""
        ...


def hash_of(parts: Iterable[str]) -> str:
    """SHA-256 of a list of texts."""
    return sha256(json.dumps(list(parts)).encode()).hexdigest()


@dataclass(frozen=True)
class Store:
    """Entries by kind and key.

    Parameters
    ----------
    place : Path
        A folder for files, or an SQLite file whose name ends in ``.sqlite``. Default the cache, see
        `fp8mac.sim.cache`.
    """

    place: Path = field(default_factory=cache.folder)

    @cached_property
    def back_end(self) -> BackEnd:
        """What keeps the entries."""
        return Database(self.place) if self.place.suffix == ".sqlite" else Files(self.place)

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
        text = self.back_end.read(kind, key)
        if text is None:
            return None
        try:
            entry = json.loads(text)
            if entry["sha256"] == _checksum(entry["content"]):
                return entry["content"]
        except (ValueError, TypeError, KeyError):
            pass
        cache.warn_of_damage(self.back_end.place(kind, key))
        return None

    def save(self, kind: str, key: str, content: dict[str, Any]) -> None:
        """Write an entry; where it cannot be written, `fp8mac.sim.cache` says so, once."""
        entry = {"sha256": _checksum(content), "content": content}
        self.back_end.write(kind, key, json.dumps(entry, indent=1) + "\n")

    def can_keep(self) -> bool:
        """Whether entries can be written; the warning is that of `save`."""
        return self.back_end.can_keep()


def _checksum(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
