"""Solvers: a query, an encoding and a time limit in, an answer out.

Floating point becomes bit-vectors in one of two unrelated ways, and bitwuzla decides those. A
solver runs in a process of its own, which ends when its time is up.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import PackageNotFoundError, version

from fp8mac.hw.config.errors import Error
from fp8mac.proofs.check.queries import Query
from fp8mac.proofs.spec.theory import Sort
from fp8mac.synth_reports.store.store import Store

__all__ = ["Answer", "Encoding", "Solver", "SolverError"]

_DECIDE = "fp8mac.proofs.check.decide"


class SolverError(Error, RuntimeError):
    """No solver that can be used; the message is one sentence for the user."""


class Encoding(Enum):
    """Who turns floating point into bit-vectors; bitwuzla decides."""

    BITWUZLA = "bitwuzla"
    Z3 = "z3"

    @property
    def solvers(self) -> str:
        """Solvers with their versions.

        Raises
        ------
        SolverError
            If one is not installed.
        """
        packages = ("z3-solver",) * (self is Encoding.Z3) + ("bitwuzla",)
        try:
            return " + ".join(f"{package} {version(package)}" for package in packages)
        except PackageNotFoundError as error:
            raise SolverError(
                "Proofs take the solvers bitwuzla and z3: pip install 'fp8mac[prove]'."
            ) from error

    @classmethod
    def of(cls, sorts: Iterable[Sort], *, both: bool = False) -> "tuple[Encoding, ...]":
        """Encodings to solve queries in, given their floating-point sorts.

        bitwuzla is tested with the sorts of IEEE 754, and z3's translation comes first for others.
        """
        sorts = list(sorts)
        is_common = all(sort.is_common for sort in sorts)
        first, second = (cls.BITWUZLA, cls.Z3) if is_common else (cls.Z3, cls.BITWUZLA)
        return (first, second) if both and sorts else (first,)


@dataclass(frozen=True)
class Answer:
    """What a solver said.

    Parameters
    ----------
    verdict : str
        ``sat``, ``unsat``, or why it is neither.
    model : dict of str to int
        Where ``sat``, values of the query's constants.
    seconds : float
        Processor time.
    """

    verdict: str
    model: dict[str, int]
    seconds: float


class Solver:
    """Solvers with a time limit and a memory.

    Parameters
    ----------
    limit_seconds : float
        After which a query counts as failed.
    store : Store, optional
        Where answers are kept, by the hash of query and solver versions.
    """

    def __init__(self, limit_seconds: float = 900, store: Store | None = None) -> None:
        self.limit_seconds, self.store = limit_seconds, store
        self._running: set[subprocess.Popen[str]] = set()

    def solve(self, query: Query, encoding: Encoding) -> Answer:
        """Answer a query.

        Raises
        ------
        SolverError
            If a solver is not installed.
        """
        inputs = [query.text, *query.constants, encoding.value, encoding.solvers]
        key = self.store.key(inputs, _DECIDE) if self.store else ""
        if self.store and (known := self.store.load("proofs", key)):
            return Answer(**known)
        answer = self._run(query, encoding)
        if self.store and answer.verdict in ("sat", "unsat"):
            self.store.save("proofs", key, vars(answer))
        return answer

    def stop_all(self) -> None:
        """End the queries that other threads wait for."""
        for child in tuple(self._running):
            child.terminate()

    def _run(self, query: Query, encoding: Encoding) -> Answer:
        command = [sys.executable, "-m", _DECIDE, encoding.value, *query.constants]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as child:
            self._running.add(child)
            try:
                output, errors = child.communicate(query.text, timeout=self.limit_seconds)
            except subprocess.TimeoutExpired:
                return Answer(f"no answer in {self.limit_seconds:g} s", {}, self.limit_seconds)
            finally:
                child.kill()
                self._running.discard(child)
        if child.returncode:
            reason = errors.strip().splitlines() or [f"exit code {child.returncode}"]
            return Answer(f"the solver stopped: {reason[-1]}", {}, 0)
        return Answer(**json.loads(output))
