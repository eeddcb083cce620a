"""Numbers of docs/pipelines.md, docs/array.md, and docs/fpga.md."""

from doc_numbers import table

from fp8mac.hw.config.arrays.array import MOST_PRODUCTS, MOST_SIDE


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
    return [
        f"| {unit} | {' | '.join(f'{float(mhz[unit, *each]):.1f}' for each in columns)} |"
        for unit in units
    ]


def arrays() -> list[str]:
    """Limits, and rows of the arrays that are measured."""
    rows = table("arrays")
    assert {(row["rows"], row["columns"]) for row in rows} == {("8", "8")}
    return [
        (
            f"up to {MOST_SIDE} rows and {MOST_SIDE} columns, and {MOST_PRODUCTS:,} products a "
            "cycle; an array of 8 x 8 is written"
        ),
        "beside that of 64 cores",
        "the others being zero (2:4). Two lanes",
        "of small ones, on the mapped netlist: 8,192 cases each",
        "here of 16 bits and unsigned",
        "A single unit with such an output is an array of 1 x 1.",
        "that of 64 registered units",
        *(
            f"| {row['unit']} | "
            f"{row['two_input_gates']} | {row['flip_flops']} | "
            f"{float(row['area_ge']):.0f} | {float(row['area_ge_per_product']):.0f} | "
            f"{float(row['area_to_cores']):.2f} | {float(row['area_to_units']):.2f} |"
            for row in rows
        ),
    ]
