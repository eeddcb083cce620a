"""What a sweep is made of, and how it ended."""

from dataclasses import dataclass, field

from fp8mac.synth_reports.experiments.sweep.accuracy import AccuracyJob
from fp8mac.synth_reports.experiments.sweep.cost import CostJob
from fp8mac.synth_reports.experiments.sweep.proof import ProofJob
from fp8mac.synth_reports.experiments.sweep.space import Point
from fp8mac.synth_reports.experiments.sweep.spec import is_trained
from fp8mac.synth_reports.experiments.sweep.trained import TrainedJob

__all__ = ["STANDARD", "Kinds", "Summary"]


@dataclass(frozen=True)
class Kinds:
    """What makes the jobs of a point, by what they fill."""

    cost: type[CostJob] = CostJob
    proof: type[ProofJob] = ProofJob
    accuracy: type[AccuracyJob] = AccuracyJob
    trained: type[AccuracyJob] = TrainedJob

    def accuracy_of(self, point: Point) -> AccuracyJob:
        """Job of a point that has a network, which is run or trained."""
        return (self.trained if is_trained(point.network) else self.accuracy).of(point)


STANDARD = Kinds()


@dataclass
class Summary:
    """How a sweep ended.

    Parameters
    ----------
    points : int
        In the space.
    done, known : int
        Jobs that were done, and results that the store had.
    questions : int
        That networks were asked, or would have been where the answers were known.
    left_out, failed : list of tuple
        Unit, network or part, and why.
    """

    points: int
    done: int = 0
    known: int = 0
    questions: int = 0
    left_out: list[tuple[str, str, str]] = field(default_factory=list)
    failed: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, other: "Summary") -> None:
        """Add what another part of the sweep did."""
        self.points += other.points
        self.done += other.done
        self.known += other.known
        self.questions += other.questions
        self.left_out += other.left_out
        self.failed += other.failed
