"""The accuracy of a point: its network on its unit, against float32.

A unit that another one beats for certain need not be asked everything. It is asked an eighth, a
quarter and a half of the questions; after each, a far wider interval than that of 95 % (3.5
standard errors to each side, which is left once in 2,000 times) says whether, with all of them,

* it would still be told apart from float32, and
* it would lose at least as much as the other.
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, ClassVar

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.networks.metrics import Difference
from fp8mac.synth_reports.experiments.accuracy.accuracy import Case, measure
from fp8mac.synth_reports.experiments.accuracy.cases import case_of, questions
from fp8mac.synth_reports.experiments.sweep.space import Point
from fp8mac.synth_reports.experiments.worker import Worker

__all__ = ["AccuracyJob", "asked_enough", "columns_of"]

_Z, _FAR = 1.96, 3.5
_LOOKS = (8, 4, 2)
"""Shares of the questions after which is looked."""


@dataclass(frozen=True)
class AccuracyJob:
    """Run a network on a unit.

    Parameters
    ----------
    unit : str
        In one line, with one stage: more compute the same.
    network, inputs, axes : str
        See `fp8mac.synth_reports.experiments.accuracy.accuracy.Case`.
    questions : int
        At most so many are asked.
    beaten_by : float, optional
        Loss of a unit that costs no more; asking ends where this one is certain to lose as much.
    """

    unit: str
    network: str
    inputs: str
    axes: str
    questions: int
    beaten_by: float | None = None

    part: ClassVar[str] = "accuracy"

    @classmethod
    def of(cls, point: Point) -> "AccuracyJob":
        """Job of a point that has a network.

        Raises
        ------
        Error
            If there is no such network, or its data are not here.
        """
        unit = replace(point.config, stages=1).text
        data = (point.network, point.inputs, point.axes)
        asked = point.questions or questions(point.network, inputs=point.inputs, axes=point.axes)
        return cls(unit, *data, asked)

    @property
    def case(self) -> Case:
        """As other experiments have it."""
        config = parse_line(self.unit)
        return case_of(config, self.network, self.questions, inputs=self.inputs, axes=self.axes)

    def key(self, worker: Worker, asked: int | None = None) -> str:
        """Hash of what the accuracy depends on, on so many questions, by default all of them."""
        return worker.store.key([self.case.identity, str(asked or self.questions)], __name__)

    def run(self, worker: Worker) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Columns of the store, see `columns_of`; the files are none.

        Raises
        ------
        Error
            If the network cannot be brought to the unit.
        """
        case = self.case
        for share in _LOOKS if self.beaten_by is not None else ():
            asked = self.questions // share
            if asked and asked_enough(
                found := self._ask(replace(case, samples=asked), worker),
                asked / self.questions,
                self.beaten_by or 0.0,
            ):
                return found, {}
        return self._ask(case, worker), {}

    def _ask(self, case: Case, worker: Worker) -> dict[str, Any]:
        result, metric = measure(case, worker.store, force=worker.force)
        found = columns_of(result.metric, metric)
        sqnr = None if result.sqnr_db is None else round(result.sqnr_db, 2)
        return found | {"sqnr_db": sqnr, "broken": result.broken, "questions": result.samples}


def columns_of(difference: Difference, metric: str) -> dict[str, Any]:
    """Columns of a metric; shares have five places."""
    loss = {
        "loss": -difference.difference,
        "loss_low": -difference.high,
        "loss_high": -difference.low,
    }
    found = {
        "accuracy": difference.value,
        "accuracy_low": difference.reference + difference.low,
        "accuracy_high": difference.reference + difference.high,
        "reference": difference.reference,
        **loss,
    }
    return {"metric": metric} | {name: round(value, 5) + 0.0 for name, value in found.items()}


def asked_enough(found: dict[str, Any], share: float, beaten_by: float) -> bool:
    """Whether a part of the questions says that a unit is beaten.

    Parameters
    ----------
    found : dict
        Columns of `columns_of` on these questions.
    share : float
        How large a part they are.
    beaten_by : float
        Loss of the other unit.
    """
    half = (found["loss_high"] - found["loss_low"]) / 2
    centre = (found["loss_high"] + found["loss_low"]) / 2
    least = centre - half * _FAR / _Z
    return least - half * sqrt(share) > 0 and least >= beaten_by
