"""Every file of recorded rows in a folder: whose it is, what is found, the committed table."""

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.hw.config.silicon.named import NAMED_UNITS
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.codes.inputs import InputError
from fp8mac.synth_reports.experiments.experiment import Made
from fp8mac.synth_reports.experiments.silicon import experiment
from fp8mac.synth_reports.experiments.silicon.cards import unit_of_file
from fp8mac.synth_reports.experiments.silicon.experiment import (
    Silicon,
    SiliconOptions,
    SiliconRecord,
)
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.store.store import Store

RESULTS = Path(__file__).parents[3] / "synth_reports" / "results"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def write(path: Path, third: float = 2 + 2.0**-9, **more) -> None:
    """Rows of 2 products, 1 * 2 and in the last row 2**-9 * 1; the accumulators 0, 1 and 0."""
    a, b = np.zeros((2, 3, 2), np.uint8)
    a[:, 0], b[:, 0] = 0x38, 0x40
    a[2, 1], b[2, 1] = 0x01, 0x38
    c, d = (np.array(each, np.float32).view(np.uint32) for each in ([0, 1, 0], [2, 3, third]))
    path.parent.mkdir(exist_ok=True)
    np.savez(path, **{"a": a, "b": b, "c": c, "d": d, **more})


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("h100_e4m3.npz", "h100-fp8-e4m3"),
        ("h100_e4m3_fp16.npz", "h100-fp8-e4m3"),
        ("H200_e5m2_fp32.npz", "h100-fp8-e5m2"),
        ("v100_fp16.npz", "v100-fp16"),
        ("v100_fp16_fp16.npz", "v100-fp16"),
        ("a2_bf16_fp32.npz", "a100-bf16"),
        ("l40s_fp16_fp32.npz", "a100-fp16"),
        ("b200_tf32.npz", "h100-tf32"),
        ("b200_e4m3_fp16.npz", "b200-fp8-e4m3"),
        ("mmasync_e5m2_fp32.npz", "h100-mmasync-e5m2"),
        ("mi200_bf16_1k.npz", "mi200-bf16-1k"),
        ("mi300_bf8.npz", "mi300-bf8"),
        ("rvbna_e4m3_n16.npz", "rvbna-fp8-e4m3"),
        ("b200_mxf8_e5m2.npz", "b200-mxfp8-e5m2"),
        ("b200_nvf4.npz", "b200-nvfp4"),
    ],
)
def test_a_name_tells_the_unit(name, unit):
    assert unit_of_file(Path(name)) == unit
    assert unit in NAMED_UNITS


def test_text_is_told_by_its_operands(folder):
    for name in ("a_H100_E4M3.txt", "a_L40S_BF16.txt", "a_A100_FP16.txt", "a_A100_BF16.txt"):
        (folder / name).touch()
    assert unit_of_file(folder / "d_H100_fp32.txt") == "h100-fp8-e4m3"
    assert unit_of_file(folder / "d_L40S_fp32.txt") == "a100-bf16"
    with pytest.raises(InputError):  # two formats
        unit_of_file(folder / "d_A100_fp32.txt")


@pytest.mark.parametrize("name", ["rows.npz", "h100_fp64.npz", "d_H100_fp32.txt"])
def test_a_name_that_does_not_tell_is_said(folder, name):
    (folder / name).touch()
    result = run("silicon", "--folder", folder)
    assert (result.exit_code, result.stderr) == (
        2,
        (
            f"The name of '{folder / name}' does not tell whose rows it holds; check it by itself: "
            "fp8mac check-vectors UNIT FILE.\n"
        ),
    )


def test_bad_folders_are_refused(folder):
    result = run("silicon", "--folder", "none")
    assert (result.exit_code, result.stderr) == (2, "There is no folder 'none'.\n")
    result = run("silicon")
    assert (result.exit_code, result.stderr) == (2, "'.' holds neither d_*.txt nor *.npz.\n")
    (folder / "v100_fp16.npz").write_text("no")
    result = run("silicon", "--no-netlist")
    assert result.exit_code == 2
    assert result.stderr == "'v100_fp16.npz' is neither numpy's .npz nor a text file of rows.\n"
    assert not (folder / "silicon.csv").exists()


