"""Going through a space of units, and which one to build."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.structure import parse_built
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.sweep.front import checked_axes, front, groups
from fp8mac.synth_reports.experiments.sweep.needed.search import Found
from fp8mac.synth_reports.experiments.sweep.needed.whole import go_through
from fp8mac.synth_reports.experiments.sweep.recommend import Demand, Recommendation
from fp8mac.synth_reports.experiments.sweep.recommend import recommend as answer
from fp8mac.synth_reports.experiments.sweep.spec import read_specs, spec_of
from fp8mac.synth_reports.experiments.sweep.summary import Summary
from fp8mac.synth_reports.experiments.sweep.written.text import recommendation_text, summary_lines
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.schedule import Cluster, Here, Processes, Scheduler

from ._html import table
from ._units import Unit

__all__ = ["Recommended", "Swept", "recommend", "sweep"]

_SHOWN = ("network", "unit", "goal", "library", "area_ge", "delay_fo4", "loss", "loss_high")


@dataclass(frozen=True)
class Swept:
    """What a sweep found; `print` says how it ended.

    Parameters
    ----------
    store : Path
        Where the points are.
    summary : Summary
        How many were measured, left out, and failed.
    ids : frozenset of str
        The points that were asked for.
    searched : tuple of Found
        Of each search the fewest bits that lose little enough.
    """

    store: Path
    summary: Summary
    ids: frozenset[str] = field(repr=False)
    searched: tuple[Found, ...] = field(default=(), repr=False)

    def to_records(self) -> list[dict[str, Any]]:
        """One record for each point, see ``docs/store.md``; ``pandas.DataFrame`` takes them."""
        return [row for row in PointStore(self.store).rows() if row["id"] in self.ids]

    def front(self, *axes: str) -> list[dict[str, Any]]:
        """Points that no other one beats in accuracy and these costs, by default the area."""
        wanted = checked_axes(axes or ("area",))
        found = groups(self.to_records())
        return [dict(row) for each in found for row in front(each, wanted)]

    def __str__(self) -> str:
        return "\n".join(summary_lines(self.summary))

    def _repr_html_(self) -> str:
        rows = [[row[name] for name in _SHOWN] for row in self.to_records()]
        return table(str(self.store), [name.replace("_", " ") for name in _SHOWN], rows)


def sweep(
    spec: str | Path | None = None,
    *,
    store: str | Path = "points.sqlite",
    until: str = "",
    axes: Sequence[str] = ("area",),
    prove: bool = False,
    jobs: int = 1,
    scheduler: str = "",
    force: bool = False,
    **choices: Any,
) -> Swept:
    """Measure every combination of formats, accumulators, goals, networks, ... into a store.

    What the store has is not measured again.

    Parameters
    ----------
    spec : str or Path, optional
        A file in TOML, see `fp8mac.synth_reports.experiments.sweep.spec`; or by ``choices``.
    store : str or Path
        An SQLite file, which need not exist.
    until : str
        ``"pareto"``: networks are asked only what can be on the front.
    axes : sequence of str
        Its costs: ``area``, ``delay``, ``energy``, ``gates``, ``luts``.
    prove : bool
        Whether units are proved that the certificate does not know.
    jobs : int
        Processes. With several, a script does its work under ``if __name__ == "__main__":``.
    scheduler : str
        Address of a Dask scheduler whose workers do the jobs instead.
    force : bool
        Whether to measure anew what is known.
    **choices
        Keys of the file: ``formats=["int8", "e4m3"], accumulators=["kulisch"], lanes=[1, 16]``.

    Raises
    ------
    Error
        If something is asked for that there is not, or the store cannot be used. What cannot be
        measured of a point does not end a sweep, see ``summary.failed``.
    """
    if until not in ("", "pareto"):
        raise ConfigError(f"until is 'pareto', or is left out, not '{until}'.")
    if spec is not None and choices:
        raise ConfigError(f"'{spec}' says what is swept; leave {next(iter(choices))} out.")
    wanted = checked_axes(axes)
    specs = [spec_of(choices, "sweep")] if spec is None else read_specs(Path(spec))
    who: Scheduler = Cluster(scheduler) if scheduler else Processes(jobs) if jobs > 1 else Here()
    with who:
        points = PointStore(Path(store))
        how: dict[str, Any] = {"prove": prove, "force": force, "axes": wanted if until else ()}
        went = go_through(specs, points, who, **how)
    ids = frozenset(point.id for point in went.points)
    return Swept(Path(store), went.summary, ids, went.found)


@dataclass(frozen=True)
class Recommended:
    """An answer; `print` says it in sentences.

    Parameters
    ----------
    unit : Unit or None
        What to build; None where no unit is within the limit for sure.
    found : Recommendation
        What stands beside it: runners-up, what was not told apart, what was not measured.
    """

    unit: Unit | None
    found: Recommendation = field(repr=False)

    def __str__(self) -> str:
        return recommendation_text(self.found)


def recommend(
    network: str,
    *,
    max_drop: float,
    minimise: str = "area",
    delay: str = "",
    lanes: int | None = None,
    library: str = "",
    fpga: str = "",
    store: str | Path = "points.sqlite",
) -> Recommended:
    """The cheapest unit of a store that surely loses no more than a limit.

    Parameters
    ----------
    network : str
        What runs on it.
    max_drop : float
        Points of the network's metric that may be lost against float32, at most, at 95 %.
    minimise : str
        ``area``, ``delay``, ``energy``, ``gates`` or ``luts``.
    delay : str
        Longest path between registers that is allowed, such as ``"1ns"``.
    lanes : int, optional
        Products a cycle; can be left out if the points have one number of them.
    library, fpga : str
        What it is mapped to; likewise.
    store : str or Path
        What `sweep` made.

    Raises
    ------
    Error
        If there is no store, or its points do not answer that.
    """
    demand = Demand(network, max_drop / 100, minimise, delay, lanes, library, fpga)
    found = answer(PointStore(Path(store)).rows(), demand)
    if found.choice is None:
        return Recommended(None, found)
    row = found.choice.row
    config = parse_line(row["unit"])
    return Recommended(Unit(config, parse_built(row["structure"], config)), found)
