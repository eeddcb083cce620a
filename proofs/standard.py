"""Units that `make prove` proves, and those of every run of CI."""

from fp8mac.hw.config.structure import Goal, Structure, structures_of
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit

__all__ = [
    "FAST_DOTS",
    "FAST_STRUCTURES",
    "FAST_UNITS",
    "STANDARD_DOTS",
    "STANDARD_STRUCTURES",
    "STANDARD_UNITS",
    "standard_structures",
    "standard_units",
]

_FORMATS = ("e2m5", "e3m4", "e4m3", "e5m2")
_ACCUMULATORS = ("kulisch", "e6m9", "fp16", "bf16", "fp32")

STANDARD_UNITS: dict[Goal, list[MacConfig]] = {
    Goal.AREA: [
        parse_unit("int8", acc="int32"),
        *(parse_unit(format_, acc=acc) for format_ in _FORMATS for acc in _ACCUMULATORS),
        parse_unit("e4m3", "e5m2", acc="fp16"),
        parse_unit("int4", "e4m3", acc="fp16"),
        parse_unit("int8", acc="int32:saturate"),
        parse_unit("e4m3fnuz", acc="fp16"),
        parse_unit("e5m2fnuz", acc="kulisch"),
        parse_unit("e4m3", acc="fp16:rtz:ftz"),
        parse_unit("e4m3", acc="fp16:saturate"),
        parse_unit("e4m3", acc="fp16:sr=8"),
        parse_unit("e5m2", acc="e4m3:sr=2"),
        parse_unit("e4m3", acc="kulisch:3", stages=2),
        parse_unit("int8", acc="int32", stages=2),
        parse_unit("e4m3", acc="kulisch:3", output="fp16"),
        parse_unit("e4m3", acc="kulisch", output="fp32"),
        parse_unit("e5m2", acc="kulisch:3", output="bf16"),
        parse_unit("int8", acc="int32", output="bf16:rtz"),
        parse_unit("e4m3", acc="kulisch:0", output="fp16"),
        parse_unit("e5m2", acc="kulisch:0", output="fp16"),
        parse_unit("e4m3", acc="kulisch:0", output="e4m3:saturate"),
        parse_unit("e4m3", acc="kulisch:3", output="e4m3:saturate:shift=8"),
        parse_unit("int4", acc="int12", output="e4m3:shift=7"),
        parse_unit("e5m2", acc="kulisch:0", output="e5m2:shift=7"),
        parse_unit("int4", acc="int12", stages=2, output="e5m2:rtz:shift=8"),
        parse_unit("e4m3", acc="kulisch:segmented=5"),
        parse_unit("e4m3", acc="kulisch:3:segmented=5:resolve=idle"),
        parse_unit("e5m2", acc="kulisch:7:segmented=6:resolve=combinational"),
        parse_unit("int8", acc="int32:segmented=4"),
        parse_unit("int8", acc="int32:segmented=4:resolve=idle"),
    ],
    Goal.SPEED: [
        parse_unit("int8", acc="int32"),
        *(parse_unit(format_, acc=acc) for format_ in ("e4m3", "e5m2") for acc in _ACCUMULATORS),
        parse_unit("e2m5", acc="fp16"),
        parse_unit("e3m4", acc="bf16"),
        parse_unit("e4m3", "e5m2", acc="fp16"),
        parse_unit("int4", "e4m3", acc="fp16"),
        parse_unit("int4", "int8", acc="int16:saturate"),
        parse_unit("e5m2fnuz", acc="kulisch"),
        parse_unit("e4m3", acc="fp16:rtz:ftz"),
        parse_unit("e4m3", acc="fp16:saturate"),
        parse_unit("e4m3", acc="e5m4:sr=4"),
        parse_unit("e5m2", acc="e4m3:sr=2:saturate"),
        parse_unit("e4m3", acc="kulisch:3", stages=2),
        parse_unit("e4m3", acc="kulisch:3:segmented=5:resolve=idle"),
        parse_unit("e5m2", acc="kulisch:7:segmented=6:resolve=combinational"),
        parse_unit("int4", "int8", acc="int16:segmented=4"),
    ],
    Goal.FPGA: [
        parse_unit("int8", acc="int32"),
        parse_unit("int4", "int8", acc="int16:saturate"),
        parse_unit("e4m3", acc="kulisch"),
        parse_unit("e5m2", acc="kulisch"),
        parse_unit("int8", "e4m3", acc="kulisch"),
        parse_unit("e4m3", acc="bf16"),
        parse_unit("e4m3", acc="kulisch:3:segmented=10"),
        parse_unit("int8", acc="int32:segmented=8"),
    ],
    Goal.FPGA_DSP: [
        parse_unit("int8", acc="int32"),
        parse_unit("e4m3", acc="kulisch"),
    ],
}
"""Units that `make prove` proves, by what they are built for."""

