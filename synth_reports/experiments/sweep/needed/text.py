"""What a search found, for people."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType

from fp8mac.synth_reports.experiments.sweep.front import Row
from fp8mac.synth_reports.experiments.sweep.needed.search import Found
from fp8mac.synth_reports.render.tables import aligned_table

__all__ = ["found_facts", "found_lines", "found_tables"]

_HEAD = ["", "bits", "any input", "from layer", "loss, points", "one bit less"]


def found_lines(found: Sequence[Found]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Titles and lines for each limit, a line for each family."""
    for limit in dict.fromkeys(each.family.spec.search or 0.0 for each in found):
        lines = [_line(each) for each in found if each.family.spec.search == limit]
        yield [f"fewest bits that lose at most {limit:g} points", *_HEAD[1:]], lines


def found_tables(found: Sequence[Found]) -> Iterator[RenderableType]:
    """The same for a terminal."""
    for head, lines in found_lines(found):
        yield aligned_table(head, lines, head[:1])


def _line(each: Found) -> list[str]:
    family = each.family
    return [
        f"{family.network}, {family.line.format('*')}",
        "none" if each.bits is None else str(each.bits),
        str(family.high) if family.certified else "",
        f"{family.guess}, {family.layer}" if family.layer else "",
        _loss(each.row) if each.row else "not measured",
        _loss(each.refused) if each.refused else "",
    ]


def _loss(row: Row) -> str:
    loss, low, high = (100 * row[name] for name in ("loss", "loss_low", "loss_high"))
    return f"{loss:.2f} ({low:.2f} to {high:.2f})"


def found_facts(found: Sequence[Found]) -> list[dict[str, Any]]:
    """The same as JSON types."""
    return [
        {
            "network": each.family.network,
            "units": each.family.line.format("*"),
            "kind": each.family.kind,
            "bits": each.bits,
            "most_bits": each.family.high,
            "certified": each.family.certified,
            "guess": each.family.guess,
            "layer": each.family.layer,
            "asked": each.asked,
            "point": dict(each.row) if each.row else None,
            "refused": dict(each.refused) if each.refused else None,
        }
        for each in found
    ]
