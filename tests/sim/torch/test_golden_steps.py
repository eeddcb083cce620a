"""Every product of a step, forward and backward, is the golden model's; planted bugs are found."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from torch_golden import Reference, convolution, differ, kept, leaf, linear  # noqa: E402

import fp8mac.torch  # noqa: E402
from fp8mac.sim.torch import aten, graph, products, scaling  # noqa: E402

UNITS = [
    "e4m3 -> fp16",
    "e4m3 -> e6m9, chunk 4",
    "bf16 -> fp32",
    "e4m3 -> kulisch",
    "int8 -> int32",
]
F = torch.nn.functional
COUNT = 12


def parameter(*shape, seed, scale=1.0):
    return torch.nn.Parameter(leaf(*shape, seed=seed, scale=scale).detach())


def grad_of(line):
    return "e5m2" if line.startswith("e4m3") else line.partition(" ")[0]


def numbers(*tensors):
    return [tensor.detach().numpy() for tensor in tensors]


def check_linear(line, *, steps=1, change=None, **options):
    """Places of y, dx and dw that are not the golden model's, in all steps."""
    size = 100.0 if line.startswith("int") else 1.0
    x, w = leaf(6, 6, seed=1, scale=size), parameter(6, 6, seed=2, scale=size)
    target, grad, wrong = leaf(6, 6, seed=3, scale=size).detach(), grad_of(line), []
    reference = Reference(line, grad)
    with fp8mac.torch.on(line, grad=grad, **options):
        for _ in range(steps):
            x.grad = w.grad = None
            dy = []
            y = kept(x @ w.t(), dy)
            (y - target).pow(2).sum().backward()
            expected = linear(reference, *numbers(x, w), dy[0], COUNT)
            for found, each in zip(numbers(y, x.grad, w.grad), expected, strict=True):
                assert len(each) == COUNT
                wrong += differ(found, each)
            if change:
                change(w)
    return wrong


CONVOLUTIONS = [
    {},
    {"padding": 1},
    {"stride": 2, "padding": 1},
    {"stride": 3, "padding": 2, "dilation": 2},
    {"groups": 2, "stride": 2, "padding": 1},
]