FAST_UNITS: dict[Goal, list[MacConfig]] = {
    Goal.AREA: [
        parse_unit("int8", acc="int32"),
        *(parse_unit(format_, acc=acc) for format_ in ("e4m3", "e5m2") for acc in _ACCUMULATORS),
        parse_unit("e4m3", acc="kulisch:3:segmented=5:resolve=idle"),
    ],
    Goal.SPEED: [
        parse_unit("e4m3", acc="kulisch"),
        parse_unit("e4m3", acc="bf16"),
        parse_unit("e5m2", acc="fp16"),
    ],
    Goal.FPGA: [parse_unit("e4m3", acc="kulisch")],
}
"""Units that are proved in every run of CI."""


def _lines(*lines: str) -> list[MacConfig]:
    return [parse_line(line) for line in lines]


STANDARD_DOTS: dict[Goal, list[MacConfig]] = {
    Goal.AREA: _lines(
        "e4m3 x 16 -> kulisch:7",
        "int8 x 16 -> int32",
        "e4m3 x 4 -> kulisch:15",
        "e5m2*e4m3 x 4 -> kulisch:3",
        "int4 x 4 -> int8:saturate",
        "e4m3 x 4 -> kulisch:4:segmented=8",
        "e2m1 x 8 -> kulisch:5:segmented=4:resolve=idle",
        "int8 x 4 -> int32:segmented=8:resolve=combinational",
        "e4m3 x 2 -> kulisch:3, stages 2",
        "e4m3 -> kulisch:3, stages 3",
        "int8 x 4 -> int24, output fp16",
        "int4 -> int12, output int4",
        "int4 -> int12, output int4:times=3:rtz",
        "e4m3 -> kulisch:3, output int8:times=8",
        "int4 x 4 -> int16, output int5s:times=4",
        "e4m3 x 4 -> fp32, window 26",
        "e2m1 x 2 -> fp16, window 13",
        "e4m3 x 2 -> fp16, window 13",
        "e5m2 x 2 -> fp16, window 13",
        "e4m3 x 2 -> fp32, window 14",
        "e4m3 x 2 -> fp16, window 12:floor",
        "e4m3 x 2 -> fp16, window 12:odd",
        "e4m3 x 2 -> fp16",
        "e4m3 x 2 -> fp16:sr=4",
        "e5m2 x 2 -> fp16:sr=8, window 13",
        "e2m1 x 2 -> e7m1",
        "e3m2*e2m1 x 2 -> e8m1",
        "e2m1 x 2 -> e7m1:rtz",
        "mxfp4 x 2 -> e7m1",
        "e4m3 x 4 -> fp32",
        "mxfp8 x 8 -> fp32",
        "mxfp4 x 32 -> fp32",
        "e4m3 x 2 -> e6m9",
        "e2m1 x 2 -> e4m3ieee:odd:sum0, window 6:odd, late",
        "e2m1 x 4 -> e4m3ieee, window 5, groups 2 of 2, join 5",
        "e2m1 x 2 -> e4m3ieee:sum0, window 5, groups 2, join 5:floor, late 12 5:floor drop 5",
        "e5m2 x 2 -> fp16:sum0, window 12, products bounded, late 16 12:floor",
        "nvfp4 x 4 -> e4m3ieee, groups 2 of 2, join 3",
        "rvbna-fp8-e4m3",
        "mi300-fp8",
        "mi300-fp16",
        "b200-mxfp4",
        "v100-fp16",
        "a100-fp16",
        "a100-bf16",
        "a100-tf32",
        "h100-tf32",
    ),
    Goal.SPEED: _lines(
        "e4m3 x 16 -> kulisch:7",
        "int8 x 16 -> int32",
        "e4m3 x 4 -> kulisch:15",
        "int4 x 4 -> int8:saturate",
        "int8 x 4 -> int32:segmented=8",
        "e2m1 x 8 -> kulisch:5:segmented=4:resolve=idle",
        "e4m3 -> kulisch:3, stages 3",
        "e4m3 x 4 -> fp32, window 26",
        "e4m3 x 2 -> fp32, window 14",
        "e4m3 x 2 -> fp16, window 13",
        "e4m3 x 2 -> fp16",
        "e4m3 x 2 -> fp16:sr=4",
        "e4m3 x 2 -> fp16:sr=4, window 13",
        "e2m1 x 2 -> e7m1",
        "e3m2*e2m1 x 2 -> e8m1",
        "mxfp4 x 2 -> e7m1",
        "e4m3 x 4 -> fp32",
        "mxfp8 x 8 -> fp32",
        "nvfp4 x 4 -> e4m3ieee, groups 2 of 2, join 3",
        "e5m2 x 4 -> fp16, window 13",
        "v100-fp16",
    ),
    Goal.FPGA: _lines("e4m3 x 2 -> kulisch:3"),
}
"""Units of several lanes, or of three stages, that `make prove` proves."""

