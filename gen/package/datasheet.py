"""What a module is, on a page: ports, timing, special cases, proof, cost."""

from collections.abc import Mapping
from typing import Any

__all__ = ["datasheet"]

_COST = {
    "two_input_gates": "two-input gates",
    "inverters": "inverters",
    "flip_flops": "flip-flops",
    "levels": "levels of gates",
}


def datasheet(facts: Mapping[str, Any], cost: Mapping[str, int], count: int, *, drawn: bool) -> str:
    """Datasheet in Markdown.

    Parameters
    ----------
    facts : mapping
        Description of the module, as it is beside the Verilog.
    cost : mapping of str to int
        Gates, inverters, flip-flops and levels; empty if they were not counted.
    count : int
        Number of vectors.
    drawn : bool
        Whether there is a picture of the timing diagram.
    """
    acc, latency = facts["accumulator"]["name"], facts["latency_cycles"]
    lanes, names = (
        facts["products_per_cycle"],
        [each["name"] for each in facts["operands"].values()],
    )
    products = "one product" if lanes == 1 else f"{lanes} products"
    lines = [
        f"# {facts['module']}",
        "",
        f"{' times '.join(names)}, {products} a step, added in {acc}"
        + ("." if facts["kind"] == "core" else f"; latency {_cycles(latency)}, one step a cycle."),
        "",
        "## Ports",
        "",
        "| port | direction | bits | meaning |",
        "| --- | --- | --: | --- |",
    ]
    lines += [
        f"| `{port['name']}` | {port['direction']} | {port['bits']} | {port['meaning']} |"
        for port in facts["ports"]
    ]
    if facts["kind"] == "unit":
        lines += ["", "## Timing", ""]
        lines += ["![timing diagram](timing.svg)", ""] if drawn else []
        lines += ["`timing.json` is the diagram for [WaveDrom](https://wavedrom.com/editor.html)."]
    if facts["special_cases"]:
        lines += ["", "## Special cases", "", *(f"* {case}" for case in facts["special_cases"])]
    proved = "is proved" if facts["proved"] else "is not in the list of proofs"
    lines += [
        "",
        "## Trust",
        "",
        f"Module SHA-256 `{facts['module_sha256']}`: it {proved}.",
        f"`make` runs {count:,} vectors of the golden model.",
    ]
    if cost:
        lines += ["", "## Cost", "", "Yosys, generic gates, see `fp8mac synth`.", ""]
        lines += ["| what | count |", "| --- | --: |"]
        lines += [f"| {_COST[name]} | {cost[name]} |" for name in _COST]
    lines += [
        "",
        "## Use it",
        "",
        "```",
        "make            Icarus Verilog",
        "make verilator  Verilator",
        "make cocotb     cocotb 2",
        f"fusesoc run --target=sim fp8mac:mac:{facts['module']}",
        "```",
        "",
        f"Made by: {facts['command'] or 'fp8mac'}",
    ]
    return "\n".join(lines) + "\n"


def _cycles(latency: int) -> str:
    return "1 cycle" if latency == 1 else f"{latency} cycles"
