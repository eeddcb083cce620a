"""The command that draws area against delay."""

from pathlib import Path
from typing import Annotated

import typer

from fp8mac.cli.experiments import conduct
from fp8mac.cli.options import FORCE, JSON, Only, end
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.experiments.curve.curve import STANDARD, CurveOptions
from fp8mac.synth_reports.experiments.curve.experiment import Curve

__all__ = ["curve"]


def curve(
    ctx: typer.Context,
    a: Annotated[
        str | None, typer.Argument(metavar="[A]", help="Operand format; without: standard units.")
    ] = None,
    b: Annotated[
        str | None, typer.Argument(metavar="[B]", help="Other operand; as A by default.")
    ] = None,
    *,
    acc: Annotated[
        str | None,
        typer.Option("--acc", metavar="ACC", help="Accumulator, as for synth."),
        Only("A"),
    ] = None,
    liberty: Annotated[
        str, typer.Option("--liberty", metavar="LIB", help="Library to map to; else our own.")
    ] = "",
    output_dir: Annotated[
        Path | None, typer.Option("--output-dir", metavar="DIR", help="Where the files go.")
    ] = None,
    force: FORCE = False,
    as_json: JSON = False,
) -> None:
    """Draw area against delay of all structures of a unit, with the lower envelope."""
    if a is not None and acc is None:
        raise end("Name the accumulator with --acc.")
    units = STANDARD if a is None else (parse_unit(a, b, acc=acc or "").text,)
    options = CurveOptions(units, liberty)
    conduct(ctx, Curve(), options, output_dir=output_dir, force=force, as_json=as_json)
