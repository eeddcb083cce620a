"""What would leave the unit, or cannot be brought to it, is refused in one sentence."""

import re

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import fp8mac.torch  # noqa: E402
from fp8mac.sim.torch.aten import HANDLERS, refusal  # noqa: E402

nn = torch.nn
A, B = torch.ones(2, 3), torch.ones(3, 2)


def refused(work, message):
    with (
        pytest.raises(fp8mac.Error, match=f"^{re.escape(message)}$"),
        fp8mac.torch.on("e4m3 -> fp16"),
    ):
        work()


def vectors(name):
    return (
        f"{name} multiplies vectors, whose gradients would leave the unit; make it a product of "
        "matrices, x[None] @ w in place of x @ w."
    )


def escapes(name):
    return f"{name} multiplies and adds outside of the unit, and cannot be computed on it."


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: A @ torch.ones(3), vectors("mv")),
        (lambda: torch.dot(A[0], A[0]), vectors("dot")),
        (lambda: nn.Bilinear(3, 3, 2)(A, A), escapes("_trilinear")),
        (lambda: torch.cdist(A, A), escapes("_cdist_forward")),
        (lambda: torch.addbmm(torch.ones(2, 2), A[None], B[None]), escapes("addbmm")),
        (lambda: torch.linalg.solve(torch.eye(2), A), escapes("_linalg_solve_ex")),
        (lambda: torch.fft.fft(A), escapes("_fft_r2c")),
        (lambda: nn.EmbeddingBag(3, 2)(torch.tensor([[0, 1]])), escapes("_embedding_bag")),
        (
            lambda: A.double() @ B.double(),
            (
                "matmul multiplies float64 numbers; models run on units in float32, float16 or "
                "bfloat16."
            ),
        ),
        (
            lambda: A.long() @ B.long(),
            "matmul multiplies int64 numbers; models run on units in float32, float16 or bfloat16.",
        ),
        (
            lambda: A.to("meta") @ B.to("meta"),
            (
                "The unit is emulated on the CPU, but a tensor of mm is on meta; move model and "
                "data there with .cpu()."
            ),
        ),
        (
            lambda: nn.Conv2d(1, 1, 3, device="meta")(torch.ones(1, 1, 5, 5, device="meta")),
            (
                "The unit is emulated on the CPU, but a tensor of convolution is on meta; move "
                "model and data there with .cpu()."
            ),
        ),
        (
            lambda: nn.Embedding(3, 2, scale_grad_by_freq=True)(torch.tensor([1])).sum().backward(),
            "Embedding divides gradients by counts (scale_grad_by_freq); leave it.",
        ),
    ],
)
def test_what_would_escape_is_refused_by_name(work, message):
    refused(work, message)


def test_nothing_that_pytorch_counts_escapes():
    """Each operation whose products PyTorch's own counter knows is computed, or refused."""
    from torch.utils.flop_counter import flop_registry

    computed = {func.overloadpacket for func in HANDLERS}
    names = {op for op in flop_registry if isinstance(op, torch._ops.OpOverloadPacket)}
    assert len(names) > 15
    missing = {str(op) for op in names - computed if not refusal(op._qualified_op_name)}
    assert missing == set()


def test_what_adds_no_products_is_let_through():
    for name in ("aten::add", "aten::upsample_bilinear2d", "aten::linalg_vector_norm", "aten::sum"):
        assert refusal(name) == ""


def test_backward_outside_is_refused():
    x = torch.ones(2, 3, requires_grad=True)
    with fp8mac.torch.on("e4m3 -> fp16"):
        loss = (x @ B).sum()
    message = (
        "The backward pass has left the unit: call backward() within fp8mac.torch.on, as the "
        "forward pass."
    )
    with pytest.raises(fp8mac.Error, match=re.escape(message)):
        loss.backward()


def test_forward_outside_is_refused():
    x = torch.ones(2, 3, requires_grad=True)
    loss = (x @ B).sum()
    refused(
        loss.backward,
        "MmBackward0 multiplies in the backward pass of a product that was not seen in the forward "
        "pass; run both within one fp8mac.torch.on, and write custom functions with operations "
        "that autograd knows.",
    )


def test_changed_operands_are_refused_as_in_torch():
    x, w = torch.ones(2, 3, requires_grad=True), nn.Parameter(torch.ones(3, 2))

    def work():
        loss = (x @ w).sum()
        with torch.no_grad():
            w.add_(1)
        loss.backward()

    refused(
        work,
        (
            "A tensor of shape (3, 2) that the backward pass needs was changed in place after the "
            "forward pass."
        ),
    )


def test_entering_twice_is_refused():
    unit = fp8mac.torch.on("e4m3 -> fp16")
    with unit, pytest.raises(fp8mac.Error, match=r"^This fp8mac\.torch\.on is entered already\.$"):
        unit.__enter__()


KNOWN = "Schemes are fp8, tachyum-fp8, tachyum-sfp8, hfp8, bf16, bf16:rtz, deepseek, mxfp8, nvfp4."


@pytest.mark.parametrize(
    ("unit", "options", "message"),
    [
        ("fp9", {}, KNOWN),
        ("e4m3 -> fp17", {}, "Unknown accumulator 'fp17'"),
        ("e4m3 -> fp16", {"grad": "e9"}, "e9"),
        (
            "e4m3 -> fp16",
            {"scaling": "loss"},
            (
                "A scaling is none, global:2^k, dynamic, layer, "
                "tensor, tensor:delayed or block, not 'loss'."
            ),
        ),
        (
            "e4m3 -> fp16",
            {"scaling": "global:2^200"},
            "A global scale is from 2^-120 to 2^120, not 2^200.",
        ),
        (
            "e4m3 -> fp16",
            {"forward": "layer"},
            (
                "Weights and activations have the scales none, "
                "tensor, tensor:delayed or block, not 'layer'."
            ),
        ),
        (
            "e4m3 -> fp16",
            {"scaling": "block"},
            "Scales of blocks belong to all operands of a product, or to none.",
        ),
        ("e4m3 -> fp16", {"backward": "none"}, "backward is unit or float32, not 'none'."),
        ("e4m3 -> fp16", {"rounding": "sr"}, "rounding is rne or rtz, not 'sr'."),
        ("e4m3 -> fp16", {"chunk": 0}, "Lanes and chunks are of one product or more."),
        ("e4m3 -> fp16", {"layers": {"head": "int"}}, "int"),
        ("int8 -> int32", {"grad": "e5m2"}, "int"),
    ],
)
def test_options_that_do_not_exist_are_refused(unit, options, message):
    with pytest.raises(fp8mac.Error) as error:
        fp8mac.torch.on(unit, **options)
    assert message in str(error.value)
    assert str(error.value).endswith(".")


def test_scales_of_blocks_are_the_units():
    with pytest.raises(fp8mac.Error) as error:
        fp8mac.torch.on("mxfp8", scaling="layer")
    assert str(error.value) == (
        "mxfp8e4m3 x 32 -> fp32:rtz:inf:plus0, window 26 has the scales of its blocks; scaling and "
        "forward are none."
    )


@pytest.mark.parametrize("text", ["int8", "kulisch", "fp9", "bf16:odd"])
def test_weights_are_kept_in_floats(text):
    optimizer = torch.optim.SGD([nn.Parameter(A.clone())], 0.1)
    with pytest.raises(fp8mac.Error, match=r"^Weights "):
        fp8mac.torch.store(optimizer, text)