FAST_DOTS: dict[Goal, list[MacConfig]] = {
    Goal.AREA: _lines(
        "e4m3 x 4 -> kulisch:15",
        "int4 x 4 -> int8:saturate",
        "e4m3 x 2 -> fp16, window 13",
        "mxfp4 x 2 -> e7m1",
        "e2m1 x 4 -> e4m3ieee, window 5, groups 2 of 2, join 5",
    ),
    Goal.SPEED: _lines("e4m3 x 4 -> kulisch:15", "e2m1 x 2 -> e7m1"),
}
"""Those of them that are proved in every run of CI."""


def _others(*units: tuple[str, str]) -> list[tuple[MacConfig, Structure]]:
    """Units with each structure but those of the goals, which are proved as such."""
    configs = [parse_unit(format_, acc=acc) for format_, acc in units]
    ends = [Structure.of(goal) for goal in Goal]
    return [(each, one) for each in configs for one in structures_of(each) if one not in ends]


STANDARD_STRUCTURES = _others(
    ("int8", "int32"),
    *(("e4m3", acc) for acc in ("kulisch", "fp16", "bf16", "fp32")),
    ("e5m2", "kulisch"),
    ("e5m2", "fp16"),
    ("e4m3", "fp16:rtz:ftz"),
)
"""Units that `make prove` proves, with every structure between those of the goals."""

FAST_STRUCTURES = [
    each
    for each in _others(("int8", "int32"), ("e4m3", "kulisch"), ("e4m3", "bf16"))
    if each[1].value in ("area-sklansky", "area-brent-kung", "lean-brent-kung")
]
"""Those of them that are proved in every run of CI."""


def standard_units(*, fast: bool = False) -> dict[Goal, list[MacConfig]]:
    """Units that are proved, or those of every run of CI, of one lane and of several."""
    each, lanes = (STANDARD_UNITS, STANDARD_DOTS)
    if fast:
        each, lanes = (FAST_UNITS, FAST_DOTS)
    return {goal: [*each.get(goal, []), *lanes.get(goal, [])] for goal in Goal}


def standard_structures(*, fast: bool = False) -> list[tuple[MacConfig, Structure]]:
    """Those of them that are proved with other structures."""
    return FAST_STRUCTURES if fast else STANDARD_STRUCTURES
