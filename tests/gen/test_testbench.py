"""The self-checking testbench: right modules pass, wrong ones and missing vectors fail."""

import shutil
import subprocess
from pathlib import Path

import pytest
from icarus import needs_icarus, run_icarus

from fp8mac.gen import testbench
from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import verilog_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit
from fp8mac.proofs.bugs.mutations import MUTATIONS, mutated_rtlil
from fp8mac.sim.check.vectors import product_lines, sequence_lines, vector_lines

needs_verilator = pytest.mark.skipif(
    shutil.which("verilator") is None, reason="Verilator is not installed"
)

UNITS = [("e4m3", "e4m3", "fp16"), ("e5m2", "e4m3", "kulisch"), ("int8", "int8", "int32")]
UNITS += [("e5m2", "e5m2", "kulisch:7:segmented=6:resolve=combinational")]
UNITS += [("int4", "int8", "int20:segmented=16:resolve=idle")]
COUNT = 400
TO_VERILOG = "read_rtlil design.il\nproc\nflatten\nwrite_verilog -noattr design.v"


def write(folder: Path, config: MacConfig, shape: Shape, *, verilog: str | None = None) -> None:
    """Bench, vectors, and the module that is emitted, or another one."""
    lines = (vector_lines if shape is Shape.CORE else sequence_lines)(config, COUNT, seed=1)
    (folder / "vectors.txt").write_text("\n".join(lines) + "\n")
    bench = testbench.testbench_text(
        config, shape, goal=Goal.AREA, vectors_file="vectors.txt", count=COUNT
    )
    (folder / "bench.v").write_text(bench)
    (folder / "unit.v").write_text(verilog or verilog_text(config, shape))


@needs_icarus
@pytest.mark.parametrize("shape", Shape, ids=lambda shape: shape.value)
@pytest.mark.parametrize(("a", "b", "acc"), UNITS, ids=lambda part: part)
def test_right_module_passes(a, b, acc, shape, tmp_path):
    write(tmp_path, parse_unit(a, b, acc=acc), shape)
    assert run_icarus(tmp_path) == (0, [f"PASS {COUNT}"])


@needs_icarus
@pytest.mark.parametrize(
    "unit",
    [
        "e4m3 -> kulisch:3, stages 3",
        "int8 -> int32, stages 2",
        "e5m2 -> kulisch:3, stages 2, output fp16",
        "e4m3 -> kulisch:3, output e2m1",
        "int4 -> int12, stages 2, output int5s:times=4",
        "e5m2 x 2 -> kulisch:1, output int8:rtz",
        "mxfp4 x 2 -> e4m3, window 6",
        "e4m3 x 2 -> fp16:sr=6",
    ],
)
def test_stages_and_outputs_pass(unit, tmp_path):
    write(tmp_path, parse_line(unit), Shape.UNIT)
    assert run_icarus(tmp_path) == (0, [f"PASS {COUNT}"])


@needs_icarus
@pytest.mark.parametrize("shape", Shape, ids=lambda shape: shape.value)
def test_wrong_rounding_fails(shape, tmp_path):
    config, other = parse_unit("e4m3", acc="fp16"), parse_unit("e4m3", acc="fp16:rtz")
    wrong = verilog_text(other, shape)
    wrong = wrong.replace(module_name(other, shape), module_name(config, shape))
    write(tmp_path, config, shape, verilog=wrong)
    code, lines = run_icarus(tmp_path)
    assert code == 1
    assert lines[-1].startswith("FAIL ")
    assert lines[-1].endswith(f" of {COUNT} cases are wrong, {COUNT} were expected")
    assert len(lines) == 11
    assert all(line.startswith("case ") for line in lines[:-1])


