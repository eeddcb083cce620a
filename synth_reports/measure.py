"""Measuring units: looked up in the store, or elaborated, synthesised in parallel and stored."""

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from threading import Lock

from fp8mac.gen.yosys import Yosys, stop_all
from fp8mac.hw.config import Goal, MacConfig, parse_unit
from fp8mac.synth_reports.metrics import Metrics
from fp8mac.synth_reports.store import Store, hash_of
from fp8mac.synth_reports.synthesis import Flow, Synthesis, synthesize

__all__ = ["BASELINE", "Bench", "Design", "Measurement", "Shape"]

BASELINE = parse_unit("int8", acc="int32")
"""Unit that others are compared with."""


_ENTRIES = "1"
"""Kind of entries in the store; another one, and all are made again."""


class Shape(Enum):
    """What of a unit is measured: the combinational core, or all of it with its registers."""

    CORE = "core"
    UNIT = "unit"


@dataclass(frozen=True)
class Design:
    """Something to synthesise."""

    config: MacConfig
    shape: Shape
    goal: Goal = Goal.AREA

    @property
    def top(self) -> str:
        """Name of the top module."""
        goal = "_speed" * (self.goal is Goal.SPEED)
        return self.config.slug + goal + "_core" * (self.shape is Shape.CORE)


@dataclass(frozen=True)
class Measurement:
    """A synthesised design.

    Parameters
    ----------
    design : Design
        What was measured.
    rtlil_sha256 : str
        Hash of what was given to Yosys.
    synthesis : Synthesis
        What became of it.
    """

    design: Design
    rtlil_sha256: str
    synthesis: Synthesis

    @property
    def metrics(self) -> Metrics:
        """Counts of the mapped netlist."""
        return self.synthesis.metrics


class Bench:
    """Everything that measuring takes.

    Parameters
    ----------
    elaborate : callable
        Makes RTLIL of a design; called by one thread at a time, and only for what is not known.
    flow : Flow
        What is done to designs.
    yosys : Yosys
        What does it.
    store : Store
        Where results are kept.
    """

    def __init__(
        self, elaborate: Callable[[Design], str], flow: Flow, yosys: Yosys, store: Store
    ) -> None:
        self.elaborate, self.flow, self.yosys, self.store = elaborate, flow, yosys, store
        self._elaboration = Lock()

    def measure(
        self,
        designs: Iterable[Design],
        *,
        force: bool = False,
        progress: Callable[[Design], None] = lambda design: None,
    ) -> dict[Design, Measurement]:
        """Measure designs, those that are not in the store on all processors.

        Parameters
        ----------
        designs : iterable of Design
            What to measure.
        force : bool
            Measure anew what is in the store.
        progress : callable
            Called with each design when it is done, in any order.

        Raises
        ------
        ConfigError
            If there is no circuit for a unit.
        YosysError, SynthesisError
            If a synthesis fails; what was finished is in the store.
        OSError
            If the store cannot be written.
        """
        wanted = list(dict.fromkeys(designs))
        with ThreadPoolExecutor(_processors()) as pool:
            jobs = {pool.submit(self._measure, design, force): design for design in wanted}
            try:
                for job in as_completed(jobs):
                    job.result()
                    progress(jobs[job])
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                while any(job.running() for job in jobs):
                    stop_all()
                    time.sleep(0.05)
                raise
        return {design: job.result() for job, design in jobs.items()}

    def _measure(self, design: Design, force: bool) -> Measurement:
        key = _design_key(design)
        known = None if force else self.store.load("designs", key)
        if known and (found := self._load(design, known["rtlil_sha256"])):
            return found
        with self._elaboration:
            rtlil = self.elaborate(design)
        entry = {"rtlil_sha256": sha256(rtlil.encode()).hexdigest()}
        if known != entry:
            self.store.save("designs", key, entry)
            if not force and (found := self._load(design, entry["rtlil_sha256"])):
                return found
        synthesis = synthesize(rtlil, design.top, self.flow, self.yosys)
        self.store.save("results", self._result_key(entry["rtlil_sha256"]), asdict(synthesis))
        return Measurement(design, entry["rtlil_sha256"], synthesis)

    def _load(self, design: Design, rtlil_sha256: str) -> Measurement | None:
        result = self.store.load("results", self._result_key(rtlil_sha256))
        if result is None:
            return None
        flip_flops = tuple(result.pop("flip_flops"))
        return Measurement(design, rtlil_sha256, Synthesis(flip_flops=flip_flops, **result))

    def _result_key(self, rtlil_sha256: str) -> str:
        return hash_of(
            [_ENTRIES, rtlil_sha256, self.flow.sha256, self.yosys.build, self.yosys.version]
        )


def _design_key(design: Design) -> str:
    return hash_of(
        [_ENTRIES, design.top, repr(design.config), version("amaranth"), *_circuit_sources()]
    )


@cache
def _circuit_sources() -> tuple[str, ...]:
    """Text of everything that RTLIL is made by."""
    circuits = (file for file in files("fp8mac.hw").iterdir() if file.name.endswith(".py"))
    sources = [*sorted(circuits, key=str), files("fp8mac.gen") / "verilog.py"]
    return tuple(file.read_text(encoding="utf-8") for file in sources)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
