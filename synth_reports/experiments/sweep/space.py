"""Which points a specification stands for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

from fp8mac.hw.config.accumulators import FloatAccConfig, KulischConfig, parse_accumulator
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.sim.networks.tasks.zoo import is_own
from fp8mac.synth_reports.cost.target import parse_clock, parse_delay
from fp8mac.synth_reports.experiments.sweep.spec import Spec, SpecError, is_trained
from fp8mac.synth_reports.store.points.columns import id_of
from fp8mac.synth_reports.synth.fpga import Fpga

__all__ = ["MOST_POINTS", "Point", "Space", "space_of", "target_of"]


MOST_POINTS = 200_000


@dataclass(frozen=True)
class Point:
    """A unit, how it is built, what it is mapped to, and a network.

    Parameters
    ----------
    config : MacConfig
        The unit.
    goal, delay : str
        What it is built for, or how fast it has to be; one of them is empty.
    library, fpga : str
        What it is mapped to; one of them is empty.
    network, inputs, axes : str
        What runs on it, see `fp8mac.synth_reports.experiments.accuracy.accuracy.Case`; empty for
        nothing.
    questions : int, optional
        That are asked; all by default.
    operands : str
        For energy: ``recorded`` or ``normal``.
    """

    config: MacConfig
    goal: str
    delay: str
    library: str
    fpga: str
    network: str = ""
    inputs: str = ""
    axes: str = ""
    questions: int | None = None
    operands: str = "recorded"

    def identity(self) -> dict[str, Any]:
        """Columns of the identity, see `fp8mac.synth_reports.store.points.columns`."""
        config = self.config
        accumulator, summation = config.accumulator, config.summation
        kulisch = isinstance(accumulator, KulischConfig)
        facts = {
            "unit": config.text,
            "slug": config.slug,
            "formats": "*".join(dict.fromkeys(config.operand_names)),
            "accumulator": accumulator.name,
            "guard_bits": accumulator.guard_bits if kulisch else None,
            "lanes": summation.lanes,
            "window": summation.window_bits,
            "stages": config.stages,
            "goal": self.goal or None,
            "delay_target": self.delay or None,
            "library": self.library or None,
            "fpga_target": self.fpga or None,
            "network": self.network or None,
            "inputs": self.inputs or None,
        }
        return {"id": id_of(facts), **facts}

    @property
    def id(self) -> str:
        """Hash of the identity."""
        return self.identity()["id"]


@dataclass(frozen=True)
class Space:
    """Points, and combinations that are none.

    Parameters
    ----------
    points : tuple of Point
        Each once, unit by unit.
    refused : dict of str to str
        Lines that describe no unit, and why.
    """

    points: tuple[Point, ...]
    refused: dict[str, str]


def space_of(specs: list[Spec]) -> Space:
    """Points of products, each once.

    Raises
    ------
    SpecError
        If something in them is not known, or no combination is a unit.
    """
    refused: dict[str, str] = {}
    points: dict[str, Point] = {}
    checked = [_checked(spec) for spec in specs]
    if (count := sum(map(_combinations, checked))) > MOST_POINTS:
        raise SpecError(f"These are {count:,} combinations; a sweep has at most {MOST_POINTS:,}.")
    for spec in checked:
        built = list(_built(spec))
        runs = [(each, *_data(spec, each)) for each in spec.networks] or [("", "", "")]
        for config in _configs(spec, refused):
            for (goal, delay, library, fpga), (network, inputs, axes) in product(built, runs):
                point = Point(config, goal, delay, library, fpga, network, inputs, axes)
                operands = "normal" if is_trained(network) else spec.operands
                point = replace(point, questions=spec.questions, operands=operands)
                points.setdefault(point.id, point)
    if not points:
        if refused:
            raise SpecError(f"No combination is a unit: {next(iter(refused.values()))}")
        raise SpecError("Nothing to sweep: name formats and accumulators, or units.")
    return Space(tuple(points.values()), refused)


def _combinations(spec: Spec) -> int:
    units = len(spec.units) + prod(
        max(1, len(each)) for each in (spec.guard_bits, spec.windows)
    ) * prod(len(each) for each in (spec.formats, spec.accumulators, spec.lanes, spec.stages))
    return units * len(list(_built(spec))) * max(1, len(spec.networks))


def target_of(text: str) -> Any:
    """Delay or clock, see `fp8mac.synth_reports.cost.target`."""
    return (parse_clock if text.lower().endswith("hz") else parse_delay)(text)


def _checked(spec: Spec) -> Spec:
    """The specification, with the goals that FPGAs need."""
    goals = [each.value for each in Goal]
    for goal in spec.goals:
        if goal not in goals:
            raise SpecError(f"Unknown goal '{goal}'; there are {', '.join(goals)}.")
    for fpga in spec.fpgas:
        if fpga not in [each.value for each in Fpga]:
            names = " and ".join(each.value for each in Fpga)
            raise SpecError(f"Unknown FPGA '{fpga}'; there are {names}.")
    if spec.operands not in ("recorded", "normal"):
        raise SpecError(f"Unknown operands '{spec.operands}'; there are recorded and normal.")
    if spec.questions is not None and spec.questions < 1:
        raise SpecError(f"A network is asked at least 1 question, not {spec.questions}.")
    for network in filter(is_trained, spec.networks):
        if spec.questions is not None:
            raise SpecError(f"{network} is judged by all that is held out; leave questions away.")
    for delay in spec.delays:
        target_of(delay)
    goals = spec.goals or (() if spec.delays or spec.fpgas else (Goal.AREA.value,))
    on_fpga = [goal for goal in goals if Goal(goal).is_fpga]
    if spec.fpgas and not on_fpga:
        goals = (*goals, Goal.FPGA.value)
    fpgas = spec.fpgas or ((Fpga.ICE40.value,) if on_fpga else ())
    return replace(spec, goals=tuple(goals), fpgas=fpgas)


def _built(spec: Spec) -> Iterator[tuple[str, str, str, str]]:
    """Goal, delay, library and FPGA of each way of building a unit."""
    for goal in spec.goals:
        if Goal(goal).is_fpga:
            yield from ((goal, "", "", fpga) for fpga in spec.fpgas)
        else:
            yield from ((goal, "", library, "") for library in spec.libraries)
    yield from (("", delay, library, "") for delay in spec.delays for library in spec.libraries)


def _data(spec: Spec, network: str) -> tuple[str, str]:
    return (spec.inputs, spec.axes) if is_own(network) else ("", "")


def _configs(spec: Spec, refused: dict[str, str]) -> Iterator[MacConfig]:
    for line in dict.fromkeys([*_lines(spec), *spec.units]):
        try:
            yield parse_line(line)
        except Error as error:
            if line in spec.units:
                raise
            refused[line] = str(error)


def _lines(spec: Spec) -> Iterator[str]:
    """Units of the product, in one line; windows and guard bits where they mean something."""
    for lanes, format_, acc in product(spec.lanes, spec.formats, spec.accumulators):
        parsed = parse_accumulator(acc)
        accs, windows = [acc], [""]
        if isinstance(parsed, KulischConfig) and acc == "kulisch" and spec.guard_bits:
            accs = [f"kulisch:{bits}" for bits in spec.guard_bits]
        if isinstance(parsed, FloatAccConfig):
            windows = [f", window {bits}" for bits in spec.windows] or windows
        times = f" x {lanes}" if lanes > 1 else ""
        for acc_, window, stages in product(accs, windows, spec.stages):
            yield f"{format_}{times} -> {acc_}{window}" + (
                f", stages {stages}" if stages > 1 else ""
            )
