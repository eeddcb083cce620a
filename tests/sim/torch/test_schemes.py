"""Formats by role and by layer, scales through the steps, what is counted, what is stored."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import fp8mac.torch  # noqa: E402
from fp8mac.hw.config.formats import parse_format  # noqa: E402
from fp8mac.sim.torch.scaling import Scales, parse_scaling  # noqa: E402

nn = torch.nn


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 5), nn.ReLU(), nn.Linear(5, 3))


def step(unit, net, x=None, factor=1.0):
    net.zero_grad()
    with unit:
        (net(torch.ones(2, 4) if x is None else x).pow(2).sum() * factor).backward()
    return {(row.layer, row.step): row for row in unit.report}


def units(**options):
    rows = step(fp8mac.torch.on("e4m3*e3m4 -> fp16", **options), model())
    return {key: row.unit for key, row in rows.items()}


def test_operands_have_the_formats_of_their_roles():
    found = units(grad="e5m2", chunk=32)
    assert found["2", "forward"] == "e4m3*e3m4 -> fp16, chunk 32"
    assert found["2", "data gradient"] == "e5m2*e3m4 -> fp16, chunk 32"
    assert found["2", "weight gradient"] == "e5m2*e4m3 -> fp16, chunk 32"
    found = units(activation="e2m5", weight="e4m3")
    assert found["2", "forward"] == "e2m5*e4m3 -> fp16"
    assert found["2", "weight gradient"] == "e2m5 -> fp16"


def test_layers_have_units_of_their_own():
    found = units(first="float32", last="bf16 -> fp32", layers={"[2]": "int8 -> int32"})
    steps = ("forward", "data gradient", "weight gradient")
    assert [found.get(("0", each)) for each in steps] == ["float32", None, "float32"]
    assert [found["2", each] for each in steps] == ["int8 -> int32"] * 3
    assert [found["4", each] for each in steps] == ["bf16 -> fp32"] * 3
    net, x = model(), torch.randn(2, 4)
    for options in ({"layers": {"*": "float32"}}, {"backward": "float32"}):
        found = step(fp8mac.torch.on("e4m3 -> fp16", **options), net, x)
        gradients = [each.grad.clone() for each in net.parameters()]
        if "layers" in options:
            net.zero_grad()
            net(x).pow(2).sum().backward()
            assert all(
                torch.allclose(each.grad, other, rtol=1e-5)
                for each, other in zip(net.parameters(), gradients, strict=True)
            )
        else:
            assert found["2", "forward"].unit == "e4m3 -> fp16"
            assert found["2", "weight gradient"].unit == "float32"


@pytest.mark.parametrize("name", fp8mac.torch.SCHEMES)
def test_every_scheme_takes_a_step(name):
    net = model()
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    net(x).pow(2).sum().backward()
    expected = [each.grad.clone() for each in net.parameters()]
    rows = step(fp8mac.torch.on(name), net, x)
    assert len(rows) == 8
    assert sum(row.overflown for row in rows.values()) == 0
    for each, other in zip(net.parameters(), expected, strict=True):
        few_bits = name.startswith("tachyum") or name == "nvfp4"
        assert float((each.grad - other).norm() / other.norm()) < (0.5 if few_bits else 0.3)


def test_blocks_of_a_unit_are_those_of_the_front_door():
    """Codes and scales of `fp8mac.encode`, sums of `fp8mac.gemm`, along each product's sum."""
    x = torch.randn(3, 40, generator=torch.Generator().manual_seed(1)).requires_grad_()
    w = nn.Parameter(torch.randn(2, 40, generator=torch.Generator().manual_seed(2)))
    with fp8mac.torch.on("mxfp8"):
        y = x @ w.t()
        y.backward(torch.ones(3, 2))

    def product(a, b):
        return fp8mac.gemm(blocks(a, 1), blocks(b, 0), "b200-mxfp8-e4m3").values.astype(np.float32)

    def blocks(numbers, axis):
        return fp8mac.encode(numbers, "mxfp8e4m3", axis=axis, scale_rounding="up")

    a, b, ones = x.detach().numpy(), w.detach().numpy(), np.ones((3, 2), np.float32)
    assert np.array_equal(y.detach().numpy(), product(a, b.T))
    assert np.array_equal(x.grad.numpy(), product(ones, b))
    assert np.array_equal(w.grad.numpy(), product(ones.T, a))