@pytest.mark.slow
def test_one_command_checks_all_files_and_writes_the_table(folder):
    write(folder / "rows" / "rvbna_e4m3_n2.npz")
    write(folder / "rows" / "models" / "rvbna_e4m3_fp32.npz", zero_e=np.array([0, 0, 1]))
    result = run("silicon", "--folder", "rows", "--no-netlist", "--output-dir", "out")
    assert result.exit_code == 0, result.output
    assert result.stderr == (
        "Wrote out/silicon.md and out/silicon.csv.\n0 of 2 files, 6 rows, have a wrong row.\n"
    )
    head = "unit,file,rows,products,wrong_golden,wrong_gemm,wrong_netlist,flagged,flagged_wrong,"
    assert (folder / "out" / "silicon.csv").read_text().splitlines() == [
        head + "from_zero",
        "rvbna-fp8-e4m3,rvbna_e4m3_fp32.npz,3,2,0,0,,1,0,False",
        "rvbna-fp8-e4m3,rvbna_e4m3_n2.npz,3,2,0,0,,0,0,False",
    ]
    page = (folder / "out" / "silicon.md").read_text()
    assert page.startswith(
        "# Units against recorded rows\n\nMade by `fp8mac silicon --folder rows --no-netlist`."
    )
    last = page.splitlines()[-1].replace(" ", "")
    assert last == "|rvbna-fp8-e4m3|rvbna_e4m3_n2.npz|3|2|0|0|notchecked|0|0|"


def test_a_wrong_row_ends_with_code_1(folder):
    write(folder / "rvbna_e4m3_n2.npz", third=2.5)
    result = run("silicon", "--no-netlist", "--output-dir", "out")
    assert result.exit_code == 1
    assert result.stderr.endswith("1 of 1 files, 3 rows, have a wrong row.\n")
    assert (folder / "out" / "silicon.csv").read_text().splitlines()[1] == (
        "rvbna-fp8-e4m3,rvbna_e4m3_n2.npz,3,2,1,1,,0,0,False"
    )


@pytest.mark.slow
def test_a_netlist_of_another_unit_is_found(folder, monkeypatch):
    """What is checked is the netlist that is measured, not another circuit."""
    write(folder / "rvbna_e4m3_n2.npz")
    (job,) = Silicon().plan(SiliconOptions(folder))
    real = experiment.Design
    other = parse_line("e4m3 x 2 -> fp32:odd:sum0, window 9:odd, late")
    assert Silicon().run(job, Worker(Store())).wrong_netlist == 0
    monkeypatch.setattr(experiment, "Design", lambda unit, shape: real(other, shape))
    found = Silicon().run(job, Worker(Store()))
    assert (found.wrong_golden, found.wrong_netlist, found.is_right) == (0, 1, False)


def test_what_is_known_is_not_checked_again(folder, monkeypatch):
    write(folder / "rvbna_e4m3_n2.npz")
    (job,) = Silicon().plan(SiliconOptions(folder, netlist=False))
    first = Silicon().run(job, Worker(Store()))
    monkeypatch.setattr("fp8mac.sim.check.silicon.check", None)
    assert Silicon().run(job, Worker(Store())) == first
    write(folder / "rvbna_e4m3_n2.npz", third=2.5)  # another file
    with pytest.raises(TypeError):
        Silicon().run(job, Worker(Store()))


def test_committed_tables_are_the_commands_and_nothing_is_wrong():
    """Both files are rendered again from the rows, to the byte; they tell each file once."""
    with (RESULTS / "silicon.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["wrong_golden"] + row["wrong_gemm"] + row["wrong_netlist"] for row in rows} == {
        "000"
    }
    assert all(int(row["flagged_wrong"]) <= int(row["flagged"]) for row in rows)
    assert len({row["file"] for row in rows}) == len(rows)
    records = [
        SiliconRecord(
            row["unit"],
            row["file"],
            *(int(row[name]) for name in list(row)[2:-1]),
            from_zero=row["from_zero"] == "True",
        )
        for row in rows
    ]
    made = Made("fp8mac silicon --folder silicon")
    texts = Silicon().render(records, made)
    assert texts == {
        name: (RESULTS / name).read_text(encoding="utf-8") for name in ("silicon.md", "silicon.csv")
    }
