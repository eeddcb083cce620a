"""Measuring units: looked up in the store, or elaborated, synthesised in parallel and stored."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from threading import Lock
from typing import Any

from fp8mac.gen.describe import module_name
from fp8mac.gen.yosys import Yosys
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.synth_reports.store.parallel import in_parallel, processors
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.hierarchy import submodules
from fp8mac.synth_reports.synth.metrics import Metrics
from fp8mac.synth_reports.synth.search import improve
from fp8mac.synth_reports.synth.synthesis import Flow, Synthesis, synthesize

__all__ = ["BASELINE", "Bench", "Design", "Measurement"]

BASELINE = parse_unit("int8", acc="int32")
"""Unit that others are compared with."""


@dataclass(frozen=True)
class Design:
    """Something to synthesise.

    Parameters
    ----------
    config : MacConfig
        The unit.
    shape : Shape
        What of it.
    goal : Goal or Structure
        What it is built for, or how.
    library : str, optional
        Name of the library to map to; None for two-input gates.
    part : str
        A submodule of it, by its path; what is around it is left out.
    without : tuple of str
        Submodules that are left out; their ports become ports of what remains.
    delay_ps : float, optional
        What it is mapped to: zero for the fastest netlist, infinity for the smallest. By default
        as the goal says.
    """

    config: MacConfig
    shape: Shape
    goal: Built = Goal.AREA
    library: str | None = None
    part: str = ""
    without: tuple[str, ...] = ()
    delay_ps: float | None = None

    @property
    def whole(self) -> "Design":
        """What is elaborated for it."""
        return replace(self, library=None, part="", without=(), delay_ps=None)

    @property
    def top(self) -> str:
        """Name of the top module."""
        name = module_name(self.config, self.shape, goal=self.goal)
        return f"{name}.{self.part}" if self.part else name


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
    modules : tuple of str
        Paths of the submodules of the whole that it is, or is part of.
    """

    design: Design
    rtlil_sha256: str
    synthesis: Synthesis
    modules: tuple[str, ...] = ()

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
    flow : Flow, or callable
        What is done to designs, or tells what is done to one.
    yosys : Yosys
        What does it.
    store : Store
        Where results are kept.
    seconds : float
        Time to look for better netlists of whole designs, for each call of `measure`.
    """

    def __init__(
        self,
        elaborate: Callable[[Design], str],
        flow: Flow | Callable[[Design], Flow],
        yosys: Yosys,
        store: Store,
        seconds: float = 0,
    ) -> None:
        self.elaborate, self.yosys, self.store, self.seconds = elaborate, yosys, store, seconds
        self.flow = (lambda design: flow) if isinstance(flow, Flow) else flow
        self._elaboration = Lock()
        self._rtlil: dict[Design, str] = {}

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
        """
        wanted = list(dict.fromkeys(designs))
        share = self.seconds * min(processors(), len(wanted)) / max(len(wanted), 1)
        return in_parallel(
            lambda design: self._measure(design, force, share),
            wanted,
            lambda design, _: progress(design),
        )

    def _measure(self, design: Design, force: bool, seconds: float) -> Measurement:
        key = self._design_key(design.whole)
        known = None if force else self.store.load("designs", key)
        if known and (found := self._load(design, known)):
            return found
        rtlil = self._elaborate(design.whole)
        entry = {
            "rtlil_sha256": sha256(rtlil.encode()).hexdigest(),
            "modules": submodules(rtlil, design.whole.top),
        }
        if known != entry:
            self.store.save("designs", key, entry)
            if not force and (found := self._load(design, entry)):
                return found
        flow = self._flow(design)
        synthesis = synthesize(rtlil, design.top, flow, self.yosys)
        if self._searches(design):
            synthesis = improve(synthesis, rtlil, design.top, flow, self.yosys, seconds=seconds)
        self.store.save("results", self._result_key(design, entry), asdict(synthesis))
        return _measurement(design, entry, synthesis)

    def _elaborate(self, whole: Design) -> str:
        """RTLIL of a design, made once."""
        with self._elaboration:
            if whole not in self._rtlil:
                self._rtlil[whole] = self.elaborate(whole)
            return self._rtlil[whole]

    def _load(self, design: Design, entry: dict[str, Any]) -> Measurement | None:
        result = self.store.load("results", self._result_key(design, entry))
        if result is None:
            return None
        flip_flops = tuple(result.pop("flip_flops"))
        return _measurement(design, entry, Synthesis(flip_flops=flip_flops, **result))

    def _flow(self, design: Design) -> Flow:
        flow = self.flow(design)
        return flow.without(design.top, design.without) if design.without else flow

    def _design_key(self, whole: Design) -> str:
        inputs = [whole.top, repr(whole.config)]
        return self.store.key(inputs, "fp8mac.gen.rtlil", "fp8mac.synth_reports.synth.hierarchy")

    def _result_key(self, design: Design, entry: dict[str, Any]) -> str:
        inputs = [entry["rtlil_sha256"], design.part, self._flow(design).sha256]
        inputs += [self.yosys.build, self.yosys.version]
        if not self._searches(design):
            return self.store.key(inputs, "fp8mac.synth_reports.synth.synthesis")
        return self.store.key([*inputs, f"{self.seconds:g} s"], "fp8mac.synth_reports.synth.search")

    def _searches(self, design: Design) -> bool:
        return self.seconds > 0 and replace(design, library=None) == design.whole


def _measurement(design: Design, entry: dict[str, Any], synthesis: Synthesis) -> Measurement:
    return Measurement(design, entry["rtlil_sha256"], synthesis, tuple(entry["modules"]))
