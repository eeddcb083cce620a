"""How a model is brought to a unit: formats of the operands, scales, what is left in float32.

==============  ===================  ===========  ===============  =====================  ======
scheme          unit                 gradients    gradient scales  other scales           master
==============  ===================  ===========  ===============  =====================  ======
fp8             e4m3 -> fp32         e5m2         tensor           tensor                 fp32
tachyum-fp8     e5m2 -> 1-6-9        e5m2         layer            tensor, largest 1.75   fp16
tachyum-sfp8    e5m2 -> 1-6-9        in float32                    tensor, largest 1.75   fp16
hfp8            e4m3b4 -> 1-6-9, 64  e5m2         dynamic          none                   fp16
bf16            bf16 -> fp32         bf16         none             none                   fp32
bf16:rtz        the same, operands truncated
deepseek        h100-fp8             e4m3         block            block                  fp32
mxfp8           b200-mxfp8-e4m3      e4m3         of the unit      of the unit            fp32
nvfp4           b200-nvfp4           e2m1, sr     of the unit      of the unit            fp32
==============  ===================  ===========  ===============  =====================  ======

`1-6-9` is the format ``e6m9``; ``, 64`` are partial sums of 64 products, and
`hfp8` leaves the first and the last layer to a unit of FP16, `nvfp4` to one of BF16. ``sr`` is
stochastic rounding.

# Ref: arXiv:2209.05433 (E4M3 forward, E5M2 gradients, a scale for each tensor)
# Ref: X. Sun et al., Hybrid 8-bit floating point (HFP8) training and inference, NeurIPS 2019
# Ref: arXiv:1905.12322 (BF16 operands, sums in FP32)
# Ref: arXiv:2506.08027 (MXFP8, E4M3 everywhere, scales rounded up)
# Ref: arXiv:2509.25149 (NVFP4; without its rotations and square blocks)
# Ref: arXiv:2412.19437, section 3.3 (blocks of 128, sums promoted every 128 products)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import Any

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.formats import Format, Rounding, parse_format
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.sim.torch.errors import TorchError
from fp8mac.sim.torch.scaling import parse_scaling

__all__ = ["FLOAT32", "SCHEMES", "Role", "Scheme", "make_scheme"]

FLOAT32 = "float32"
"""What a layer is given in place of a unit: its products are left in float32."""

Role = str
"""``activation``, ``weight`` or ``gradient``."""


@dataclass(frozen=True)
class Scheme:
    """How a model is brought to a unit.

    Parameters
    ----------
    unit : MacConfig
        Its first format is that of activations, its second one that of weights.
    activation, weight, gradient : Format, optional
        Others in their place; gradients have the format of activations by default.
    scaling : str
        Scales of gradients: ``none``, ``global:2^k``, ``dynamic``, ``layer``, ``tensor``,
        ``tensor:delayed`` or ``block``; see `fp8mac.sim.torch.scaling`.
    forward : str
        Scales of weights and activations: ``none``, ``tensor``, ``tensor:delayed``, ``block``.
    margin : int
        The largest weight and the largest activation are brought ``2**margin`` below their
        format's largest number.
    chunk : int, optional
        Products in a partial sum, in place of the unit's.
    rounding : str
        Of weights and activations: ``rne`` or ``rtz``.
    gradient_rounding : str
        Of gradients: ``rne``, ``rtz`` or ``sr``.
    backward : str
        ``unit``, or ``float32`` where only the forward pass is on the unit.
    first, last : str
        Unit of the first and the last layer with a weight, or ``float32``.
    layers : tuple of pairs of str
        Patterns of layers' names, as in a shell, and their units or ``float32``; the first that
        fits counts, before ``first`` and ``last``.
    master : str
        What weights are kept in between steps, see `fp8mac.sim.torch.master.store`.

    Raises
    ------
    TorchError
        If an option is not one of these.
    """

    unit: MacConfig
    activation: Format | None = None
    weight: Format | None = None
    gradient: Format | None = None
    scaling: str = "none"
    forward: str = "none"
    margin: int = 0
    chunk: int | None = None
    rounding: str = "rne"
    gradient_rounding: str = "rne"
    backward: str = "unit"
    first: str = ""
    last: str = ""
    layers: tuple[tuple[str, str], ...] = ()
    master: str = "fp32"
    _configs: dict[tuple[str, Role, Role], MacConfig | None] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def __post_init__(self) -> None:
        _one_of("backward", self.backward, ("unit", FLOAT32))
        _one_of("rounding", self.rounding, ("rne", "rtz"))
        _one_of("gradient_rounding", self.gradient_rounding, ("rne", "rtz", "sr"))
        parse_scaling(self.scaling)
        if parse_scaling(self.forward).kind in ("global", "dynamic", "layer"):
            raise TorchError(
                f"Weights and activations have the scales none, tensor, tensor:delayed or block, "
                f"not '{self.forward}'."
            )
        if ("block" in self.scaling) != ("block" in self.forward):
            raise TorchError("Scales of blocks belong to all operands of a product, or to none.")
        if self.unit.block is not None and (self.scaling, self.forward) != ("none", "none"):
            raise TorchError(
                f"{self.unit.text} has the scales of its blocks; scaling and forward are none."
            )

    def format_of(self, role: Role) -> Format:
        """Format of an operand on the scheme's own unit."""
        given = getattr(self, role)
        if given is None and role == "gradient":
            return self.format_of("activation")
        return given or (self.unit.b if role == "weight" else self.unit.a)

    def rounding_of(self, role: Role) -> Rounding:
        """How an operand is rounded to its format."""
        name = self.gradient_rounding if role == "gradient" else self.rounding
        return Rounding.STOCHASTIC if name == "sr" else Rounding(name)

    def unit_for(self, layer: str, ends: tuple[str, str], left: Role, right: Role) -> Any:
        """Unit of a product; None where it is left in float32.

        Parameters
        ----------
        layer : str
            Name of the layer.
        ends : pair of str
            Names of the first and the last layer.
        left, right : str
            Roles of the operands.

        Raises
        ------
        TorchError
            If there is no such unit.
        """
        if self.backward == FLOAT32 and "gradient" in (left, right):
            return None
        named = self._named(layer, ends)
        key = named, left, right
        if key not in self._configs:
            self._configs[key] = self._config(named, left, right)
        return self._configs[key]

    def _named(self, layer: str, ends: tuple[str, str]) -> str:
        for pattern, unit in self.layers:
            if fnmatchcase(layer, pattern):
                return unit
        if self.first and layer == ends[0]:
            return self.first
        return self.last if self.last and layer == ends[1] else ""

    def _config(self, named: str, left: Role, right: Role) -> MacConfig | None:
        if named == FLOAT32:
            return None
        try:
            if named:  # a unit of its own has its own formats
                own = replace(self, unit=parse_line(named), activation=None, weight=None)
                own = replace(own, gradient=None, chunk=None, layers=(), first="", last="")
                return own._config("", left, right)
            unit = replace(self.unit, a=self.format_of(left), b=self.format_of(right))
            if self.chunk is not None:
                unit = replace(unit, summation=replace(unit.summation, chunk=self.chunk))
        except TorchError:
            raise
        except Error as error:
            raise TorchError(str(error)) from None
        return unit


