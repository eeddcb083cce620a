"""Proving units: checks in parallel, each in processes of its own."""

import time
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from threading import Lock
from typing import Any

from fp8mac.gen.verilog import module_sha256
from fp8mac.gen.yosys import YosysError, find_yosys, stop_all
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.planting import MutationError
from fp8mac.proofs.check import parts
from fp8mac.proofs.check.checks import (
    Check,
    CheckKind,
    Record,
    Units,
    Verdict,
    is_in_parts,
    plan,
    plan_circuit,
    record_of,
)
from fp8mac.proofs.check.circuit import Circuit, CircuitError, HiddenStateError
from fp8mac.proofs.check.equivalence import (
    EquivalenceError,
    check_equal,
    check_netlist,
    logic_of,
)
from fp8mac.proofs.check.queries import Query, decode_query, decoded, step_queries
from fp8mac.proofs.check.replay import ReplayError, replay
from fp8mac.proofs.check.solve import Answer, Encoding, Solver
from fp8mac.synth_reports.cost.measure import Bench, Design
from fp8mac.synth_reports.store.parallel import in_parallel
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.synthesis import Flow, SynthesisError

__all__ = ["Prover", "prove_circuit", "prove_units", "prove_verilog"]


def prove_units(
    units: Units,
    *,
    structures: Iterable[tuple[MacConfig, Structure]] = (),
    both: bool = False,
    mutations: int = 2,
    planted: Mapping[str, int] | None = None,
    solver: Solver | None = None,
    jobs: int = 2,
    progress: Callable[[Record], None] = lambda record: None,
) -> list[Record]:
    """Prove units: cores and registered units, Verilog and netlists.

    Parameters
    ----------
    units : Units
        The units.
    structures, both, mutations, planted
        See `plan`, which tells how many records there will be.
    solver : Solver, optional
        With time limit and memory; by default one that remembers nothing.
    jobs : int
        Checks at a time.
    progress : callable
        Called with each record when it is done, in any order.

    Returns
    -------
    list of Record
        In the order of the plan; `failures` says what they amount to.

    Raises
    ------
    ConfigError
        If there is no circuit for a unit.
    SolverError
        If a solver is not installed.
    YosysError
        If there is no Yosys that can be used.
    """
    checks = plan(units, structures=structures, both=both, mutations=mutations, planted=planted)
    return Prover(solver or Solver()).run_all(checks, jobs=jobs, progress=progress)


def prove_verilog(
    config: MacConfig,
    shape: Shape,
    text: str,
    top: str,
    *,
    language: str = "verilog",
    file: str = "",
    **options: Any,
) -> list[Record]:
    """Prove a module that somebody wrote, with the `ports` of a unit.

    Parameters
    ----------
    config : MacConfig
        What it is meant to be.
    shape : Shape
        What of it.
    text, top : str
        Verilog, and the name of the module.
    language : str
        ``verilog`` or ``systemverilog``.
    file : str
        How messages call the file; by default ``<top>.v``.
    **options
        See `prove_circuit`, also for the errors.
    """
    return prove_circuit(Circuit(config, shape, text, top, language, file), **options)


def prove_circuit(
    circuit: Circuit,
    *,
    any_nan: bool = False,
    both: bool = False,
    solver: Solver | None = None,
    jobs: int = 2,
    progress: Callable[[Record], None] = lambda record: None,
) -> list[Record]:
    """Prove a circuit that somebody made.

    Parameters
    ----------
    circuit : Circuit
        The circuit.
    any_nan : bool
        Whether every NaN will do where a result is NaN.
    both, solver, jobs, progress
        See `prove_units`.

    Raises
    ------
    CircuitError
        If the module is none that can be judged: ports, clocks, nets that nothing drives, hidden
        state, and what Yosys cannot read; file and line are named.
    YosysError
        If there is no Yosys that can be used.
    SolverError
        If a solver is not installed.
    """
    _ = circuit.smt2  # what cannot be read fails here
    checks = plan_circuit(circuit, both=both, any_nan=any_nan)
    return Prover(solver or Solver()).run_all(checks, jobs=jobs, progress=progress)


