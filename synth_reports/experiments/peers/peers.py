"""Published designs beside ours: every one through one flow, to one library.

::

    peers.csv, figures of others ----------------------------------+--> rows --> table, page
    Verilog of our units --Yosys, ABC (flows/peers.ys)--> figures --+

The flow is nobody's own: it begins at Verilog, and its scripts are ABC's.
"""

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from fp8mac.gen.yosys import Yosys
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.liberty.library import Library
from fp8mac.synth_reports.liberty.reader import LibertyError
from fp8mac.synth_reports.synth.scripts import FLOWS
from fp8mac.synth_reports.synth.synthesis import SynthesisError

if TYPE_CHECKING:  # what keeps figures, not what makes them
    from fp8mac.synth_reports.cost.measure import Bench

__all__ = [
    "LIBRARY",
    "UNITS",
    "YARDSTICKS",
    "Figures",
    "Source",
    "check_library",
    "figures_of",
    "flow_sha256",
    "published",
    "run_flow",
]

UNITS = {
    f"{format_} --acc {acc}": parse_unit(format_, acc=acc)
    for format_, acc in (
        ("int8", "int32"),
        ("e4m3", "kulisch:3"),
        ("e5m2", "kulisch:7"),
        ("e4m3", "fp16"),
        ("e5m2", "fp16"),
        ("e4m3", "bf16"),
        ("e4m3", "fp32"),
        ("e5m2", "fp32"),
    )
}
"""Units that are compared, as one types them; the fixed-point ones have 40 and 72 bits."""

LIBRARY = "NangateOpenCellLibrary"
"""The library that the published designs were mapped to."""

_YARDSTICK_VERILOG = """\
module yardstick(input signed [7:0] a, b, input signed [31:0] c, output signed [31:0] y);
  assign y = c + a * b;
endmodule
"""

_FILE = Path(__file__).with_name("peers.csv")
_FLOW = FLOWS / "peers.ys"
_LOAD_FF = 3.898  # at each output, as in OpenROAD's flow for this library
_OUTPUTS = ("gates.json", "gates.log", "fast.json", "fast.log")
_OUTPUTS += ("area.json", "area.log", "speed.json", "speed.log")
_TWO_INPUT = ("$_AND_", "$_OR_", "$_XOR_", "$_NAND_", "$_NOR_", "$_XNOR_")


@dataclass(frozen=True)
class Figures:
    """What the flow finds.

    Parameters
    ----------
    two_input_gates, inverters, flip_flops : int
        Of the netlist of gates.
    levels : int
        Gates and inverters on its longest path.
    fast_gates, fast_levels : int
        The same where prefix trees are kept.
    area_ge, area_delay_ns : float
        Mapped to cells for area: area without flip-flops in two-input NANDs, critical path without
        wires and flip-flops.
    speed_ge, speed_delay_ns : float
        Mapped to cells for speed.
    """

    two_input_gates: int
    inverters: int
    flip_flops: int
    levels: int
    fast_gates: int
    fast_levels: int
    area_ge: float
    area_delay_ns: float
    speed_ge: float
    speed_delay_ns: float


@dataclass(frozen=True)
class Source:
    """Verilog to measure.

    Parameters
    ----------
    unit : str
        Key of `UNITS`.
    design : str
        What it is called in tables.
    verilog : str
        The text.
    top : str
        Its top module.
    booth : bool
        Whether Yosys makes its multipliers in Booth's way.
    """

    unit: str
    design: str
    verilog: str
    top: str
    booth: bool = False


YARDSTICKS = tuple(
    Source(next(iter(UNITS)), f"c + a * b, synth{option}", _YARDSTICK_VERILOG, "yardstick", booth)
    for option, booth in ((" -booth", True), ("", False))
)
"""Designs of `peers.csv` that can be measured anywhere, to see whether the flow does the same."""


def flow_sha256() -> str:
    """Hash of the flow."""
    return sha256(json.dumps([_FLOW.read_text("utf-8"), str(_LOAD_FF)]).encode()).hexdigest()


def check_library(library: Library) -> Library:
    """Make sure that figures can be compared with the published ones.

    Raises
    ------
    LibertyError
        If it is another library, or cannot be used.
    """
    if library.check().name != LIBRARY:
        raise LibertyError(
            f"'{library.source}' is {library.name}; the published designs are mapped to {LIBRARY}."
        )
    return library


def run_flow(source: Source, library: Library, yosys: Yosys) -> Figures:
    """Measure a design.

    Raises
    ------
    YosysError, SynthesisError
        If Yosys or ABC stops.
    """
    script = _FLOW.read_text("utf-8").replace("{top}", source.top)
    inputs = {
        "design.v": source.verilog,
        "cells.lib": library.plain,
        "around.constr": f"set_driving_cell {library.buffer.name}\n"
        f"set_load {_LOAD_FF} [all_outputs]\n",
    }
    script = script.replace("{booth}", "-booth" if source.booth else "")
    files = yosys.run(script, inputs, _OUTPUTS)
    gates, fast = (_counts(files, kind) for kind in ("gates", "fast"))
    area, speed = (_mapped(files, kind, library, source.top) for kind in ("area", "speed"))
    return Figures(*gates, *(fast[0], fast[3]), *area, *speed)


def _stat(files: Mapping[str, str], kind: str) -> dict[str, Any]:
    text = files[f"{kind}.json"]
    return json.loads(text[text.index("{") :])["design"]


def _counts(files: Mapping[str, str], kind: str) -> tuple[int, int, int, int]:
    """Gates, inverters, flip-flops, levels."""
    cells = _stat(files, kind)["num_cells_by_type"]
    gates = sum(cells.get(cell, 0) for cell in _TWO_INPUT)
    flip_flops = sum(number for cell, number in cells.items() if "DFF" in cell)
    levels = re.search(r"length=(\d+)", files[f"{kind}.log"])
    return gates, cells.get("$_NOT_", 0), flip_flops, int(levels[1]) if levels else 0


def _mapped(files: Mapping[str, str], kind: str, library: Library, top: str) -> tuple[float, float]:
    """Area in GE and critical path in nanoseconds."""
    stat = _stat(files, kind)
    area = float(stat["area"]) - float(stat.get("sequential_area") or 0)
    delays = re.findall(r"Delay =\s*([\d.]+) ps", files[f"{kind}.log"])
    if not delays:
        raise SynthesisError(f"ABC found no delay of {top}.")
    return round(area / library.nand2.area, 1), round(float(delays[-1]) / 1000, 3)


def figures_of(
    source: Source, library: Library, bench: "Bench", *, force: bool = False
) -> tuple[Figures, str]:
    """Figures of a design, and the day when they were found.

    Raises
    ------
    YosysError, SynthesisError
        If the run fails.
    """
    inputs = [source.verilog, source.top, str(source.booth), library.sha256]
    key = bench.store.key([*inputs, bench.yosys.build, bench.yosys.version], __name__)
    known = None if force else bench.store.load("peers", key)
    if known is None:
        figures = run_flow(source, library, bench.yosys)
        known = {"figures": asdict(figures), "measured_on": date.today().isoformat()}
        bench.store.save("peers", key, known)
    return Figures(**known["figures"]), known["measured_on"]


def published() -> list[dict[str, Any]]:
    """Rows of `peers.csv`, with numbers as numbers; None for what was not measured."""
    kinds = {"lanes": int, **get_type_hints(Figures)}
    with _FILE.open(newline="", encoding="utf-8") as file:
        return [
            {
                name: None if name in kinds and not text else kinds.get(name, str)(text)
                for name, text in row.items()
            }
            for row in csv.DictReader(file)
        ]
