"""Rows recorded on cards: files of either kind, and what is said of a unit."""

import json

import numpy as np
import pytest
from circuits import mapped_rtlil
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import rtlil_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_line, parse_unit
from fp8mac.sim.check.recorded import read, rows_of
from fp8mac.sim.check.silicon import check, unit_of
from fp8mac.sim.check.sums import SumCircuits, adder_of, step_of
from fp8mac.sim.codes.encoding import decode, encode
from fp8mac.sim.codes.inputs import InputError

E4M3 = parse_unit("h100-fp8").a


def recorded(tmp_path, count=3, name="rows.npz", **more):
    """Rows of 32 products, 1 * 2 in the first place and c, as a card of 14 bits adds them."""
    a, b = np.zeros((2, count, 32), np.uint8)
    a[:, 0], b[:, 0], b[:, 1:] = 0x38, 0x40, 0x38
    c = np.array([0.0, 1.0, 2.0**-20][:count], np.float32)
    d = np.array([2.0, 3.0, 2.0][:count], np.float32)
    arrays = {"a": a, "b": b, "c": c.view(np.uint32), "d": d.view(np.uint32), **more}
    path = tmp_path / name
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
    return path


def found(path, unit="h100-fp8-e4m3"):
    file = read(path)
    return check(unit_of(unit, file), file)


def test_rows_are_right(tmp_path):
    outcome = found(recorded(tmp_path))
    assert (outcome.rows, outcome.products, outcome.wrong) == (3, 32, {"golden": 0, "gemm": 0})
    assert outcome.is_right
    assert (outcome.flagged, outcome.from_zero, outcome.first) == (0, False, "")


def test_a_wrong_row_is_found_and_replayed(tmp_path):
    d = np.array([2.0, 3.0, 2.0 + 2.0**-12], np.float32).view(np.uint32)
    outcome = found(recorded(tmp_path, d=d))
    assert outcome.wrong == {"golden": 1, "gemm": 1}
    assert not outcome.is_right
    assert outcome.first == (
        "row 2: c = 0x1.0000000000000p-20 (9.53674316e-07)\n"
        "   0: 38 * 40 = 0x1.0000000000000p+0 (1) * 0x1.0000000000000p+1 (2)\n"
        "  wanted 0x1.0008000000000p+1 (2.00024414)\n"
        "  golden 0x1.0000000000000p+1 (2)"
    )


@pytest.mark.slow
def test_netlists_are_compared_as_well(tmp_path):
    d = np.array([2.0, 3.0, 2.0 + 2.0**-20], np.float32)  # the outer accumulator holds all of it
    path = recorded(tmp_path, d=d.view(np.uint32))
    config = parse_line("e4m3 x 4 -> fp16, window 12, steps 2 of 2, chunk 8 -> fp32")
    circuits = SumCircuits.of(config, netlist)
    outcome = check(config, read(path), circuits=circuits)
    assert outcome.wrong == {"golden": 0, "gemm": 0, "netlist": 0}
    # A unit that adds in another window is no such unit.
    other = parse_line("e4m3 x 4 -> fp16, window 4")
    wrong = SumCircuits(config, netlist(other), circuits.adder)
    a = np.full((3, 32), 0x38, np.uint8)
    a[:, 0] = 0x70
    d = np.array([287.0, 288.0, 287.0], np.float32)
    outcome = check(config, read(recorded(tmp_path, a=a, d=d.view(np.uint32))), circuits=wrong)
    assert outcome.wrong["netlist"] == 3
    assert not outcome.is_right


def netlist(config):
    return mapped_rtlil(rtlil_text(config, Shape.CORE), module_name(config, Shape.CORE))


def test_partial_sums_are_added_by_a_unit_of_one_lane():
    config = parse_line("e4m3 x 4 -> fp16, window 14, chunk 8 -> fp32")
    assert step_of(config).text == "e4m3 x 4 -> fp16, window 14"
    adder = adder_of(config)
    assert adder is not None
    assert adder.text == "fp16*e2m1ieee -> fp32"
    assert adder_of(step_of(config)) is None


def test_signs_of_zero_count_but_payloads_of_nan_do_not(tmp_path):
    a = np.zeros((3, 32), np.uint8)
    a[2, 0] = 0x7F
    d = np.array([0x80000000, 0, 0x7FFFFFFF], np.uint32)
    c = np.zeros(3, np.uint32)
    assert found(recorded(tmp_path, a=a, c=c, d=d)).wrong == {"golden": 1, "gemm": 1}


def test_rows_that_depend_on_the_exponent_of_a_zero_are_counted_apart(tmp_path):
    b = np.zeros((3, 32), np.uint8)
    b[:, 0] = 0x40
    # A zero of exponent -126, and the other factor's 2**8, hide nothing here: only row 1 is wrong.
    d = np.array([2.0, 4.0, 2.0], np.float32).view(np.uint32)
    outcome = found(recorded(tmp_path, d=d, zero_e=np.array([False, True, False])))
    assert outcome.wrong == {"golden": 0, "gemm": 0}
    assert (outcome.flagged, outcome.flagged_wrong) == (1, 1)
    assert outcome.flagged_wrong_with_exponent == 1


