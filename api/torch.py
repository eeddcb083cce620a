"""Models of PyTorch on a unit, forward and backward; needs the extra ``torch``.

::

    import fp8mac.torch
    with fp8mac.torch.on("e4m3 -> fp16", grad="e5m2", scaling="layer", chunk=64) as unit:
        loss = loss_of(model(x), y)
        loss.backward()
    print(unit.report)
"""

from collections.abc import Mapping
from importlib.util import find_spec

from fp8mac.sim.torch.errors import TorchError

if find_spec("torch") is None:
    raise TorchError("fp8mac.torch needs PyTorch; install fp8mac[torch].")

from fp8mac.sim.torch.master import Stored, store
from fp8mac.sim.torch.mode import OnUnit
from fp8mac.sim.torch.report import ProductReport, ProductRow
from fp8mac.sim.torch.scheme import SCHEMES, Scheme, make_scheme

from ._units import AnyUnit, as_unit

__all__ = [
    "SCHEMES",
    "OnUnit",
    "ProductReport",
    "ProductRow",
    "Scheme",
    "Stored",
    "TorchError",
    "on",
    "store",
]


def on(
    unit: AnyUnit,
    *,
    grad: str | None = None,
    activation: str | None = None,
    weight: str | None = None,
    scaling: str | None = None,
    forward: str | None = None,
    margin: int | None = None,
    chunk: int | None = None,
    rounding: str | None = None,
    gradient_rounding: str | None = None,
    backward: str | None = None,
    first: str | None = None,
    last: str | None = None,
    layers: Mapping[str, str] | None = None,
    seed: int = 0,
    threads: int = 1,
) -> OnUnit:
    """Context within which a unit computes every product of a model, forward and backward.

    Both ``model(x)`` and ``loss.backward()`` belong into it. Products of `Linear`, convolutions of
    all kinds, ``matmul``, ``einsum``, attention and recurrent layers, and the sums of an
    embedding's gradient are the unit's, bit for bit; biases, normalisation, softmax, losses and
    the sum of a weight's gradients from several products are float32. What would multiply
    elsewhere is refused.

    Parameters
    ----------
    unit : Unit, MacConfig or str
        The unit: its first format is that of activations, the second that of weights. Or a name
        of `SCHEMES`, such as ``"fp8"``, whose options are then the defaults.
    grad, activation, weight : str, optional
        Formats of the operands by their roles, such as ``"e5m2"``.
    scaling : str, optional
        Scales of gradients: ``none``, ``global:2^k``, ``dynamic``, ``layer``, ``tensor``,
        ``tensor:delayed``, ``block``; see `fp8mac.sim.torch.scaling`.
    forward : str, optional
        Scales of weights and activations: ``none``, ``tensor``, ``tensor:delayed``, ``block``.
    margin : int, optional
        Powers of two by which weights and activations stay below their format's largest number.
    chunk : int, optional
        Products in a partial sum, instead of the unit's.
    rounding, gradient_rounding : str, optional
        ``rne`` or ``rtz`` of weights and activations; of gradients ``sr`` (stochastic) as well.
    backward : str, optional
        ``unit``, or ``float32``.
    first, last : str, optional
        Another unit for the first or last layer with a weight, or ``float32``.
    layers : mapping of str to str, optional
        Units, or ``float32``, by patterns of layers' names: ``{"head": "bf16 -> fp32"}``.
    seed : int
        Of all that is stochastic.
    threads : int
        For the products; any number gives the same bits.

    Returns
    -------
    OnUnit
        A context; its ``report`` says which products ran, on what, and how many numbers saturated,
        underflew, overflew or were swamped.

    Raises
    ------
    Error
        If there is no such unit, scheme, format or option.

    Examples
    --------
    >>> import torch
    >>> with on("e4m3 -> fp16"):
    ...     torch.tensor([[1.0, 2.0]]) @ torch.tensor([[1.0], [-3.1]])
    tensor([[-5.]])
    """
    options = {
        "gradient": grad,
        "activation": activation,
        "weight": weight,
        "scaling": scaling,
        "forward": forward,
        "margin": margin,
        "chunk": chunk,
        "rounding": rounding,
        "gradient_rounding": gradient_rounding,
        "backward": backward,
        "first": first,
        "last": last,
        "layers": layers,
    }
    given = unit if isinstance(unit, str) else as_unit(unit).config
    return OnUnit(make_scheme(given, options), seed=seed, threads=threads)
