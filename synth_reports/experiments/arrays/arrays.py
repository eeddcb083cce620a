"""What is measured of matrix units: which arrays, and what was found of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fp8mac.hw.arrays.array import check_array
from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.arrays.block_sparse import BlockSparseConfig
from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.outputs.blocks import parse_row_output
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.cost.measure import Bench, Design, Measurement
from fp8mac.synth_reports.cost.physical import facts_of, figures_of
from fp8mac.synth_reports.cost.report import tool_columns, tools_report
from fp8mac.synth_reports.experiments.arrays.parts import ArrayParts, measure_array
from fp8mac.synth_reports.experiments.arrays.sequencer import measure_sequencer
from fp8mac.synth_reports.experiments.designs import DesignJob, measure
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.liberty.library import OWN

__all__ = ["STANDARD", "ArrayJob", "ArrayRecord", "jobs", "measured"]

STANDARD_OUTPUT = "int8:times=16"
"""What sums of the last standard unit leave as, in a row of its own."""

STANDARD_ROW = ("mxfp8", 32)
"""What rows of the first standard unit leave as, in blocks, and the columns that it takes."""

STANDARD_BLOCKS = 8
"""Elements of a block, of the first standard unit in a row of its own."""

GONE = 4
"""Blocks of which one is there, for the products with zeros of a block-sparse array."""

STANDARD_LANES = "e4m3 x 2 -> kulisch:12"
"""Unit that is measured dense and sparse."""

STANDARD = (
    "e4m3 -> kulisch:12",
    "e4m3 -> kulisch:12:segmented=7",
    "e4m3 -> kulisch:12, output fp32",
    "e4m3 -> kulisch:12, output e4m3:saturate:shift=6",
    "e4m3 -> fp16",
    "int8 -> int32",
)
"""Units of the table."""


@dataclass(frozen=True)
class ArrayJob:
    """An array to measure, behind a sequencer or not."""

    array: ArrayConfig
    blocks: BlockSparseConfig | None = None


@dataclass(frozen=True)
class ArrayRecord:
    """What was found of an array.

    Parameters
    ----------
    unit : str
        The unit in each place, in one line.
    output : str
        What sums leave as where it is an integer or blocks, see
        `fp8mac.hw.config.outputs.blocks.parse_row_output`.
    sparsity : str
        ``2:4``, ``blocks of 8``, or nothing.
    rows, columns : int
        How many there are.
    products_per_cycle : int
        Products that are added in a cycle.
    two_input_gates, flip_flops, weighted_gates : int
        Of the whole array, see `fp8mac.synth_reports.synth.metrics.Metrics`.
    area_ge : float
        In our own library, with flip-flops.
    dense_products_per_cycle : int
        As many products of matrices with their zeros; of blocks where one of `GONE` is there.
    area_ge_per_product, area_ge_per_dense_product : float
        By the products of a cycle; by those with zeros.
    gates_to_cores, weighted_to_cores, area_to_cores : float
        Ratios to as many cores, each with the flip-flops of its sum and nothing else.
    area_to_units : float
        Ratio to as many registered units, with their enable, clear and reset.
    rtlil_sha256, library, flow, flow_sha256, yosys, abc, amaranth : str
        What it was made from, and by what.
    """

    unit: str
    output: str
    sparsity: str
    rows: int
    columns: int
    products_per_cycle: int
    two_input_gates: int
    flip_flops: int
    weighted_gates: int
    area_ge: float
    dense_products_per_cycle: int
    area_ge_per_product: float
    area_ge_per_dense_product: float
    gates_to_cores: float
    weighted_to_cores: float
    area_to_cores: float
    area_to_units: float
    rtlil_sha256: str
    library: str
    flow: str
    flow_sha256: str
    yosys: str
    abc: str | None
    amaranth: str


def jobs(
    units: Sequence[str],
    rows: int,
    columns: int,
    output: str = "",
    *,
    sparse: bool = False,
    block_sparse: int = 0,
) -> list[ArrayJob]:
    """Arrays of some units, of the standard ones by default.

    Parameters
    ----------
    units : sequence of str
        In one line each.
    rows, columns : int
        Of each array.
    output : str
        Integer or blocks that sums leave as, if they do.
    sparse : bool
        Whether the left matrix is sparse.
    block_sparse : int
        Elements of a block, where blocks of the left matrix can be gone; 0 where they can not.

    Raises
    ------
    FormatError, ConfigError
        If there is no such unit or array, or no circuit for it.
    """
    lines = [(line, output, columns, sparse, block_sparse) for line in units or STANDARD]
    if not (units or output or sparse or block_sparse):
        lines.append((STANDARD[-1], STANDARD_OUTPUT, columns, False, 0))
        lines.append((STANDARD[0], *STANDARD_ROW, False, 0))
        lines += [(STANDARD_LANES, "", columns, each, 0) for each in (False, True)]
        lines.append((STANDARD[0], "", columns, False, STANDARD_BLOCKS))
    found = list[ArrayJob]()
    for line, out, wide, each, elements in lines:
        leaves = parse_row_output(out) if out else None
        if isinstance(leaves, FloatAccConfig):
            raise ConfigError(f"'{out}' is no integer; a float that sums leave as is in the unit.")
        array = ArrayConfig(parse_line(line), rows, wide, leaves, each)
        check_array(array)
        found.append(ArrayJob(array, BlockSparseConfig(array, elements) if elements else None))
    return found


def measured(job: ArrayJob, worker: Worker) -> ArrayRecord:
    """Measure an array, or read what is known of it.

    Raises
    ------
    YosysError, SynthesisError
        If a synthesis fails.
    """
    array, bench = job.array, worker.bench()
    gates, cells = (_parts(array, library, bench, force=worker.force) for library in (None, OWN))
    facts = facts_of(worker.library(OWN), bench.store)
    around = [[each.rest] for each in (gates, cells)]
    if job.blocks is not None:
        for parts, library in zip(around, (None, OWN), strict=True):
            parts.append(_sequencer(job.blocks, library, bench, force=worker.force))

    def total(name: str) -> int:
        rest = sum(getattr(part.metrics, name) for part in around[0])
        return array.rows * getattr(gates.row.metrics, name) + rest

    row, *rest = (figures_of(part, facts).area_ge for part in (cells.row, *around[1]))
    area = array.rows * row + sum(rest)
    dense = array.dense_products_per_cycle * (GONE if job.blocks else 1)
    core, mapped, unit = (
        measure(DesignJob(Design(array.cell, shape, library=library)), worker)
        for shape, library in ((Shape.CORE, None), (Shape.CORE, OWN), (Shape.UNIT, OWN))
    )
    state_bits = array.cell.acc_bits + len(array.cell.carry_places) + len(array.cell.flags)
    flip_flop_ge = facts.flip_flop_area / facts.nand2_area
    count: Any = array.cells
    assert core.two_input_gates is not None
    assert core.weighted_gates is not None
    assert mapped.area_ge is not None
    assert unit.area_ge is not None
    tools = tool_columns(tools_report(bench, gates.row))
    return ArrayRecord(
        unit=array.unit.text,
        output=array.output.name if array.output else "",
        sparsity=", ".join(
            ["2:4"] * array.sparse
            + ([f"blocks of {job.blocks.elements}"] if job.blocks is not None else [])
        ),
        rows=array.rows,
        columns=array.columns,
        products_per_cycle=array.products_per_cycle,
        two_input_gates=total("two_input_gates"),
        flip_flops=total("flip_flops"),
        weighted_gates=total("weighted_gates"),
        area_ge=round(area, 1),
        dense_products_per_cycle=dense,
        area_ge_per_product=round(area / array.products_per_cycle, 1),
        area_ge_per_dense_product=round(area / dense, 1),
        gates_to_cores=round(total("two_input_gates") / count / core.two_input_gates, 3),
        weighted_to_cores=round(
            total("weighted_gates") / count / (core.weighted_gates + 6 * state_bits), 3
        ),
        area_to_cores=round(area / count / (mapped.area_ge + flip_flop_ge * state_bits), 3),
        area_to_units=round(area / count / unit.area_ge, 3),
        rtlil_sha256=gates.row.rtlil_sha256,
        library=facts.name,
        **{name: value or "" for name, value in tools.items()},
    )


def _parts(array: ArrayConfig, library: str | None, bench: Bench, *, force: bool) -> ArrayParts:
    """The array in gates, or in a library."""
    design = Design(array.cell, Shape.UNIT, Goal.AREA, library)
    return measure_array(array, bench.flow(design), bench.yosys, bench.store, force=force)


def _sequencer(
    blocks: BlockSparseConfig, library: str | None, bench: Bench, *, force: bool
) -> Measurement:
    """What stands before a block-sparse array, in gates or in a library."""
    design = Design(blocks.array.cell, Shape.UNIT, Goal.AREA, library)
    return measure_sequencer(blocks, bench.flow(design), bench.yosys, bench.store, force=force)
