"""Units of real silicon: which there are, and rows recorded on cards."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from fp8mac.cli.options import JSON, print_json, progress_bar, recorded
from fp8mac.gen.files import print_text
from fp8mac.hw.config.silicon.named import NAMED_UNITS, NamedUnit, named
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.synth_reports.render.tables import show

__all__ = ["check_vectors", "units"]

_BASIS = {
    "vectors": "equals vectors recorded on",
    "model": "as published model",
    "document": "as documented in",
}


def units(as_json: JSON = False) -> None:
    """Show named units: each is one line, and what that rests on."""
    if as_json:
        print_json([_facts(unit) for unit in NAMED_UNITS.values()])
        return
    table = Table("name", "unit", "what it rests on", show_lines=False)
    for unit in NAMED_UNITS.values():
        table.add_row(unit.name, parse_line(unit.name).text, _rests(unit))
    show(table)


def _facts(unit: NamedUnit) -> dict[str, Any]:
    line = parse_line(unit.name).text
    return {"name": unit.name, "unit": line, "basis": unit.basis.value, "source": unit.source}


def _rests(unit: NamedUnit) -> str:
    return f"{_BASIS[unit.basis.value]} {unit.source}"


def check_vectors(
    ctx: typer.Context,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="Named unit, or a unit in one line.")],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Rows: .npz, d_*.txt beside a_*, b_*, c_*.txt, or a folder."
        ),
    ],
    netlist: Annotated[
        bool, typer.Option("--netlist", help="Check the netlist whose gates are counted as well.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Check a unit against rows recorded on a card; exit code 1 if one is wrong."""
    from fp8mac.sim.check import recorded as rows
    from fp8mac.sim.check import silicon

    parse_line(unit)
    held = [rows.read(path) for place in files for path in rows.text_files(place)]
    units = [silicon.unit_of(unit, each) for each in held]
    circuits = _circuits(units) if netlist else {}
    outcomes = []
    with progress_bar() as bar:
        task = bar.add_task("rows", total=sum(len(each.arrays["d"].array) for each in held))
        for config, each in zip(units, held, strict=True):
            found = circuits.get(config)
            outcomes.append(silicon.check(config, each, lambda: bar.advance(task), found))
    if as_json:
        facts = [_outcome(each.name, found) for each, found in zip(held, outcomes, strict=True)]
        print_json({"unit": unit, "files": facts, "command": recorded(ctx)})
    else:
        known = None if "->" in unit else named(unit)
        for each, found in zip(held, outcomes, strict=True):
            print_text(_sentences(each.name, found, known))
    if not all(found.is_right for found in outcomes):
        raise typer.Exit(1)


def _circuits(units: list[MacConfig]) -> dict[MacConfig, Any]:
    """Netlists of units, those whose gates are counted: proved equal to the circuits."""
    from fp8mac.synth_reports.cost.bench import make_bench
    from fp8mac.synth_reports.experiments.silicon import experiment as silicon

    bench = make_bench()
    return {config: silicon.circuits_of(config, bench)[0] for config in dict.fromkeys(units)}


def _outcome(name: str, found: Any) -> dict[str, Any]:
    facts = vars(replace(found))
    return {"file": name, **facts, "config": found.config.text}


def _sentences(name: str, found: Any, known: NamedUnit | None) -> str:
    """What was found, in a few lines."""
    *most, last = (f"{count} wrong by {who}" for who, count in found.wrong.items())
    by = f"{', '.join(most)} and {last}"
    text = f"{found.config.text}\n"
    if known is not None:
        text = f"{known.name}: {text}  {_rests(known)}\n"
    text += f"  {name}: {found.rows} rows of {found.products} products, {by}\n"
    if found.from_zero:
        text += "  its accumulators were not added to: all rows are those of c = 0\n"
    if found.flagged:
        text += (
            f"  {found.flagged} rows that depend on the exponent of a zero, counted apart: "
            f"{found.flagged_wrong} differ, {found.flagged_wrong_with_exponent} if it is -126\n"
        )
    return text + (f"{found.first}\n" if found.first else "")
