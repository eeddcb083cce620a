"""Passages of docs/training.md, with the numbers of the study of training."""

from doc_numbers import table

from fp8mac.synth_reports.experiments.training.differences import compare, verdict
from fp8mac.synth_reports.experiments.training.runs import TrainingRun
from fp8mac.synth_reports.experiments.training.ways import CLAIMS

UNITS = {"digits": "nats", "fashion": "nats", "text": "bits a character"}


def study() -> list[str]:
    runs = [
        TrainingRun(
            *(row["task"], row["way"], int(row["seed"]), int(row["steps"]), row["measure"]),
            *(float(row["loss"]), float(row["accuracy"])),
            *([], {}, {}),
        )
        for row in table("training")
    ]
    assert {run.measure for run in runs if run.task == "text"} <= {"bits a character"}
    passages = []
    for claim in CLAIMS:
        for task in claim.tasks:
            found = compare(runs, task, claim.first, claim.second)
            if found is not None:
                passages.append(
                    f"| {claim.text} | {claim.first} less {claim.second}, {task} | "
                    f"{found.mean:+.4f} ± {found.half:.4f} {UNITS[task]}, of "
                    f"{found.reference:.4f} | {verdict(claim, found)} |"
                )
    assert len(passages) > 8
    for way in ("fp16", "bf16", "bf16:sr", "bf16:rtz", "1-6-9", "1-6-9:sr"):
        found = compare(runs, "digits", f"weights {way}", "float32")
        assert found is not None
        passages.append(f"| weights {way} | {found.mean:+.4f} ± {found.half:.4f} nats |")
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
    seeds = {row["seed"] for row in table("training")}
    return [
        *passages,
        f"up to {lost['unscaled']:.0f} % of a layer's gradients become zero",
        f"{min(swamped):.0f} to {max(swamped):.0f} % of the products are swamped",
        f"over {len(seeds)} seeds",
    ]
