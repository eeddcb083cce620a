"""Toggles against a simulation one bit at a time, energies against sums by hand."""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import rtlil_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.accumulators import ConfigError, FloatAccConfig
from fp8mac.hw.config.formats import parse_format
from fp8mac.hw.config.ports import Role, Shape, ports
from fp8mac.hw.config.unit import parse_line, parse_unit
from fp8mac.sim.codes.numbers import values
from fp8mac.sim.exact.golden import Kind, read, reset, step
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.synth_reports.cost.activity import CellNetlist, simulate
from fp8mac.synth_reports.cost.energy import energy_per_cycle, leakage_nw, loads
from fp8mac.synth_reports.cost.operands import (
    Operands,
    draw,
    driven_ports,
    finite_codes,
    overflow_share,
    recorded,
)
from fp8mac.synth_reports.experiments.grid import GRID
from fp8mac.synth_reports.liberty.library import Library, own_library
from fp8mac.synth_reports.liberty.reader import File
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize

OWN = own_library()
UNIT = parse_unit("e2m1", "int4", acc="kulisch:1")
HAZARD = """
.model hazard
.inputs a[0] a[1] clear ff_q[0]
.outputs acc ff_d[0]
.gate INV_X1 A=a[0] Y=n1
.gate INV_X1 A=n1 Y=n2
.gate INV_X1 A=n2 Y=n3
.gate NOR2_X1 A=a[0] B=n3 Y=n4
.gate NOR2_X1 A=n4 B=a[1] Y=ff_d[0]
.gate BUF_X2 A=ff_q[0] Y=acc
.end
"""


@pytest.fixture(scope="module")
def mapped():
    rtlil, top = rtlil_text(UNIT, Shape.UNIT), module_name(UNIT, Shape.UNIT)
    found = synthesize(rtlil, top, Flow.load("area", OWN), find_yosys())
    return CellNetlist.from_blif(found.netlist, OWN), len(found.flip_flops)


def slow_simulation(circuit, flip_flops, a, b):
    """One sum after the other, one bit at a time; every gate once in a unit of time."""
    functional, timed = Counter(), Counter()
    length, sums = a.shape

    def once(nets):
        """All gates, from the values before."""
        return {
            gate.output: gate.function({pin: nets[net] for pin, net in gate.pins.items()})
            for gate in circuit.gates
        }

    for lane in range(sums):
        nets = dict.fromkeys(circuit.nets, 0)
        for cycle in range(length + 1):
            column = lane if cycle < length else (lane + 1) % sums
            row = cycle % length
            before = dict(nets)
            inputs = {"en": 1, "clear": int(cycle % length == 0), "rst": 0, "clk": 0}
            for port, codes in (("a", a), ("b", b)):
                inputs |= {f"{port}[{i}]": int(codes[row, column]) >> i & 1 for i in range(16)}
            inputs |= {f"ff_q[{i}]": before[f"ff_d[{i}]"] for i in range(flip_flops)}
            nets |= {net: value for net, value in inputs.items() if net in circuit.inputs}
            steps = [before, dict(nets)]
            while (after := nets | once(nets)) != nets:
                nets = after
                steps.append(nets)
            if cycle:
                functional.update(net for net in nets if nets[net] != before[net])
                for old, new in pairwise(steps):
                    timed.update(net for net in new if new[net] != old[net])
    return functional, timed


def test_toggles_are_those_of_a_slow_simulation(mapped):
    circuit, flip_flops = mapped
    a, b, _ = draw(UNIT, Operands.UNIFORM, 3 * 66, 3, seed=3)
    assert a.shape == (3, 66)  # more than a word, and not a whole number of them
    found = simulate(circuit, ports(UNIT, Shape.UNIT), flip_flops, a, b)
    functional, timed = slow_simulation(circuit, flip_flops, a, b)
    assert found.cycles == found.unit_delay_cycles == 198
    assert len(circuit.nets) > 50
    for net in circuit.nets:
        assert found.functional[net] == functional[net] / 198, net
        assert found.unit_delay[net] == timed[net] / 198, net
        assert timed[net] >= functional[net]
    assert sum(timed.values()) > 1.05 * sum(functional.values())


