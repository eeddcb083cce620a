"""Every unit of the grid against the golden model, on the netlist that is counted."""

import pytest
from circuits import counted_core

from fp8mac.sim.cosim import check_core
from fp8mac.sim.vectors import biased_triples
from fp8mac.synth_reports.grid import GRID

COUNT = 100_000


@pytest.mark.parametrize("config", GRID, ids=lambda config: config.slug)
def test_core_biased_triples(config):
    triples = biased_triples(config, COUNT, seed=3)
    assert len(triples.integers()) == COUNT
    mismatches = check_core(config, counted_core(config), triples)
    assert not mismatches, f"{len(mismatches)} of {COUNT} wrong, first {mismatches[0]}"
