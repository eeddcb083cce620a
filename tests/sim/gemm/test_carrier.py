"""In which numbers float accumulators are computed."""

from dataclasses import replace

import pytest

from fp8mac.hw.config.summation import Summation
from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.gemm.carrier import Carrier, choose

FLOAT32, FLOAT64, ODD, PAIR, _, INTEGERS = Carrier


@pytest.mark.parametrize(
    ("operand", "acc", "how", "carrier", "reason"),
    [
        ("e4m3", "fp16", {"lanes": 16}, FLOAT64, "exact"),
        ("e5m2", "fp16", {"lanes": 16}, PAIR, "pairs"),
        ("fp16", "fp32", {"lanes": 64}, PAIR, "pairs"),
        ("bf16", "fp32", {"lanes": 2}, INTEGERS, "one step's products exceed 53 bits"),
        ("e5m2", "fp16", {"lanes": 16, "window_bits": 14}, FLOAT64, "window"),
        ("e4m3", "fp16", {"lanes": 16, "tree": True}, FLOAT32, "adders"),
        ("e4m3", "bf16", {"lanes": 16, "tree": True}, FLOAT32, "adders"),
        # Products wider than the accumulator may be ties that a second product breaks.
        ("e3m4", "bf16", {"lanes": 16, "tree": True}, FLOAT64, "exact"),
        ("e5m2", "fp16", {"lanes": 16, "tree": True}, FLOAT32, "adders"),
        ("e5m2", "fp16:rtz", {"lanes": 16, "tree": True}, ODD, "odd"),
        # Sums of subnormal numbers may be inexact, and so small that fewer bits are kept.
        ("e5m2b40", "fp16", {"lanes": 16, "tree": True}, ODD, "odd"),
        ("e4m3", "e5m10", {"lanes": 16, "tree": True}, FLOAT32, "adders"),
        ("e4m3", "e5m11", {"lanes": 16, "tree": True}, FLOAT64, "exact"),
        ("e4m3", "fp32", {"lanes": 16, "tree": True}, FLOAT64, "exact"),
        ("e4m3", "fp16:rtz", {"lanes": 16, "tree": True}, FLOAT64, "exact"),
    ],
)
def test_choice(operand, acc, how, carrier, reason):
    config = replace(parse_unit(operand, acc=acc), summation=Summation(**how))
    choice = choose(config, 256, "numpy")
    assert (choice.carrier, choice.reason) == (carrier, reason)


@pytest.mark.parametrize(
    ("operand", "acc", "how", "on_grid"),
    [
        ("e4m3", "fp16", {}, True),
        ("e4m3", "fp16:ftz", {}, False),
        ("e5m2", "fp16", {}, False),  # products below the smallest number
        ("e4m3", "fp16", {"window_bits": 9}, False),  # truncated to -0
        ("e4m3", "fp16:rtz", {"lanes": 8}, True),
    ],
)
def test_sums_on_the_grid_of_the_accumulator(operand, acc, how, on_grid):
    config = replace(parse_unit(operand, acc=acc), summation=Summation(**how))
    assert choose(config, 256, "numpy").on_grid == on_grid
    assert not choose(config, 256, "numpy", started=True).on_grid  # any number, and -0