def test_second_stage_is_counted_a_cycle_later():
    """The same sums: the register toggles as often, and so do the operands."""
    a, b, _ = draw(UNIT, Operands.UNIFORM, 3 * 66, 3, seed=3)
    found = []
    for config in (UNIT, replace(UNIT, stages=2)):
        rtlil, top = rtlil_text(config, Shape.UNIT), module_name(config, Shape.UNIT)
        synthesis = synthesize(rtlil, top, Flow.load("area", OWN), find_yosys())
        circuit = CellNetlist.from_blif(synthesis.netlist, OWN)
        flip_flops = synthesis.flip_flops
        table = ports(config, Shape.UNIT)
        toggles = simulate(circuit, table, len(flip_flops), a, b, stages=config.stages).functional
        nets = {net: f"ff_q[{place}]" for place, net in enumerate(flip_flops) if net[:3] == "acc"}
        inputs = {net: net for net in circuit.inputs if net[:2] in ("a[", "b[")}
        found.append({name: toggles[net] for name, net in (nets | inputs).items()})
    plain, piped = found
    assert len(plain) == UNIT.acc_bits + 4 + 4
    assert plain == piped


@pytest.mark.parametrize(("output", "driven"), [("e2m1:saturate:shift=6", False), ("int4", True)])
def test_sums_leave_while_they_are_counted(output, driven):
    """A signed shift of a float is held at 0; of an integer half of what rescales it is ones."""
    config = parse_line(f"e2m1 -> kulisch:0, output {output}")
    rtlil, top = rtlil_text(config, Shape.UNIT), module_name(config, Shape.UNIT)
    synthesis = synthesize(rtlil, top, Flow.load("area", OWN), find_yosys())
    circuit = CellNetlist.from_blif(synthesis.netlist, OWN)
    table, count = driven_ports(config), len(synthesis.flip_flops)
    assert any(port.role is Role.RESCALE for port in table) is driven
    a, b, _ = draw(config, Operands.UNIFORM, 8 * 66, 8, seed=3)
    toggles = simulate(circuit, table, count, a, b).functional
    leaving = [toggles[f"out[{place}]"] for place in range(4)]
    assert min(leaving) > 0.05, leaving
    if not driven:  # by two to 21 nothing but the sign is left of a sum
        every = simulate(circuit, ports(config, Shape.UNIT), count, a, b).functional
        assert max(every[f"out[{place}]"] for place in range(3)) == 0


def test_a_hazard_is_seen_with_unit_delay_only():
    """``a nor not(not(not(a)))`` is always 0, but for a moment after a falls."""
    circuit = CellNetlist.from_blif(HAZARD, OWN)
    a = np.array([[0, 0], [1, 1], [0, 0], [1, 1]], np.uint64)
    found = simulate(circuit, ports(UNIT, Shape.UNIT), 1, a, np.zeros_like(a))
    assert [found.functional[net] for net in ("a[0]", "n3", "n4", "ff_d[0]")] == [1, 1, 0, 0]
    assert [found.unit_delay[net] for net in ("a[0]", "n3", "n4", "ff_d[0]")] == [1, 1, 1, 1]


def test_energy_by_hand():
    circuit = CellNetlist.from_blif(HAZARD, OWN)
    toggles = dict.fromkeys(circuit.nets, 0.0) | {"a[0]": 1.0, "n4": 0.5, "ff_q[0]": 0.25}
    nor = 5 / 3
    assert loads(circuit, OWN) == pytest.approx(
        {"a[0]": 1 + nor, "n1": 1, "n2": 1, "n3": nor, "n4": nor, "a[1]": nor, "ff_d[0]": 2},
        abs=1e-3,
    )
    energy = energy_per_cycle(circuit, OWN, toggles, 1)
    assert energy.switching == pytest.approx((1 + nor + 0.5 * nor) / 2, abs=1e-3)
    assert (energy.clock_pins, energy.clock_internal) == (1, 2 * 5.5)
    assert energy.internal == pytest.approx(0.5 * 1 + 0.25 * 10, abs=1e-3)  # a NOR, the flip-flop
    assert energy.dynamic == pytest.approx(energy.switching + 1 + 11 + energy.internal, rel=1e-12)
    assert leakage_nw(circuit, OWN, 1) is None