def check_convolution(line, **geometry):
    x, w = leaf(2, 4, 6, 5, seed=1), parameter(4, 4 // geometry.get("groups", 1), 3, 3, seed=2)
    grad, dy = grad_of(line), []
    with fp8mac.torch.on(line, grad=grad):
        y = kept(F.conv2d(x, w, **geometry), dy)
        y.pow(2).sum().backward()
    expected = convolution(Reference(line, grad), *numbers(x, w), dy[0], COUNT, **geometry)
    found = zip(numbers(y, x.grad, w.grad), expected, strict=True)
    return [place for one, other in found for place in differ(one, other)]


@pytest.mark.parametrize("line", UNITS)
def test_linear_step_is_the_golden_model(line):
    assert check_linear(line) == []


@pytest.mark.parametrize("line", ["e4m3 -> fp16", "e4m3 -> e6m9, chunk 4"])
@pytest.mark.parametrize("geometry", CONVOLUTIONS)
def test_convolution_step_is_the_golden_model(line, geometry):
    assert check_convolution(line, **geometry) == []


@pytest.mark.parametrize("geometry", CONVOLUTIONS[:3])
def test_transposed_convolution_is_the_other_way_round(geometry):
    """Its forward pass is the data gradient of a convolution, its data gradient a convolution."""
    line, grad, dy = "e4m3 -> fp16", "e5m2", []
    x, w = leaf(2, 4, 4, 3, seed=1), parameter(4, 2, 3, 3, seed=2)
    with fp8mac.torch.on(line, grad=grad):
        y = kept(F.conv_transpose2d(x, w, **geometry), dy)
        y.pow(2).sum().backward()
    reference = Reference(line, grad)
    wide, kernel, narrow = np.zeros(y.shape, np.float32), w.detach().numpy(), x.detach().numpy()
    reference.formats |= {"g": reference.formats["x"]}  # what is spread is an activation
    _, forward, _ = convolution(reference, wide, kernel, narrow, COUNT, **geometry)
    assert differ(y.detach().numpy(), forward) == []
    reference = Reference(line, grad)
    reference.formats |= {"x": reference.formats["g"]}  # what is gathered is a gradient
    data, _, _ = convolution(reference, dy[0], kernel, narrow, COUNT, **geometry)
    assert differ(x.grad.numpy(), data) == []
    reference = Reference(line, grad)
    reference.formats |= {"g": reference.formats["x"], "x": reference.formats["g"]}
    _, _, weights = convolution(reference, dy[0], kernel, narrow, COUNT, **geometry)
    assert differ(w.grad.numpy(), weights) == []


def test_batches_of_products_are_the_golden_model():
    a, b, dy = leaf(3, 4, 5, seed=1), leaf(3, 5, 2, seed=2), []
    with fp8mac.torch.on("e4m3 -> fp16", grad="e5m2"):
        y = kept(torch.einsum("gik,gkj->gij", a, b), dy)
        y.pow(2).sum().backward()
    reference = Reference("e4m3 -> fp16", "e5m2")
    reference.formats |= {"w": reference.formats["x"]}
    for at in range(3):
        expected = linear(reference, *numbers(a[at], b[at].T), dy[0][at], COUNT)
        found = numbers(y[at], a.grad[at], b.grad[at].T)
        assert [differ(*each) for each in zip(found, expected, strict=True)] == [[]] * 3


def test_gradient_of_an_embedding_is_a_sum_in_the_unit():
    """fp16 loses the small numbers beside a large one, in the order of the words."""
    table = torch.nn.Embedding(5, 1)
    words = torch.tensor([[3, 1, 3, 3], [1, 3, 4, 1]])
    factors = torch.tensor([[8.0, 1, 2**-9, 2**-9], [4, 2**-9, 1, 2**-9]])[..., None]
    with fp8mac.torch.on("e5m2 -> fp16", grad="e5m2") as unit:
        (table(words) * factors).sum().backward()
    assert table.weight.grad.flatten().tolist() == [0, 5, 0, 8, 1]  # float32: 5.002, 8.006
    assert [row.step for row in unit.report] == ["weight gradient"]


@pytest.mark.parametrize("scaling", ["global:2^6", "layer", "tensor"])
def test_scales_are_those_of_their_definition(scaling):
    line = "e4m3 -> fp32"
    x, w, dy = leaf(6, 5, seed=1), parameter(3, 5, seed=2), []
    forward = "tensor" if scaling == "tensor" else "none"
    with fp8mac.torch.on(line, grad="e5m2", scaling=scaling, forward=forward):
        y = kept(x @ w.t(), dy)
        y.sum().mul(1e-5).backward()

    def by_largest(tensor, largest):
        return np.nextafter(np.float32(np.abs(tensor).max() / largest), np.float32(np.inf))

    xn, wn = numbers(x, w)
    scales = {
        "global:2^6": (1, 1, 2.0**-6),
        "layer": (1, 1, 2.0 ** np.ceil(np.log2(1e-5 / 57344))),
        "tensor": (by_largest(xn, 448), by_largest(wn, 448), by_largest(dy[0], 57344)),
    }[scaling]
    expected = linear(Reference(line, "e5m2", scales), xn, wn, dy[0], COUNT)
    found = numbers(y, x.grad, w.grad)
    wrong = [differ(*each) for each in zip(found, expected, strict=True)]
    assert wrong == [[]] * 3
    assert np.count_nonzero(found[1]) == 30  # without a scale, 1e-5 is nothing in E5M2


def test_blocks_have_scales_along_the_sum():
    """A sum of 130 products: two blocks, each scaled, added in float32."""
    x, w = leaf(3, 130, seed=1), parameter(2, 130, seed=2)
    with torch.no_grad():
        x[:, 128:] *= 1e-6
    with fp8mac.torch.on("deepseek"), torch.no_grad():
        y = x @ w.t()
    xn, wn = numbers(x, w)
    for i in range(3):
        for j in range(2):
            total = np.float32(0)
            for some in (slice(0, 128), slice(128, None)):
                largest = np.abs(xn[i, some]).max(), np.abs(wn[:, some]).max()
                scales = [np.nextafter(np.float32(each / 448), np.float32(9)) for each in largest]
                one = fp8mac.encode(xn[i, some] / scales[0], "e4m3")
                other = fp8mac.encode(wn[j, some] / scales[1], "e4m3")
                found = fp8mac.gemm(one[None], other[:, None], "h100-fp8").values[0, 0]
                total += np.float32(found * np.float64(scales[0] * scales[1]))
            assert y[i, j].item() == pytest.approx(total, rel=1e-6)


# Planted bugs: each must be found by the checks above. ------------------------------------------


def test_a_transposed_gradient_is_found(monkeypatch):
    monkeypatch.setattr(aten, "_turned", aten._as_it_is)  # the matrices are square
    assert check_linear("e4m3 -> fp16") != []


def test_a_kernel_that_is_not_flipped_is_found(monkeypatch):
    from fp8mac.sim.torch import convolution as module

    def turned(of):
        found = original(of)
        return [(places, taps[::-1], table) for places, taps, table in found]

    original = module._phases
    assert check_convolution("e4m3 -> fp16", padding=1) == []
    monkeypatch.setattr(module, "_phases", turned)
    assert check_convolution("e4m3 -> fp16", padding=1) != []


def test_a_forgotten_scale_is_found(monkeypatch):
    right = products.Multiplier._sums

    def unscaled(*given):
        return right(*given[:-1], 1.0)

    monkeypatch.setattr(products.Multiplier, "_sums", unscaled)
    with pytest.raises(AssertionError):
        test_scales_are_those_of_their_definition("layer")


def test_a_scale_of_another_operand_is_found(monkeypatch):
    monkeypatch.setattr(scaling, "_largest", lambda numbers: 1.0)
    with pytest.raises(AssertionError):
        test_scales_are_those_of_their_definition("tensor")


def test_a_sum_outside_of_the_unit_is_found(monkeypatch):
    right = products.Multiplier._sums

    def halves(self, unit, a, *rest):
        half, (b, *others) = a.shape[1] // 2, rest
        return sum(
            right(self, unit, a[:, some], b[some], *others)
            for some in (slice(0, half), slice(half, None))
        )

    monkeypatch.setattr(products.Multiplier, "_sums", halves)
    assert check_linear("e4m3 -> fp16") != []


def double(weight):
    with torch.no_grad():
        weight.mul_(2)


def double_unseen(weight):
    weight.data.mul_(2)


@pytest.mark.parametrize("change", [double, double_unseen])
def test_changed_weights_are_packed_anew(change):
    assert check_linear("e4m3 -> fp16", steps=3, change=change) == []


class Twice(torch.nn.Module):
    """Uses its weight, changes it, and uses it again."""

    def __init__(self):
        super().__init__()
        self.weight = parameter(6, 6, seed=2)

    def forward(self, x):
        y = F.linear(x, self.weight)
        double(self.weight)
        return y, F.linear(x, self.weight)


def check_twice():
    with fp8mac.torch.on("e4m3 -> fp16"), torch.no_grad():
        one, other = Twice()(leaf(6, 6, seed=1))
    return (other == 2 * one).all()


def test_a_stale_packed_operand_is_found(monkeypatch):
    assert check_twice()
    right = graph.AutogradGraph.packed

    class Unversioned:
        """A weight of which nobody tells that it changes."""

        _version = 0

        def __init__(self, tensor):
            self.tensor = tensor

        def __getattr__(self, name):
            return getattr(self.tensor, name)

    monkeypatch.setattr(
        graph.AutogradGraph,
        "packed",
        lambda self, layer, weight, pack: right(self, layer, Unversioned(weight), pack),
    )
    assert not check_twice()


def test_a_gradient_of_another_run_is_found(monkeypatch):
    """Two backward passes through one graph; the second with another gradient."""

    def check():
        x, w, dy = leaf(6, 6, seed=1), parameter(6, 6, seed=2), []
        with fp8mac.torch.on("e4m3 -> fp16", grad="e5m2"):
            y = kept(x @ w.t(), dy)
            memory = torch.ones(6, 6)
            y.backward(memory, retain_graph=True)
            x.grad = w.grad = None
            y.backward(memory.mul_(3))
        expected = linear(Reference("e4m3 -> fp16", "e5m2"), *numbers(x, w), dy[1], COUNT)
        return differ(x.grad.numpy(), expected[1]) + differ(w.grad.numpy(), expected[2])

    assert check() == []
    monkeypatch.setattr(torch._C, "_current_graph_task_id", lambda: 7)
    assert check() != []
