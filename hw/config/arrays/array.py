"""What a matrix unit is: rows and columns of one unit, whose operands they share.

::

                  b[0]   b[1]   b[2]      a column's operand goes down, a row a cycle
                   |      |      |
        a[0] --> (0,0)--(0,1)--(0,2)      a row's operand reaches all of its cells at once
        a[1] --> (1,0)--(1,1)--(1,2)
                   |      |      |
                  row by row, the sums of a tile leave
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from fp8mac.hw.config.accumulators import AccumulatorConfig, ConfigError, Resolve, integer
from fp8mac.hw.config.outputs.blocks import BlockOutput
from fp8mac.hw.config.outputs.output import OutputConfig, rescale_widths
from fp8mac.hw.config.ports import Port, Role, Shape, named, packed_text, ports, stream_pins
from fp8mac.hw.config.unit import MacConfig

__all__ = [
    "MOST_PRODUCTS",
    "MOST_SIDE",
    "ArrayConfig",
    "array_ports",
    "element_fields",
    "operand_fields",
    "row_fields",
    "scale_fields",
]

MOST_SIDE = 32
"""Most rows, and most columns, that circuits have."""

MOST_PRODUCTS = 1024
"""Most products of a cycle that circuits add."""


@dataclass(frozen=True)
class ArrayConfig:
    """An output-stationary array of units: a tile of ``rows`` x ``columns`` sums at a time.

    Parameters
    ----------
    unit : MacConfig
        The unit in each place; its output, and the sum of its segments, stand once a column.
    rows, columns : int
        1 to `MOST_SIDE` of each.
    output : ScaledFloat, FloatAccConfig, Requantizer or BlockOutput, optional
        What exact sums leave as; that of a unit stands once a column as well, and that of blocks
        once a block of columns.
    sparse : bool
        Of each four elements of a row of the left matrix two are zero, and not there: two lanes
        have the other two, and indices choose the codes of the right matrix.

    Raises
    ------
    ConfigError
        If there are two outputs, or one of sums that are rounded in every step, or the last block
        of columns would be short; if there are more or fewer, or more than `MOST_PRODUCTS` products
        a cycle, or the unit's register waits for idle cycles.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> array = ArrayConfig(parse_unit("e4m3", acc="kulisch"), 8, 4)
    >>> array.slug, array.text
    ('array_e4m3_e4m3_kulisch12_8x4', 'e4m3 -> kulisch:12, array 8 x 4')
    """

    unit: MacConfig
    rows: int
    columns: int
    output: OutputConfig | BlockOutput | None = None
    sparse: bool = False

    def __post_init__(self) -> None:
        for side in ("rows", "columns"):
            count = integer(getattr(self, side), side)
            object.__setattr__(self, side, count)
            if not 1 <= count <= MOST_SIDE:
                raise ConfigError(f"An array has 1 to {MOST_SIDE} {side}, not {count}.")
        if self.products_per_cycle > MOST_PRODUCTS:
            raise ConfigError(
                f"An array adds at most {MOST_PRODUCTS:,} products a cycle, not "
                f"{self.products_per_cycle:,}."
            )
        if self.sparse and (self.unit.products_per_cycle % 2 or self.unit.block is not None):
            raise ConfigError(
                "2:4 sparsity takes two lanes for each four elements, which are not in blocks; "
                "give the unit an even number of lanes."
            )
        if self.output is not None and self.unit.output is not None:
            raise ConfigError("An array has one output.")
        if self.output is not None and not self.unit.is_fixed:
            raise ConfigError(
                f"Sums in {self.unit.accumulator.name} are rounded at every step and leave as they "
                "are; an output format is for kulisch and integer accumulators."
            )
        if self.blocks is not None and self.columns % self.blocks.size:
            raise ConfigError(
                f"{self.blocks.format.name} has blocks of {self.blocks.size} sums; the columns of "
                f"an array are a multiple of that, not {self.columns}."
            )
        if self.unit.resolve is Resolve.IDLE:
            raise ConfigError(
                "An array has no idle cycles to resolve a register in segments; leave :resolve out."
            )

    @property
    def slug(self) -> str:
        """Name of module, file and report row."""
        words = [f"array_{self.unit.slug.removeprefix('mac_')}_{self.rows}x{self.columns}"]
        words += ["2of4"] if self.sparse else []
        if self.output is not None:
            words.append("out_" + self.output.name.replace(":", "_").replace("=", ""))
        return "_".join(words)

    @property
    def text(self) -> str:
        """The array in one line."""
        return (
            f"{self.unit.text}, array {self.rows} x {self.columns}"
            + ", 2:4" * self.sparse
            + (f", output {self.output.name}" if self.output else "")
        )

    @property
    def leaves(self) -> OutputConfig | None:
        """What each sum leaves as; None for as it is, or in blocks."""
        return None if isinstance(self.output, BlockOutput) else self.output or self.unit.output

    @property
    def blocks(self) -> BlockOutput | None:
        """What blocks of sums leave as, if they do."""
        return self.output if isinstance(self.output, BlockOutput) else None

    @property
    def cells(self) -> int:
        """How many units there are."""
        return self.rows * self.columns

    @cached_property
    def cell(self) -> MacConfig:
        """What is in each place: the unit without what stands once a column."""
        return replace(self.reader, output=None, accumulator=self._accumulator(None))

    @cached_property
    def reader(self) -> MacConfig:
        """The unit with a register whose sum can be read at any time."""
        return replace(self.unit, accumulator=self._accumulator(Resolve.COMBINATIONAL))

    def _accumulator(self, resolve: Resolve | None) -> AccumulatorConfig:
        acc: Any = self.unit.accumulator
        return acc if self.unit.segment_bits is None else replace(acc, resolve=resolve)

    @property
    def products_per_cycle(self) -> int:
        """Products that are added in a cycle."""
        return self.cells * self.unit.products_per_cycle

    @property
    def dense_products_per_cycle(self) -> int:
        """Products of the matrices in a cycle, with those that are not there as they are zero."""
        return self.products_per_cycle * (2 if self.sparse else 1)

    @property
    def latency_cycles(self) -> int:
        """Cycles from a tile's last element to its first row of sums."""
        return self.unit.latency_cycles


