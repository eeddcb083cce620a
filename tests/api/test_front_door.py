"""What `import fp8mac` gives: descriptions, codes, sums, Verilog, costs, proofs, accuracy."""

import ast
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import fp8mac
from fp8mac.gen.verilog import verilog_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.exact import golden
from fp8mac.sim.provenance import Sources
from fp8mac.synth_reports.cost import report

NAMES = [
    *("Accuracy", "Blocks", "Error", "Measured", "Proved", "Recommended", "Swept", "Unit"),
    *("__version__", "accuracy", "decode", "encode", "gemm", "golden", "measure", "prove"),
    *("recommend", "sweep", "unit", "verilog"),
]
HEAVY = {"amaranth", "matplotlib", "numba", "numpy", "pyosys", "rich", "typer"}


def loaded(code: str) -> set[str]:
    """Top-level modules that a new Python has after some code."""
    code = f"{code}; import sys; print(*sys.modules)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in child.stdout.split()}


def test_import_is_light():
    assert not loaded("import fp8mac; dir(fp8mac)") & HEAVY
    assert not loaded("import fp8mac; repr(fp8mac.unit('e4m3 -> fp16'))") & HEAVY


def test_names():
    assert dir(fp8mac) == sorted(fp8mac.__all__) == NAMES
    for name in NAMES:
        assert getattr(fp8mac, name)
    assert fp8mac.__version__ == version("fp8mac")
    with pytest.raises(AttributeError) as error:
        fp8mac.nothing  # noqa: B018
    assert str(error.value) == "module 'fp8mac' has no attribute 'nothing'"


def test_type_checkers_see_the_same_names():
    source = Path(str(fp8mac.__file__)).read_text(encoding="utf-8")
    checks = next(each for each in ast.parse(source).body if isinstance(each, ast.If))
    seen = set()
    for each in checks.body:
        if isinstance(each, ast.ImportFrom):
            seen |= {alias.name for alias in each.names}
        else:
            assert isinstance(each, ast.AnnAssign)
            seen.add(ast.unparse(each.target))
    assert seen == set(NAMES)
    assert (Path(str(fp8mac.__file__)).parent / "py.typed").exists()


@pytest.mark.parametrize(
    ("given", "config", "text"),
    [
        (fp8mac.unit("e4m3", acc="fp16"), parse_unit("e4m3", acc="fp16"), "'e4m3 -> fp16'"),
        (
            fp8mac.unit("e4m3", "e5m2", acc="bf16", goal="speed"),
            parse_unit("e4m3", "e5m2", acc="bf16"),
            "'e4m3*e5m2 -> bf16', goal='speed'",
        ),
        (
            fp8mac.unit("int8*int4 -> int32"),
            parse_unit("int8", "int4", acc="int32"),
            "'int8*int4 -> int32'",
        ),
    ],
)
def test_unit(given, config, text):
    assert given.config == config
    assert repr(given) == f"fp8mac.unit({text})"
    assert eval(repr(given)) == given


def test_unit_in_a_notebook():
    assert fp8mac.unit("int2 -> int8")._repr_html_() == (
        "<table><caption>int2 -&gt; int8, built for area</caption>"
        "<tr><th>name</th><th>direction</th><th>bits</th></tr>"
        + "".join(
            f"<tr><td>{name}</td><td>{direction}</td><td>{bits}</td></tr>"
            for name, direction, bits in [
                ("clk", "input", 1),
                ("rst", "input", 1),
                ("a", "input", 2),
                ("b", "input", 2),
                ("en", "input", 1),
                ("clear", "input", 1),
                ("acc", "output", 8),
            ]
        )
        + "</table>"
    )


@pytest.mark.parametrize(
    ("words", "options", "sentence"),
    [
        (
            ["e4m3"],
            {},
            (
                "'e4m3' is not a unit; write <format>[*<format>] [x <lanes>] -> <accumulator>, and "
                "how products are added behind a comma; 'fp8mac units' lists names."
            ),
        ),
        (
            [" -> fp16"],
            {},
            (
                "' -> fp16' is not a unit; write <format>[*<format>] [x <lanes>] -> <accumulator>, "
                "and how products are added behind a comma; 'fp8mac units' lists names."
            ),
        ),
        (["e4m3", "e5m2"], {}, "Name the accumulator of e4m3 and e5m2 with acc=."),
        (
            ["e4m3"],
            {"acc": "fp16", "goal": "small"},
            "Unknown goal 'small'; there are area, speed, fpga and fpga-dsp.",
        ),
    ],
)
def test_what_is_no_unit(words, options, sentence):
    with pytest.raises(fp8mac.Error) as error:
        fp8mac.unit(*words, **options)
    assert str(error.value) == sentence


