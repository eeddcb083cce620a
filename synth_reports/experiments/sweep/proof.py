"""The proof of a point: all checks of its circuit, with bugs that are planted and refuted."""

from dataclasses import dataclass
from typing import Any, ClassVar

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.structure import Goal, Structure, parse_built
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.worker import Worker

__all__ = ["ProofJob"]


@dataclass(frozen=True)
class ProofJob:
    """Prove a unit.

    Parameters
    ----------
    unit : str
        In one line.
    structure : str
        How it is built: a goal, or the name of a structure.
    seconds : float
        Processor time for each question to a solver.
    """

    unit: str
    structure: str
    seconds: float = 900

    part: ClassVar[str] = "proof"

    def key(self, worker: Worker) -> str:
        """Hash of what the proof depends on."""
        yosys = find_yosys()
        return worker.store.key([repr(self), yosys.build, yosys.version], __name__)

    def run(self, worker: Worker) -> tuple[dict[str, Any], dict[str, bytes]]:
        """The column ``proved``; the files are none.

        Raises
        ------
        Error
            If there is no solver, or no circuit.
        """
        from fp8mac.proofs.check.checks import failures
        from fp8mac.proofs.check.prove import prove_units
        from fp8mac.proofs.check.solve import Solver

        config = parse_line(self.unit)
        built = parse_built(self.structure, config)
        records = prove_units(
            {built: [config]} if isinstance(built, Goal) else {},
            structures=[(config, built)] if isinstance(built, Structure) else [],
            solver=Solver(self.seconds, worker.store),
            jobs=1,
        )
        return {"proved": int(not list(failures(records)))}, {}
