"""Reports of units that have to meet a delay or a clock."""

from collections.abc import Callable
from dataclasses import replace
from math import isinf
from typing import Any

from fp8mac.hw.config.ports import Shape
from fp8mac.synth_reports.cost.choice import Choice, Ladder, choose
from fp8mac.synth_reports.cost.measure import Bench, Design
from fp8mac.synth_reports.cost.report import Question, unit_report
from fp8mac.synth_reports.cost.target import Target, flip_flop_ps
from fp8mac.synth_reports.liberty.library import Library

__all__ = ["choose_for", "sentence", "target_report"]


def choose_for(
    target: Target,
    question: Question,
    bench: Bench,
    *,
    force: bool = False,
    progress: Callable[[Design], None] = lambda design: None,
) -> Choice:
    """The circuit for a target, in the last library of the question: the user's, if there is one.

    Raises
    ------
    TargetError
        If the target means nothing in that library.
    """
    name, library = list(question.libraries.items())[-1]
    return choose(
        bench,
        question.config,
        target.shape,
        name,
        delay_ps=target.delay_ps(library),
        ladder=Ladder(library.fo4_ps),
        force=force,
        progress=progress,
    )


def target_report(
    target: Target,
    question: Question,
    bench: Bench,
    command: str,
    *,
    force: bool = False,
    progress: Callable[[Design], None] = lambda design: None,
) -> dict[str, Any]:
    """Find the circuit for a target, and measure everything about it.

    Parameters
    ----------
    target : Target
        What is wanted.
    question : Question
        What is asked; its goal is of no account.
    bench, command, force, progress
        As for `fp8mac.synth_reports.cost.report.unit_report`.

    Returns
    -------
    dict
        The unit's report, with one goal that is named after the structure, and ``target``:
        ``text``, ``shape`` that has to meet it, ``library`` in which, ``delay_ns`` and
        ``delay_fo4`` that its logic may take, ``flip_flop_ns`` that are taken off a clock,
        ``structure``, ``mapped_to_fo4`` (``area`` and ``speed`` for the ends), ``met``,
        ``sentence``.
    """
    choice = choose_for(target, question, bench, force=force, progress=progress)
    name, library = list(question.libraries.items())[-1]
    wanted = choice.measured.design.delay_ps
    assert wanted is not None
    fo4 = wanted / library.fo4_ps
    delays = {each: fo4 * other.fo4_ps for each, other in question.libraries.items()}
    asked = replace(question, goal=choice.structure, delays_ps=delays | {name: wanted})
    report = unit_report(asked, bench, command, force=force)
    ends = {0.0: "speed"} if fo4 == 0 else {fo4: "area"} if isinf(fo4) else {}
    clocked = target.shape is Shape.UNIT and target.ps is not None
    facts = {
        "text": target.text,
        "shape": target.shape.value,
        "library": name,
        "delay_ns": None if library.is_own else round(choice.delay_ps / 1000, 4),
        "delay_fo4": round(choice.delay_ps / library.fo4_ps, 2),
        "flip_flop_ns": round(flip_flop_ps(library) / 1000, 4) if clocked else None,
        "structure": choice.structure.value,
        "mapped_to_fo4": ends.get(fo4, round(fo4, 2)),
        "met": choice.met,
        "sentence": sentence(target, choice, library),
    }
    return {**report, "target": facts}


def sentence(target: Target, choice: Choice, library: Library) -> str:
    """What came of it."""
    found = choice.measured.synthesis.delay_ps
    assert found is not None
    delay = f"{found / library.fo4_ps:.1f} FO4"
    if not library.is_own:
        delay = f"{found / 1000:.3f} ns"
    name = choice.structure.value
    if choice.met:
        return f"{target.text}: the smallest {target.shape.value} that meets it is {name}, {delay}"
    return f"Nothing meets {target.text}: the fastest {target.shape.value} is {name}, {delay}."