def real(*changes: tuple[str, str]) -> Library:
    """Our own library under another name: 1 fF, 1 V and 1 ps stand for themselves."""
    text = OWN.text.replace("library (fp8mac)", "library (real)")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return Library(text, "real.lib")


def test_energy_in_picojoules():
    circuit = CellNetlist.from_blif(HAZARD, OWN)
    toggles = dict.fromkeys(circuit.nets, 1.0)
    own = energy_per_cycle(circuit, OWN, toggles, 1)
    same = energy_per_cycle(circuit, real(), toggles, 1)
    assert same.dynamic == pytest.approx(own.dynamic / 1000)
    twice = energy_per_cycle(circuit, real(("nom_voltage : 1", "nom_voltage : 2")), toggles, 1)
    assert twice.switching == pytest.approx(4 * same.switching)
    assert twice.internal == pytest.approx(same.internal)  # stated in the tables, at that voltage


def test_every_cell_has_the_supply_of_its_file():
    """The flip-flop at 2 V: its clock pin, and what it drives, take four times as much."""
    circuit = CellNetlist.from_blif(HAZARD, OWN)
    head, *cells = re.split(r"(?m)^(?=  cell \()", real().text.rstrip()[:-1])
    double = head.replace("nom_voltage : 1", "nom_voltage : 2") + cells[-1] + "}"
    mixed = Library(head + "".join(cells[:-1]) + "}", "logic.lib", [File(double, "ff.lib")])
    assert (mixed.voltages_v, mixed.voltage_v) == ((1.0, 2.0), 1.0)
    for net, factor in (("ff_q[0]", 4), ("n4", 1), ("a[0]", 1)):
        toggles = dict.fromkeys(circuit.nets, 0.0) | {net: 1.0}
        one, two = (energy_per_cycle(circuit, each, toggles, 1) for each in (real(), mixed))
        assert two.switching == pytest.approx(factor * one.switching)
        assert two.clock_pins == pytest.approx(4 * one.clock_pins)
        assert two.internal == pytest.approx(one.internal)


def test_what_a_library_does_not_state_is_missing_and_not_zero():
    circuit = CellNetlist.from_blif(HAZARD, OWN)
    toggles = dict.fromkeys(circuit.nets, 1.0)
    mute = real(("internal_power", "hidden_power"))
    energy = energy_per_cycle(circuit, mute, toggles, 1)
    assert energy.switching > 0
    assert (energy.internal, energy.clock_internal, energy.dynamic) == (None, None, None)
    leaking = re.sub(r"(area : .*;)", r"\1 cell_leakage_power : 3;", real().text)
    assert leakage_nw(circuit, Library(leaking, "real.lib"), 1) == 3 * 6  # the buffer is a wire
    partly = leaking.replace("cell_leakage_power : 3;", "", 1)  # the inverter
    assert leakage_nw(circuit, Library(partly, "real.lib"), 1) is None


def test_netlists_that_do_not_fit():
    with pytest.raises(ValueError, match="a cell 'MYSTERY' that the library has not"):
        CellNetlist.from_blif(HAZARD.replace("NOR2_X1", "MYSTERY"), OWN)
    with pytest.raises(ValueError, match="has a loop"):
        CellNetlist.from_blif(HAZARD.replace("A=a[0] Y=n1", "A=n3 Y=n1"), OWN)


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e4m3fnuz", "e2m1", "int8", "int8s"])
def test_finite_codes(name):
    format_ = parse_format(name)
    codes = finite_codes(format_)
    count = {"e4m3": 254, "e5m2": 248, "e4m3fnuz": 255, "e2m1": 16, "int8": 256, "int8s": 255}
    assert len(set(codes.tolist())) == len(codes) == count[name]
    numbers = values(format_, codes)
    assert np.all(np.diff(numbers) >= 0)
    assert numbers[-1] == float(format_.max)


