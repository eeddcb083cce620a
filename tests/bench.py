"""Speed of what users wait for: run with `make bench`.

Times are medians of a few runs on this machine, now; only their ratios mean anything elsewhere.
"""

import statistics
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from fp8mac.gen.verilog import module_name, rtlil_text, verilog_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config import parse_unit
from fp8mac.sim import golden
from fp8mac.sim.netlist import Netlist
from fp8mac.sim.vectors import biased_triples
from fp8mac.synth_reports.synthesis import Flow, synthesize

UNITS = [("int8", "int32"), ("e4m3", "kulisch"), ("e4m3", "fp16"), ("e4m3", "fp32")]
STEPS = 20_000


def seconds(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(operand: str, acc: str) -> list[str]:
    config, tool, flow = parse_unit(operand, acc=acc), find_yosys(), Flow.load()
    rtlil, top = rtlil_text(config, core=True), module_name(config, core=True)
    triples = biased_triples(config, STEPS, seed=1)
    steps = triples.integers()
    netlist = Netlist.from_blif(synthesize(rtlil, top, flow, tool).netlist)
    stimuli = {"a": triples.a, "b": triples.b, "c": triples.c}
    return [
        config.slug,
        f"{seconds(lambda: rtlil_text(config, core=True), 5):.2f}",
        f"{seconds(lambda: verilog_text(config, core=True), 3):.2f}",
        f"{seconds(lambda: synthesize(rtlil, top, flow, tool), 3):.2f}",
        f"{STEPS / seconds(lambda: [golden.mac(config, *step) for step in steps], 3):,.0f}",
        f"{STEPS / seconds(lambda: netlist.evaluate(stimuli), 3):,.0f}",
    ]


def main() -> None:
    table = Table("unit", title="seconds (median), and steps per second")
    for column in ("RTLIL s", "Verilog s", "synthesis s", "golden steps/s", "netlist steps/s"):
        table.add_column(column, justify="right")
    for operand, acc in UNITS:
        table.add_row(*measure(operand, acc))
    Console().print(table)


if __name__ == "__main__":
    main()
