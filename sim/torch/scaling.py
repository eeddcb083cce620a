"""Scales of operands: how they are spelt, and how they follow what was seen.

=================  ===============================================================================
``none``           1
``global:2^k``     gradients times ``2**k``, as a loss times ``2**k`` makes them
``dynamic``        the same from 2^16, halved after a step in which a gradient was beyond its
                   format, doubled after 2,000 without; what is beyond saturates
``layer``          a power of two for each gradient of a product, from its largest number
``tensor``         for each operand, from its largest number; any number, not a power of two
``tensor:delayed``  the same, from the largest number of the layer's last 16 operands of that kind
``block``          for 128 numbers of a sum, and for 128 x 128 of a weight
=================  ===============================================================================

A scale that follows the largest number leaves a float accumulator room for 1,000 of the largest
products: in FP16, E4M3 operands come to 8 and not to 448.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import Format
from fp8mac.sim.torch.errors import TorchError

__all__ = ["BLOCK", "ScaleRule", "Scales", "largest_of", "parse_scaling"]

BLOCK = 128
"""Numbers that share a scale, along the sum."""

_GROWTH = 2000
_HISTORY = 16
_GLOBAL = re.compile(r"global:2\^(-?[0-9]{1,3})")
_KINDS = "none, global:2^k, dynamic, layer, tensor, tensor:delayed or block"


@lru_cache(maxsize=64)
def largest_of(format_: Format) -> float:
    """Largest number of a format, which is asked for with every operand."""
    return float(format_.max)


@dataclass(frozen=True)
class ScaleRule:
    """How scales are found.

    Parameters
    ----------
    kind : str
        ``none``, ``global``, ``dynamic``, ``layer``, ``tensor``, ``delayed`` or ``block``.
    exponent : int
        Of a global scale.
    """

    kind: str
    exponent: int = 0


def parse_scaling(text: str) -> ScaleRule:
    """Read a scaling.

    Raises
    ------
    TorchError
        If there is no such scaling.

    Examples
    --------
    >>> parse_scaling("global:2^8")
    ScaleRule(kind='global', exponent=8)
    """
    if match := _GLOBAL.fullmatch(str(text)):
        if abs(exponent := int(match[1])) > 120:
            raise TorchError(f"A global scale is from 2^-120 to 2^120, not 2^{exponent}.")
        return ScaleRule("global", exponent)
    if text in ("none", "dynamic", "layer", "tensor", "block"):
        return ScaleRule(text)
    if text == "tensor:delayed":
        return ScaleRule("delayed")
    raise TorchError(f"A scaling is {_KINDS}, not '{text}'.")


@dataclass
class Scales:
    """Scales of one kind of operands, through all steps.

    Parameters
    ----------
    scaling : ScaleRule
        How they are found.
    margin : int
        By how many powers of two the largest number stays below the format's.

    Attributes
    ----------
    exponent : int
        Of the dynamic scale at the moment.
    """

    scaling: ScaleRule
    margin: int = 0
    exponent: int = 16
    _clean: int = 0
    _beyond: bool = False
    _seen: dict[str, deque[float]] = field(default_factory=dict)

    def find(
        self, name: str, numbers: NDArray[np.float32], format_: Format, limit: float = np.inf
    ) -> float:
        """What the numbers are divided by.

        Parameters
        ----------
        name : str
            Whose history counts.
        numbers : ndarray of float32
            The operand.
        format_ : Format
            What they are brought into.
        limit : float
            What the largest number may become.
        """
        kind = self.scaling.kind
        if kind == "none":
            return 1.0
        if kind == "global":
            return 2.0**-self.scaling.exponent
        if kind == "dynamic":
            return 2.0**-self.exponent
        largest = _largest(numbers)
        if kind == "delayed":
            seen = self._seen.setdefault(name, deque(maxlen=_HISTORY))
            seen.append(largest)
            largest = max(list(seen)[:-1] or seen)
        return self.of_largest(largest, format_, limit)

    def of_largest(self, largest: float, format_: Format, limit: float = np.inf) -> float:
        """Scale that brings a number to the format's largest one, less the margin."""
        if not 0 < largest < np.inf:
            return 1.0
        scale = largest / min(self.target(format_), limit)
        if self.scaling.kind == "layer":
            return float(np.exp2(np.ceil(np.log2(scale))))
        # A float32 that is not below, so that the largest number does not saturate.
        return float(np.nextafter(np.float32(scale), np.float32(np.inf)))

    def target(self, format_: Format) -> float:
        """What the largest number becomes, if nothing else limits it."""
        return largest_of(format_) / 2.0**self.margin

    def saturated(self) -> None:
        """Note that a number of this step was beyond its format."""
        self._beyond = True

    def step(self) -> None:
        """Begin another step: a dynamic scale grows, or shrinks."""
        if self.scaling.kind != "dynamic":
            return
        self._clean = 0 if self._beyond else self._clean + 1
        if self._beyond:
            self.exponent -= 1
        elif self._clean == _GROWTH:
            self.exponent, self._clean = self.exponent + 1, 0
        self._beyond = False


def _largest(numbers: NDArray[np.float32]) -> float:
    """Largest finite magnitude; 0 where there is none."""
    largest = float(max(numbers.max(initial=0), -numbers.min(initial=0)))
    if np.isfinite(largest):
        return largest
    finite = np.abs(numbers[np.isfinite(numbers)])
    return float(finite.max(initial=0))
