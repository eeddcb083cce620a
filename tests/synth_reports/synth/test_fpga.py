"""Netlists of FPGAs' cells: what is counted on them, and that they are made."""

import json
import re
from dataclasses import replace

import pytest

from fp8mac.gen.describe import module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.synth.fpga import Fpga, FpgaFlow, FpgaMetrics
from fp8mac.synth_reports.synth.synthesis import FLOWS, SynthesisError

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


@pytest.mark.parametrize("target", Fpga)
@pytest.mark.parametrize("line", ["e2m1 -> kulisch:1", "e2m1 x 2 -> kulisch:1, stages 2"])
def test_flow_for_large_designs_makes_the_same_netlist(target, line):
    """And proves it, with what the cells do: of pipeline registers, the names of which are lost."""
    config, goal = parse_line(line), Goal.FPGA
    top, rtlil = (each(config, Shape.UNIT, goal=goal) for each in (module_name, rtlil_text))
    flows = [FpgaFlow.load(target, large=large) for large in (False, True)]
    found, proved = (flow.synthesize(rtlil, top, find_yosys()) for flow in flows)
    assert found == proved
    assert found.metrics.flip_flops >= config.acc_bits
    assert [flow.name for flow in flows] == [target.value, f"{target.value}-large"]
    assert flows[0].sha256 != flows[1].sha256


@pytest.mark.parametrize(
    ("target", "right", "wrong"),
    [
        ("ice40", "(I0 & I1) | ((I0 | I1) & CI)", "(I0 & I1) | (I0 & CI)"),
        ("ice40", "{I3, I2, I1, I0}", "{I3, I2, I0, I1}"),
        ("ice40", r"\$_SDFFCE_PP0P_", r"\$_SDFFCE_PP1P_"),
        ("ecp5", "assign COUT = whole1 ? carry", "assign COUT = whole1 ? CIN"),
        ("ecp5", r"\$_SDFFE_PP0P_", r"\$_SDFFCE_PP0P_"),
    ],
)
def test_netlist_that_is_not_the_design_is_refused(target, right, wrong):
    """Its cells do something else, so it is not."""
    config, goal = parse_line("e2m1 x 2 -> kulisch:1"), Goal.FPGA
    top, rtlil = (each(config, Shape.UNIT, goal=goal) for each in (module_name, rtlil_text))
    flow = FpgaFlow.load(Fpga(target), large=True)
    assert flow.cells.count(right) == 1
    changed = replace(flow, cells=flow.cells.replace(right, wrong))
    with pytest.raises(SynthesisError, match=r"not prove|other flip-flops"):
        changed.synthesize(rtlil, top, find_yosys())


PARAMETERS = {
    "SB_LUT4": [f".LUT_INIT(16'h{init})" for init in ("8a3c", "c9f1")],
    "LUT4": [f".INIT(16'h{init})" for init in ("8a3c", "c9f1")],
    "CCU2C": [
        f'.INIT0(16\'h96aa), .INIT1(16\'hc35a), .INJECT1_0("{low}"), .INJECT1_1("{high}")'
        for low in ("YES", "NO")
        for high in ("YES", "NO")
    ],
    "TRELLIS_FF": [
        f'.CEMUX("{enable}"), .REGSET("{value}"), .SRMODE("LSR_OVER_CE"), .GSR("DISABLED")'
        for enable in ("1", "CE", "INV")
        for value in ("SET", "RESET")
    ],
}


@pytest.mark.parametrize("target", Fpga)
def test_cells_are_those_of_yosys(target):
    """What a cell does here is what Yosys' model of it does, from any state."""
    ours = (FLOWS / f"{target.value}.v").read_text(encoding="utf-8")
    cells = re.findall(r"^module (\w+) \((.*)\);$", ours, re.MULTILINE)
    models = f"read_verilog -overwrite -defer +/{target.value}/cells_sim.v"
    script = [models, "design -save models"]
    for cell, ports in cells:
        names = [word for word in re.findall(r"\w+", ports) if word not in ("input", "output")]
        for parameters in PARAMETERS.get(cell, [""]):
            pins = ", ".join(f".{name}({name})" for name in names)
            text = f"module top ({ports}); {cell} #({parameters}) cell_ ({pins}); endmodule"
            given = f"read_verilog <<EOT\n{text}\nEOT"
            script += ["design -load models", given, "hierarchy -top top", "proc", "flatten"]
            script += ["rename top theirs", "design -stash theirs", "design -reset"]
            script += [given, "techmap -map cells.v", "rename top ours"]
            script += ["design -copy-from theirs theirs", "equiv_make theirs ours both", "cd both"]
            script += ["opt_clean", "dffunmap", "techmap", "opt_clean", "equiv_induct"]
            script += ["equiv_status -assert", "cd .."]
    find_yosys().run("\n".join(script), {"cells.v": ours}, [])
