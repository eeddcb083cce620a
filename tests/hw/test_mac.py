# amaranth: UnusedElaboratable=no
"""The registered unit in Amaranth's simulator, cycle by cycle against the golden model."""

import numpy as np
import pytest
from amaranth.back import rtlil
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator
from samples import one_in

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit
from fp8mac.hw.units.core import MacCore
from fp8mac.hw.units.mac import Mac
from fp8mac.sim.check.stimuli import biased_triples
from fp8mac.sim.exact import golden

CYCLES = 300
UNITS = [("e4m3", "e4m3", "fp16"), ("e5m2", "e5m2", "bf16"), ("e4m3", "e5m2", "fp32")]
UNITS += [("e2m5", "e2m5", "e6m9"), ("e4m3", "e4m3", "kulisch"), ("e5m2", "e5m2", "kulisch:3")]
UNITS += [("e3m4fnuz", "e3m4fnuz", "kulisch"), ("int8", "int8", "int32"), ("int4", "int8", "fp16")]
UNITS += [("int8", "int8", "int17:saturate"), ("e5m2", "e5m2", "e3m2"), ("e4m3", "e4m3", "e4m3")]


def rtl_run(
    config: MacConfig, inputs: list[tuple[int, int, int, int, int]], goal: Goal = Goal.AREA
) -> list[golden.State]:
    """Accumulator and flags after each cycle of ``a, b, en, clear, rst``."""
    unit, rst = Mac(config, goal), Signal()
    states = []

    async def testbench(ctx):
        for a, b, en, clear, reset in inputs:
            for signal, value in ((unit.a, a), (unit.b, b), (unit.en, en), (unit.clear, clear)):
                ctx.set(signal, value)
            ctx.set(rst, reset)
            await ctx.tick()
            flags = tuple(bool(ctx.get(getattr(unit, flag))) for flag in config.flags)
            states.append(golden.State(ctx.get(unit.acc), flags))

    simulator = Simulator(ResetInserter(rst)(unit))
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return states


def golden_run(
    config: MacConfig, inputs: list[tuple[int, int, int, int, int]]
) -> list[golden.State]:
    held, states = None, []
    for a, b, en, clear, rst in inputs:
        held = golden.clock(config, held, a, b, en=bool(en), clear=bool(clear), rst=bool(rst))
        states.append(held.state)
    return states


PIPELINES = [("int8", "int8", "int32", 3, goal) for goal in (Goal.AREA, Goal.FPGA)]
PIPELINES += [("e5m2", "e5m2", "kulisch:3", 3, goal) for goal in (Goal.AREA,)]
PIPELINES += [("e5m2", "e5m2", "kulisch:3", stages, Goal.FPGA) for stages in (2, 3)]
PIPELINES += [("int8", "int8", "int17:saturate", 2, Goal.FPGA)]


@pytest.mark.parametrize(
    ("a", "b", "acc", "stages", "goal"),
    one_in(4, [*((*unit, stages, Goal.AREA) for unit in UNITS for stages in (1, 2)), *PIPELINES]),
    ids=lambda part: getattr(part, "value", str(part)),
)
def test_unit_random_controls(a, b, acc, stages, goal):
    config = parse_unit(a, b, acc=acc, stages=stages)
    rng = np.random.default_rng(4)
    operands = biased_triples(config, CYCLES, seed=4).integers()
    controls = (rng.random((CYCLES, 3)) < (0.8, 0.1, 0.03)).astype(int).tolist()
    inputs = [(x, y, *control) for (x, y, _), control in zip(operands, controls, strict=True)]
    got, want = rtl_run(config, inputs, goal), golden_run(config, inputs)
    specified = 0
    for cycle, (rtl, model) in enumerate(zip(got, want, strict=True)):
        assert rtl.flags == model.flags, f"cycle {cycle}: {inputs[cycle]}"
        if model.acc is not None:
            assert rtl.acc == model.acc, f"cycle {cycle}: {inputs[cycle]}"
            specified += 1
    assert len(got) == CYCLES
    assert specified > CYCLES // 4


