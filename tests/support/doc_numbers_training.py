"""Passages of docs/accuracy.md on sums, scales and training, with the numbers of the results."""

from math import ceil

from doc_numbers import ACCURACY, NETWORKS, bound, ends, positive, run, sums, whole


def lengths() -> list[str]:
    signed = [sums("fp16", "signed", terms)["sqnr_db"] for terms in (32, 8192)]
    one = {acc: sums(acc, "one sign", 8192) for acc in ("fp16", "bf16")}
    assert float(one["bf16"]["swamped_share"]) > 0.8
    per_doubling = (float(signed[0]) - float(signed[1])) / 8
    fp16, bf16 = (whole(each["sqnr_db"]) for each in one.values())
    return [
        (
            f"FP16 keeps {whole(signed[0])} dB over 32 products and {whole(signed[1])} dB over "
            f"8,192 if "
            f"signs cancel, which is {per_doubling:.0f} dB for each doubling"
        ),
        f"it keeps {fp16} dB, and BF16 {bf16} dB with more than four fifths",
        f"Noise of {whole(signed[1])} dB is far below that of any 8-bit format, {fp16} dB is not",
    ]


def casting() -> list[str]:
    def cast(network: str, a: str, calibration: str = "none", residual: str = "fp32") -> float:
        where = {"calibration": calibration, "residual_format": residual}
        return run(network, a, experiment="cast", **where).sqnr

    def biases(network: str, first: int, last: int, residual: str = "") -> list[float]:
        names = ("e4m3" if bias == 7 else f"e4m3b{bias}" for bias in range(first, last + 1, 2))
        return [cast(network, name, residual=(residual and name) or "fp32") for name in names]

    def spread(numbers: list[float]) -> str:
        return bound([max(numbers) - min(numbers)])

    fmnist = biases("fmnist", 4, 12)
    assert cast("fmnist", "e4m3b14") < min(fmnist) - 3
    fractions = [
        run(
            "fmnist",
            a,
            experiment="calibration",
            calibration="mse",
            w_scale="channel",
            power_of_two=p,
        )
        for p in "01"
        for a in ("e4m3", "e5m2", "e3m4", "e2m5")
    ]
    hurt = [two.sqnr - one.sqnr for one, two in zip(fractions[1:4], fractions[5:], strict=True)]
    below = cast("fmnist", "e4m3", "mse") - cast("fmnist", "e4m3")
    assert abs(below - (fractions[0].sqnr - fractions[4].sqnr)) < 0.1
    plateau = biases("minilm", 6, 10)
    top = max(plateau)
    rounded = max(biases("minilm", 6, 10, "yes"))
    g2p = biases("g2p", 6, 14)
    four = {
        name: [run(name, "e4m3", experiment="w4a8", w_format=w).sqnr for w in ("int4", "e2m1")]
        for name in NETWORKS.split()
        if name != "efficientnet"
    }
    better = {name: e2m1 - int4 for name, (int4, e2m1) in four.items()}
    worse = -better.pop("digits_mlp")
    assert worse > 0
    lost = [run(name, "int8", experiment="w4a8", w_format="int4") for name in ("g2p", "fmnist")]
    return [
        f"E4M3 is within {spread(fmnist)} dB from bias 4 to 12",
        f"It is {below:.0f} dB below scaled E4M3",
        f"the same fraction can hurt, by up to {max(hurt):.0f} dB",
        (
            f"MiniLM ({run('minilm', 'e4m3b8', experiment='cast', residual_format='fp32').samples} "
            "pairs)"
        ),
        f"E4M3 keeps {cast('minilm', 'e4m3'):.1f} dB of its {cast('minilm', 'e4m3', 'mse'):.1f}",
        (
            f"E3M4 falls from {cast('minilm', 'e3m4', 'mse'):.1f} to "
            f"{cast('minilm', 'e3m4'):.1f} and "
            f"E2M5 from {cast('minilm', 'e2m5', 'mse'):.1f} to {cast('minilm', 'e2m5'):.1f}"
        ),
        (
            f"cast E4M3 is within {ceil(top - min(plateau)):d} dB of its best from bias 6 to "
            f"10, and "
            f"{top - cast('minilm', 'e4m3b12'):.0f} dB below it at 12"
        ),
        f"it is {rounded - cast('minilm', 'e4m3b12', residual='e4m3b12'):.0f} dB below at 12",
        (
            f"E3M4 is the best format of the products, {cast('minilm', 'e3m4', 'mse'):.1f} dB, but "
            f"with residuals E4M3 is, {cast('minilm', 'e4m3', 'mse', 'e4m3'):.1f} against "
            f"{cast('minilm', 'e3m4', 'mse', 'e3m4'):.1f} dB, and E2M5 has "
            f"{cast('minilm', 'e2m5', 'mse', 'e2m5'):.1f}"
        ),
        (
            f"E4M3 needs no scale at all, {cast('g2p', 'e4m3'):.1f} dB cast and "
            f"{cast('g2p', 'e4m3', 'mse'):.1f} dB scaled, within {spread(g2p)} dB from bias 6 to 14"
        ),
        (
            f"the recurrent network loses {-lost[0].difference:.1f} points of phonemes"
            f"{lost[0].ends}, Fashion-MNIST {-lost[1].difference:.1f} of images"
        ),
        (
            f"E2M1 weights are {ends(better.values())} dB better than INT4, but for the dense "
            f"digits "
            f"network, where they are {worse:.1f} dB worse"
        ),
    ]


