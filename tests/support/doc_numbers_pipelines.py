"""Numbers of docs/pipelines.md, and of units that are placed and routed in docs/fpga.md."""

from doc_numbers import table


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
