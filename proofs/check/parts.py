"""Units that are proved in parts, see `fp8mac.proofs.cuts`: their core's, and what is around it."""

import time
from dataclasses import dataclass, replace
from hashlib import sha256

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.proofs.check.checks import Check, Record, Verdict
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.check.queries import Query, around_query
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.proofs.cuts.dots import DotCuts
from fp8mac.proofs.cuts.gates import CutError, Gates
from fp8mac.sim.check.cosim import Mismatch, check_core, check_unit
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize

__all__ = ["PartsProof", "first_mismatch", "mutation", "prove_in_parts", "step"]

_TRIED = 3000


def step(check: Check, circuit: Circuit, solver: Solver) -> Record:
    """Prove that a unit, or its core, does what it has to."""
    proof = prove_in_parts(circuit, solver)
    digest = sha256(circuit.text.encode()).hexdigest()
    verdict = Verdict.FAILED if proof.reason else Verdict.PROVED
    return Record(check, verdict, proof.seconds, proof.reason, sha256=digest)


def mutation(check: Check, circuit: Circuit, solver: Solver) -> Record | None:
    """Refute a planted bug: a part is not proved, and a step is found that is wrong.

    None where all parts are proved nevertheless.
    """
    proof = prove_in_parts(circuit, solver)
    if not proof.reason:
        return None
    found = first_mismatch(circuit)
    if found is None:
        reason = f"no step was found that is wrong, but a part is not proved: {proof.reason}"
        return Record(check, Verdict.FAILED, proof.seconds, reason)
    return Record(check, Verdict.REFUTED, proof.seconds, proof.reason, found)


@dataclass(frozen=True)
class PartsProof:
    """What came of a proof: the processor time, and why it is none, or nothing."""

    seconds: float
    reason: str = ""


def prove_in_parts(circuit: Circuit, solver: Solver) -> PartsProof:
    """Prove a core part by part; of a unit the circuit in its core, and what is around that.

    Raises
    ------
    CircuitError
        If its ports, a clock or something else is not as in a unit.
    YosysError
        If there is no Yosys that can be used.
    """
    _ = circuit.structure
    unit = circuit.shape is Shape.UNIT
    start = time.thread_time()
    try:
        top = f"{circuit.top}.core.accumulator" if unit else circuit.top
        cuts = DotCuts(circuit.config, Gates(circuit.text, top), "" if unit else "accumulator.")
        queries = {"What follows the sum": Query(cuts.check(), ())}
    except CutError as error:
        return PartsProof(time.thread_time() - start, str(error))
    seconds = time.thread_time() - start
    if unit:
        queries["What is around the core"] = around_query(circuit)
    encoding = Encoding.BITWUZLA
    for what, query in queries.items():
        answer = solver.solve(query, encoding)
        seconds += answer.seconds
        if answer.verdict != "unsat":
            wrong = "is wrong" if answer.verdict == "sat" else f"is not decided: {answer.verdict}"
            return PartsProof(seconds, f"{what} {wrong}.")
    return PartsProof(seconds)


def first_mismatch(circuit: Circuit, count: int = _TRIED) -> Mismatch | None:
    """A step in which a circuit differs from the golden model, if one of some biased ones does."""
    config = circuit.config
    flow = replace(Flow.load(), name="plain", scripts=("strash; map",))
    found = synthesize(circuit.text, circuit.top, flow, find_yosys())
    netlist, triples = Netlist.from_blif(found.netlist), biased_triples(config, count, seed=1)
    if circuit.shape is Shape.UNIT:
        wrong = check_unit(config, netlist, found.flip_flops, triples)
    else:
        wrong = check_core(config, netlist, triples)
    return wrong[0] if wrong else None
