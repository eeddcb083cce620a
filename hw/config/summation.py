"""How the products of a sum are added: how many in a step, what is rounded, and where to."""

import re
from dataclasses import dataclass
from typing import Any

from fp8mac.hw.config.accumulators import (
    AccumulatorConfig,
    ConfigError,
    FloatAccConfig,
    integer,
    parse_accumulator,
)
from fp8mac.hw.config.formats import Rounding

__all__ = ["PLAIN", "Summation", "parse_summation"]

_WIDEST_TREE = 1 << 16  # has as many levels as `fp8mac.sim.jit.tiles` has room for


@dataclass(frozen=True)
class Summation:
    """How products are added.

    ::

        lanes 4           acc = round(acc + p + p + p + p)       exact, one rounding a step
        lanes 4, window   the same, but first all terms are cut off below a bit
        lanes 4, tree     acc = round(acc + round(round(p + p) + round(p + p)))
        chunk n           sums of n products each, which are added to an outer accumulator

    `fp8mac.sim.gemm.definition.dot` defines each.

    Parameters
    ----------
    lanes : int
        Products that are added in one step, exactly, with one rounding.
    window_bits : int, optional
        Before a step adds, it truncates products and accumulator to a window of so many bits below
        the largest exponent among them.
    tree : bool
        The products of a step, as many as there are lanes, a power of two, are added by a binary
        tree of adders, each of which rounds as the accumulator does.
    chunk : int, optional
        Products in a partial sum; each partial sum starts from zero and is then added to an outer
        accumulator.
    outer : AccumulatorConfig, optional
        That accumulator; default as the unit's.

    Raises
    ------
    ConfigError
        If there is no such sum.
    """

    lanes: int = 1
    window_bits: int | None = None
    tree: bool = False
    chunk: int | None = None
    outer: AccumulatorConfig | None = None

    def __post_init__(self) -> None:
        for name in ("lanes", "window_bits", "chunk"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, integer(value, name))
        if self.lanes < 1 or (self.chunk is not None and self.chunk < 1):
            raise ConfigError("Lanes and chunks are of one product or more.")
        if self.outer is not None and self.chunk is None:
            raise ConfigError("There is an outer accumulator, but no chunk says when to add to it.")
        if self.window_bits is not None and self.window_bits < 1:
            raise ConfigError("An alignment window has one bit or more.")
        if self.tree and (not 2 <= self.lanes <= _WIDEST_TREE or self.lanes & (self.lanes - 1)):
            raise ConfigError(
                f"A tree of adders has 2, 4, 8, ... {_WIDEST_TREE} lanes, not {self.lanes}."
            )
        if self.tree and self.window_bits is not None:
            raise ConfigError(
                "A window aligns all products of a step, but a tree adds them in pairs."
            )

    def check(self, accumulator: AccumulatorConfig, *, of_floats: bool) -> None:
        """Refuse an accumulator that products cannot be added in so.

        Parameters
        ----------
        accumulator : AccumulatorConfig
            Of the unit.
        of_floats : bool
            Whether both operands are floating-point numbers.

        Raises
        ------
        ConfigError
            If they cannot.
        """
        if self.outer is not None and type(self.outer) is not type(accumulator):
            raise ConfigError(
                f"Partial sums in {accumulator.name} cannot be added in {self.outer.name}: both "
                "are to be float, both integer or both Kulisch."
            )
        rounding = accumulator.rounding if isinstance(accumulator, FloatAccConfig) else None
        if self.window_bits is not None and not (rounding and of_floats):
            raise ConfigError("Alignment is for float products in a float accumulator.")
        if self.tree and rounding is None:
            raise ConfigError(
                f"A tree of rounding adders is for float accumulators, not {accumulator.name}."
            )
        if self.tree and rounding is Rounding.STOCHASTIC:
            raise ConfigError(
                "A step draws one random number, but every adder of a tree needs one."
            )

    @property
    def name(self) -> str:
        """String that `parse_summation` reads as this; empty where products are added one by one.

        Examples
        --------
        >>> Summation(16, window_bits=14, chunk=128, outer=parse_accumulator("fp32")).name
        'x 16, window 14, chunk 128 -> fp32'
        """
        words = [f"x {self.lanes}"] if self.lanes > 1 else []
        words += ["tree"] if self.tree else []
        words += [] if self.window_bits is None else [f"window {self.window_bits}"]
        if self.chunk is not None:
            outer = "" if self.outer is None else f" -> {self.outer.name}"
            words.append(f"chunk {self.chunk}{outer}")
        return ", ".join(words)


#: Products are added one by one.
PLAIN = Summation()

_WORDS = {
    "lanes": re.compile("x ([0-9]{1,40})"),
    "tree": re.compile("tree()"),
    "window_bits": re.compile("window ([0-9]{1,40})"),
    "chunk": re.compile("chunk ([0-9]{1,40})(?: ?-> ?(.+))?"),
}


def parse_summation(text: str) -> Summation:
    """Read a way of adding.

    ::

        x <lanes>, tree, window <bits>, chunk <products>[ -> <outer accumulator>]

    each at most once, in any order; the empty string is `PLAIN`.

    Raises
    ------
    ConfigError
        If there is no such way of adding.

    Examples
    --------
    >>> parse_summation("x 4, tree")
    Summation(lanes=4, window_bits=None, tree=True, chunk=None, outer=None)
    """
    found: dict[str, Any] = {}
    for word in filter(None, (" ".join(part.split()) for part in text.lower().split(","))):
        matches = ((name, pattern.fullmatch(word)) for name, pattern in _WORDS.items())
        name, match = next((pair for pair in matches if pair[1]), ("", None))
        if match is None:
            raise ConfigError(
                f"'{word}' is not a way of adding; write x <lanes>, tree, window <bits>, "
                "chunk <products> or chunk <products> -> <accumulator>."
            )
        if name in found:
            raise ConfigError(f"Products are added in one way; '{word}' is one too many.")
        found[name] = int(match[1]) if match[1] else True
        if name == "chunk" and match[2]:
            found["outer"] = parse_accumulator(match[2])
    return Summation(**found)
