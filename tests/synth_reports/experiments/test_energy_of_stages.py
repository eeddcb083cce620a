"""Energy against delay and area: what is planned, and that the committed page is of these units."""

import csv
from pathlib import Path

from fp8mac.synth_reports.experiments import energy
from fp8mac.synth_reports.experiments.experiment import NoOptions

RESULTS = Path(__file__).parents[3] / "synth_reports" / "results"


def test_every_sum_is_planned_in_both_stages():
    jobs = energy.Energy().plan(NoOptions())
    assert len(jobs) == len(set(jobs)) == 2 * len(energy.units()) == 16
    assert all(job.stimuli is not None for job in jobs)
    for first, second in zip(energy.units()[::2], energy.units()[1::2], strict=True):
        assert (first.stages, second.stages) == (1, 2)
        assert second.slug == f"{first.slug}_stages2"


def test_register_of_the_product_saves_energy_and_that_of_operands_does_not():
    """What docs/cost.md says, in the committed table."""
    with (RESULTS / "energy.csv").open(encoding="utf-8") as file:
        table = {(row["sum"], row["goal"], row["stages"]): row for row in csv.DictReader(file)}
    assert {row["unit"] for row in table.values()} == {unit.slug for unit in energy.units()}
    ratios = {
        (name, goal): float(table[name, goal, "2"]["energy_unit_delay_cinv_v2"])
        / float(table[name, goal, "1"]["energy_unit_delay_cinv_v2"])
        for name, goal, _ in table
    }
    operands = {("int8 -> int32", "area"), ("int8 -> int32", "speed"), ("e4m3 -> fp16", "speed")}
    assert all(0.95 < ratios[each] < 1.10 for each in operands)
    assert all(ratio < 0.94 for each, ratio in ratios.items() if each not in operands)