class Prover:
    """Runs checks.

    Parameters
    ----------
    solver : Solver
        What answers queries.
    """

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self._bench = Bench(self._elaborate, Flow.load(), find_yosys(), Store())
        self._circuits: dict[tuple[MacConfig, Shape, Built], Circuit] = {}
        self._building = Lock()

    def run_all(
        self,
        checks: Iterable[Check],
        *,
        jobs: int = 2,
        progress: Callable[[Record], None] = lambda record: None,
    ) -> list[Record]:
        """Run checks in parallel, the long ones first; parameters and errors are `prove_units`'."""
        checks = list(checks)

        def stop() -> None:
            self.solver.stop_all()
            stop_all()

        order = sorted(range(len(checks)), key=lambda at: checks[at].kind is not CheckKind.STEP)
        records = in_parallel(
            lambda at: self.run(checks[at]),
            order,
            lambda at, record: progress(record),
            jobs=jobs,
            stop=stop,
        )
        return [records[at] for at in range(len(checks))]

    def run(self, check: Check) -> Record:
        """Run one check; whatever a circuit or a tool does wrong makes a failed record.

        Raises
        ------
        HiddenStateError
            If a circuit has registers that are no outputs, and is wrong for some of their values.
        """
        run = {
            CheckKind.DECODE: self._decode,
            CheckKind.STEP: self._step,
            CheckKind.MUTATION: self._mutation,
            CheckKind.VERILOG: self._verilog,
            CheckKind.NETLIST: self._netlist,
        }[check.kind]
        try:
            return run(check)
        except HiddenStateError:
            raise  # of somebody's circuit: neither proved nor refuted
        except (
            CircuitError,
            EquivalenceError,
            MutationError,
            ReplayError,
            SynthesisError,
            YosysError,
        ) as error:
            return Record(check, Verdict.FAILED, reason=str(error))

    def _decode(self, check: Check) -> Record:
        answer = self._first_sat(check, [decode_query(*each) for each in decoded(check.config)])
        if answer.verdict == "sat":
            reason = f"code {answer.model['x']:#x} is decoded to another number"
            return Record(check, Verdict.FAILED, answer.seconds, reason)
        return record_of(check, answer)

    def _step(self, check: Check) -> Record:
        circuit = check.circuit or self._circuit(check)
        if is_in_parts(check.config, check.shape) and not check.circuit:
            return parts.step(check, circuit, self.solver)
        answer = self._first_sat(check, step_queries(circuit, any_nan=check.any_nan))
        digest = sha256(circuit.text.encode()).hexdigest()
        if answer.verdict == "sat":
            circuit.refuse_hidden_state()
            found = replay(circuit, answer.model)
            return Record(check, Verdict.REFUTED, answer.seconds, "", found, digest)
        return record_of(check, answer, digest)

    def _mutation(self, check: Check) -> Record:
        assert check.mutation is not None
        circuit = Circuit.mutated(check.config, check.shape, check.mutation, goal=check.goal)
        if is_in_parts(check.config, check.shape):
            found = parts.mutation(check, circuit, self.solver)
            return found or self._survivor(check, circuit, 0)
        answer = self._first_sat(check, step_queries(circuit, any_nan=check.any_nan))
        if answer.verdict == "sat":
            found = replay(circuit, answer.model)
            return Record(check, Verdict.REFUTED, answer.seconds, "", found)
        if answer.verdict != "unsat":
            return record_of(check, answer)
        return self._survivor(check, circuit, answer.seconds)

    def _survivor(self, check: Check, circuit: Circuit, seconds: float) -> Record:
        """A bug that a proof does not find has to change nothing."""
        try:
            check_equal(logic_of(circuit), logic_of(self._circuit(check)))
        except EquivalenceError as error:
            reason = f"the planted bug survives: {error}"
            return Record(check, Verdict.FAILED, seconds, reason)
        return Record(check, Verdict.EQUIVALENT, seconds)

    def _verilog(self, check: Check) -> Record:
        with self._building:
            circuit = Circuit.emitted(check.config, check.shape, goal=check.goal)
        start = time.monotonic()
        check_equal(logic_of(self._circuit(check)), logic_of(circuit))
        seconds = time.monotonic() - start
        return Record(check, Verdict.PROVED, seconds, sha256=module_sha256(circuit.text))

    def _netlist(self, check: Check) -> Record:
        design = Design(check.config, check.shape, check.goal)
        synthesis = self._bench.measure([design])[design].synthesis
        start = time.monotonic()
        check_netlist(synthesis, self._circuit(check))
        seconds = time.monotonic() - start
        return Record(check, Verdict.PROVED, seconds, sha256=synthesis.sha256)

    def _first_sat(self, check: Check, queries: list[Query]) -> Answer:
        """Answer that decides several queries, with the time of all that were asked."""
        seconds = 0.0
        for query in queries:
            answer = self.solver.solve(query, check.encoding or Encoding.BITWUZLA)
            seconds += answer.seconds
            if answer.verdict != "unsat":
                return Answer(answer.verdict, answer.model, seconds)
        return Answer("unsat", {}, seconds)

    def _circuit(self, check: Check) -> Circuit:
        key = (check.config, check.shape, check.goal)
        with self._building:
            if key not in self._circuits:
                self._circuits[key] = Circuit.built(check.config, check.shape, goal=check.goal)
            return self._circuits[key]

    def _elaborate(self, design: Design) -> str:
        return self._circuit(
            Check(design.config, design.shape, CheckKind.NETLIST, goal=design.goal)
        ).text
