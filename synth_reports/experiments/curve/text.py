"""Curves as tables: every point, and the envelope with the published designs beside it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.curve.curve import (
    CurvePoint,
    CurveRecord,
    envelope,
    points_of,
)
from fp8mac.synth_reports.experiments.peers.peers import LIBRARY, UNITS, published
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

__all__ = ["Peer", "below", "csv_text", "delay_unit", "markdown_text", "peers_of"]


@dataclass(frozen=True)
class Peer:
    """A published design, mapped for area or for speed.

    Parameters
    ----------
    design, source, verdict : str
        What it is called, whose it is, and whether it computes the same.
    delay_ns, area_ge : float
        What it takes.
    """

    design: str
    source: str
    verdict: str
    delay_ns: float
    area_ge: float


def peers_of(unit: str, library: str) -> list[Peer]:
    """Published designs of one lane for a unit; none in a library that they were not mapped to.

    Beside a register in segments stand those with one word: sums are the same.
    """
    if library != LIBRARY:
        return []
    config = parse_line(re.sub(r":segmented=\d+", "", unit))
    names = [name for name, each in UNITS.items() if each == config]
    rows = [row for row in published() if row["unit"] in names and row["lanes"] == 1]
    return [
        Peer(
            row["design"], row["source"], row["verdict"], row[f"{kind}_delay_ns"], row[f"{kind}_ge"]
        )
        for row in rows
        for kind in ("area", "speed")
    ]


def below(peers: Sequence[Peer], points: Sequence[CurvePoint]) -> list[Peer]:
    """Those that are smaller than all of our circuits that are as fast."""
    return [
        peer
        for peer in peers
        if peer.area_ge
        < min(
            (each.area_ge for each in points if each.delay <= peer.delay_ns), default=float("inf")
        )
    ]


def delay_unit(records: Sequence[CurveRecord]) -> str:
    """What delays are told in."""
    return "FO4" if records[0].delay_ns[0] is None else "ns"


def csv_text(records: Sequence[CurveRecord]) -> str:
    """Every mapping of every structure."""
    kept = set(envelope(points_of(records)))
    return csv_table([row for record in records for row in _rows(record, kept)])


def _rows(record: CurveRecord, kept: set[CurvePoint]) -> list[dict[str, Any]]:
    rows = []
    for place, wanted in enumerate(record.wanted_fo4):
        ns, fo4 = record.delay_ns[place], record.delay_fo4[place]
        point = CurvePoint(fo4 if ns is None else ns, record.area_ge[place], record.structure)
        rows.append(
            {
                "unit": record.unit,
                "structure": record.structure,
                "library": record.library,
                "mapped_to": {None: "area", 0.0: "speed"}.get(wanted, f"{wanted} FO4"),
                "delay_ns": ns,
                "delay_fo4": fo4,
                "area_ge": record.area_ge[place],
                "area_um2": record.area_um2[place],
                "on_envelope": point in kept,
                "netlist_sha256": record.netlist_sha256[place],
                "library_sha256": record.library_sha256,
            }
        )
    return rows


def markdown_text(records: Sequence[CurveRecord], command: str) -> str:
    """The page of a unit."""
    unit, library, first = delay_unit(records), records[0].library, records[0]
    points = points_of(records)
    digits = 3 if unit == "ns" else 1
    slug = parse_line(first.unit).slug
    rows = [
        [f"{point.delay:.{digits}f}", f"{point.area_ge:.0f}", point.structure]
        for point in envelope(points)
    ]
    peers = peers_of(first.unit, library)
    lower = below(peers, points)
    sentence = ""
    if peers:
        sentence = "\n" + _compared(peers, lower) + "\n"
    return f"""\
# Area against delay: {first.unit}

Made by `{command}`: the combinational core in {library}, {len(records)} structures, {len(points)}
mappings, each proved equal to its circuit. Delays are ABC's, without wires, from an input to an
output; area is in two-input NANDs (GE). All mappings are in [{slug}.csv]({slug}.csv).

![Area against delay]({slug}.svg)

## The envelope
No other mapping is as fast and smaller.

{markdown_table([f"delay, {unit}", "area, GE", "structure"], rows)}
{sentence}"""


def _compared(peers: Sequence[Peer], lower: Sequence[Peer]) -> str:
    designs = len({(peer.design, peer.source) for peer in peers})
    same = "Published designs of one lane, mapped for area and for speed by the flow of [peers.md]"
    text = f"{same}(../peers.md): {designs}. "
    if not lower:
        return text + "None of their points lies below our envelope."
    named = "; ".join(
        f"{each.source}, {each.design} ({each.verdict}): {each.area_ge:.0f} GE at "
        f"{each.delay_ns:.2f} ns"
        for each in lower
    )
    return text + f"Below our envelope lie: {named}."
