"""Numbers of the pages that no result file gives, and what they are."""

KINDS = {
    "setting": "a constant of the code or of a test",
    "data": "a fact of a network, of a data set, or of a library",
    "name": "part of a name or of a definition: 8-bit formats, a bias, a length",
    "formula": "from the definition of a format, or of a method",
    "published": "of a paper or of somebody else's design, with the reference beside it",
    "command": "of one machine, or too long for a test; the command is beside it",
    "compared": "of a table that `test_networks_packaged` compares with its file",
    "trials": "of a search or of trials whose results are not kept",
}

GIVEN: dict[str, list[tuple[str, str]]] = {
    "docs/training.md": [
        ("networks with batches of 64, the transformer with 16 texts of 64 characters", "setting"),
        ("| transformer over characters | `e4m3 -> fp32`, gradients E5M2 | 5.4 |", "command"),
        ("| four convolutions | `e5m2 -> e6m9, chunk 64` | 7.3 |", "command"),
        ("| ResNet-8 | `e4m3 -> fp32`, gradients E5M2 | 5.3 |", "command"),
        ("| ResNet-8 | `e4m3 -> kulisch`, gradients E5M2 | 12 |", "command"),
        ("more than wished for, 4, 3, 1.8 and 3,", "setting"),
        ("FP32 sums run at 16 G a second", "command"),
        ("`--quick` takes 10 steps and two seeds", "setting"),
        ("a checkpoint that is at most 25 steps old", "setting"),
        ("1,197 digits | three convolutions", "setting"),
        ("1,500 images of Fashion-MNIST", "setting"),
        ("8,000 words of the CMU dictionary", "setting"),
        ("800 scenes of two garments", "setting"),
        ("MovieLens-100k", "name"),
        ("U-Net: IoU 78.40 % in FP32, 77.44 % in FP8", "published"),
        ("Fast-SCNN: IoU 72 % in FP32, 77 % in FP8", "published"),
        ("and took 14 minutes of processor time", "command"),
        ("(`16x16:75`: 75 % of the blocks of 16 x 16 become zeros)", "setting"),
        (
            "is 1 % of the loss, but one point of right answers and of IoU, 0.01 of MS-SSIM,",
            "setting",
        ),
        ("and 0.001 of log loss", "setting"),
        ("95 % interval", "setting"),
    ],
    "README.md": [
        ("Python 3.11 or newer", "setting"),
        ("Nangate's 45 nm", "data"),
        ("| | kulisch:12 | e6m9", "name"),
    ],
    "docs/accuracy.md": [
        ("take 3 to 15 minutes on two cores", "command"),
        ("(99.99), of 128 training images or 32 sentences", "setting"),
        ("the best of 29 clipping points", "setting"),
        ("INT8 has 127 steps", "formula"),
        ("formats of 16 bits leave 16 times the range", "setting"),
        ("is at least a factor of 4 above", "setting"),
        ("by more than the factor of 4", "setting"),
        ("(762 against", "command"),
        (
            (
                "`fp8mac accuracy --network minilm --format e4m3b11 --acc fp16 --no-headroom "
                "--samples 60` "
                "has 22.0 dB"
            ),
            "command",
        ),
        ("64-32-10; three convolutions", "data"),
        ("61,000 parameters", "data"),
        ("22.7 million parameters, with outliers of 175 times the rms", "data"),
        ("of width 256, 835,000 parameters", "data"),
        ("at 128 x 128 without its last layer: 49 convolutions, 16 of them depthwise", "data"),
        ("All 10,000 test images", "data"),
        ("took 14 s on two cores", "command"),
        ("from nothing, 106 s", "command"),
        ("8 bits of any kind change a few of 600 answers", "data"),
        ("100 less the phoneme error rate", "formula"),
        (
            (
                "(ELPV, 2,624 photographs), with a linear head that was fitted to float32 features "
                "of 600"
            ),
            "data",
        ),
        ("The first quarter of the questions, 128 at most", "setting"),
        ("a 95 % interval for paired data", "setting"),
        ("(500 of fmnist)", "setting"),
        ("no 8-bit format moves", "name"),
        ("with a percentile of 99.99", "setting"),
        ("4-bit weights that were not trained", "name"),
        ("E5M2 is the one 8-bit format", "name"),
        (
            "sums are 256 long and the state never leaves -1 to 1: partial sums of 32 products",
            "data",
        ),
        ("Weights of 4 bits have none to give", "name"),
        ("Partial sums of 32 to 512 products", "setting"),
        ("sums of 576 are too short", "data"),
        ("and falls at 14", "name"),
        ("### Weights of 4 bits, not trained", "name"),
        ("8-bit activations", "name"),
        ("4 bits of a float are not dearer in accuracy than 4 bits of an integer", "name"),
        ("every 8-bit format stays within its interval", "name"),
        ("three epochs with 20,000 images", "setting"),
        ("took 7 min 20 s on two cores", "command"),
    ],
    "docs/papers.md": [
        ("stored weights of 16 bits", "name"),
        ("the four source papers", "data"),
        ("Times are those of two cores", "command"),
        ("12 guard bits by default, 27 bits for", "compared"),
        ('gates of fifteen units; "50 % to 180 %"', "published"),
        ("106 s", "command"),
        ("7 min 20 s", "command"),
        ("3 to 15 minutes", "command"),
        ("weights of 4 bits", "name"),
        ("up to 175 billion parameters", "published"),
        ("1-5-2", "name"),
        ("sums of 16 bits hurt", "published"),
        ("beyond two cores", "command"),
    ],
    "docs/checking.md": [
        ("64 to 512 states an instruction", "setting"),
        ("Accumulators of more than 16 bits", "setting"),
    ],
    "docs/cost.md": [
        ("its version 2.0 charges", "name"),
        ("ranking where units are 10 % apart", "trials"),
        ("four of its kind (5 tau)", "formula"),
        ("guard bits and -128 add", "name"),
        ("Nangate's 45 nm library", "data"),
        ("about 3 % in gates, 10 % in the area of a fast mapping", "trials"),
        ("They were tried with 60 to 200 random vectors", "published"),
        ("with other names of nets moves by 2 % in gates and by up to 8 % in GE", "trials"),
        ("added in fixed point with 12 guard bits", "name"),
        (
            (
                "`int8s`, without -128: the paper gives it 27 bits of fixed point with 12 bits of "
                "headroom"
            ),
            "published",
        ),
        (
            (
                "--limit 60`, found no netlist with fewer than the 760 gates, and 735 GE in place "
                "of 743"
            ),
            "trials",
        ),
        ("halved until fewer than 0.1 % of the sums", "setting"),
        ("above 1 % a line below the table", "setting"),
        ("full adders of 7 gates", "formula"),
        ("INT8 in 27 bits of fixed point", "published"),
        (
            "a product of INT8 has 15 bits with its sign, and a significand of FP16 has 12",
            "formula",
        ),
    ],
    "docs/machine.md": [
        ("ISSCC 2014, for 45 nm at 0.9 V: 64 bits from a cache", "published"),
        ("a cache of 8 KB, 32 KB and 1 MB take 10, 20 and 100 pJ,", "published"),
        ("from DRAM 1.3 to 2.6 nJ", "published"),
    ],
    "docs/store.md": [
        ("0.01 is a point", "formula"),
        ("its paired interval at 95 %", "setting"),
        ("a `loss` of 0.005 is half a point", "formula"),
    ],
    "docs/report.md": [
        ("Bars are paired 95 % intervals", "setting"),
        ("With 2,000 points a change of a filter takes a quarter to half a second", "command"),
    ],
    "docs/decide.md": [
        ("as soon as 3.5 standard errors say", "setting"),
        ("100,000 are read and drawn in three formats in less than 3 s", "command"),
        ("for roundings, p + log2(n) / 2 bits", "formula"),
        ("it took 34 minutes on two busy cores, 12 of processor time", "command"),
        ("*upper* bound of loss (95 %)", "setting"),
        ("(AND, OR and their inverses 1, XOR 3, flip-flop 6)", "formula"),
        ("paired 95 % interval", "setting"),
        ("farther below the best than 4 points", "setting"),
        ("over 34 octaves in steps of 1/64 octave", "setting"),
        ("(With steps of 1/8 octave, E4 on uniform data loses 0.05 bit:", "trials"),
        ("a test holds 0.12 bit", "setting"),
        ("The gain of pairs over single products, 3 in that table", "published"),
        ("chunks of 64 gain more", "name"),
    ],
    "docs/formats.md": [
        ("with 8 random bits a step, `:sr=N` with N, 1 to 26", "setting"),
        ("any integer from -512 to 512", "setting"),
    ],
    "docs/gemm.md": [
        ("1,024 x 512 x 512 products", "command"),
        ("75 % of the blocks of 8 x 8 are zeros", "setting"),
        ("take 1.6 (`e4m3 -> fp32`) to 1.9 times", "command"),
        ("`fp16:sr` with 8 random bits or", "setting"),
        ("With 8 bits what is below 1/256 of an ulp is lost", "formula"),
        ("Lanes whose products span more than about 100 bits", "formula"),
    ],
    "docs/fpga.md": [("the router of nextpnr 0.4", "data")],
    "docs/silicon.md": [
        ("`window 14` keeps 14 bits", "formula"),
        ("or 16 neighbours, are summed apart", "formula"),
        ("The public models give it -126", "published"),
        ("F = 8 to 40 bits below the largest exponent, 1 to 64 lanes", "setting"),
        ("sums of 256 to 4,096 products, a network", "setting"),
        ("Random e4m3 numbers, 32 lanes", "setting"),
        ("K = 1536, against exact sums", "setting"),
        ("Promotion every 128 products", "setting"),
        ("an accumulator of 13 bits stops growing", "formula"),
        ("at most between none and 6", "setting"),
        ("at 4, 8, 16 and 32 lanes", "setting"),
        ("add 16 products exactly", "formula"),
        ("Nangate's 45 nm", "data"),
        ("| `h100-fp8-e4m3`, 32 lanes | 21360 | 2.03 |", "command"),
        ("| `h100-fp8-e5m2`, 32 lanes | 23742 | 2.09 |", "command"),
        ("| `ada-fp8-e4m3`, 16 lanes | 11300 | 1.84 |", "command"),
        ("| `e4m3 x 4 -> fp32, window 26` | 6693 | 1.70 |", "command"),
        ("| `e4m3 x 2 -> fp16`, exact | 4909 | 1.36 |", "command"),
        ("| `b200-mxfp4`, 64 lanes | 18586 | 3.19 |", "command"),
        ("| `b200-mxfp8-e4m3`, 32 lanes | 27287 | 3.68 |", "command"),
        ("| `mxfp4 x 32 -> fp32`, exact | 12264 | 3.57 |", "command"),
        ("| `mxfp8 x 32 -> fp32`, exact | 33424 | 4.34 |", "command"),
        (
            "`mxfp4 x 32 -> fp32` is 6636 GE, `mxfp8 x 32 -> fp32` 21567 and `b200-mxfp4` 12415",
            "command",
        ),
    ],
    "docs/proofs.md": [
        ("each of the 256 codes", "formula"),
        ("Operands of a lane have at most 20 bits together", "setting"),
        ("every 8-bit operand", "name"),
        ("and exit code 2", "setting"),
    ],
}
"""By page: a passage, and what its numbers are."""

SECTIONS: dict[str, dict[str, str]] = {
    "docs/accuracy.md": {"### Models inside packages": "compared"},
    "docs/architecture.md": {"## What is checked": "setting"},
    "docs/cost.md": {"### Units of measurement": "formula", "### The closed form": "formula"},
    "docs/formats.md": {
        "## Blocks that share a scale": "formula",
        "## Special cases": "formula",
    },
    "docs/gemm.md": {
        "## How it is computed": "formula",
        "## What is checked": "setting",
        "## How fast": "command",
    },
}
"""By page: a section whose numbers are all of one kind."""
