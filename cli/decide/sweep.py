"""The command that goes through a space of units."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.progress import TimeRemainingColumn

from fp8mac.cli.options import (
    FORCE,
    JSON,
    Never,
    Number,
    Only,
    end,
    number,
    print_json,
    progress_bar,
    recorded,
    write_files,
)
from fp8mac.gen.files import check_folder
from fp8mac.synth_reports.liberty.library import OWN
from fp8mac.synth_reports.store.parallel import processors
from fp8mac.synth_reports.store.points.points import PointStore

if TYPE_CHECKING:
    from fp8mac.synth_reports.experiments.sweep.needed.whole import Went

__all__ = ["STORE", "sweep"]

STORE = Annotated[
    Path, typer.Option("--store", metavar="FILE", help="The store of points, an SQLite file.")
]
_NEVER = Never("SPEC")
_MOST = 4096


def _list(name: str, metavar: str, help_: str) -> object:
    return typer.Option(name, metavar=metavar, help=help_)


def sweep(
    ctx: typer.Context,
    spec: Annotated[
        Path | None,
        typer.Argument(metavar="[SPEC]", help="What is swept, a file in TOML; or by options."),
    ] = None,
    *,
    formats: Annotated[
        str, _list("--formats", "A,B*C,...", "Operands: one format, or two."), _NEVER
    ] = "",
    accs: Annotated[str, _list("--accs", "X,Y,...", "Accumulators."), _NEVER] = "",
    guard: Annotated[
        str, _list("--guard", "N,M,...", "Guard bits of kulisch accumulators."), _NEVER
    ] = "",
    windows: Annotated[
        str, _list("--windows", "N,M,...", "Bits of windows of float accumulators."), _NEVER
    ] = "",
    lanes: Annotated[
        str, _list("--lanes", "N,M,...", "Products that are added in a cycle."), _NEVER
    ] = "1",
    stages: Annotated[
        str, _list("--stages", "N,M", "2: a register between product and sum."), _NEVER
    ] = "1",
    units: Annotated[
        list[str] | None,
        typer.Option("--unit", metavar="UNIT", help="A unit in one line, or its name, besides."),
        _NEVER,
    ] = None,
    goals: Annotated[
        str, _list("--goals", "G,H,...", "area, speed, fpga, fpga-dsp; area by default."), _NEVER
    ] = "",
    delays: Annotated[
        str, _list("--delays", "T,...", "The smallest unit within 20fo4, 0.8ns, 1GHz."), _NEVER
    ] = "",
    liberties: Annotated[
        list[str] | None,
        typer.Option("--liberty", metavar="LIB", help="Library, by default our own."),
        _NEVER,
    ] = None,
    fpgas: Annotated[str, _list("--fpgas", "F,...", "FPGAs: ice40, ecp5."), _NEVER] = "",
    networks: Annotated[
        str, _list("--networks", "N,M,...", "Networks, or paths of ONNX models."), _NEVER
    ] = "",
    inputs: Annotated[
        str,
        typer.Option(metavar="NPZ", help="Data of an ONNX model: its inputs, and labels if any."),
        Only("--networks *.onnx"),
    ] = "",
    axes: Annotated[
        str,
        typer.Option("--questions-axis", metavar="AXIS", help="Axis of the questions in them."),
        Only("--inputs"),
    ] = "",
    samples: Annotated[
        int | None,
        number(low=1, high=1_000_000, help="Questions to each network."),
        Only("--networks"),
    ] = None,
    operands: Annotated[
        str,
        typer.Option(
            metavar="X", help="For energy: recorded from layers of the network, or normal."
        ),
        Only("--networks"),
    ] = "recorded",
    search: Annotated[
        float | None,
        number(
            "--search",
            low=0,
            high=100,
            kind=float,
            help="Fewest bits of kulisch, e6m*, windows that lose at most so many points.",
        ),
        Only("--networks"),
        Never("--until"),
    ] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Prove units that the certificate does not know.")
    ] = False,
    until: Annotated[
        str,
        typer.Option(metavar="pareto", help="Ask networks only what can be on the front."),
    ] = "",
    front: Annotated[
        str,
        typer.Option(metavar="C,D,...", help="Its costs: area, delay, energy, gates, luts."),
    ] = "area",
    store: STORE = Path("points.sqlite"),
    output_dir: Annotated[
        Path | None,
        typer.Option(
            "--output-dir",
            metavar="DIR",
            help="Write points, page, picture: csv, md, svg, png.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        number(low=1, high=1024, help="Processes; one a processor."),
        Never("--scheduler"),
    ] = None,
    scheduler: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Dask's scheduler that has workers: tcp://HOST:PORT."),
    ] = "",
    force: FORCE = False,
    as_json: JSON = False,
) -> None:
    """Measure every combination of formats, accumulators, goals, networks, ... into a store.

    What the store has is not measured again, so an interrupted sweep goes on where it stopped.
    """
    from fp8mac.synth_reports.experiments.sweep.front import checked_axes, groups
    from fp8mac.synth_reports.experiments.sweep.front import front as front_of
    from fp8mac.synth_reports.experiments.sweep.needed.whole import go_through
    from fp8mac.synth_reports.experiments.sweep.spec import Spec, read_specs
    from fp8mac.synth_reports.experiments.sweep.written.page import sweep_files
    from fp8mac.synth_reports.store.schedule import Cluster, Here, Processes, Scheduler

    if until not in ("", "pareto"):
        raise end(f"--until is pareto, or is left out, not '{until}'.")
    axes_ = checked_axes(_words(front))
    if spec is not None:
        specs = read_specs(spec)
    else:
        specs = [
            Spec(
                formats=_words(formats),
                accumulators=_words(accs),
                guard_bits=_numbers("--guard", guard, 0),
                windows=_numbers("--windows", windows, 1),
                lanes=_numbers("--lanes", lanes, 1),
                stages=_numbers("--stages", stages, 1),
                units=tuple(units or ()),
                goals=_words(goals),
                delays=_words(delays),
                libraries=tuple(liberties or (OWN,)),
                fpgas=_words(fpgas),
                networks=_words(networks),
                inputs=inputs,
                axes=axes,
                questions=samples,
                operands=operands,
                search=search,
            )
        ]
    who: Scheduler = Cluster(scheduler) if scheduler else Processes(jobs or processors())
    if jobs == 1:
        who = Here()
    name = spec.stem if spec is not None else "sweep"
    if output_dir is not None:
        check_folder(output_dir, f"{name}.*")
    points = PointStore(store)
    with progress_bar(TimeRemainingColumn()) as bar, who:
        task = bar.add_task("sweep", total=0)
        total = 0

        def expect(more: int) -> None:
            nonlocal total
            total += more
            bar.update(task, total=total)

        went = go_through(
            specs,
            points,
            who,
            prove=prove,
            axes=axes_ if until else (),
            force=force,
            expect=expect,
            advance=lambda job: bar.advance(task),
        )
    rows = {row["id"]: row for row in points.rows()}
    ids = {point.id for point in went.points}
    fronts = [front_of(each, axes_) for each in groups(rows.values())]
    _say(went, [[row for row in each if row["id"] in ids] for each in fronts], axes_, as_json)
    if output_dir is not None:
        files = sweep_files(name, rows, went, axes_, recorded(ctx))
        write_files({output_dir / file: data for file, data in files.items()})
    if went.summary.failed:
        raise typer.Exit(1)


def _say(went: "Went", fronts: list[Any], axes: tuple[str, ...], as_json: bool) -> None:
    from fp8mac.synth_reports.experiments.sweep.needed.text import found_facts, found_tables
    from fp8mac.synth_reports.experiments.sweep.written.text import front_table, summary_lines
    from fp8mac.synth_reports.render.tables import show

    if as_json:
        facts = {"summary": asdict(went.summary), "refused": went.refused, "fronts": fronts}
        print_json(facts | {"searched": found_facts(went.found)})
    for table in () if as_json else found_tables(went.found):
        show(table)
    for rows in () if as_json else filter(None, fronts):
        show(front_table(rows, axes))
    lines = summary_lines(went.summary)
    if went.refused:
        line, why = next(iter(went.refused.items()))
        lines.append(f"No units: {len(went.refused)}, such as {line}: {why}")
    for line in [*lines, *went.absent]:
        typer.echo(line, err=True)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",")) if text else ()


def _numbers(name: str, text: str, low: int) -> tuple[int, ...]:
    limits = Number(low, _MOST)
    try:
        return tuple(cast(int, limits(word)) for word in _words(text))
    except typer.BadParameter:
        raise end(f"{name} takes whole numbers {limits}, not '{text}'.") from None
