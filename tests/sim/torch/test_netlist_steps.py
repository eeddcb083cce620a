"""Products of a layer in a step of every scheme, forward and backward, by the unit's netlist."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.slow]

from circuits import PLAIN, mapped_rtlil  # noqa: E402

import fp8mac.torch  # noqa: E402
from fp8mac.gen.describe import module_name  # noqa: E402
from fp8mac.gen.verilog import rtlil_text  # noqa: E402
from fp8mac.hw.config.ports import Shape  # noqa: E402
from fp8mac.sim.check.sums import SumCircuits  # noqa: E402
from fp8mac.sim.torch import products  # noqa: E402
from fp8mac.sim.torch.scheme import SCHEMES  # noqa: E402

CIRCUITS = {}


def core(config):
    """A core's gates, not made smaller."""
    return mapped_rtlil(rtlil_text(config, Shape.CORE), module_name(config, Shape.CORE), PLAIN)


def circuits_of(config):
    if config not in CIRCUITS:
        CIRCUITS[config] = SumCircuits.of(config, core)
    return CIRCUITS[config]


@pytest.fixture
def seen(monkeypatch):
    """Operands, scales, unit and sums of every product of the layer in the middle."""
    found, at = [], []
    multiply = products.Multiplier.multiply

    def named(self, left, right, layer, step):
        at[:] = [layer, step]
        return multiply(self, left, right, layer, step)

    def noted(real):
        def work(a, b, config, *, scales=None, **options):
            more = {} if scales is None else {"scales": scales}
            result = real(a, b, config, **more, **options)
            if at[0] == "1":
                found.append((at[1], a, b, config, scales, result.acc))
            return result

        return work

    monkeypatch.setattr(products.Multiplier, "multiply", named)
    for name in ("gemm", "gemm_stack"):
        monkeypatch.setattr(products, name, noted(getattr(products, name)))
    return found


def step(scheme):
    """One step of three dense layers."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(*(torch.nn.Linear(*each) for each in ((8, 40), (40, 6), (6, 4))))
    x, y = torch.randn(5, 8), torch.randn(5, 4)
    with fp8mac.torch.on(scheme):
        (model(x) - y).pow(2).sum().backward()


def wrong(seen):
    """Places whose sums the netlists make otherwise, of nine a product."""
    places = []
    for name, one, other, config, scales, acc in seen:
        a, b = np.asarray(one), np.asarray(other)
        rows, columns = np.arange(9) * 7 % a.shape[0], np.arange(9) * 5 % b.shape[1]
        given = None if scales is None else (scales[0][rows], scales[1].T[columns])
        left, right = a[rows], b.T[columns]
        sums = circuits_of(config).sums(left, right, np.zeros(9, np.uint64), given)
        bad = sums != acc[rows, columns].astype(np.uint64)
        places += [(name, config.text, int(at)) for at in np.flatnonzero(bad)]
    return places


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_step_is_the_netlists(scheme, seen):
    step(scheme)
    expected = {"forward", "data gradient", "weight gradient"}
    if scheme == "tachyum-sfp8":
        expected = {"forward"}
    assert {name for name, *_ in seen} == expected
    assert wrong(seen) == []


def test_operands_in_another_order_are_found(seen):
    step("tachyum-fp8")
    moved = [(name, np.asarray(a)[::-1], *rest) for name, a, *rest in seen]
    assert {name for name, _, _ in wrong(moved)} == {"forward", "data gradient", "weight gradient"}
