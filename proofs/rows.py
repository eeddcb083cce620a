"""The proof of the blocks that rows of an array leave in: claims, and planted bugs."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from fp8mac.hw.area.block import ToBlock
from fp8mac.hw.arrays.array import check_array
from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.errors import ConfigError
from fp8mac.proofs.block_bugs import BLOCK_BUGS
from fp8mac.proofs.blocks import block_queries
from fp8mac.proofs.certificate import tool_versions
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.synth_reports.store.parallel import in_parallel

__all__ = ["BlockProof", "BlockRecord", "block_facts", "block_proof", "prove_blocks"]

_VERDICTS = {"unsat": "proved", "sat": "refuted"}


@dataclass(frozen=True)
class BlockRecord:
    """What came of a claim, about the circuit or about one with a bug.

    Parameters
    ----------
    claim : str
        ``scale``, or ``element`` and its place.
    bug : str
        The planted bug; empty for the circuit itself.
    verdict : str
        ``proved``, ``refuted``, or what the solver says.
    seconds : float
        Processor time of the solver.
    """

    claim: str
    bug: str
    verdict: str
    seconds: float

    @property
    def failure(self) -> str:
        """A sentence, if it did not come out as it has to."""
        if not self.bug:
            return "" if self.verdict == "proved" else f"{self.claim}: {self.verdict}."
        if self.verdict == "refuted":
            return ""
        return f"{self.claim}: the planted bug '{self.bug}' was not refuted."


@dataclass(frozen=True)
class BlockProof:
    """What was proved of the blocks of an array's rows.

    Parameters
    ----------
    array : ArrayConfig
        The array; how many rows it has does not matter.
    records : tuple of BlockRecord
        Claims in their order, planted bugs behind them.
    """

    array: ArrayConfig
    records: tuple[BlockRecord, ...]


def prove_blocks(
    array: ArrayConfig,
    *,
    solver: Solver | None = None,
    jobs: int = 1,
    progress: Callable[[str, int], None] = lambda claim, count: None,
) -> BlockProof:
    """Prove the circuit that makes blocks of an array's sums, and refute a few bugs in it.

    Parameters
    ----------
    solver : Solver, optional
        With time limit and memory; by default one that remembers nothing.
    jobs : int
        Queries at a time.
    progress : callable
        Called with each claim that is done, and how many there are.

    Raises
    ------
    ConfigError
        If there is no circuit for the array, or its rows leave otherwise.
    SolverError
        If a solver is not installed.
    """
    check_array(array)
    if (output := array.blocks) is None:
        raise ConfigError(f"Rows of {array.text} do not leave in blocks.")
    solver = solver or Solver()
    _ = Encoding.BITWUZLA.solvers
    given = (array.unit.acc_bits, array.unit.product_lsb_exponent, output)
    queries = {(claim, ""): query for claim, query in block_queries(ToBlock(*given))}
    for bug in BLOCK_BUGS:
        if bug.anywhere(output):
            # The last element: some bugs spare the first one.
            claim = "scale" if bug.claim == "scale" else f"element {output.size - 1}"
            queries[claim, bug.name] = dict(block_queries(bug.plant(*given)))[claim]

    def prove(asked: tuple[str, str]) -> BlockRecord:
        answer = solver.solve(queries[asked], Encoding.BITWUZLA)
        return BlockRecord(*asked, _VERDICTS.get(answer.verdict, answer.verdict), answer.seconds)

    records = in_parallel(
        prove,
        queries,
        lambda asked, record: progress(asked[0], len(queries)),
        jobs=jobs,
        stop=solver.stop_all,
    )
    return BlockProof(array, tuple(records.values()))


def block_facts(proof: BlockProof, command: str) -> dict[str, Any]:
    """Everything that was proved, as JSON types."""
    array = proof.array
    assert array.blocks is not None
    size = array.blocks.size
    return {
        "schema_version": 1,
        "command": command,
        "tools": tool_versions(),
        "unit": array.unit.text,
        "output": array.blocks.name,
        "sums": size,
        "sum_bits": array.unit.acc_bits,
        "says": {
            "scale": "the least with which no sum is too large",
            "element": "its sum by that scale, rounded once",
        },
        "failures": [each.failure for each in proof.records if each.failure],
        "claims": [_without_bug(each) for each in proof.records if not each.bug],
        "bugs": [asdict(each) for each in proof.records if each.bug],
    }


def _without_bug(record: BlockRecord) -> dict[str, Any]:
    return {name: what for name, what in asdict(record).items() if name != "bug"}


def block_proof(facts: dict[str, Any]) -> str:
    """Certificate for people, in Markdown."""
    tools = ", ".join(f"{name} {number}" for name, number in facts["tools"].items())
    lines = [
        f"# Proof of {facts['output']} blocks of {facts['unit']}",
        "",
        f"Made by `{facts['command']}`: {tools}.",
        "",
        f"The circuit that makes a block of {facts['sums']} sums of {facts['sum_bits']} bits, in",
        "every array of that unit. For all sums, NaN and infinities, the scale is",
        f"{facts['says']['scale']}, and an element is",
        f"{facts['says']['element']}. Each bug was planted, and is asked about in the same way.",
        "",
        "| claim | verdict | seconds |",
        "| --- | --- | ---: |",
        *(
            f"| {each['claim']} | {each['verdict']} | {each['seconds']:.1f} |"
            for each in facts["claims"]
        ),
        "",
        "| bug | claim | verdict | seconds |",
        "| --- | --- | --- | ---: |",
        *(
            f"| {each['bug']} | {each['claim']} | {each['verdict']} | {each['seconds']:.1f} |"
            for each in facts["bugs"]
        ),
        "",
        "That sums are right is another proof, of the unit alone: `fp8mac prove` without `--out`.",
        "How an array wires sums to blocks is tested, not proved.",
        "",
        f"Failures: {len(facts['failures'])}.",
        "",
    ]
    lines += [f"- {sentence}" for sentence in facts["failures"]]
    return "\n".join(lines).rstrip() + "\n"
