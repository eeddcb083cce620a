"""Published ratios of FP8 to INT8 beside ours, step by step, as an experiment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType

from fp8mac.synth_reports.experiments.experiment import Experiment, Made, NoOptions, page
from fp8mac.synth_reports.experiments.published import published
from fp8mac.synth_reports.experiments.ratios.knobs import LITERATURE, KnobStep, Paper, units
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.render.tables import aligned_table, csv_table, markdown_table

__all__ = ["RatioJob", "RatioRecord", "Ratios", "lands", "ratio_rows"]

FLIP_FLOP_GATES = 6
"""Of a flip-flop, as arXiv:2303.17951 counts it: two multiplexers."""

_NEAR = 0.10
"""So far from the published range is on it: runs of the same flow differ by 3 %."""


@dataclass(frozen=True)
class RatioJob:
    """A unit to measure, on an FPGA or in cells."""

    unit: str
    fpga: bool


@dataclass(frozen=True)
class RatioRecord:
    """What was found: of the core, and of the registered unit in our own library or in tables."""

    unit: str
    fpga: bool
    gates: int | None = None
    weighted_gates: int | None = None
    flip_flops: int | None = None
    area_ge: float | None = None
    energy_cinv_v2: float | None = None
    energy_no_glitch_cinv_v2: float | None = None
    luts: int | None = None

    def value(self, measure: str) -> float:
        """What is divided, see `fp8mac.synth_reports.experiments.ratios.knobs`."""
        found = {
            "gates": self.gates,
            "weighted": (self.weighted_gates or 0) + FLIP_FLOP_GATES * (self.flip_flops or 0),
            "area": self.area_ge,
            "tables": self.luts,
            "energy": self.energy_cinv_v2,
            "no glitch": self.energy_no_glitch_cinv_v2,
        }[measure]
        assert found is not None
        return found


class Ratios(Experiment[NoOptions, RatioJob, RatioRecord]):
    """Units of all steps, each once."""

    name = "ratios"
    help = "What FP8 costs against INT8 in fifteen publications, knob by knob: md, csv."
    options = NoOptions
    pattern = "ratios.*"

    def plan(self, options: NoOptions) -> list[RatioJob]:
        return [RatioJob(unit, fpga) for unit, fpga in units()]

    def run(self, job: RatioJob, worker: Worker) -> RatioRecord:
        from fp8mac.synth_reports.experiments.ratios.measured import measured

        return RatioRecord(job.unit, job.fpga, **measured(job.unit, job.fpga, worker))

    def render(self, records: Sequence[RatioRecord], made: Made) -> dict[str, str | bytes]:
        rows = ratio_rows(records)
        return page("ratios", _page(rows, made.command), csv_table(rows))

    def facts(self, records: Sequence[Any]) -> Any:
        return ratio_rows(records)

    def show(self, records: Sequence[RatioRecord], options: NoOptions) -> RenderableType:
        return aligned_table(_TITLES, _lines(ratio_rows(records)), _TITLES[:2])


def ratio_rows(records: Sequence[RatioRecord]) -> list[dict[str, Any]]:
    """A row for each step, and one for each paper without."""
    known = {(each.unit, each.fpga): each for each in records}
    facts = {row["key"]: row for row in published("ratios")}
    assert list(facts) == [paper.key for paper in LITERATURE]
    return [
        _row(facts[paper.key], paper, step, known)
        for paper in LITERATURE
        for step in paper.steps or (None,)
    ]


def _row(
    fact: dict[str, str],
    paper: Paper,
    step: KnobStep | None,
    known: dict[tuple[str, bool], RatioRecord],
) -> dict[str, Any]:
    row: dict[str, Any] = {
        **{name: fact[name] for name in ("key", "work", "year", "unit", "technology", "quantity")},
        "published_low": float(fact["low"]),
        "published_high": float(fact["high"]),
        "basis": fact["basis"],
        **dict.fromkeys(("knob", "floats", "integers", "measure", "ratio_low", "ratio_high")),
        "lands": None,
        "why_not": "",
    }
    if step is None:
        return row | {"lands": 0, "why_not": paper.why_not}
    on_fpga = step.measure == "tables"
    below = known[step.integers, on_fpga].value(step.measure)
    found = [known[unit, on_fpga].value(step.measure) / below for unit in step.floats]
    row |= {
        "knob": step.knob,
        "floats": "; ".join(step.floats),
        "integers": step.integers,
        "measure": step.measure,
        "ratio_low": round(min(found), 3),
        "ratio_high": round(max(found), 3),
    }
    if step is paper.steps[-1]:
        there = lands((row["ratio_low"], row["ratio_high"]), (fact["low"], fact["high"]))
        row |= {"lands": int(there), "why_not": "" if there else paper.why_not}
    return row


def lands(ours: tuple[float, float], published_: tuple[str | float, str | float]) -> bool:
    """Whether ours are in the published range, or at most a tenth outside of it.

    Examples
    --------
    >>> lands((1.35, 1.35), (1.48, 1.48)), lands((1.3, 1.3), (1.48, 1.48))
    (True, False)
    """
    low, high = map(float, published_)
    return low * (1 - _NEAR) <= ours[0] <= ours[1] <= high * (1 + _NEAR)


_TITLES = ["work", "knob", "published", "ours", "lands"]


def _lines(rows: Sequence[dict[str, Any]]) -> list[list[str]]:
    lines = []
    seen = ""
    for row in rows:
        first, seen = row["key"] != seen, row["key"]
        lines.append(
            [
                f"{row['work']}: {row['unit']}" if first else "",
                f"{row['knob']} ({row['measure']})" if row["knob"] else "",
                _range(row, "published") if first else "",
                _range(row, "ratio") if row["knob"] else "",
                {None: "", 0: "no", 1: "yes"}[row["lands"]],
            ]
        )
    return lines


def _range(row: dict[str, Any], what: str) -> str:
    low, high = row[f"{what}_low"], row[f"{what}_high"]
    return f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}"


def _page(rows: Sequence[dict[str, Any]], command: str) -> str:
    ends = [row for row in rows if row["lands"] is not None]
    yes = sum(row["lands"] for row in ends)
    why = [f"- {row['work']}, {row['unit']}: {row['why_not']}." for row in ends if row["why_not"]]
    return f"""\
# What FP8 costs against INT8, paper by paper

Made by `{command}`. {len(ends)} published ratios; the last step lands on {yes} of them: in the
published range, or at most {100 * _NEAR:.0f} % outside of it.

Each step turns one knob more: lanes, window, conversion, baseline, flip-flops. *gates* are
two-input gates of cores; *weighted* is the measure of arXiv:2303.17951, an XOR counts 3 and a
flip-flop {FLIP_FLOP_GATES}; *area* and *energy* (of a product, with glitches or without) are
those of registered units in our own library, without wires; *tables* those of an iCE40. A range
of ours is that of E2M5, E3M4, E4M3 and E5M2. Units and sources of every row are in `ratios.csv`.

{markdown_table(_TITLES, _lines(rows))}

## Where it does not land

{chr(10).join(why)}
"""
