"""The fifteen units: data, tables and sentences from counted netlists; files by the command."""

import csv
import io
from functools import cache
from pathlib import Path

import pytest
from records import recorded
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost.measure import Design, Measurement
from fp8mac.synth_reports.experiments.designs import DesignRecord
from fp8mac.synth_reports.experiments.experiment import NoOptions
from fp8mac.synth_reports.experiments.figure3.experiment import Figure3
from fp8mac.synth_reports.experiments.figure3.figure3 import (
    PUBLISHED,
    csv_text,
    designs,
    panels,
    pictures,
    rows,
)
from fp8mac.synth_reports.experiments.figure3.text import markdown_text
from fp8mac.synth_reports.synth.synthesis import Synthesis

E4_FP16 = parse_unit("e4m3fnuz", acc="fp16")
INT8_FIXED = parse_unit("int8s", acc="kulisch")


def gates(count: int) -> str:
    """A chain of AND gates."""
    chain = [f".gate AND2 a=n{i} b=x O=n{i + 1}" for i in range(count)]
    return "\n".join([".model m", *chain, ".end", ""])


def measured(design: Design) -> Measurement:
    """The published bar, less the flip-flops: 50 gates cheaper."""
    config, bar = design.config, round(PUBLISHED[design.config].total)
    state = config.acc_bits + len(config.flags)
    if design.shape is Shape.UNIT:
        netlist, flip_flops = gates(bar - 6 * state + 1), tuple("q" * state)
    else:
        netlist, flip_flops = gates(bar - 6 * state - 50), ()
    return Measurement(design, "ab" * 32, Synthesis(netlist, flip_flops, "ABC 1.01"))


@cache
def records() -> list[DesignRecord]:
    return [recorded(measured(design)) for design in designs()]


def test_the_published_bars():
    assert len(PUBLISHED) == 15
    assert len(designs()) == 30
    totals = [round(cost.total, 1) for cost in PUBLISHED.values()]
    assert totals[:5] == [721.2, 874.0, 898.5, 1069.6, 1509.8]
    assert totals[5:10] == [1399.8, 1277.5, 1185.8, 1112.5, 1051.4]
    assert totals[10:] == [2335.0, 2212.8, 2121.1, 2047.7, 1986.6]
    base = PUBLISHED[INT8_FIXED].total
    assert PUBLISHED[E4_FP16].total / base == pytest.approx(1.53, abs=0.02)
    e4_fp32 = PUBLISHED[parse_unit("e4m3fnuz", acc="fp32")].total
    assert e4_fp32 / base == pytest.approx(2.83, abs=0.02)


def test_a_row():
    row = next(row for row in rows(records()) if row.config == E4_FP16)
    assert (row.state_bits, row.product_bits) == (16, 14)
    assert row.core_and_flip_flops == 1112 - 50
    assert row.with_product_register == 1112 - 50 + 6 * 14
    assert row.gates("unit") == 1113
    assert row.deviation("core_and_flip_flops") == pytest.approx(1062 / 1112.5 - 1)
    with pytest.raises(ValueError, match=r"^A row has no 'area'\.$"):
        row.gates("area")


def test_flags_are_state():
    row = next(
        row for row in rows(records()) if row.config.slug == "mac_e4m3fnuz_e4m3fnuz_kulisch12"
    )
    assert row.state_bits == 49 + 1


def test_csv():
    table = list(csv.DictReader(io.StringIO(csv_text(rows(records())))))
    assert [row["unit"] for row in table] == [config.slug for config in PUBLISHED]
    e4 = table[8]
    assert (e4["format"], e4["accumulator"]) == ("e4m3fnuz", "fp16")
    numbers = {
        "published_total_gates": "1112.5",
        "model_total_gates": "1104",
        "core_gates": "966",
        "state_bits": "16",
        "product_flip_flops": "14",
        "core_and_flip_flops_gates": "1062",
        "with_product_register_gates": "1146",
        "unit_gates": "1113",
        "model_deviation_percent": "-0.76",
        "core_and_flip_flops_deviation_percent": "-4.54",
        "flow": "toy",
        "yosys": "0.50 (yosys)",
    }
    assert e4.items() >= numbers.items()


