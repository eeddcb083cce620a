"""A certificate for people, in Markdown."""

from collections.abc import Mapping
from typing import Any

from fp8mac.proofs.certificate import refuted_bugs
from fp8mac.proofs.check.checks import CheckKind, Verdict

__all__ = ["certificate_text"]


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
    lines += _sampled(facts.get("sampled", []))
    lines += [
        "",
        f"Planted bugs refuted: {refuted.total()}, of {len(refuted)} kinds.",
        f"Failures: {len(facts['failures'])}.",
        "",
        *(f"- {sentence}" for sentence in facts["failures"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _sampled(rows: list[dict[str, Any]]) -> list[str]:
    """A table of the units that are tried, not proved."""
    if not rows:
        return []
    lines = [
        "",
        "## Sampled, not proved",
        "",
        "No proof is known of these. *Steps*, biased ones, went through the core's mapped",
        "netlist, which synthesis proved equal to the RTL, and were compared with matrix",
        "products, some also with the *golden* model. *Gates changed* in it were found by such",
        "steps, but for those proved to change nothing. Of a *smaller unit* of the same generator",
        "every step was tried.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        small = ["-"] * 3
        if row["smaller"] is not None:
            small = [row["smaller"], f"{row['smaller_steps']:,}", f"{row['smaller_wrong']}"]
        cells = [
            *(row[name] for name in (*_SHAPE, "verdict")),
            f"{row['steps']:,}",
            f"{row['by_golden']:,}",
            f"{row['wrong']}",
            f"{row['bugs_found']} of {row['bugs_planted']}"
            + (f", {row['bugs_same']} the same" if row.get("bugs_same") else ""),
            *small,
            f"{row['seconds']:.1f}",
            row["netlist_sha256"][:8],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


_COLUMNS = (
    *("unit", "goal", "shape", "verdict", "steps", "golden", "wrong", "gates changed, found"),
    *("smaller unit", "its steps", "wrong", "seconds", "netlist"),
)
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
