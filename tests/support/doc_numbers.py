"""Where the numbers of README.md and docs/*.md come from.

`measured` holds passages with the numbers that the result files give; a passage has to stand in its
page, word for word but for line breaks. `GIVEN` holds passages whose numbers no file gives, by what
they are; `SECTIONS` does the same for whole sections. `fp8mac accuracy` and the other commands
change the files, `tests/test_docs_numbers.py` says which passages no longer fit.
"""

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from fp8mac.hw.config.accumulators import MOST_RANDOM_BITS, FloatAccConfig
from fp8mac.hw.config.blocks import BLOCK_FORMATS
from fp8mac.hw.config.formats import FloatFormat, Rounding, parse_format
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost.operands import Operands, draw
from fp8mac.synth_reports.cost.stimuli import Stimuli

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "synth_reports" / "results"
README = (ROOT / "README.md").read_text(encoding="utf-8")
EIGHT_BITS = "int8 e2m5 e3m4 e4m3 e5m2".split()
RANDOM_BITS = FloatAccConfig(parse_format("fp16"), Rounding.STOCHASTIC).random_bits or 0
NETWORKS = "digits_mlp digits_cnn fmnist minilm minilm_simlex minilm_sentiment g2p efficientnet"


def table(name: str) -> list[dict[str, str]]:
    """Lines of a csv file in the results."""
    with open(RESULTS / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


ACCURACY = {
    path.stem: table(f"accuracy/{path.stem}")
    for path in (RESULTS / "accuracy").glob("*.csv")
    if path.stem not in ("packaged", "sum_length")
}
GRID = {(row["unit"], row["shape"]): row for row in table("grid")}


@dataclass(frozen=True)
class Run:
    """A network on a unit: dB, points, per cent."""

    sqnr: float
    difference: float
    low: float
    high: float
    agreement: float
    samples: int
    reference: float
    broken: int

    @property
    def loss(self) -> str:
        """Loss of points, with its interval."""
        return f"{-self.difference:.1f} points{self.ends}"

    @property
    def ends(self) -> str:
        """Its interval."""
        return f" ({positive(-self.high)} to {positive(-self.low)})"


def positive(number: float) -> str:
    """One digit; no -0.0."""
    return f"{round(number, 1) + 0.0:.1f}"


def run(
    network: str, a: str, acc: str = "kulisch", experiment: str = "formats", **where: str
) -> Run:
    """The only row of an experiment, with further columns in ``where``."""
    wanted = {"experiment": experiment, "a_format": a, "w_format": a, "accumulator": acc} | where
    rows = [row for row in ACCURACY[network] if row.items() >= wanted.items()]
    rows = list({tuple(row.items()): row for row in rows}.values())
    assert len(rows) == 1, (network, wanted, len(rows))
    points = (100 * float(rows[0][f"difference{end}"]) for end in ("", "_low", "_high"))
    return Run(
        float(rows[0]["sqnr_db"] or "nan"),
        *points,
        100 * float(rows[0]["agreement"]),
        int(rows[0]["samples"]),
        float(rows[0]["reference"]),
        int(rows[0]["broken"]),
    )


def gap(network: str, a: str, acc: str) -> float:
    """What an accumulator costs, in dB: at least 0."""
    return max(0.0, run(network, a).sqnr - run(network, a, acc).sqnr)


def order(network: str, acc: str = "kulisch") -> str:
    """Formats by SQNR, the best first."""
    ranked = sorted(EIGHT_BITS, key=lambda a: -run(network, a, acc).sqnr)
    return " > ".join(name.upper() for name in ranked)


def db_range(network: str) -> str:
    """Largest and smallest SQNR with exact sums."""
    numbers = [run(network, a).sqnr for a in EIGHT_BITS]
    return f"from {max(numbers):.1f} to {min(numbers):.1f} dB"


def ends(numbers: Iterable[float], digits: int = 1) -> str:
    """Smallest to largest."""
    found = sorted(numbers)
    return f"{found[0]:.{digits}f} to {found[-1]:.{digits}f}"


def bound(numbers: Iterable[float]) -> str:
    """A tenth that none of them exceeds."""
    return f"{ceil(max(numbers) * 10 - 1e-9) / 10:.1f}"


def gates(a: str, acc: str, shape: str = "core") -> int:
    """Two-input gates in the grid."""
    return int(GRID[parse_unit(a, acc=acc).slug, shape]["two_input_gates"])


def sums(acc: str, signs: str, terms: int) -> dict[str, str]:
    """A line of accuracy/sum_length.csv, e4m3 products."""
    return next(
        row
        for row in table("accuracy/sum_length")
        if (row["format"], row["accumulator"], row["signs"], row["terms"])
        == ("e4m3", acc, signs, str(terms))
    )


def whole(text: str) -> str:
    """A decibel of a table, rounded."""
    return f"{float(text):.0f}"


def headroom(a: str) -> str:
    """What both operands are divided by while energy is measured in FP16."""
    stimuli, unit = Stimuli(), parse_unit(a, acc="fp16")
    kind = Operands(stimuli.operands)
    rooms = draw(unit, kind, stimuli.cycles, stimuli.clear_every).headroom
    assert rooms[0] == rooms[1]
    return f"{rooms[0]:g}"


def readme() -> list[str]:
    row = GRID["mac_int8_int8_int32", "core"]
    lines = (RESULTS / "grid.md").read_text(encoding="utf-8").splitlines()
    cells = [" ".join(line.split()) for line in lines if line.startswith(("| int8", "| e"))]
    assert len(cells) == 9
    return [
        f"the ratio to int8 in int32 ({row['two_input_gates']} gates)",
        (
            f"flow `area` ({row['flow_sha256'][:8]}), Yosys {row['yosys']}, {row['abc']}, "
            f"Amaranth {row['amaranth']}."
        ),
        *cells,
    ]


def largest(name: str) -> str:
    """The largest number of a format."""
    return f"{float(parse_format(name).max):g}"


def formats() -> list[str]:
    negative, plain = parse_format("e4m3b-5"), parse_format("e4m3")
    assert isinstance(negative, FloatFormat)
    times = negative.min_subnormal / plain.min_subnormal
    assert negative.min_subnormal == 2**3
    return [
        f"`e4m3b-5` has only numbers from `2^3` on, {times} times those of `e4m3`",
        f"`fn`: largest number {largest('e4m3')}",
        f"IEEE specials: {largest('e5m2')} |",
        f"IEEE specials: {largest('e3m4')} (",
        f"`fn`: {largest('e2m5')};",
        f"`e4m3ieee` ends at {largest('e4m3ieee')}",
        f"with {RANDOM_BITS} random bits a step, `:sr=N` with N, 1 to {MOST_RANDOM_BITS}",
        *(
            f"`{name}` | {each.element.name.upper()} | {each.block.size} |"
            f" {each.block.scale.value.upper()}"
            for name, each in BLOCK_FORMATS.items()
            if name in ("mxfp4", "nvfp4")
        ),
        f"saturate at {largest('e4m3')} |",
        f"`peak of the tensor / ({largest('e4m3')} * {largest('e2m1')})`",
    ]


def gemm() -> list[str]:
    return [
        f"`fp16:sr` with {RANDOM_BITS} random bits or `fp16:sr=N`",
        f"With {RANDOM_BITS} bits what is below 1/{2**RANDOM_BITS} of an ulp is lost.",
    ]


def cost() -> list[str]:
    e4m3 = GRID["mac_e4m3_e4m3_fp16", "core"]
    figure = table("figure3")
    core = {row["unit"]: float(row["core_and_flip_flops_deviation_percent"]) for row in figure}
    below = [-deviation for deviation in core.values() if deviation < 0]
    int8 = next(row for row in figure if row["unit"] == "mac_int8s_int8s_kulisch12")
    above = int(int8["core_and_flip_flops_gates"]) - float(int8["published_total_gates"])
    units = sum(float(row["unit_deviation_percent"]) < 0 for row in figure)
    words = {9: "Nine", 10: "Ten"}
    stimuli = Stimuli()
    sta = [
        {key: float(row[key]) for key in row if key[-2:] in ("ns", "pj")} for row in table("sta")
    ]
    slower = [100 * (row["sta_ns"] / row["abc_ns"] - 1) for row in sta]
    wired = [100 * (row["sta_wired_ns"] / row["abc_ns"] - 1) for row in sta]
    charged = [100 * (row["sta_switching_pj"] / row["switching_pj"] - 1) for row in sta]
    inside = [row["sta_internal_pj"] / row["internal_pj"] for row in sta]
    parts = {
        part: int(re.search(rf"^ +{part} +(\d+) ", README, re.M)[1])  # pyright: ignore
        for part in ("multiplier", "align and add", "normalise and round")
    }
    return [
        f"puts the {len(figure)} units of [arXiv",
        f"![Gates of {len(figure)} units]",
        (
            f"FPnew's and HardFloat's E4M3 has infinities and ends at {largest('e4m3ieee')}, where "
            f"OCP's ends at {largest('e4m3')}"
        ),
        (
            f"{stimuli.cycles:,} cycles by default (`--cycles`), `clear` every "
            f"{stimuli.clear_every} "
            "products"
        ),
        (
            f"Of the {e4m3['two_input_gates']} gates of e4m3 in fp16 (flow `area`), "
            f"{parts['multiplier']} multiply, {parts['align and add']} align and add, "
            f"{parts['normalise and round']} normalise and round"
        ),
        (
            f"E4M3 into FP16 divides both operands by {headroom('e4m3')}, E5M2 into FP16 by "
            f"{headroom('e5m2')}, of normal numbers."
        ),
        f"The core with flip-flops is below {len(below)} of {len(figure)} bars, by {ends(below)} %",
        f"`int8s` in fixed point is {above:.0f} gates, {core[int8['unit']]:.1f} %, above.",
        f"{words[units]} registered units are below their bars too.",
        f"finds those of {words[len(sta)].lower()} registered units {ends(slower, 0)} % longer",
        f"has by default, {ends(wired, 0)} %.",
        (
            f"Its energies that charge nets are {ends(charged, 0)} % above ours. Those inside of "
            f"cells are {ends(inside)} times ours"
        ),
    ]


def proofs() -> list[str]:
    facts = json.loads((RESULTS / "proofs.json").read_text(encoding="utf-8"))
    records = facts["records"]
    steps = sum(each["seconds"] for each in records if each["property"] == "step") / 60
    everything = sum(each["seconds"] for each in records) / 60
    sampled = facts["sampled"]
    (steps_of_trees,) = {each["smaller_steps"] for each in sampled}
    return [
        f"certificate, {len(sampled)} units",
        f"in six bits, {steps_of_trees:,} steps",
        (
            f"the steps take {steps:.0f} minutes of one processor, all checks together "
            f"{everything:.0f}."
        ),
        f"// Module SHA-256 {facts['proved']['mac_e4m3_e4m3_fp16'][:8]}...",
    ]


def silicon() -> list[str]:
    rows = table("window")

    def db(part: str, **wanted: object) -> float:
        some = [
            row
            for row in rows
            if row["part"] == part and all(row[key] == str(each) for key, each in wanted.items())
        ]
        assert len(some) == 1
        return float(some[0]["sqnr_db"] or "inf")

    long = [db("sums", lanes=32, terms=4096, bits=bits) for bits in (13, 25)]
    bits = [db("sums", lanes=32, terms=4096, bits=bits) for bits in (8, 16)]
    layer = [row for row in rows if row["part"] == "layer"]
    network = {row["bits"]: row for row in rows if row["part"] == "network"}
    right = [100 * float(network[bits]["accuracy"]) for bits in ("", "8", "13", "25")]
    single = 100 * float(network[""]["reference"])
    draft = [
        db("cancel", lanes=lanes, guard_bits=(lanes - 1).bit_length()) for lanes in (4, 8, 16, 32)
    ]
    worth = (db("cancel", lanes=32, guard_bits=6) - db("cancel", lanes=32, guard_bits=0)) / 6
    guards = [
        db("guard", lanes=lanes, guard_bits=6) - db("guard", lanes=lanes, guard_bits=0)
        for lanes in (4, 8, 16, 32)
    ]
    ratios = [f"{float(row['sqnr_db']):.1f}" if row["sqnr_db"] else "exact" for row in layer]
    lines = [
        f"| `{row['unit']}` | {ratio} | {float(row['largest_error']):.2g} | "
        f"{float(row['float_sqnr_db']):.1f} |"
        for row, ratio in zip(layer, ratios, strict=True)
    ]
    hopper = f"keep {long[0]:.1f} dB in Hopper's window and {long[1]:.1f} dB in Blackwell's"
    answers = (
        f"{right[1]:.1f} % of 500 answers are right at F = 8, {right[2]:.1f} % at 13, "
        f"{right[3]:.1f} % at 25, {right[0]:.1f} % with exact sums and {single:.1f} % in float32"
    )
    return [
        *recorded_rows(),
        *dots(),
        *window_costs(),
        *dot_peers(),
        *lines,
        f"sums of {4096:,} products {hopper}",
        f"each bit is worth {(bits[1] - bits[0]) / 8:.1f} dB",
        answers,
        f"change by {max(map(abs, guards)):.1f} dB at most",
        f"each guard bit is worth {worth:.1f} dB",
        f"leaves {', '.join(f'{each:.1f}' for each in draft[:3])} and {draft[3]:.1f} dB",
    ]


def checking() -> list[str]:
    netlist = GRID["mac_e4m3_e4m3_fp16", "core"]["netlist_sha256"][:8]
    states = 1 << (8 + 8 + 16)
    return [f"mac_e4m3_e4m3_fp16: {states:,} states checked, 0 wrong (netlist {netlist}, "]


def decide() -> list[str]:
    rows = table("sum_error")
    gains = [
        float(one["rms_relative_error"]) / float(pair["rms_relative_error"])
        for one in rows
        for pair in rows
        if one["adding"] == "one by one"
        and pair["adding"] == "pairs"
        and all(one[key] == pair[key] for key in ("format", "accumulator", "terms"))
        and float(pair["rms_relative_error"])
    ]
    count = {int(row["sums"]) for row in rows if row["published_relative_error"]}
    assert len(count) == 1
    return [
        f"with {count.pop():,} sums a cell",
        f"is a factor between {min(gains):.1f} and {max(gains):.1f} over many sums",
    ]


def dots() -> list[str]:
    """What named units and windows cost."""
    rows = table("dots")
    lines = [
        f"| `{row['name']}` | {row['lanes']} | {row['two_input_gates']} | "
        f"{float(row['gates_per_lane']):.0f} | {float(row['area_ge']):.0f} | "
        f"{float(row['delay_ns']):.1f} | "
        f"{_two_digits(row['energy_functional_pj'])} | {row['luts']} |"
        for row in rows
        if row["set"] == "named"
    ]
    eight = {row["name"]: row for row in rows if row["set"] == "window" and row["lanes"] == "8"}
    few, hopper, many = (eight[f"F = {bits}"] for bits in (8, 13, 25))

    def more(column: str) -> float:
        return 100 * (float(many[column]) / float(hopper[column]) - 1)

    gates = "two_input_gates"
    many_lanes = {
        row["name"]: row for row in rows if row["set"] == "lanes" and row["lanes"] == "32"
    }

    def lane(name: str) -> str:
        return f"{float(many_lanes[name]['gates_per_lane']):.0f}"

    wide = "fp32:rtz:inf:plus0, window 26"
    saved = 100 * (1 - int(few[gates]) / int(hopper[gates]))
    return [
        *lines,
        f"With 8 lanes of e4m3, Blackwell's window costs {more(gates):.0f} % more gates and",
        f"{more('energy_functional_pj'):.0f} % more energy than Hopper's.",
        f"A window of F = 8 would save {saved:.0f} % of",
        "the registered unit in Nangate's 45 nm library",
        (
            f"Of 32 lanes, one of e4m3 takes {lane('e4m3 -> kulisch:7')} gates in fixed point, "
            f"{lane('e4m3 -> e8m13:rtz:inf:plus0, window 14')} in Hopper's window and "
            f"{lane(f'e4m3 -> {wide}')} in Blackwell's; of e5m2 {lane('e5m2 -> kulisch:7')} in "
            f"fixed point and {lane(f'e5m2 -> {wide}')} in Blackwell's window:"
        ),
        *blocks(),
        *guards(),
    ]


def _two_digits(cell: str) -> str:
    return f"{float(cell):.2f}" if cell else ""


def blocks() -> list[str]:
    """What blocks cost whose sums are exact and rounded once."""
    rows = {row["name"].split()[0]: row for row in table("dots") if row["set"] == "blocks"}
    lines = [
        f"| `{row['unit']}` | {row['two_input_gates']} | {float(row['gates_per_lane']):.0f} | "
        f"{float(row['area_ge']):.0f} | {float(row['delay_ns']):.1f} | "
        f"{float(row['energy_functional_pj']):.2f} | {row['luts']} |"
        for row in rows.values()
    ]
    lane = {name: float(row["gates_per_lane"]) for name, row in rows.items()}
    return [
        *lines,
        (
            f"A lane of MXFP8 takes {lane['mxfp8e4m3'] / lane['mxfp4']:.1f} times the gates of one "
            f"of MXFP4, and one of NVFP4 {lane['nvfp4'] / lane['mxfp4']:.1f} times:"
        ),
    ]


def guards() -> list[str]:
    """What RVBNA's guard bits cost."""
    rows = [row for row in table("dots") if row["set"] == "guard"]
    none, most = rows[0], rows[-1]
    assert (none["name"], most["name"], {row["lanes"] for row in rows}) == ("g = 0", "g = 6", {"4"})

    def more(column: str) -> float:
        return 100 * (float(most[column]) / float(none[column]) - 1)

    each = (int(most["two_input_gates"]) - int(none["two_input_gates"])) / 6
    return [
        f"With 4 lanes of e4m3, a guard bit costs {each:.0f} gates; 6 of them make the unit",
        f"{more('area_ge'):.0f} % larger, and a product",
        f"takes {more('energy_functional_pj'):.0f} % more energy.",
    ]


def recorded_rows() -> list[str]:
    """What recorded rows say of units."""
    rows = table("silicon")

    def total(column: str) -> int:
        return sum(int(row[column]) for row in rows)

    wrong = {total(f"wrong_{who}") for who in ("golden", "gemm", "netlist")}
    assert wrong == {0}
    units = len({row["unit"] for row in rows})
    found = f"{len(rows)} files with {total('rows'):,} rows, of {units} units: 0 rows are wrong by"
    flagged = f"the {total('flagged')} rows that depend on the exponent of a zero, of which"
    who = "the golden model, by `gemm` or by the netlist"
    return [f"{found} {who}, without {flagged} {total('flagged_wrong')} differ"]


def window_costs() -> list[str]:
    """What the bits of a window cost, and what they are good for."""
    costs = {
        row["name"]: row for row in table("dots") if row["set"] == "window" and row["lanes"] == "8"
    }
    rows, lines = table("window"), []
    for bits in (8, 10, 13, 16, 20, 25):
        cost = costs[f"F = {bits}"]
        found = {
            row["terms"]: row["sqnr_db"]
            for row in rows
            if row["part"] == "sums" and row["bits"] == str(bits) and row["lanes"] == "8"
        }
        ratios = [f"{float(each):.1f}" if each else "exact" for each in found.values()]
        (network,) = (r for r in rows if r["part"] == "network" and r["bits"] == str(bits))
        cells = [
            f"{float(cost['gates_per_lane']):.0f}",
            f"{float(cost['area_ge']):.0f}",
            f"{float(cost['energy_functional_pj']):.2f}",
            *ratios,
            f"{100 * float(network['accuracy']):.1f} %",
        ]
        assert [*found] == ["256", "1024", "4096"]
        lines.append(f"| {bits} | {' | '.join(cells)} |")
    lines.insert(0, "| F | gates a lane | GE | pJ a product | 256 | 1,024 | 4,096 | right |")
    return [*lines, *exact_costs()]


def exact_costs() -> list[str]:
    """What an exact sum costs beside the windows of cards, registers included."""
    area, energy = {}, {}
    for row in table("dots"):
        name, lanes = row["name"], int(row["lanes"])
        if row["set"] == "window" or name == "e4m3 -> kulisch:7":
            area[name, lanes] = float(row["area_ge"]) / lanes
            energy[name, lanes] = float(row["energy_functional_pj"])
    names = ("F = 8", "F = 13", "F = 25", "e4m3 -> kulisch:7")
    ge = [f"{area[name, 32]:.0f}" for name in names]
    pj = [f"{energy[name, 32]:.2f}" for name in names]
    _, ada, blackwell, exact = names
    all_lanes = [lanes for name, lanes in area if name == exact]
    assert all_lanes == [1, 2, 4, 8, 16, 32]
    assert [n for n in all_lanes if area[exact, n] > area[blackwell, n]] == [32]
    assert [n for n in all_lanes if area[exact, n] < area[ada, n]] == [1, 2]
    assert [n for n in all_lanes if energy[exact, n] > energy[blackwell, n]] == [8, 16, 32]
    return [
        (
            f"With 32 lanes, a lane takes {ge[0]} GE at F = 8, {ge[1]} in Hopper's window, {ge[2]} "
            f"in Blackwell's and {ge[3]} exactly, in fixed point; a product {pj[0]}, {pj[1]}, "
            f"{pj[2]} and {pj[3]} pJ."
        ),
        (
            "Up to 16 lanes, exact sums are smaller than Blackwell's window, with 1 and 2 smaller "
            "than Hopper's; from 8 lanes on they take more energy than both."
        ),
    ]


def dot_peers() -> list[str]:
    """Dot products beside published ones, through one flow."""
    lines = []
    for unit in ("int8 x 16 -> int32", "e4m3 x 16 -> kulisch:7", "e4m3 x 2 -> fp16"):
        lines.append(_beside(unit))
    return [*lines, *map(_beside, ("mxfp8 x 8 -> fp32", "e4m3 x 4 -> fp32, window 26"))]


def _beside(unit: str) -> str:
    rows = [row for row in table("peers") if row["unit"] == unit]
    area, fast = (
        next(row for row in rows if row["design"] == f"goal {goal}, RTL")
        for goal in ("area", "speed")
    )
    others = [row for row in rows if row["verdict"] == "same"]
    others = others or [row for row in rows if row["verdict"] == "different"]
    best = [
        min(float(row[key]) for row in others if row[key])
        for key in ("two_input_gates", "area_ge", "speed_delay_ns")
    ]
    return (
        f"| `{unit}` | {area['two_input_gates']} | {float(area['area_ge']):.0f} | "
        f"{float(fast['speed_delay_ns']):.2f} | {float(fast['speed_ge']):.0f} | "
        f"{best[0]:.0f} | {best[1]:.0f} | {best[2]:.2f} |"
    )
