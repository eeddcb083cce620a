"""What a job is done with: the store, and benches that are made when they are asked for."""

from collections.abc import Iterable
from threading import RLock
from typing import Any

from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.measure import Bench
from fp8mac.synth_reports.liberty.find import resolve
from fp8mac.synth_reports.liberty.library import OWN, Library
from fp8mac.synth_reports.store.store import Store

__all__ = ["Worker"]


class Worker:
    """What a job is done with. A copy in another process has what it is made from, nothing else.

    Parameters
    ----------
    store : Store
        Where results are kept.
    force : bool
        Whether to do anew what is known.
    """

    def __init__(self, store: Store, *, force: bool = False) -> None:
        self.store, self.force = store, force
        self._lock = RLock()
        self._benches: dict[tuple[str | None, frozenset[str]], Bench] = {}
        self._libraries: dict[str, Library] = {}

    def __reduce__(self) -> Any:
        return _worker, (self.store, self.force)

    def bench(self, flow: str | None = None, libraries: Iterable[str] = (OWN,)) -> Bench:
        """Bench, made when it is first asked for.

        Parameters
        ----------
        flow : str, optional
            Flow for all designs; by default the one that is named after their goal.
        libraries : iterable of str
            What designs can be mapped to, as one names them; default our own.

        Raises
        ------
        YosysError
            If there is no Yosys that can be used.
        LibertyError
            If there is no such library.
        """
        names = frozenset(libraries)
        with self._lock:
            if (flow, names) not in self._benches:
                found = {name: self.library(name) for name in names}
                self._benches[flow, names] = make_bench(found, flow=flow, store=self.store)
            return self._benches[flow, names]

    def library(self, name: str) -> Library:
        """Cell library, read once: our own, one that was found, or files.

        Raises
        ------
        LibertyError
            If there is none, or it cannot be read.
        """
        with self._lock:
            if name not in self._libraries:
                self._libraries[name] = resolve(name)
            return self._libraries[name]


def _worker(store: Store, force: bool) -> Worker:
    return Worker(store, force=force)
