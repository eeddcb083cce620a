"""Whole models: a step on a unit that rounds nothing more than float32 is PyTorch's own step."""

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import fp8mac.torch  # noqa: E402

nn, F = torch.nn, torch.nn.functional
EXACT = "fp32 -> fp32"


class Everything(nn.Module):
    """Layers of all kinds that multiply."""

    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(11, 8, padding_idx=0)
        self.att = nn.MultiheadAttention(8, 2, batch_first=True)
        self.enc = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
        self.rnn = nn.RNN(8, 8, batch_first=True)
        self.gru = nn.GRU(8, 6, num_layers=2, batch_first=True, bidirectional=True)
        self.lstm = nn.LSTM(12, 4, batch_first=True)
        self.line = nn.Conv1d(4, 6, 3, padding="same", dilation=2, groups=2)
        self.conv = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.cube = nn.Conv3d(1, 2, 2, stride=(1, 2, 1), padding=1)
        self.up = nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.head = nn.Linear(4, 3, bias=False)

    def forward(self, words, image):
        e = self.emb(words)
        e = e + self.att(e, e, e)[0]
        h = self.lstm(self.gru(self.rnn(self.enc(e))[0])[0])[0]
        u = self.up(self.conv(image).relu())
        cube = self.cube(image[:, None])
        mixed = torch.einsum("bij,bkj->bik", h, h).tanh()
        seen = F.scaled_dot_product_attention(h, h, h, is_causal=True)
        more = torch.baddbmm(mixed, h, h.transpose(1, 2), beta=0.5, alpha=2)
        loss = self.head(self.line(h.transpose(1, 2)).transpose(1, 2)[..., :4]).logsumexp(-1).mean()
        return loss + u.pow(2).mean() + cube.pow(2).mean() + seen.sum() * 0.1 + more.mean()


def everything():
    torch.manual_seed(0)
    words = torch.randint(0, 11, (3, 6))
    return Everything(), words, torch.randn(2, 1, 8, 8)


def gradients(model, *data):
    model.zero_grad()
    loss = model(*data)
    loss.backward()
    return loss.item(), {name: each.grad.clone() for name, each in model.named_parameters()}


def close(found, expected):
    """Largest difference, over the largest number."""
    return float((found - expected).abs().max() / expected.abs().max())


def test_step_equals_torch_within_rounding():
    model, *data = everything()
    loss, expected = gradients(model, *data)
    with fp8mac.torch.on(EXACT) as unit:
        on_unit, found = gradients(model, *data)
    assert on_unit == pytest.approx(loss, rel=1e-6)
    assert len(found) == 50
    assert {name: close(each, expected[name]) for name, each in found.items()} == {
        name: pytest.approx(0, abs=2e-5) for name in found
    }
    layers = {row.layer for row in unit.report}
    named = {
        name.removesuffix(".weight") for name, each in model.named_parameters() if each.ndim > 1
    }
    assert named <= layers
    assert layers - named == {
        "att.matmul1",
        "att.matmul2",
        "enc.self_attn.matmul1",
        "enc.self_attn.matmul2",
        "matmul1",
        "matmul2",
        "matmul3",
        "matmul4",
    }
    assert {row.unit for row in unit.report} == {EXACT}
    assert sum(row.overflown for row in unit.report) == 0


def test_every_product_of_a_model_is_counted():
    """As many products of numbers, forward and backward, as PyTorch's own counter has."""
    from torch.utils.flop_counter import FlopCounterMode

    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 3))
    x = torch.randn(2, 1, 8, 8)
    with FlopCounterMode(display=False) as counter:
        model(x).sum().backward()
    with fp8mac.torch.on(EXACT) as unit:
        model(x).sum().backward()
    rows = {(row.layer, row.step): row.multiplications for row in unit.report}
    assert rows == {
        ("0", "forward"): 2 * 36 * 4 * 9,
        ("0", "weight gradient"): 2 * 36 * 4 * 9,
        ("2", "forward"): 2 * 144 * 3,
        ("2", "data gradient"): 2 * 144 * 3,
        ("2", "weight gradient"): 2 * 144 * 3,
    }
    assert 2 * sum(rows.values()) == counter.get_total_flops()


def test_training_goes_on_as_torch_does():
    """Ten steps of Adam end where PyTorch's end."""
    torch.manual_seed(1)
    x, y = torch.randn(32, 6), torch.randint(0, 3, (32,))
    ends = []
    for on in (False, True):
        torch.manual_seed(2)
        model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
        optimizer = torch.optim.Adam(model.parameters(), 1e-2)
        unit = fp8mac.torch.on(EXACT)
        for _ in range(10):
            optimizer.zero_grad()
            if on:
                with unit:
                    F.cross_entropy(model(x), y).backward()
            else:
                F.cross_entropy(model(x), y).backward()
            optimizer.step()
        ends.append(torch.cat([each.detach().flatten() for each in model.parameters()]))
    assert torch.allclose(*ends, atol=1e-5)
    assert not torch.equal(*ends)  # sums have another order


def test_checkpointed_layers_are_computed_again_on_the_unit():
    from torch.utils.checkpoint import checkpoint

    layer = nn.Linear(4, 4)
    x = torch.randn(2, 4, requires_grad=True)
    with fp8mac.torch.on("e4m3 -> fp16", grad="e5m2"):
        layer(x).pow(2).sum().backward()
        expected, layer.weight.grad = layer.weight.grad, None
        checkpoint(lambda x: layer(x).pow(2).sum(), x, use_reentrant=False).backward()
    assert torch.equal(layer.weight.grad, expected)


def test_evaluation_needs_no_gradients():
    model, *data = everything()
    model.eval()
    with torch.no_grad():
        expected = model(*data)
        with fp8mac.torch.on(EXACT) as unit:
            assert torch.allclose(model(*data), expected, rtol=1e-5)
    assert {row.step for row in unit.report} == {"forward"}


def test_a_unit_changes_what_torch_computes_and_leaves_no_trace():
    layer, x = nn.Linear(4, 4), torch.randn(3, 4)
    before = layer(x)
    states = torch.backends.mkldnn.enabled, torch.backends.mha.get_fastpath_enabled()

    def fails():
        with fp8mac.torch.on("e4m3 -> fp16"):
            assert not torch.equal(layer(x), before)
            assert not torch.backends.mkldnn.enabled
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert torch.equal(layer(x), before)
    assert states == (torch.backends.mkldnn.enabled, torch.backends.mha.get_fastpath_enabled())


def test_half_precision_tensors_are_taken():
    layer, x = nn.Linear(4, 4, bias=False).bfloat16(), torch.randn(3, 4).bfloat16()
    with fp8mac.torch.on(EXACT):
        y = layer(x)
        y.sum().backward()
    assert (y.dtype, layer.weight.grad.dtype) == (torch.bfloat16, torch.bfloat16)
    assert torch.allclose(y, (x.float() @ layer.weight.float().t()).bfloat16())
