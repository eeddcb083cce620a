"""All pairs of named FP8 units: where they disagree; and which of them have monotone sums."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import TYPE_CHECKING, Any

from fp8mac.synth_reports.experiments.experiment import Experiment, Made, NoOptions, page
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.render.tables import csv_table, markdown_table

if TYPE_CHECKING:
    from fp8mac.synth_reports.experiments.differences.differences import DifferenceRecord, PairJob

__all__ = ["FAMILIES", "UnitDifferences"]

FAMILIES = {
    "E4M3, FP32 results": (
        *("ada-fp8-e4m3", "h100-fp8-e4m3", "h100-mmasync-e4m3", "b200-fp8-e4m3"),
        *("mi300-fp8", "rvbna-fp8-e4m3", "fdot-fp8"),
    ),
    "E5M2, FP32 results": (
        *("ada-fp8-e5m2", "h100-fp8-e5m2", "h100-mmasync-e5m2", "b200-fp8-e5m2"),
        *("mi300-bf8", "rvbna-fp8-e5m2"),
    ),
    "E4M3, FP16 results": (
        *("ada-fp8-e4m3-fp16", "h100-fp8-e4m3-fp16", "h100-mmasync-e4m3-fp16"),
        *("b200-fp8-e4m3-fp16", "exsdotp-fp8"),
    ),
    "E5M2, FP16 results": (
        *("ada-fp8-e5m2-fp16", "h100-fp8-e5m2-fp16", "h100-mmasync-e5m2-fp16"),
        "b200-fp8-e5m2-fp16",
    ),
}
"""Named units that are compared with each other."""


class UnitDifferences(Experiment[NoOptions, "PairJob", "DifferenceRecord"]):
    """Pairs of named units, and each unit for itself."""

    name = "differences"
    help = "Find where named FP8 units disagree, all pairs, and whose sums are monotone."
    options = NoOptions
    pattern = "differences.*"
    kept_by = ("fp8mac.synth_reports.experiments.differences.differences",)
    in_processes = True

    def plan(self, options: NoOptions) -> "list[PairJob]":
        from fp8mac.synth_reports.experiments.differences.differences import PairJob

        pairs = [PairJob(*pair) for names in FAMILIES.values() for pair in combinations(names, 2)]
        return [*pairs, *(PairJob(name) for names in FAMILIES.values() for name in names)]

    def run(self, job: "PairJob", worker: Worker) -> "DifferenceRecord":
        from fp8mac.synth_reports.experiments.differences import differences

        return differences.pair(job) if job.second else differences.alone(job)

    def load(self, facts: dict[str, Any]) -> "DifferenceRecord":
        from fp8mac.synth_reports.experiments.differences.differences import DifferenceRecord

        return DifferenceRecord(**facts)

    def render(self, records: "Sequence[DifferenceRecord]", made: Made) -> dict[str, str | bytes]:
        return page("differences", _page(records, made), csv_table([asdict(e) for e in records]))


def _page(records: "Sequence[DifferenceRecord]", made: Made) -> str:
    parts = [
        f"""\
# Where named units disagree

Made by `{made.command}`: for each pair the operands with the fewest terms, then at the
first places, then with the smallest codes. All operands of sums of one and of two products were
tried, from a cleared accumulator; each line was replayed in the golden model. *Place* is that of
the second product, the first one is at 0, all others are zero.
"""
    ]
    known = {name: title for title, names in FAMILIES.items() for name in names}
    titles = ["units", "", "terms", "place", "products", "first", "second", "exact"]
    for title in FAMILIES:
        rows = [
            [
                *(each.first, each.second, _count(each.terms), _count(each.place)),
                *(each.operands, each.first_sum, each.second_sum, each.exact_sum),
            ]
            for each in records
            if each.second and known[each.first] == title
        ]
        parts.append(f"## {title}\n{markdown_table(titles, rows)}\n")
    rows = [[each.first, each.monotone, each.example] for each in records if not each.second]
    parts.append(
        "## Monotone sums\nCan one step's sum fall where a factor of a product (a) or the "
        "accumulator (c) grows?\n" + markdown_table(["unit", "monotone", "a sum that falls"], rows)
    )
    return "\n".join(parts) + "\n"


def _count(number: int | None) -> str:
    return "none found" if number is None else str(number)
