"""The model's cycles are those of an array that is simulated place by place."""

import numpy as np
import pytest

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.networks.tasks.zoo import load_task
from fp8mac.synth_reports.machine.machine import (
    DRAM_PJ_PER_BIT,
    MachineError,
    UnitArray,
    buffer_pj_per_bit,
    energies_pj,
    layer_costs,
)
from fp8mac.synth_reports.machine.products import Product, products_of


def simulate(a, b, rows, columns, config):
    """Cycles and the product: operands move by a place a cycle, tiles follow without a gap."""
    n, k = a.shape
    lanes, latency = config.products_per_cycle, config.latency_cycles
    m = b.shape[1]
    steps = -(-k // lanes)
    a = np.pad(a, ((0, -n % rows), (0, steps * lanes - k)))
    b = np.pad(b, ((0, steps * lanes - k), (0, -m % columns)))
    tiles = [(i, j) for i in range(0, len(a), rows) for j in range(0, b.shape[1], columns)]
    stream = [(tile, step) for tile in tiles for step in range(steps)]
    held_a, held_b = np.full((rows, columns), None), np.full((rows, columns), None)
    sums, cycles, left = np.zeros((len(a), b.shape[1])), 0, len(stream) * rows * columns
    while left:
        for r in range(rows - 1, -1, -1):
            for c in range(columns - 1, -1, -1):
                held_a[r, c] = held_a[r, c - 1] if c else at(stream, cycles - r)
                held_b[r, c] = held_b[r - 1, c] if r else at(stream, cycles - c)
        for r in range(rows):
            for c in range(columns):
                assert held_a[r, c] == held_b[r, c]  # the operands of one step meet
                if held_a[r, c] is not None:
                    (i, j), step = held_a[r, c]
                    chosen = slice(step * lanes, (step + 1) * lanes)
                    sums[i + r, j + c] += a[i + r, chosen] @ b[chosen, j + c]
                    left -= 1
        cycles += 1
    return cycles + latency, sums[:n, :m]


def at(stream, cycle):
    return stream[cycle] if 0 <= cycle < len(stream) else None


@pytest.mark.parametrize(
    ("unit", "rows", "columns", "shape"),
    [
        ("e4m3 -> fp16", 2, 3, (5, 7, 4)),
        ("e4m3 -> fp16", 4, 1, (3, 9, 2)),
        ("e4m3 x 4 -> kulisch:7", 3, 2, (4, 10, 5)),
        ("int8 -> int32", 1, 1, (2, 3, 2)),
        ("e4m3 x 4 -> kulisch:7", 2, 5, (1, 3, 11)),
    ],
)
def test_cycles_are_those_of_a_simulated_array(unit, rows, columns, shape):
    n, k, m = shape
    generator = np.random.default_rng(1)
    a, b = generator.integers(-9, 9, (n, k)), generator.integers(-9, 9, (k, m))
    config = parse_line(unit)
    cycles, sums = simulate(a, b, rows, columns, config)
    assert np.array_equal(sums, a @ b)
    product = Product("x", 1, n, k, m, True, n * k)
    (cost,) = layer_costs(UnitArray(config, rows, columns), [product])
    assert cost.cycles == cycles
    assert cost.utilisation == pytest.approx(
        n * k * m / (cycles * rows * columns * config.products_per_cycle)
    )


def test_traffic():
    """Counted by hand: 2 rows of tiles, 3 columns of tiles."""
    array = UnitArray(parse_line("int4 x 2 -> int16"), 4, 4)
    (cost,) = layer_costs(array, [Product("x", 5, 7, 10, 9, True, 100)])
    assert cost.cycles == 5 * 2 * 3 * 5 + 3 + 3 + 1
    assert cost.first_bits == 5 * 7 * 10 * 4 * 3
    assert cost.second_bits == 5 * 10 * 9 * 4 * 2
    assert cost.result_bits == 5 * 7 * 9 * 16
    assert cost.memory_bits == 100 * 4 + 5 * 10 * 9 * 4 + 5 * 7 * 9 * 16
    assert cost.buffer_bits == 2 * 10 * (4 + 4) * 4 + 16 * 16
    assert cost.moved_bits == cost.first_bits + cost.second_bits + cost.result_bits


def test_narrower_operands_and_outputs_move_less():
    product = Product("x", 1, 64, 64, 64, True, 64 * 64)

    def cost(unit):
        return layer_costs(UnitArray(parse_line(unit), 8, 8), [product])[0]

    wide, narrow = cost("int8 -> int32"), cost("int8*int4 -> int32")
    assert narrow.second_bits * 2 == wide.second_bits
    assert (narrow.first_bits, narrow.cycles) == (wide.first_bits, wide.cycles)
    exact, rounded = cost("e4m3 -> kulisch:7"), cost("e4m3 -> kulisch:7, output fp16")
    assert rounded.result_bits * 44 == exact.result_bits * 16


def test_energies():
    assert [buffer_pj_per_bit(8 * each) * 64 for each in (8 << 10, 32 << 10, 1 << 20)] == [
        pytest.approx(each) for each in (10, 20, 100)
    ]
    assert buffer_pj_per_bit(1) == buffer_pj_per_bit(8 << 13)
    assert buffer_pj_per_bit(1 << 40) == buffer_pj_per_bit(8 << 20)
    assert [each * 64 for each in DRAM_PJ_PER_BIT] == [1300, 2600]
    costs = layer_costs(
        UnitArray(parse_line("int8 -> int32"), 2, 2), [Product("x", 1, 2, 3, 4, True, 6)] * 2
    )
    moved, memory = 2 * (2 * 3 * 8 * 2 + 3 * 4 * 8 + 8 * 32), 2 * (6 * 8 + 12 * 8 + 8 * 32)
    assert energies_pj(costs, 0.5) == {
        "products": 2 * 24 * 0.5,
        "buffer": pytest.approx(moved * 10 / 64),
        "memory": pytest.approx(memory * 1300 / 64),
        "memory_most": pytest.approx(memory * 2600 / 64),
    }
    assert energies_pj(costs, None)["products"] is None


def test_products_of_a_network():
    """Of the convolutions as matrices, and of the last layer."""
    found = products_of(load_task("fmnist"))
    assert [(each.rows, each.terms, each.columns, each.stored) for each in found] == [
        (784, 9, 16, 784),
        (196, 144, 32, 28 * 28 * 16),
        (49, 288, 64, 14 * 14 * 32),
        (16, 576, 64, 7 * 7 * 64),
        (1, 64, 10, 64),
    ]
    assert all(each.has_weights and each.times == 1 for each in found)


def test_no_places():
    with pytest.raises(MachineError) as error:
        UnitArray(parse_line("int8 -> int32"), 0, 4)
    assert str(error.value) == "An array of 0 x 4 places has none."
