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
from fp8mac.hw.config.formats import Rounding, TermCut
from fp8mac.hw.config.silicon.alignment import Deal, Exponents, Groups, Join, Late, Products

__all__ = ["PLAIN", "Summation", "parse_summation"]

_WIDEST_TREE = 1 << 16  # has as many levels as `fp8mac.sim.jit.tiles` has room for
_USUAL, _EXACT = Exponents(), Products()


@dataclass(frozen=True)
class Summation:
    """How products are added.

    ::

        lanes 4           acc = round(acc + p + p + p + p)       exact, one rounding a step
        lanes 4, window   the same, but first all terms are cut off below a bit
        lanes 4, tree     acc = round(acc + round(round(p + p) + round(p + p)))
        chunk n           sums of n products each, which are added to an outer accumulator

    `fp8mac.sim.exact.steps.step` defines each.

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
    cut : TermCut
        What becomes of the bits below the window.
    exponents : Exponents
        What counts as the exponent of a term.
    products : Products
        What happens to a product before it is added.
    groups : Groups, optional
        The products of a step are summed in groups, each in a window of its own, if there is one.
    join : Join, optional
        Window in which the sums of groups are added; exactly, by default.
    late : Late, optional
        The accumulator is added after the products; by default it is one of the terms.
    deal : Deal, optional
        Products of a chunk are dealt to its steps.

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
    cut: TermCut = TermCut.TRUNCATE
    exponents: Exponents = _USUAL
    products: Products = _EXACT
    groups: Groups | None = None
    join: Join | None = None
    late: Late | None = None
    deal: Deal | None = None

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
        self._check_alignment()

    def _check_alignment(self) -> None:
        """Refuse parts that have no effect, or cannot be together."""
        windows = self.window_bits is not None or self.join is not None
        if self.window_bits is None and self.cut is not TermCut.TRUNCATE:
            raise ConfigError("What is cut off below a window needs a window.")
        if self.exponents != _USUAL and not windows:
            raise ConfigError("Exponents of terms matter to a window only.")
        if self.tree and (self.groups or self.late):
            raise ConfigError("A tree of adders has neither groups nor a late accumulator.")
        if self.groups is not None:
            size = self.groups.ways * self.groups.run
            if self.lanes % size:
                raise ConfigError(
                    f"{self.groups.name} share the products of a step evenly: lanes are a multiple "
                    f"of {size}, not {self.lanes}."
                )
        elif self.join is not None:
            raise ConfigError("There is a window for the sums of groups, but there are no groups.")
        if self.deal is not None and self.chunk != self.deal.ways * self.lanes:
            raise ConfigError(
                f"{self.deal.name} of {self.lanes} lanes are those of a chunk of "
                f"{self.deal.ways * self.lanes} products."
            )

    def check_blocks(self, size: int, accumulator: AccumulatorConfig) -> None:
        """Refuse steps that do not take blocks of so many elements apart evenly.

        Raises
        ------
        ConfigError
            If they do not.
        """
        if not isinstance(accumulator, FloatAccConfig):
            raise ConfigError(
                f"Products of scaled blocks are added in a float accumulator, not in "
                f"{accumulator.name}."
            )
        if size % self.lanes and self.lanes % size:
            raise ConfigError(
                f"A step adds whole blocks of {size} elements, or equal parts of one, not "
                f"{self.lanes} products."
            )
        if self.deal is not None:
            raise ConfigError("Products of scaled blocks are taken in order, not dealt to steps.")
        if self.groups is not None and (size % self.groups.run or self.groups.run == 1):
            raise ConfigError(
                f"The products of a group share a scale: {self.groups.name} do not in blocks of "
                f"{size}."
            )

    @property
    def is_basic(self) -> bool:
        """Whether lanes, a truncating window, a tree and chunks are all there is."""
        return (self.cut, self.exponents, self.products) == (
            TermCut.TRUNCATE,
            _USUAL,
            _EXACT,
        ) and self.groups is self.join is self.late is self.deal is None

    @property
    def aligns(self) -> bool:
        """Whether terms are aligned, in a window of their own, of groups, or of a late sum."""
        late = self.late is not None and self.late.sum_bits is not None
        return self.window_bits is not None or self.join is not None or late

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
        if (self.aligns or self.groups) and not (rounding and of_floats):
            raise ConfigError("Alignment is for float products in a float accumulator.")
        if (self.late or self.products != _EXACT) and rounding is None:
            raise ConfigError(
                "Products and late sums are rounded in float accumulators, not in "
                f"{accumulator.name}."
            )
        if (self.late or self.products.rounded) and rounding is Rounding.STOCHASTIC:
            raise ConfigError("A step draws one random number, but every rounding needs one.")
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
        cut = "" if self.cut is TermCut.TRUNCATE else f":{self.cut.value}"
        words += [] if self.window_bits is None else [f"window {self.window_bits}{cut}"]
        parts = (self.exponents, self.products, self.groups, self.join, self.late, self.deal)
        words += [part.name for part in parts if part is not None and part.name]
        if self.chunk is not None:
            outer = "" if self.outer is None else f" -> {self.outer.name}"
            words.append(f"chunk {self.chunk}{outer}")
        return ", ".join(words)


#: Products are added one by one.
PLAIN = Summation()

_PARTS: dict[str, Any] = {
    "exponents": Exponents,
    "products": Products,
    "groups": Groups,
    "join": Join,
    "late": Late,
    "deal": Deal,
}
_WORDS = {
    "lanes": re.compile("x ([0-9]{1,40})"),
    "tree": re.compile("tree()"),
    "window_bits": re.compile("window ([0-9]{1,40})(?::(rtz|floor|odd))?"),
    "chunk": re.compile("chunk ([0-9]{1,40})(?: ?-> ?(.+))?"),
    **{name: part.pattern for name, part in _PARTS.items()},
}


def parse_summation(text: str) -> Summation:
    """Read a way of adding.

    ::

        x <lanes>, tree, window <bits>[:floor|:odd], chunk <products>[ -> <outer accumulator>]
        groups <ways>[ of <run>], join <bits>[:floor|:odd]
        late[ <bits of sum> <bits of accumulator>[:floor|:odd][ drop <distance>]]
        exponents[ normalised][ zero <exponent>][ as <format>], products rounded|bounded
        steps <ways>[ of <run>]

    each at most once, in any order; the empty string is `PLAIN`. What they mean stands in
    `fp8mac.hw.config.silicon.alignment`.

    Raises
    ------
    ConfigError
        If there is no such way of adding.

    Examples
    --------
    >>> parse_summation("x 4, tree").lanes, parse_summation("x 4, tree").tree
    (4, True)
    >>> parse_summation("late 32 25:floor, window 25, x 8").name
    'x 8, window 25, late 32 25:floor'
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
        if name in _PARTS:
            found[name] = _PARTS[name].read(match)
            continue
        found[name] = int(match[1]) if match[1] else True
        if name == "chunk" and match[2]:
            found["outer"] = parse_accumulator(match[2])
        if name == "window_bits" and match[2]:
            found["cut"] = TermCut(match[2])
    return Summation(**found)
