"""What was proved, on paper: which units, in which encoding, by which solver, of which text."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.check.checks import CheckKind, Record, Verdict, failures

__all__ = [
    "CertificateError",
    "certificate",
    "certificate_text",
    "tool_versions",
    "units_lacking",
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
        A certificate, whose rows of other units stay.

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
    commands = dict.fromkeys([*before["command"].split("; "), command])
    return made | {
        "command": "; ".join(commands),
        "failures": [*before["failures"], *made["failures"]],
        "proved": before["proved"] | made["proved"],
        "records": [*before["records"], *made["records"]],
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


def units_lacking(
    before: Mapping[str, Any], units: Mapping[Goal, list[MacConfig]]
) -> dict[Goal, list[MacConfig]]:
    """Units of which a certificate has no row."""
    known = {(record["unit"], record["goal"]) for record in before["records"]}
    return {
        goal: [each for each in configs if (each.slug, goal.value) not in known]
        for goal, configs in units.items()
    }


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
    refuted = [r for r in records if r["mutation"] and r["verdict"] == Verdict.REFUTED.value]
    kinds = len({record["mutation"] for record in refuted})
    lines += [
        "",
        f"Planted bugs refuted: {len(refuted)}, of {kinds} kinds.",
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
