"""Registers in segments, cycle after cycle: random enables, clears, resets, and every read."""

import numpy as np
import pytest
from circuits import PLAIN

from fp8mac.gen.describe import module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.formats import Format
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.sim.exact.golden import Kind, decode
from fp8mac.sim.exact.segments import reset, resolved, step
from fp8mac.synth_reports.synth.synthesis import synthesize

STREAMS = 64
UNITS = [
    ("e4m3", "kulisch:3:segmented=5", Goal.AREA),
    ("e4m3", "kulisch:3:segmented=5:resolve=idle", Goal.SPEED),
    ("e5m2", "kulisch:7:segmented=6:resolve=combinational", Goal.AREA),
    ("int8", "int32:segmented=4:resolve=combinational", Goal.SPEED),
    ("int8", "int32:segmented=4:resolve=idle", Goal.AREA),
]


class Streams:
    """A mapped unit that runs many streams side by side, one cycle at a time."""

    def __init__(self, config: MacConfig, goal: Goal) -> None:
        top = module_name(config, Shape.UNIT, goal=goal)
        text = rtlil_text(config, Shape.UNIT, goal=goal)
        unit = synthesize(text, top, PLAIN, find_yosys())
        self.netlist = Netlist.from_blif(unit.netlist)
        self.names = unit.flip_flops
        self.state = np.zeros((STREAMS, -(-len(self.names) // 64)), np.uint64)

    def read(self, name: str) -> list[int]:
        """Registers of a port, before the next edge."""
        found = [0] * STREAMS
        for place, net in enumerate(self.names):
            port, _, bit = net.partition("[")
            if port == name:
                column = self.state[:, place // 64] >> np.uint64(place % 64) & np.uint64(1)
                weight = int(bit.rstrip("]") or 0)
                found = [old | int(new) << weight for old, new in zip(found, column, strict=True)]
        return found

    def cycle(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs before an edge; then the edge."""
        nothing = np.zeros(STREAMS, np.uint64)
        outputs = self.netlist.evaluate(inputs | {"ff_q": self.state, "clk": nothing})
        self.state = outputs.pop("ff_d")
        return outputs


def finite(format_: Format) -> list[int]:
    codes = range(1 << format_.bits)
    return [code for code in codes if decode(format_, code).kind is Kind.FINITE]


def run(config: MacConfig, goal: Goal, cycles: int) -> int:
    """Cycles that were checked and not under a flag."""
    rng = np.random.default_rng(5)
    streams = Streams(config, goal)
    count = cycles * STREAMS
    a, b, _ = biased_triples(config, count, seed=5)
    a, b = a.reshape(cycles, STREAMS), b.reshape(cycles, STREAMS)
    # NaN and infinities hide a sum until the next clear: most are left out.
    common = rng.random((cycles, STREAMS)) < 0.999
    a, b = (
        np.where(common & ~np.isin(codes, finite(format_)), np.uint64(0), codes)
        for codes, format_ in ((a, config.a), (b, config.b))
    )
    mood = rng.random(STREAMS)
    models = [reset(config)] * STREAMS
    idle, specified = [0] * STREAMS, 0
    for cycle in range(cycles):
        # Streams change between busy and idle now and then, so that there are long pauses.
        mood = np.where(rng.random(STREAMS) < 0.05, rng.random(STREAMS), mood)
        en = rng.random(STREAMS) < np.where(mood < 0.3, 0.02, 0.9)
        clear, rst = rng.random(STREAMS) < 0.1, rng.random(STREAMS) < 0.003
        words, carries = streams.read("acc"), streams.read("carry")
        bits = {"en": en, "clear": clear, "rst": rst}
        inputs = {name: each.astype(np.uint64) for name, each in bits.items()}
        shown = streams.cycle({"a": a[cycle], "b": b[cycle], **inputs})
        for at, model in enumerate(models):
            word, carry = words[at], carries[at]
            if model.state.acc is not None:
                specified += 1
                assert resolved(config, word, carry) == model.state.acc, (cycle, at)
                if not config.has_integer_products:
                    assert (word, carry) == model[:2], (cycle, at)
                if config.resolve is Resolve.COMBINATIONAL:
                    assert int(shown["sum"][at, 0]) | _high(shown["sum"][at]) == model.state.acc
                if config.resolve is Resolve.IDLE:
                    ready = bool(shown["ready"][at, 0])
                    assert ready == (carry == 0)
                    assert ready or idle[at] < len(config.carry_places)
                    assert not ready or word == model.state.acc
            idle[at] = 0 if en[at] and not rst[at] else idle[at] + 1
            controls = {name: bool(each[at]) for name, each in bits.items()}
            models[at] = step(config, model, int(a[cycle, at]), int(b[cycle, at]), **controls)
    return specified


def _high(words: np.ndarray) -> int:
    return sum(int(word) << 64 * place for place, word in enumerate(words) if place)


@pytest.mark.parametrize(("format_", "acc", "goal"), UNITS[1:2])
def test_streams(format_, acc, goal):
    assert run(parse_unit(format_, acc=acc), goal, 40) > 2000


@pytest.mark.slow
@pytest.mark.parametrize(("format_", "acc", "goal"), UNITS)
def test_a_hundred_thousand_cycles(format_, acc, goal):
    assert run(parse_unit(format_, acc=acc), goal, 1600) > 90_000
