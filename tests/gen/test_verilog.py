"""The emitted Verilog: read back, it is the circuit that was counted; its text is plain."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from circuits import counted_core, mapped_rtlil
from samples import grid_units, one_in

from fp8mac.gen.describe import describe, module_name
from fp8mac.gen.verilog import module_sha256, rtlil_text, verilog_text, write_verilog
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.proofs.netlists import structural_verilog
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize

READ_BACK = "read_verilog design.v\nhierarchy -check -top {top}\nproc\nwrite_rtlil back.il"
UNITS = [("e4m3", "e4m3", "fp16"), ("e5m2", "e4m3", "kulisch"), ("int8", "int8", "int32")]
UNITS += [("e5m2", "e5m2", "fp32"), ("int4", "e4m3", "bf16")]


def read_back(text: str, top: str) -> str:
    """RTLIL of Verilog text."""
    files = find_yosys().run(READ_BACK.format(top=top), {"design.v": text}, outputs=("back.il",))
    return files["back.il"]


@pytest.mark.parametrize("config", grid_units(lambda config: type(config.accumulator)))
def test_core_read_back_is_counted_netlist(config):
    top = module_name(config, Shape.CORE)
    emitted = mapped_rtlil(read_back(verilog_text(config, Shape.CORE), top), top)
    a, b, c = biased_triples(config, 20_000, seed=5)
    stimuli = {"a": a, "b": b, "c": c}
    got, want = emitted.evaluate(stimuli), counted_core(config).evaluate(stimuli)
    assert got.keys() == want.keys() == {"y", *config.flags}
    for port, words in want.items():
        assert np.array_equal(got[port], words), port


@pytest.mark.parametrize(("a", "b", "acc"), one_in(2, UNITS), ids=lambda part: part)
def test_unit_read_back_is_rtl(a, b, acc):
    config = parse_unit(a, b, acc=acc)
    top = module_name(config, Shape.UNIT)
    emitted = mapped_rtlil(read_back(verilog_text(config, Shape.UNIT), top), top)
    written = mapped_rtlil(rtlil_text(config, Shape.UNIT), top)
    assert emitted.ports == written.ports
    assert emitted.ports["ff_q"] == config.acc_bits + len(config.flags)
    rng = np.random.default_rng(6)
    operands_a, operands_b, c = biased_triples(config, 20_000, seed=6)
    flags = rng.integers(0, 1 << len(config.flags), len(c), dtype=np.uint64)
    state = join(c, flags, config)
    controls = {
        port: rng.integers(0, 2, len(c), dtype=np.uint64) for port in ("clk", "en", "clear", "rst")
    }
    stimuli = {"a": operands_a, "b": operands_b, "ff_q": state, **controls}
    got, want = emitted.evaluate(stimuli), written.evaluate(stimuli)
    assert got.keys() == want.keys()
    for port, words in want.items():
        assert np.array_equal(got[port], words), port


def join(c, flags, config: MacConfig):
    """Words of the register: accumulator, flags above it."""
    words = np.zeros((len(c), -(-(config.acc_bits + len(config.flags)) // 64)), np.uint64)
    words[:, : c.shape[1]] = c
    for index in range(len(config.flags)):
        place = config.acc_bits + index
        bit = flags >> np.uint64(index) & np.uint64(1)
        words[:, place // 64] |= bit << np.uint64(place % 64)
    return words


@pytest.mark.parametrize("shape", Shape)
def test_text_is_plain_and_in_order(shape):
    config = parse_unit("e4m3", "e5m2", acc="kulisch")
    text = verilog_text(config, shape, command="fp8mac verilog e4m3 e5m2 --acc kulisch")
    top = module_name(config, shape)
    ports = "a, b, c, y" if shape is Shape.CORE else "clk, rst, a, b, en, clear, acc"
    assert f"module {top}({ports}, pos_inf, neg_inf);" in text
    assert text.isascii()
    assert "\\" not in text
    assert "$" not in text.replace("$signed", "").replace("$unsigned", "")
    assert len(re.findall(r"^module ", text, re.M)) == 1
    assert "Made by: fp8mac verilog e4m3 e5m2 --acc kulisch" in text
    assert all(len(line) <= 100 for line in text.splitlines() if line.startswith("//"))


def test_text_is_deterministic():
    program = (
        "from fp8mac.gen.verilog import verilog_text\n"
        "from fp8mac.hw.config.ports import Shape\n"
        "from fp8mac.hw.config.unit import parse_unit\n"
        "print(verilog_text(parse_unit('e5m2', acc='fp16'), Shape.UNIT))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(texts) == 1
    assert verilog_text(parse_unit("e5m2", acc="fp16"), Shape.UNIT) + "\n" in texts


def test_excluded_codes_come_in_the_order_of_the_operands():
    config = parse_unit("int8s", "int4s", acc="int32")
    assert describe(config, Shape.CORE)["special_cases"] == [
        "A sum outside the range wraps.",
        "The int8s code 0x80 must not occur.",
        "The int4s code 0x8 must not occur.",
    ]


def test_sidecar(tmp_path):
    config = parse_unit("e4m3", acc="fp16")
    verilog, sidecar = write_verilog(config, Shape.UNIT, tmp_path / "unit.v", command="make it")
    facts = json.loads(sidecar.read_text())
    assert sidecar == tmp_path / "unit.json"
    assert verilog.read_text().startswith("// mac_e4m3_e4m3_fp16: multiply-accumulate")
    assert facts["module"] == "mac_e4m3_e4m3_fp16"
    assert facts["command"] == "make it"
    assert facts["latency_cycles"] == 1
    assert [port["name"] for port in facts["ports"]] == "clk rst a b en clear acc".split()
    assert facts["ports"][-1] == {
        "name": "acc",
        "direction": "output",
        "bits": 16,
        "meaning": "sum, fp16",
    }
    assert facts.items() >= describe(config, Shape.UNIT).items()


def test_nothing_is_half_written(tmp_path):
    (tmp_path / "unit.json").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        write_verilog(parse_unit("int8", acc="int32"), Shape.UNIT, tmp_path / "unit.v")
    assert [path.name for path in tmp_path.iterdir()] == ["unit.json"]


needs_verilator = pytest.mark.skipif(
    shutil.which("verilator") is None, reason="Verilator is not installed"
)

LINTED = [
    parse_unit(a, b, acc=acc)
    for a, b, acc in (
        *UNITS,
        ("e4m3", "e4m3", "fp32:rtz:ftz"),
        ("e2m1", "e2m1", "e4m3:saturate"),
        ("e4m3fnuz", "e4m3fnuz", "e4m3fnuz"),
        ("e2m3", "e3m2", "e3m2"),
        ("e4m3", "e4m3", "kulisch:3"),
        ("int8s", "int8s", "int32:saturate"),
    )
]


def lint(folder: Path, *names: str) -> str:
    """What Verilator has to say of files, the last one on top."""
    top = ["--top-module", Path(names[-1]).stem] if len(names) > 1 else []
    command = ["verilator", "--lint-only", "-Wall", *top, *names]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stderr


@needs_verilator
@pytest.mark.slow
@pytest.mark.parametrize("goal", Goal)
@pytest.mark.parametrize("shape", Shape, ids=lambda shape: shape.value)
@pytest.mark.parametrize("config", LINTED, ids=lambda config: config.slug)
def test_verilator_has_nothing_to_say(config, shape, goal, tmp_path):
    (tmp_path / "mac.v").write_text(verilog_text(config, shape, goal=goal))
    assert lint(tmp_path, "mac.v") == ""


@needs_verilator
@pytest.mark.slow
@pytest.mark.parametrize("shape", Shape, ids=lambda shape: shape.value)
@pytest.mark.parametrize("acc", ["kulisch:2", "e3m2"])
def test_verilator_has_nothing_to_say_of_netlists(acc, shape, tmp_path):
    config = parse_unit("e2m1", acc=acc)
    top = module_name(config, shape)
    found = synthesize(rtlil_text(config, shape), top, Flow.load(), find_yosys())
    netlist = structural_verilog(found, config, shape, goal=Goal.AREA)
    (tmp_path / "mac.v").write_text(verilog_text(config, shape, netlist=netlist))
    assert lint(tmp_path, "mac.v") == ""


@needs_verilator
def test_verilator_is_silenced_for_this_module_alone(tmp_path):
    config = parse_unit("e4m3", acc="fp16")
    text = verilog_text(config, Shape.CORE)
    wrapper = """\