def test_a_zero_of_exponent_minus_126_is_tried(tmp_path):
    # The card adds subnormal c; the model cuts it off below 2**(-126 - 13).
    unit = "e5m2 x 4 -> fp32:rtz:inf:plus0, window 14"
    a, b = np.zeros((2, 1, 4), np.uint8)
    b[:] = 0x7B  # 2**15 * 1.75: a zero times it has exponent -126 + 15
    c = np.array([2.0**-126], np.float32).view(np.uint32)
    path = recorded(tmp_path, 1, a=a, b=b, c=c, d=np.zeros(1, np.uint32), zero_e=np.ones(1, bool))
    outcome = found(path, unit)
    assert (outcome.flagged, outcome.flagged_wrong) == (1, 1)
    assert outcome.flagged_wrong_with_exponent == 0


def test_results_of_another_accumulator_than_the_one_written_down(tmp_path):
    c = np.array([1.0, 2.0, 4.0], np.float32).view(np.uint32)
    d = np.array([2.0, 2.0, 2.0], np.float32).view(np.uint32)
    outcome = found(recorded(tmp_path, c=c, d=d))
    assert outcome.is_right
    assert outcome.from_zero


def test_fp16_results_are_those_of_the_unit_with_fp16_results(tmp_path):
    half = {name: np.array(x, np.float16).view(np.uint16) for name, x in (("c", [0, 1, 0]),)}
    d = np.array([2, 3, 2], np.float16).view(np.uint16)
    outcome = found(recorded(tmp_path, c=half["c"], d=d))
    assert outcome.config == parse_unit("h100-fp8-e4m3-fp16")
    assert outcome.is_right


def test_lanes_that_are_free_are_those_of_a_row(tmp_path):
    file = read(recorded(tmp_path))
    assert unit_of("rvbna-fp8", file) == parse_unit("rvbna-fp8 x 32")
    assert unit_of("rvbna-fp8 guard 1", file) == parse_unit("rvbna-fp8 x 32 guard 1")
    assert unit_of("rvbna-fp8 x 8", file) == parse_unit("rvbna-fp8 x 8")


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.uint32, "patterns", "numbers"])
def test_operands_are_codes_patterns_or_numbers(tmp_path, kind):
    codes = np.arange(0, 96, dtype=np.uint8).reshape(3, 32)
    numbers = decode(codes, E4M3, np.float32)
    if kind == "patterns":
        a = numbers.view(np.uint32)
    else:
        a = numbers.astype(np.float64) if kind == "numbers" else codes.astype(kind)
    rows = rows_of(read(recorded(tmp_path, a=a)), parse_unit("h100-fp8"))
    assert rows.a.tolist() == codes.tolist()


def test_names_and_shapes_of_arrays_vary(tmp_path):
    path = tmp_path / "other.npz"
    one = np.full((1, 32), 0x38, np.uint8)
    np.savez(path, A=one[0], B=one[0], D=np.array([[32.0]], np.float32))
    outcome = found(path)
    assert (outcome.rows, outcome.is_right) == (1, True)


def test_scales_of_blocks(tmp_path):
    ones, d = np.full((2, 64), 2, np.uint8), np.array([64.0, 96.0], np.float32)
    scales = np.array([[127, 127], [127, 128]], np.uint8)
    path = recorded(
        tmp_path, 2, a=ones, b=ones, c=None, d=d, sa=scales, sb=np.full((2, 2), 127, np.uint8)
    )
    assert found(path, "b200-mxfp4").is_right
    with pytest.raises(InputError, match=r"^'rows.npz' has no 4 scales of eight bits in a row of"):
        found(path, "b200-nvfp4")
    with pytest.raises(InputError, match="has scales of blocks, which e2m1 x 4 -> fp32 does not"):
        found(path, "e2m1 x 4 -> fp32")


def text_rows(folder, card="X1", operands=("E4M3",) * 2, result="fp32"):
    """The public form of text: hexadecimal operands, binary accumulators."""
    x = np.array([[1.0, 0.5, -2.0, 448.0]], np.float32)
    y = np.array([[1.0, 2.0, 1.0, 0.0]], np.float32)
    for name, numbers, kind in (("a", x, operands[0]), ("b", y, operands[1])):
        words = " ".join(f"{word:08x}" for word in numbers.view(np.uint32)[0])
        (folder / f"{name}_{card}_{kind}.txt").write_text(f"{words}\n{words}\n", encoding="ascii")
    for name, numbers in (("c", [8.0, 1.0]), ("d", [8.0])):
        words = [f"{word:032b}" for word in np.array(numbers, np.float32).view(np.uint32)]
        kind = result if name == "d" else "fp32"
        text = "".join(f"{word}\n" for word in words)
        (folder / f"{name}_{card}_{kind}.txt").write_text(text, encoding="ascii")


