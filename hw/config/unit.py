"""What a unit is: two operand formats, an accumulator, and how products are added.

Equal configurations have equal slugs, different ones different slugs; the slug names the Verilog
module, the file, the build folder and the row in a report.
"""

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from fp8mac.hw.config.accumulators import (
    ConfigError,
    Resolve,
    integer,
    parse_accumulator,
)
from fp8mac.hw.config.blocks import SharedScale, block_name, parse_operands
from fp8mac.hw.config.formats import FloatFormat, Rounding
from fp8mac.hw.config.lane import Lane
from fp8mac.hw.config.outputs.output import OutputConfig, parse_output
from fp8mac.hw.config.silicon.named import line_of, named
from fp8mac.hw.config.summation import PLAIN, Summation, parse_summation

__all__ = ["MacConfig", "parse_line", "parse_unit"]


@dataclass(frozen=True)
class MacConfig(Lane):
    """A unit that adds products ``a * b`` to an accumulator.

    Parameters
    ----------
    a, b : FloatFormat or IntFormat
        Operands; any pair.
    accumulator : KulischConfig or FloatAccConfig or IntAccConfig
        Where the exact products are added.
    summation : Summation
        How; default one product at a time.
    block : SharedScale, optional
        Elements of both operands share scales, in blocks of so many.
    stages : int
        1, or up to `most_stages`, with registers before the sum; sums are the same, cycles later.
    output : FloatAccConfig, ScaledFloat or Requantizer, optional
        What an exact sum is rounded to, once, where it leaves the unit.

    Raises
    ------
    ConfigError
        If an integer accumulator is given a float operand, or is narrower than the product, or
        products cannot be added so.
    """

    summation: Summation = PLAIN
    block: SharedScale | None = None
    stages: int = 1
    output: OutputConfig | None = None
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stages", integer(self.stages, "stages"))
        super().__post_init__()
        if not 1 <= self.stages <= self.most_stages:
            many = "1 or 2" if self.most_stages == 2 else f"1 to {self.most_stages}"
            text = replace(self, stages=1).text
            raise ConfigError(f"{text} has {many} stages, not {self.stages}.")
        if self.stages > 1 and self.resolve is Resolve.IDLE:
            raise ConfigError(
                "A register that idle cycles resolve is of one stage: ready would say nothing of a "
                "product that is on its way."
            )
        self._check_output()
        if self.block is not None:
            self.summation.check_blocks(self.block.size, self.accumulator)
        floats = isinstance(self.a, FloatFormat) and isinstance(self.b, FloatFormat)
        self.summation.check(self.accumulator, of_floats=floats)
        if self.summation.outer == self.accumulator:  # is the default
            object.__setattr__(self, "summation", replace(self.summation, outer=None))
        object.__setattr__(self, "_hash", hash(self._content))
        if self.summation.outer is not None and self.result.flags != self.flags:
            raise ConfigError(
                f"Partial sums in {self.accumulator.name} cannot be added in "
                f"{self.result.accumulator.name}: only one of them holds NaN."
            )

    def _check_output(self) -> None:
        """Refuse an output that cannot be."""
        if self.output is None:
            return
        if not self.is_fixed:
            raise ConfigError(
                f"Sums in {self.accumulator.name} are rounded at every step and leave as they are; "
                "an output format is for kulisch and integer accumulators."
            )
        if self.output.rounding not in (Rounding.RNE, Rounding.RTZ):
            raise ConfigError("An output is rounded to nearest even, or toward zero (:rtz).")
        if self.segment_bits is not None and self.resolve is not Resolve.COMBINATIONAL:
            raise ConfigError(
                "A register in segments is rounded from its resolved sum; add "
                ":resolve=combinational."
            )

    def __hash__(self) -> int:
        """Hash, computed once: models look a unit up at every step."""
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        """Content alone: hashes of strings differ from process to process."""
        return MacConfig, self._content

    @property
    def _content(self) -> tuple[Any, ...]:
        how = self.summation, self.block, self.stages, self.output
        return self.a, self.b, self.accumulator, *how

    @property
    def slug(self) -> str:
        """Name of module, file, folder and report row.

        Examples
        --------
        >>> parse_unit("e4m3", acc="fp16").slug, parse_unit("int8", "int4", acc="kulisch").slug
        ('mac_e4m3_e4m3_fp16', 'mac_int8_int4_kulisch12')
        >>> parse_unit("e4m3", acc="kulisch:3", stages=2).slug
        'mac_e4m3_e4m3_kulisch3_stages2'
        """
        words = ["mac", *self.operand_names, self.accumulator.name, self.summation.name]
        words += [f"stages{self.stages}"] if self.stages > 1 else []
        words += [f"out_{self.output.name}"] if self.output else []
        slug = "_".join(filter(None, words)).replace(" -> ", "_").replace(", ", "_")
        slug = slug.replace("kulisch:", "kulisch").replace(":", "_")
        slug = slug.replace("resolve=", "resolve_").replace("=", "")
        slug = re.sub("([0-9]) ([0-9])", r"\1x\2", slug)  # "late 32 25" is not "late 322 5"
        return slug.replace(" ", "").replace("-", "n").replace("/", "_")

    @property
    def operand_names(self) -> tuple[str, str]:
        """Names of the operands' formats, of blocks or not."""
        return block_name(self.a, self.block), block_name(self.b, self.block)

    @property
    def text(self) -> str:
        """The unit in one line, see `parse_line`.

        Examples
        --------
        >>> parse_unit("e4m3", acc="fp16").text, parse_line("int8*int4 x 4 -> int32").text
        ('e4m3 -> fp16', 'int8*int4 x 4 -> int32')
        """
        a, b = self.operand_names
        operands = a if a == b else f"{a}*{b}"
        lanes = f" x {self.summation.lanes}" if self.summation.lanes > 1 else ""
        words = [f"{operands}{lanes} -> {self.accumulator.name}"]
        words += [self.summation.name.removeprefix(lanes[1:]).removeprefix(", ")]
        words += [f"stages {self.stages}"] if self.stages > 1 else []
        words += [f"output {self.output.name}"] if self.output else []
        return ", ".join(filter(None, words))

    @cached_property
    def plain(self) -> "MacConfig":
        """Unit with the same accumulator that adds products one by one."""
        if self.summation == PLAIN and self.block is None:
            return self
        return replace(self, summation=PLAIN, block=None)

    @cached_property
    def result(self) -> "MacConfig":
        """Unit whose accumulator holds the result: the outer one, if there is one."""
        outer = self.summation.outer
        return self.plain if outer is None else replace(self.plain, accumulator=outer)

    @property
    def most_stages(self) -> int:
        """Stages that registers can cut it into: a rounded sum, or one of lanes, is one piece."""
        return 3 if self.is_fixed and self.summation == PLAIN and self.block is None else 2

    @property
    def latency_cycles(self) -> int:
        """Cycles from operands to the sum that holds their products, of the registered unit."""
        return self.stages

    @property
    def random_bits(self) -> int | None:
        """Bits of the random number that a step draws, if the accumulator rounds stochastically."""
        return getattr(self.accumulator, "random_bits", None)

    @property
    def scales_per_cycle(self) -> int:
        """Scales of each operand that a cycle takes; 0 where operands are not blocks."""
        return 0 if self.block is None else max(1, self.summation.lanes // self.block.size)

    @property
    def products_per_cycle(self) -> int:
        """Products that are added in a cycle."""
        return self.summation.lanes


def parse_unit(
    a: str,
    b: str | None = None,
    *,
    acc: str | None = None,
    summation: str = "",
    stages: int = 1,
    output: str | None = None,
) -> MacConfig:
    """Read a unit: operand formats ``a`` and ``b`` (default: as ``a``) and an accumulator.

    Parameters
    ----------
    a, b : str
        See `fp8mac.hw.config.formats.parse_format`, and `fp8mac.hw.config.blocks`. Without ``acc``,
        ``a`` is the whole unit: a name, or one line, see `parse_line`.
    acc : str, optional
        See `fp8mac.hw.config.accumulators.parse_accumulator`.
    summation : str
        See `fp8mac.hw.config.summation.parse_summation`.
    stages : int
        See `MacConfig`.

    Raises
    ------
    FormatError
        If there is no such format.
    ConfigError
        If there is no such accumulator, way of adding or unit.
    """
    if acc is None:
        if b is not None:
            raise ConfigError(f"The accumulator of {a} and {b} is to be named.")
        if summation:
            raise ConfigError(f"How {a} adds is a part of it; '{summation}' is one too many.")
        found = parse_line(a)
        found = found if stages == 1 else replace(found, stages=stages)
        return found if output is None else replace(found, output=parse_output(output))
    how = parse_summation(summation)
    left, right, block = parse_operands(a, a if b is None else b)
    rounded = None if output is None else parse_output(output)
    return MacConfig(left, right, parse_accumulator(acc), how, block, stages, rounded)


def parse_line(line: str) -> MacConfig:
    """Read a unit in one line, or by its name.

    ::

        <format>[*<format>] [x <lanes>] -> <accumulator>[, tree][, window <bits>][, chunk ...]
                                                        [, stages <n>][, output <format>]
        <name of `fp8mac.hw.config.silicon.named`>

    Raises
    ------
    FormatError, ConfigError
        As `parse_unit`; or if the line is of another form.

    Examples
    --------
    >>> parse_line("e4m3 x 32 -> fp32, window 26").slug
    'mac_e4m3_e4m3_fp32_x32_window26'
    >>> parse_line("e4m3 -> kulisch, stages 2").text
    'e4m3 -> kulisch:12, stages 2'
    """
    if "->" not in line and named(line) is not None:
        line = line_of(line)
    left, arrow, right = line.lower().partition("->")
    acc, _, way = right.strip().partition(",")
    operands, times, lanes = left.partition(" x ")
    if not (arrow and operands.strip() and acc.strip()):
        raise ConfigError(
            f"'{line}' is not a unit; write <format>[*<format>] [x <lanes>] -> <accumulator>, and "
            "how products are added behind a comma; 'fp8mac units' lists names."
        )
    a, both, b = operands.partition("*")
    summation = [f"x {lanes}"] if times else []
    found: dict[str, str] = {}
    for word in way.split(","):
        name, _, value = word.strip().partition(" ")
        if name not in ("stages", "output"):
            summation.append(word)
        elif name in found:
            raise ConfigError(f"'{word.strip()}' is said twice.")
        else:
            found[name] = value.strip()
    return parse_unit(
        a,
        b if both else None,
        acc=acc,
        summation=",".join(summation),
        stages=_stages(found.get("stages", "1")),
        output=found.get("output"),
    )


def _stages(text: str) -> int:
    if not re.fullmatch("[0-9]{1,20}", text):
        raise ConfigError(f"'stages {text}' is no number of stages; write stages 2.")
    return int(text)