def test_second_stage_is_the_plain_unit_one_cycle_later():
    """But after a reset, which empties both at once."""
    plain, piped = (parse_unit("e4m3", acc="kulisch:3", stages=stages) for stages in (1, 2))
    rng = np.random.default_rng(5)
    operands = biased_triples(plain, CYCLES, seed=5).integers()
    controls = (rng.random((CYCLES, 3)) < (0.7, 0.1, 0.02)).astype(int).tolist()
    inputs = [(x, y, *control) for (x, y, _), control in zip(operands, controls, strict=True)]
    early, late = golden_run(plain, inputs), golden_run(piped, inputs)
    resets = [control[2] for control in controls]
    same = [late[n + 1] == early[n] for n in range(CYCLES - 1)]
    assert same == [
        early[n] == golden.reset(plain) if resets[n + 1] else True for n in range(CYCLES - 1)
    ]
    assert sum(resets) > 2


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_unit_latency(stages):
    assert Mac(parse_unit("e4m3", acc="kulisch", stages=stages)).latency == stages


@pytest.mark.parametrize(
    ("line", "goal", "registers"),
    [
        ("e4m3 -> kulisch:3, stages 2", Goal.AREA, {"held": 16}),
        ("e4m3 -> kulisch:3, stages 3", Goal.AREA, {"held": 16, "held_1": 37, "raised_1": 1}),
        ("e4m3 -> kulisch:3, stages 2", Goal.FPGA, {"held_1": 15, "raised_1": 1}),
        ("e4m3 -> kulisch:3, stages 3", Goal.FPGA, {"held": 17, "held_1": 39, "raised_1": 1}),
        (
            "e4m3 -> kulisch:3:segmented=10, stages 3",
            Goal.FPGA,
            {"held": 17, "held_1": 25, "raised_1": 1},
        ),
        ("int8 -> int32, stages 2", Goal.AREA, {"held": 16}),
        ("int8 -> int32, stages 3", Goal.AREA, {"held": 16, "held_1": 16}),
        ("int8 -> int32, stages 2", Goal.FPGA, {"held_1": 16}),
    ],
)
def test_registers_stand_there(line, goal, registers):
    core = MacCore(parse_line(line), goal, cut=True)
    found = {"held": len(core.held)} if core.is_opened else {}
    assert found | {gap.late.name: len(gap.late) for gap in core.gaps} == registers
    rtlil.convert(core)  # its parts are there already, and want to be used


def test_cut_can_be_read():
    config = parse_unit("e4m3", acc="fp16", stages=2)
    core = MacCore(config, cut=True)
    assert (MacCore(config).cut, core.cut) == (False, True)
    assert "early" in rtlil.convert(core)  # its parts are there already, and want to be used


def test_unit_parameters_can_be_read():
    config = parse_unit("e4m3", "e5m2", acc="kulisch")
    assert Mac(config).config == config
    assert MacCore(config).config == config


@pytest.mark.parametrize("component", [MacCore, Mac])
def test_circuits_do_not_promote_partial_sums(component):
    with pytest.raises(ConfigError) as error:
        component(parse_line("e4m3 x 4 -> fp16, chunk 8"))
    assert str(error.value) == (
        "No circuit adds products as in e4m3 x 4 -> fp16, chunk 8; circuits add them one by one, "
        "or 1 to 64 in a step: exactly, in windows and groups of windows that are joined, or by a "
        "tree of adders, where products are rounded; not in chunks, and blocks where one scale of "
        "each operand, or one of each group, multiplies their exact sum, or a power of two a "
        "window's."
    )


@pytest.mark.parametrize("component", [MacCore, Mac])
def test_random_numbers_have_no_stages(component):
    with pytest.raises(ConfigError) as error:
        component(parse_unit("e4m3", acc="fp16:sr", stages=2))
    assert str(error.value) == (
        "A circuit that rounds stochastically has one stage: its random number is that of the "
        "clock edge on which the sum is rounded."
    )