def test_truncated_bf16_is_not_nearest():
    x = torch.tensor([[1 + 2**-8 + 2**-9]])
    for name, value in (("bf16", 1 + 2**-7), ("bf16:rtz", 1.0)):
        with fp8mac.torch.on(name):
            assert (x @ torch.ones(1, 1)).item() == value


def test_stochastic_gradients_are_right_on_average_and_repeat():
    x, w = torch.ones(1, 1), nn.Parameter(torch.ones(4000, 1))
    dy = torch.full((1, 4000), 1.1)

    def gradient(seed):
        w.grad = None
        with fp8mac.torch.on("e4m3 -> fp32", gradient_rounding="sr", seed=seed):
            (x @ w.t()).backward(dy)
        return w.grad.clone()

    one = gradient(1)
    assert set(one.flatten().tolist()) == {1.0, 1.125}
    assert one.mean().item() == pytest.approx(1.1, abs=0.003)
    assert torch.equal(one, gradient(1))
    assert not torch.equal(one, gradient(2))


def test_numbers_that_are_lost_are_counted():
    """By hand: e4m3 holds 2^-9 to 448; fp16 holds 65504 and swallows 1 beside 2048 and 4096."""
    x = torch.tensor([[448.0, 448.0, 0, 1e-4], [64.0, 500.0, 1, 1]])
    w = torch.tensor([[448.0, -448, 1, 1], [1.0, 64, 1, 1]]).t()
    with fp8mac.torch.on("e4m3 -> fp16") as unit:
        y = x @ w
    assert y.tolist() == [[float("inf"), 29120], [-float("inf"), 28736]]
    (row,) = unit.report
    assert (row.calls, row.multiplications, row.sums) == (1, 16, 4)
    counts = row.left_counts
    assert (counts.numbers, counts.saturated, counts.underflown) == (8, 1, 1)
    assert (row.right_counts.saturated, row.right_counts.underflown) == (0, 0)
    assert row.overflown == 2


def test_swamped_products_are_counted():
    """2048 + 0.5 + 0.5 + ... in fp16, whose ulp is 2 there: all halves are lost, but in chunks."""
    x, w = torch.tensor([[256.0] + [0.5] * 15]), torch.tensor([[8.0] + [1.0] * 15]).t()
    for options, value, swamped in (({}, 2048, 15), ({"chunk": 8}, 2048 + 4, 7)):
        with fp8mac.torch.on("e4m3 -> fp16", **options) as unit:
            assert (x @ w).item() == value
        (row,) = unit.report
        assert (row.watched, row.swamped) == (4 * 16, 4 * swamped)


def test_a_report_is_a_table_and_records():
    unit = fp8mac.torch.on("e4m3 -> fp16", grad="e5m2")
    with unit:
        (torch.ones(1, 2) @ torch.full((2, 1), 2.0**-12)).sum()
    assert (
        str(unit.report)
        == str(unit)
        == (
            "layer   pass     unit          calls  MAC  saturated  underflown  overflown  swamped\n"
            "matmul  forward  e4m3 -> fp16      1    2          0         50%          0        -"
        )
    )
    (record,) = unit.report.to_records()
    assert record["left"] == "activation"
    assert (record["right_numbers"], record["right_underflown"]) == (2, 2)
    unit.report.clear()
    assert len(unit.report) == 0


@pytest.mark.parametrize(
    ("options", "sides"),
    [
        ({"scaling": "layer"}, {"forward": (1, 1), "weight gradient": (1, 64)}),
        ({"scaling": "tensor", "forward": "tensor"}, {"forward": (8, 8)}),
        ({"scaling": "tensor", "forward": "tensor", "margin": 8}, {"forward": (1.75, 1.75)}),
    ],
)
def test_scales_leave_room_in_an_accumulator(options, sides, monkeypatch):
    """FP16 ends at 65504, 65.5 times 1,000: gradients come to 64, or both sides to 8."""
    seen, right = {}, fp8mac.torch.OnUnit

    from fp8mac.sim.torch import products

    def watched(a, b, unit, **rest):
        result = original(a, b, unit, **rest)
        row = tuple(float(np.abs(fp8mac.decode(x, f)).max()) for x, f in ((a, unit.a), (b, unit.b)))
        seen.setdefault("forward" if "forward" not in seen else "weight gradient", row)
        return result

    original = products.gemm
    monkeypatch.setattr(products, "gemm", watched)
    w = nn.Parameter(torch.ones(4, 4))
    unit = fp8mac.torch.on("e4m3 -> fp16", grad="e5m2", **options)
    assert isinstance(unit, right)
    with unit:
        (torch.ones(1000, 4) @ w).sum().backward()
    assert {step: seen[step] for step in sides} == sides
    assert torch.isfinite(w.grad).all()
    assert sum(row.overflown for row in unit.report) == 0