def test_codes():
    x = np.array([[1.0, -2.5], [1e9, 0.1]])
    codes = fp8mac.encode(x, "e4m3")
    assert codes.dtype == np.uint8
    assert codes.tolist() == x.clip(-448, 448).astype(ml_dtypes.float8_e4m3fn).view("u1").tolist()
    assert fp8mac.decode(codes, "e4m3").tolist() == [[1.0, -2.5], [448.0, 0.1015625]]
    for call in (
        lambda: fp8mac.encode([float("nan")], "e2m1"),
        lambda: fp8mac.encode([float("nan")], "int8"),
        lambda: fp8mac.decode([300], "e4m3"),
        lambda: fp8mac.encode([1.0], "e4"),
    ):
        with pytest.raises(fp8mac.Error):
            call()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16])
def test_floats_are_encoded_and_codes_are_taken(dtype):
    unit = fp8mac.unit("e4m3", "e5m2", acc="fp16")
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(3, 8)).astype(dtype), rng.normal(size=(8, 2)).astype(dtype)
    found = fp8mac.gemm(x, w, unit)
    codes = fp8mac.encode(x, "e4m3"), fp8mac.encode(w, "e5m2")
    assert found.acc.tolist() == fp8mac.gemm(*codes, unit).acc.tolist()
    assert found.acc.tolist() == fp8mac.gemm(*codes, "e4m3*e5m2 -> fp16").acc.tolist()
    for row, column in np.ndindex(3, 2):
        acc = 0
        for a, b in zip(codes[0][row].tolist(), codes[1][:, column].tolist(), strict=True):
            acc = fp8mac.golden(unit, a, b, acc).acc
        assert found.acc[row, column] == acc
    assert repr(found) == "<GemmResult of mac_e4m3_e5m2_fp16, 3 x 2>"


def test_golden_with_a_random_number():
    unit = parse_unit("e5m2", acc="fp16:sr=4")
    codes = 0x0A, 0x3C, 0x3C00  # 1 + 1.5 * 2**-13 = 1 + 3/16 ulp
    accs = [fp8mac.golden(unit, *codes, random=random).acc for random in range(16)]
    assert accs == [0x3C00] * 13 + [0x3C01] * 3
    for random in (None, 16, -1):
        with pytest.raises(fp8mac.Error) as error:
            fp8mac.golden(unit, *codes, random=random)
        assert str(error.value) == (
            f"Stochastic rounding takes a random number of 4 bits, not {random}."
        )
    with pytest.raises(fp8mac.Error) as error:
        fp8mac.golden("e5m2 -> fp16", *codes, random=0)
    assert str(error.value) == "A random number is for stochastic rounding (:sr) alone."


def test_gemm_takes_a_seed():
    x = np.full((1, 100), 0.3)
    sums = [fp8mac.gemm(x, x.T, "e4m3 -> e4m3:sr", seed=seed).values[0, 0] for seed in range(9)]
    assert len(set(sums)) > 1
    again = [fp8mac.gemm(x, x.T, "e4m3 -> e4m3:sr", seed=seed).values[0, 0] for seed in range(9)]
    assert again == sums


def test_golden_takes_codes_only():
    unit = parse_unit("e4m3", acc="fp16")
    assert fp8mac.golden(unit, 0x38, 0xC2, 0x3C00) == golden.mac(unit, 0x38, 0xC2, 0x3C00)
    for arguments, sentence in (
        ((256, 0), "a holds 256, but e4m3 has the codes 0 to 255."),
        ((0, 1.5), "b is an integer, not 1.5."),
        ((0, 0, 1 << 16), "acc is a pattern of 16 bits, not 65536."),
        ((0, 0, -1), "acc is a pattern of 16 bits, not -1."),
    ):
        with pytest.raises(fp8mac.Error) as error:
            fp8mac.golden(unit, *arguments)
        assert str(error.value) == sentence


