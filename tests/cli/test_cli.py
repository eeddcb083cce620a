"""The command line: what goes where, exit codes, sentences."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from children import INTERRUPTIBLE, PATIENCE, wait_until
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.cli.options import progress_bar
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost import report
from fp8mac.synth_reports.cost.measure import Bench
from fp8mac.synth_reports.liberty import find
from fp8mac.synth_reports.liberty.library import own_library

START = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
START += "from fp8mac.cli.start import main; main()"
RUN = [sys.executable, "-c", START]  # Ctrl-C is heard, whoever ignores it around us


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FP8MAC_YOSYS", raising=False)
    return tmp_path


def invoke(*words: str):
    return CliRunner().invoke(app, [str(word) for word in words])


def fails(*words: str) -> str:
    """The sentence that a command ends with."""
    result = invoke(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.endswith(".\n")
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()


def fake_yosys(folder: Path, run: str, version: str = "0.50") -> str:
    path = folder / "yosys"
    path.write_text(f"#!/bin/sh\nif [ \"$1\" = -V ]; then echo 'Yosys {version}'; else {run}; fi\n")
    path.chmod(0o755)
    return str(path)


def test_formats():
    result = invoke("formats")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.search(r"^  e4m3 +8 +4/3 +7 +448 .* 49 *$", result.stdout, re.MULTILINE)


def test_formats_by_name_as_json():
    result = invoke("formats", "e3m2", "e5m3b20", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    e3m2, wide = json.loads(result.stdout)
    assert (e3m2["name"], e3m2["max"], e3m2["specials"]) == ("e3m2", 28.0, "none")
    assert (wide["name"], wide["bias"], wide["bits"]) == ("e5m3b20", 20, 9)


def test_unknown_format():
    sentence = (
        "Unknown format 'e9'; a format is e<E>m<M>[b<bias>][ieee|fn|fnuz|none], int<N>[s], or one "
        "of fp16, bf16, fp32, tf32."
    )
    assert fails("formats", "e4m3", "e9") == sentence
    assert fails("synth", "e9", "--acc", "fp16") == sentence
    assert fails("verilog", "e4m3", "e9", "--acc", "fp16") == sentence
    assert fails("grid", "--formats", "e4m3,e9") == sentence


def test_impossible_unit():
    assert fails("synth", "e4m3", "--acc", "int32") == (
        "The integer accumulator int32 cannot add e4m3 products; use kulisch or a float "
        "accumulator."
    )
    assert fails("verilog", "int8", "--acc", "int12") == (
        "The accumulator int12 is too narrow: one exact int8 x int8 product takes 16 bits."
    )
    assert fails("grid", "--accs", "fp16:wrap").startswith("'fp16:wrap' is not an accumulator;")


@pytest.mark.parametrize("command", ["synth", "verilog"])
def test_no_circuit_to_odd(command):
    words = [*RUN, command, "e4m3", "--acc", "fp16:odd"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "No circuit rounds as fp16:odd does; circuits round to nearest even, toward zero (:rtz) or "
        "stochastically (:sr), with :ftz and :saturate.\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["synth", "e4m3"],
            (
                "'e4m3' has no accumulator; name it with --acc, or write a unit in one line, such "
                "as 'e4m3 x 16 -> kulisch'; 'fp8mac units' lists names."
            ),
        ),
        (
            ["verilog", "e4m3 -> kulisch:segmented=5", "--resolve", "idle"],
            (
                "How the sum of e4m3 -> kulisch:segmented=5 is read is a part of it; leave "
                "--resolve out."
            ),
        ),
        (
            ["verilog", "e4m3 x 2 -> kulisch", "--lanes", "4"],
            "How e4m3 x 2 -> kulisch adds is a part of it; 'x 4' is one too many.",
        ),
        (["synth", "--acc", "fp16"], "Missing argument 'A'."),
        (["frobnicate"], "No such command 'frobnicate'."),
        (["grid", "--bogus"], "No such option: --bogus."),
        (["grid", "e4m3"], "Got unexpected extra argument(s) (e4m3)."),
        (["grid", "--formats"], "Option '--formats' requires an argument."),
        (["verilog", "e4m3", "--acc", "fp16", "-o", ""], "There is an empty value after '-o'."),
        (["formats", ""], "There is an empty value after 'formats'."),
        (["grid", "--formats", ""], "There is an empty value after '--formats'."),
        (["grid", "--formats="], "There is an empty value in '--formats='."),
        (["formats", "--json=yes"], "Option '--json' does not take a value."),
        (["formats", "e4\nm3"], "Unknown format 'e4\\nm3'; a format is e<E>m<M>[b<bias>]"),
        (["formats", "\udcff"], "'\\udcff' is not text in UTF-8."),
        (
            ["verilog", "e4m3", "--acc", "fp16", "--goal", "cheap"],
            (
                "Invalid value for '--goal': 'cheap' is not one of 'area', 'speed', 'fpga', "
                "'fpga-dsp'."
            ),
        ),
        (
            ["vectors", "e4m3", "--acc", "fp16", "--count", "999999999999999"],
            "Invalid value for '--count': a whole number from 1 to 10,000,000 is wanted, not '9999",
        ),
        (
            ["vectors", "e4m3", "--acc", "fp16", "--count", "0"],
            "Invalid value for '--count': a whole number from 1 to 10,000,000 is wanted, not '0'.",
        ),
        (
            ["vectors", "e4m3", "--acc", "fp16", "--seed", "1.0"],
            "Invalid value for '--seed': a whole number from 0 to 4,294,967,295 is wanted, not '1.",
        ),
        (
            ["synth", "e4m3", "--acc", "fp16", "--cycles", "99999999999999999999"],
            "Invalid value for '--cycles': a whole number from 1 to 1,000,000 is wanted, not '9999",
        ),
        (
            ["synth", "e4m3", "--acc", "fp16", "--effort", "best", "--limit", "inf"],
            "Invalid value for '--limit': a number from 1 to 86,400 is wanted, not 'inf'.",
        ),
        (
            ["sum-error", "--lengths", "99999999999"],
            "--lengths takes whole numbers from 1 to 100,000, not '99999999999'.",
        ),
        (
            ["synth", "e4m3", "--acc", "kulisch:99999999"],
            "A Kulisch accumulator has 0 to 64 guard bits, not 99999999.",
        ),
        (
            ["synth", "int8", "--acc", "int99999999"],
            "An integer accumulator has 2 to 64 bits, not 99999999.",
        ),
        (["formats", "e4m99999999"], "A float format has 1 to 23 mantissa bits, not 99999999."),
        (["formats", "int99999999"], "An integer format has 2 to 32 bits, not 99999999."),
    ],
)
def test_usage_errors_are_one_sentence(words, sentence):
    assert fails(*words).startswith(sentence)


NETWORK = ["accuracy", "--network", "fmnist"]
ON_A_UNIT = [*NETWORK, "--format", "e4m3", "--acc", "fp16"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([*NETWORK, "--inputs", "x.npz"], "--inputs has no effect without --network *.onnx."),
        (["accuracy", "--weights", "e4m3"], "--weights has no effect without --format."),
        (
            [*ON_A_UNIT, "--experiments", "qat"],
            "--experiments has no effect with --format or --unit.",
        ),
        ([*ON_A_UNIT, "--output-dir", "x"], "--output-dir has no effect with --format or --unit."),
        ([*NETWORK, "--json"], "--json has no effect without --format or --unit."),
        (["liberty", "-o", "x.lib"], "--output has no effect without --generate."),
        (["liberty", "--generate", "--json"], "--json has no effect with --generate."),
        (["synth", "e4m3", "--acc", "fp16", "--limit", "9"], "--limit has no effect without "),
        (["synth", "e4m3", "--acc", "fp16", "--core", "--cycles", "9"], "--cycles has no effect "),
        (["vectors", "e4m3", "--acc", "fp16", "--goal", "speed"], "--goal has no effect without "),
        (["vectors", "e4m3", "--acc", "fp16", "--exhaustive", "--seed", "2"], "--seed has no "),
        (["prove", "--top", "x"], "--top has no effect without --verilog."),
        (["prove", "e4m3", "--acc", "fp16", "--unit"], "--unit has no effect without --verilog."),
        (["prove", "--fast", "--output-dir", "x"], "--output-dir has no effect with --fast."),
    ],
)
def test_options_without_effect_are_refused(folder, monkeypatch, words, sentence):
    for work in ("cli.accuracy.conduct", "cli.accuracy._run_unit", "cli.synth.unit_report"):
        monkeypatch.setattr(f"fp8mac.{work}", lambda *_, **__: pytest.fail("computed"))
    assert fails(*words).startswith(sentence)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("watched", [False, True])
def test_progress_is_drawn_where_somebody_looks_and_wants_it(monkeypatch, watched, plain):
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: watched)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    if plain:
        monkeypatch.setenv("NO_COLOR", "1")
    with progress_bar() as bar:
        bar.add_task("Measuring", total=2)
    drawn = watched and not plain
    assert ("Measuring" in stream.getvalue(), "\x1b" in stream.getvalue()) == (drawn, drawn)


@pytest.mark.parametrize("words", [["-h"], ["--help"], []])
def test_help(words):
    result = invoke(*words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: fp8mac [OPTIONS] COMMAND [ARGS]...\n")
    assert "  formats " in result.stdout


def test_help_of_a_command():
    result = invoke("synth", "-h")
    assert (result.exit_code, result.stderr) == (0, "")
    text = " ".join(result.stdout.split())
    assert "Seconds to look for a better one; 1 to 86,400. Only with --effort best." in text
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_version():
    result = invoke("--version")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"fp8mac {version('fp8mac')}\n"


def test_verilog_on_stdout():
    result = invoke("verilog", "e2m1", "--acc", "kulisch", "--core")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "module mac_e2m1_e2m1_kulisch12_core(" in result.stdout
    assert "Made by: fp8mac verilog e2m1 --acc kulisch --core" in result.stdout
    assert not list(Path().iterdir())


def test_verilog_between_streams():
    words = ("verilog", "int8", "--acc", "int32", "--stages", "2", "--stream")
    result = invoke(*words, "-o", "mac.v")
    assert (result.exit_code, result.stdout) == (0, "")
    text = Path("mac.v").read_text(encoding="utf-8")
    assert text.startswith(
        "// mac_int8_int8_int32_stages2_stream: multiply-accumulate, registered unit between "
        "streams.\n"
    )
    assert "module mac_int8_int8_int32_stages2_stream(clk, rst, i__payload, i__valid, " in text
    facts = json.loads(Path("mac.json").read_text(encoding="utf-8"))
    assert (facts["kind"], facts["latency_cycles"]) == ("stream", 2)
    assert [port["name"] for port in facts["ports"]][2:5] == ["i__payload", "i__valid", "i__ready"]
    assert facts["ports"][2]["meaning"] == "from the lowest bit up: a (8), b (8), last (1)"


def test_stream_that_cannot_be():
    assert fails("verilog", "e4m3", "--acc", "kulisch:segmented=5:resolve=idle", "--stream") == (
        "A stream has no idle cycles to resolve a register in segments; choose "
        ":resolve=combinational."
    )
    assert "--core" in fails("verilog", "int8", "--acc", "int32", "--core", "--stream")


def test_verilog_into_a_file():
    result = invoke("verilog", "e2m1", "int4", "--acc", "kulisch", "-o", "out/unit.v")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Wrote out/unit.v and out/unit.json.\n"
    assert "module mac_e2m1_int4_kulisch12(" in Path("out/unit.v").read_text()
    described = json.loads(Path("out/unit.json").read_text())
    assert described["command"] == "fp8mac verilog e2m1 int4 --acc kulisch"


def test_verilog_that_resolves_its_segments():
    result = invoke("verilog", "int4", "--acc", "int12:segmented=4", "--resolve", "idle")
    assert (result.exit_code, result.stderr) == (0, "")
    ports = "clk, rst, a, b, en, clear, acc, carry, ready"
    assert f"module mac_int4_int4_int12_segmented4_resolve_idle({ports});" in result.stdout


@pytest.mark.parametrize("command", ["verilog", "synth", "prove"])
def test_only_segments_are_resolved(command):
    sentence = "Only a register in segments has carries to resolve; add segmented=<bits>."
    assert fails(command, "e4m3", "--acc", "kulisch", "--resolve", "idle") == sentence


def test_resolve_belongs_to_a_unit():
    sentence = "--resolve has no effect without the argument A."
    assert fails("prove", "--fast", "--resolve", "idle") == sentence


@pytest.mark.parametrize("place", ["-", "/dev/null"])
def test_verilog_without_a_place_for_a_description(folder, place):
    result = invoke("verilog", "e2m1", "--acc", "kulisch", "--core", "-o", place)
    assert result.exit_code == 0
    assert result.stderr == ("" if place == "-" else "Wrote /dev/null.\n")
    assert ("module mac_e2m1_e2m1_kulisch12_core(" in result.stdout) == (place == "-")
    assert not list(folder.iterdir())
    assert not Path("/dev/null.json").exists()


def test_verilog_is_not_its_own_description(folder):
    assert fails("verilog", "e2m1", "--acc", "kulisch", "-o", "x.json") == (
        "'x.json' would be the module and its description; name it otherwise."
    )
    (folder / "x.json").symlink_to("x.v")
    assert fails("verilog", "e2m1", "--acc", "kulisch", "-o", "x.v") == (
        "Cannot write 'x.json': 'x.v' is the same file."
    )
    assert [path.name for path in folder.iterdir()] == ["x.json"]


def test_vectors_and_testbench_are_two_files(folder):
    words = ["vectors", "e4m3", "--acc", "fp16", "--count", "5"]
    assert fails(*words, "-o", "v.txt", "--testbench", "./v.txt") == (
        "Cannot write 'v.txt': two outputs would be this file."
    )
    assert fails(*words, "--testbench", "v.v") == "--testbench has no effect without --output."
    assert fails(*words, "-o", "-", "--testbench", "v.v") == (
        "A testbench reads the vectors from a file; name it with -o."
    )
    assert not list(folder.iterdir())


def test_full_device(folder):
    words = ["vectors", "e4m3", "--acc", "fp16", "--count", "5000"]
    assert fails(*words, "-o", "/dev/full") == "Cannot write '/dev/full': No space left on device."
    for command in (["formats"], words, ["-h"], ["--version"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [*RUN, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert (done.returncode, done.stderr) == (
            2,
            "Cannot write to standard output: No space left on device.\n",
        )


def test_places_are_checked_before_anything_is_computed(folder, monkeypatch):
    monkeypatch.setattr(Bench, "measure", lambda *_, **__: pytest.fail("computed"))
    (folder / "file").write_text("")
    (folder / "box" / "grid.md").mkdir(parents=True)
    for command in ("grid", "features", "figure3", "figure5", "sum-error", "accuracy", "prove"):
        assert fails(command, "--output-dir", "file") == "Cannot write 'file': Not a directory."
    assert fails("grid", "--output-dir", "box") == "Cannot write 'box/grid.md': Is a directory."
    assert fails("synth-check", "--accept", "--folder", "file") == (
        "Cannot write 'file': Not a directory."
    )
    mapped = ["verilog", "e2m1", "--acc", "kulisch", "--mapped", "-o"]
    assert fails(*mapped, "box") == "Cannot write 'box': Is a directory."
    (folder / "unit.json").mkdir()
    assert fails(*mapped, "unit.v") == "Cannot write 'unit.json': Is a directory."


def test_verilog_into_a_file_that_cannot_be(folder):
    (folder / "file").write_text("")
    sentence = fails("verilog", "e2m1", "--acc", "kulisch", "-o", "file/unit.v")
    assert sentence == "Cannot write 'file/unit.v': Not a directory."


@pytest.mark.slow
def test_synth():
    result = invoke("synth", "e2m1", "--acc", "kulisch")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[0] == "mac_e2m1_e2m1_kulisch12"
    assert re.search(
        r"^flows area [0-9a-f]{8}, speed .*; Yosys .* \(pyosys\), ABC ", result.stdout, re.M
    )
    assert lines[-1].startswith("energy: of a cycle, ")
    again = invoke("synth", "e2m1", "--acc", "kulisch", "--json")
    assert (again.exit_code, again.stderr) == (0, "")
    report = json.loads(again.stdout)
    assert not list(Path().iterdir())
    assert report["command"] == "fp8mac synth e2m1 --acc kulisch"
    core, unit = report["goals"]["area"]["core"], report["goals"]["area"]["unit"]
    assert core["metrics"]["flip_flops"] == 0
    assert unit["metrics"]["flip_flops"] == report["design"]["acc_bits"] == 21
    assert 0 < core["ratio_to_baseline"]["two_input_gates"] < 1
    assert core["metrics"]["two_input_gates"] < unit["metrics"]["two_input_gates"]
    assert core["libraries"]["fp8mac"]["area_ge"] < unit["libraries"]["fp8mac"]["area_ge"]
    fast = report["goals"]["speed"]["core"]
    assert fast["metrics"]["levels"] <= core["metrics"]["levels"]
    energy = unit["libraries"]["fp8mac"]["energy_per_mac"]
    assert energy["functional"]["dynamic_cinv_v2"] < energy["unit_delay"]["dynamic_cinv_v2"]
    assert report["breakdown"]["two_input_gates"]["unit"] == unit["metrics"]["two_input_gates"]


def test_synth_of_the_core_only():
    result = invoke("synth", "int8", "--acc", "int32", "--core", "--goal", "speed", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["command"] == "fp8mac synth int8 --acc int32 --goal speed --core"
    assert report["breakdown"] is None
    for goal in ("area", "speed"):
        assert list(report["goals"][goal]) == ["core"]
        ratios = report["goals"][goal]["core"]["ratio_to_baseline"]
        assert ratios == {**dict.fromkeys(ratios, 1.0), "flip_flops": None}


@pytest.mark.slow
def test_synth_with_a_library(monkeypatch):
    """Our own library under another name, in files that are found by path and by name."""
    monkeypatch.setattr(report, "BASELINE", parse_unit("e2m1", acc="kulisch"))
    text = own_library().text.replace("library (fp8mac)", "library (other)")
    Path("mine.lib").write_text(text.replace("nom_voltage : 1", "nom_voltage : 2"))
    monkeypatch.setenv("FP8MAC_LIBERTY_PATH", "mine.lib")
    words = ["synth", "e2m1", "--acc", "kulisch", "--core"]
    result = invoke(*words, "--liberty", "MINE", "--effort", "best", "--limit", "1")
    assert result.exit_code == 0
    assert "  area, um2 " in result.stdout
    assert "the best netlists that were found in 1 s" in result.stdout
    assert re.search(r"^other [0-9a-f]{8}, 2 V: GE = NAND2_X1, FO4 = 5 ps", result.stdout, re.M)
    words += ["--liberty", "MINE", "--effort", "best", "--limit", "1"]
    found = json.loads(invoke(*words, "--json").stdout)
    assert found["command"].endswith("--liberty MINE --core --effort best --limit 1")
    assert found["effort"] == {"name": "best", "seconds": 1.0}
    own, other = (found["goals"]["area"]["core"]["libraries"][name] for name in ("fp8mac", "other"))
    assert other["area_um2"] == pytest.approx(other["area_ge"], abs=0.01)
    assert (own["area_um2"], own["delay_ns"]) == (None, None)
    assert other["delay_fo4"] == pytest.approx(200 * other["delay_ns"], rel=0.01)


def test_synth_that_is_asked_too_much():
    words = ["synth", "e2m1", "--acc", "kulisch"]
    assert fails(*words, "--operands", "gauss") == (
        "Unknown operands 'gauss': normal, uniform, student-t, or FILE.npz."
    )
    assert fails(*words, "--liberty", "nonsense") == (
        "There is no library 'nonsense': it is no file, and no name that `fp8mac liberty` lists."
    )
    Path("broken.lib").write_text("library (x) {\n cell (y) {\n")
    assert fails(*words, "--liberty", "broken.lib") == (
        "'broken.lib', line 2: cell (y) does not end."
    )
    assert not Path("synth_reports").exists()


def test_liberty(monkeypatch):
    monkeypatch.setattr(find, "_folders", list)
    Path("good.lib").write_text(own_library().text.replace("library (fp8mac)", "library (other)"))
    Path("bad.lib").write_text("library (x) {\n cell (y) {\n")
    monkeypatch.setenv("FP8MAC_LIBERTY_PATH", os.pathsep.join(["good.lib", "bad.lib"]))
    result = invoke("liberty")
    assert (result.exit_code, result.stderr) == (0, "")
    assert re.search(r"^  fp8mac +\d+ .*fp8mac\.lib *$", result.stdout, re.M)
    assert re.search(r"^  good +\d+ +1 +1 +5 +good\.lib *$", result.stdout, re.M)
    assert re.search(r"^  bad .* 'bad.lib', line 2: cell", result.stdout, re.M)
    assert "apt install qflow-tech-osu018" in result.stdout
    rows = json.loads(invoke("liberty", "--json").stdout)
    assert [row["name"] for row in rows] == ["fp8mac", "good", "bad"]
    assert (rows[0]["fo4_ps"], rows[1]["fo4_ps"]) == (None, 5.0)


def test_liberty_is_generated():
    result = invoke("liberty", "--generate")
    assert result.stdout == own_library().text
    assert invoke("liberty", "--generate", "-o", "out/x.lib").stderr == "Wrote out/x.lib.\n"
    assert Path("out/x.lib").read_text() == own_library().text


def test_grid():
    words = ["grid", "--formats", "e2m1", "--accs", "kulisch", "--output-dir", "out"]
    result = invoke(*words)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.endswith("Wrote out/grid.md and out/grid.csv.\n")
    with open("out/grid.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["shape"] for row in rows] == ["core", "core", "unit", "unit"]
    for row in rows:
        assert float(row["area_ge"]) > float(row["delay_fo4"]) > 1
        assert (row["energy_unit_delay_cinv_v2"] != "") == (row["shape"] == "unit")
        assert row["library"] == "fp8mac"
    text = Path("out/grid.md").read_text()
    assert "Made by `fp8mac grid --formats e2m1 --accs kulisch`" in text
    invoke(*words)
    assert Path("out/grid.md").read_text() == text
    assert sorted(path.name for path in Path("out").iterdir()) == ["grid.csv", "grid.md"]


@pytest.mark.slow
def test_cache_that_cannot_be_written(folder, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv("FP8MAC_CACHE", "file/cache")
    code = (
        "from fp8mac.cli.app import app\n"
        "from fp8mac.hw.config.unit import parse_unit\n"
        "from fp8mac.synth_reports.cost import report\n"
        "report.BASELINE = parse_unit('e2m1', acc='kulisch')\n"
        "app(['synth', 'e2m1', '--acc', 'kulisch', '--core', '--json'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    place = folder / "file" / "cache"
    assert done.stderr == (
        f"The cache '{place}' cannot be written: Not a directory. Nothing is kept.\n"
    )
    assert json.loads(done.stdout)["design"]["acc_bits"] == 21
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_old_yosys(tmp_path, monkeypatch):
    monkeypatch.setenv("FP8MAC_YOSYS", fake_yosys(tmp_path, "exit 1", "0.23"))
    sentence = "Yosys 0.23 is too old; fp8mac needs 0.40 or newer (pip install pyosys)."
    assert fails("synth", "e2m1", "--acc", "kulisch") == sentence
    assert fails("grid") == sentence
    assert fails("verilog", "e2m1", "--acc", "kulisch") == sentence


def test_yosys_that_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("FP8MAC_YOSYS", fake_yosys(tmp_path, "echo 'ERROR: No luck!'; exit 1"))
    assert fails("synth", "e2m1", "--acc", "kulisch") == "Yosys stopped: No luck."
    assert not Path("synth_reports").exists()


@pytest.mark.parametrize("request_to_end", [signal.SIGINT, signal.SIGTERM])
def test_request_to_end(tmp_path, monkeypatch, request_to_end):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    started = tmp_path / "started"
    tool = fake_yosys(tmp_path, f"touch {started}; exec sleep 6000")
    child = subprocess.Popen(
        [*INTERRUPTIBLE, *RUN, "grid"],
        env={**os.environ, "FP8MAC_YOSYS": tool},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(started.exists, child)
        child.send_signal(request_to_end)
        out, err = child.communicate(timeout=PATIENCE)
    finally:
        child.kill()
        child.communicate()
    assert (child.returncode, out) == (2, "")
    assert err.splitlines()[-1] == "Interrupted; what was finished is kept."
    assert "Traceback" not in err
    assert not Path("synth_reports").exists()
    assert all(path.suffix == ".json" for path in Path("cache").rglob("*") if path.is_file())


@pytest.mark.parametrize("delay", [0.15, 0.3, 0.5, 0.8])
def test_request_to_end_while_starting(delay):
    """However far the start has come: our sentence, or the whole answer."""
    code = f"import signal, os, threading; threading.Timer({delay}, os.kill, "
    code += f"(os.getpid(), signal.SIGINT)).start()\n{START}"
    child = subprocess.run(
        [sys.executable, "-c", code, "verilog", "e4m3", "--acc", "fp32"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode in (0, 2)
    if child.returncode:
        assert (child.stdout, child.stderr) == ("", "Interrupted; what was finished is kept.\n")


@pytest.mark.parametrize("words", [["--help"], ["formats", "--json"], ["grid", "--formats", "e9"]])
def test_short_answers_do_not_import_amaranth(words):
    code = (
        "import sys; from fp8mac.cli.app import app; app({!r}, standalone_mode=False)\n"
        "print(*({{'amaranth', 'numpy', 'pyosys'}} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code.format(words)], capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1:] in ([""], [])


@pytest.mark.slow
def test_known_answers_do_not_import_amaranth():
    code = (
        "import sys; from fp8mac.cli.app import app\n"
        "from fp8mac.hw.config.unit import parse_unit\n"
        "from fp8mac.synth_reports.cost import report\n"
        "report.BASELINE = parse_unit('e2m1', acc='kulisch')\n"
        "app(['synth', 'e2m1', '--acc', 'kulisch', '--unit'], standalone_mode=False)\n"
        "print('amaranth' in sys.modules, 'numpy' in sys.modules)"
    )
    for want in ([], ["False False"]):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        assert done.stdout.splitlines()[-1:] == want or not want


def test_pipe_that_closes():
    command = " ".join(f"'{word}'" for word in [*RUN, "formats"]) + " | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