def training() -> list[str]:
    def trained(a: str, network: str = "fmnist", w: str | None = None, after: bool = True):
        w = w or a
        where = {"w_format": w, "trained": f"{a},{w}" if after else ""}
        return run(network, a, experiment="qat", **where)

    before, after = (trained("int8", "digits_cnn", "int4", each) for each in (False, True))
    int8, e2m5, e4m3, e3m4 = (trained(a) for a in ("int8", "e2m5", "e4m3", "e3m4"))
    sides = [(each.high - each.low) / 2 for each in (int8, e2m5, e4m3)]
    plain, four, fours = (
        trained("e4m3", after=False),
        trained("int8", w="int4", after=False),
        trained("int8", w="int4"),
    )
    rows = [row for row in ACCURACY["fmnist"] if row["experiment"] == "qat"]
    keys = ("a_format", "w_format", "trained")
    exact = {
        tuple(r[k] for k in keys): float(r["difference"])
        for r in rows
        if r["accumulator"] == "kulisch"
    }
    moved = [abs(float(r["difference"]) - exact[tuple(r[k] for k in keys)]) * 100 for r in rows]
    turned = [
        run("fmnist", a, experiment="convert", trained=f"{b},{b}")
        for a, b in (("int8", "e4m3"), ("e4m3", "int8"))
    ]
    return [
        (
            f"W4A8 can: {before.difference:.2f} points ({positive(before.low)} to "
            f"{positive(before.high)}) becomes {after.difference + 0.0:.2f} ({after.low:.1f} to "
            f"{after.high:+.1f}) with training"
        ),
        f"{int8.samples:,} questions, can tell them apart",
        (
            f"({int8.difference:+.2f}, {e2m5.difference:+.2f} and {e4m3.difference:+.2f} points, "
            f"intervals of {bound(sides)} to either side); E4M3 had lost "
            f"{-plain.difference:.2f}{plain.ends}"
        ),
        f"E3M4 gains nothing, {e3m4.difference:.2f}{e3m4.ends}",
        (
            f"INT4 weights cost {-four.difference:.1f} points{four.ends}, and "
            f"{-fours.difference:.1f}{fours.ends} after training"
        ),
        f"FP16 and BF16 are within {bound(moved)} points of exact sums in every row",
        f"Fashion-MNIST loses {-turned[0].difference:.2f} points{turned[0].ends}",
        f"the other way round {-turned[1].difference:.2f}{turned[1].ends}",
    ]
