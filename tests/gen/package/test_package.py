"""A module with all around it passes as it is written, and fails where the module is wrong."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest
from icarus import needs_icarus

from fp8mac.gen.describe import module_name
from fp8mac.gen.package import package
from fp8mac.gen.package.package import package_contents, timing_diagram
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line

COST = {"two_input_gates": 11, "inverters": 22, "flip_flops": 33, "levels": 44}
TOP = "mac_e4m3_e4m3_kulisch3"
UNITS = [
    ("e4m3 -> kulisch:3", Shape.UNIT),
    ("int8 -> int32:segmented=8", Shape.UNIT),
    ("e5m2 -> kulisch:3, stages 2, output fp16", Shape.UNIT),
    ("e4m3 -> fp16", Shape.CORE),
    ("int4 -> int12, output int4:times=3", Shape.UNIT),
    ("int4 -> int12, output e4m3:shift=5", Shape.UNIT),
]


def write(folder, line="e4m3 -> kulisch:3", shape=Shape.UNIT, **more):
    contents = package_contents(parse_line(line), shape, count=200, **more)
    for name, text in contents.items():
        (folder / name).write_text(text)
    return contents


def run(folder, *words):
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@needs_icarus
@pytest.mark.parametrize(("line", "shape"), UNITS, ids=str)
def test_make_passes(line, shape, tmp_path):
    write(tmp_path, line, shape)
    code, said = run(tmp_path, "make", "-s")
    assert (code, said.splitlines()[-1]) == (0, "PASS 200")


@needs_icarus
def test_make_fails_with_a_wrong_module(tmp_path):
    contents = write(tmp_path)
    wrong = contents[f"{TOP}.v"].replace("posedge clk", "negedge clk")
    assert wrong != contents[f"{TOP}.v"]
    (tmp_path / f"{TOP}.v").write_text(wrong)
    code, said = run(tmp_path, "make", "-s")
    assert code != 0
    assert "FAIL" in said


@needs_icarus
@pytest.mark.slow
@pytest.mark.skipif(find_spec("cocotb") is None, reason="cocotb is not installed")
@pytest.mark.parametrize(("line", "shape"), UNITS, ids=str)
def test_cocotb_passes(line, shape, tmp_path):
    write(tmp_path, line, shape)
    top = module_name(parse_line(line), shape)
    _, said = run(tmp_path, sys.executable, f"test_{top}.py")
    assert "PASS=1 FAIL=0" in said, said


@needs_icarus
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("fusesoc") is None, reason="fusesoc is not on the PATH")
def test_fusesoc_passes(tmp_path):
    write(tmp_path)
    code, said = run(tmp_path, "fusesoc", "run", "--target=sim", f"fp8mac:mac:{TOP}")
    assert code == 0, said
    assert "PASS 200" in said


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("verilator") is None, reason="Verilator is not installed")
def test_verilator_passes(tmp_path):
    write(tmp_path)
    assert run(tmp_path, "make", "-s", "lint") == (0, "")
    code, said = run(tmp_path, "make", "-s", "verilator")
    assert code == 0, said
    assert "PASS 200" in said


def test_all_files_are_there(monkeypatch):
    monkeypatch.setattr(package, "find_spec", lambda name: None)
    contents = package_contents(parse_line("e4m3 -> kulisch:3"), Shape.UNIT, count=1, cost=COST)
    suffixes = ("v", "json", "core", "sdc", "xdc", "pcf", "lpf")
    names = {f"{TOP}.{suffix}" for suffix in suffixes} | {f"{TOP}_tb.v", f"test_{TOP}.py"}
    others = {"vectors.txt", "fusesoc.conf", "Makefile", "README.md", "timing.json"}
    assert set(contents) == names | others
    core = package_contents(parse_line("e4m3 -> fp16"), Shape.CORE, count=1)
    assert not [name for name in core if name.endswith((".sdc", ".pcf", "timing.json"))]


def test_datasheet_says_what_there_is():
    contents = package_contents(
        parse_line("e4m3 -> kulisch:3"), Shape.UNIT, count=3, cost=COST, command="fp8mac verilog x"
    )
    page, facts = contents["README.md"], json.loads(contents[f"{TOP}.json"])
    assert page.splitlines()[2] == (
        "e4m3 times e4m3, one product a step, added in kulisch:3; "
        "latency 1 cycle, one step a cycle."
    )
    for port in facts["ports"]:
        row = f"| `{port['name']}` | {port['direction']} | {port['bits']} | {port['meaning']} |"
        assert row in page
    for text in (*facts["special_cases"], facts["module_sha256"], "Made by: fp8mac verilog x"):
        assert text in page
    assert "| two-input gates | 11 |\n| inverters | 22 |\n| flip-flops | 33 |" in page
    assert "`make` runs 3 vectors" in page


def test_constraints_name_the_clock():
    contents = package_contents(
        parse_line("e4m3 -> kulisch:3"), Shape.UNIT, count=1, clock_mhz=12.5, goal=Goal.FPGA
    )
    top = f"{TOP}_fpga"
    for suffix in ("sdc", "xdc"):
        first = contents[f"{top}.{suffix}"].splitlines()[0]
        assert first == "create_clock -name clk -period 80.000 [get_ports clk]"
    assert contents[f"{top}.pcf"].startswith("set_frequency clk 12.5\n")
    assert contents[f"{top}.lpf"].startswith('FREQUENCY PORT "clk" 12.5 MHZ;\n')


@pytest.mark.parametrize("stages", [1, 2])
def test_diagram_shows_the_latency(stages):
    diagram = timing_diagram(parse_line(f"int8 -> int32, stages {stages}"))
    waves = {each["name"]: each["wave"] for each in diagram["signal"]}
    assert {len(wave) for wave in waves.values()} == {4 + stages}
    assert waves["acc"].index("3") - waves["a"].index("3") == stages
    assert diagram["head"]["text"].endswith(f"latency {stages}, one step a cycle")


@pytest.mark.skipif(find_spec("wavedrom") is None, reason="wavedrom is not installed")
def test_diagram_is_drawn():
    contents = package_contents(parse_line("int8 -> int32"), Shape.UNIT, count=1)
    assert contents["timing.svg"].startswith("<svg")
    assert "![timing diagram](timing.svg)" in contents["README.md"]
