"""The command of any experiment: its options, the bar, where files go, what is printed."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, cast, get_args, get_type_hints

import typer

from fp8mac.cli.options import (
    FORCE,
    HERE,
    JSON,
    Never,
    Number,
    Only,
    Part,
    end,
    number,
    print_json,
    progress_bar,
    recorded,
    rules,
    write_files,
)
from fp8mac.gen.files import check_folder, print_text
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option
from fp8mac.synth_reports.experiments.runner import records_of
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.render.tables import show
from fp8mac.synth_reports.store.store import Store

__all__ = ["command_of", "conduct"]

AnyExperiment = Experiment[Any, Any, Any]


def command_of(experiment: AnyExperiment) -> Callable[..., None]:
    """Function that `typer` makes the experiment's command of."""
    hints = get_type_hints(experiment.options, include_extras=True)

    def command(ctx: typer.Context, **given: Any) -> None:
        output_dir = given.pop("output_dir", None)
        force, as_json = given.pop("force", False), given.pop("as_json")
        options = experiment.options(
            **{name: _value(name, hints[name], value) for name, value in given.items()}
        )
        conduct(ctx, experiment, options, output_dir=output_dir, force=force, as_json=as_json)

    parameters = [
        _parameter("ctx", typer.Context),
        *(
            _parameter(each.name, _annotation(each.name, hints[each.name]), _default(each.default))
            for each in fields(experiment.options)
        ),
    ]
    if experiment.folder is not None:
        where = typer.Option("--output-dir", metavar="DIR", help="Where the files go.")
        parameters.append(_parameter("output_dir", Annotated[Path | None, where], None))
    if experiment.keeps:
        parameters.append(_parameter("force", FORCE, False))
    parameters.append(_parameter("as_json", JSON, False))
    command.__name__, command.__doc__ = experiment.name, experiment.help
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    vars(command)["__signature__"] = inspect.Signature(parameters)
    return command


def conduct(
    ctx: typer.Context,
    experiment: AnyExperiment,
    options: Any,
    *,
    output_dir: Path | None = None,
    force: bool = False,
    as_json: bool = False,
    at_once: int | None = None,
) -> None:
    """Plan, run with a bar, show, write.

    With ``--json``, and where a part of a table can be shown, files are only written into a folder
    that was named.

    Parameters
    ----------
    ctx : typer.Context
        Of the command.
    experiment : Experiment
        What is done.
    options : object
        Its options.
    output_dir : Path, optional
        Where files go; by default the experiment's folder.
    force, as_json : bool
        Whether to do anew what is known, and to print JSON.
    at_once : int, optional
        How many jobs are done at a time.
    """
    jobs = list(dict.fromkeys(experiment.plan(options)))
    folder = output_dir or HERE / (experiment.folder or HERE)
    shown = as_json or (experiment.shows and _is_part(ctx))
    written = experiment.folder is None or output_dir is not None or not shown
    if written and experiment.folder is not None:
        check_folder(folder, experiment.pattern)
    worker = Worker(Store(), force=force)
    with progress_bar() as bar:
        task = bar.add_task(experiment.name, total=len(jobs))
        records = records_of(
            experiment, jobs, worker, lambda job: bar.advance(task), at_once=at_once
        )
    files = {}
    if written:
        made = Made(recorded(ctx), options, folder)
        files = {folder / name: text for name, text in experiment.render(records, made).items()}
    table = None if as_json else experiment.show(records, options)
    outcome = experiment.outcome(records, options)
    if files:
        write_files(files)
    if as_json:
        print_json(experiment.facts(records))
    elif isinstance(table, str):
        print_text(table)
    elif table is not None:
        show(table)
    if outcome.sentence:
        typer.echo(outcome.sentence, err=True)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def _is_part(ctx: typer.Context) -> bool:
    """Whether an option was given that makes another table than the published one."""
    return any(
        isinstance(rule, Part)
        for param in ctx.command.params
        if (source := ctx.get_parameter_source(str(param.name))) and source.name != "DEFAULT"
        for rule in rules(ctx.command, param)
    )


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> Any:
    kind = inspect.Parameter.KEYWORD_ONLY
    if annotation is typer.Context:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _default(value: object) -> object:
    """What an option is if it is not given, as it is typed; None for what is empty."""
    text = ",".join(map(str, value)) if isinstance(value, tuple) else value
    return None if text == "" else text


def _name(name: str, option: Option) -> str:
    return option.names or f"--{name.replace('_', '-')}"


def _annotation(name: str, hint: Any) -> Any:
    """Type and option for `typer`, and the rules beside them."""
    kind, option = _split(hint)
    names, text = _name(name, option), option.help
    if kind is int:
        declared = number(
            names, low=option.low, high=option.high, help=text, metavar=option.metavar or "N"
        )
    else:
        declared = typer.Option(names, metavar=option.metavar, help=text)
    rule_list = [Part()] if option.part else []
    rule_list += [Only(option.only)] if option.only else []
    rule_list += [Never(option.never)] if option.never else []
    kind = kind if kind in (int, bool, Path) else str | None
    return Annotated[(kind, declared, *rule_list)]


def _split(hint: Any) -> tuple[Any, Option]:
    kind, *notes = get_args(hint)
    return kind, next(each for each in notes if isinstance(each, Option))


def _value(name: str, hint: Any, value: Any) -> Any:
    """What was typed as the field of the options holds it."""
    kind, option = _split(hint)
    if kind is str:
        return value or ""
    if kind == tuple[str, ...]:
        return _joined(value.split(",")) if value else ()
    if kind != tuple[int, ...]:
        return value
    limits = Number(option.low, option.high)
    try:
        return tuple(cast(int, limits(word)) for word in value.split(",")) if value else ()
    except typer.BadParameter:
        sentence = f"{_name(name, option)} takes whole numbers {limits}, not '{value}'."
        raise end(sentence) from None


def _joined(words: Sequence[str]) -> tuple[str, ...]:
    """Words, or units: what stands behind a unit's accumulator, and commas, is of the same unit."""
    from fp8mac.hw.config.silicon.named import named

    found = list[str]()
    for word in words:
        if found and "->" in found[-1] and "->" not in word and named(word.strip()) is None:
            found[-1] += f",{word}"
        else:
            found.append(word)
    return tuple(found)
