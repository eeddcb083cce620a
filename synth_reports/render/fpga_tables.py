"""Table of a unit on FPGAs, see `fp8mac.synth_reports.cost.fpga.fpga_report`."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.table import Table

__all__ = ["fpga_footnotes", "fpga_table"]

_METRICS = {
    "luts": "tables (LUT)",
    "carries": "carries",
    "flip_flops": "flip-flops",
    "dsps": "multiplier blocks",
    "levels": "levels",
    "longest_carry": "longest carry chain",
}


def fpga_table(report: dict[str, Any]) -> Table:
    """A unit's counts, one a row; for each shape and FPGA the count and its ratio to int8."""
    columns = list(_columns(report))
    table = Table(title=report["design"]["slug"], title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for title, _ in columns:
        table.add_column(title, justify="right")
        table.add_column("/ int8", justify="right")
    for name, title in _METRICS.items():
        cells = []
        for _, each in columns:
            ratio = each["ratio_to_baseline"].get(name)
            cells += [str(each["metrics"][name]), "" if ratio is None else f"{ratio:.2f}"]
        table.add_row(title, *cells)
    return table


def _columns(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Title and figures; cores first, and the unit with multiplier blocks behind that without."""
    for shape in ("core", "unit"):
        for goal, shapes in report["goals"].items():
            for target, each in shapes.get(shape, {"targets": {}})["targets"].items():
                yield f"{shape}, {target}{' DSP' * (goal != report['goal'])}", each


def fpga_footnotes(report: dict[str, Any]) -> str:
    """Where the numbers of a report come from, and what they mean."""
    yosys = report["tools"]["yosys"]
    flows = ", ".join(f"{each['name']} {each['sha256'][:8]}" for each in report["flows"].values())
    hashes = (f"{title} {each['netlist_sha256'][:8]}" for title, each in _columns(report))
    lines = [
        f"int8: {report['baseline']['slug']}, same flow and shape",
        f"flows {flows}; Yosys {yosys['version']} ({yosys['build']})",
        f"netlists: {'; '.join(hashes)}",
        "levels: tables and multiplier blocks on the longest path; carries count none",
        "before place and route: no MHz; fp8mac route has those of an iCE40 HX8K",
    ]
    return "\n".join(lines)
