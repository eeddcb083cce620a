"""Every unit of the grid against the golden model, on the netlist that is counted."""

import numpy as np
import pytest
from circuits import counted_core
from matrices import KINDS, matrices
from samples import grid_units

from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.cosim import check_core
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.sim.gemm.gemm import gemm

COUNT = 100_000

#: Rows, products and columns: 2,500 sums of each kind, 10,000 in all.
SHAPE = 50, 12, 50


@pytest.mark.parametrize("config", grid_units(lambda config: None))
def test_core(config):
    netlist = counted_core(config)
    triples = biased_triples(config, COUNT, seed=3)
    assert len(triples.integers()) == COUNT
    mismatches = check_core(config, netlist, triples)
    assert not mismatches, f"{len(mismatches)} of {COUNT} wrong, first {mismatches[0]}"
    compared = 0
    for kind in KINDS:
        a, b = matrices(config, SHAPE, kind, seed=4)
        result = gemm(a, b, config)
        acc, flags = sums(config, netlist, a, b)
        assert np.array_equal(result.flags.reshape(flags.shape), flags), kind
        codes = result.acc.reshape(len(flags), -1)
        specified = ~flags.any(axis=1)
        assert np.array_equal(codes[specified], acc[specified]), kind
        compared += len(codes)
    assert compared == 10_000


def sums(
    config: MacConfig, netlist: Netlist, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Registers and flags behind a netlist, driven product by product for all elements at once."""
    count = a.shape[0] * b.shape[1]
    acc = np.zeros((count, -(-config.acc_bits // 64)), np.uint64)
    flags = np.zeros((count, len(config.flags)), bool)
    for left, right in zip(a.T.astype(np.uint64), b.astype(np.uint64), strict=True):
        pairs = {"a": np.repeat(left, b.shape[1]), "b": np.tile(right, a.shape[0])}
        outputs = netlist.evaluate({**pairs, "c": acc})
        acc = outputs["y"]
        for place, flag in enumerate(config.flags):
            flags[:, place] |= outputs[flag][:, 0].astype(bool)
    return acc, flags