def test_drawn_operands():
    unit = parse_unit("e4m3", "int8", acc="fp32")
    for operands in Operands:
        a, b, _ = draw(unit, operands, 10_000, 64)
        assert a.shape == b.shape == (64, 157)
        assert np.array_equal(a, draw(unit, operands, 10_000, 64)[0])
        assert set(np.unique(a)) <= set(finite_codes(unit.a))
    numbers = values(unit.b, draw(unit, Operands.NORMAL, 10_000, 64)[1].ravel())
    assert 25 < numbers.std() < 45  # int8 is best with about four sigma at 127
    heavy = values(unit.b, draw(unit, Operands.STUDENT_T, 10_000, 64)[1].ravel())
    assert heavy.std() < 0.7 * numbers.std()  # long tails want a larger scale
    with pytest.raises(ConfigError, match="at most 16 bits, not fp32"):
        draw(parse_unit("fp32", acc="fp32"), Operands.UNIFORM, 64, 64)


def test_recorded_operands(tmp_path):
    path = tmp_path / "codes.npz"
    unit = parse_unit("e4m3", "int4", acc="fp16")
    stream = np.arange(100, dtype=np.uint8)
    np.savez(path, a=stream, b=(stream % 16).reshape(10, 10))
    a, b, rooms = recorded(unit, path, 8)
    assert rooms == (1, 1)
    assert a.shape == b.shape == (8, 12)
    assert a[:, 1].tolist() == list(range(8, 16))
    assert b[:, 2].tolist() == [*range(8)]
    objects, few = np.array([{}, {}]), stream[:4]
    for a, b, sentence in [
        (stream, stream, "Array b of '{}' has the code 99; int4 ends at 15."),
        (stream.astype(int) - 3, stream, "Array a of '{}' has the code -3; codes begin at 0."),
        (stream * 1.0, stream, "Array a of '{}' has the type float64; codes are integers."),
        (stream, ["1"], "Array b of '{}' has the type <U1; codes are integers."),
        (objects, stream, "'{}' is not an npz file of numbers."),
        (stream[:9], few, "'{}' has 9 codes a and 4 codes b; they come in pairs."),
        (few, few, "'{}' has 4 pairs of codes; a sum takes 8."),
        (few[:0], few[:0], "'{}' has 0 pairs of codes; a sum takes 8."),
        (stream, None, "'{}' has no array b."),
        (None, stream, "'{}' has no array a."),
    ]:
        arrays = {"a": a, "b": b}
        np.savez(path, **{name: each for name, each in arrays.items() if each is not None})
        with pytest.raises(ConfigError) as caught:
            recorded(unit, path, 8)
        assert str(caught.value) == sentence.format(path)
    np.savez(path, a=stream, b=stream % 16)
    whole = path.read_bytes()
    for data in (b"no arrays", b"", whole[:200], whole[:90] + b"\xff" * 40 + whole[130:]):
        path.write_bytes(data)
        with pytest.raises(ConfigError) as caught:
            recorded(unit, path, 8)
        assert str(caught.value) == f"'{path}' is not an npz file of numbers."
    with pytest.raises(ConfigError, match="Cannot read"):
        recorded(unit, tmp_path / "none.npz", 8)


def golden_ends(unit, a, b):
    """What the register holds after each sum."""
    for left, right in zip(a.T.tolist(), b.T.tolist(), strict=True):
        state = reset(unit)
        for pair in zip(left, right, strict=True):
            state = step(unit, state, *pair)
        assert state.acc is not None
        yield read(unit, state.acc)


def test_overflow_share_is_that_of_the_golden_model():
    unit = parse_unit("e4m3", acc="fp16")
    a, b, _ = draw(parse_unit("e4m3", acc="fp32"), Operands.NORMAL, 40 * 64, 64)
    assert a.shape == (64, 40)  # more than a block
    broken = sum(end.kind is not Kind.FINITE for end in golden_ends(unit, a, b))
    assert 20 < broken < 40
    assert overflow_share(unit, a, b) == pytest.approx(broken / 40)
    saturating = parse_unit("e4m3", acc="fp16:saturate")
    at_the_end = sum(abs(end.fraction) == 65504 for end in golden_ends(saturating, a, b))
    assert overflow_share(saturating, a, b) == pytest.approx(at_the_end / 40)
    assert overflow_share(parse_unit("e4m3", acc="kulisch"), a, b) == 0


