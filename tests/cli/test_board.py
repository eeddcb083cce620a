"""`bitstream` and `board`: what they print, write and refuse."""

import json

import cli_stubs
import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.gen.boards import bitstream, checks, demo
from fp8mac.gen.boards.checks import BoardCheck
from fp8mac.gen.boards.demo import Picture

UNIT = ("e4m3", "--acc", "kulisch:3")


@pytest.fixture(autouse=True)
def ready(monkeypatch, tmp_path):
    cli_stubs.install_boards(monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words, code=0):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output
    return result


def test_bitstream_is_written_with_its_report(ready):
    result = run("bitstream", *UNIT, "--board", "ice40-hx8k", "--output-dir", "out")
    stem = "out/mac_e4m3_e4m3_kulisch3_fpga_ice40-hx8k"
    assert result.stderr == f"Wrote {stem}.bin and {stem}.json.\n"
    assert (ready / f"{stem}.bin").read_bytes() == b"bits"
    report = json.loads((ready / f"{stem}.json").read_text())
    assert report["bitstream"] == f"{stem}.bin"
    assert report["program"] == f"iceprog -S {stem}.bin"
    assert report["command"] == "fp8mac bitstream e4m3 --acc kulisch:3 --board ice40-hx8k"
    for word in ("ice40-hx8k, iCE40 HX8K", "99 MHz; the clock has 12 MHz", f"{stem}.bin"):
        assert word in result.stdout


def test_bitstream_as_json(ready):
    result = run("bitstream", *UNIT, "--board", "tang-nano-9k", "--goal", "area", "--json")
    report = json.loads(result.stdout)
    assert report["bitstream"] == "mac_e4m3_e4m3_kulisch3_tang-nano-9k.fs"
    assert report["metrics"]["fmax_mhz"] == 99.0


def test_table_says_what_is_to_be_known_of_a_clock(ready, monkeypatch):
    real = bitstream.make_bitstream

    def estimated(build, *more, **options):
        made = real(build, *more, **options)
        made.report["timing"] = build.board.timing
        return made

    monkeypatch.setattr(bitstream, "make_bitstream", estimated)
    lines = run("bitstream", *UNIT, "--board", "tang-nano-9k").stdout.splitlines()
    (line,) = (each for each in lines if "timing" in each)
    assert " ".join(line.replace("│", "").split()) == (
        "timing nextpnr knows the delays of some cells of a Gowin FPGA only, so its clock is an "
        "estimate that is too high, and is not comparable with those of other boards."
    )


def test_unit_that_is_too_slow_is_not_written(ready, monkeypatch):
    real = bitstream.make_bitstream

    def slow(build, *more, **options):
        made = real(build, *more, **options)
        made.report["metrics"]["fmax_mhz"] = 2.5
        return made

    monkeypatch.setattr(bitstream, "make_bitstream", slow)
    for divide, remedy in ((1, "--divide 2"), (2, "--divide 4")):
        result = run("bitstream", *UNIT, "--divide", str(divide), code=1)
        clock = f"{12 / divide:g}"
        assert result.stderr == (
            f"It would run at 2.5 MHz, and its clock has {clock} MHz; try {remedy}.\n"
        )
    assert list(ready.iterdir()) == []


def test_bad_input():
    result = run("bitstream", *UNIT, "--divide", "3", code=2)
    assert result.stderr == "--divide takes 1, 2, 4, 8 or 16, not 3.\n"
    result = run("bitstream", *UNIT, "--board", "arty", code=2)
    assert result.stderr.startswith("Unknown board 'arty'; there are icebreaker, ")
    result = run("board", *UNIT, code=2)
    assert result.stderr == "Name the board's serial port with --port, or take --simulate.\n"
    result = run("board", "e4m3", "--acc", "fp16:sr", "--port", "x", code=2)
    assert result.stderr == (
        "In a board's bitstream nothing draws the random numbers of fp16:sr; choose another "
        "rounding than :sr.\n"
    )


def test_board_says_what_it_found():
    result = run("board", *UNIT, "--port", "/dev/ttyUSB1", "--vectors", "7")
    assert result.stdout == (
        "e4m3 -> kulisch:3: 7 sums of 7 products, 0 wrong; 14 products a second\n"
    )
    facts = json.loads(run("board", *UNIT, "--simulate", "--json").stdout)
    assert (facts["port"], facts["sums"], facts["wrong"]) == ("simulated", 20, 0)
    assert facts["command"] == "fp8mac board e4m3 --acc kulisch:3 --simulate"


def test_wrong_sums_end_with_1(monkeypatch):
    found = BoardCheck(9, 1234, 2, "sum 3, 4 steps: acc is 0x1 and should be 0x2", 1, 2.0)
    monkeypatch.setattr(checks, "check_board", lambda *_, **__: found)
    result = run("board", *UNIT, "--port", "x", code=1)
    assert result.stdout == (
        "e4m3 -> kulisch:3: 9 sums of 1,234 products, 2 wrong, 1 asked for again; "
        "617 products a second\n  sum 3, 4 steps: acc is 0x1 and should be 0x2\n"
    )


def test_pictures_are_said():
    result = run("board", *UNIT, "--port", "x", "--digits", "2")
    assert (result.stdout, result.stderr) == (
        (
            "e4m3 -> kulisch:3: 2 digits, 2 as gemm makes them bit for bit, 2 right; 84 sums on "
            "the board, 0 wrong\n  7 7\n"
        ),
        "",
    )
    result = run("board", *UNIT, "--simulate", "--fashion", "1")
    assert result.stdout == (
        "e4m3 -> kulisch:3: 1 picture of clothes, 1 as gemm makes them bit for bit, 1 right; 42 "
        "sums on the board, 0 wrong\n  sneaker\n"
    )
    assert result.stderr == (
        "A picture has 9 products, which are hours where the board is simulated; --sums 5 takes "
        "five sums of each layer.\n"
    )
    result = run("board", *UNIT, "--simulate", "--fashion", "1", "--sums", "5", "--json")
    facts = json.loads(result.stdout)
    assert result.stderr == ""
    assert facts["pictures"] == [
        {"number": 0, "truth": 7, "answer": 7, "same": True, "sums": 42, "wrong": 0}
    ]


@pytest.mark.parametrize(
    "picture", [Picture(0, 7, -1, False, 42, 0), Picture(0, 7, 7, True, 42, 1)]
)
def test_wrong_pictures_end_with_1(monkeypatch, picture):
    monkeypatch.setattr(demo.Demo, "classify", lambda *_, **__: [picture])
    result = run("board", *UNIT, "--port", "x", "--fashion", "1", code=1)
    assert result.stdout.endswith(
        f"{picture.wrong} wrong\n  {'sneaker' if picture.same else 'nothing'}\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--sums", "3"], "--sums has no effect without --digits or --fashion."),
        (["--fashion", "1", "--digits", "1"], "--digits has no effect with --fashion."),
        (["--fashion", "1", "--vectors", "9"], "--vectors has no effect with --fashion."),
        (["--fashion", "1", "--seed", "9"], "--seed has no effect with --fashion."),
        (
            ["--fashion", "2001"],
            ("Invalid value for '--fashion': a whole number from 1 to 2,000 is wanted, not '2001'"),
        ),
    ],
)
def test_what_pictures_do_not_take(words, sentence):
    result = run("board", *UNIT, "--port", "x", *words, code=2)
    assert result.stderr.strip().splitlines()[-1].rstrip(".") == sentence.rstrip(".")