def test_a_dynamic_scale_halves_and_doubles():
    scales = Scales(parse_scaling("dynamic"))
    numbers, e5m2 = np.ones(1, np.float32), parse_format("e5m2")
    assert scales.find("x", numbers, e5m2) == 2.0**-16
    scales.saturated()
    scales.step()
    assert scales.find("x", numbers, e5m2) == 2.0**-15
    for _ in range(2000):
        scales.step()
    assert scales.find("x", numbers, e5m2) == 2.0**-16


def test_a_dynamic_scale_follows_the_gradients_of_a_model():
    net, unit = model(), fp8mac.torch.on("e4m3 -> fp32", grad="e5m2", scaling="dynamic")
    for _ in range(12):
        step(unit, net, factor=1e3)
    exponent = unit.state["scales"]["gradient"].exponent
    assert 2 <= exponent < 16 - 2
    unit.report.clear()
    rows = step(unit, net, factor=1e3)
    assert sum(row.left_counts.saturated for row in rows.values() if "grad" in row.step) == 0


def test_a_delayed_scale_is_that_of_the_past():
    scales = Scales(parse_scaling("tensor:delayed"))
    e5m2, largest = parse_format("e5m2"), 57344

    def find(value, name="x"):
        return scales.find(name, np.array([value, -1], np.float32), e5m2) * largest

    assert find(8) == pytest.approx(8)
    assert find(64) == pytest.approx(8)
    assert find(2) == pytest.approx(64)
    assert find(2, "another") == pytest.approx(2)
    for _ in range(16):
        find(4)
    assert find(4) == pytest.approx(4)


def weights(text, updates=200, size=2.0**-12, **options):
    parameter = nn.Parameter(torch.ones(500))
    optimizer = torch.optim.SGD([parameter], 1.0)
    fp8mac.torch.store(optimizer, text, **options)
    for _ in range(updates):
        parameter.grad = torch.full((500,), -size)
        optimizer.step()
    return parameter.detach()


def test_small_updates_vanish_but_for_stochastic_rounding():
    """200 updates of 2^-12 to 1, where bf16 has an ulp of 2^-7 and fp16 one of 2^-10."""
    true = 1 + 200 * 2.0**-12
    assert weights("fp32").unique().tolist() == [true]
    assert weights("bf16").unique().tolist() == [1.0]
    assert weights("fp16").unique().tolist() == [1.0]
    assert weights("fp16", size=2.0**-10).unique().tolist() == [1 + 200 * 2.0**-10]
    assert weights("bf16:sr=16").mean().item() == pytest.approx(true, abs=0.001)
    assert weights("bf16:rtz", size=-(2.0**-12)).max().item() < 0.5  # each takes a whole ulp
    assert set(weights("e6m9").tolist()) == {1.0}


def test_states_of_an_optimiser_are_kept_in_a_format():
    parameter = nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([parameter], 1e-3)
    stored = fp8mac.torch.store(optimizer, "fp32", states="bf16")
    parameter.grad = torch.tensor([0.1, 0.2, 0.3])
    optimizer.step()
    moments = optimizer.state[parameter]["exp_avg"]
    assert torch.equal(moments, moments.bfloat16().float())
    assert torch.equal(moments, (parameter.grad * 0.1).bfloat16().float())
    stored.remove()
    optimizer.step()
    moments = optimizer.state[parameter]["exp_avg"]
    assert not torch.equal(moments, moments.bfloat16().float())


def test_weights_are_rounded_at_once():
    parameter = nn.Parameter(torch.tensor([1 + 2.0**-9]))
    fp8mac.torch.store(torch.optim.SGD([parameter], 0.1), "bf16")
    assert parameter.item() == 1
