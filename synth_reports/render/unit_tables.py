"""Tables of what a unit costs, see `fp8mac.synth_reports.cost.report.unit_report`."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.table import Table

__all__ = ["breakdown_table", "footnotes", "unit_table"]

_METRICS = {
    "two_input_gates": "two-input gates",
    "inverters": "inverters",
    "flip_flops": "flip-flops",
    "levels": "levels",
    "levels_with_inverters": "levels with inverters",
    "weighted_gates": "weighted gates",
}
_FIGURES = {
    "area_um2": ("area, um2", "area", 0),
    "area_ge": ("area, GE", "area", 0),
    "delay_ns": ("delay, ns", "delay", 3),
    "delay_fo4": ("delay, FO4", "delay", 1),
}
_FEW = 0.01
"""Share of the sums that may overflow without a word."""

_ENERGIES = {"functional": "no glitches", "unit_delay": "unit delay"}


def unit_table(report: dict[str, Any]) -> Table:
    """A unit's figures, one a row; for each shape and goal the figure and its ratio to int8."""
    columns = list(_columns(report))
    table = Table(title=report["design"]["slug"], title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for title, _ in columns:
        table.add_column(title, justify="right")
        table.add_column("/ int8", justify="right")
    for name, title in _METRICS.items():
        cells = []
        for _, each in columns:
            cells += [str(each["metrics"][name]), _ratio(each["ratio_to_baseline"].get(name))]
        table.add_row(title, *cells)
    lanes = report["design"]["products_per_cycle"]
    if lanes > 1:
        gates = (each["metrics"]["two_input_gates"] for _, each in columns)
        cells = (cell for count in gates for cell in (_number(count / lanes, 1), ""))
        table.add_row(f"gates a lane, of {lanes}", *cells)
    for library, facts in report["libraries"].items():
        table.add_section()
        table.add_row(library if not facts["is_own"] else f"{library}, no technology")
        for cells in _library_rows([each["libraries"][library] for _, each in columns]):
            table.add_row(*cells)
    return table


def _columns(report: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Title and figures; cores first."""
    for shape in ("core", "unit"):
        for goal, shapes in report["goals"].items():
            if shape in shapes:
                yield f"{shape}, {goal}", shapes[shape]


def _library_rows(columns: list[dict[str, Any]]) -> Iterator[list[str]]:
    for name, (title, kind, digits) in _FIGURES.items():
        if all(column[name] is None for column in columns):
            continue
        cells = [f"  {title}"]
        for column in columns:
            ratio = column[f"{kind}_ratio_to_baseline"]
            cells += [_number(column[name], digits), "" if name == "area_um2" else _ratio(ratio)]
        yield cells
    for kind, title in _ENERGIES.items():
        energies = [column["energy_per_mac"] for column in columns]
        known = next((each for each in energies if each), None)
        if known is None:
            return
        key = next(each for each in known[kind] if each.startswith("dynamic"))
        unit, digits = ("C_inv V2", 0) if key.endswith("v2") else ("pJ", 3)
        cells = [f"  energy, {unit}, {title}"]
        for column, each in zip(columns, energies, strict=True):
            ratio = column["energy_ratio_to_baseline"]
            cells += [_number(each and each[kind][key], digits), _ratio(ratio and ratio[kind])]
        yield cells


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def _ratio(value: float | None) -> str:
    return _number(value, 2)


def breakdown_table(report: dict[str, Any]) -> Table:
    """Parts of the unit, in two-input gates and in GE of each library."""
    columns = {"gates": report["breakdown"]["two_input_gates"]}
    columns |= {f"GE, {name}": rows for name, rows in report["breakdown"]["area_ge"].items()}
    table = Table(
        title=f"parts, built for {report['goal']}", title_justify="left", box=box.SIMPLE_HEAD
    )
    table.add_column("")
    for title in columns:
        table.add_column(title, justify="right")
    for label in columns["gates"]:
        cells = [_number(rows[label], 0) for rows in columns.values()]
        table.add_row(label, *cells, end_section=label in ("saved across borders", "core"))
    return table


def footnotes(report: dict[str, Any]) -> str:
    """Where the numbers of a report come from, and what they assume."""
    tools = report["tools"]
    flows = ", ".join(f"{each['name']} {each['sha256'][:8]}" for each in report["flows"].values())
    hashes = (f"{title} {each['netlist_sha256'][:8]}" for title, each in _columns(report))
    yosys = f"Yosys {tools['yosys']['version']} ({tools['yosys']['build']})"
    target = report.get("target")
    same = "structure, delay" if target else "goal"
    lines = [target["sentence"]] if target and target["met"] else []
    lines += [
        f"int8: {report['baseline']['slug']}, same flow, {same} and shape",
        f"flows {flows}; {yosys}, {tools['abc']['version'] or 'its own ABC'}",
        f"netlists: {'; '.join(hashes)}",
    ]
    if report["effort"]["seconds"]:
        lines.append(f"the best netlists that were found in {report['effort']['seconds']:g} s")
    lines += [_library_note(name, facts) for name, facts in report["libraries"].items()]
    lines.append("delay: no wires, without clock-to-output and setup")
    if (energy := _some_energy(report)) is not None:
        stimuli = report["stimuli"]
        lines.append(
            f"energy: of a {_energy_of(report)}, no wires, {stimuli['operands']} operands, "
            f"clear every {stimuli['clear_every']}, {energy['cycles']:,} cycles "
            f"({energy['unit_delay_cycles']:,} with unit delay)"
        )
        lines += _range_notes(energy, report["design"]["accumulator"])
    return "\n".join(lines)


def _energy_of(report: dict[str, Any]) -> str:
    lanes = report["design"]["products_per_cycle"]
    return "cycle" if lanes == 1 else f"product, a cycle's divided by {lanes}"


def _range_notes(energy: dict[str, Any], accumulator: str) -> list[str]:
    """What the accumulator's range has to do with the operands; nothing where it suffices."""
    notes, (a, b), share = [], energy["headroom"], energy["overflow_share"]
    if a * b > 1:
        notes.append(
            f"headroom: operands a / {a:g} and b / {b:g}, for sums below half of {accumulator}'s "
            "largest number"
        )
    if share > _FEW:
        notes.append(
            f"overflow: {100 * share:.1f} % of the sums, after which the register hardly switches"
        )
    return notes


def _library_note(name: str, facts: dict[str, Any]) -> str:
    own = facts["is_own"]
    load = "4 C_inv" if own else f"{facts['load_ff']:g} fF"
    fo4 = "5 tau" if own else f"{facts['fo4_ps']:g} ps"
    supplies = ", ".join(f"{volts:g} V" for volts in facts["voltages_v"])
    return (
        f"{name} {facts['sha256'][:8]}{supplies and ', '}{supplies}: "
        f"GE = {facts['reference_nand2']}, FO4 = {fo4}, flip-flop {facts['flip_flop']}; "
        f"inputs driven by {facts['driving_cell']}, outputs loaded with {load}"
    )


def _some_energy(report: dict[str, Any]) -> dict[str, Any] | None:
    libraries = [each["libraries"] for _, each in _columns(report)]
    energies = [each["energy_per_mac"] for group in libraries for each in group.values()]
    return next((each for each in energies if each), None)
