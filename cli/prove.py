"""The command that proves units."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from fp8mac.cli.options import (
    GOAL,
    HERE,
    JSON,
    LANES,
    OUT,
    RESOLVE,
    STAGES,
    Never,
    Only,
    number,
    print_json,
    progress_bar,
    recorded,
    unit_of,
    write_files,
)
from fp8mac.gen.files import check_folder, print_text, read_text
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal, Structure, parse_structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.store.store import Store

__all__ = ["prove"]


def prove(
    ctx: typer.Context,
    a: Annotated[
        str | None,
        typer.Argument(metavar="[A]", help="Operand format, or a unit; without: standard units."),
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
    lanes: Annotated[LANES, Only("A")] = 1,
    stages: Annotated[STAGES, Only("A")] = 1,
    out: Annotated[OUT, Only("A")] = None,
    resolve: Annotated[RESOLVE, Only("A")] = None,
    goal: Annotated[GOAL, Only("A"), Never("--verilog"), Never("--structure")] = Goal.AREA,
    structure: Annotated[
        str | None,
        typer.Option("--structure", metavar="NAME", help="Built so, such as area-sklansky."),
        Only("A"),
        Never("--verilog"),
    ] = None,
    fast: Annotated[
        bool,
        typer.Option("--fast", help="Of the standard units e4m3, e5m2 and int8; no files."),
        Never("A"),
    ] = False,
    new: Annotated[
        bool,
        typer.Option("--new", help="Of the standard units those that DIR's certificate lacks."),
        Never("A"),
        Never("--fast"),
    ] = False,
    both: Annotated[
        bool, typer.Option("--both", help="Prove every step in both encodings.")
    ] = False,
    limit: Annotated[
        float,
        number(
            "--limit", low=1, high=86_400, kind=float, help="Seconds for a query, else a failure."
        ),
    ] = 900,
    jobs: Annotated[int, number("--jobs", low=1, high=1024, help="Checks at a time.")] = (
        os.cpu_count() or 1
    ),
    verilog: Annotated[
        Path | None,
        typer.Option("--verilog", metavar="FILE", help="Prove this module instead."),
        Only("A"),
        Only("--top"),
    ] = None,
    top: Annotated[
        str | None,
        typer.Option("--top", metavar="NAME", help="Name of that module."),
        Only("--verilog"),
    ] = None,
    unit: Annotated[
        bool,
        typer.Option("--unit", help="That module is registered, not a core."),
        Only("--verilog"),
    ] = False,
    stream: Annotated[
        bool,
        typer.Option("--stream", help="Prove valid and ready of the unit between streams instead."),
        Only("A"),
        Never("--verilog"),
        Never("--structure"),
        Never("--both"),
    ] = False,
    any_nan: Annotated[
        bool,
        typer.Option("--any-nan", help="Accept every NaN where a result is NaN."),
        Only("--verilog"),
    ] = False,
    output_dir: Annotated[
        Path,
        typer.Option("--output-dir", metavar="DIR", help="Where proofs.md and .json go."),
        Never("A"),
        Never("--fast"),
    ] = HERE,
    as_json: JSON = False,
) -> None:
    """Prove that a circuit does what its unit says, for all operands and states.

    Without operands all standard units are proved, and DIR gets the certificate; with --new those
    that it lacks, and its other rows stay; it is written after each of these units, so that an
    interrupted run goes on where it was. The exit code is 1 if a proof fails; then the
    counterexample is printed.
    """
    config = None
    if a is not None:
        config = unit_of(a, b, acc, lanes=lanes, resolve=resolve, stages=stages, out=out)
        if stream:
            return _prove_stream(config, goal, limit, jobs, recorded(ctx), as_json=as_json)
    units = _units(config, goal, fast=fast)
    structures = _structures(config, structure, fast=fast)
    if structure is not None:
        units = {each: [] for each in Goal}
    if a is None and not fast:
        check_folder(output_dir, "proofs.*")
    before = _certificate(output_dir / "proofs.json") if new else None
    # Solvers and circuits are imported here: the other commands do without.
    from fp8mac.proofs import certificate as paper
    from fp8mac.proofs.check import checks, circuit, solve
    from fp8mac.proofs.check import prove as proofs

    command, groups = recorded(ctx), [units]
    if before is not None:
        groups, structures = paper.groups_lacking(before, units), []
    options: dict[str, Any] = {
        "both": both,
        "jobs": jobs,
        "solver": solve.Solver(limit, Store()),
    }
    theirs = None
    if verilog is not None and top is not None:
        language = "systemverilog" if verilog.suffix == ".sv" else "verilog"
        source = (_read(verilog), top, language, str(verilog))
        theirs = circuit.Circuit(units[Goal.AREA][0], Shape.UNIT if unit else Shape.CORE, *source)
        _ = theirs.smt2  # what is no unit ends here, with one sentence
    with progress_bar() as bar:
        task = bar.add_task("checks", total=None)

        def advance(record: Any) -> None:
            bar.advance(task)
            bar.update(task, description=str(record.check))

        def made(group: checks.Units, planted: Mapping[str, int]) -> list[checks.Record]:
            if theirs is not None:
                return proofs.prove_circuit(theirs, any_nan=any_nan, progress=advance, **options)
            more = {"structures": structures, "planted": planted, "progress": advance}
            return proofs.prove_units(group, **more, **options)

        if theirs is None:
            plans = [checks.plan(each, structures=structures, both=both) for each in groups]
            bar.update(task, total=sum(map(len, plans)))
        facts: dict[str, Any] = {}
        for facts in paper.certificates(groups, made, command, before=before):
            if a is None and not fast:
                _write(facts, output_dir)
    if as_json:
        print_json(facts)
    else:
        print_text(paper.certificate_text(facts))
    if facts["failures"]:
        raise typer.Exit(1)
    return None


def _prove_stream(
    config: MacConfig, goal: Goal, limit: float, jobs: int, command: str, *, as_json: bool
) -> None:
    """Prove a unit between two streams, and print what came of it; exit code 1 if it fails."""
    from fp8mac.proofs import streams
    from fp8mac.proofs.check import solve

    with progress_bar() as bar:
        task = bar.add_task("claims", total=len(streams.CLAIMS))

        def advance(claim: str, count: int) -> None:
            bar.update(task, advance=1, total=count, description=claim)

        solver = solve.Solver(limit, Store())
        made = streams.prove_stream(config, goal=goal, solver=solver, jobs=jobs, progress=advance)
    facts = streams.stream_facts(made, command)
    if as_json:
        print_json(facts)
    else:
        print_text(streams.stream_proof(facts))
    if facts["failures"]:
        raise typer.Exit(1)


def _units(config: MacConfig | None, goal: Goal, *, fast: bool) -> dict[Goal, list[MacConfig]]:
    """What is proved: one unit, or the standard ones."""
    if config is not None:
        return {goal: [config]}
    from fp8mac.proofs import standard

    each, lanes = (standard.STANDARD_UNITS, standard.STANDARD_DOTS)
    if fast:
        each, lanes = (standard.FAST_UNITS, standard.FAST_DOTS)
    return {goal: [*each.get(goal, []), *lanes.get(goal, [])] for goal in Goal}


def _structures(
    config: MacConfig | None, name: str | None, *, fast: bool
) -> list[tuple[MacConfig, Structure]]:
    """Units with other structures: the one that is named, or with the standard units all."""
    if config is None:
        from fp8mac.proofs import standard

        return standard.FAST_STRUCTURES if fast else standard.STANDARD_STRUCTURES
    return [] if name is None else [(config, parse_structure(name, config))]


def _write(facts: dict[str, Any], folder: Path) -> None:
    """Write a certificate."""
    from fp8mac.proofs.certificate import certificate_text

    data = json.dumps(facts, indent=1, allow_nan=False) + "\n"
    write_files({folder / "proofs.md": certificate_text(facts), folder / "proofs.json": data})


def _certificate(path: Path) -> dict[str, Any]:
    """A certificate that rows are added to."""
    text = _read(path)
    try:
        found = json.loads(text)
        _ = found["tools"], found["command"], found["failures"], found["proved"]
        assert all(record.keys() >= {"unit", "goal"} for record in found["records"])
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError) as error:
        raise ConfigError(f"'{path}' is no certificate.") from error
    return found


def _read(path: Path) -> str:
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise ConfigError(f"Cannot read '{path}': {reason}.") from error