def test_markdown():
    text = markdown_text(rows(records()), "fp8mac figure3")
    assert "\n\nMade by `fp8mac figure3`: flow `toy` (" in text
    assert "Yosys 0.50 (yosys),\nABC 1.01, Amaranth " in text
    lines = {
        line.split("|")[1].strip(): line
        for line in text.split("## What")[0].splitlines()[8:]
        if line.startswith("|")
    }
    assert len(lines) == 2 + 15
    assert [cell.strip() for cell in lines["e4m3fnuz in fp16"].split("|")[2:-1]] == [
        "1112",
        "1104 (-0.8%)",
        "1062 (-4.5%)",
        "1146 (+3.0%)",
        "1113 (+0.0%)",
    ]
    assert "at most 1.0% off a published bar (e2m5fnuz in kulisch:12)." in text
    assert (
        "By the published bars, by the core with flip-flops, by the core with flip-flops and a "
        "product register, by the registered unit, cheapest first: int8s, e2m5fnuz, e3m4fnuz, "
        "e4m3fnuz, e5m2fnuz in kulisch:12; exactly the reverse in fp16; exactly the reverse in "
        "fp32."
    ) in text
    assert "Of 15 bars, the core with flip-flops undercuts 15: int8s in kulisch:12 -50 " in text
    assert "product register undercuts 1: int8s in kulisch:12 -50 (-7.0%)." in text
    assert "Of 15 bars, the registered unit undercuts 0. Equal within 6 gates: int8s in " in text
    assert "e4m3fnuz in fp16 against int8s in fixed point: +54%, +58%, +71%, +54% " in text


def test_another_order_is_spelt_out():
    cheap = Design(E4_FP16, Shape.UNIT)
    found = [
        recorded(Measurement(cheap, "", Synthesis(gates(1), (), None))) if design == cheap else each
        for design, each in zip(designs(), records(), strict=True)
    ]
    text = markdown_text(rows(found), "")
    assert (
        "- By the registered unit, cheapest first: int8s, e2m5fnuz, e3m4fnuz, e4m3fnuz, e5m2fnuz "
        "in kulisch:12; e4m3fnuz, e5m2fnuz, e3m4fnuz, e2m5fnuz, int8s in fp16; exactly the reverse "
        "in fp32."
    ) in text
    assert "the registered unit undercuts 1: e4m3fnuz in fp16 -1112 (-99.9%)." in text


def test_panels():
    fixed, fp16, fp32 = panels(rows(records()))
    assert fixed.title == "accumulator: fixed point, 12 guard bits"
    assert fp16.groups == fp32.groups == ["int8s", "e2m5fnuz", "e3m4fnuz", "e4m3fnuz", "e5m2fnuz"]
    published, model, core, unit = (bars[3] for bars in fp16.bars.values())
    assert (round(published, 1), model, core, unit) == (1112.5, 1104, 1062, 1113)
    assert fp16.marks.bars in fp16.bars
    assert fp16.marks.heights[3] == 1146


def test_some_units_only():
    some = [recorded(measured(design)) for design in designs([E4_FP16])]
    table = rows(some)
    assert [row.config for row in table] == [E4_FP16]
    assert set(pictures(table)) == {"png", "svg"}
    assert "e4m3fnuz in fp16" in markdown_text(table, "")


def test_the_flow_has_no_xor():
    assert {(job.flow, job.design.library) for job in Figure3().plan(NoOptions())} == {
        ("simple", None)
    }


def test_command_writes_all_or_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(Figure3, "run", lambda self, job, _: recorded(measured(job.design)))
    result = CliRunner().invoke(app, ["figure3", "--output-dir", str(tmp_path / "out")])
    assert (result.exit_code, result.stdout) == (0, "")
    names = {"figure3.md", "figure3.csv", "figure3.png", "figure3.svg"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    (tmp_path / "bad" / "figure3.svg").mkdir(parents=True)
    result = CliRunner().invoke(app, ["figure3", "--output-dir", str(tmp_path / "bad")])
    assert result.exit_code == 2
    assert [path.name for path in (tmp_path / "bad").iterdir()] == ["figure3.svg"]


def test_published_page_shows_the_published_bars():
    results = Path(__file__).parents[3] / "synth_reports" / "results"
    table = list(csv.DictReader(io.StringIO((results / "figure3.csv").read_text(encoding="utf-8"))))
    assert [float(row["published_total_gates"]) for row in table] == [
        round(cost.total, 1) for cost in PUBLISHED.values()
    ]
