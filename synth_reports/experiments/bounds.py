"""Error certificates: what is proved of each layer's sums on units, beside what is measured."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from rich.console import RenderableType

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.silicon.named import line_of
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, page
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.render.tables import aligned_table, csv_table, markdown_table

__all__ = ["UNITS", "BoundJob", "BoundRecord", "BoundTables", "BoundsOptions"]

UNITS = {
    "h100-fp8": "h100-fp8-e4m3",
    "h100-fp8, promoted": f"{line_of('h100-fp8-e4m3')}, chunk 128 -> fp32",
    "b200-fp8": "b200-fp8-e4m3",
    "mi300-fp8": "mi300-fp8",
    "rvbna-fp8": "rvbna-fp8-e4m3",
    "fdot-fp8": "fdot-fp8",
    "e4m3 in fp16": "e4m3 -> fp16",
    "exact": "e4m3 -> kulisch",
}
"""By what tables call them; sums of one of them are promoted every 128 products."""


@dataclass(frozen=True)
class BoundsOptions:
    """Which network."""

    network: Annotated[str, Option("A network.", "N", part=True)] = "digits_cnn"
    samples: Annotated[
        int,
        Option(
            "Questions that ranges and errors are taken from.",
            part=True,
            low=1,
            high=1_000_000,
        ),
    ] = 100


@dataclass(frozen=True)
class BoundJob:
    """A network on a unit.

    Parameters
    ----------
    name, unit : str
        What tables call the unit, and its line.
    network : str
        The network.
    samples : int
        Questions that ranges and errors are taken from.
    """

    name: str
    unit: str
    network: str
    samples: int


@dataclass(frozen=True)
class BoundRecord:
    """What was found.

    Parameters
    ----------
    name, unit, network, samples
        See `BoundJob`.
    layers : list of dict
        Of each product with weights, the fields of `fp8mac.sim.networks.tasks.certify.LayerBound`.
    """

    name: str
    unit: str
    network: str
    samples: int
    layers: list[dict[str, Any]]


class BoundTables(Experiment[BoundsOptions, BoundJob, BoundRecord]):
    """A network on the units, layer by layer."""

    name = "bounds"
    help = """\
    Bound the errors of a network's sums on units, layer by layer: md, csv.

    What is proved lies beside what is measured; the same for one unit: fp8mac bound.
    """
    options = BoundsOptions
    pattern = "bounds.*"
    kept_by = ("fp8mac.synth_reports.experiments.accuracy.accuracy",)
    in_processes = True

    def plan(self, options: BoundsOptions) -> list[BoundJob]:
        return [
            BoundJob(name, parse_line(text).text, options.network, options.samples)
            for name, text in UNITS.items()
        ]

    def run(self, job: BoundJob, worker: Worker) -> BoundRecord:
        from fp8mac.synth_reports.experiments.accuracy.accuracy import Case, certificate

        config = parse_line(job.unit)
        names = (*config.operand_names, config.accumulator.name)
        layers = certificate(Case(job.network, *names, job.samples, unit=job.unit))
        if not layers:
            raise Error(f"No product of {job.network} has weights, so nothing is bounded.")
        return BoundRecord(**asdict(job), layers=[asdict(each) for each in layers])

    def load(self, facts: dict[str, Any]) -> BoundRecord:
        return BoundRecord(**facts)

    def render(self, records: Sequence[BoundRecord], made: Made) -> dict[str, str | bytes]:
        return page("bounds", _page(records, made.command), csv_table(_rows(records)))

    def show(self, records: Sequence[BoundRecord], options: BoundsOptions) -> RenderableType:
        lines = [line for record in records for line in _lines(record)]
        return aligned_table(["unit", *_TITLES], lines, ["unit", "product"])


_TITLES = ["product", "terms", "measured", "bound, seen", "any", "sum bits", "guard", "window"]


def _rows(records: Sequence[BoundRecord]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in vars(record).items() if key != "layers"}
        | {"layer" if key == "name" else key: value for key, value in layer.items()}
        for record in records
        for layer in record.layers
    ]


def _lines(record: BoundRecord) -> list[list[str]]:
    return [
        [
            record.name,
            each["name"],
            str(each["terms"]),
            *(_share(each[key]) for key in ("measured_error", "seen_error", "any_error")),
            *(str(each[key]) for key in ("sum_bits", "guard_bits", "window_bits")),
        ]
        for each in record.layers
    ]


def _share(value: float | None) -> str:
    return "overflow" if value is None else "0" if value == 0 else f"{value:.1e}"


def _page(records: Sequence[BoundRecord], command: str) -> str:
    first = records[0]
    lines = [line for record in records for line in _lines(record)]
    units = "\n".join(f"- {each.name}: `{each.unit}`" for each in records)
    return f"""\
# Error certificates

Made by `{command}`: {first.network}, ranges and measured errors from {first.samples} questions.

Errors are shares of a layer's largest exact sum. *Measured*: the largest one in the questions.
*Bound, seen*: proved for all activations within the range of the questions, term by term; *any*:
for any codes. *overflow*: it is not proved that no sum overflows. *Sum bits* hold every exact sum,
from the last bit that the layer's products have; a Kulisch accumulator with *guard* guard bits
does not overflow, and in a window of *window* bits no term of a step is ever cut; all three for
any codes.

{markdown_table(["unit", *_TITLES], lines)}

{units}
"""
