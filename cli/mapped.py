"""Commands on netlists as Verilog: `verilog --mapped`, and our units beside published ones."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from fp8mac.cli.options import (
    FORCE,
    HERE,
    JSON,
    end,
    print_json,
    progress_bar,
    recorded,
    write_files,
)
from fp8mac.gen.describe import module_name
from fp8mac.gen.files import check_folder
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.goal import Goal
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.measure import Bench, Design
from fp8mac.synth_reports.experiments.peers import peers as comparison
from fp8mac.synth_reports.experiments.peers import text as peers_text
from fp8mac.synth_reports.experiments.peers.peers import UNITS, Source
from fp8mac.synth_reports.liberty.find import resolve
from fp8mac.synth_reports.render.tables import show
from fp8mac.synth_reports.store.store import Store

__all__ = ["netlist_text", "peers"]


def netlist_text(config: MacConfig, shape: Shape, *, goal: Goal, bench: Bench) -> str:
    """Module of the gates that synthesis counts, proved once for each text."""
    from fp8mac.proofs import netlists as mapped

    design = Design(config, shape, goal)
    found = bench.measure([design])[design]
    text = mapped.structural_verilog(found.synthesis, config, shape, goal=goal)
    inputs = [found.rtlil_sha256, text, bench.yosys.build, bench.yosys.version]
    key = bench.store.key(inputs, mapped.__name__)
    if not bench.store.load("proofs", key):
        try:
            mapped.prove_netlist(text, config, shape, goal=goal)
        except mapped.EquivalenceError as error:
            raise end(f"The netlist of {design.top} is not proved: {error}") from error
        bench.store.save("proofs", key, {"top": design.top})
    return text


def peers(
    ctx: typer.Context,
    liberty: Annotated[
        str, typer.Option("--liberty", metavar="LIB", help="Nangate's 45 nm library, typical.")
    ] = "nangate45",
    output_dir: Annotated[
        Path, typer.Option("--output-dir", metavar="DIR", help="Where peers.* go.")
    ] = HERE,
    force: FORCE = False,
    as_json: JSON = False,
) -> None:
    """Put published designs beside ours, through one flow to one library: md, csv."""
    check_folder(output_dir, "peers.*")
    library = comparison.check_library(resolve(liberty))
    bench = comparison.Comparison(library, find_yosys(), Store())
    with progress_bar() as bar:
        sources = [*comparison.YARDSTICKS, *_sources(bar, force=force)]
        task = bar.add_task("comparison", total=len(sources))
        found = comparison.measure_all(
            sources, bench, force=force, progress=lambda source: bar.advance(task)
        )
    table = peers_text.rows(found)
    files: dict[Path, str | bytes] = {
        output_dir / "peers.csv": peers_text.csv_text(table, bench),
        output_dir / "peers.md": peers_text.markdown_text(found, bench, recorded(ctx)),
    }
    write_files(files)
    if as_json:
        print_json({"summary": peers_text.summary(table), "designs": table})
    else:
        show(peers_text.terminal(peers_text.summary(table)))


def _sources(bar: Progress, *, force: bool) -> list[Source]:
    """Verilog of our units for both goals, each as RTL and as a netlist."""
    from fp8mac.gen.verilog import verilog_text

    bench = make_bench()
    pairs = [(unit, goal) for unit in UNITS for goal in Goal]
    designs = [Design(UNITS[unit], Shape.CORE, goal) for unit, goal in pairs]
    task = bar.add_task("netlists", total=len(designs))
    bench.measure(designs, force=force, progress=lambda design: bar.advance(task))
    sources = []
    for unit, goal in bar.track(pairs, description="Verilog"):
        config = UNITS[unit]
        netlist = netlist_text(config, Shape.CORE, goal=goal, bench=bench)
        for form, body in zip(peers_text.FORMS, (netlist, None), strict=True):
            text = verilog_text(config, Shape.CORE, goal=goal, netlist=body)
            top = module_name(config, Shape.CORE, goal=goal)
            sources.append(Source(unit, peers_text.name(goal, form), text, top))
    return sources
