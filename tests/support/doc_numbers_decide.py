"""Passages of README.md, docs/decide.md and docs/papers.md with the numbers of study and ratios."""

import tempfile
from pathlib import Path

from doc_numbers import table
from study_replay import replay

from fp8mac.synth_reports.experiments.ratios.experiment import lands
from fp8mac.synth_reports.machine.machine import DRAM_PJ_PER_BIT, buffer_pj_per_bit

RATIOS = table("ratios")


def ratio(key: str, measure: str = "") -> tuple[str, str]:
    """Our last ratio of a paper, by a measure, and the published one, in words."""
    rows = [
        row for row in RATIOS if row["key"] == key and row["measure"] == (measure or row["measure"])
    ]
    row = rows[-1]
    pairs = [
        (float(row[f"{name}_low"]), float(row[f"{name}_high"])) for name in ("ratio", "published")
    ]
    ours, theirs = (
        f"{low:.2f}" if round(low, 2) == round(high, 2) else f"{low:.2f} to {high:.2f}"
        for low, high in pairs
    )
    return ours, theirs


def landed(key: str) -> bool:
    row = [row for row in RATIOS if row["key"] == key][-1]
    ours, theirs = (
        (float(row[f"{name}_low"]), float(row[f"{name}_high"])) for name in ("ratio", "published")
    )
    assert lands(ours, theirs) is (row["lands"] == "1")
    return lands(ours, theirs)


def papers() -> list[str]:
    """What the page says of ratios elsewhere."""
    assert [landed(key) for key in ("kulisch12", "fp16", "exact", "rounded", "window24")] == [
        True
    ] * 5
    assert [landed(key) for key in ("mxarea", "mgs", "fp32", "window32")] == [
        True,
        True,
        False,
        False,
    ]
    exact, half, single = (ratio(key) for key in ("kulisch12", "fp16", "fp32"))
    low, high = ratio("mxenergy", "no glitch")[0], ratio("mxenergy", "energy")[0]
    assert float(low) < float(ratio("mxenergy")[1]) < float(high)
    lanes, out = ratio("exact"), ratio("rounded")
    window, wide = ratio("window24"), ratio("window32")
    most = max(float(row["published_high"]) for row in RATIOS if row["quantity"] == "power")
    least = min(float(row["published_low"]) for row in RATIOS if row["key"] == "window24")
    first = f"{exact[0]} for {exact[1]} in 12 guard bits, {half[0]} for {half[1]} in FP16;"
    return [
        f"between {100 * least - 100:.0f} % and {100 * most - 100:.0f} % more",
        f"{first} {single[0]} for {single[1]} in FP32 does not land",
        f"{lanes[0]} for {lanes[1]}; with a float that leaves {out[0]} for {out[1]}",
        f"{window[0]} for {window[1]}; with a wider window {wide[0]} for {wide[1].split()[0]} does",
        "area {} for {}".format(*ratio("mxarea")),
        "{} for {}".format(*ratio("mgs")),
    ]


STUDY = table("study/study")


def point(unit: str, network: str, lanes: int = 1) -> dict[str, str]:
    """The row of a small unit in our own library."""
    rows = [
        row
        for row in STUDY
        if (row["unit"], row["network"], row["goal"], row["lanes"])
        == (unit, network, "area", str(lanes))
    ]
    assert len(rows) == 1, (unit, network, len(rows))
    return rows[0]


def best(network: str) -> dict[str, str]:
    """The row of the highest SQNR among small units of one product."""
    rows = [
        row
        for row in STUDY
        if (row["network"], row["goal"], row["lanes"]) == (network, "area", "1")
    ]
    return max(rows, key=lambda row: float(row["sqnr_db"]))


def readme() -> list[str]:
    """What stands below the picture of the study."""
    small, large = point("int8 -> kulisch:8", "minilm"), point("e3m4 -> kulisch:8", "minilm")
    assert best("minilm") is large
    assert best("digits_cnn")["unit"] == small["unit"]
    exact = point("int8 -> kulisch:8", "fmnist")
    single, tree = point("int8 -> fp32", "fmnist"), point("int8 x 8 -> kulisch:8", "fmnist", 8)
    areas = [float(row["area_ge"]) for row in (small, large, single, tree)]
    losses = {row["unit"]: float(row["loss_low"]) for row in (small, large, exact)}
    assert max(losses.values()) <= 0
    alone = [row for row in STUDY if (row["network"], row["lanes"]) == ("digits_cnn", "1")]
    assert min(float(row["area_ge"]) for row in alone if row["area_ge"]) == areas[0]
    kept = [float(row["sqnr_db"]) for row in (large, small)]
    return [
        f"E3M4 keeps {kept[0]:.1f} dB of the outputs where INT8 keeps {kept[1]:.1f}",
        f"for {100 * areas[1] / areas[0] - 100:.0f} % more area",
        f"Exact sums cost INT8 {100 * areas[0] / areas[2]:.0f} % of what sums in FP32 do",
        f"from {areas[0]:.0f} to {areas[3] / 8:.0f} gate equivalents",
    ]


def trained() -> list[str]:
    """What the study says of training."""
    rows = [row for row in STUDY if row["network"].startswith("train:")]
    told = [row for row in rows if float(row["loss_low"]) > 0]
    assert [row["unit"] for row in told] == ["int8 -> fp16"]
    assert len(rows) == 10
    within = [
        row
        for row in STUDY
        if (row["network"], row["lanes"]) == ("fmnist", "1")
        and row["area_ge"]
        and float(row["loss_high"]) <= 0.005
    ]
    assert min(within, key=lambda row: float(row["area_ge"]))["unit"] == "int8 -> fp16"
    loss, low, high = (100 * float(told[0][name]) for name in ("loss", "loss_low", "loss_high"))
    return [f"INT8 in FP16 loses {loss:.1f} points ({low:.1f} to {high:.1f})"]


def adaptive() -> list[str]:
    """How little of the study a sweep up to its fronts asks."""
    with tempfile.TemporaryDirectory() as folder:
        one, three = (
            replay(Path(folder), axes) for axes in (("area",), ("area", "delay", "energy"))
        )
    assert (one.fronts, three.fronts) == (one.all_fronts, three.all_fronts)
    shares = [round(100 * each.questions / each.all_questions) for each in (one, three)]
    first = f"{one.runs} of {one.all_runs} networks on units are asked for the front of area,"
    return [
        f"{first} {shares[0]} % of all questions",
        f"that of area, delay and energy {three.runs} of them, {shares[1]} %",
    ]


CACTI_PJ = {"8 KB": (8, 6.13702), "32 KB": (32, 17.0418), "128 KB": (128, 32.2859)}
CACTI_PJ |= {"1 MB": (1024, 93.5192)}
"""Kilobytes, and picojoules for a read of 64 bits; docs/machine.md has where they are from."""


def machine() -> list[str]:
    """The model of memories beside other ones."""
    rows = []
    for name, (kilobytes, cacti) in CACTI_PJ.items():
        ours = 64 * buffer_pj_per_bit(8 * 1024 * kilobytes)
        assert 1 < ours / cacti < 1.7
        rows.append(f"| {name} | {ours:.1f} | {cacti:.1f} |")
    low, high = DRAM_PJ_PER_BIT
    return [*rows, f"the two ends here, {low:.1f} and {high:.1f}, lie among them"]
