"""Published designs beside ours, as an experiment."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from threading import Lock
from typing import Annotated, Any

from rich.console import RenderableType

from fp8mac.gen.describe import module_name
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import GATE_GOALS, Goal
from fp8mac.synth_reports.cost.measure import Bench
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, page
from fp8mac.synth_reports.experiments.peers.dots import ALL_UNITS, NETLIST, forms_of
from fp8mac.synth_reports.experiments.peers.peers import (
    YARDSTICKS,
    Source,
    check_library,
    figures_of,
    flow_sha256,
)
from fp8mac.synth_reports.experiments.peers.text import (
    PeerRecord,
    csv_text,
    markdown_text,
    name,
    rows,
    summary,
    terminal,
)
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.find import resolve

__all__ = ["PeerJob", "Peers", "PeersOptions"]

_elaboration = Lock()


@dataclass(frozen=True)
class PeersOptions:
    """Which library."""

    liberty: Annotated[str, Option("Nangate's 45 nm library, typical.", "LIB")] = "nangate45"


@dataclass(frozen=True)
class PeerJob:
    """A design to take through the flow.

    Parameters
    ----------
    unit : str
        Key of `ALL_UNITS`.
    goal : Goal or None
        Which of our circuits; None for a yardstick.
    form : str
        One of its forms, or the design of a yardstick.
    liberty : str
        The library, as one names it.
    """

    unit: str
    goal: Goal | None
    form: str
    liberty: str


class Peers(Experiment[PeersOptions, PeerJob, PeerRecord]):
    """Our cores for both goals, as RTL and as netlist, and yardsticks; the others are data."""

    name = "peers"
    help = "Put published designs beside ours, through one flow to one library: md, csv."
    options = PeersOptions
    pattern = "peers.*"

    def plan(self, options: PeersOptions) -> list[PeerJob]:
        check_library(resolve(options.liberty))
        again = [PeerJob(each.unit, None, each.design, options.liberty) for each in YARDSTICKS]
        ours = [
            PeerJob(unit, goal, form, options.liberty)
            for unit in ALL_UNITS
            for goal in GATE_GOALS
            for form in forms_of(unit)
        ]
        return [*again, *ours]

    def run(self, job: PeerJob, worker: Worker) -> PeerRecord:
        bench, library = worker.bench(), worker.library(job.liberty)
        source = _source(job, bench, force=worker.force)
        figures, day = figures_of(source, library, bench, force=worker.force)
        return PeerRecord(
            **asdict(figures),
            unit=source.unit,
            design=source.design,
            library=library.name,
            version=version("fp8mac"),
            measured_on=day,
            yosys=f"{bench.yosys.version} ({bench.yosys.build})",
            flow_sha256=flow_sha256(),
            library_sha256=library.sha256,
        )

    def render(self, records: Sequence[PeerRecord], made: Made) -> dict[str, str | bytes]:
        return page("peers", markdown_text(records, made.command), csv_text(rows(records)))

    def show(self, records: Sequence[PeerRecord], options: PeersOptions) -> RenderableType | None:
        return terminal(summary(rows(records)))

    def facts(self, records: Sequence[PeerRecord]) -> dict[str, Any]:
        table = rows(records)
        return {"summary": summary(table), "designs": table}


def _source(job: PeerJob, bench: Bench, *, force: bool) -> Source:
    """Verilog of a design."""
    if job.goal is None:
        return next(each for each in YARDSTICKS if each.design == job.form)
    from fp8mac.gen.verilog import verilog_text
    from fp8mac.proofs.proved import netlist_text

    config = ALL_UNITS[job.unit]
    with _elaboration:  # one at a time, as Amaranth has it
        body = None
        if job.form == NETLIST:
            body = netlist_text(config, Shape.CORE, goal=job.goal, bench=bench, force=force)
        text = verilog_text(config, Shape.CORE, goal=job.goal, netlist=body)
        top = module_name(config, Shape.CORE, goal=job.goal)
    return Source(job.unit, name(job.goal, job.form), text, top)
