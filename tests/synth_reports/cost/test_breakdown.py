"""Parts of real units: borders are kept, and the rows add up to the unit."""

import pytest

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.breakdown import breakdown_designs, breakdown_report
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.cost.physical import facts_of
from fp8mac.synth_reports.liberty.library import own_library

OWN = own_library()


@pytest.mark.slow
def test_parts_of_a_unit(tmp_path, monkeypatch):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path))
    bench, config = make_bench({OWN.name: OWN}), parse_unit("e2m1", acc="e3m2none")
    core = Design(config, Shape.CORE)
    modules = bench.measure([core])[core].modules
    assert "multiplier" in modules
    for library in (None, OWN.name):
        breakdown = breakdown_designs(config, Goal.AREA, library, modules)
        found = bench.measure(breakdown.designs)
        facts = facts_of(OWN, bench.store) if library else None
        rows = breakdown_report(breakdown, found, facts)
        parts = [rows[label] for label in [*breakdown.parts, "around them"]]
        assert all(part >= 0 for part in parts)
        assert sum(parts) + rows["saved across borders"] == pytest.approx(rows["core"], abs=0.05)
        assert rows["multiplier"] > 5
        assert rows["saved across borders"] < 0.2 * rows["core"]
        assert rows["unit"] > rows["core"]
    assert len(bench._rtlil) == 2  # core and unit, each elaborated once
