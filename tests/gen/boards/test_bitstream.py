"""Bitstreams: with the tools that are there, and with stand-ins for those that fail."""

import json
import shutil
import stat
import sys

import pytest

pytest.importorskip("amaranth_boards", reason="amaranth-boards is not installed")

from fp8mac.gen import fpga_tools
from fp8mac.gen.boards import bitstream, boards
from fp8mac.gen.boards.bitstream import BoardBuild, make_bitstream
from fp8mac.gen.boards.boards import BOARDS, BoardError, board_named
from fp8mac.gen.boards.design import BoardDesign, line_divisor
from fp8mac.gen.fpga_tools import ToolError
from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line

TINY = parse_line("e2m1 -> kulisch:0")
needs_icestorm = pytest.mark.skipif(
    shutil.which("nextpnr-ice40") is None or shutil.which("icepack") is None,
    reason="nextpnr-ice40 or icepack is not installed (Debian: nextpnr-ice40, fpga-icestorm)",
)


def tool(folder, name, body):
    """An executable of Python lines on the PATH."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys, time\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Folder that is all of the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(fpga_tools.sysconfig, "get_path", lambda name: str(tmp_path))
    return tmp_path


def build(name, line="e2m1 -> kulisch:0", **more):
    return BoardBuild(parse_line(line), Goal.FPGA, board_named(name), **more)


@needs_icestorm
@pytest.mark.slow
def test_bitstream_of_an_icebreaker():
    stages = []
    made = make_bitstream(
        build("icebreaker", "e4m3 -> kulisch:3"), "fp8mac bitstream", progress=stages.append
    )
    assert stages == [
        "Yosys maps it to cells",
        "nextpnr places and routes",
        "icepack writes the bitstream",
    ]
    assert made.data[:2] == b"\xff\x00"  # the comment that an iCE40 skips
    assert b"\x7e\xaa\x99\x7e" in made.data  # the word that begins the configuration
    report = made.report
    assert (report["board"], report["device"], report["clock_mhz"]) == (
        "icebreaker",
        "iCE40 UP5K",
        12.0,
    )
    metrics = report["metrics"]
    assert 350 < metrics["luts"] < 700
    assert 50 < metrics["carries"] < 150
    assert 150 < metrics["flip_flops"] < 250
    assert metrics["dsps"] == 0
    assert 12 < metrics["fmax_mhz"] < 40
    assert report["utilization"]["ICESTORM_LC"]["used"] >= metrics["luts"]
    json.dumps(report, allow_nan=False)


@needs_icestorm
@pytest.mark.slow
def test_clock_that_is_divided():
    report = make_bitstream(build("ice40-hx8k", divide=4)).report
    assert report["clock_mhz"] == 3.0
    assert report["metrics"]["fmax_mhz"] > 30


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_makes_the_files_of_its_build(name):
    platform = BOARDS[name].load()
    design = BoardDesign(TINY, Goal.FPGA, baud=115_200, divide=1)
    plan = platform.prepare(design, "top", nextpnr_opts="--seed 1")
    script = plan.files["build_top.sh"]
    commands = [line.split('"')[1] for line in script.splitlines() if line.startswith('"$')]
    named = ["yosys", *BOARDS[name].tools]
    assert commands == [f"${each.upper().replace('-', '_')}" for each in named]
    assert f"top.{BOARDS[name].bitstream}" in script


PLACED = """
words = sys.argv
if "--version" in words:
    print('"nextpnr-ice40" -- Next Generation Place and Route (Version 0.9)', file=sys.stderr)
    sys.exit()
seed = words[words.index("--seed") + 1]
{before}
open("report.json", "w").write('{{"fmax": {{"c": {{"achieved": 20.555}}, '
    '"d": {{"achieved": 90}}}}, '
    '"utilization": {{"LC": {{"used": 9, "available": 10}}, '
    '"IO": {{"used": 0, "available": 1}}}}}}')
