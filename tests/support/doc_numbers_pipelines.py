"""Numbers of docs/pipelines.md, docs/array.md, and docs/fpga.md."""

import math
from inspect import signature

from doc_numbers import table

from fp8mac.cli.boards.board import board
from fp8mac.gen.boards.demo import Demo
from fp8mac.hw.config.arrays.array import MOST_PRODUCTS, MOST_SIDE
from fp8mac.hw.config.arrays.block_sparse import BlockSparseConfig
from fp8mac.hw.config.blocks import BLOCK_FORMATS, parse_operand
from fp8mac.hw.config.outputs.blocks import BlockOutput
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.exact.outputs import rounded_block
from fp8mac.sim.exact.values import NAN
from fp8mac.synth_reports.experiments.arrays.arrays import GONE


def pipelines() -> list[str]:
    """Rows of the units that are placed and routed."""
    return [
        f"| {row['unit']} | {row['luts']} | {float(row['mhz_median']):.1f} |"
        for row in table("route")
        if row["device"] == "hx8k"
    ]


def routed() -> list[str]:
    """Rows of the units on other devices, multiplier blocks off and on."""
    mhz = {(row["unit"], row["device"], row["goal"]): row["mhz_median"] for row in table("route")}
    columns = [(device, goal) for device in ("up5k", "ecp5") for goal in ("fpga", "fpga-dsp")]
    units = ("int8 -> int32", "e4m3 -> kulisch:3", "e4m3 -> kulisch:3, stages 3")
    demo = Demo(parse_line("e4m3 -> kulisch:7"), "fmnist")
    baud = signature(board).parameters["baud"].default
    assert 7 <= demo.products * 2 * 10 / baud / 60 < 8  # two operands; a byte is ten bits
    return [
        f"A picture has {demo.products:,} products: seven minutes at {baud:,} baud",
        *(
            f"| {unit} | {' | '.join(f'{float(mhz[unit, *each]):.1f}' for each in columns)} |"
            for unit in units
        ),
    ]


def arrays() -> list[str]:
    """Limits, and rows of the arrays that are measured."""
    block = parse_operand("mxfp8")[1]
    assert block is not None
    nan = rounded_block(BlockOutput(BLOCK_FORMATS["mxfp4"]), [NAN]).scale
    rows = table("arrays")
    (wide,) = (row for row in rows if row["columns"] != "8")
    assert (wide["columns"], {row["rows"] for row in rows}) == (str(block.size), {"8"})
    dense, blocks = rows[0], rows[-1]
    assert (blocks["unit"], blocks["sparsity"]) == (dense["unit"], "blocks of 8")
    gates, flip_flops = (
        int(blocks[name]) - int(dense[name]) for name in ("two_input_gates", "flip_flops")
    )
    areas = [float(row["area_ge"]) for row in (dense, blocks)]
    pays = areas[1] / (areas[1] - areas[0])
    return [
        (
            f"{gates} gates and {flip_flops} flip-flops, the memory not counted: in area times "
            f"cycles it pays where one block of {pays:.0f} is zero."
        ),
        f"of `--depth` elements ({BlockSparseConfig.depth:,} if nothing else is said)",
        f"where one of {('', '', 'two', 'three', 'four')[GONE]} is there",
        (
            f"up to {MOST_SIDE} rows and {MOST_SIDE} columns, and {MOST_PRODUCTS:,} products a "
            "cycle; an array of 8 x 8 is written"
        ),
        f"the sums of {block.size} columns side by side leave as their {block.size} elements",
        f"elsewhere the scale is {nan}, NaN",
        "the others being zero (2:4). Two lanes",
        "of small ones, on the mapped netlist: 8,192 cases each",
        f"a whole one of {block.size} sums of {parse_line(dense['unit']).acc_bits} bits in seconds",
        f"for the sums of your unit: {1 + block.size} claims, one a line",
        "here of 16 bits and unsigned",
        *(
            f"| {', '.join(filter(None, (row['unit'], row['sparsity'], row['output'])))}"
            f"{f', 8 x {block.size}' if row is wide else ''} | "
            f"{row['two_input_gates']} | {row['flip_flops']} | "
            f"{float(row['area_ge']):.0f} | {float(row['area_ge_per_product']):.0f} | "
            f"{float(row['area_ge_per_dense_product']):.0f} | "
            f"{float(row['area_to_cores']):.2f} | {float(row['area_to_units']):.2f} |"
            for row in rows
        ),
    ]


def laid_out() -> list[str]:
    """What is said of wires in docs/cost.md."""
    rows = table("layout")
    longer, twice = (
        [100 * (float(row[name]) / float(row["period_ns"]) - 1) for row in rows]
        for name in ("routed_ns", "twice_ns")
    )
    orders = [
        [
            row["unit"]
            for row in sorted(rows, key=lambda row: float(row[name]))
            if row["goal"] == goal
        ]
        for goal in ("area", "speed")
        for name in ("period_ns", "routed_ns", "twice_ns")
    ]
    assert orders[0] == orders[1] == orders[2]
    assert orders[3] == orders[4] == orders[5]
    spread = max(float(r["routed_max_ns"]) / float(r["routed_min_ns"]) - 1 for r in rows)
    free = max(float(r["rows_area_um2"]) / float(r["cell_area_um2"]) - 1 for r in rows)
    return [
        f"Wires make the period {min(longer):.0f} to {max(longer):.0f} % longer",
        f"twice the capacitance {min(twice):.0f} to {max(twice):.0f} %",
        f"seeds of the placer differ by up to {100 * spread:.0f} %",
        f"rows leave at most {math.ceil(100 * free)} % free",
    ]


def random_numbers() -> list[str]:
    """What is said of stochastic rounding in docs/cost.md."""
    more = [
        row["two_input_gates_added"]
        for row in table("features")
        if row["feature"].startswith("8 random bits")
    ]
    fp16, bf16, fp32 = more
    return [
        (
            f"Eight random bits in place of rounding to nearest take {fp16} gates more in FP16, "
            f"{bf16} in BF16 and {fp32} in FP32"
        )
    ]
