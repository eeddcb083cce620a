"""What the commands have in common: how a unit is named, and how progress is shown."""

import json
import math
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from fp8mac.cli.command import Never, Only, Part, end, recorded, rules
from fp8mac.gen.files import STDOUT, print_text, write_atomically
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.segments import Resolve
from fp8mac.hw.config.silicon.named import named
from fp8mac.hw.config.structure import MOST_LANES, Goal
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.synth_reports.cost.target import Target, parse_clock, parse_delay

__all__ = [
    "ACC",
    "CLOCK",
    "DELAY",
    "FORCE",
    "GOAL",
    "HERE",
    "JSON",
    "LANES",
    "OUT",
    "RESOLVE",
    "STAGES",
    "A",
    "B",
    "Never",
    "Number",
    "Only",
    "Part",
    "end",
    "json_text",
    "number",
    "print_json",
    "progress_bar",
    "recorded",
    "rules",
    "say_written",
    "target_of",
    "unit_of",
    "write_files",
]

_MANY = 6
"""Files that are counted, not named."""

HERE = Path()
"""The current folder: where commands write, if nothing else is said."""

A = Annotated[
    str,
    typer.Argument(
        metavar="A", help="Operand format, such as e4m3 or int8; or a unit, in one line or by name."
    ),
]
B = Annotated[str | None, typer.Argument(metavar="[B]", help="Other operand; as A by default.")]
ACC = Annotated[
    str | None,
    typer.Option("--acc", metavar="ACC", help="Accumulator: kulisch[:G], int<N>, fp16, bf16, ..."),
]
RESOLVE = Annotated[
    Resolve | None,
    typer.Option("--resolve", help="How a register in segments shows its sum."),
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
GOAL = Annotated[
    Goal,
    typer.Option(
        "--goal", help="Built for few gates, a short path, or an FPGA's tables (and DSP blocks)."
    ),
]
DELAY = typer.Option("--delay", metavar="T", help="The smallest core within 20fo4, 0.8ns, 800ps.")
CLOCK = typer.Option("--clock", metavar="F", help="The smallest unit that runs at 1.2GHz, 800MHz.")
FORCE = Annotated[bool, typer.Option("--force", help="Do anew what is known already.")]


def unit_of(
    a: str,
    b: str | None,
    acc: str | None,
    *,
    lanes: int = 1,
    resolve: Resolve | None = None,
    stages: int = 1,
    out: str | None = None,
) -> MacConfig:
    """The unit that the arguments of a command describe: by its parts, or whole.

    Raises
    ------
    ConfigError, FormatError
        If there is no such unit.
    """
    if acc is None and "->" not in a and named(a) is None:
        raise ConfigError(
            f"'{a}' has no accumulator; name it with --acc, or write a unit in one line, such as "
            "'e4m3 x 16 -> kulisch'; 'fp8mac units' lists names."
        )
    if resolve is not None:
        if acc is None:
            raise ConfigError(f"How the sum of {a} is read is a part of it; leave --resolve out.")
        acc = f"{acc}:resolve={resolve.value}"
    summation = f"x {lanes}" if lanes > 1 else ""
    return parse_unit(a, b, acc=acc, summation=summation, stages=stages, output=out)


def target_of(delay: str | None, clock: str | None, *, unit: bool = False) -> Target | None:
    """What the options ask for, if anything.

    Parameters
    ----------
    unit : bool
        Whether the registered unit has to meet a delay, and not the core.
    """
    if clock is not None:
        return parse_clock(clock)
    if delay is None:
        return None
    target = parse_delay(delay)
    return replace(target, shape=Shape.UNIT) if unit else target


@dataclass(frozen=True)
class Number:
    """A number in an option.

    Parameters
    ----------
    low, high : int
        Limits; both are allowed.
    kind : type
        ``int``, or ``float`` for seconds and the like.
    """

    low: int
    high: int
    kind: type[int] | type[float] = int

    def __call__(self, text: object) -> object:
        """Read it; a default is taken as it is."""
        if not isinstance(text, str):
            return text
        plain = "[+-]?[0-9]{1,30}" if self.kind is int else r"[+-]?[0-9.]{1,30}(e[+-]?[0-9]{1,3})?"
        if re.fullmatch(plain, text) and text.count(".") <= 1 and any(map(str.isdigit, text)):
            value = self.kind(text)
            if self.low <= value <= self.high:
                return value
        what = "a whole number" if self.kind is int else "a number"
        raise typer.BadParameter(f"{what} {self} is wanted, not '{text}'")

    def __str__(self) -> str:
        return f"from {self.low:,} to {self.high:,}"


def number(*names: str, low: int, high: int, help: str, **more: Any) -> Any:
    """Option with a number; what it is for, and its limits, are shown by ``--help``.

    Parameters
    ----------
    names : str
        As for `typer.Option`.
    low, high : int
        Limits; both are allowed.
    help : str
        A sentence.
    **more
        ``kind`` of `Number`; else of `typer.Option`.
    """
    parser = Number(low, high, more.pop("kind", int))
    text = f"{help.removesuffix('.')}; {low:,} to {high:,}."
    return typer.Option(*names, parser=parser, help=text, **{"metavar": "N", **more})


LANES = Annotated[
    int, number("--lanes", low=1, high=MOST_LANES, help="Products that are added in a step.")
]
OUT = Annotated[
    str | None,
    typer.Option("--out", metavar="FORMAT", help="Round exact sums to FORMAT where they leave."),
]
STAGES = Annotated[
    int,
    number("--stages", low=1, high=3, help="2 or more: registers before the sum."),
]


def progress_bar(*more: ProgressColumn) -> Progress:
    """Progress bar on stderr, where somebody looks at it; none into a file.

    Parameters
    ----------
    *more : ProgressColumn
        Columns beside the usual ones.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        *more,
    )
    watched = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not watched)


def json_text(what: object) -> str:
    """JSON as programs read it: what is not a finite number is null."""
    return json.dumps(_finite(what), indent=2, allow_nan=False) + "\n"


def _finite(what: Any) -> Any:
    if isinstance(what, dict):
        return {key: _finite(each) for key, each in what.items()}
    if isinstance(what, list | tuple):
        return [_finite(each) for each in what]
    return None if isinstance(what, float) and not math.isfinite(what) else what


def print_json(what: object) -> None:
    """Data for programs, on stdout."""
    print_text(json_text(what))


def write_files(contents: Mapping[Path, str | bytes]) -> None:
    """Write files, all or none, and say which.

    Raises
    ------
    WriteError
        If one cannot be written.
    """
    write_atomically(contents)
    say_written(contents)


def say_written(paths: Iterable[Path]) -> None:
    """Say which files there are now."""
    *others, last = [str(path) for path in paths if path != STDOUT] or [""]
    if len(others) >= _MANY:
        typer.echo(f"Wrote {len(others) + 1} files to {Path(last).parent}.", err=True)
    elif last:
        names = f"{', '.join(others)} and {last}" if others else last
        typer.echo(f"Wrote {names}.", err=True)
