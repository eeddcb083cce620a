# amaranth: UnusedElaboratable=no
"""Units between two streams: the rules of valid and ready, for all states; planted bugs."""

import inspect
import sys
from types import ModuleType

import pytest

from fp8mac.gen import rtlil
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.hw.units import stream
from fp8mac.proofs.check.solve import Solver
from fp8mac.proofs.handshake import prove_handshake

PATIENCE = 600
CLAIMS = ["reset", "waits", "frozen", "counts", "travels", "adds"]
SMALL = "e2m1 -> kulisch:0, stages 2"


@pytest.mark.parametrize(
    ("line", "goal", "claims"),
    [
        ("e2m1 -> kulisch:0", Goal.AREA, CLAIMS),
        ("e2m1 -> kulisch:0, stages 3", Goal.FPGA, CLAIMS),
        ("e3m2 -> kulisch:2:segmented=3:resolve=combinational, stages 3", Goal.SPEED, CLAIMS),
        ("e2m1 -> kulisch:0, stages 2, output e3m2", Goal.AREA, CLAIMS),
        ("int8 -> int32, stages 2", Goal.AREA, CLAIMS[:-1]),
        ("e2m1 x 2 -> kulisch:0", Goal.AREA, CLAIMS[:-1]),
    ],
)
def test_streams_are_proved(line, goal, claims):
    found = prove_handshake(parse_line(line), goal=goal, solver=Solver(PATIENCE))
    assert found == dict.fromkeys(claims, "proved")


@pytest.mark.parametrize(
    ("right", "wrong", "refuted"),
    [
        ("moves.eq(~self.o.valid | self.o.ready)", "moves.eq(1)", "waits"),
        ("EnableInserter(moves)(unit)", "unit", "frozen"),
        ("self.i.ready.eq(moves)", "self.i.ready.eq(1)", "waits"),
        ("self.i.valid & element.last", "element.last", "counts"),
        ("lasts.eq(Cat(", "lasts.eq(lasts | Cat(", "counts"),
        ("begins.eq(element.last)", "begins.eq(1)", "travels"),
        ("with m.If(self.i.valid):", "with m.If(1):", "travels"),
        ("Signal(init=1)", "Signal()", "reset"),
        ("unit.en.eq(self.i.valid)", "unit.en.eq(1)", "adds"),
        ("unit.clear.eq(begins)", "unit.clear.eq(0)", "adds"),
    ],
)
def test_planted_bug_is_refuted(monkeypatch, right, wrong, refuted):
    source = inspect.getsource(stream)
    assert source.count(right) == 1
    planted = ModuleType("planted")
    monkeypatch.setitem(sys.modules, "planted", planted)
    exec(compile(source.replace(right, wrong), "planted", "exec"), vars(planted))
    monkeypatch.setattr(rtlil, "StreamMac", planted.StreamMac)
    found = prove_handshake(parse_line(SMALL), solver=Solver(PATIENCE))
    assert found[refuted] == "refuted"