@needs_icarus
@pytest.mark.parametrize(
    ("name", "acc"),
    [
        ("clear acts without enable", "fp16"),
        ("clear adds to the old sum", "fp16"),
        ("flag not sticky", "kulisch"),
        ("clear keeps the flag", "kulisch"),
        ("carry not cleared", "kulisch:segmented=5"),
        ("resolver adds the first carry everywhere", "kulisch:segmented=5:resolve=combinational"),
        ("ready with carries left", "kulisch:segmented=5:resolve=idle"),
    ],
)
def test_planted_bug_fails(name, acc, tmp_path):
    config = parse_unit("e4m3", acc=acc)
    mutation = next(mutation for mutation in MUTATIONS if mutation.name == name)
    rtlil = mutated_rtlil(config, Shape.UNIT, mutation)
    files = find_yosys().run(TO_VERILOG, {"design.il": rtlil}, outputs=["design.v"])
    write(tmp_path, config, Shape.UNIT, verilog=files["design.v"])
    assert run_icarus(tmp_path)[1][-1].startswith("FAIL ")


@needs_icarus
def test_missing_cases_fail(tmp_path):
    write(tmp_path, parse_unit("int8", acc="int32"), Shape.CORE)
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("\n".join(vectors.read_text().splitlines()[:-1]))
    short = run_icarus(tmp_path)
    assert short == (1, [f"FAIL 0 of {COUNT - 1} cases are wrong, {COUNT} were expected"])
    vectors.unlink()
    assert run_icarus(tmp_path)[1][-1] == f"FAIL 0 of 0 cases are wrong, {COUNT} were expected"


@needs_icarus
def test_all_products_pass(tmp_path):
    config = parse_unit("e2m1", acc="fp16")
    write(tmp_path, config, Shape.CORE)
    (tmp_path / "vectors.txt").write_text("\n".join(product_lines(config)))
    bench = testbench.testbench_text(
        config, Shape.CORE, goal=Goal.AREA, vectors_file="vectors.txt", count=256
    )
    (tmp_path / "bench.v").write_text(bench)
    assert run_icarus(tmp_path) == (0, ["PASS 256"])


@needs_verilator
@pytest.mark.slow
def test_verilator(tmp_path):
    config = parse_unit("e5m2", "e4m3", acc="kulisch")
    write(tmp_path, config, Shape.UNIT)
    top = testbench.bench_name(config, Shape.UNIT)
    fast = ["-MAKEFLAGS", "OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0"]
    build = ["verilator", "--binary", "-Wno-fatal", *fast, "--top-module", top]
    subprocess.run([*build, "bench.v", "unit.v"], cwd=tmp_path, capture_output=True, check=True)
    run = [tmp_path / "obj_dir" / f"V{top}"]
    right = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert right.returncode == 0
    assert right.stdout.splitlines()[0] == f"PASS {COUNT}"
    (tmp_path / "vectors.txt").write_text("1 0 0 00 00 00000000000000001 0 0\n")
    wrong = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert wrong.returncode != 0
    assert f"FAIL 1 of 1 cases are wrong, {COUNT} were expected" in wrong.stdout


def test_text_is_stable_and_plain():
    config = parse_unit("e4m3", acc="kulisch")
    text = testbench.testbench_text(
        config, Shape.UNIT, goal=Goal.AREA, vectors_file="a b/vectors.txt", count=7
    )
    assert text == testbench.testbench_text(
        config, Shape.UNIT, goal=Goal.AREA, vectors_file="a b/vectors.txt", count=7
    )
    assert text.isascii()
    assert f"module {testbench.bench_name(config, Shape.UNIT)};" in text
    assert '$fopen("a b/vectors.txt", "r")' in text


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "zwölf"])
def test_name_that_verilog_cannot_hold(name):
    with pytest.raises(ValueError, match="cannot be named") as error:
        testbench.testbench_text(
            parse_unit("e4m3", acc="fp16"), Shape.CORE, goal=Goal.AREA, vectors_file=name, count=1
        )
    assert str(error.value) == f"'{name}' cannot be named in Verilog."
