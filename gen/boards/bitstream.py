"""From a unit to a bitstream: Yosys, nextpnr and the packer of an FPGA, in a folder of their own.

Amaranth's platform writes the files and says which commands make the bitstream; they are run here,
with whatever Yosys `fp8mac.gen.yosys` finds. A native nextpnr on the PATH is preferred; otherwise
it is YoWASP's, whose first start takes minutes.
"""

import json
import shlex
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fp8mac.gen.boards.boards import Board, BoardError
from fp8mac.gen.boards.design import BoardDesign
from fp8mac.gen.boards.frames import LinkLayout
from fp8mac.gen.fpga_tools import Tool, find_tool
from fp8mac.gen.yosys import Yosys, YosysError, find_yosys
from fp8mac.hw.config.structure import Built
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.units.buildable import check_undrawn

__all__ = ["Bitstream", "BoardBuild", "check_tools", "make_bitstream"]

_LIMIT_SECONDS = 120
"""For a native nextpnr and a seed: with some placements the router of version 0.4 never ends."""
_SEEDS = 3

_LUTS = {"SB_LUT4": 1, "LUT4": 1, "CCU2C": 2, "LUT1": 1, "LUT2": 1, "LUT3": 1, "ALU": 1}
_CARRIES = {"SB_CARRY": 1, "CCU2C": 2, "ALU": 1}
_FLIP_FLOPS = ("SB_DFF", "TRELLIS_FF", "DFF")
_DSPS = ("SB_MAC16", "MULT18X18D", "ALU54B", "MULT9X9", "MULT18X18", "MULTALU", "MULTADDALU")


@dataclass(frozen=True)
class BoardBuild:
    """A unit for a board.

    Parameters
    ----------
    config : MacConfig
        The unit.
    goal : Goal or Structure
        What it is built for.
    board : Board
        Where it runs.
    baud : int
        Bits a second of the serial line.
    divide : int
        Power of two that the board's clock is divided by.
    seed : int
        Of the placer; the next ones are tried where the router does not end.
    """

    config: MacConfig
    goal: Built
    board: Board
    baud: int = 115_200
    divide: int = 1
    seed: int = 1


@dataclass(frozen=True)
class Bitstream:
    """What came of it.

    Parameters
    ----------
    data : bytes
        The bitstream.
    report : dict
        JSON types only: what it is, cells, clocks, tools.
    """

    data: bytes
    report: dict[str, Any]


def check_tools(board: Board) -> None:
    """Find out before anything is built whether there are all tools for a board.

    Raises
    ------
    BoardError, ToolError, YosysError
        If one is missing.
    """
    board.load()
    find_yosys()
    for name in board.tools:
        find_tool(name)


def make_bitstream(
    build: BoardBuild,
    command: str | None = None,
    *,
    progress: Callable[[str], None] = lambda stage: None,
) -> Bitstream:
    """Build a unit for a board.

    Parameters
    ----------
    build : BoardBuild
        What is built.
    command : str, optional
        What makes it again, for the report.
    progress : callable
        Called with a sentence before each stage.

    Raises
    ------
    ConfigError
        If there is no circuit for the unit, or no such serial line.
    BoardError, ToolError, YosysError
        If a tool is missing, or stops.
    """
    check_undrawn(build.config, "a board's bitstream")
    _ = LinkLayout(build.config).operands  # of what frames do not hold, before there is a design
    platform = build.board.load()
    hertz = platform.default_clk_frequency / build.divide
    design = BoardDesign(build.config, build.goal, baud=build.baud, divide=build.divide)
    yosys = find_yosys()
    plan = platform.prepare(
        design,
        "top",
        nextpnr_opts=f"--report report.json --timing-allow-fail --seed {build.seed}",
        script_after_synth="delete t:$scopeinfo",  # which Debian's nextpnr does not know
    )
    lines = [
        shlex.split(line) for line in plan.files["build_top.sh"].splitlines() if line[:2] == '"$'
    ]
    with tempfile.TemporaryDirectory(prefix="fp8mac-", ignore_cleanup_errors=True) as folder:
        place = plan.extract(folder)
        used: dict[str, str] = {}
        seed = build.seed
        for variable, *words in lines:
            name = variable.strip("${}").lower().replace("_", "-")
            if name == "yosys":
                progress("Yosys maps it to cells")
                _map(yosys, place, words[-1])
                used["yosys"] = f"{yosys.version} ({yosys.build})"
                continue
            tool = find_tool(name)
            used[tool.name] = tool.version
            progress(tool.sentence)
            if tool.places:
                seed = _place_and_route(tool, words, place, seed)
            else:
                tool.run(words, place)
        data = (place / f"top.{build.board.bitstream}").read_bytes()
        facts = json.loads((place / "report.json").read_text(encoding="utf-8"))
        netlist = _netlist(place)
    report = {
        "schema_version": 1,
        "command": command,
        "design": build.config.slug,
        "unit": build.config.text,
        "goal": build.goal.value,
        "board": build.board.name,
        "device": build.board.device,
        "identity": f"{LinkLayout(build.config).identity:08x}",
        "baud": build.baud,
        "clock_mhz": hertz / 1e6,
        "seed": seed,
        "metrics": {**_count(netlist), "fmax_mhz": _slowest(facts)},
        "utilization": {name: each for name, each in facts["utilization"].items() if each["used"]},
        "tools": {**used, "amaranth": version("amaranth"), "fp8mac": version("fp8mac")},
    }
    if build.board.timing:
        report["timing"] = build.board.timing
    return Bitstream(data, report)


def _map(yosys: Yosys, place: Path, script: str) -> None:
    text = (place / script).read_text(encoding="utf-8")
    inputs = {"top.il": (place / "top.il").read_text(encoding="utf-8")}
    outputs = yosys.run(text, inputs, ["top.json", "top.syn.json"])
    if not outputs:
        raise YosysError("Yosys wrote no netlist.")
    for name, netlist in outputs.items():
        (place / name).write_text(netlist, encoding="utf-8")


def _place_and_route(tool: Tool, words: list[str], place: Path, seed: int) -> int:
    """Run nextpnr, with another seed where its router does not end; the seed that did."""
    for offset in range(_SEEDS):
        chosen = list(words)
        chosen[chosen.index("--seed") + 1] = str(seed + offset)
        if tool.run(chosen, place, None if tool.is_yowasp else _LIMIT_SECONDS):
            return seed + offset
    raise BoardError(f"{tool.name} does not end with {_SEEDS} seeds.")


def _netlist(place: Path) -> dict[str, Any]:
    """Cells of the top module."""
    file = next(each for each in (place / "top.json", place / "top.syn.json") if each.exists())
    return json.loads(file.read_text(encoding="utf-8"))["modules"]["top"]["cells"]


def _count(cells: dict[str, Any]) -> dict[str, int]:
    kinds = Counter(cell["type"] for cell in cells.values())
    return {
        "luts": sum(number * kinds[name] for name, number in _LUTS.items()),
        "carries": sum(number * kinds[name] for name, number in _CARRIES.items()),
        "flip_flops": sum(count for name, count in kinds.items() if name.startswith(_FLIP_FLOPS)),
        "dsps": sum(kinds[name] for name in _DSPS),
    }


def _slowest(facts: dict[str, Any]) -> float:
    """Clock that the slowest path of the unit's domain allows, in MHz."""
    clocks = [each["achieved"] for each in facts["fmax"].values()]
    if not clocks:
        raise BoardError("nextpnr found no path between two registers.")
    return round(min(clocks), 2)
