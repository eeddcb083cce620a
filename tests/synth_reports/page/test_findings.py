"""Sentences say what the points say."""

from dataclasses import replace

from fp8mac.synth_reports.page.findings import findings
from fp8mac.synth_reports.page.points import ReportPoint

INT8 = ReportPoint(
    unit="int8 -> int32",
    formats="int8",
    accumulator="int32",
    source="grid",
    row=1,
    goal="area",
    library="fp8mac",
    area_ge=800.0,
    network="net",
    loss=1.0,
    loss_low=0.5,
    loss_high=1.5,
    questions=2000,
    proved=True,
)
FLOAT = replace(
    INT8,
    unit="e4m3 -> fp16",
    formats="e4m3",
    accumulator="fp16",
    area_ge=1000.0,
    loss=0.25,
    loss_low=-0.25,
    loss_high=0.75,
    proved=False,
)


def test_networks():
    first, second, *_ = findings([INT8, FLOAT])
    assert first == "2 rows are of 2 units; 1 network ran on units."
    assert second == (
        "net, 2,000 questions: 1 of 2 units are not told apart from float32; the smallest of them "
        "is e4m3 -> fp16, 1,000 GE, 1.25 times int8 -> int32, loss 0.25 points (95 % from -0.25 to "
        "0.75)."
    )
    good = replace(INT8, loss_low=0.0)
    assert findings([good, FLOAT])[1] == (
        "net, 2,000 questions: 2 of 2 units are not told apart from float32; the smallest of them "
        "is int8 -> int32, 800 GE, loss 1.00 points (95 % from 0.00 to 1.50); the smallest of "
        "floats is e4m3 -> fp16, 1,000 GE, 1.25 times int8 -> int32, loss 0.25 points (95 % from "
        "-0.25 to 0.75)."
    )
    assert findings([INT8])[1] == (
        "net, 2,000 questions: every unit loses; int8 -> int32 loses least, 1.00 points (95 % from "
        "0.50 to 1.50)."
    )


def test_only_what_is_built_alike_is_compared():
    """A smaller unit of other lanes or of another library is no answer."""
    rows = [INT8, FLOAT, replace(FLOAT, lanes=16, area_ge=1.0), replace(FLOAT, library="x")]
    assert "1 of 2 units" in findings(rows)[1]


def test_formats_of_an_accumulator():
    rows = [
        replace(FLOAT, unit=f"{name} -> fp16", formats=name, area_ge=area, network="", loss=None)
        for name, area in (("e5m2", 700.0), ("e4m3", 800.0), ("int8", 900.0))
    ]
    assert findings(rows)[1] == (
        "Smallest and largest format in an accumulator: fp16 from e5m2 (700 GE) to int8 (900 GE)."
    )
    assert not any("Smallest and largest" in each for each in findings(rows[:2]))


def test_structures_peers_and_proofs():
    core = ReportPoint(
        unit="e4m3 -> fp16",
        source="curve/x",
        row=1,
        goal="area-ripple",
        shape="core",
        library="lib",
        delay_ns=4.0,
        area_um2=500.0,
        proved=True,
    )
    fast = replace(core, goal="speed-fitted", delay_ns=1.0, area_um2=2000.0, proved=False)
    ours = replace(core, source="peers", goal="goal area, mapped for area", area_ge=700.0)
    same = replace(
        ours, design="Other: mac, same", goal="mapped for area", area_ge=900.0, proved=None
    )
    wrong = replace(same, design="Other: small, wrong", area_ge=10.0)
    assert findings([core, fast, ours, same, wrong])[1:] == [
        (
            "The core of e4m3 -> fp16 in lib: from 4.00 ns in 500 µm² (area-ripple) to 1.00 ns in "
            "2,000 µm² (speed-fitted)."
        ),
        (
            "e4m3 -> fp16, mapped for area: our smallest core has 700 GE, the smallest of 1 other "
            "design that computes the same has 900 GE (Other: mac)."
        ),
        "Of 2 circuits in the grid and the curves, 1 are proved for all operands and states.",
    ]
