"""Self-checking testbench of a matrix unit: tiles with pauses and back-pressure, in one file.

Verilog-2005, as in `fp8mac.gen.testbench`.
"""

from collections.abc import Sequence

from fp8mac.gen.arrays.verilog import array_name
from fp8mac.gen.testbench import FAILED_END
from fp8mac.hw.config.arrays.array import ArrayConfig, array_ports, scale_fields
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.sim.exact.arrays import Element, Word, element_words, row_words, tile_sums
from fp8mac.sim.exact.golden import Rescale, State

__all__ = ["ROW_CHECK", "array_bench_name", "array_testbench", "row_lines", "scale_wires"]

ROW_CHECK = """\
      if (waits && (!o__valid || o__payload !== held)) begin
        wrong = wrong + 1;
        if (wrong <= 10) $display("row %0d does not wait", got);
      end
      if (o__valid && o__ready && !rst) begin
        if (((o__payload ^ rows[got]) & known[got]) !== 0) begin
          wrong = wrong + 1;
          if (wrong <= 10) $display("row %0d: %h, not %h", got, o__payload, rows[got]);
        end
        got = got + 1;
      end
      waits = o__valid && !o__ready && !rst;
      held = o__payload;
"""
"""What compares the rows that leave, and sees that one that waits stays."""

_BENCH = """\
// Self-checking testbench of {module}: prints PASS and the number of rows,
// or the first ten wrong rows and FAIL. A reset in the midst of a tile comes first; valid and
// ready are random; a row that waits has to stay.

`timescale 1ns / 1ps

module {bench};
  reg clk, rst, i__valid, o__ready, taken, waits;
  reg [{element_top}:0] i__payload, elements [0:{last_element}];
  reg [{row_top}:0] held, rows [0:{last_row}], known [0:{last_row}];
  wire [{row_top}:0] o__payload;
  wire i__ready, o__valid;{scales}
  reg [31:0] state;
  integer sent, got, wrong, cycle;

  {module} dut (
    {connections}
  );

  initial begin
{data}
    clk = 0; rst = 1; i__valid = 0; o__ready = 0; waits = 0; held = 0;
    taken = 0; state = 32'h{seed:08x};
    sent = 0; got = 0; wrong = 0; cycle = 0;
    #1 clk = 1; #1;
    while (cycle < {most} && got < {rows}) begin
      clk = 0;
      rst = cycle == {reset};
      state = state ^ (state << 13); state = state ^ (state >> 17); state = state ^ (state << 5);
      i__valid = sent < {elements} && (i__valid || state[7:6] != 0);
      o__ready = state[9];
      i__payload = elements[sent < {elements} ? sent : 0];
      #1;
{check}      taken = i__valid && i__ready;
      #1 clk = 1; #1;
      if (rst) begin
        sent = 0; got = 0; i__valid = 0;
      end else if (taken) begin
        sent = sent + 1; i__valid = 0;
      end
      cycle = cycle + 1;
    end
    if (wrong == 0 && got == {rows}) begin
      $display("PASS %0d", got);
      $finish;
    end else begin
      $display("FAIL %0d wrong, %0d of {rows} rows came", wrong, got);
"""


def array_bench_name(config: ArrayConfig, *, goal: Built = Goal.AREA) -> str:
    """Name of the testbench's module."""
    return array_name(config, goal=goal) + "_tb"


def array_testbench(
    config: ArrayConfig,
    tiles: Sequence[Sequence[Element]],
    *,
    goal: Built = Goal.AREA,
    seed: int = 1,
    sums: Sequence[Sequence[Sequence[State]]] | None = None,
    scales: Sequence[Rescale] = (),
) -> str:
    """Testbench of the module that `fp8mac.gen.arrays.verilog.array_text` emits.

    Parameters
    ----------
    tiles : sequence of tiles
        What goes in.
    seed : int
        Of the pauses, from 0 on.
    sums : sequence, optional
        States behind each tile, by row and column; default as `fp8mac.sim.exact.arrays` computes
        them.
    scales : sequence of Rescale
        Of each column, where sums are rescaled as they leave.
    """
    elements = [word for tile in tiles for word in element_words(config, tile)]
    if sums is None:
        sums = [tile_sums(config, tile) for tile in tiles]
    rows = [word for tile in sums for word in row_words(config, tile, scales)]
    table = {port.name: port.bits for port in array_ports(config)}
    wide, out = table["i__payload"], table["o__payload"]
    data = [f"    elements[{at}] = {wide}'h{word:x};" for at, word in enumerate(elements)]
    data += row_lines(rows, out)
    return (_BENCH + FAILED_END).format(
        module=array_name(config, goal=goal),
        bench=array_bench_name(config, goal=goal),
        element_top=wide - 1,
        row_top=out - 1,
        last_element=len(elements) - 1,
        last_row=len(rows) - 1,
        connections=",\n    ".join(f".{port}({port})" for port in table),
        check=ROW_CHECK,
        data="\n".join(data),
        scales=scale_wires(config, scales),
        seed=(seed * 2654435761 + 88172645) % 2**32 or 1,
        elements=len(elements),
        rows=len(rows),
        reset=config.unit.stages + 5,
        most=1000 + 16 * config.rows * (len(elements) + len(rows)),
    )


def row_lines(rows: Sequence[Word], bits: int) -> list[str]:
    """Assignments of the rows that are to come, of so many bits."""
    return [
        f"    rows[{at}] = {bits}'h{word.bits:x}; known[{at}] = {bits}'h{word.known:x};"
        for at, word in enumerate(rows)
    ]


def scale_wires(config: ArrayConfig, scales: Sequence[Rescale]) -> str:
    """Wires with the scale of each column, where sums are rescaled as they leave."""
    words = [scale.ports(config.leaves, config.unit.acc_bits) for scale in scales]
    return "".join(
        f"\n  wire [{bits * config.columns - 1}:0] {name} = {bits * config.columns}'h"
        f"{sum(each[name] << bits * at for at, each in enumerate(words)):x};"
        for name, bits in scale_fields(config).items()
    )