def test_verilog(tmp_path):
    unit = fp8mac.unit("e2m1", acc="kulisch:0", goal="speed")
    path = tmp_path / "mac.v"
    text = unit.verilog(path)
    assert path.read_text(encoding="utf-8") == text == unit.verilog() == fp8mac.verilog(unit)
    assert text == verilog_text(
        unit.config, Shape.UNIT, goal=Goal.SPEED, command=f"{unit!r}.verilog()"
    )
    facts = json.loads((tmp_path / "mac.json").read_text(encoding="utf-8"))
    assert (facts["slug"], facts["command"]) == (unit.config.slug, f"{unit!r}.verilog()")
    core = unit.verilog(core=True)
    assert f"Made by: {unit!r}.verilog(core=True)\n" in core
    assert "clk" not in core.split("module ", 1)[1]
    for place in (path / "mac.v", tmp_path / "mac.json"):
        with pytest.raises(fp8mac.Error) as error:
            unit.verilog(place)
        assert isinstance(error.value, OSError)
    assert facts == json.loads((tmp_path / "mac.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_measure_has_records_and_a_table(monkeypatch):
    unit = fp8mac.unit("e2m1", acc="kulisch:0")
    monkeypatch.setattr(report, "BASELINE", unit.config)
    found = fp8mac.measure(unit)
    assert repr(found) == "Measured(unit=fp8mac.unit('e2m1 -> kulisch:0'))"
    records = found.to_records()
    identities = [(each["unit"], each["shape"], each["goal"], each["library"]) for each in records]
    assert identities == [
        ("e2m1 -> kulisch:0", "core", "area", "fp8mac"),
        ("e2m1 -> kulisch:0", "unit", "area", "fp8mac"),
        ("e2m1 -> kulisch:0", "core", "speed", "fp8mac"),
    ]
    assert len({tuple(each) for each in records}) == 1
    core, registered, _ = records
    area = found.report["goals"]["area"]
    assert core["two_input_gates"] == area["core"]["metrics"]["two_input_gates"] > 0
    assert core["energy_unit_delay_cinv_v2"] is None
    energy = area["unit"]["libraries"]["fp8mac"]["energy_per_mac"]["unit_delay"]
    assert registered["energy_unit_delay_cinv_v2"] == energy["dynamic_cinv_v2"] > 0
    html = found._repr_html_()
    assert "<caption>e2m1 -&gt; kulisch:0</caption>" in html
    assert "<tr><td>goal</td><td>area</td><td>speed</td><td>area</td></tr>" in html
    assert "area um2" not in html
    assert str(found).startswith("mac_e2m1_e2m1_kulisch0\n")
    with pytest.raises(fp8mac.Error):
        fp8mac.measure(unit, liberty=["no such library"])


@pytest.mark.slow
def test_prove():
    found = fp8mac.prove("int3 -> int8")
    assert found
    assert found.failures == ()
    assert repr(found) == "Proved(unit=fp8mac.unit('int3 -> int8'), failures=())"
    verdicts = {each["verdict"] for each in found.to_records()}
    assert verdicts == {"proved", "refuted"}
    assert "<caption>int3 -&gt; int8: proved</caption>" in found._repr_html_()
    failed = fp8mac.Proved(found.unit, found.records, ("core: a < b.",))
    assert not failed
    assert "<caption>int3 -&gt; int8: core: a &lt; b.</caption>" in failed._repr_html_()


def test_accuracy():
    found = fp8mac.accuracy("digits_mlp", "e4m3 -> fp16", samples=20)
    assert repr(found) == (
        "Accuracy(unit=fp8mac.unit('e4m3 -> fp16'), network='digits_mlp', metric='top1', "
        f"value={found.value}, reference={found.reference})"
    )
    (record,) = found.to_records()
    assert (record["network"], record["accumulator"], record["samples"]) == (
        *("digits_mlp", "fp16"),
        20,
    )
    assert found.value == record["value"]
    assert f"<td>{record['value']}</td>" in found._repr_html_()
    for options, sentence in (
        ({"samples": 0}, "samples is at least 1, not 0."),
        (
            {"calibration": "best"},
            "Unknown calibration 'best'; there are max, percentile, mse, none.",
        ),
    ):
        with pytest.raises(fp8mac.Error) as error:
            fp8mac.accuracy("digits_mlp", "e4m3 -> fp16", **options)
        assert str(error.value) == sentence


@pytest.mark.parametrize("name", ["h100-fp8-e4m3", "b200-nvfp4", "int8 x 8 -> int32"])
def test_accuracy_of_any_unit(name):
    found = fp8mac.accuracy("digits_mlp", name, samples=20)
    config = fp8mac.unit(name).config
    (record,) = found.to_records()
    assert (record["unit"], record["a_format"]) == (config.slug, config.operand_names[0])
    assert record["accumulator"] == config.accumulator.name
    assert found.value > 0.85
    with pytest.raises(fp8mac.Error) as error:
        fp8mac.accuracy("digits_mlp", name, samples=20, scale_rounding="up")
    assert str(error.value) == (
        f"{found.unit.name} has no scales that are rounded to powers of two."
    )


def test_no_key_of_the_cache_depends_on_the_front_door():
    names = Sources().closure("fp8mac.synth_reports.experiments.accuracy.accuracy")
    assert not {name for name in names if name.startswith("fp8mac._") or name == "fp8mac"}
