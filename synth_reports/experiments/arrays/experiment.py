"""What matrix units cost, as an experiment."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

from rich.console import RenderableType

from fp8mac.hw.config.arrays.array import MOST_SIDE
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, page
from fp8mac.synth_reports.experiments.worker import Worker

if TYPE_CHECKING:
    from fp8mac.synth_reports.experiments.arrays.arrays import ArrayJob, ArrayRecord

__all__ = ["Arrays", "ArraysOptions"]


@dataclass(frozen=True)
class ArraysOptions:
    """Which arrays."""

    units: Annotated[
        tuple[str, ...],
        Option('Units, as "e4m3 -> kulisch"; the standard ones by default.', "U,V,...", part=True),
    ] = ()
    rows: Annotated[int, Option("Rows.", "N", part=True, low=1, high=MOST_SIDE)] = 8
    columns: Annotated[int, Option("Columns.", "N", part=True, low=1, high=MOST_SIDE)] = 8
    sparse: Annotated[
        bool, Option("Of four elements of the left matrix two are there.", part=True)
    ] = False
    block_sparse: Annotated[
        int,
        Option("Elements of a block, where some are zero; 0 for none.", "N", high=64, part=True),
    ] = 0
    out: Annotated[
        str, Option("Integer or blocks that sums leave as, as for array.", "FORMAT", part=True)
    ] = ""


class Arrays(Experiment[ArraysOptions, "ArrayJob", "ArrayRecord"]):
    """Arrays in gates and in our own library, with flip-flops, control and what reads the sums."""

    name = "arrays"
    help = "What matrix units cost, everything counted, beside as many units: md, csv."
    options = ArraysOptions
    pattern = "arrays.*"

    def plan(self, options: ArraysOptions) -> "list[ArrayJob]":
        from fp8mac.synth_reports.experiments.arrays.arrays import jobs

        size = (options.rows, options.columns)
        sparsity = {"sparse": options.sparse, "block_sparse": options.block_sparse}
        return jobs(options.units, *size, options.out, **sparsity)

    def run(self, job: "ArrayJob", worker: Worker) -> "ArrayRecord":
        from fp8mac.synth_reports.experiments.arrays.arrays import measured

        return measured(job, worker)

    def render(self, records: "Sequence[ArrayRecord]", made: Made) -> dict[str, str | bytes]:
        from fp8mac.synth_reports.experiments.arrays.text import markdown_text
        from fp8mac.synth_reports.render.tables import csv_table

        table = csv_table([asdict(each) for each in records])
        return page("arrays", markdown_text(records, made.command), table)

    def show(
        self, records: "Sequence[ArrayRecord]", options: ArraysOptions
    ) -> RenderableType | None:
        from fp8mac.synth_reports.experiments.arrays.text import terminal

        return terminal(records)
