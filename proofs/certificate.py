"""What was proved, on paper: which units, in which encoding, by which solver, of which text."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from typing import Any

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.check.checks import CheckKind, Record, Units, Verdict, failures
from fp8mac.proofs.sampling import SAMPLED_UNITS, Tried

__all__ = [
    "CertificateError",
    "certificate",
    "certificates",
    "groups_lacking",
    "read_certificate",
    "refuted_bugs",
    "sampled_certificates",
    "sampled_lacking",
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
        "sampled": [
            each
            for each in before.get("sampled", [])
            if (each["unit"], each["goal"]) not in again  # a proof is known of it now
        ],
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


def sampled_lacking(facts: Mapping[str, Any], steps: int = 0) -> list[MacConfig]:
    """Units that are tried, see `SAMPLED_UNITS`, and have no row of so many steps that is right."""
    rows = [each for each in facts.get("sampled", []) if each["verdict"] == "sampled"]
    known = {each["unit"] for each in rows if each["steps"] >= steps}
    return [each for each in SAMPLED_UNITS if each.slug not in known]


def sampled_certificates(
    facts: dict[str, Any],
    configs: Iterable[MacConfig],
    attempt: Callable[[MacConfig], Tried],
) -> Iterator[dict[str, Any]]:
    """Certificates after each unit that was tried, with the rows of those before; first as it is.

    Parameters
    ----------
    attempt : callable
        Tries a unit, see `fp8mac.proofs.sampling.try_unit`.
    """
    yield facts
    for config in configs:
        tried = attempt(config)
        rows = [each for each in facts.get("sampled", []) if each["unit"] != config.slug]
        kept = [each for each in facts["failures"] if not each.startswith(f"{config.slug}: ")]
        facts = facts | {
            "sampled": [*rows, tried.facts],
            "failures": [*kept, *tried.failures],
        }
        yield facts


def read_certificate(text: str, file: str) -> dict[str, Any]:
    """A certificate that rows are added to; ``file`` is how the message calls it.

    Raises
    ------
    CertificateError
        If it is none.
    """
    try:
        found = json.loads(text)
        _ = found["tools"], found["command"], found["failures"], found["proved"]
        assert all(record.keys() >= {"unit", "goal"} for record in found["records"])
        assert all(row.keys() >= {"unit", "verdict", "steps"} for row in found.get("sampled", []))
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError) as error:
        raise CertificateError(f"'{file}' is no certificate.") from error
    return found


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
