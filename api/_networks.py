"""What a unit does to the accuracy of a network."""

from dataclasses import dataclass, field
from typing import Any

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.sim.codes.inputs import InputError, whole
from fp8mac.synth_reports.experiments.accuracy.accuracy import measure, record_of, row
from fp8mac.synth_reports.experiments.accuracy.cases import case_of, questions
from fp8mac.synth_reports.store.store import Store

from ._html import table
from ._units import AnyUnit, Unit, as_unit

__all__ = ["Accuracy", "accuracy"]


@dataclass(frozen=True)
class Accuracy:
    """What became of a network on a unit, beside the same network in float32.

    Parameters
    ----------
    unit : Unit
        The unit.
    network : str
        The network.
    metric : str
        What ``value`` is, such as ``accuracy``.
    value, reference : float
        On the unit, and in float32: shares, not percent.
    record : dict
        These, the interval of their difference at 95 %, the share of equal answers, and how the
        network was brought to the unit.
    """

    unit: Unit
    network: str
    metric: str
    value: float
    reference: float
    record: dict[str, Any] = field(repr=False)

    def to_records(self) -> list[dict[str, Any]]:
        """The one record; ``pandas.DataFrame`` takes it."""
        return [self.record]

    def _repr_html_(self) -> str:
        shown = "metric value reference difference difference_low difference_high samples".split()
        cells = [self.record[key] for key in shown]
        head = [key.replace("_", " ") for key in shown]
        return table(f"{self.network} on {self.unit.name}", head, [cells])


def accuracy(
    network: str,
    unit: AnyUnit,
    *,
    samples: int | None = None,
    calibration: str = "mse",
    per_channel: bool = True,
    power_of_two: bool = False,
    headroom: bool = True,
    residual: str = "",
    scale_rounding: str = "",
    inputs: str = "",
    axes: str = "",
    threads: int = 1,
    force: bool = False,
) -> Accuracy:
    """Accuracy of a network whose products a unit computes, bit for bit, beside float32.

    What was computed before is looked up.

    Parameters
    ----------
    network : str
        Such as ``"fmnist"``; or the path of an ONNX model, with ``inputs``.
    unit : Unit, MacConfig or str
        The unit; its first format is that of activations.
    samples : int, optional
        Questions that the network is asked; default all that there are.
    calibration, per_channel, power_of_two, headroom, residual, scale_rounding, inputs, axes
        How the network is brought to the unit, see
        `fp8mac.synth_reports.experiments.accuracy.accuracy.Case`.
    threads : int
        For the products; any number gives the same result.
    force : bool
        Whether to compute anew what is known.

    Raises
    ------
    Error
        If there is no such network, its data are not here, or it cannot be brought to the unit.
    """
    given = as_unit(unit)
    if samples is not None and whole(samples, "samples") < 1:
        raise InputError(f"samples is at least 1, not {samples}.")
    config = given.config
    case = case_of(
        config,
        network,
        questions(network, inputs=inputs, axes=axes) if samples is None else samples,
        calibration=calibration,
        per_channel=per_channel,
        power_of_two=power_of_two,
        headroom=headroom,
        residual=residual,
        inputs=inputs,
        axes=axes,
        scale_rounding=scale_rounding,
    )
    if scale_rounding and (config.block is None or config.block.scale is not ScaleFormat.E8M0):
        raise ConfigError(f"{given.name} has no scales that are rounded to powers of two.")
    result, metric = measure(case, Store(), threads, force=force)
    record = row("accuracy", record_of(case, result, metric))
    value, reference = record["value"], record["reference"]
    return Accuracy(given, case.label, metric, value, reference, record)
