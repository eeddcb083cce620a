"""Passages of docs/accuracy.md whose numbers are those of the result files."""

from doc_numbers import (
    ACCURACY,
    EIGHT_BITS,
    NETWORKS,
    bound,
    db_range,
    ends,
    gap,
    gates,
    order,
    run,
    table,
)
from doc_numbers_training import casting, lengths, training

from fp8mac.hw.config.formats import parse_format
from fp8mac.synth_reports.experiments.accuracy.published import PTQ
from fp8mac.synth_reports.experiments.accuracy.text import delta

OTHERS = [name for name in NETWORKS.split() if name != "g2p"]
FP8 = EIGHT_BITS[1:]


def networks() -> list[str]:
    mlp, cnn, fmnist, minilm, simlex, sentiment, g2p, words, efficient = (
        run(name, "e4m3") for name in [*NETWORKS.split()[:7], "g2p_words", "efficientnet"]
    )
    whole_set = run("fmnist", "e4m3", experiment="qat", trained="")
    return [
        f"{100 * mlp.reference:.1f} %, {100 * cnn.reference:.1f} % of {mlp.samples}",
        (
            f"{100 * whole_set.reference:.1f} % of {whole_set.samples:,}; "
            f"{100 * fmnist.reference:.1f} % of the {fmnist.samples:,} that are embedded"
        ),
        f"{minilm.reference:.3f} rank correlation, WordSim-{minilm.samples}",
        (
            f"{simlex.reference:.3f}; {100 * sentiment.reference:.1f} % of {sentiment.samples}, "
            "a linear head"
        ),
        (
            f"{100 - 100 * g2p.reference:.1f} % phoneme errors, {100 * words.reference:.1f} % of "
            f"words, of {g2p.samples:,}"
        ),
        f"{100 * efficient.reference:.0f} % of {efficient.samples} photographs",
    ]


def method() -> list[str]:
    e4m3, fp16 = (float(parse_format(name).max) for name in ("e4m3", "fp16"))
    return [
        f"products of up to {e4m3:.0f} x {e4m3:.0f}, and FP16 ends at {fp16:,.0f}",
        f"against {gates('e4m3', 'fp16')} for `make synth FORMAT=e4m3b11 ACC=fp16`",
    ]


def certificates() -> list[str]:
    """What docs/accuracy.md says of the longest sums of a network."""
    rows = table("bounds")

    def percent(name: str, column: str) -> float:
        longest = max(
            (row for row in rows if row["name"] == name), key=lambda row: int(row["terms"])
        )
        return 100 * float(longest[column])

    assert len({row["name"] for row in rows}) == 8
    hopper = [row for row in rows if row["name"] == "h100-fp8"]
    bits, window = (max(int(row[key]) for row in hopper) for key in ("sum_bits", "window_bits"))
    seen, measured = (percent("h100-fp8", f"{key}_error") for key in ("seen", "measured"))
    return [
        f"Of its longest sums, {max(int(row['terms']) for row in rows)} products, those",
        f"within {seen:.1f} % of the largest exact one, and were seen {measured:.3f} % away",
        f"b200-fp8's within {percent('b200-fp8', 'seen_error'):.5f} %.",
        f"beyond {bits} bits, and a window of {window} would cut nothing.",
    ]


def units_of_silicon() -> list[str]:
    """Networks on units of real silicon, beside exact sums of the same operands."""
    found = {
        name: [row for row in ACCURACY[name] if row["experiment"] == "silicon"]
        for name in ("digits_mlp", "digits_cnn", "fmnist")
    }
    moved = 0.0
    for rows in found.values():
        *units, exact = rows
        assert len(units) == 7
        same = [row for row in units if row["a_format"] == exact["a_format"]]
        assert len(same) == 6
        for row in same:
            moved = max(moved, abs(float(row["sqnr_db"]) - float(exact["sqnr_db"])))
            keys = ("difference", "difference_low", "difference_high")
            assert [row[key] for key in keys] == [exact[key] for key in keys]
    exact = found["fmnist"][-1]
    (mi300,) = (row for row in found["fmnist"] if row["a_format"] == "e4m3fnuz")
    points = [delta({key: _numeric(row[key]) for key in row}) for row in (mi300, exact)]
    db = [float(row["sqnr_db"]) for row in (mi300, exact)]
    return [
        "with sums of up to 576 products, no unit",
        f"SQNR differs by {moved:.2f} dB at most, and every interval is the same.",
        f"Fashion-MNIST has {db[0]:.1f} dB in place of {db[1]:.1f}, and {points[0]} points in",
        f"in place of {points[1]}, of {exact['samples']} questions.",
    ]