def _one_of(name: str, given: object, known: tuple[str, ...]) -> None:
    if given not in known:
        raise TorchError(f"{name} is {', '.join(known[:-1])} or {known[-1]}, not {given!r}.")


def _known(line: str, gradient: str, **options: Any) -> Scheme:
    return Scheme(parse_line(line), gradient=parse_format(gradient), **options)


SCHEMES: dict[str, Scheme] = {
    "fp8": _known("e4m3 -> fp32", "e5m2", scaling="tensor", forward="tensor"),
    "tachyum-fp8": _known(
        "e5m2 -> e6m9", "e5m2", scaling="layer", forward="tensor", margin=15, master="fp16"
    ),
    "tachyum-sfp8": _known(
        "e5m2 -> e6m9", "e5m2", forward="tensor", margin=15, backward=FLOAT32, master="fp16"
    ),
    "hfp8": _known(
        "e4m3b4 -> e6m9",
        "e5m2",
        scaling="dynamic",
        chunk=64,
        first="fp16 -> fp32",
        last="fp16 -> fp32",
        master="fp16",
    ),
    "bf16": _known("bf16 -> fp32", "bf16"),
    "bf16:rtz": _known("bf16 -> fp32", "bf16", rounding="rtz", gradient_rounding="rtz"),
    "deepseek": _known("h100-fp8", "e4m3", scaling="block", forward="block"),
    "mxfp8": _known("b200-mxfp8-e4m3", "e4m3"),
    "nvfp4": _known(
        "b200-nvfp4",
        "e2m1",
        gradient_rounding="sr",
        first="bf16 -> fp32",
        last="bf16 -> fp32",
    ),
}
"""Schemes by the names of their papers."""


def make_scheme(unit: MacConfig | str, options: Mapping[str, Any]) -> Scheme:
    """Scheme of a name or a unit, with what is given in place of its own.

    Parameters
    ----------
    unit : MacConfig or str
        A unit, the line that describes it, or a name of `SCHEMES`.
    options : mapping
        Fields of `Scheme`, formats as text or not; None for those that stay.

    Raises
    ------
    TorchError
        If there is no such unit, scheme, format or option.

    Examples
    --------
    >>> make_scheme("fp8", {"chunk": 64}).unit_for("head", ("", ""), "gradient", "weight").text
    'e5m2*e4m3 -> fp32, chunk 64'
    """
    names = {each.name for each in fields(Scheme) if each.init} - {"unit"}
    changes = {name: value for name, value in options.items() if value is not None}
    if unknown := sorted(set(changes) - names):
        raise TorchError(
            f"There is no option '{unknown[0]}'; there are {', '.join(sorted(names))}."
        )
    try:
        for name in ("activation", "weight", "gradient"):
            if isinstance(given := changes.get(name), str):
                changes[name] = parse_format(given)
        if isinstance(unit, str) and unit in SCHEMES:
            found = replace(SCHEMES[unit], **_frozen(changes))
        else:
            config = parse_line(unit) if isinstance(unit, str) else unit
            found = Scheme(config, **_frozen(changes))
    except TorchError:
        raise
    except Error as error:
        known = f" Schemes are {', '.join(SCHEMES)}." if isinstance(unit, str) else ""
        raise TorchError(f"{error}{known}") from None
    for left, right in (
        ("activation", "weight"),
        ("gradient", "weight"),
        ("gradient", "activation"),
    ):
        found.unit_for("", ("-", "-"), left, right)
    for named in (*(each for _, each in found.layers), found.first, found.last):
        found._config(named, "activation", "weight")
    return found


def _frozen(changes: dict[str, Any]) -> dict[str, Any]:
    if isinstance(layers := changes.get("layers"), Mapping):
        return changes | {"layers": tuple(layers.items())}
    return changes
