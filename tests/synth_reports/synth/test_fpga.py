"""Netlists of FPGAs' cells: what is counted on them, and that they are made."""

import json

import pytest

from fp8mac.gen.yosys import find_yosys
from fp8mac.synth_reports.synth.fpga import Fpga, FpgaFlow, FpgaMetrics

DESIGN = r"""
module \m
  wire width 16 input 1 \a
  wire width 16 input 2 \b
  wire width 16 output 3 \y
  cell $add \sum
    parameter \A_SIGNED 0
    parameter \A_WIDTH 16
    parameter \B_SIGNED 0
    parameter \B_WIDTH 16
    parameter \Y_WIDTH 16
    connect \A \a
    connect \B \b
    connect \Y \y
  end
end
"""


def cell(kind, outs, **pins):
    return {
        "type": kind,
        "connections": {pin: [bit] for pin, bit in pins.items()},
        "port_directions": {pin: "output" if pin in outs.split() else "input" for pin in pins},
    }


def test_counts_of_ice40():
    cells = {
        "lut": cell("SB_LUT4", "O", I0=1, I1=2, I2="0", I3="0", O=10),
        "carry0": cell("SB_CARRY", "CO", I0=10, I1=3, CI="0", CO=11),
        "carry1": cell("SB_CARRY", "CO", I0=4, I1=5, CI=11, CO=12),
        "sum": cell("SB_LUT4", "O", I0="0", I1=6, I2=7, I3=12, O=13),
        "ff": cell("SB_DFFESR", "Q", C=20, E=21, R=22, D=13, Q=1),
    }
    assert FpgaMetrics.from_cells(cells) == FpgaMetrics(
        luts=2,
        carries=2,
        flip_flops=1,
        dsps=0,
        levels=2,
        longest_carry=2,
        cells={"SB_CARRY": 2, "SB_DFFESR": 1, "SB_LUT4": 2},
    )


def test_counts_of_ecp5():
    cells = {
        "block": cell("MULT18X18D", "P0", A0=1, B0=2, P0=10),
        "low": cell("CCU2C", "S0 COUT", A0=10, CIN="0", S0=11, COUT=12),
        "high": cell("CCU2C", "S0 COUT", A0=3, CIN=12, S0=13, COUT=14),
        "wide": cell("PFUMX", "Z", ALUT=13, BLUT=4, C0=5, Z=15),
        "lut": cell("LUT4", "Z", A=15, Z=16),
    }
    found = FpgaMetrics.from_cells(cells)
    assert (found.luts, found.carries, found.dsps, found.flip_flops) == (5, 4, 1, 0)
    assert (found.levels, found.longest_carry) == (3, 4)


def test_cell_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="not known") as error:
        FpgaMetrics.from_cells({"x": cell("SB_RAM40_4K", "", A=1)})
    assert str(error.value) == "The netlist has cells that are not known: SB_RAM40_4K."


@pytest.mark.parametrize("target", Fpga)
def test_sum_is_a_carry_chain(target):
    found = FpgaFlow.load(target).synthesize(DESIGN, "m", find_yosys())
    (module,) = json.loads(found.netlist)["modules"]
    assert module == "m"
    assert found.metrics.luts >= 16
    assert found.metrics.carries >= 15
    assert (found.metrics.dsps, found.metrics.flip_flops, found.metrics.levels) == (0, 0, 1)
    assert len(found.sha256) == 64


def test_flows_differ():
    flows = [FpgaFlow.load(target, dsp=dsp) for target in Fpga for dsp in (False, True)]
    assert [flow.name for flow in flows] == ["ice40", "ice40-dsp", "ecp5", "ecp5-dsp"]
    assert len({flow.sha256 for flow in flows}) == 4
