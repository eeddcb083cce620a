"""Pictures say what the rows say, and are the same for the same rows."""

from dataclasses import replace

import pytest

from fp8mac.synth_reports.page.pictures import drawn
from fp8mac.synth_reports.page.points import Contents, PageError, ReportPoint

PARTS = ("multiplier", "align_add", "normalise_accumulate")
POINT = ReportPoint(
    unit="e4m3 -> fp16",
    source="grid",
    row=1,
    network="net",
    metric="top1",
    questions=2000,
    area_ge=800.0,
    loss=0.5,
    loss_low=-0.25,
    loss_high=1.25,
)


@pytest.fixture
def folder(tmp_path):
    head = ["unit", "format", "accumulator", "core_and_flip_flops_gates"]
    head += [f"{kind}_{part}_gates" for kind in ("published", "model") for part in PARTS]
    (tmp_path / "figure3.csv").write_text(
        f"{','.join(head)}\nx,e2m5fnuz,kulisch:12,771,330,336.2,207.8,329,326,210\n"
    )
    (tmp_path / "window.csv").write_text(
        "part,bits,lanes,terms,sums,sqnr_db\n"
        "sums,8,1,256,9216,35.75\nsums,9,1,256,9216,\nsums,8,4,256,9216,36.5\n"
        "network,8,32,576,9,1.5\n"
    )
    return tmp_path


def test_pictures(folder):
    points = [
        POINT,
        replace(POINT, lanes=4, area_ge=3000.0),
        replace(POINT, loss=30.0, loss_low=29),
    ]
    files = drawn(Contents(points, ""), folder)
    assert list(files) == [
        f"{name}.{suffix}"
        for name in ("fronts", "parts", "window")
        for suffix in ("png", "svg", "pdf")
    ]
    assert files["fronts.png"].startswith(b"\x89PNG")
    assert files["fronts.pdf"].startswith(b"%PDF")
    fronts, parts, window = (
        files[f"{name}.svg"].decode() for name in ("fronts", "parts", "window")
    )
    for text in ("net, top1, 2,000 questions", "3 rows of grid", "4 lanes", "1 lose more than 4.0"):
        assert text in fronts, text
    for text in ("e2m5fnuz, kulisch:12", "normalise and accumulate", "1 units of figure3.csv"):
        assert text in parts, text
    assert [window.count(f">{text}<") for text in ("exact", "36", "256 products")] == [1, 2, 1]
    assert drawn(Contents(points, ""), folder) == files


def test_what_is_not_there_is_not_drawn(folder, tmp_path):
    assert drawn(Contents([replace(POINT, loss=None)], ""), None) == {}
    (tmp_path / "figure3.csv").unlink()
    (tmp_path / "window.csv").write_text("part,bits\nsums,many\n")
    with pytest.raises(PageError, match=r"window.csv' has no column 'terms'\.$"):
        drawn(Contents([], ""), folder)


def test_fronts_across_tables_of_an_fpga():
    points = [
        replace(POINT, area_ge=None, luts=luts, loss=loss) for luts, loss in ((90, 3), (99, 2))
    ]
    files = drawn(Contents([*points, POINT], ""), None, "luts")
    text = files["fronts.svg"].decode()
    assert "2 rows of grid" in text
    assert ">tables (LUT)<" in text
    assert "Loss against tables (LUT), and the fronts" in text
