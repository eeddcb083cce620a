# amaranth: UnusedElaboratable=no
"""Units between two streams, simulated under random back-pressure, against sums of vectors."""

import random
import shutil
import subprocess

import numpy as np
import pytest
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator

from fp8mac.gen.verilog import stream_text
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.hw.units.stream import StreamMac
from fp8mac.sim.exact import golden

Vector = list[tuple[int, int]]


def golden_sum(config: MacConfig, vector: Vector) -> golden.State:
    """Accumulator and flags behind a vector."""
    state = golden.reset(config)
    for at, (a, b) in enumerate(vector):
        state = golden.step(config, state, a, b, clear=at == 0)
    return state


def vectors_of(config: MacConfig, count: int, seed: int) -> list[Vector]:
    """Vectors of one element to nine."""
    rng = random.Random(seed)
    codes = range(1 << config.a.bits)
    return [
        [(rng.choice(codes), rng.choice(codes)) for _ in range(rng.randint(1, 9))]
        for _ in range(count)
    ]


def streamed(
    config: MacConfig,
    vectors: list[Vector],
    *,
    goal: Goal = Goal.AREA,
    rates: tuple[float, float] = (0.7, 0.5),
    reset_at: int = -1,
) -> tuple[list[golden.State], int]:
    """Sums that leave, and the cycles that it takes; a reset in one cycle drops what is inside.

    A sum that waits has to stay as it is.
    """
    unit, rst = StreamMac(config, goal), Signal()
    rng, sums, cycles = random.Random(3), list[golden.State](), 0
    elements = [(*each, at == len(v) - 1) for v in vectors for at, each in enumerate(v)]

    async def testbench(ctx):
        nonlocal cycles
        sent, waiting = 0, None
        while len(sums) < len(vectors) and cycles < 100 * len(elements):
            offers = waiting is not None or sent >= len(elements) or rng.random() < rates[0]
            valid = sent < len(elements) and offers
            if valid:
                a, b, last = elements[sent]
                words = {"last": last}
                for name, word, format_ in (("a", a, config.a), ("b", b, config.b)):
                    words[name], scale = golden.apart(config, word, format_.bits)
                    words |= {} if config.block is None else {f"s{name}": scale}
                ctx.set(unit.i.payload, words)
            ctx.set(unit.i.valid, valid)
            ctx.set(unit.o.ready, rng.random() < rates[1])
            ctx.set(rst, cycles == reset_at)
            shown = (ctx.get(unit.o.valid), ctx.get(unit.o.payload.as_value()))
            taken, ready = ctx.get(unit.o.ready), ctx.get(unit.i.ready)
            assert waiting is None or shown == (1, waiting)
            if shown[0] and taken:
                flags = tuple(bool(ctx.get(unit.o.payload[flag])) for flag in config.flags)
                sums.append(golden.State(ctx.get(unit.o.payload.acc), flags))
            waiting = shown[1] if shown[0] and not taken and cycles != reset_at else None
            sent += valid and bool(ready)
            cycles += 1
            await ctx.tick()

    simulator = Simulator(ResetInserter(rst)(unit))
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return sums, cycles


@pytest.mark.parametrize(
    ("line", "goal"),
    [
        ("int8 -> int32", Goal.AREA),
        ("e5m2 -> kulisch:3, stages 3", Goal.FPGA),
        ("e4m3 -> fp16, stages 2", Goal.AREA),
    ],
)
def test_back_pressure_loses_nothing(line, goal):
    config = parse_line(line)
    vectors = vectors_of(config, 60, seed=1)
    got, _ = streamed(config, vectors, goal=goal)
    want = [golden_sum(config, vector) for vector in vectors]
    assert [state.flags for state in got] == [state.flags for state in want]
    known = [state for state, right in zip(got, want, strict=True) if right.acc is not None]
    assert known == [right for right in want if right.acc is not None]
    assert len(known) > 10


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_vectors_follow_each_other_without_a_gap(stages):
    config = parse_line(f"int8 -> int32, stages {stages}")
    vectors = vectors_of(config, 20, seed=2) + [[(1, 1)]] * 5
    got, cycles = streamed(config, vectors, rates=(1, 1))
    assert got == [golden_sum(config, vector) for vector in vectors]
    assert cycles == sum(map(len, vectors)) + stages


def test_reset_in_mid_vector_is_clean():
    """The vector's rest is a vector; nothing of what was before is in it."""
    config = parse_line("int8 -> int32, stages 3")
    vectors: list[Vector] = [[(100, 100)] * 5 + [(3, 4), (5, 6)], [(7, 8)]]
    got, _ = streamed(config, vectors, rates=(1, 1), reset_at=4)
    assert [state.acc for state in got] == [12 + 30, 56]


