"""A sweep and the searches in it, one after the other, into one store."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fp8mac.sim.networks.data.fetch import FetchError
from fp8mac.sim.torch.errors import TorchError
from fp8mac.synth_reports.experiments.sweep.needed.families import families_of, rest_of
from fp8mac.synth_reports.experiments.sweep.needed.search import Found, search
from fp8mac.synth_reports.experiments.sweep.space import Point, Space, space_of
from fp8mac.synth_reports.experiments.sweep.spec import Spec, SpecError
from fp8mac.synth_reports.experiments.sweep.summary import Summary
from fp8mac.synth_reports.experiments.sweep.sweep import Sweep
from fp8mac.synth_reports.experiments.sweep.trained import find_network
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.schedule import Scheduler

__all__ = ["Went", "go_through"]


@dataclass(frozen=True)
class Went:
    """What came of all specifications.

    Parameters
    ----------
    summary : Summary
        How it ended.
    points : tuple of Point
        That were gone through, those of searches among them.
    refused : dict of str to str
        Lines that describe no unit, and why.
    found : tuple of Found
        What was searched.
    absent : tuple of str
        Sentences on networks that are optional and cannot be run here.
    """

    summary: Summary
    points: tuple[Point, ...]
    refused: dict[str, str]
    found: tuple[Found, ...] = ()
    absent: tuple[str, ...] = ()


def go_through(specs: Sequence[Spec], store: PointStore, who: Scheduler, **how: Any) -> Went:
    """Measure what specifications say, and search what they leave open.

    Parameters
    ----------
    specs : sequence of Spec
        What is swept.
    store, who, **how
        As in `fp8mac.synth_reports.experiments.sweep.sweep.Sweep`.

    Raises
    ------
    Error
        As there, and if a specification means nothing.
    """
    absent: list[str] = []
    specs = [here for spec in specs if (here := _here(spec, absent)) is not None]
    refused: dict[str, str] = {}
    families = [each for spec in specs for each in families_of(spec, refused)]
    parts = [part for spec in specs for part in rest_of(spec)]
    if not parts and not families and refused:
        raise SpecError(f"No combination is a unit: {next(iter(refused.values()))}")
    space = space_of(parts) if parts or not families else Space((), {})
    refused = space.refused | refused
    summary = Sweep(space, store, who, **how).run()
    points = {point.id: point for point in space.points}
    alone: dict[str, Any] = {**how, "axes": ()}  # each bit that a search asks for is asked whole

    def measure(chosen: list[Point]) -> None:
        points.update((point.id, point) for point in chosen)
        summary.add(Sweep(Space(tuple(chosen), {}), store, who, **alone).run())

    def row_of(id_: str) -> dict[str, Any] | None:
        return next(iter(store.rows(f"id = '{id_}'")), None)

    found: list[Found] = []
    for limit in dict.fromkeys(each.spec.search for each in families):
        assert limit is not None
        alike = [each for each in families if each.spec.search == limit]
        found += search(alike, limit / 100, measure, row_of)
    summary.points = len(points)
    return Went(summary, tuple(points.values()), refused, tuple(found), tuple(absent))


def _here(spec: Spec, absent: list[str]) -> Spec | None:
    """A specification without optional networks that cannot be run here; None without any."""
    if not spec.optional:
        return spec
    there = []
    for network in spec.networks:
        try:
            find_network(network, spec.inputs, spec.axes)
            there.append(network)
        except (FetchError, TorchError) as error:
            absent.append(str(error))
    return replace(spec, networks=tuple(there)) if there or not spec.networks else None
