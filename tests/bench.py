"""Speed of what users wait for: run with `make bench`.

Times are medians of a few runs on this machine, now; only their ratios mean anything elsewhere.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: one thread everywhere

import gfloat
import ml_dtypes
import numpy as np
from gfloat.formats import format_info_ocp_e4m3
from rich.console import Console
from rich.table import Table

sys.path.append(str(Path(__file__).parent / "support"))
import many_points

from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import rtlil_text, verilog_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.formats import FloatFormat, Rounding, parse_format
from fp8mac.hw.config.ports import Shape, ports
from fp8mac.hw.config.silicon.named import NAMED_UNITS
from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.sim.codes import encoding
from fp8mac.sim.codes.encoding_rule import code_dtype
from fp8mac.sim.exact import golden
from fp8mac.sim.gemm.gemm import gemm, plan
from fp8mac.synth_reports.cost.activity import CellNetlist, simulate
from fp8mac.synth_reports.cost.operands import Operands, draw
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize

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
    rtlil, top = rtlil_text(config, Shape.CORE), module_name(config, Shape.CORE)
    triples = biased_triples(config, STEPS, seed=1)
    steps = triples.integers()
    netlist = Netlist.from_blif(synthesize(rtlil, top, flow, tool).netlist)
    stimuli = {"a": triples.a, "b": triples.b, "c": triples.c}
    own = own_library()
    cells, whole = Flow.load("area", own), module_name(config, Shape.UNIT)
    mapped = synthesize(rtlil_text(config, Shape.UNIT), whole, cells, tool)
    circuit, bits = CellNetlist.from_blif(mapped.netlist, own), len(mapped.flip_flops)
    table = ports(config, Shape.UNIT)
    a, b, _ = draw(config, Operands.NORMAL, STEPS, 64)
    return [
        config.slug,
        f"{seconds(lambda: rtlil_text(config, Shape.CORE), 5):.2f}",
        f"{seconds(lambda: verilog_text(config, Shape.CORE), 3):.2f}",
        f"{seconds(lambda: synthesize(rtlil, top, flow, tool), 3):.2f}",
        f"{seconds(lambda: synthesize(rtlil, top, cells, tool), 3):.2f}",
        f"{seconds(lambda: simulate(circuit, table, bits, a, b), 3):.2f}",
        f"{STEPS / seconds(lambda: [golden.mac(config, *step) for step in steps], 3):,.0f}",
        f"{STEPS / seconds(lambda: netlist.evaluate(stimuli), 3):,.0f}",
    ]


SIZE = 256

#: Operands, accumulator, summation, and the largest ratio to BLAS or the smallest 1e9 MAC/s wanted.
PRODUCTS = [
    ("e4m3", "fp16", "", "<= 12"),
    ("e4m3", "bf16", "", "<= 12"),
    ("e2m5", "e6m9", "", "<= 12"),
    ("e4m3", "fp32", "", "<= 12"),
    ("e4m3", "e5m12", "", "<= 25"),
    ("e4m3", "fp16:rtz", "", "<= 25"),
    ("e4m3", "kulisch", "", "<= 3"),
    ("e5m2", "kulisch", "", ""),
    ("int8", "int32", "", "<= 1.5"),
    ("e4m3", "fp16:sr", "", ">= 0.5 G"),
    ("e4m3", "fp16", "x 16", ">= 1 G"),
    ("e5m2", "fp16", "x 16", ">= 1 G"),
    ("e4m3", "fp16", "x 16, tree", ">= 1 G"),
    ("e5m2", "fp16", "x 16, tree", ">= 1 G"),
    ("e4m3", "fp16", "x 16, window 14", ""),
    ("e4m3", "fp16", "chunk 64 -> fp32", ""),
]


def cpu_seconds(work: Callable[[], object], runs: int) -> float:
    """Time of this thread, which others on the machine disturb less."""
    work()
    times = []
    for _ in range(runs):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return statistics.median(times)


def print_products() -> None:
    rng = np.random.default_rng(0)
    single = rng.normal(size=(SIZE, SIZE)).astype(np.float32)
    blas = cpu_seconds(lambda: single @ single, 30)
    macs = SIZE**3
    title = f"{SIZE}^3 products, one thread; float32 BLAS {macs / blas / 1e9:.1f} G MAC/s"
    table = Table("operands", "accumulator", "adding", "back end", "carrier", title=title)
    for column in ("G MAC/s", "times BLAS", "wanted"):
        table.add_column(column, justify="right")

    def row(names: list[str], work: Callable[[], object], wanted: str, runs: int = 5) -> None:
        spent = cpu_seconds(work, runs)
        table.add_row(*names, f"{macs / spent / 1e9:.3f}", f"{spent / blas:.1f}", wanted)

    for operand, acc, adding, wanted in PRODUCTS:
        config = parse_unit(operand, acc=acc, summation=adding)
        codes = rng.integers(0, 1 << config.a.bits, (SIZE, SIZE)).astype(np.uint8)
        if isinstance(config.a, FloatFormat):
            codes = (codes & 0x80) | np.minimum(codes & 0x7F, config.a.max_code).astype(np.uint8)
        right = np.ascontiguousarray(codes.T)
        both = (operand, acc, adding) == ("e4m3", "fp16", "")
        backends = ["auto", "numpy"] if both else ["auto"]
        for backend in backends:
            chosen = plan(config, SIZE, backend=backend)
            names = [operand, acc, adding, chosen.backend, chosen.carrier]
            row(
                names,
                partial(gemm, codes, right, config, backend=backend),
                ">= 0.2 G" if backend == "numpy" else wanted,
            )
    config = parse_unit("e4m3", acc="fp32")
    codes = codes_of_e4m3(rng)
    codes = (codes & 0x80) | np.minimum(codes & 0x7F, 0x7E)
    kept = np.kron(rng.random((SIZE // 8, SIZE // 8)) < 0.25, np.ones((8, 8), bool))
    names = ["e4m3", "fp32", "75 % zeros in 8 x 8", "numba", plan(config, SIZE).carrier]
    row(names, partial(gemm, codes, np.where(kept, codes, 0).astype(np.uint8), config), "")
    values = encoding.decode(codes_of_e4m3(rng), parse_format("e4m3"), np.float32)
    row(["e4m3", "bf16", "", "ml_dtypes", "round trip"], lambda: by_ml_dtypes(values), "", 3)
    row(["e4m3", "e4m3", "", "gfloat", "float64"], lambda: by_gfloat(values), "", 1)
    Console(width=120).print(table)


#: Exact sums of blocks.
BLOCKS = [
    f"{name} x 32 -> fp32" for name in ("mxfp8", "mxfp6e3m2", "mxfp6e2m3", "mxfp4", "mxint8")
] + ["nvfp4 x 16 -> fp32"]


def wanted_of(name: str) -> str:
    """Largest ratio to BLAS that is wanted of a named unit."""
    if name.startswith(("fdot", "exsdotp")):
        return ""
    of_nvidia = name.startswith(("v100", "a100", "ada", "h100", "b200-fp8"))
    return "<= 8" if of_nvidia else "<= 16"


def print_named() -> None:
    """Named units, on random numbers within 2**-12 to 2**12 where a format has more."""
    rng = np.random.default_rng(0)
    single = rng.normal(size=(SIZE, SIZE)).astype(np.float32)
    blas = cpu_seconds(lambda: single @ single, 30)
    table = Table("unit", "back end", "carrier", title=f"named units, {SIZE}^3, one thread")
    for column in ("G MAC/s", "times BLAS", "wanted"):
        table.add_column(column, justify="right")
    for name in (*NAMED_UNITS, *BLOCKS):
        config = parse_unit(name)
        codes = rng.integers(0, 1 << config.a.bits, (SIZE, SIZE))
        if isinstance(config.a, FloatFormat):
            low, high = max(1, config.a.exponent_bias - 12), config.a.exponent_bias + 12
            last = min(config.a.max_code, high << config.a.mantissa_bits)
            codes = rng.integers(low << config.a.mantissa_bits, last + 1, (SIZE, SIZE))
            codes |= rng.integers(0, 2, codes.shape) * config.a.sign_code
        codes = codes.astype(code_dtype(config.a.bits))
        scales, right = None, np.ascontiguousarray(codes.T)
        if config.block is not None:
            one = 127 if config.block.scale is ScaleFormat.E8M0 else 56
            scale = rng.integers(one - 8, one + 8, (SIZE, SIZE // config.block.size))
            scales = (scale, scale.T)
        spent = cpu_seconds(partial(gemm, codes, right, config, scales=scales), 5)
        chosen = plan(config, SIZE)
        speed = f"{SIZE**3 / spent / 1e9:.3f}"
        ratio = f"{spent / blas:.1f}"
        table.add_row(name, chosen.backend, chosen.carrier, speed, ratio, wanted_of(name))
    Console(width=120).print(table)


def codes_of_e4m3(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 120, (SIZE, SIZE)).astype(np.uint8)


def by_ml_dtypes(values: np.ndarray) -> np.ndarray:
    acc = np.zeros((SIZE, SIZE), ml_dtypes.bfloat16)
    for k in range(SIZE):
        acc = (acc.astype(np.float32) + values[:, k, None] * values[k]).astype(ml_dtypes.bfloat16)
    return acc


def by_gfloat(values: np.ndarray) -> np.ndarray:
    acc = np.zeros((SIZE, SIZE))
    for k in range(SIZE):
        total = acc + values[:, k, None].astype(np.float64) * values[k]
        acc = gfloat.round_ndarray(format_info_ocp_e4m3, total, sat=True)
    return acc


def print_encoding() -> None:
    table = Table("work on 2**20 float32", title="millions of elements per second, one thread")
    for column in ("numpy alone", "wanted", "numba", "wanted"):
        table.add_column(column, justify="right")
    numbers = np.random.default_rng(0).normal(size=1 << 20).astype(np.float32)
    has_numba = encoding.has_numba
    for name, rounding in (("e4m3", Rounding.RNE), ("e5m2", Rounding.RNE), ("e4m3", Rounding.RTZ)):
        for work in (encoding.round_to, encoding.encode):
            cells = []
            for compiled, wanted in ((False, "250"), (True, "2500")):
                encoding.has_numba = (lambda: False) if not compiled else has_numba
                format_ = parse_format(name)
                spent = cpu_seconds(partial(work, numbers, format_, rounding), 9)
                cells += [f"{len(numbers) / spent / 1e6:,.0f}", wanted]
            table.add_row(f"{work.__name__} {name} {rounding.value}", *cells)
    encoding.has_numba = has_numba
    spent = cpu_seconds(lambda: numbers.astype(ml_dtypes.float8_e4m3fn), 9)
    table.add_row("ml_dtypes astype e4m3", f"{len(numbers) / spent / 1e6:,.0f}", "", "", "")
    out = np.empty_like(numbers)
    spent = cpu_seconds(lambda: np.copyto(out, numbers), 30)
    table.add_row("copy of the numbers", f"{len(numbers) / spent / 1e6:,.0f}", "", "", "")
    Console().print(table)
    if find_spec("verifloat") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        print(f"VeriFloat is not compared: it needs Python 3.12 and is not installed in {version}.")


ROWS = 100_000


def children_seconds(words: list[str], runs: int) -> float:
    """Processor time of a command, from its start to its end."""
    times, program = [], Path(sys.executable).with_name("fp8mac")
    for _ in range(runs):
        before = os.times()
        subprocess.run([program, *words], check=True, stderr=subprocess.DEVNULL)
        after = os.times()
        times.append(sum(after[2:4]) - sum(before[2:4]))
    return statistics.median(times)


def print_store() -> None:
    """A store that is opened and drawn, from the start of the command to its last file."""
    table = Table("command", "processor seconds", "wanted", title=f"a store of {ROWS:,} points")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = str(many_points.fill(folder / "points.sqlite", ROWS).path)
        question = ["--network", "fmnist", "--max-drop", "0.5", "--lanes", "1"]
        for words in (
            ["pictures", "--store", store, "--output-dir", str(folder)],
            ["recommend", "--store", store, *question],
        ):
            table.add_row(f"fp8mac {words[0]}", f"{children_seconds(words, 3):.2f}", "<= 3")
    Console().print(table)


def main() -> None:
    print_store()
    print_encoding()
    print_products()
    print_named()
    print_units()


def print_units() -> None:
    table = Table("unit", title="seconds (median), and steps per second")
    for column in (
        "RTLIL s",
        "Verilog s",
        "synthesis s",
        "cells s",
        "energy s",
        "golden steps/s",
        "netlist steps/s",
    ):
        table.add_column(column, justify="right")
    for operand, acc in UNITS:
        table.add_row(*measure(operand, acc))
    Console().print(table)


if __name__ == "__main__":
    main()