open("top.asc", "w").write(seed)
"""


@pytest.fixture
def placed(path, monkeypatch):
    """Stand-ins for nextpnr and icepack, and a Yosys that maps nothing."""

    def make(before=""):
        tool(path, "nextpnr-ice40", PLACED.format(before=before))
        tool(path, "icepack", "open('top.bin', 'w').write('seed ' + open('top.asc').read())")
        cell = '{"type": "SB_LUT4"}, "y": {"type": "SB_DFFE"}, "z": {"type": "SB_CARRY"}'
        netlist = '{"modules": {"top": {"cells": {"x": ' + cell + "}}}}"
        monkeypatch.setattr(
            bitstream,
            "_map",
            lambda yosys, place, script: (place / "top.json").write_text(netlist),
        )

    return make


def test_report_has_cells_and_the_slowest_clock(placed):
    placed()
    made = make_bitstream(build("icebreaker"))
    assert made.data == b"seed 1"
    assert made.report["metrics"] == {
        "luts": 1,
        "carries": 1,
        "flip_flops": 1,
        "dsps": 0,
        "fmax_mhz": 20.55,
    }
    assert made.report["utilization"] == {"LC": {"used": 9, "available": 10}}
    assert made.report["tools"]["nextpnr-ice40"] == "0.9"


def test_report_says_that_a_clock_of_gowin_is_an_estimate(placed, path):
    placed()
    assert "timing" not in make_bitstream(build("icebreaker")).report
    tool(path, "nextpnr-himbaechel", PLACED.format(before=""))
    tool(path, "gowin_pack", "open('top.fs', 'w').write('bits')")
    report = make_bitstream(build("tang-nano-9k")).report
    assert report["metrics"]["fmax_mhz"] == 20.55
    assert report["timing"] == (
        "nextpnr knows the delays of some cells of a Gowin FPGA only, so its clock is an estimate "
        "that is too high, and is not comparable with those of other boards."
    )


def test_placement_that_does_not_end_gets_another_seed(placed, monkeypatch):
    placed("time.sleep(600 if seed == '1' else 0)")
    monkeypatch.setattr(bitstream, "_LIMIT_SECONDS", 3)
    made = make_bitstream(build("icebreaker"))
    assert (made.data, made.report["seed"]) == (b"seed 2", 2)


def test_tool_that_stops_says_why(placed):
    placed("print('Info: fine'); print('ERROR: Unable to place cell, no BELs left.'); sys.exit(1)")
    with pytest.raises(ToolError) as caught:
        make_bitstream(build("icebreaker"))
    assert str(caught.value) == "nextpnr-ice40 stopped: Unable to place cell, no BELs left."


def test_board_that_is_not_known():
    with pytest.raises(ConfigError) as caught:
        board_named("arty")
    assert str(caught.value) == (
        "Unknown board 'arty'; there are icebreaker, ice40-hx8k, ulx3s-12f, ulx3s-25f, ulx3s-45f, "
        "ulx3s-85f and tang-nano-9k."
    )


def test_boards_without_their_package(monkeypatch):
    def none(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(boards.importlib, "import_module", none)
    with pytest.raises(BoardError) as caught:
        board_named("icebreaker").load()
    assert str(caught.value) == (
        "Boards are described in amaranth-boards (pip install 'fp8mac[boards]')."
    )


def test_divisors_of_the_line():
    assert line_divisor(12e6, 115_200) == 104
    assert line_divisor(27e6, 1_000_000) == 27
    with pytest.raises(ConfigError) as caught:
        line_divisor(12e6, 2_500_000)
    assert str(caught.value) == (
        "A clock of 12 MHz makes no 2500000 baud; it is 4.80 cycles a bit, and a whole number "
        "from 4 is needed, within 2 %."
    )
    with pytest.raises(ConfigError):
        line_divisor(6e6, 3_000_000)
