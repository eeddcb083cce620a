"""Toggles with glitches against an event-driven simulation: Icarus Verilog, a unit of time a cell.

Both let every cell take the same time, so that the counts are equal, net by net.
"""

import re
import subprocess

import pytest
from icarus import needs_icarus
from samples import one_in

from fp8mac.gen.describe import module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Role, Shape, ports, wires
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.cost.activity import CellNetlist, simulate
from fp8mac.synth_reports.cost.operands import Operands, draw
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize

OWN = own_library()
LENGTH = 48

BENCH = """\
`timescale 1ns / 100ps
module bench;
  reg {nets};
  wire [{top}:0] now = {{{all}}};
  reg [{top}:0] before;
  reg [{width}:0] stimuli [0:{last}];
  integer counts [0:{top}];
  integer i, at;
{gates}
  initial begin
    $readmemb("stimuli.txt", stimuli);
    {{{all}}} = 0;
    for (i = 0; i <= {top}; i = i + 1) counts[i] = 0;
    {{{inputs}}} = stimuli[0];
    #{settled} before = now;
    for (at = 1; at <= {last}; at = at + 1) begin
      {{{state}, {inputs}}} = {{{next}, stimuli[at]}};
      repeat ({settled}) begin
        #0.5;  // between what happens at whole units of time
        if (at >= {stages})
          for (i = 0; i <= {top}; i = i + 1) counts[i] = counts[i] + (before[i] ^ now[i]);
        before = now;
        #0.5;
      end
    end
    for (i = {top}; i >= 0; i = i - 1) $display("%0d", counts[i]);
    $finish;
  end
endmodule
"""


def in_icarus(circuit, unit, flip_flops, stream, folder):
    """Toggles of each net, in the cycles that `simulate` counts."""
    names = {net: f"n{number}" for net, number in circuit.nets.items()}
    state = [f"ff_q[{bit}]" for bit in range(flip_flops)]
    inputs = [net for net in circuit.inputs if net not in state]
    gates = []
    for gate in circuit.gates:
        pins = [names[gate.pins[pin]] for pin in gate.function.inputs]
        code = re.sub(r"\bp(\d+)\b", lambda pin, pins=pins: pins[int(pin[1])], gate.function.code)
        code = code.replace("ONE", "1'b1")
        head = "always @*" if pins else "initial"
        gates.append(f"  {head} {names[gate.output]} <= #1 {code};")
    table = ports(unit, Shape.UNIT)
    en, clear = wires(table, Role.CONTROL)
    rows = []
    for cycle in range(LENGTH + unit.stages):
        bits = {en: 1, clear: int(cycle % LENGTH == 0)}
        for port, codes in zip(("a", "b"), stream[:2], strict=True):
            bits |= {f"{port}[{i}]": int(codes[cycle % LENGTH, 0]) >> i & 1 for i in range(8)}
        rows.append("".join(str(bits.get(net, 0)) for net in inputs))
    (folder / "stimuli.txt").write_text("\n".join(rows) + "\n")
    depth = max(high for _, high in circuit.depths)
    text = BENCH.format(
        nets=", ".join(names.values()),
        all=", ".join(names.values()),
        top=len(names) - 1,
        width=len(inputs) - 1,
        last=len(rows) - 1,
        gates="\n".join(gates),
        inputs=", ".join(names[net] for net in inputs),
        state=", ".join(names[net] for net in state),
        next=", ".join(names[f"ff_d[{bit}]"] for bit in range(flip_flops)),
        settled=depth + 2,
        stages=unit.stages,
    )
    (folder / "bench.v").write_text(text)
    subprocess.run(["iverilog", "-g2005", "-o", "bench", "bench.v"], cwd=folder, check=True)
    run = ["vvp", "-n", "bench"]
    done = subprocess.run(run, cwd=folder, check=True, capture_output=True, text=True)
    counts = [int(line) for line in done.stdout.split() if line.isdigit()]
    return dict(zip(names, counts, strict=True))


@needs_icarus
@pytest.mark.parametrize(
    "line",
    one_in(3, [["e2m1 -> kulisch:3"], ["e4m3 -> kulisch:3"], ["e4m3 -> kulisch:3, stages 2"]]),
)
def test_glitches_are_those_of_an_event_driven_simulation(line, tmp_path):
    unit = parse_line(line)
    rtlil, top = rtlil_text(unit, Shape.UNIT), module_name(unit, Shape.UNIT)
    synthesis = synthesize(rtlil, top, Flow.load("area", OWN), find_yosys())
    circuit = CellNetlist.from_blif(synthesis.netlist, OWN)
    stream = draw(unit, Operands.NORMAL, LENGTH, LENGTH, seed=9)
    count, table = len(synthesis.flip_flops), ports(unit, Shape.UNIT)
    found = simulate(circuit, table, count, stream.a, stream.b, stages=unit.stages)
    got = in_icarus(circuit, unit, count, stream, tmp_path)
    want = {net: round(each * found.unit_delay_cycles) for net, each in found.unit_delay.items()}
    assert got == want
    functional = sum(found.functional.values()) * found.cycles
    assert sum(want.values()) > 1.3 * functional > 1000
