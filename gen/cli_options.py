"""What the commands have in common: how a unit is named, and how progress is shown."""

import importlib
import json
import shlex
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config import Goal
from fp8mac.synth_reports.liberty.library import Library
from fp8mac.synth_reports.measure import Bench, Design, Shape
from fp8mac.synth_reports.store import Store
from fp8mac.synth_reports.synthesis import Flow

__all__ = [
    "ACC",
    "FORCE",
    "GOAL",
    "JSON",
    "A",
    "B",
    "command_text",
    "end",
    "goal_words",
    "load_verilog",
    "make_bench",
    "print_json",
    "progress_bar",
]

A = Annotated[str, typer.Argument(metavar="A", help="Operand format, such as e4m3 or int8.")]
B = Annotated[str | None, typer.Argument(metavar="[B]", help="Other operand; as A by default.")]
ACC = Annotated[
    str,
    typer.Option("--acc", metavar="ACC", help="Accumulator: kulisch[:G], int<N>, fp16, bf16, ..."),
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
GOAL = Annotated[Goal, typer.Option("--goal", help="Built for few gates, or for a short path.")]
FORCE = Annotated[bool, typer.Option("--force", help="Do anew what is known already.")]


def load_verilog() -> ModuleType:
    """Amaranth is imported where it is needed: a known answer comes without it."""
    return importlib.import_module("fp8mac.gen.verilog")


def make_bench(
    libraries: Mapping[str, Library] = MappingProxyType({}),
    seconds: float = 0,
    flow: str | None = None,
) -> Bench:
    """What measures units, with the flows of the package and the Yosys that there is.

    Parameters
    ----------
    libraries : mapping of str to Library
        What designs can be mapped to, by the names that these use.
    seconds : float
        Time to look for better netlists.
    flow : str, optional
        Flow for all designs; by default the one that is named after their goal.
    """

    def elaborate(design: Design) -> str:
        rtlil = importlib.import_module("fp8mac.gen.rtlil")
        return rtlil.rtlil_text(design.config, core=design.shape is Shape.CORE, goal=design.goal)

    @cache
    def load(goal: Goal, library: str | None) -> Flow:
        return Flow.load(flow or goal.value, libraries[library] if library is not None else None)

    def flow_of(design: Design) -> Flow:
        return load(design.goal, design.library)

    return Bench(elaborate, flow_of, find_yosys(), Store(), seconds)


def progress_bar() -> Progress:
    """Progress bar on stderr."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))


def print_json(what: object) -> None:
    """Data for programs, on stdout."""
    typer.echo(json.dumps(what, indent=2))


def command_text(*words: str | None) -> str:
    """A command as one types it, for what says how it was made."""
    return shlex.join(["fp8mac", *(word for word in words if word)])


def goal_words(goal: Goal) -> list[str]:
    """The option that names a goal, if it is not the default."""
    return [] if goal is Goal.AREA else ["--goal", goal.value]


def end(sentence: str, code: int = 2) -> typer.Exit:
    """Say a sentence on stderr, and leave with an exit code."""
    typer.echo(sentence, err=True)
    return typer.Exit(code)