FLOATS = [unit for unit in GRID if isinstance(unit.accumulator, FloatAccConfig)]
FP16 = FLOATS[1::4]


@pytest.mark.parametrize(
    ("operands", "units"),
    [
        *((operands, FP16) for operands in Operands),
        pytest.param(Operands.NORMAL, FLOATS, marks=pytest.mark.slow),
    ],
)
def test_drawn_sums_stay_in_a_float_accumulator(operands, units):
    """With the fewest halvings, none where the range suffices."""
    assert (len(FP16), len(FLOATS)) == (9, 9 * 4)
    assert {unit.accumulator.name for unit in FP16} == {"fp16"}
    for unit in units:
        a, b, rooms = draw(unit, operands, 20_000, 64)
        assert overflow_share(unit, a, b) < 0.001, unit.slug
        products = values(unit.a, a) * values(unit.b, b)
        peaks = np.abs(np.cumsum(products, axis=0)).max(axis=0) / float(unit.accumulator.format.max)
        assert np.quantile(peaks, 0.999) <= 0.5, unit.slug
        assert rooms[0] == rooms[1]
        assert rooms == (1, 1) or peaks.max() > 0.5 / 4 * 0.8, unit.slug


@pytest.mark.parametrize("operands", Operands)
@pytest.mark.parametrize(
    ("a", "b", "acc", "halved"),
    [
        ("int8", "e5m2", "fp16", (False, True)),
        ("e5m2", "int8", "fp16", (True, False)),
        ("int8", "int8", "e4m3", (True, True)),
        ("bf16", "bf16", "fp16", (True, True)),
    ],
)
def test_an_integer_is_halved_beside_another_only(a, b, acc, halved, operands):
    unit = parse_unit(a, b, acc=acc)
    stream = draw(unit, operands, 2048, 64)
    assert tuple(room > 1 for room in stream.headroom) == halved
    assert overflow_share(unit, stream.a, stream.b) == 0
    wide = draw(parse_unit(a, b, acc="kulisch"), operands, 2048, 64)
    assert wide.headroom == (1, 1)
    for format_, codes, others, room in zip(
        (unit.a, unit.b), stream[:2], wide[:2], stream.headroom, strict=True
    ):
        assert set(np.unique(codes)) <= set(finite_codes(format_))
        if operands is not Operands.UNIFORM:
            smaller, numbers = values(format_, codes), values(format_, others)
            assert np.corrcoef(smaller.ravel(), numbers.ravel())[0, 1] > 0.9
            assert smaller.std() == pytest.approx(numbers.std() / room, rel=0.1)


def test_uniform_operands_stay_uniform():
    unit = parse_unit("e5m2", acc="fp16")
    a, _, (room, _) = draw(unit, Operands.UNIFORM, 100_000, 64)
    codes = finite_codes(unit.a)
    inside = codes[np.abs(values(unit.a, codes)) <= 57344 / room]
    found, counts = np.unique(a, return_counts=True)
    assert set(found) == set(inside)
    assert 128 < len(inside) < len(codes) == 248
    assert np.all(np.abs(counts / a.size * len(inside) - 1) < 0.25)


def test_a_register_that_does_not_overflow_toggles():
    unit = parse_unit("e5m2", acc="fp16")
    a, b, _ = draw(unit, Operands.NORMAL, 2048, 64)
    stuck = draw(parse_unit("e5m2", acc="kulisch"), Operands.NORMAL, 2048, 64)

    def switching(a, b):
        """Share of the steps after which the register holds something else."""
        held = np.array([gemm(a[:k].T, b[:k], unit).values.diagonal() for k in range(1, 65)])
        return np.mean(held[1:] != held[:-1])

    assert switching(a, b) > 0.9
    assert switching(stuck.a, stuck.b) < 0.1
