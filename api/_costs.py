"""What a unit costs, and whether it is right."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.structure import Goal, Structure, parse_built
from fp8mac.synth_reports.store.store import Store

from ._html import table
from ._units import AnyUnit, Unit, as_unit, read_goal

if TYPE_CHECKING:
    from fp8mac.proofs.check.checks import Record

__all__ = ["Measured", "Proved", "measure", "prove"]


@dataclass(frozen=True)
class Measured:
    """What a unit costs. `print` shows it as ``fp8mac synth`` does, a notebook as a table.

    Parameters
    ----------
    unit : Unit
        What was measured.
    report : dict
        Everything that was found, as ``fp8mac synth --json`` prints it.
    """

    unit: Unit
    report: dict[str, Any] = field(repr=False)

    def to_records(self) -> list[dict[str, Any]]:
        """One record for each shape, goal and library or FPGA; ``pandas.DataFrame`` takes them.

        Returns
        -------
        list of dict
            Identity (``unit``, ``shape``, ``goal``, ``library`` or ``target``) and numbers, with
            their units in the keys. None where nothing was measured.
        """
        if self.unit.goal.is_fpga:
            return [
                {"unit": self.unit.name, "shape": shape, "goal": goal, "target": target}
                | found["metrics"]
                for goal, shapes in self.report["goals"].items()
                for shape, targets in shapes.items()
                for target, found in targets["targets"].items()
            ]
        records = []
        for goal, shapes in self.report["goals"].items():
            for shape, found in shapes.items():
                for library, figures in found["libraries"].items():
                    identity = {
                        "unit": self.unit.name,
                        "shape": shape,
                        "goal": goal,
                        "library": library,
                    }
                    records.append(identity | found["metrics"] | _numbers(figures))
        every: dict[str, Any] = dict.fromkeys(key for each in records for key in each)
        return [every | each for each in records]

    def __str__(self) -> str:
        from fp8mac.synth_reports.render.fpga_tables import fpga_footnotes, fpga_table
        from fp8mac.synth_reports.render.tables import show
        from fp8mac.synth_reports.render.unit_tables import (
            breakdown_table,
            footnotes,
            unit_table,
        )

        text = io.StringIO()
        if self.unit.goal.is_fpga:
            show(fpga_table(self.report), text)
            return text.getvalue() + fpga_footnotes(self.report)
        show(unit_table(self.report), text)
        show(breakdown_table(self.report), text)
        return text.getvalue() + footnotes(self.report)

    def _repr_html_(self) -> str:
        records = sorted(self.to_records(), key=lambda each: each["shape"])
        keys = [key for key in records[0] if key != "unit"]
        rows = [[key.replace("_", " "), *(each[key] for each in records)] for key in keys]
        head, *shown = [row for row in rows if any(cell is not None for cell in row[1:])]
        return table(self.unit.name, ["", *head[1:]], shown)


def _numbers(figures: dict[str, Any]) -> dict[str, float | None]:
    """Figures in one library, flat; of the energies those with all that switches."""
    from fp8mac.synth_reports.cost.physical import dynamic_energies

    names = ("area_um2", "area_ge", "delay_ns", "delay_fo4")
    energies = figures["energy_per_mac"]
    return {name: figures[name] for name in names} | (
        dynamic_energies(energies) if energies else {}
    )


def measure(
    unit: AnyUnit,
    *,
    goal: str | None = None,
    liberty: Sequence[str] = (),
    delay: str | None = None,
    clock: str | None = None,
    target: Sequence[str] = ("ice40",),
    dsp: bool = False,
    force: bool = False,
    effort_seconds: float = 0,
) -> Measured:
    """Gates, area, delay and energy of a unit, or its FPGA's tables, beside int8 in int32.

    What was measured before is looked up. A new unit takes up to a minute.

    Parameters
    ----------
    unit : Unit, MacConfig or str
        The unit.
    goal : str, optional
        What its circuit is built for; by default what ``unit`` says, or ``area``.
    liberty : sequence of str
        Cell libraries beside our own: files, or names that ``fp8mac liberty`` lists.
    delay, clock : str, optional
        Instead of the unit's goal: the smallest core within a delay such as ``"0.8ns"`` or
        ``"20fo4"``, or the smallest unit that runs at a clock such as ``"1.2GHz"``, in the last
        library. ``report["target"]`` says how it is built, and whether it is fast enough.
    target : sequence of str
        With the goals ``fpga`` and ``fpga-dsp``: FPGAs, ``ice40`` and ``ecp5``.
    dsp : bool
        With ``fpga``: whether it is measured with multiplier blocks as well.
    force : bool
        Whether to measure anew what is known.
    effort_seconds : float
        Time to look for better netlists.

    Raises
    ------
    Error
        If there is no circuit for the unit, no Yosys, no such library or FPGA, or something is
        asked for that the goal has not.
    """
    from fp8mac.synth_reports.cost.bench import make_bench
    from fp8mac.synth_reports.cost.report import Question, unit_report
    from fp8mac.synth_reports.cost.target import parse_clock, parse_delay
    from fp8mac.synth_reports.cost.targeted import target_report
    from fp8mac.synth_reports.liberty.find import libraries_of

    given = as_unit(unit)
    if goal is not None:
        given = Unit(given.config, read_goal(goal, given.config))
    command = f"fp8mac.measure({given!r})"
    if given.goal.is_fpga:
        if liberty or effort_seconds:
            raise ConfigError("An FPGA has no cell libraries, and no better netlists to look for.")
        return _measure_fpga(given, tuple(target), command, dsp=dsp, force=force)
    if dsp or tuple(target) != ("ice40",):
        raise ConfigError("Only the goal fpga has FPGAs and multiplier blocks.")
    libraries = libraries_of(liberty)
    question = Question(given.config, given.goal, libraries=libraries)
    bench = make_bench(libraries, seconds=effort_seconds)
    if delay is None and clock is None:
        command = f"fp8mac.measure({given!r})"
        return Measured(given, unit_report(question, bench, command, force=force))
    if delay is not None and clock is not None:
        raise ConfigError("A delay and a clock were given; one of them is wanted.")
    wanted_delay = parse_delay(delay) if delay is not None else parse_clock(clock or "")
    wanted = f"delay={delay!r}" if delay is not None else f"clock={clock!r}"
    command = f"fp8mac.measure({given!r}, {wanted})"
    report = target_report(wanted_delay, question, bench, command, force=force)
    return Measured(Unit(given.config, parse_built(report["goal"], given.config)), report)


def _measure_fpga(
    given: Unit, names: tuple[str, ...], command: str, *, dsp: bool, force: bool
) -> Measured:
    from fp8mac.gen.yosys import find_yosys
    from fp8mac.synth_reports.cost.fpga import FpgaQuestion, fpga_report
    from fp8mac.synth_reports.synth.fpga import Fpga

    known = [each.value for each in Fpga]
    for name in names:
        if name not in known:
            raise ConfigError(f"Unknown FPGA '{name}'; there are {' and '.join(known)}.")
    targets = tuple(Fpga(name) for name in dict.fromkeys(names))
    with_dsp = dsp or given.goal is Goal.FPGA_DSP
    question = FpgaQuestion(given.config, targets, with_dsp)
    return Measured(given, fpga_report(question, find_yosys(), Store(), command, force=force))


@dataclass(frozen=True)
class Proved:
    """What came of proofs; true where everything is as it has to be.

    Parameters
    ----------
    unit : Unit
        What was proved.
    records : tuple of Record
        One for each check, planted bugs included.
    failures : tuple of str
        A sentence for each check that did not come out as it has to.
    """

    unit: Unit
    records: "tuple[Record, ...]" = field(repr=False)
    failures: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.failures

    def to_records(self) -> list[dict[str, Any]]:
        """One record for each check: what was checked, the verdict, the seconds it took."""
        return [
            {
                "unit": self.unit.name,
                "goal": self.unit.goal.value,
                "check": str(record.check),
                "kind": record.check.kind.value,
                "verdict": record.verdict.value,
                "seconds": round(record.seconds, 3),
                "sha256": record.sha256,
            }
            for record in self.records
        ]

    def _repr_html_(self) -> str:
        shown = ("check", "kind", "verdict", "seconds")
        rows = [[record[key] for key in shown] for record in self.to_records()]
        verdict = "proved" if self else " ".join(self.failures)
        return table(f"{self.unit.name}: {verdict}", shown, rows)


def prove(unit: AnyUnit, *, seconds: float = 900, jobs: int | None = None) -> Proved:
    """Prove a unit's circuits, Verilog and netlists, and refute bugs that are planted in them.

    Parameters
    ----------
    unit : Unit, MacConfig or str
        The unit.
    seconds : float
        Processor time for each question to a solver; what takes longer is a failure.
    jobs : int, optional
        Checks at a time; default one for each processor.

    Returns
    -------
    Proved
        True where everything is as it has to be.

    Raises
    ------
    Error
        If there is no circuit for the unit, no Yosys, or no solver (``fp8mac[prove]``).
    """
    from fp8mac.proofs.check.checks import failures
    from fp8mac.proofs.check.prove import prove_units
    from fp8mac.proofs.check.solve import Solver

    given = as_unit(unit)
    config, goal = given.config, given.goal
    records = prove_units(
        {goal: [config]} if isinstance(goal, Goal) else {},
        structures=[(config, goal)] if isinstance(goal, Structure) else [],
        solver=Solver(seconds, Store()),
        jobs=jobs or os.cpu_count() or 1,
    )
    return Proved(given, tuple(records), tuple(failures(records)))
