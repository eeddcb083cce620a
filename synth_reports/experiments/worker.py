"""What a job is done with: the store, and benches that are made when they are asked for."""

from threading import Lock
from typing import Any

from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.measure import Bench
from fp8mac.synth_reports.liberty.library import own_library
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
        self._lock = Lock()
        self._benches: dict[str | None, Bench] = {}

    def __reduce__(self) -> Any:
        return _worker, (self.store, self.force)

    def bench(self, flow: str | None = None) -> Bench:
        """Bench with our own cell library, made when it is first asked for.

        Parameters
        ----------
        flow : str, optional
            Flow for all designs; by default the one that is named after their goal.

        Raises
        ------
        YosysError
            If there is no Yosys that can be used.
        """
        with self._lock:
            if flow not in self._benches:
                library = own_library()
                self._benches[flow] = make_bench(
                    {library.name: library}, flow=flow, store=self.store
                )
            return self._benches[flow]


def _worker(store: Store, force: bool) -> Worker:
    return Worker(store, force=force)
