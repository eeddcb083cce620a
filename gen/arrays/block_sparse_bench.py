"""Self-checking testbench of a block-sparse matrix unit, with the memory, in one file.

Verilog-2005, as in `fp8mac.gen.testbench`.
"""

from collections.abc import Sequence

from fp8mac.gen.arrays.block_sparse import block_sparse_name
from fp8mac.gen.arrays.testbench import ROW_CHECK, row_lines, scale_wires
from fp8mac.gen.testbench import FAILED_END
from fp8mac.hw.config.arrays.block_sparse import BlockSparseConfig, block_sparse_ports
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.sim.exact.arrays import row_words, tile_sums
from fp8mac.sim.exact.block_sparse import (
    SparseTile,
    block_words,
    left_words,
    memory_words,
    present_elements,
)
from fp8mac.sim.exact.golden import Rescale, State

__all__ = ["block_sparse_bench_name", "block_sparse_testbench"]

_BENCH = """\
// Self-checking testbench of {module}: prints PASS and the number of rows,
// or the first ten wrong rows and FAIL. A reset in the midst of a tile comes first; valid and
// ready are random; a row that waits has to stay. The memory reads where read is high only.

`timescale 1ns / 1ps

module {bench};
  reg clk, rst, k__valid, i__valid, o__ready, block_taken, left_taken, waits, reads;
  reg [{block_top}:0] k__payload, blocks [0:{last_block}];
  reg [{left_top}:0] i__payload, left [0:{last_left}];
  reg [{right_top}:0] data, memory [0:{last_right}];
  reg [{address_top}:0] where;
  reg [{row_top}:0] held, rows [0:{last_row}], known [0:{last_row}];
  wire [{address_top}:0] address;
  wire [{row_top}:0] o__payload;
  wire k__ready, i__ready, o__valid, read;{scales}
  reg [31:0] state;
  integer sent, given, got, wrong, cycle;

  {module} dut (
    {connections}
  );

  initial begin
{data}
    clk = 0; rst = 1; k__valid = 0; i__valid = 0; o__ready = 0; waits = 0; held = 0; data = 0;
    block_taken = 0; left_taken = 0; reads = 0; where = 0; state = 32'h{seed:08x};
    sent = 0; given = 0; got = 0; wrong = 0; cycle = 0;
    #1 clk = 1; #1;
    while (cycle < {most} && got < {rows}) begin
      clk = 0;
      rst = cycle == {reset};
      state = state ^ (state << 13); state = state ^ (state >> 17); state = state ^ (state << 5);
      k__valid = sent < {blocks} && (k__valid || state[7:6] != 0);
      i__valid = given < {lefts} && (i__valid || state[12:11] != 0);
      o__ready = state[9] || state[15];
      k__payload = blocks[sent < {blocks} ? sent : 0];
      i__payload = left[given < {lefts} ? given : 0];
      #1;
{check}      block_taken = k__valid && k__ready; left_taken = i__valid && i__ready;
      reads = read; where = address;
      #1 clk = 1; #1;
      if (reads) data = memory[where];
      if (rst) begin
        sent = 0; given = 0; got = 0; k__valid = 0; i__valid = 0;
      end else begin
        if (block_taken) begin sent = sent + 1; k__valid = 0; end
        if (left_taken) begin given = given + 1; i__valid = 0; end
      end
      cycle = cycle + 1;
    end
    if (wrong == 0 && got == {rows} && sent == {blocks} && given == {lefts}) begin
      $display("PASS %0d", got);
      $finish;
    end else begin
      $display("FAIL %0d wrong, %0d of {rows} rows came", wrong, got);
"""


def block_sparse_bench_name(config: BlockSparseConfig, *, goal: Built = Goal.AREA) -> str:
    """Name of the testbench's module."""
    return block_sparse_name(config, goal=goal) + "_tb"


def block_sparse_testbench(
    config: BlockSparseConfig,
    memory: Sequence[tuple[int, ...]],
    tiles: Sequence[SparseTile],
    *,
    goal: Built = Goal.AREA,
    seed: int = 1,
    sums: Sequence[Sequence[Sequence[State]]] | None = None,
    scales: Sequence[Rescale] = (),
) -> str:
    """Testbench of the module that `fp8mac.gen.arrays.block_sparse.block_sparse_text` emits.

    Parameters
    ----------
    memory : sequence of tuple of int
        The right matrix: for each element the operands of all columns.
    tiles : sequence of SparseTile
        What goes in.
    seed, sums, scales
        As of `fp8mac.gen.arrays.testbench.array_testbench`.
    """
    blocks = [word for tile in tiles for word in block_words(config, tile)]
    # A tile's elements of the left matrix, or one that nobody takes where no tile has any.
    lefts = [word for tile in tiles for word in left_words(config, tile)]
    right = list(memory_words(config, memory))
    if sums is None:
        sums = [tile_sums(config.array, present_elements(config, each, memory)) for each in tiles]
    rows = [word for tile in sums for word in row_words(config.array, tile, scales)]
    table = {port.name: port.bits for port in block_sparse_ports(config)}
    data = [
        f"    {name}[{at}] = {table[port]}'h{word:x};"
        for name, port, words in (
            ("blocks", "k__payload", blocks),
            ("left", "i__payload", lefts or [0]),
            ("memory", "data", right),
        )
        for at, word in enumerate(words)
    ]
    out = table["o__payload"]
    data += row_lines(rows, out)
    return (_BENCH + FAILED_END).format(
        module=block_sparse_name(config, goal=goal),
        bench=block_sparse_bench_name(config, goal=goal),
        block_top=table["k__payload"] - 1,
        left_top=table["i__payload"] - 1,
        right_top=table["data"] - 1,
        address_top=table["address"] - 1,
        row_top=out - 1,
        last_block=len(blocks) - 1,
        last_left=max(0, len(lefts) - 1),
        last_right=len(right) - 1,
        last_row=len(rows) - 1,
        connections=",\n    ".join(f".{port}({port})" for port in table),
        check=ROW_CHECK,
        data="\n".join(data),
        scales=scale_wires(config.array, scales),
        seed=(seed * 2654435761 + 88172645) % 2**32 or 1,
        blocks=len(blocks),
        lefts=len(lefts),
        rows=len(rows),
        reset=config.array.unit.stages + 5,
        most=1000 + 16 * config.array.rows * (len(blocks) + len(lefts) + len(rows)),
    )
