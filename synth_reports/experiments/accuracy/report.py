"""Accuracy on disk: a network's rows as csv, json and md, and what all networks say together."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from fp8mac.gen.files import print_text
from fp8mac.sim.networks.tasks.diagnose import LayerReport
from fp8mac.sim.networks.tasks.evaluate import Result
from fp8mac.synth_reports.experiments.accuracy.accuracy import Case, CaseRecord, record_of, row
from fp8mac.synth_reports.experiments.accuracy.pictures import pictures, sum_length_text
from fp8mac.synth_reports.experiments.accuracy.summary import summary_markdown
from fp8mac.synth_reports.experiments.accuracy.text import delta, network_markdown, number
from fp8mac.synth_reports.experiments.experiment import page
from fp8mac.synth_reports.experiments.sum_error.length import SumLength
from fp8mac.synth_reports.render.tables import csv_table, show

__all__ = ["files_of", "show_unit", "unit_report"]


def unit_report(
    case: Case, result: tuple[Result, str], layers: Sequence[LayerReport], command: str
) -> dict[str, Any]:
    """Everything about a network on a unit, as JSON types."""
    return {
        "schema_version": 1,
        "command": command,
        "design": {"slug": case.config.slug, "acc_bits": case.config.acc_bits},
        "case": asdict(case),
        "result": row("unit", record_of(case, *result)),
        "layers": [layer.facts() for layer in layers],
    }


def show_unit(report: dict[str, Any]) -> None:
    """Print a report: the answers, then product by product."""
    found = report["result"]
    print_text(
        f"{found['network']} on {report['design']['slug']}\n"
        f"{found['metric']} {100 * found['value']:.2f}, float32 {100 * found['reference']:.2f}, "
        f"difference {delta(found)} points\n"
        f"agreement {100 * found['agreement']:.2f} %, SQNR {number(found['sqnr_db'])} dB, "
        f"{found['samples']} questions\n"
    )
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("product")
    for name in ("terms", "SQNR dB", "overflow %", "swamped %", "needed bits"):
        table.add_column(name, justify="right")
    for layer in report["layers"]:
        table.add_row(
            layer["name"],
            str(layer["terms"]),
            number(layer["sqnr_db"]),
            number(100 * layer["overflow_share"], 2),
            number(100 * layer["swamped_share"], 2),
            number(layer["needed_bits"], 0),
        )
    show(table)


def files_of(
    wanted: Sequence[tuple[str, Case]],
    found: Mapping[Case, CaseRecord],
    points: Sequence[SumLength],
    folder: Path,
    command: str,
) -> dict[str, str | bytes]:
    """Files of each network, a summary of all that the folder has, and sums of growing length.

    Experiments and networks that were not run stay as they were.

    Parameters
    ----------
    wanted : sequence of (str, Case)
        Experiments and cases.
    found : mapping of Case to CaseRecord
        Their results.
    points : sequence of SumLength
        Noise of sums.
    folder : Path
        Where files are, and will be.
    command : str
        What makes them.
    """
    documents = {path.name: _load(path) for path in sorted(folder.glob("*.json"))}
    files: dict[str, str | bytes] = {}
    for network in dict.fromkeys(case.label for _, case in wanted):
        new = [row(name, found[case]) for name, case in wanted if case.label == network]
        known = documents.get(f"{network}.json", {"commands": {}, "rows": []})
        done = dict.fromkeys(each["experiment"] for each in new)
        kept = [each for each in known["rows"] if each["experiment"] not in done]
        commands = known["commands"] | dict.fromkeys(done, command)
        rows = sorted(kept + new, key=lambda each: list(commands).index(each["experiment"]))
        document = {"commands": commands, "rows": rows}
        documents[f"{network}.json"] = document
        files[f"{network}.json"] = json.dumps(document, indent=1) + "\n"
        files |= page(network, network_markdown(rows, commands), csv_table(rows))
    rows = [each for name in sorted(documents) for each in documents[name]["rows"]]
    files["summary.md"] = summary_markdown(rows)
    files |= page(
        "sum_length", sum_length_text(points), csv_table([asdict(point) for point in points])
    )
    return files | pictures(rows, points)


def _load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
