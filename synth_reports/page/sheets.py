"""Data sheets of units, as the panel of the page shows them."""

import shlex
from collections.abc import Iterable
from typing import Any

from fp8mac.gen.describe import describe
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.synth_reports.page.points import Contents

__all__ = ["sheet_of", "sheets_of"]


def sheets_of(units: Iterable[str], contents: Contents) -> dict[str, dict[str, Any]]:
    """Sheets of units by their lines, each once, with what the page knows of them."""
    found = {}
    for unit in dict.fromkeys(units):
        config = parse_line(unit)
        proof = contents.proofs.get(config.slug) or _unproved(unit)
        found[unit] = sheet_of(config, proof=proof)
    return found


def _unproved(unit: str) -> str:
    return f"No proof is recorded here; {_command('prove', unit)} makes one."


def sheet_of(config: MacConfig, *, proof: str) -> dict[str, Any]:
    """Facts, ports and special cases of a unit, what is proved, and how to get its files.

    Returns
    -------
    dict
        ``unit`` (its line), ``facts`` (pairs of a title and a text), ``ports`` (name, direction,
        bits, meaning),
        ``cases`` and ``commands`` (texts), and ``proof`` (a text).
    """
    facts = describe(config, Shape.UNIT)
    ports: Any = facts["ports"]
    cases: Any = facts["special_cases"]
    words = [
        ("module", facts["module"]),
        ("products a cycle", facts["products_per_cycle"]),
        ("latency, cycles", facts["latency_cycles"]),
        ("bits of the exact product", facts["product_bits"]),
        ("bits of the register", facts["acc_bits"]),
        ("weight of its lowest bit", _power(facts["acc_lsb_exponent"])),
    ]
    return {
        "unit": config.text,
        "facts": [(title, f"{value}") for title, value in words if value is not None],
        "ports": [
            (port["name"], port["direction"], port["bits"], port["meaning"]) for port in ports
        ],
        "cases": list(cases),
        "proof": proof,
        "commands": [
            f"{_command('verilog', config.text)} -o mac.v",
            _command("synth", config.text),
            _command("prove", config.text),
        ],
    }


def _power(exponent: object) -> str | None:
    return None if exponent is None else f"2^{exponent}"


def _command(name: str, unit: str) -> str:
    return shlex.join(["fp8mac", name, unit])
