"""OpenSTA beside ABC: what it reads, what it says, and what is said where it is not."""

import shutil
import stat

import pytest

from fp8mac.synth_reports.experiments.sta import Sta, StaOptions
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.synth import opensta
from fp8mac.synth_reports.synth.opensta import StaError, StaFigures, netlist_verilog, run_sta

BLIF = """\
.model m
.inputs a[0] \\
 b
.outputs y
.gate NAND2_X1 A=a[0] B=b Y=n1
.gate INV_X1 A=n1 Y=y
.end
"""


def test_netlist_as_verilog():
    assert netlist_verilog(BLIF) == (
        "module top(\\a[0] , \\b , \\y );\n"
        "input \\a[0] ;\ninput \\b ;\noutput \\y ;\n"
        "NAND2_X1 g0 (.A(\\a[0] ), .B(\\b ), .Y(\\n1 ));\n"
        "INV_X1 g1 (.A(\\n1 ), .Y(\\y ));\n"
        "endmodule\n"
    )


def test_without_opensta(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(StaError) as caught:
        Sta().plan(StaOptions())
    assert str(caught.value) == (
        "OpenSTA is not on this machine: Debian and Ubuntu: apt install opensta."
    )


def program(folder, monkeypatch, text):
    fake = folder / "sta"
    fake.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(opensta.shutil, "which", lambda name: str(fake))


def test_what_opensta_says(monkeypatch, tmp_path):
    said = "   2.5   data arrival time\nCombinational  1e-4 2e-4 3e-5 3.3e-4 100.0%"
    program(tmp_path, monkeypatch, said)
    assert run_sta(BLIF, own_library(), 0.5) == StaFigures(2.5, pytest.approx(2), pytest.approx(1))
    program(tmp_path, monkeypatch, "Error: no clock")
    with pytest.raises(StaError) as caught:
        run_sta(BLIF, own_library(), 0.5)
    assert str(caught.value) == "OpenSTA found no delay and power: Error: no clock"
