"""The command that proves units."""

import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from fp8mac.cli.options import (
    GOAL,
    HERE,
    JSON,
    LANES,
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
from fp8mac.cli.proofs.around import blocks_of, prove_rows, prove_unit_stream
from fp8mac.gen.files import check_folder, print_text, read_text
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal, Structure, parse_structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.store.store import Store

__all__ = ["prove"]

_VECTORS = 1_000_000
_STEPS = f"Steps of units that no proof is known of; {_VECTORS:,} by default."


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
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            metavar="FORMAT",
            help="Round exact sums to FORMAT where they leave; of an array's rows, which leave in "
            "blocks such as mxfp8, what makes these is proved.",
        ),
        Only("A"),
    ] = None,
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
    vectors: Annotated[
        int | None,
        number("--vectors", low=1, high=10**10, help=_STEPS),
        Never("--fast"),
        Never("--verilog"),
        Never("--structure"),
        Never("--stream"),
    ] = None,
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
    counterexample is printed. A unit that no proof is known of is tried with many steps, and is
    called sampled, never proved; with --new again where its row has fewer than --vectors.
    """
    # Solvers and circuits are imported here: the other commands do without.
    from fp8mac.proofs import certificate as paper
    from fp8mac.proofs.check import checks, circuit, solve
    from fp8mac.proofs.check import prove as proofs
    from fp8mac.proofs.page import certificate_text
    from fp8mac.proofs.rows import block_proof
    from fp8mac.proofs.streams import stream_proof

    config = None
    if a is not None:
        described = partial(unit_of, a, b, acc, lanes=lanes, resolve=resolve, stages=stages)
        if (blocks := blocks_of(ctx, out)) is not None:
            made = prove_rows(ctx, described(), blocks, limit, jobs)
            return _finish(made, block_proof, as_json=as_json)
        config = described(out=out)
        if stream:
            made = prove_unit_stream(ctx, config, goal, limit, jobs)
            return _finish(made, stream_proof, as_json=as_json)
        if verilog is None and structure is None and _is_sampled(config, vectors):
            made = _tried(
                paper.certificate([], recorded(ctx)), [config], goal=goal, vectors=vectors
            )
            return _finish(made, certificate_text, as_json=as_json)
    units, structures = _asked(config, goal, structure, fast=fast)
    if a is None and not fast:
        check_folder(output_dir, "proofs.*")
    file = output_dir / "proofs.json"
    before = paper.read_certificate(_read(file), str(file)) if new else None
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

        def prove_group(group: checks.Units, planted: Mapping[str, int]) -> list[checks.Record]:
            if theirs is not None:
                return proofs.prove_circuit(theirs, any_nan=any_nan, progress=advance, **options)
            more = {"structures": structures, "planted": planted, "progress": advance}
            return proofs.prove_units(group, **more, **options)

        if theirs is None:
            plans = [checks.plan(each, structures=structures, both=both) for each in groups]
            bar.update(task, total=sum(map(len, plans)))
        facts: dict[str, Any] = {}
        for facts in paper.certificates(groups, prove_group, command, before=before):
            if a is None and not fast:
                _write(facts, output_dir)
    if a is None and not fast:
        lacking = paper.sampled_lacking(facts, vectors or _VECTORS)
        facts = _tried(facts, lacking, output_dir, vectors=vectors)
    return _finish(facts, certificate_text, as_json=as_json)


def _asked(
    config: MacConfig | None, goal: Goal, structure: str | None, *, fast: bool
) -> tuple[dict[Goal, list[MacConfig]], list[tuple[MacConfig, Structure]]]:
    """What is proved: one unit, for a goal or with a structure, or the standard ones."""
    if config is None:
        from fp8mac.proofs.standard import standard_structures, standard_units

        return standard_units(fast=fast), standard_structures(fast=fast)
    if structure is None:
        return {goal: [config]}, []
    return {}, [(config, parse_structure(structure, config))]


def _is_sampled(config: MacConfig, vectors: int | None) -> bool:
    """Whether a unit is tried, since no proof of it is known."""
    from fp8mac.proofs import sampling

    sampled = sampling.is_sampled(config)
    if vectors is not None and not sampled:
        raise ConfigError(f"--vectors has no effect: {config.text} is proved, not sampled.")
    return sampled


def _tried(
    facts: dict[str, Any],
    configs: list[MacConfig],
    folder: Path | None = None,
    *,
    goal: Goal = Goal.AREA,
    vectors: int | None = None,
) -> dict[str, Any]:
    """A certificate with units that are tried; in a folder it is written after each of them."""
    from fp8mac.proofs import certificate as paper
    from fp8mac.proofs.sampling import try_unit

    options: dict[str, Any] = {"goal": goal, "vectors": vectors or _VECTORS, "bench": make_bench()}
    with progress_bar() as bar:
        task = bar.add_task("netlist", total=3 * len(configs))

        def advance(what: str) -> None:
            bar.update(task, advance=1, description=what)

        attempt = partial(try_unit, progress=advance, **options)
        for after in paper.sampled_certificates(facts, configs, attempt):
            facts = after
            if folder is not None:
                _write(facts, folder)
    return facts


def _finish(facts: dict[str, Any], text: Callable[[dict[str, Any]], str], *, as_json: bool) -> None:
    """Print what came of it; exit code 1 if something failed."""
    if as_json:
        print_json(facts)
    else:
        print_text(text(facts))
    if facts["failures"]:
        raise typer.Exit(1)


def _write(facts: dict[str, Any], folder: Path) -> None:
    """Write a certificate."""
    from fp8mac.proofs.page import certificate_text

    data = json.dumps(facts, indent=1, allow_nan=False) + "\n"
    write_files({folder / "proofs.md": certificate_text(facts), folder / "proofs.json": data})


def _read(path: Path) -> str:
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise ConfigError(f"Cannot read '{path}': {reason}.") from error
