"""Ratios of the literature beside ours: every step divides what it names."""

import csv
from pathlib import Path

from fp8mac.hw.config.unit import parse_line
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.synth_reports.experiments.experiment import Made, NoOptions
from fp8mac.synth_reports.experiments.published import published
from fp8mac.synth_reports.experiments.ratios.experiment import (
    RatioJob,
    RatioRecord,
    Ratios,
    lands,
    ratio_rows,
)
from fp8mac.synth_reports.experiments.ratios.knobs import LITERATURE, MEASURES
from fp8mac.synth_reports.experiments.ratios.measured import measured
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.store.store import Store

RESULTS = Path(__file__).parents[3] / "synth_reports" / "results"


def planted(job: RatioJob) -> RatioRecord:
    """Numbers by which one can tell what was divided."""
    size = len(job.unit) + 10 * ("->" in job.unit)
    if job.fpga:
        return RatioRecord(job.unit, True, luts=7 * size)
    return RatioRecord(job.unit, False, 10 * size, 12 * size, 8, 20.0 * size, size**2, size**3)


def test_a_row_for_each_step():
    records = [planted(job) for job in Ratios().plan(NoOptions())]
    rows = ratio_rows(records)
    assert list(dict.fromkeys(row["key"] for row in rows)) == [
        row["key"] for row in published("ratios")
    ]
    assert len(rows) == sum(max(1, len(paper.steps)) for paper in LITERATURE)
    known = {(each.unit, each.fpga): each for each in records}
    for row in rows:
        if not row["knob"]:
            assert row["lands"] == 0
            continue
        assert row["measure"] in MEASURES
        fields = {"gates": "gates", "area": "area_ge", "energy": "energy_cinv_v2", "tables": "luts"}
        fields["no glitch"] = "energy_no_glitch_cinv_v2"
        tables = row["measure"] == "tables"
        below = known[row["integers"], tables]
        above = [known[unit, tables] for unit in row["floats"].split("; ")]
        if row["measure"] == "weighted":
            found = [(each.weighted_gates + 48) / (below.weighted_gates + 48) for each in above]
        else:
            name = fields[row["measure"]]
            found = [getattr(each, name) / getattr(below, name) for each in above]
        assert (row["ratio_low"], row["ratio_high"]) == (
            round(min(found), 3),
            round(max(found), 3),
        )
    ends = [row for row in rows if row["lands"] is not None]
    assert len(ends) == len(LITERATURE)
    assert all(bool(row["lands"]) != bool(row["why_not"]) for row in ends)


def test_every_ratio_that_may_not_land_has_a_reason():
    assert [paper.key for paper in LITERATURE if not paper.why_not] == []
    records = [
        RatioRecord(*(j.unit, j.fpga, 1, 1, 0, 1, 1, 1, 1)) for j in Ratios().plan(NoOptions())
    ]
    ends = [row for row in ratio_rows(records) if row["lands"] is not None]
    assert [row["key"] for row in ends if row["lands"]] == ["elmapower"]  # 1 is near 0.96


def test_units_are_built():
    jobs = Ratios().plan(NoOptions())
    assert len(jobs) == len(set(jobs)) > 20
    for job in jobs:
        check_buildable(parse_line(job.unit))


def test_lands():
    assert lands((1.33, 1.33), (1.48, 1.48)) is False
    assert lands((1.34, 1.62), (1.48, 1.48)) is True
    assert lands((1.34, 1.64), (1.48, 1.48)) is False
    assert lands((1.3, 2.0), ("1.2", "2.8")) is True


def test_a_unit_is_measured():
    found = measured("e2m1 -> kulisch:0", False, Worker(Store()))
    assert found["flip_flops"] == parse_line("e2m1 -> kulisch:0").acc_bits
    assert 0 < found["gates"] < found["area_ge"] < found["energy_cinv_v2"]


def test_the_committed_table_is_of_the_committed_page():
    with (RESULTS / "ratios.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    page = (RESULTS / "ratios.md").read_text(encoding="utf-8")
    ends = [row for row in rows if row["lands"]]
    yes = sum(row["lands"] == "1" for row in ends)
    assert f"{len(ends)} published ratios; the last step lands on {yes} of them" in page
    assert page.count("| yes ") == yes
    for row in ends:
        assert row["why_not"] in page
        assert bool(row["why_not"]) == (row["lands"] == "0")
    facts = {row["key"]: (float(row["low"]), float(row["high"])) for row in published("ratios")}
    for row in rows:
        found = (float(row["published_low"]), float(row["published_high"]))
        assert found == facts[row["key"]]
    files = Ratios().render([planted(job) for job in Ratios().plan(NoOptions())], Made("x"))
    assert list(files) == ["ratios.md", "ratios.csv"]
