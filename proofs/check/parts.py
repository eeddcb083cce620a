"""Units that are proved in parts, see `fp8mac.proofs.cuts`: their core's, and what is around it."""

import time
from dataclasses import dataclass
from hashlib import sha256

from fp8mac.hw.config.outputs.output import Requantizer
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.check.checks import Check, Record, Verdict, parts_encoding
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.check.queries import Query, around_query, step_queries
from fp8mac.proofs.check.replay import with_all_registers
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.proofs.cuts.dots import DotCuts
from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.floats.questions import float_questions
from fp8mac.proofs.cuts.gates import CutError, Gates
from fp8mac.proofs.cuts.outputs import OutputCut
from fp8mac.proofs.spec.outputs import multiplies
from fp8mac.proofs.spec.sorts import all_sorts
from fp8mac.sim.check.cosim import Mismatch, check_core, check_unit
from fp8mac.sim.check.stimuli import biased_triples

__all__ = ["PartsProof", "first_mismatch", "mutation", "prove_in_parts", "step"]

_TRIED = (3000, 60_000)
"""Steps that are tried, and how many if none of those is wrong."""


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
    config, asked = circuit.config, dict[str, list[tuple[Encoding, str]]]()
    start = time.thread_time()
    try:
        if config != config.plain:
            top = f"{circuit.top}.core.accumulator" if unit else circuit.top
            gates = Gates(circuit.text, top)
            asked = _questions(config, gates, "" if unit else "accumulator.")
        if unit and isinstance(config.output, Requantizer) and multiplies(config.output):
            stage = OutputCut(config.output, Gates(circuit.text, f"{circuit.top}.output"))
            asked["What follows the product of a sum"] = [(Encoding.BITWUZLA, stage.check())]
    except CutError as error:
        return PartsProof(time.thread_time() - start, str(error))
    seconds = time.thread_time() - start
    if unit and config != config.plain:  # first, as it takes the least time
        around = {"What is around the core": [(Encoding.BITWUZLA, around_query(circuit).text)]}
        asked = around | asked
    elif unit:
        encoding, *_ = Encoding.of(all_sorts(config))
        queries = step_queries(circuit, boxed=True)
        asked["What is around the output"] = [(encoding, query.text) for query in queries]
    for what, texts in asked.items():
        for encoding, text in dict.fromkeys(texts):  # lanes that are alike are asked about once
            answer = solver.solve(Query(text, ()), encoding)
            seconds += answer.seconds
            if answer.verdict != "unsat":
                wrong = "is wrong" if answer.verdict == "sat" else "is not decided"
                why = "" if answer.verdict == "sat" else f": {answer.verdict}"
                return PartsProof(seconds, f"{what} {wrong}{why}.")
    return PartsProof(seconds)


def _questions(
    config: MacConfig, gates: Gates, inside: str
) -> dict[str, list[tuple[Encoding, str]]]:
    """Prove what takes no solver of a core; the questions that are left to one."""
    if config.is_fixed:
        last = DotCuts(config, gates, inside).check()
        return {"What follows the sum": [(Encoding.BITWUZLA, last)]}
    parts = FloatParts(config, gates, inside)
    encoding = parts_encoding(config)
    asked: dict[str, list[tuple[Encoding, str]]] = {}
    for what, text in float_questions(parts):
        asked.setdefault(what, []).append((encoding, text))
    return asked


def first_mismatch(circuit: Circuit) -> Mismatch | None:
    """A step in which a circuit differs from the golden model, if one of some biased ones does."""
    config = circuit.config
    netlist, registers = with_all_registers(circuit)
    for count in _TRIED:
        triples = biased_triples(config, count, seed=1)
        if circuit.shape is Shape.UNIT:
            wrong = check_unit(config, netlist, registers, triples)
        else:
            wrong = check_core(config, netlist, triples)
        if wrong:
            return wrong[0]
    return None