@pytest.mark.slow
def test_text_files_are_read_as_they_are(tmp_path):
    text_rows(tmp_path)
    outcome = found(tmp_path / "d_X1_fp32.txt")
    assert (outcome.rows, outcome.products, outcome.is_right) == (1, 4, True)
    text_rows(tmp_path, result="fp16")
    outcome = found(tmp_path / "d_X1_fp16.txt")
    assert outcome.config == parse_unit("h100-fp8-e4m3-fp16")
    assert outcome.is_right


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"d": None}, "'{}' has no array 'd'."),
        (
            {"b": np.zeros((3, 31), np.uint8)},
            "'{}' has 32 products in a row of a, but 31 in one of b.",
        ),
        ({"c": np.zeros(2, np.uint32)}, "'{}' has 3 rows in a, but 2 in c."),
        ({"a": np.array([["x"] * 32] * 3)}, "'{}' has no numbers in 'a'."),
    ],
)
def test_files_that_do_not_fit(tmp_path, change, message):
    path = recorded(tmp_path, **change)
    with pytest.raises(InputError) as error:
        found(path)
    assert str(error.value) == message.format(path)


@pytest.mark.parametrize(
    ("change", "unit", "message"),
    [
        (
            {"a": np.full((3, 32), 300, np.uint16)},
            "h100-fp8",
            "'rows.npz' has operands that are no codes of e4m3.",
        ),
        (
            {"d": np.zeros(3, np.uint8), "c": None},
            "h100-fp8",
            "'rows.npz' has accumulators of 8 bits, not of 16 or 32.",
        ),
        (
            {},
            "e4m3 x 4 -> kulisch",
            "Recorded results are floats, but e4m3 x 4 -> kulisch:12 has none.",
        ),
        ({}, "b200-mxfp8", "'rows.npz' has no scales 'sa', which the unit takes."),
    ],
)
def test_rows_of_another_unit(tmp_path, change, unit, message):
    path = recorded(tmp_path, **change)
    with pytest.raises(InputError) as error:
        found(path, unit)
    assert str(error.value) == message


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_command_says_what_it_found(tmp_path):
    path = recorded(tmp_path)
    result = run("check-vectors", "h100-fp8", path)
    assert (result.exit_code, result.stdout) == (
        0,
        (
            "h100-fp8-e4m3: e4m3 x 32 -> e8m13:rtz:inf:plus0, window 14\n"
            "  equals vectors recorded on H100, H200, MATLAB-tensor-core\n"
            "  rows.npz: 3 rows of 32 products, 0 wrong by golden and 0 wrong by gemm\n"
        ),
    )
    result = run("check-vectors", "h100-fp8-e5m2", path, "--json")
    facts = json.loads(result.stdout)
    assert result.exit_code == 1
    assert facts["files"][0]["wrong"] == {"golden": 3, "gemm": 3}


@pytest.mark.slow
def test_the_command_checks_the_netlist(tmp_path):
    line = "e4m3 x 2 -> e8m13:rtz:inf:plus0, window 14"
    result = run("check-vectors", line, recorded(tmp_path), "--netlist")
    assert (result.exit_code, result.stdout) == (
        0,
        (
            f"{line}\n"
            "  rows.npz: 3 rows of 32 products, 0 wrong by golden, 0 wrong by gemm and 0 wrong by "
            "netlist\n"
        ),
    )
    result = run("check-vectors", "mxfp8 x 32 -> fp32, tree", recorded(tmp_path), "--netlist")
    assert result.exit_code == 2
    assert result.stderr.startswith("No circuit adds products as in mxfp8e4m3 x 32 -> ")


def test_the_command_refuses_other_files(tmp_path):
    other = tmp_path / "x.npz"
    other.write_text("no")
    result = run("check-vectors", "h100-fp8", other)
    assert (result.exit_code, result.stderr) == (
        2,
        f"'{other}' is neither numpy's .npz nor a text file of rows.\n",
    )
    result = run("check-vectors", "h100-fp8", tmp_path / "none.npz")
    assert (result.exit_code, result.stderr) == (
        2,
        f"There is no file '{tmp_path / 'none.npz'}'.\n",
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    result = run("check-vectors", "h100-fp8", folder)
    assert (result.exit_code, result.stderr) == (
        2,
        f"'{folder}' holds neither d_*.txt nor *.npz.\n",
    )


def test_units_are_listed_with_what_they_rest_on():
    listed = run("units").stdout
    assert "h100-fp8-e4m3" in listed
    assert "equals vectors recorded on H100, H200, MATLAB-tensor-core" in listed
    facts = {each["name"]: each for each in json.loads(run("units", "--json").stdout)}
    assert facts["b200-nvfp4"] == {
        "name": "b200-nvfp4",
        "unit": "nvfp4 x 64 -> fp32:rtz:inf:plus0, groups 4 of 16, join 36",
        "basis": "model",
        "source": "MMA-Sim",
    }


def test_numbers_of_operands_are_rounded_as_cards_do(tmp_path):
    a = np.full((3, 32), 1e9)
    rows = rows_of(read(recorded(tmp_path, a=a)), parse_unit("h100-fp8"))
    assert rows.a[0, 0] == encode(448.0, E4M3)
