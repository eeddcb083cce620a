"""What all commands do alike: sentences, options without effect, the command as it can be repeated.

Beside an option stands when it does something; what does nothing is refused::

    limit: Annotated[float, number("--limit", ...), Only("--effort best")]
    count: Annotated[int, number("--count", ...), Never("--exhaustive")]
    names: Annotated[str | None, typer.Option("--formats", ...), Part()]
"""

import inspect
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any, cast, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from fp8mac.cli import INTERRUPTED
from fp8mac.gen.files import WriteError, print_text
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.errors import Error

__all__ = ["Command", "Commands", "Never", "Only", "Part", "end", "is_given", "recorded", "rules"]

_INTERRUPT = 130  # what typer makes of Ctrl-C
_PUBLISHED = Path(str(files("fp8mac.synth_reports"))) / "results"
_ELSEWHERE = {"output", "output_dir", "testbench", "force", "as_json", "threads", "jobs"}
"""Options that say where and how fast, not what."""


@dataclass(frozen=True)
class Only:
    """An option has no effect unless a condition holds.

    Parameters
    ----------
    condition : str
        ``--effort best``: that value, ``*`` in it as in a shell, one of a list will do;
        ``--testbench``: that option is given; ``A``: that argument is; ``--this or --that``.
    """

    condition: str


@dataclass(frozen=True)
class Never:
    """An option has no effect where a condition holds, see `Only`."""

    condition: str


@dataclass(frozen=True)
class Part:
    """An option makes another table than the published one, which it does not replace."""


class Command(TyperCommand):
    """A command that refuses options without effect, and a part in place of a published whole."""

    def __init__(self, name: str | None, **more: Any) -> None:
        super().__init__(name, **more)
        for param in cast(list[Any], self.params):
            for rule in rules(self, param):
                if not isinstance(rule, Part):
                    when = "Only" if isinstance(rule, Only) else "Not"
                    param.help = f"{param.help} {when} with {_words(rule.condition)}."

    def invoke(self, ctx: Any) -> Any:
        given = [each for each in self.params if is_given(ctx, each)]
        for param, rule in ((each, rule) for each in given for rule in rules(self, each)):
            name = _option(param, ctx.params[str(param.name)])
            if isinstance(rule, Only) and not _holds(ctx, rule.condition):
                raise end(f"{name} has no effect without {_words(rule.condition)}.")
            if isinstance(rule, Never) and _holds(ctx, rule.condition):
                raise end(f"{name} has no effect with {_words(rule.condition)}.")
            folder = ctx.params.get("output_dir")
            if isinstance(rule, Part) and folder and _is_published(folder):
                raise end(f"'{folder}' holds whole tables; {name} makes others, for another DIR.")
        return super().invoke(ctx)


class Commands(TyperGroup):
    """Commands that end with one sentence and exit code 2 where the user can help it."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        words = list(sys.argv[1:] if args is None else args) or ["--help"]
        try:
            _check_words(words)
            code = super().main(words, "fp8mac", standalone_mode=False, **extra) or 0
            print_text("")  # what a library has left in the buffer
            if code == _INTERRUPT:
                code = end(INTERRUPTED).exit_code
        except BrokenPipeError:
            code = 1
        except Exception as error:
            sentence = _sentence(error)
            if sentence is None:
                raise
            code = end(sentence).exit_code
        if standalone_mode:
            sys.exit(code)
        return code

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        rows = [(name, (each.help or "").split("\n\n")[0]) for name, each in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def end(sentence: str, code: int = 2) -> typer.Exit:
    """Say a sentence on stderr, in one line, and leave with an exit code."""
    line = (each if each.isprintable() else repr(each)[1:-1] for each in sentence)
    with suppress(OSError):
        typer.echo("".join(line), err=True)
    return typer.Exit(code)


def recorded(ctx: typer.Context, **changed: object) -> str:
    """The command with all that is not the default, as one types it to have the same again.

    Parameters
    ----------
    ctx : typer.Context
        Of a command.
    **changed
        Values in place of what was given.
    """
    words = ["fp8mac", str(ctx.info_name)]
    for param in ctx.command.params:
        name = str(param.name)
        if name in _ELSEWHERE or not (name in changed or is_given(ctx, param)):
            continue
        value = changed.get(name, ctx.params[name])
        for each in value if isinstance(value, list | tuple) else [value]:
            if _text(each) == _text(param.get_default(ctx)):
                continue
            if param.param_type_name == "argument":
                words.append(_text(each))
            else:
                words += [_option(param, each), *([] if isinstance(each, bool) else [_text(each)])]
    return shlex.join(words)


def rules(command: Any, param: Any) -> Iterator[Only | Never | Part]:
    """What is declared beside an option."""
    declared = inspect.signature(command.callback, eval_str=True).parameters.get(param.name)
    if declared is not None:
        for each in get_args(declared.annotation):
            if isinstance(each, Only | Never | Part):
                yield each


def is_given(ctx: Any, param: Any) -> bool:
    """Whether an option was typed."""
    source = ctx.get_parameter_source(param.name)
    return source is not None and source.name != "DEFAULT"


def _holds(ctx: Any, condition: str) -> bool:
    return any(_holds_alone(ctx, each) for each in condition.split(" or "))


def _holds_alone(ctx: Any, condition: str) -> bool:
    name, _, pattern = condition.partition(" ")
    for param in ctx.command.params:
        value = ctx.params.get(param.name)
        if param.param_type_name == "argument" and param.name == name.lower():
            return bool(value)
        if name in param.opts:
            if not pattern:
                return value is True if isinstance(value, bool) else is_given(ctx, param)
            return any(fnmatchcase(each, pattern) for each in _text(value).split(","))
        if name in param.secondary_opts:
            return value is False
    raise ValueError(f"no option for '{condition}'")


def _words(condition: str) -> str:
    return condition.rstrip("*") if condition.startswith("-") else f"the argument {condition}"


def _option(param: Any, value: object) -> str:
    """The name of an option, the longest one; of the two of a switch, the one that says it."""
    if param.param_type_name == "argument":
        return f"The argument {str(param.name).upper()}"
    return max(param.secondary_opts if value is False else param.opts, key=len)


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _is_published(folder: Path) -> bool:
    place = Path(os.path.realpath(folder))
    return _PUBLISHED.resolve() in (place, *place.parents)


def _check_words(words: Sequence[str]) -> None:
    for before, word in zip(["", *words], words, strict=False):
        if word == "" or re.fullmatch("--[a-z-]+=", word):
            where = f" after '{before}'" if before and not word else f" in '{word}'" if word else ""
            raise ConfigError(f"There is an empty value{where}.")
        try:
            word.encode()
        except UnicodeEncodeError as error:
            raise ConfigError(f"{word!a} is not text in UTF-8.") from error


def _sentence(error: Exception) -> str | None:
    """What is wrong; None where that is a fault of the program."""
    if isinstance(error, typer.TyperException):  # of the command line itself
        words = " ".join(error.format_message().replace("Value error, ", "").split())
        return words.rstrip(".") + "."
    if isinstance(error, MemoryError):
        return "There is not enough memory for that."
    if isinstance(error, Error):
        return str(error)
    if isinstance(error, OSError):
        try:
            print_text("")  # is it standard output, which help is written to?
        except WriteError as found:
            return str(found)
        place = f"'{error.filename}'" if error.filename else "a file"
        return f"Cannot use {place}: {error.strerror or error}."
    return None
