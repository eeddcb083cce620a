"""From the description of a block-sparse matrix unit to Verilog, and to words about it."""

from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue] (no stub)

from fp8mac.gen.arrays.verilog import describe_array
from fp8mac.gen.describe import describe_ports
from fp8mac.gen.verilog import streamed_contents, streamed_text
from fp8mac.hw.arrays.array import check_array
from fp8mac.hw.arrays.block_sparse import BlockSparseArray
from fp8mac.hw.config.arrays.block_sparse import (
    BlockSparseConfig,
    block_fields,
    block_sparse_ports,
    left_fields,
    right_fields,
)
from fp8mac.hw.config.structure import Built, Goal, Structure

__all__ = [
    "block_sparse_contents",
    "block_sparse_name",
    "block_sparse_rtlil",
    "block_sparse_text",
    "describe_block_sparse",
]


def block_sparse_name(config: BlockSparseConfig, *, goal: Built = Goal.AREA) -> str:
    """Name of the top module: the slug, and what it is built for, or how."""
    return config.slug + Structure.of(goal).suffix


def block_sparse_rtlil(config: BlockSparseConfig, *, goal: Built = Goal.AREA) -> str:
    """RTLIL of a block-sparse array.

    Raises
    ------
    ConfigError
        If there is no circuit for its units.
    """
    check_array(config.array)
    name = block_sparse_name(config, goal=goal)
    return rtlil.convert(BlockSparseArray(config, goal), name=name, emit_src=False)


def describe_block_sparse(
    config: BlockSparseConfig, *, goal: Built = Goal.AREA
) -> dict[str, object]:
    """As `describe_array`; ``kind`` is ``block-sparse array``.

    Beside that are the elements of a block and of the memory, and the fields of a block's number,
    of an element of the left matrix, and of the right one, with their bits, lowest first.
    """
    found = describe_array(config.array, goal=goal)
    cases = found["special_cases"]
    assert isinstance(cases, list)
    said = (
        "Products of blocks that are not there are not added: NaN and infinity that the right "
        "matrix has there are not seen. A tile without blocks, which none and last say, has sums "
        "of +0."
    )
    if config.array.unit.summation.aligns:
        said += (
            " A step of zeros cuts a sum to its window as well, so that a sum without it can have "
            "other low bits."
        )
    sparsity = ["2:4"] * config.array.sparse + [f"blocks of {config.elements}"]
    del found["element"]
    return found | {
        "module": block_sparse_name(config, goal=goal),
        "kind": "block-sparse array",
        "slug": config.slug,
        "latency_cycles": config.latency_cycles,
        "ports": describe_ports(block_sparse_ports(config)),
        "block_elements": config.elements,
        "memory_elements": config.depth,
        "block": block_fields(config),
        "left": left_fields(config),
        "right": right_fields(config),
        "special_cases": [*cases, said],
        "sparsity": ", ".join(sparsity),
    }


def block_sparse_text(
    config: BlockSparseConfig, *, goal: Built = Goal.AREA, command: str | None = None
) -> str:
    """Verilog-2005 of an array, see `fp8mac.hw.arrays.block_sparse.BlockSparseArray`.

    Raises
    ------
    ConfigError
        If there is no circuit for its units.
    YosysError
        If there is no Yosys that can be used.
    """
    made, description = (
        block_sparse_rtlil(config, goal=goal),
        describe_block_sparse(config, goal=goal),
    )
    return streamed_text(description, made, block_sparse_ports(config), command)


def block_sparse_contents(
    config: BlockSparseConfig, *, goal: Built = Goal.AREA, command: str | None = None
) -> tuple[str, str]:
    """Verilog of an array, and its description as JSON; parameters as of `block_sparse_text`."""
    text = block_sparse_text(config, goal=goal, command=command)
    return streamed_contents(describe_block_sparse(config, goal=goal), text, command)
