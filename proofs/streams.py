"""The proof of a unit between two streams, as a certificate: claims, and a planted bug of each."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from fp8mac.gen.describe import stream_name
from fp8mac.gen.verilog import module_sha256, stream_text
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.units.stream import check_streamable
from fp8mac.proofs.bugs.planting import mutated_stream
from fp8mac.proofs.bugs.streams import STREAM_MUTATIONS
from fp8mac.proofs.certificate import tool_versions
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.proofs.handshake import handshake_queries
from fp8mac.proofs.spec.sorts import all_sorts
from fp8mac.synth_reports.store.parallel import in_parallel

__all__ = ["CLAIMS", "ClaimRecord", "StreamProof", "prove_stream", "stream_facts", "stream_proof"]

CLAIMS = {
    "reset": "a reset leaves no sum and no part of a vector",
    "waits": "a sum that is not taken stays, and meanwhile no element is taken",
    "frozen": "meanwhile no register changes",
    "counts": "no vector is lost, and none is doubled",
    "travels": "an element begins a sum if and only if the one before it was a last one",
    "adds": "what is added is what the unit alone adds",
}
"""What is proved; `fp8mac.proofs.handshake` says it exactly."""

_VERDICTS = {"unsat": "proved", "sat": "refuted"}


@dataclass(frozen=True)
class ClaimRecord:
    """What came of a claim, and of the bug that was planted against it.

    Parameters
    ----------
    claim : str
        One of `CLAIMS`.
    verdict, bug_verdict : str
        ``proved``, ``refuted``, or what the solver says.
    seconds : float
        Processor time of the solver, for the claim.
    bug : str
        The bug.
    """

    claim: str
    verdict: str
    seconds: float
    bug: str
    bug_verdict: str

    @property
    def failure(self) -> str:
        """A sentence, if it did not come out as it has to."""
        if self.verdict != "proved":
            return f"{self.claim}: {self.verdict}."
        if self.bug_verdict != "refuted":
            return f"{self.claim}: the planted bug '{self.bug}' was not refuted."
        return ""


@dataclass(frozen=True)
class StreamProof:
    """What was proved of a unit between two streams.

    Parameters
    ----------
    config : MacConfig
        The unit.
    goal : Goal or Structure
        What it is built for.
    sha256 : str
        Of the emitted Verilog without its header, which was proved.
    records : tuple of ClaimRecord
        By claim.
    """

    config: MacConfig
    goal: Built
    sha256: str
    records: tuple[ClaimRecord, ...]


def prove_stream(
    config: MacConfig,
    *,
    goal: Built = Goal.AREA,
    solver: Solver | None = None,
    jobs: int = 1,
    progress: Callable[[str, int], None] = lambda claim, count: None,
) -> StreamProof:
    """Prove the emitted Verilog of a unit between two streams, and refute a bug for each claim.

    Parameters
    ----------
    solver : Solver, optional
        With time limit and memory; by default one that remembers nothing.
    jobs : int
        Claims at a time.
    progress : callable
        Called with each claim that is done, and how many there are.

    Raises
    ------
    ConfigError
        If there is no circuit for it.
    SolverError
        If a solver is not installed.
    YosysError
        If there is no Yosys that can be used.
    """
    check_streamable(config)
    solver = solver or Solver()
    verilog = stream_text(config, goal=goal)
    queries = handshake_queries(verilog, config, goal=goal, language="verilog")
    encoding = Encoding.of(all_sorts(config))[0]

    def prove(claim: str) -> ClaimRecord:
        answer = solver.solve(queries[claim], encoding)
        bug = next(each for each in STREAM_MUTATIONS if each.part == claim)
        wrong = handshake_queries(mutated_stream(config, bug, goal=goal), config, goal=goal)
        found = solver.solve(wrong[claim], encoding).verdict
        verdicts = (_VERDICTS.get(each, each) for each in (answer.verdict, found))
        return ClaimRecord(claim, next(verdicts), answer.seconds, bug.name, next(verdicts))

    records = in_parallel(
        prove,
        queries,
        lambda claim, record: progress(claim, len(queries)),
        jobs=jobs,
        stop=solver.stop_all,
    )
    return StreamProof(config, goal, module_sha256(verilog), tuple(records.values()))


def stream_facts(proof: StreamProof, command: str) -> dict[str, Any]:
    """Everything that was proved, as JSON types."""
    return {
        "schema_version": 1,
        "command": command,
        "tools": tool_versions(),
        "unit": proof.config.text,
        "goal": proof.goal.value,
        "module": stream_name(proof.config, goal=proof.goal),
        "sha256": proof.sha256,
        "failures": [each.failure for each in proof.records if each.failure],
        "claims": [asdict(each) | {"says": CLAIMS[each.claim]} for each in proof.records],
    }


def stream_proof(facts: dict[str, Any]) -> str:
    """Certificate for people, in Markdown."""
    tools = ", ".join(f"{name} {number}" for name, number in facts["tools"].items())
    lines = [
        f"# Proof of {facts['module']}",
        "",
        f"Made by `{facts['command']}`: {tools}.",
        "",
        f"The emitted Verilog, SHA-256 {facts['sha256'][:8]}..., of {facts['unit']} between two",
        "streams: each claim is about one clock edge from an arbitrary state, with any inputs, and",
        "so about runs of any length. *Bug* was planted, and refuted by the same question.",
        "",
        "| claim | what it says | verdict | seconds | bug | |",
        "| --- | --- | --- | ---: | --- | --- |",
        *(
            f"| {each['claim']} | {each['says']} | {each['verdict']} | {each['seconds']:.1f} "
            f"| {each['bug']} | {each['bug_verdict']} |"
            for each in facts["claims"]
        ),
        "",
    ]
    if "adds" not in {each["claim"] for each in facts["claims"]}:
        lines += [
            "That sums of this unit are right is another proof, of the unit alone: `fp8mac prove`",
            "without `--stream`. How the stream is wired to it is tested, not proved.",
            "",
        ]
    lines += [f"Failures: {len(facts['failures'])}.", ""]
    lines += [f"- {sentence}" for sentence in facts["failures"]]
    return "\n".join(lines).rstrip() + "\n"
