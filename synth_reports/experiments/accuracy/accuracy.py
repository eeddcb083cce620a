"""Accuracy of networks on units: what is run, kept block by block, and a row of results each."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fp8mac.hw.config.accumulators import FloatAccConfig, parse_accumulator
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import Format, parse_format
from fp8mac.hw.config.summation import Summation
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit
from fp8mac.sim.codes.blocks import ScaleRounding
from fp8mac.sim.codes.quantize import Calibration, QuantizeError, Scaling
from fp8mac.sim.networks.engines.blocks import engine_of
from fp8mac.sim.networks.engines.engine import Recipe
from fp8mac.sim.networks.tasks.certify import LayerBound, certify
from fp8mac.sim.networks.tasks.diagnose import LayerReport, diagnose
from fp8mac.sim.networks.tasks.evaluate import Block, Result, ask, blocks, combine
from fp8mac.sim.networks.tasks.own import model_files
from fp8mac.sim.networks.tasks.tasks import Task
from fp8mac.sim.networks.tasks.zoo import SAME_ANSWERS, load_task
from fp8mac.synth_reports.experiments.accuracy.training import trained_task, training_data

if TYPE_CHECKING:
    from fp8mac.synth_reports.store.store import Store

__all__ = ["COLUMNS", "Case", "CaseRecord", "certificate", "layers", "measure", "record_of", "row"]


@dataclass(frozen=True)
class Case:
    """A network on a unit.

    Parameters
    ----------
    network : str
        See `fp8mac.sim.networks.tasks.zoo.NETWORKS`; or the path of an ONNX model.
    a, w : str
        Formats of activations and weights.
    acc : str
        Accumulator.
    samples : int
        Questions.
    calibration : str
        Of activations and weights.
    per_channel, power_of_two, headroom : bool
        Whether each output channel's weights have a scale, scales are powers of two, and sums are
        kept away from the accumulator's limits.
    residual : str
        Format of residual connections; float32 if empty.
    chunk : int
        Products in a partial sum, which is then added in float32; 0 for all.
    trained : str
        Formats ``<a>,<w>`` that the network was trained on with, or ``fp32``; empty if it was not.
    inputs : str
        Path of an ONNX model's data; empty for other networks.
    axes : str
        Axes of the questions in them; empty where they are found.
    unit : str
        The unit in one line, or its name, instead of ``acc`` and ``chunk``; ``a`` and ``w`` are its
        formats.
    scale_rounding : str
        How scales of blocks become powers of two; empty for OCP's rule, and where there are none.
    """

    network: str
    a: str
    w: str
    acc: str
    samples: int
    calibration: str = "mse"
    per_channel: bool = True
    power_of_two: bool = False
    headroom: bool = True
    residual: str = ""
    chunk: int = 0
    trained: str = ""
    inputs: str = ""
    axes: str = ""
    unit: str = ""
    scale_rounding: str = ""

    @property
    def label(self) -> str:
        """What tables and files call the network."""
        return Path(self.network).name

    @property
    def config(self) -> MacConfig:
        """The unit, as it is without partial sums."""
        return parse_line(self.unit) if self.unit else parse_unit(self.a, self.w, acc=self.acc)

    @property
    def identity(self) -> str:
        """What answers depend on beside code; not which questions are asked."""
        known = replace(self, samples=0, network=SAME_ANSWERS.get(self.network, self.network))
        if self.inputs:
            digests = [_digest(path) for path in model_files(Path(self.network))]
            known = replace(known, network=" ".join(digests), inputs=_digest(Path(self.inputs)))
        return json.dumps(asdict(known), sort_keys=True)

    def recipe(self) -> Recipe:
        """How the network is brought to the unit."""
        config = self.config
        in_float = isinstance(config.accumulator, FloatAccConfig)
        chunks = Summation(
            chunk=self.chunk or None,
            outer=parse_accumulator("fp32") if self.chunk and in_float else None,
        )
        known = [each.value for each in ScaleRounding]
        if self.scale_rounding not in ("", *known):
            raise QuantizeError(
                f"Unknown rounding of scales '{self.scale_rounding}'; there are "
                f"{' and '.join(known)}."
            )
        return Recipe(
            config if self.unit else replace(config, summation=chunks),
            self._scaling(config.a),
            self._scaling(config.b, self.per_channel),
            self._scaling(parse_format(self.residual)) if self.residual else None,
            self.headroom,
            ScaleRounding(self.scale_rounding) if self.scale_rounding else None,
        )

    def _scaling(self, format_: Format, per_channel: bool = False) -> Scaling:
        names = [each.value for each in Calibration]
        if self.calibration not in names:
            raise QuantizeError(
                f"Unknown calibration '{self.calibration}'; there are {', '.join(names)}."
            )
        calibration = Calibration(self.calibration)
        return Scaling(format_, calibration, per_channel, self.power_of_two)


@dataclass(frozen=True)
class CaseRecord:
    """What became of a network on a unit.

    Parameters
    ----------
    network, unit : str
        What was run, and the slug of the unit.
    a_format, w_format, residual_format, accumulator : str
        Of activations, weights, residual connections, and sums.
    calibration, w_scale : str
        How scales were found; ``channel`` or ``tensor``, or ``1`` where there are none. Of blocks:
        how scales are rounded, and ``block``.
    power_of_two, headroom, chunk : int
        See `Case`.
    trained : str
        See `Case`.
    metric : str
        What ``value`` and ``reference`` are.
    value, reference : float
        On the unit, and in float32: shares.
    difference, difference_low, difference_high : float
        Between them, and its interval at 95 %.
    agreement : float
        Share of answers that are float32's.
    sqnr_db : float or None
        Of the outputs.
    broken, samples : int
        Questions with an infinite or NaN output, and all questions.
    """

    network: str
    unit: str
    a_format: str
    w_format: str
    residual_format: str
    accumulator: str
    calibration: str
    w_scale: str
    power_of_two: int
    headroom: int
    chunk: int
    trained: str
    metric: str
    value: float
    reference: float
    difference: float
    difference_low: float
    difference_high: float
    agreement: float
    sqnr_db: float | None
    broken: int
    samples: int


COLUMNS = ("experiment", *CaseRecord.__dataclass_fields__)
"""Of the tables: one row a case of an experiment."""


def record_of(case: Case, result: Result, metric: str) -> CaseRecord:
    """Record of a result; numbers are rounded as the tables show them."""
    config, scale = case.config, "channel" if case.per_channel else "tensor"
    how = [case.calibration, "1" if case.calibration == "none" else scale]
    flags = [int(case.power_of_two), int(case.headroom)]
    if config.block is not None:
        of_powers = config.block.scale is ScaleFormat.E8M0
        rule = (case.scale_rounding or ScaleRounding.FLOOR.value) if of_powers else "nearest"
        how, flags = [rule, "block"], [int(of_powers), 0]
    cells: list[Any] = [
        *(case.label, config.slug, case.a, case.w, case.residual or "fp32"),
        *(config.accumulator.name if case.unit else case.acc, *how),
        *(*flags, config.summation.chunk or case.chunk, case.trained, metric),
        *(round(value, 5) for value in result.metric),
        round(result.agreement, 5),
        None if result.sqnr_db is None else round(result.sqnr_db, 2),
        *(result.broken, result.samples),
    ]
    return CaseRecord(**dict(zip(CaseRecord.__dataclass_fields__, cells, strict=True)))


def row(experiment: str, record: CaseRecord) -> dict[str, Any]:
    """A record in a table; the keys are `COLUMNS`."""
    return {"experiment": experiment, **asdict(record)}


def measure(
    case: Case,
    store: "Store",
    threads: int = 1,
    progress: Callable[[int], None] = lambda questions: None,
    *,
    force: bool = False,
) -> tuple[Result, str]:
    """Result and name of the metric; what the store has is not computed again.

    Parameters
    ----------
    case : Case
        What is run.
    store : Store
        Where every block of questions is kept.
    threads : int
        For products; the result does not depend on it.
    progress : callable
        Is told of questions that are done.
    force : bool
        Whether to compute everything anew.

    Raises
    ------
    FormatError, ConfigError, NetworkError, FetchError, QuantizeError
        If there is no such case.
    """
    task, found = _task(case, store), []
    engine = engine_of(case.recipe(), task.calibrated(), threads)
    identity = [case.identity, *(training_data(case.network) if case.trained else ())]
    for part in blocks(task, case.samples):
        key = store.key([*identity, f"{part.start}-{part.stop}"], __name__)
        known = None if force else store.load("accuracy", key)
        if known is None:
            with np.errstate(over="ignore", invalid="ignore"):  # sums may overflow, and are counted
                block = ask(task, part, engine)
            store.save("accuracy", key, block.facts())
        else:
            block = Block(**known)
        found.append(block)
        progress(len(part))
    return combine(task, found), task.metric


def layers(case: Case, store: "Store") -> list[LayerReport]:
    """Report on every product of matrices of a case."""
    task = _task(case, store)
    with np.errstate(over="ignore", invalid="ignore"):
        return diagnose(task, case.recipe(), task.calibrated(), range(min(32, case.samples)))


def certificate(case: Case) -> list[LayerBound]:
    """Bounds on the error of every product with weights, beside what is measured."""
    task = load_task(case.network, case.samples, case.inputs, case.axes)
    return certify(task, case.recipe(), task.calibrated(), range(case.samples))


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _task(case: Case, store: "Store") -> Task:
    if not case.trained:
        return load_task(case.network, case.samples, case.inputs, case.axes)
    return trained_task(case.network, case.trained, case.calibration, store, case.samples)