module top(input wire [7:0] a, input wire [15:0] c, output wire [15:0] y);
  wire [3:0] dead;
  assign dead = {4{a[0]}};
  mac_e4m3_e4m3_fp16_core mac(.a(a), .b(a), .c(c), .y(y));
endmodule
"""
    (tmp_path / "mac.v").write_text(text)
    (tmp_path / "top.v").write_text('`include "mac.v"\n' + wrapper)
    said = lint(tmp_path, "top.v")
    assert re.findall(r"%Warning-(\w+): (top.v|mac.v):\d+:\d+: (.*)", said) == [
        ("UNUSEDSIGNAL", "top.v", "Signal is not used: 'dead'")
    ]
    quiet = re.sub(r"// verilator lint_off .*\n", "", text)
    (tmp_path / "mac.v").write_text(quiet)
    assert "Bits of signal are not used" in lint(tmp_path, "mac.v")
    assert module_sha256(quiet) == module_sha256(text)


def test_hash_is_of_the_module_alone():
    text = verilog_text(parse_unit("e2m1", acc="kulisch:2"), Shape.CORE)
    module = text[text.index("/* verilator") : text.rindex("// verilator lint_on UNUSED")]
    assert module_sha256(text) == module_sha256(module) == module_sha256(f"// more\n\n{module}")
    assert f"// Module SHA-256 {module_sha256(module)}\n" in text
    assert module_sha256(module.replace("endmodule", "// inside\nendmodule")) != module_sha256(text)
