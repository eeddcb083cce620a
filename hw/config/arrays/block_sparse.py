"""What a matrix unit is whose left matrix has blocks that are zero, and not there.

::

        left matrix     block 0   block 1   block 2   block 3      of a tile's rows
                           x         0         0         x
        blocks             0, 3 last
        left elements      those of 0, then those of 3
        address            those of 0, then those of 3             of rows of the right matrix
"""

from dataclasses import dataclass

from fp8mac.hw.config.accumulators import ConfigError, integer
from fp8mac.hw.config.arrays.array import (
    ArrayConfig,
    array_ports,
    element_fields,
    scale_fields,
)
from fp8mac.hw.config.ports import Port, Role, packed_text

__all__ = [
    "BLOCK_SIZES",
    "LARGEST_DEPTH",
    "BlockSparseConfig",
    "block_fields",
    "block_sparse_ports",
    "left_fields",
    "right_fields",
]

BLOCK_SIZES = (2, 4, 8, 16, 32, 64)
"""Elements that a block can have."""

LARGEST_DEPTH = 65_536
"""Most elements of the right matrix in a memory."""


@dataclass(frozen=True)
class BlockSparseConfig:
    """An array behind a sequencer, which reads the right matrix where the left one has blocks.

    Parameters
    ----------
    array : ArrayConfig
        The array.
    elements : int
        Of a block, one of `BLOCK_SIZES`. A block is of all rows of a tile.
    depth : int
        Elements of the right matrix in its memory: a multiple of a block, of at least two.

    Raises
    ------
    ConfigError
        If it is another number.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> array = BlockSparseConfig(ArrayConfig(parse_unit("e4m3", acc="kulisch"), 8, 4), 8)
    >>> array.slug, array.text
    ('array_e4m3_e4m3_kulisch12_8x4_blocks8', 'e4m3 -> kulisch:12, array 8 x 4, blocks of 8')
    """

    array: ArrayConfig
    elements: int
    depth: int = 1024

    def __post_init__(self) -> None:
        for name in ("elements", "depth"):
            object.__setattr__(self, name, integer(getattr(self, name), name))
        if self.elements not in BLOCK_SIZES:
            sizes = f"{', '.join(map(str, BLOCK_SIZES[:-1]))} or {BLOCK_SIZES[-1]}"
            raise ConfigError(f"A block has {sizes} elements, not {self.elements}.")
        if not 2 * self.elements <= self.depth <= LARGEST_DEPTH or self.depth % self.elements:
            raise ConfigError(
                f"A memory has two or more blocks of {self.elements} elements, and at most "
                f"{LARGEST_DEPTH:,} elements, not {self.depth:,}."
            )

    @property
    def slug(self) -> str:
        """Name of module, file and report row."""
        depth = f"of{self.depth}" * (self.depth != BlockSparseConfig.depth)
        return f"{self.array.slug}_blocks{self.elements}{depth}"

    @property
    def text(self) -> str:
        """The array in one line."""
        depth = f", memory of {self.depth}" * (self.depth != BlockSparseConfig.depth)
        return f"{self.array.text}, blocks of {self.elements}{depth}"

    @property
    def blocks(self) -> int:
        """How many there are in a memory."""
        return self.depth // self.elements

    @property
    def block_bits(self) -> int:
        """Bits of a block's number."""
        return (self.blocks - 1).bit_length()

    @property
    def step_bits(self) -> int:
        """Bits of an element's place in its block."""
        return self.elements.bit_length() - 1

    @property
    def latency_cycles(self) -> int:
        """Cycles from a tile's last address to its first row of sums."""
        return self.array.latency_cycles + 1


def block_fields(config: BlockSparseConfig) -> dict[str, int]:
    """What says which blocks there are, lowest first."""
    return {"block": config.block_bits, "none": 1, "last": 1}


def left_fields(config: BlockSparseConfig) -> dict[str, int]:
    """An element of the left matrix, lowest first: what is of rows."""
    fields = element_fields(config.array)
    return {name: bits for name, bits in fields.items() if name[-1] == "a"}


def right_fields(config: BlockSparseConfig) -> dict[str, int]:
    """An element of the right matrix, lowest first: what is of columns."""
    fields = element_fields(config.array)
    return {name: bits for name, bits in fields.items() if name[-1] == "b"}


def block_sparse_ports(config: BlockSparseConfig) -> tuple[Port, ...]:
    """Ports of a block-sparse array, in the order in which the Verilog has them."""
    table = {port.name: port for port in array_ports(config.array)}
    blocks, left, right = block_fields(config), left_fields(config), right_fields(config)
    lowest = "from the lowest bit up:"
    goes_in = (
        Port(
            "k__payload",
            sum(blocks.values()),
            Role.OPERAND,
            f"{lowest} {packed_text(blocks)}; none and last say that a tile has no block",
        ),
        Port("k__valid", 1, Role.CONTROL, "there is a block's number"),
        Port("k__ready", 1, Role.READY, "it is taken on this edge"),
        Port(
            "i__payload",
            sum(left.values()),
            Role.OPERAND,
            f"{lowest} {packed_text(left)}; row 0 lowest",
        ),
        Port("i__valid", 1, Role.CONTROL, "there is an element of the left matrix"),
        Port("i__ready", 1, Role.READY, "it is taken on this edge"),
        Port(
            "address",
            config.block_bits + config.step_bits,
            Role.RESULT,
            "of the element of the right matrix that is read",
        ),
        Port("read", 1, Role.READY, "on this edge the memory reads it; otherwise data stays"),
        Port(
            "data",
            sum(right.values()),
            Role.OPERAND,
            f"what was read, {lowest} {packed_text(right)}; column 0 lowest",
        ),
    )
    pins = tuple(table[name] for name in ("clk", "rst"))
    out = tuple(table[name] for name in ("o__payload", "o__valid", "o__ready"))
    scales = tuple(table[name] for name in scale_fields(config.array))
    return (*pins, *goes_in, *out, *scales)
