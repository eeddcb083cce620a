"""The board's side of the line, bit by bit: sums, damage, and requests that were broken off."""

import pytest
from amaranth.sim import Simulator

from fp8mac.gen.boards.bridge import Bridge
from fp8mac.gen.boards.checks import fault_of
from fp8mac.gen.boards.frames import Ask, FrameReader, LinkLayout
from fp8mac.gen.boards.simulated import SimulatedBoard
from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_line

UNIT = parse_line("e4m3 -> kulisch:3")
STEPS = [(0x38, 0x41), (0x7E, 0x7D), (0xB8, 0x39)]


def answers(config, requests, *, divisor=5, goal=Goal.FPGA, off=0.0):
    """Answers of a bridge to requests, one after the other; what is no request is just sent.

    The host's bits are longer than the board's by a share of ``off``.
    """
    bridge, found = Bridge(config, goal, divisor=divisor), []
    period = divisor * (1 + off) * 1e-6
    reader = FrameReader()

    async def to_board(ctx):
        ctx.set(bridge.rx, 1)
        for request in requests:
            for byte in request:
                for bit in (0, *(byte >> place & 1 for place in range(8)), 1):
                    ctx.set(bridge.rx, bit)
                    await ctx.delay(period)
            await ctx.delay(period * 10 * 25)

    async def from_board(ctx):
        while True:
            await ctx.negedge(bridge.tx)
            await ctx.delay(divisor * 0.5e-6)
            byte = 0
            for place in range(8):
                await ctx.delay(divisor * 1e-6)
                byte |= ctx.get(bridge.tx) << place
            found.extend(reader.feed(bytes([byte])))

    simulator = Simulator(bridge)
    simulator.add_clock(1e-6)
    simulator.add_testbench(to_board)
    simulator.add_testbench(from_board, background=True)
    simulator.run()
    layout = LinkLayout(config)
    identity = layout.identity.to_bytes(4, "little")
    assert all(frame.payload[:4] == identity for frame in found)
    return [(frame.ask, frame.tag, layout.read_outputs(frame.payload[4:])) for frame in found]


def request(config, ask, tag, steps):
    return LinkLayout(config).request(ask, tag, steps)


@pytest.mark.parametrize(
    "line",
    [
        "e4m3 -> kulisch:3",
        "e4m3 -> fp16",
        "int8 x 2 -> int32",
        "e5m2 -> kulisch:3, stages 2, output fp16",
        "int8 -> int32:segmented=8",
        "int4 -> int20:segmented=16:resolve=idle",
    ],
)
def test_sums_are_those_of_the_golden_model(line):
    config = parse_line(line)
    mask = (1 << config.a.bits * config.products_per_cycle) - 1
    steps = [(a * 0x101 & mask, b * 0x101 & mask) for a, b in STEPS]
    found = answers(
        config,
        [
            request(config, Ask.BEGIN, 1, steps),
            request(config, Ask.CONTINUE, 2, steps[:1]),
            request(config, Ask.CONTINUE, 3, []),
            request(config, Ask.BEGIN, 63, steps[1:]),
        ],
    )
    assert [each[:2] for each in found] == [(0, 1), (1, 2), (1, 3), (0, 63)]
    sums = [steps, [*steps, steps[0]], [*steps, steps[0]], steps[1:]]
    outputs = [each[2] for each in found]
    assert [fault_of(config, *each) for each in zip(sums, outputs, strict=True)] == [""] * 4


def test_damage_is_told_and_the_next_sum_is_right():
    bad = bytearray(request(UNIT, Ask.BEGIN, 1, STEPS))
    bad[3] ^= 4
    (first, second) = answers(UNIT, [bytes(bad), request(UNIT, Ask.BEGIN, 2, STEPS)])
    assert first[:2] == (Ask.DAMAGED, 1)
    assert second[:2] == (Ask.BEGIN, 2)
    assert fault_of(UNIT, STEPS, second[2]) == ""


def test_what_was_broken_off_is_forgotten():
    whole = request(UNIT, Ask.BEGIN, 1, STEPS)
    (found,) = answers(UNIT, [whole[:6], b"\x00\x7d", b"\x7e" + whole])
    assert found[:2] == (Ask.BEGIN, 1)
    assert fault_of(UNIT, STEPS, found[2]) == ""


@pytest.mark.parametrize("off", [-0.03, 0.03])
def test_clocks_may_differ(off):
    (found,) = answers(UNIT, [request(UNIT, Ask.BEGIN, 1, STEPS)], divisor=16, off=off)
    assert fault_of(UNIT, STEPS, found[2]) == ""


def test_faults_are_seen():
    (found,) = answers(UNIT, [request(UNIT, Ask.BEGIN, 1, STEPS)])
    assert fault_of(UNIT, STEPS[:2], found[2]).startswith("acc is 0x")
    raised = found[2] | {"nan": 1}
    assert fault_of(UNIT, STEPS, raised) == "nan is 0x1 and should be 0x0"


def test_scales_are_refused():
    with pytest.raises(ConfigError) as caught:
        SimulatedBoard(parse_line("mxfp4 x 2 -> fp32"))
    assert str(caught.value) == "Frames hold no scales, which mxfp4 x 2 -> fp32 takes."
