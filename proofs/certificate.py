"""What was proved, on paper: which units, in which encoding, by which solver, of which text."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from typing import Any

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.check.checks import CheckKind, Record, Units, Verdict, failures

__all__ = [
    "CertificateError",
    "certificate",
    "certificate_text",
    "certificates",
    "groups_lacking",
    "refuted_bugs",
    "tool_versions",
]


class CertificateError(Error, RuntimeError):
    """A certificate that rows cannot be added to; the message is one sentence for the user."""


def certificate(
    records: Iterable[Record], command: str, *, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Everything that was checked, as JSON types.

    Parameters
    ----------
    before : mapping, optional
        A certificate, whose rows of other units stay, and their failures.

    Returns
    -------
    dict
        ``proved`` maps the module to the SHA-256 of its Verilog without the header, for all units
        whose every check came out as it has to; ``records`` has all checks.

    Raises
    ------
    CertificateError
        If the certificate of before was made by other tools.
    """
    records = list(records)
    units = dict.fromkeys((record.check.config, record.check.goal) for record in records)
    failed = {
        unit
        for unit in units
        if failures(r for r in records if (r.check.config, r.check.goal) == unit)
    }
    made = {
        "schema_version": 1,
        "command": command,
        "tools": tool_versions(),
        "failures": failures(records),
        "proved": {
            record.check.module: record.sha256
            for record in records
            if record.check.kind is CheckKind.VERILOG
            and (record.check.config, record.check.goal) not in failed
        },
        "records": [_facts(record) for record in records],
    }
    if before is None:
        return made
    if before["tools"] != made["tools"]:
        raise CertificateError(
            "The certificate was made by other tools; prove all standard units again."
        )
    again = {(each["unit"], each["goal"]) for each in made["records"]}
    kept = [each for each in before["records"] if (each["unit"], each["goal"]) not in again]
    modules = tuple(f"{record.check.module}: " for record in records)
    commands = dict.fromkeys([*before["command"].split("; "), command])
    return made | {
        "command": "; ".join(commands),
        "failures": [each for each in before["failures"] if not each.startswith(modules)]
        + made["failures"],
        "proved": before["proved"] | made["proved"],
        "records": [*kept, *made["records"]],
    }


def tool_versions() -> dict[str, str]:
    """Programs that a proof is made by, with their versions."""
    return {
        "fp8mac": version("fp8mac"),
        "amaranth": version("amaranth"),
        "yosys": find_yosys().version,
        "bitwuzla": version("bitwuzla"),
        "z3-solver": version("z3-solver"),
    }


def certificates(
    groups: Iterable[Units],
    prove: Callable[[Units, Mapping[str, int]], list[Record]],
    command: str,
    *,
    before: Mapping[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """Certificates after each group of units, each with the rows of those before.

    Parameters
    ----------
    groups : iterable of Units
        At least one.
    prove : callable
        Gives the records of a group, told which bugs were refuted how often.
    command, before
        See `certificate`, also for the errors.
    """
    facts = before
    for group in groups:
        facts = certificate([], command, before=facts) if facts else None  # other tools are refused
        records = prove(group, refuted_bugs(facts) if facts else {})
        facts = certificate(records, command, before=facts)
        yield facts


def groups_lacking(
    before: Mapping[str, Any], units: Mapping[Goal, list[MacConfig]]
) -> list[dict[Goal, list[MacConfig]]]:
    """Units that a certificate has no row of, or one that failed, each alone, small ones first.

    Where it lacks none there is one group without units.
    """
    records = before["records"]
    known = {(each["unit"], each["goal"]) for each in records}
    known -= {(each["unit"], each["goal"]) for each in records if not _passed(each)}
    lacking = [
        (config, goal)
        for goal, configs in units.items()
        for config in configs
        if (config.slug, goal.value) not in known
    ]
    lacking.sort(key=lambda unit: unit[0].products_per_cycle)
    return [{goal: [config]} for config, goal in lacking] or [{}]


def _passed(facts: Mapping[str, Any]) -> bool:
    """`Record.passed` of a row."""
    good = ("refuted", "equivalent") if facts["mutation"] else ("proved",)
    return facts["verdict"] in good


def refuted_bugs(facts: Mapping[str, Any]) -> Counter[str]:
    """How often each planted bug was refuted in a certificate."""
    refuted = Verdict.REFUTED.value
    bugs = (each["mutation"] for each in facts["records"] if each["verdict"] == refuted)
    return Counter(bug for bug in bugs if bug)


def _facts(record: Record) -> dict[str, Any]:
    check, found = record.check, record.counterexample
    return {
        "unit": check.circuit.top if check.circuit else check.config.slug,
        "goal": None if check.circuit else check.goal.value,
        "shape": check.shape.value,
        "property": check.kind.value,
        "mutation": check.mutation.name if check.mutation else None,
        "encoding": check.encoding.value if check.encoding else None,
        "verdict": record.verdict.value,
        "seconds": round(record.seconds, 1),
        "reason": record.reason or None,
        "counterexample": str(found) if found else None,
        "sha256": record.sha256,
    }


def certificate_text(facts: Mapping[str, Any]) -> str:
    """Certificate for people, in Markdown."""
    records = facts["records"]
    tools = ", ".join(f"{name} {number}" for name, number in facts["tools"].items())
    lines = [
        "# Proofs",
        "",
        f"Made by `{facts['command']}`: {tools}.",
        "",
        "A row is a proof for all operands and all states of the accumulator: for a *core* as a",
        "function, for a *unit* as one clock edge from an arbitrary state. *Encoding* is who",
        "turned floating point into bit-vectors; bitwuzla decides those. *Bugs* were planted in",
        "the same circuit and refuted by the same question, each with a counterexample that also",
        "fails in the golden model. *Verilog* and *netlist* begin the hashes of what was proved",
        "equal to the RTL, gate by gate. docs/proofs.md says what this means, what is trusted.",
        "",
        "| unit | goal | shape | encoding | verdict | seconds | bugs refuted | Verilog | netlist |",
        "| --- | --- | --- | --- | --- | ---: | ---: | --- | --- |",
    ]
    shapes: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for record in records:
        shapes.setdefault(tuple(record[name] or "" for name in _SHAPE), []).append(record)
    lines += [row for shape, each in shapes.items() for row in _rows(shape, each)]
    refuted = refuted_bugs(facts)
    lines += [
        "",
        f"Planted bugs refuted: {refuted.total()}, of {len(refuted)} kinds.",
        f"Failures: {len(facts['failures'])}.",
        "",
        *(f"- {sentence}" for sentence in facts["failures"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


_SHAPE = ("unit", "goal", "shape")


def _rows(shape: tuple[str, ...], records: list[dict[str, Any]]) -> list[str]:
    """A row for each encoding in which a shape of a unit was proved."""
    bugs = [each for each in records if each["mutation"]]
    refuted = sum(each["verdict"] == Verdict.REFUTED.value for each in bugs)
    hashes = {
        each["property"]: (each["sha256"] or "")[:8]
        if each["verdict"] == Verdict.PROVED.value
        else "failed"
        for each in records
    }
    return [
        f"| {' | '.join(shape)} | {each['encoding'] or ''} | {each['verdict']} "
        f"| {each['seconds']:.1f} | {refuted} of {len(bugs)} "
        f"| {hashes.get(CheckKind.VERILOG.value, '')} | {hashes.get(CheckKind.NETLIST.value, '')} |"
        for each in records
        if each["property"] == CheckKind.STEP.value
    ]
