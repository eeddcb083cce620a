"""What was proved, on paper: which units, in which encoding, by which solver, of which text."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal, Structure, structures_of
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit
from fp8mac.proofs.check.checks import CheckKind, Record, Verdict, failures

__all__ = [
    "FAST_DOTS",
    "FAST_STRUCTURES",
    "FAST_UNITS",
    "STANDARD_DOTS",
    "STANDARD_STRUCTURES",
    "STANDARD_UNITS",
    "certificate",
    "certificate_text",
]

_FORMATS = ("e2m5", "e3m4", "e4m3", "e5m2")
_ACCUMULATORS = ("kulisch", "e6m9", "fp16", "bf16", "fp32")

STANDARD_UNITS: dict[Goal, list[MacConfig]] = {
    Goal.AREA: [
        parse_unit("int8", acc="int32"),
        *(parse_unit(format_, acc=acc) for format_ in _FORMATS for acc in _ACCUMULATORS),
        parse_unit("e4m3", "e5m2", acc="fp16"),
        parse_unit("int4", "e4m3", acc="fp16"),
        parse_unit("int8", acc="int32:saturate"),
        parse_unit("e4m3fnuz", acc="fp16"),
        parse_unit("e5m2fnuz", acc="kulisch"),
        parse_unit("e4m3", acc="fp16:rtz:ftz"),
        parse_unit("e4m3", acc="fp16:saturate"),
        parse_unit("e4m3", acc="kulisch:3", stages=2),
        parse_unit("int8", acc="int32", stages=2),
        parse_unit("e4m3", acc="kulisch:3", output="fp16"),
        parse_unit("e4m3", acc="kulisch", output="fp32"),
        parse_unit("e5m2", acc="kulisch:3", output="bf16"),
        parse_unit("int8", acc="int32", output="bf16:rtz"),
        parse_unit("e4m3", acc="kulisch:0", output="fp16"),
        parse_unit("e5m2", acc="kulisch:0", output="fp16"),
        parse_unit("e4m3", acc="kulisch:0", output="e4m3:saturate"),
        parse_unit("e4m3", acc="kulisch:segmented=5"),
        parse_unit("e4m3", acc="kulisch:3:segmented=5:resolve=idle"),
        parse_unit("e5m2", acc="kulisch:7:segmented=6:resolve=combinational"),
        parse_unit("int8", acc="int32:segmented=4"),
        parse_unit("int8", acc="int32:segmented=4:resolve=idle"),
    ],
    Goal.SPEED: [
        parse_unit("int8", acc="int32"),
        *(parse_unit(format_, acc=acc) for format_ in ("e4m3", "e5m2") for acc in _ACCUMULATORS),
        parse_unit("e2m5", acc="fp16"),
        parse_unit("e3m4", acc="bf16"),
        parse_unit("e4m3", "e5m2", acc="fp16"),
        parse_unit("int4", "e4m3", acc="fp16"),
        parse_unit("int4", "int8", acc="int16:saturate"),
        parse_unit("e5m2fnuz", acc="kulisch"),
        parse_unit("e4m3", acc="fp16:rtz:ftz"),
        parse_unit("e4m3", acc="fp16:saturate"),
        parse_unit("e4m3", acc="kulisch:3", stages=2),
        parse_unit("e4m3", acc="kulisch:3:segmented=5:resolve=idle"),
        parse_unit("e5m2", acc="kulisch:7:segmented=6:resolve=combinational"),
        parse_unit("int4", "int8", acc="int16:segmented=4"),
    ],
    Goal.FPGA: [
        parse_unit("int8", acc="int32"),
        parse_unit("int4", "int8", acc="int16:saturate"),
        parse_unit("e4m3", acc="kulisch"),
        parse_unit("e5m2", acc="kulisch"),
        parse_unit("int8", "e4m3", acc="kulisch"),
        parse_unit("e4m3", acc="bf16"),
        parse_unit("e4m3", acc="kulisch:3:segmented=10"),
        parse_unit("int8", acc="int32:segmented=8"),
    ],
    Goal.FPGA_DSP: [
        parse_unit("int8", acc="int32"),
        parse_unit("e4m3", acc="kulisch"),
    ],
}
"""Units that `make prove` proves, by what they are built for."""

FAST_UNITS: dict[Goal, list[MacConfig]] = {
    Goal.AREA: [
        parse_unit("int8", acc="int32"),
        *(parse_unit(format_, acc=acc) for format_ in ("e4m3", "e5m2") for acc in _ACCUMULATORS),
        parse_unit("e4m3", acc="kulisch:3:segmented=5:resolve=idle"),
    ],
    Goal.SPEED: [
        parse_unit("e4m3", acc="kulisch"),
        parse_unit("e4m3", acc="bf16"),
        parse_unit("e5m2", acc="fp16"),
    ],
    Goal.FPGA: [parse_unit("e4m3", acc="kulisch")],
}
"""Units that are proved in every run of CI."""


def _lines(*lines: str) -> list[MacConfig]:
    return [parse_line(line) for line in lines]


STANDARD_DOTS: dict[Goal, list[MacConfig]] = {
    Goal.AREA: _lines(
        "e4m3 x 16 -> kulisch:7",
        "int8 x 16 -> int32",
        "e4m3 x 4 -> kulisch:15",
        "e5m2*e4m3 x 4 -> kulisch:3",
        "int4 x 4 -> int8:saturate",
        "e4m3 x 4 -> kulisch:4:segmented=8",
        "e2m1 x 8 -> kulisch:5:segmented=4:resolve=idle",
        "int8 x 4 -> int32:segmented=8:resolve=combinational",
        "e4m3 x 2 -> kulisch:3, stages 2",
        "e4m3 -> kulisch:3, stages 3",
        "int8 x 4 -> int24, output fp16",
    ),
    Goal.SPEED: _lines(
        "e4m3 x 16 -> kulisch:7",
        "int8 x 16 -> int32",
        "e4m3 x 4 -> kulisch:15",
        "int4 x 4 -> int8:saturate",
        "int8 x 4 -> int32:segmented=8",
        "e2m1 x 8 -> kulisch:5:segmented=4:resolve=idle",
        "e4m3 -> kulisch:3, stages 3",
    ),
    Goal.FPGA: _lines("e4m3 x 2 -> kulisch:3"),
}
"""Units of several lanes, or of three stages, that `make prove` proves."""

FAST_DOTS: dict[Goal, list[MacConfig]] = {
    Goal.AREA: _lines("e4m3 x 4 -> kulisch:15", "int4 x 4 -> int8:saturate"),
    Goal.SPEED: _lines("e4m3 x 4 -> kulisch:15"),
}
"""Those of them that are proved in every run of CI."""


def _others(*units: tuple[str, str]) -> list[tuple[MacConfig, Structure]]:
    """Units with each structure but those of the goals, which are proved as such."""
    configs = [parse_unit(format_, acc=acc) for format_, acc in units]
    ends = [Structure.of(goal) for goal in Goal]
    return [(each, one) for each in configs for one in structures_of(each) if one not in ends]


STANDARD_STRUCTURES = _others(
    ("int8", "int32"),
    *(("e4m3", acc) for acc in ("kulisch", "fp16", "bf16", "fp32")),
    ("e5m2", "kulisch"),
    ("e5m2", "fp16"),
    ("e4m3", "fp16:rtz:ftz"),
)
"""Units that `make prove` proves, with every structure between those of the goals."""

FAST_STRUCTURES = [
    each
    for each in _others(("int8", "int32"), ("e4m3", "kulisch"), ("e4m3", "bf16"))
    if each[1].value in ("area-sklansky", "area-brent-kung", "lean-brent-kung")
]
"""Those of them that are proved in every run of CI."""


def certificate(records: Iterable[Record], command: str) -> dict[str, Any]:
    """Everything that was checked, as JSON types.

    Returns
    -------
    dict
        ``proved`` maps the module to the SHA-256 of its Verilog without the header, for all units
        whose every check came out as it has to; ``records`` has all checks.
    """
    records = list(records)
    units = dict.fromkeys((record.check.config, record.check.goal) for record in records)
    failed = {
        unit
        for unit in units
        if failures(r for r in records if (r.check.config, r.check.goal) == unit)
    }
    return {
        "schema_version": 1,
        "command": command,
        "tools": {
            "fp8mac": version("fp8mac"),
            "amaranth": version("amaranth"),
            "yosys": find_yosys().version,
            "bitwuzla": version("bitwuzla"),
            "z3-solver": version("z3-solver"),
        },
        "failures": failures(records),
        "proved": {
            record.check.module: record.sha256
            for record in records
            if record.check.kind is CheckKind.VERILOG
            and (record.check.config, record.check.goal) not in failed
        },
        "records": [_facts(record) for record in records],
    }


def _facts(record: Record) -> dict[str, Any]:
    check, found = record.check, record.counterexample
    return {
        "unit": check.config.slug,
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


def certificate_text(records: Iterable[Record], command: str) -> str:
    """Certificate for people, in Markdown."""
    records = list(records)
    facts = certificate(records, command)
    tools = ", ".join(f"{name} {number}" for name, number in facts["tools"].items())
    lines = [
        "# Proofs",
        "",
        f"Made by `{command}`: {tools}.",
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
    shapes = dict.fromkeys(_shape(record) for record in records)
    lines += [row for shape in shapes for row in _rows(records, *shape)]
    refuted = [
        r for r in records if r.check.kind is CheckKind.MUTATION and r.verdict is Verdict.REFUTED
    ]
    kinds = len({record.check.mutation for record in refuted})
    lines += [
        "",
        f"Planted bugs refuted: {len(refuted)}, of {kinds} kinds.",
        f"Failures: {len(facts['failures'])}.",
        "",
        *(f"- {sentence}" for sentence in facts["failures"]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _shape(record: Record) -> tuple[MacConfig, Built, Shape]:
    return record.check.config, record.check.goal, record.check.shape


def _rows(records: list[Record], config: MacConfig, goal: Built, shape: Shape) -> list[str]:
    """A row for each encoding in which a shape of a unit was proved."""
    of_shape = [record for record in records if _shape(record) == (config, goal, shape)]
    bugs = [r for r in of_shape if r.check.kind is CheckKind.MUTATION]
    refuted = sum(record.verdict is Verdict.REFUTED for record in bugs)
    hashes = {
        record.check.kind: (record.sha256 or "")[:8] if record.passed else "failed"
        for record in of_shape
    }
    return [
        f"| {record.check.circuit.top if record.check.circuit else config.slug} "
        f"| {'' if record.check.circuit else goal.value} "
        f"| {shape.value} "
        f"| {record.check.encoding.value if record.check.encoding else ''} "
        f"| {record.verdict.value} | {record.seconds:.1f} | {refuted} of {len(bugs)} "
        f"| {hashes.get(CheckKind.VERILOG, '')} | {hashes.get(CheckKind.NETLIST, '')} |"
        for record in of_shape
        if record.check.kind is CheckKind.STEP
    ]
