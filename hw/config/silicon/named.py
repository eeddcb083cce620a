"""Named units: matrix units of real silicon, and documented open ones, each as one line.

A name is a spelling of a description and nothing else. What is known of a unit stands beside it:

==============  ================================================================================
``vectors``     the line gives every result of public vectors that were recorded on the card
``model``       the line is that of a published model; no recorded vector tells it apart
``document``    the line is what a specification or a paper says
==============  ================================================================================

# Ref: arXiv:2511.10909, and its model MMA-Sim (c785138)
# Ref: arXiv:2512.07004, and its vectors MATLAB-tensor-core (b12b5a7)
# Ref: RISC-V ldot and bdot extensions, draft 0.2, and Spike's bulknormdot.h (55b4658)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from fp8mac.hw.config.accumulators import ConfigError

__all__ = ["NAMED_UNITS", "Basis", "NamedUnit", "line_of", "named"]


class Basis(Enum):
    """What the description of a named unit rests on."""

    VECTORS = "vectors"
    MODEL = "model"
    DOCUMENT = "document"


@dataclass(frozen=True)
class NamedUnit:
    """A unit with a name.

    Parameters
    ----------
    name : str
        As `fp8mac.hw.config.unit.parse_unit` reads it.
    line : str
        The unit in one line, see `fp8mac.hw.config.unit.parse_line`.
    basis : Basis
        What that rests on.
    source : str
        Where it is from, in a few words.
    fp16 : str, optional
        Name of the unit that has FP16 results in place of FP32's.
    """

    name: str
    line: str
    basis: Basis
    source: str
    fp16: str | None = None

    @property
    def takes_lanes(self) -> bool:
        """Whether lanes and guard bits are free: ``rvbna-fp8 x 16 guard 3``."""
        return "{n}" in self.line


_CARDS, _MODEL, _RISCV = "MATLAB-tensor-core", "MMA-Sim", "RISC-V ldot and bdot, draft 0.2; Spike"
_RTZ, _E8M13 = "fp32:rtz:inf:plus0", "e8m13:rtz:inf:plus0"
_AMPERE, _HOPPER = f"A100, A2, Ada, L40S, {_CARDS}", f"H100, H200, B200, {_CARDS}"
_LATE = "products bounded, late 32 25:floor"
_V, _M, _D = Basis.VECTORS, Basis.MODEL, Basis.DOCUMENT

# {f}: e4m3 and e5m2. Those with a basis for FP16 results exist with them as well.
_FAMILIES: list[tuple[str, str, Basis, str, Basis | None]] = [
    ("v100-fp16", f"fp16 x 4 -> {_RTZ}, window 24", _V, f"V100, {_CARDS}", _V),
    ("a100-fp16", f"fp16 x 8 -> {_RTZ}, window 25", _V, _AMPERE, _V),
    ("a100-bf16", f"bf16 x 8 -> {_RTZ}, window 25", _V, _AMPERE, None),
    ("a100-tf32", f"tf32 x 4 -> {_RTZ}, window 25", _V, _AMPERE, None),
    ("ada-fp8-{f}", f"{{f}} x 16 -> {_E8M13}, window 14", _V, f"Ada, L40S, {_CARDS}", _V),
    ("h100-fp16", f"fp16 x 16 -> {_RTZ}, window 26", _V, _HOPPER, _V),
    ("h100-bf16", f"bf16 x 16 -> {_RTZ}, window 26", _V, _HOPPER, None),
    ("h100-tf32", f"tf32 x 8 -> {_RTZ}, window 26", _M, _MODEL, None),
    ("h100-fp8-{f}", f"{{f}} x 32 -> {_E8M13}, window 14", _V, f"H100, H200, {_CARDS}", _M),
    (
        "h100-mmasync-{f}",
        f"{{f}} x 16 -> {_RTZ}, window 26, exponents as fp16, steps 2 of 2, chunk 32 -> fp32",
        _V,
        _HOPPER,
        _V,
    ),
    ("b200-fp8-{f}", f"{{f}} x 32 -> {_RTZ}, window 26", _M, _MODEL, _M),
    ("b200-mxfp8-{f}", f"mxfp8{{f}} x 32 -> {_RTZ}, window 26", _M, _MODEL, None),
    ("b200-mxfp4", f"mxfp4 x 64 -> {_RTZ}, groups 4 of 16, join 36", _M, _MODEL, None),
    ("b200-nvfp4", f"nvfp4 x 64 -> {_RTZ}, groups 4 of 16, join 36", _M, _MODEL, None),
    ("mi100-fp16", "fp16 x 4 -> fp32, tree, products rounded", _M, _MODEL, None),
    ("mi100-bf16", "bf16 x 2 -> fp32, tree, products rounded", _M, _MODEL, None),
    ("mi200-fp16", "fp16 x 4 -> fp32:daz, tree, products rounded", _M, _MODEL, None),
    ("mi200-bf16", "bf16 x 2 -> fp32:daz, tree, products rounded", _M, _MODEL, None),
    ("mi200-bf16-1k", "bf16 x 4 -> fp32:daz, tree, products rounded", _M, _MODEL, None),
    ("mi300-fp16", f"fp16 x 8 -> fp32:sum0, window 25, {_LATE}", _M, _MODEL, None),
    ("mi300-bf16", f"bf16 x 8 -> fp32:sum0, window 25, {_LATE}", _M, _MODEL, None),
    ("mi300-xf32", f"tf32 x 4 -> fp32:sum0, window 25, {_LATE}", _M, _MODEL, None),
    (
        "mi300-fp8",
        f"e4m3fnuz x 16 -> fp32:sum0, window 25, groups 2, join 25:floor, {_LATE} drop 25",
        _M,
        _MODEL,
        None,
    ),
    (
        "mi300-bf8",
        f"e5m2fnuz x 16 -> fp32:sum0, window 25, groups 2, join 25:floor, {_LATE} drop 25",
        _M,
        _MODEL,
        None,
    ),
    ("rvbna-fp8-{f}", "{f} x {n} -> fp32:odd:sum0, window {w}:odd, late", _D, _RISCV, None),
    ("fdot-fp8", "e4m3 x 4 -> fp32", _D, "Arm ARM, FDOT of FP8 in single precision", None),
    ("exsdotp-fp8", "e4m3 x 2 -> fp16", _D, "ExSdotp, arXiv:2207.03192", None),
]


def _units() -> Iterator[NamedUnit]:
    for name, line, basis, source, fp16 in _FAMILIES:
        for each in ("e4m3", "e5m2") if "{f}" in name else ("",):
            mine, text = name.replace("{f}", each), line.replace("{f}", each)
            half = None if fp16 is None else f"{mine}-fp16"
            yield NamedUnit(mine, text, basis, source, half)
            if half is not None and fp16 is not None:
                text = re.sub("-> (fp32|e8m13)[:a-z0-9]*,", "-> fp16:plus0,", text, count=1)
                text = text.replace("-> fp32", "-> fp16")
                yield NamedUnit(half, text, fp16, source if fp16 is _V else _MODEL)


NAMED_UNITS: dict[str, NamedUnit] = {each.name: each for each in _units()}
"""All named units, by name."""

_ALIASES = {
    "ada-fp8": "ada-fp8-e4m3",
    "b200-fp8": "b200-fp8-e4m3",
    "b200-mxfp8": "b200-mxfp8-e4m3",
    "h100-fp8": "h100-fp8-e4m3",
    "h100-mmasync": "h100-mmasync-e4m3",
    "rvbna-fp8": "rvbna-fp8-e4m3",
}
_NAME = re.compile(r"([a-z][a-z0-9-]*)(?: x ([0-9]{1,3}))?(?: guard ([0-9]{1,2}))?")
_LANES = 16  # of RVBNA, where nothing is said


def named(text: str) -> NamedUnit | None:
    """The named unit that a text begins with, or None."""
    match = _NAME.fullmatch(" ".join(text.lower().split()))
    return NAMED_UNITS.get(_ALIASES.get(match[1], match[1])) if match else None


def line_of(text: str) -> str:
    """Line that a name stands for.

    ::

        <name>                                    h100-fp8-e4m3
        rvbna-fp8[-e5m2][ x <lanes>][ guard <g>]  16 lanes and ceil(log2 lanes) guard bits

    Raises
    ------
    ConfigError
        If there is no such name, or it leaves nothing open that the text says.

    Examples
    --------
    >>> line_of("h100-fp8-e4m3")
    'e4m3 x 32 -> e8m13:rtz:inf:plus0, window 14'
    >>> line_of("rvbna-fp8 x 8")
    'e4m3 x 8 -> fp32:odd:sum0, window 27:odd, late'
    """
    unit = named(text)
    if unit is None:
        raise ConfigError(
            f"There is no unit '{text}'; name one that 'fp8mac units' lists, or write "
            "<format>[*<format>] [x <lanes>] -> <accumulator>."
        )
    match = _NAME.fullmatch(" ".join(text.lower().split()))
    assert match
    if not unit.takes_lanes:
        if match[2] or match[3]:
            raise ConfigError(f"The lanes of {unit.name} are given, and it has no guard bits.")
        return unit.line
    lanes = int(match[2] or _LANES)
    guard = (lanes - 1).bit_length() if match[3] is None else int(match[3])
    return unit.line.format(n=lanes, w=24 + guard)
