"""Answers to a unit in one line: its data sheet, Verilog, cost and proof."""

import io
import os
from collections.abc import Callable
from typing import Any

from fp8mac.gen.yosys import stop_all
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.synth_reports.page.points import PageError
from fp8mac.synth_reports.page.sheets import sheet_of

__all__ = ["MOST_CHARACTERS", "Answers"]

MOST_CHARACTERS = 200
"""Of a line."""

_MOST_REGISTER_BITS = 640
_MOST_OPERAND_BITS = 16
_GOALS = {goal.value: goal for goal in (Goal.AREA, Goal.SPEED)}


class Answers:
    """What the form of the served page is given.

    Parameters
    ----------
    seconds : float
        Processor time for each question to a solver.
    """

    def __init__(self, seconds: float = 120) -> None:
        self.seconds = seconds
        self._ends: list[Callable[[], None]] = [stop_all]

    def __call__(self, want: str, unit: str, goal: str) -> dict[str, Any]:
        """Answer a question.

        Parameters
        ----------
        want : str
            ``sheet``, ``verilog``, ``cost`` or ``proof``.
        unit : str
            In one line, or by its name.
        goal : str
            ``area`` or ``speed``.

        Returns
        -------
        dict
            ``sheet``, or ``text`` and whether it is ``good``.

        Raises
        ------
        Error
            If there is no such unit, or it is larger than the form takes; one sentence.
        """
        questions = {
            "sheet": self._sheet,
            "verilog": self._verilog,
            "cost": self._cost,
            "proof": self._proof,
        }
        if want not in questions or goal not in _GOALS:
            raise PageError("The form asks for sheet, verilog, cost or proof, for area or speed.")
        return questions[want](_config(unit), _GOALS[goal])

    def stop(self) -> None:
        """End what is being computed."""
        for end in self._ends:
            end()

    def _sheet(self, config: MacConfig, goal: Goal) -> dict[str, Any]:
        return {"sheet": sheet_of(config, proof="")}

    def _verilog(self, config: MacConfig, goal: Goal) -> dict[str, Any]:
        from fp8mac.gen.verilog import verilog_text

        command = f"fp8mac verilog '{config.text}'" + f" --goal {goal.value}" * (goal != Goal.AREA)
        return {"text": verilog_text(config, Shape.UNIT, goal=goal, command=command), "good": True}

    def _cost(self, config: MacConfig, goal: Goal) -> dict[str, Any]:
        from fp8mac.synth_reports.cost.bench import make_bench
        from fp8mac.synth_reports.cost.report import Question, unit_report
        from fp8mac.synth_reports.liberty.find import libraries_of
        from fp8mac.synth_reports.render.tables import show
        from fp8mac.synth_reports.render.unit_tables import breakdown_table, footnotes, unit_table

        libraries = libraries_of(())
        report = unit_report(Question(config, goal, libraries=libraries), make_bench(libraries), "")
        text = io.StringIO()
        show(unit_table(report), text)
        show(breakdown_table(report), text)
        return {"text": text.getvalue() + footnotes(report), "good": True}

    def _proof(self, config: MacConfig, goal: Goal) -> dict[str, Any]:
        from fp8mac.proofs.check.checks import failures
        from fp8mac.proofs.check.prove import prove_units
        from fp8mac.proofs.check.solve import Solver
        from fp8mac.synth_reports.store.store import Store

        solver = Solver(self.seconds, Store())
        self._ends.append(solver.stop_all)
        try:
            records = prove_units({goal: [config]}, solver=solver, jobs=os.cpu_count() or 1)
        finally:
            self._ends.remove(solver.stop_all)
        failed = failures(records)
        lines = [f"{each.check}: {each.verdict.value}" for each in records]
        head = failed or ["Proved for all operands and states; every planted bug is found."]
        return {"text": "\n".join([*head, "", *lines]), "good": not failed}


def _config(unit: str) -> MacConfig:
    """A unit that the form takes."""
    if len(unit) > MOST_CHARACTERS:
        raise PageError(f"A unit has at most {MOST_CHARACTERS} characters here.")
    config = parse_line(unit)
    operand = max(config.a.bits, config.b.bits)
    if config.acc_bits > _MOST_REGISTER_BITS or operand > _MOST_OPERAND_BITS:
        raise PageError(
            f"The form takes operands of up to {_MOST_OPERAND_BITS} bits and registers of up to "
            f"{_MOST_REGISTER_BITS}; the command line takes larger ones."
        )
    check_buildable(config)
    return config