def _numeric(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def orders() -> list[str]:
    assert order("fmnist") == order("digits_mlp") == order("g2p") == order("efficientnet")
    assert order("digits_cnn").startswith("INT8")
    assert order("minilm") == order("minilm_sentiment") == order("minilm_simlex")
    fmnist = {a: run("fmnist", a) for a in EIGHT_BITS}
    minilm = [abs(run("minilm", a).difference) for a in EIGHT_BITS]
    others = [
        abs(run(name, a).difference)
        for name in ("minilm_simlex", "minilm_sentiment")
        for a in EIGHT_BITS
    ]
    g2p, words = ([run(name, a) for a in ("e4m3", "e5m2")] for name in ("g2p", "g2p_words"))
    least = bound(-fmnist[a].difference for a in EIGHT_BITS if a != "e5m2")
    return [
        f"By SQNR with exact sums: Fashion-MNIST and the dense digits network {order('fmnist')}",
        f"costs Fashion-MNIST {fmnist['e5m2'].loss}, everything else at most {least} points",
        f"MiniLM (WordSim-353): {order('minilm')}, {db_range('minilm')}.",
        f"correlation moves by {max(minilm):.0f} points at most with exact sums",
        f"({run('minilm_sentiment', 'int8').samples} of UCI's, a linear head)",
        f"moves their metrics by more than {bound(others)} points",
        (
            f"({run('g2p', 'int8').samples:,} words) is of the first kind: {order('g2p')}, "
            f"{db_range('g2p')}."
        ),
        (
            f"E4M3 costs {-g2p[0].difference:.1f} points of phonemes{g2p[0].ends} and E5M2 "
            f"{-g2p[1].difference:.1f}{g2p[1].ends}, of whole words {-words[0].difference:.1f}"
            f"{words[0].ends} and {-words[1].difference:.1f}{words[1].ends}"
        ),
        (
            f"two mantissa bits cost MiniLM "
            f"{run('minilm', 'e3m4').sqnr - run('minilm', 'e5m2').sqnr:.0f} dB against E3M4"
        ),
    ]


def efficientnet() -> list[str]:
    runs = {a: run("efficientnet", a) for a in EIGHT_BITS}
    assert runs["e2m5"].agreement == runs["int8"].agreement
    sides = [(each.high - each.low) / 2 for each in runs.values()]
    by_scale = {
        (a, how): run("efficientnet", a, experiment="calibration", **scale)
        for a in ("int8", "e2m5")
        for how, scale in {
            "max": {"calibration": "max"},
            "mse": {"calibration": "mse", "w_scale": "channel", "power_of_two": "0"},
            "percentile": {"calibration": "percentile"},
        }.items()
    }
    assert all(by_scale[a, "percentile"].sqnr < 1 for a in ("int8", "e2m5"))
    published = PTQ["EfficientNet-B0"][1]
    assert published is not None
    four = [float(r["sqnr_db"]) for r in ACCURACY["efficientnet"] if r["experiment"] == "w4a8"]
    return [
        (
            f"EfficientNet-Lite0 ({runs['int8'].samples} photographs) is the noisiest: "
            f"{order('efficientnet')}, {db_range('efficientnet')}."
        ),
        (
            f"with float32 in {runs['int8'].agreement:.0f} % of answers, E5M2 in "
            f"{runs['e5m2'].agreement:.0f} %"
        ),
        f"the intervals of accuracy, {ends(sides, 0)} points to either side",
        (
            f"({by_scale['int8', 'max'].samples} photographs): INT8 has "
            f"{by_scale['int8', 'max'].sqnr:.1f} dB with the maximum, "
            f"{by_scale['int8', 'mse'].sqnr:.1f} with the least square error"
        ),
        f"E2M5 {by_scale['e2m5', 'max'].sqnr:.1f}, {by_scale['e2m5', 'mse'].sqnr:.1f} and nothing",
        f"leave no signal at all ({ends(four)} dB)",
        f"The paper's EfficientNet-B0 loses {-published:.2f} points in INT8",
    ]


def accumulators() -> list[str]:
    every = NETWORKS.split()
    assert all(
        abs(run(name, a).sqnr - run(name, a, "fp32").sqnr) < 0.05
        for name in every
        for a in EIGHT_BITS
    )
    for name in ("fmnist", "minilm", "g2p"):
        for a in ("e4m3", "e5m2"):
            bare = run(name, a, "fp16", "headroom", headroom="0")
            assert bare.broken == bare.samples
    fp16 = [gap(name, a, "fp16") for name in every for a in FP8 if (name, a) != ("g2p", "e2m5")]
    int8 = [gap(name, "int8", "fp16") for name in ("digits_mlp", "digits_cnn", "fmnist")]
    coarse = [gap(name, a, "bf16") for name in OTHERS for a in ("e4m3", "e5m2")]
    fine = [gap(name, a, "bf16") for name in OTHERS for a in ("int8", "e2m5", "e3m4")]
    e6m9 = [gap(name, a, "e6m9") for name in OTHERS for a in EIGHT_BITS]
    recurrent = {a: gap("g2p", a, "bf16") for a in EIGHT_BITS}
    costs = [-run("g2p", a, "bf16").difference for a in ("int8", "e2m5", "e3m4")]
    chunked = run("g2p", "e4m3", "bf16", "partial_sums", chunk="32")
    exact = run("g2p", "e4m3", experiment="cast", calibration="mse")
    minilm = {(a, acc): gap("minilm", a, acc) for a in FP8 for acc in ("fp16", "e6m9", "bf16")}
    e3m4 = [gap(name, "e3m4", acc) for name in every for acc in ("fp16", "e6m9")]
    shared = [
        [run("g2p", "e4m3", acc, "w4a8", w_format=w).sqnr for acc in ("kulisch", "fp16")]
        for w in ("int4", "e2m1")
    ]
    assert all(abs(one - other) < 0.05 for one, other in shared)
    bits = [
        run("minilm", "e4m3", "bf16", "partial_sums", chunk=chunk).sqnr for chunk in ("128", "0")
    ]
    lost = run("minilm", "e4m3", experiment="cast", calibration="mse", residual_format="fp32").sqnr
    fmnist = [
        run("fmnist", "e4m3", acc, "partial_sums", chunk=chunk).sqnr
        for acc in ("fp16", "e6m9", "bf16")
        for chunk in ("32", "512", "0")
    ]
    assert max(fmnist) - min(fmnist) < 0.4
    return [
        (
            f"An FP16 accumulator costs the four FP8 formats at most {bound(fp16)} dB, and E2M5 "
            f"{gap('g2p', 'e2m5', 'fp16'):.1f} dB on the recurrent network"
        ),
        (
            f"gives room in bits: {gap('minilm', 'int8', 'fp16'):.1f} dB on MiniLM, "
            f"{ends(int8, 0)} on digits and Fashion-MNIST, {gap('g2p', 'int8', 'fp16'):.1f} of its "
            f"{run('g2p', 'int8').sqnr:.1f} on the recurrent network, which costs it "
            f"{-run('g2p', 'int8', 'fp16').difference:.1f} points of phonemes"
        ),
        (
            f"8 bits of precision: {ends(coarse)} dB for E4M3 and E5M2, up to {max(fine):.1f} "
            f"dB for "
            "INT8, E2M5 and E3M4"
        ),
        (
            f"1-6-9 lies between, at {bound(e6m9)} dB or less, but for the recurrent network, "
            f"where it "
            f"takes {gap('g2p', 'e2m5', 'e6m9'):.1f} dB from E2M5 and "
            f"{gap('g2p', 'int8', 'e6m9'):.1f} dB from INT8"
        ),
        (
            f"BF16 takes {recurrent['e2m5']:.0f} dB from E2M5, {recurrent['int8']:.1f} dB from "
            f"INT8 "
            f"and {recurrent['e3m4']:.0f} dB from E3M4"
        ),
        f"phonemes then cost {ends(costs)} points",
        f"give E4M3 back all but {exact.sqnr - chunked.sqnr:.1f} of the {recurrent['e4m3']:.1f} dB",
        (
            f"On MiniLM, FP16 costs E4M3 and E5M2 "
            f"{bound([minilm['e4m3', 'fp16'], minilm['e5m2', 'fp16']])} dB at most, and 1-6-9 "
            f"{bound(minilm[a, 'e6m9'] for a in FP8)} dB; BF16 costs E4M3 "
            f"{minilm['e4m3', 'bf16']:.1f} and E3M4 {minilm['e3m4', 'bf16']:.1f} dB"
        ),
        f"E3M4 into 1-6-9 or FP16 stays within {bound(e3m4)} dB of exact sums",
        f"(recurrent network: {shared[0][0]:.1f} and {shared[1][0]:.1f} dB in both)",
        (
            f"On MiniLM sums of 128 give BF16 back {bits[0] - bits[1]:.1f} of the "
            f"{lost - bits[1]:.1f} dB that it takes from E4M3"
        ),
    ]


def accuracy() -> list[str]:
    """All of them."""
    parts = (networks, method, orders, efficientnet, accumulators, lengths, casting, training)
    parts += (certificates, units_of_silicon)
    return [passage for part in parts for passage in part()]