def operand_fields(config: ArrayConfig) -> dict[str, int]:
    """Operands of a cell, with their scales where they are blocks, with indices where sparse.

    What is of a row has a name that ends in ``a``, what is of a column one that ends in ``b``.
    """
    widths = named(ports(config.unit, Shape.UNIT), Role.OPERAND, Role.SCALE)
    if not config.sparse:
        return widths
    lanes = config.unit.products_per_cycle
    return {"a": widths["a"], "b": 2 * widths["b"], "index_a": 2 * lanes}


def element_fields(config: ArrayConfig) -> dict[str, int]:
    """What goes in, lowest first: operands of all rows, and of all columns, and ``last``.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> element_fields(ArrayConfig(parse_unit("e4m3", acc="kulisch"), 8, 4))
    {'a': 64, 'b': 32, 'last': 1}
    """
    counts = {"a": config.rows, "b": config.columns}
    widths = operand_fields(config)
    return {name: bits * counts[name[-1]] for name, bits in widths.items()} | {"last": 1}


def row_fields(config: ArrayConfig) -> dict[str, int]:
    """What comes out, lowest first: sums of all columns, or rounded ones; flags; ``last``.

    Of blocks there are elements of all columns, and a scale for each block.
    """
    table = ports(config.unit, Shape.UNIT)
    widths = named(table, Role.RESULT)
    if config.leaves is not None:
        widths = {"out": config.leaves.format.bits}
    flags = named(table, Role.FLAG)
    scales = dict[str, int]()
    if (blocks := config.blocks) is not None:
        widths = {"out": blocks.format.element.bits}
        scales = {"scale": 8 * (config.columns // blocks.size)}
    widths, flags = (
        {name: bits * config.columns for name, bits in each.items()} for each in (widths, flags)
    )
    return widths | scales | flags | {"last": 1}


def scale_fields(config: ArrayConfig) -> dict[str, int]:
    """Multiplier and shift of a column, where sums are rescaled as they leave."""
    return rescale_widths(config.leaves, config.unit.acc_bits)


def array_ports(config: ArrayConfig) -> tuple[Port, ...]:
    """Ports of an array, in the order in which the Verilog has them."""
    lowest = "row 0 and column 0 lowest"
    goes_in = f"from the lowest bit up: {packed_text(element_fields(config))}; {lowest}"
    comes_out = f"from the lowest bit up: {packed_text(row_fields(config))}; column 0 lowest"
    pins = stream_pins(
        config.unit,
        Port("i__payload", sum(element_fields(config).values()), Role.OPERAND, goes_in),
        Port("o__payload", sum(row_fields(config).values()), Role.RESULT, comes_out),
        ("an element", "a row of sums"),
    )
    every = "of each column, column 0 lowest; what leaves is rounded with it, so hold it meanwhile"
    scales = (
        Port(name, bits * config.columns, Role.RESCALE, f"{name} {every}")
        for name, bits in scale_fields(config).items()
    )
    return (*pins, *scales)
