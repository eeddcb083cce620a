"""Self-checking testbenches: the emitted Verilog, or anybody's in its place, against test vectors.

Verilog-2005 for Icarus Verilog and for Verilator 5::

    iverilog -o bench bench.v unit.v && vvp bench
    verilator --binary -Wno-fatal --top-module <bench> bench.v unit.v && obj_dir/V<bench>

The vectors are lines of `fp8mac.sim.check.vectors`.
"""

from fp8mac.gen.describe import module_name
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Port, Role, Shape, named, ports, wires
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig

__all__ = ["FAILED_END", "bench_name", "testbench_text"]

FAILED_END = """\
`ifdef __ICARUS__
      $finish_and_return(1);
`elsif VERILATOR
      $stop;
`else
      $finish;
`endif
    end
  end
endmodule
"""
"""How a testbench that found something ends: with an exit code that is not 0."""

_BENCH = """\
// Self-checking testbench of {module}: prints PASS and the number of cases,
// or the first ten wrong cases and FAIL.

`timescale 1ns / 1ps

module {bench};
  {registers}
  {wires}
  reg [8*256-1:0] comment;
  integer file, length, checked, wrong;

  {module} dut (
    {connections}
  );

  initial begin
    checked = 0;
    wrong = 0;
    file = $fopen("{file}", "r");
    length = file;
    while (length != 0) begin
      if ({fields} == $fscanf(file, "{scan}",
          {columns})) begin
        {inputs} = {next_inputs};
        {edge}
        checked = checked + 1;
        if ({differs}) begin
          wrong = wrong + 1;
          if (wrong <= 10)
            $display("case %0d: {form}",
              checked, {values});
        end
      end else
        length = $fgets(comment, file);
    end
    if (wrong == 0 && checked == {count}) begin
      $display("PASS %0d", checked);
      $finish;
    end else begin
      $display("FAIL %0d of %0d cases are wrong, {count} were expected", wrong, checked);
"""


def bench_name(config: MacConfig, shape: Shape, *, goal: Goal = Goal.AREA) -> str:
    """Name of the testbench's module."""
    return module_name(config, shape, goal=goal) + "_tb"


def testbench_text(
    config: MacConfig, shape: Shape, *, goal: Goal, vectors_file: str, count: int
) -> str:
    """Testbench of the module that `fp8mac.gen.verilog.verilog_text` emits.

    After ``FAIL`` the exit code is not 0 in Icarus and Verilator; the language has none. The
    accumulator is not compared where a flag is expected; one in segments is compared by its value.

    Parameters
    ----------
    vectors_file : str
        File that the bench reads, from the folder in which it runs: lines of `vector_lines` or
        `product_lines` for a core, of `sequence_lines` for a registered unit.
    count : int
        Number of cases in it; a bench that finds another number fails.

    Raises
    ------
    ValueError
        If the name of the file cannot stand in a Verilog string.
    """
    if not (vectors_file.isascii() and vectors_file.isprintable()) or set('"\\') & {*vectors_file}:
        raise ConfigError(f"'{vectors_file}' cannot be named in Verilog.")
    table = ports(config, shape)
    operands = (Role.OPERAND, Role.SCALE, Role.RANDOM, Role.RESCALE)
    inputs = named(table, Role.RESET, Role.CONTROL, *operands, Role.STATE, Role.CARRY_STATE)
    outputs = named(table, Role.RESULT, Role.CARRY, Role.SUM, Role.READY, Role.FLAG, Role.OUTPUT)
    clock = named(table, Role.CLOCK)
    (result,) = named(table, Role.RESULT)
    flags = named(table, Role.FLAG)
    read = {f"next_{port}": bits for port, bits in inputs.items()}
    wants = {
        f"want_{port}": bits
        for port, bits in named(table, Role.RESULT, Role.FLAG, Role.OUTPUT).items()
    }
    declared, value = _declare("wire", outputs), result
    if config.segment_bits is not None:
        declared += f"\n  {_declare('wire', {'value': config.acc_bits})}"
        declared += f"\n  assign value = {result} + {_placed(config, table)};"
        value = "value"
    differs = f"{value} !== want_{result}"
    for total in named(table, Role.SUM):
        differs = f"({differs} || {total} !== want_{result})"
    if flags:
        got, want = ", ".join(flags), ", ".join(f"want_{flag}" for flag in flags)
        differs = f"{{{got}}} !== {{{want}}} || ({{{want}}} == 0 && {differs})"
    for out in named(table, Role.OUTPUT):  # x where it is not specified
        differs += f" || (^want_{out} !== 1'bx && {out} !== want_{out})"
    for ready in named(table, Role.READY):
        differs += f" || {ready} !== ~|carry"
    shown = [*inputs, *(name for port in outputs for name in (port, f"want_{port}"))]
    shown = [name for name in shown if not name.startswith("want_") or name in wants]
    return (_BENCH + FAILED_END).format(
        module=module_name(config, shape, goal=goal),
        bench=bench_name(config, shape, goal=goal),
        registers=_declare("reg", clock | inputs | read | wants),
        wires=declared,
        connections=",\n    ".join(f".{port}({port})" for port in clock | inputs | outputs),
        file=vectors_file,
        scan=" ".join(["%h"] * len(read | wants)),
        columns=", ".join(read | wants),
        fields=len(read | wants),
        # Verilator does not see that a variable changes when a file is read into it.
        inputs=f"{{{', '.join(inputs)}}}",
        next_inputs=f"{{{', '.join(read)}}}",
        edge="".join(f"{name} = 0; #1 {name} = 1; " for name in clock) + "#1;",
        differs=differs,
        form=" ".join(f"{name}=%h" for name in shown),
        values=", ".join(shown),
        count=count,
    )


def _placed(config: MacConfig, table: tuple[Port, ...]) -> str:
    """Carries at their places, as a vector as wide as the accumulator."""
    carries = dict(zip(config.carry_places, wires(table, Role.CARRY), strict=True))
    bits = [carries.get(place, "1'b0") for place in range(config.acc_bits)]
    return f"{{{', '.join(reversed(bits))}}}"


def _declare(kind: str, widths: dict[str, int]) -> str:
    return "\n  ".join(
        f"{kind} [{bits - 1}:0] {name};" if bits > 1 else f"{kind} {name};"
        for name, bits in widths.items()
    )
