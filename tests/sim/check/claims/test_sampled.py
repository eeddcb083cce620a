"""Many steps of a core, or all of a small one: right cores pass, and a changed gate is found."""

import dataclasses

import pytest
from circuits import mapped_rtlil

from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import rtlil_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.check.claims.sampled import check_every, check_sampled
from fp8mac.sim.check.exhaustive import SelfTestError
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.exact import golden

SMALL = parse_line("e2m1 x 2 -> e3m2ieee, window 4")


def core(config) -> Netlist:
    text = rtlil_text(config, Shape.CORE)
    return mapped_rtlil(text, module_name(config, Shape.CORE))


def changed(netlist: Netlist) -> Netlist:
    """With the gate of its lowest result inverted."""
    gates = list(netlist.gates)
    at = next(at for at, gate in enumerate(gates) if gate[1] == "y[0]")
    cell, output, inputs = gates[at]
    other = {"XOR2": "XNOR2", "XNOR2": "XOR2", "AND2": "NAND2", "NAND2": "AND2", "BUF": "INV"}
    other |= {"OR2": "NOR2", "NOR2": "OR2", "INV": "BUF"}
    gates[at] = (other[cell], output, inputs)
    return dataclasses.replace(netlist, gates=tuple(gates))


@pytest.mark.parametrize(
    "line",
    [
        "fp16 x 2 -> e5m4, window 8",
        pytest.param("e3m2 x 2 -> fp16:daz, tree, products rounded", marks=pytest.mark.slow),
        pytest.param("mxfp4 x 4 -> fp16, window 12", marks=pytest.mark.slow),
        pytest.param(
            "e4m3fnuz x 4 -> fp32:sum0, window 25, groups 2, join 25:floor, late 32 25:floor",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_right_core_passes_and_a_changed_one_does_not(line):
    config = parse_line(line)
    netlist = core(config)
    found = check_sampled(config, netlist, 10_000)
    assert (found.steps, found.by_golden, found.wrong, found.mismatches) == (12_288, 300, 0, ())
    wrong = check_sampled(config, changed(netlist), 4096)
    assert wrong.steps == wrong.wrong == 4096
    assert len(wrong.mismatches) == 10
    assert all(each.got == each.want ^ 1 for each in wrong.mismatches)


@pytest.mark.slow
def test_every_step_of_a_small_core():
    """Two lanes of four bits each, and six bits: as many states as a loop over all has."""
    netlist = core(SMALL)
    found = check_every(SMALL, netlist)
    assert (found.steps, found.wrong) == (1 << 8 + 8 + 6, 0)
    wrong = check_every(SMALL, changed(netlist))
    assert wrong.wrong == wrong.steps


def test_models_that_differ_say_so(monkeypatch):
    right = golden.mac
    monkeypatch.setattr(
        golden, "mac", lambda *step: right(*step)._replace(acc=right(*step).acc ^ 1)
    )
    with pytest.raises(SelfTestError) as error:
        check_sampled(SMALL, core(SMALL), 1)
    assert str(error.value).startswith("Nothing was checked: for a=0x")
    assert str(error.value).endswith(" as a matrix product.")
