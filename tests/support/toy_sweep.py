"""Jobs of a sweep whose results are planted, and a sweep of them as a program that can be killed.

::

    python toy_sweep.py STORE WIDTH SECONDS NOTES [ADDRESS]
"""

import hashlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fp8mac.hw.config.errors import Error
from fp8mac.sim.networks.metrics import accuracy_difference
from fp8mac.synth_reports.experiments.sweep.accuracy import AccuracyJob, columns_of
from fp8mac.synth_reports.experiments.sweep.cost import COST_COLUMNS, CostJob
from fp8mac.synth_reports.experiments.sweep.needed.whole import go_through
from fp8mac.synth_reports.experiments.sweep.proof import ProofJob
from fp8mac.synth_reports.experiments.sweep.space import space_of
from fp8mac.synth_reports.experiments.sweep.spec import Spec
from fp8mac.synth_reports.experiments.sweep.summary import Kinds
from fp8mac.synth_reports.experiments.sweep.sweep import Sweep
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.schedule import Cluster, Here, Processes

FORMATS = ("e2m1", "e2m2", "e2m3", "e3m2", "e3m3", "e4m3", "e5m2", "e3m4")
SPEC = Spec(formats=FORMATS, accumulators=("fp16", "bf16"), networks=("digits_mlp", "fmnist"))
BROKEN, KILLER = "e5m2 -> bf16", "e2m5 -> fp16"
LOSSES: dict[str, float] = {}
"""By unit, share of the questions that it gets wrong and float32 does not; else by its name."""
AREAS: dict[str, float] = {}


def number_of(unit: str) -> int:
    return int(hashlib.sha256(unit.encode()).hexdigest()[:6], 16)


def note(job) -> None:
    """Say that a job is run, and take time for it."""
    if place := os.environ.get("TOY_NOTES"):
        with Path(place).open("a") as file:
            file.write(f"{job.part} {job.unit} {job.network} {os.getpid()}\n")
    time.sleep(float(os.environ.get("TOY_SECONDS", "0")))


@dataclass(frozen=True)
class ToyCost(CostJob):
    def key(self, worker) -> str:
        return f"cost {self!r}"

    def run(self, worker):
        note(self)
        if self.unit == BROKEN:
            raise Error("There is no such circuit.")
        if self.unit == KILLER:
            os._exit(9)
        area = AREAS.get(self.unit, 100 + number_of(self.unit) % 1000)
        columns = {"area_ge": float(area), "structure": "area", "gates": int(area)}
        text = f"module {self.unit} {self.network};\n".encode()
        return {**dict.fromkeys(COST_COLUMNS), **columns}, {"verilog_sha256": text}


@dataclass(frozen=True)
class ToyAccuracy(AccuracyJob):
    def key(self, worker, asked=None) -> str:
        return f"accuracy {self.unit} {self.network} {asked or self.questions}"

    def run(self, worker):
        note(self)
        return super().run(worker)

    def _ask(self, case, worker):
        loss = LOSSES.get(self.unit, number_of(self.unit) % 100 / 1000)
        truth = np.zeros(case.samples)
        reference = np.arange(case.samples) % 10 == 9  # float32 is right nine times out of ten
        wrong = reference | (np.arange(case.samples) * 0.618034 % 1 < loss)
        found = columns_of(accuracy_difference(wrong.astype(float), reference, truth), "top1")
        return found | {"sqnr_db": None, "broken": 0, "questions": case.samples}


@dataclass(frozen=True)
class ToyProof(ProofJob):
    def key(self, worker) -> str:
        return f"proof {self!r}"

    def run(self, worker):
        return {"proved": 1}, {}


KINDS = Kinds(ToyCost, ToyProof, ToyAccuracy)


def toy_search(store: Path, spec: Spec, **more):
    with Here() as scheduler:
        return go_through([spec], PointStore(store), scheduler, kinds=KINDS, **more)


def toy_sweep(store: Path, spec: Spec = SPEC, who=None, **more):
    with who or Here() as scheduler:
        return Sweep(space_of([spec]), PointStore(store), scheduler, kinds=KINDS, **more).run()


def main() -> None:
    store, width, seconds, notes, *address = sys.argv[1:]
    os.environ |= {"TOY_SECONDS": seconds, "TOY_NOTES": notes}
    who = Cluster(address[0]) if address else Processes(int(width))
    print(toy_sweep(Path(store), who=who))


if __name__ == "__main__":
    from toy_sweep import main as run  # jobs pickle by the module's own name

    run()
