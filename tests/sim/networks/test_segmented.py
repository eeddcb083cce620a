"""A real network's sums in segments: the circuit's, resolved, are those of one word."""

import numpy as np
import pytest
from circuits import mapped_rtlil
from recipes import recipe

from fp8mac.gen.describe import module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.codes.encoding import encode
from fp8mac.sim.exact.segments import resolved
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.networks.engines.engine import UnitEngine
from fp8mac.sim.networks.tasks.evaluate import evaluate
from fp8mac.sim.networks.tasks.tasks import image_task

IMAGES = 6


def core_of(config: MacConfig) -> Netlist:
    return mapped_rtlil(rtlil_text(config, Shape.CORE), module_name(config, Shape.CORE))


def sums(config: MacConfig, a: np.ndarray, b: np.ndarray) -> list[list[int]]:
    """Sums of a matrix product in the circuit, all of them side by side, resolved at the end."""
    core, (rows, depth), columns = core_of(config), a.shape, b.shape[1]
    count = rows * columns
    word, carry = np.zeros((2, count), np.uint64)
    for k in range(depth):
        left, right = np.repeat(a[:, k], columns), np.tile(b[k], rows)
        inputs = {"a": left, "b": right, "c": word, "c_carry": carry}
        outputs = core.evaluate({name: each.astype(np.uint64) for name, each in inputs.items()})
        word, carry = outputs["y"][:, 0], outputs["y_carry"][:, 0]
    pairs = zip(word.tolist(), carry.tolist(), strict=True)
    found = [resolved(config, *pair) for pair in pairs]
    return [found[row * columns : (row + 1) * columns] for row in range(rows)]


@pytest.mark.parametrize(
    ("format_", "plain", "cut"),
    [("e4m3", "kulisch", "segmented=5"), ("int8", "int32", "segmented=4:resolve=idle")],
)
def test_sums_of_a_network_are_those_of_one_word(format_, plain, cut):
    task = image_task("digits_mlp")
    whole, parts = recipe(format_, plain), recipe(format_, f"{plain}:{cut}")
    seen: list[tuple[str, np.ndarray, np.ndarray]] = []
    engine = UnitEngine(
        parts, task.calibrated(), watch=lambda name, a, b, total: seen.append((name, a, b))
    )
    task.outputs(engine, np.arange(IMAGES))
    checked = 0
    for _, *values in seen:
        a, b = (encode(each, parts.config.a) for each in values)
        want = gemm(a, b, whole.config).acc
        assert np.array_equal(gemm(a, b, parts.config).acc, want)
        assert sums(parts.config, a, b) == want.tolist()
        checked += want.size
    assert [name for name, _, _ in seen] == ["hidden", "output"]
    assert checked == IMAGES * (32 + 10)
    assert evaluate(task, parts, 200) == evaluate(task, whole, 200)
