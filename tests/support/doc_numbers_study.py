"""Passages of docs/training.md, with the numbers of the study of training."""

from doc_numbers import table

from fp8mac.synth_reports.experiments.training.claims import CLAIMS, TrainingClaim
from fp8mac.synth_reports.experiments.training.differences import (
    PairedDifference,
    compare,
    verdict,
)
from fp8mac.synth_reports.experiments.training.runs import TrainingRun

SCORES = ("accuracy", "miou", "psnr_db", "ssim", "ms_ssim", "density")
_CALLED = {
    "accuracy": (100, 2, "points of right answers"),
    "miou": (100, 2, "points of IoU"),
    "psnr_db": (1, 3, "dB"),
    "ssim": (1, 4, "of SSIM"),
    "ms_ssim": (1, 4, "of MS-SSIM"),
}


def runs_of() -> list[TrainingRun]:
    """Runs of the committed study, without their curves."""
    return [
        TrainingRun(
            *(row["task"], row["way"], int(row["seed"]), int(row["steps"]), row["measure"]),
            float(row["loss"]),
            {name: float(row[name]) for name in SCORES if row.get(name)},
            *([], {}, {}),
        )
        for row in table("training")
    ]


def of_claim(claim: TrainingClaim, task: str, found: PairedDifference, measure: str) -> str:
    """Row of a claim on the page."""
    factor, digits, called = _CALLED.get(claim.measure, (1, 4, measure))
    shown = f"{factor * found.mean:+.{digits}f} ± {factor * found.half:.{digits}f} {called}"
    of = f"{factor * found.reference:.{digits}f}"
    return (
        f"| {claim.text} | {claim.first} less {claim.second}, {task} | {shown}, of {of} | "
        f"{verdict(claim, found)} |"
    )


def claims(runs: list[TrainingRun]) -> list[str]:
    """Rows of all claims."""
    measures = {run.task: run.measure for run in runs}
    rows = []
    for claim in CLAIMS:
        for task in claim.tasks:
            found = compare(runs, task, claim.first, claim.second, claim.measure)
            if found is not None:
                rows.append(of_claim(claim, task, found, measures[task]))
    return rows


def stored(runs: list[TrainingRun]) -> list[str]:
    """Rows of what weights are stored in."""
    rows = []
    for way in ("fp16", "bf16", "bf16:sr", "bf16:rtz", "1-6-9", "1-6-9:sr"):
        found = compare(runs, "digits", f"weights {way}", "float32")
        assert found is not None
        rows.append(f"| weights {way} | {found.mean:+.4f} ± {found.half:.4f} nats |")
    return rows


def pruned(runs: list[TrainingRun]) -> list[str]:
    """Rows of what pruning to blocks costs."""
    rows = []
    some = [run for run in runs if run.task == "garments" and "density" in run.scores]
    for way in dict.fromkeys(run.way for run in some):
        found = compare(runs, "garments", way, "fp8", "accuracy")
        assert found is not None
        left = next(run.scores["density"] for run in some if run.way == way)
        points = f"{100 * found.mean:+.1f} ± {100 * found.half:.1f} points"
        rows.append(f"| {way} | {100 * left:.1f} % | {points} |")
    return rows


def study() -> list[str]:
    runs = runs_of()
    rows = claims(runs)
    assert len(rows) > 8
    lost = {
        way: max(
            100 * float(row["gradients_underflown_worst_layer"])
            for row in table("training")
            if (row["task"], row["way"]) == ("text", way)
        )
        for way in ("unscaled", "layer")
    }
    assert lost["layer"] < 0.1
    swamped = [
        100 * float(row["swamped_share"])
        for row in table("training")
        if row["way"] == "sums 1-6-9:rtz"
    ]
    said = [row.rsplit("|", 2)[1].strip() for row in rows]
    counts = [said.count(each) for each in ("reproduced", "unresolved", "contradicted")]
    found = f"{counts[0]} are reproduced, {counts[1]} unresolved and {counts[2]} contradicted"
    return [
        *rows,
        f"Of {len(rows)} rows {found}",
        *stored(runs),
        *pruned(runs),
        f"up to {lost['unscaled']:.0f} % of a layer's gradients become zero",
        f"{min(swamped):.0f} to {max(swamped):.0f} % of the products are swamped",
    ]


if __name__ == "__main__":  # what stands in the page's tables
    for lines in (claims, stored, pruned):
        print("\n".join(lines(runs_of())), end="\n\n")