def test_scales_of_blocks_come_with_their_elements():
    config = parse_line("mxfp4 x 2 -> fp32")
    rng = random.Random(4)
    scales = range(124, 131)
    vectors = [
        [tuple(rng.randrange(256) | rng.choice(scales) << 8 for _ in "ab") for _ in range(3)]
        for _ in range(20)
    ]
    got, _ = streamed(config, vectors)
    assert got == [golden_sum(config, vector) for vector in vectors]
    assert len({state.acc for state in got}) > 10


def test_idle_cycles_are_refused():
    config = parse_line("e4m3 -> kulisch:3:segmented=5:resolve=idle")
    with pytest.raises(ConfigError) as error:
        StreamMac(config)
    assert str(error.value) == (
        "A stream has no idle cycles to resolve a register in segments; choose "
        ":resolve=combinational."
    )


def test_goal_and_unit_can_be_read():
    config = parse_line("int8 -> int32")
    unit = StreamMac(config, Goal.SPEED)
    assert (unit.config, unit.goal) == (config, Goal.SPEED)


_HARNESS = r"""
#include "V%(top)s.h"
#include <cstdint>
#include <cstdio>
static uint64_t state = 88172645463325252ull;
static unsigned draw() { state ^= state << 13; state ^= state >> 7; state ^= state << 17;
                         return state >> 40 & 255; }
int main() {
  V%(top)s dut; unsigned element; bool has = scanf("%%x", &element) == 1;
  unsigned long long sum = 0; bool waits = false, offered = false; long quiet = 0;
  dut.rst = 1; dut.clk = 0; dut.eval(); dut.clk = 1; dut.eval(); dut.rst = 0;
  while (quiet < 1000) {
    dut.clk = 0; offered = has && (offered || draw() < 180);
    dut.i__valid = offered; dut.i__payload = element; dut.o__ready = draw() < 128; dut.eval();
    if (waits && (!dut.o__valid || dut.o__payload != sum)) { puts("it changes"); return 1; }
    waits = dut.o__valid && !dut.o__ready; sum = dut.o__payload;
    if (dut.o__valid && dut.o__ready) printf("%%llx\n", sum);
    if (offered && dut.i__ready) { offered = false; has = scanf("%%x", &element) == 1; }
    quiet = has || dut.o__valid ? 0 : quiet + 1;
    dut.clk = 1; dut.eval();
  }
}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("verilator") is None, reason="Verilator is not installed")
def test_a_hundred_thousand_vectors_in_verilator(tmp_path):
    config = parse_line("e4m3 -> kulisch:3, stages 3")
    text = stream_text(config, goal=Goal.FPGA)
    top = "mac_e4m3_e4m3_kulisch3_stages3_fpga_stream"
    # Verilator has a name of its own for two underscores.
    harness = (_HARNESS % {"top": top}).replace("__", "___05F")
    (tmp_path / "unit.v").write_text(text, encoding="utf-8")
    (tmp_path / "main.cpp").write_text(harness, encoding="utf-8")
    # With that optimisation, Verilator 5.006 adds another product; Icarus Verilog does not.
    build = ["verilator", "--cc", "--exe", "--build", "-fno-gate"]
    build += ["--top-module", top, "unit.v", "main.cpp"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    rng, unit_exponent = np.random.default_rng(9), config.a.lsb_exponent
    values = [golden.decode(config.a, code) for code in range(256)]
    finite = np.array(
        [code for code, value in enumerate(values) if value.kind is golden.Kind.FINITE]
    )
    exact = np.zeros(256, np.int64)
    for code in finite.tolist():
        value = values[code]
        exact[code] = (-1) ** value.sign * value.magnitude << value.exponent - unit_exponent
    lengths = rng.integers(1, 9, 100_000)
    a, b = rng.choice(finite, (2, int(lengths.sum())))
    ends = np.cumsum(lengths)
    last = np.zeros(len(a), np.int64)
    last[ends - 1] = 1
    elements = "\n".join(f"{each:x}" for each in (a | b << 8 | last << 16).tolist())
    done = subprocess.run(
        [tmp_path / "obj_dir" / f"V{top}"],
        input=elements,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    got = [int(line, 16) for line in done.stdout.splitlines()]
    sums = np.add.reduceat(exact[a] * exact[b], ends - lengths)
    assert len(got) == 100_000
    assert got == [int(each) % (1 << config.acc_bits) for each in sums]
