"""Test vectors as text, for anybody's hardware: one case a line, with the right answer.

A line that begins with ``#`` is a comment; the last of these names the columns. Numbers are
hexadecimal patterns, flags and controls single digits, and ``x`` is what is not specified::

    # a b acc want
    38 41 3c00 4280

Of an accumulator in segments ``want`` is the value, see `fp8mac.sim.exact.segments`: which words
and carries stand for it is left to the hardware.
"""

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from itertools import chain, product, repeat

import numpy as np

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.formats import Format
from fp8mac.hw.config.outputs.output import rescale_widths
from fp8mac.hw.config.ports import Role, Shape, named, ports, products_text
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.stimuli import (
    Triples,
    biased_triples,
    integers,
    packed,
    random_carries,
    random_numbers,
)
from fp8mac.sim.check.words import random_rescales
from fp8mac.sim.codes.numbers import legal_codes
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.segments import resolved

__all__ = ["product_lines", "sequence_lines", "vector_lines"]


def vector_lines(config: MacConfig, count: int, seed: int) -> Iterator[str]:
    """Steps of a core, weighted to ties, cancellation, subnormal numbers, overflow and specials.

    Columns are ``a b acc want``, and one for each of ``config.flags``: ``want`` is the accumulator
    after ``acc + a * b``, not specified where a flag is raised. Beside the word of an accumulator
    in segments is a column of its carries, and behind ``b`` one of random numbers, where it rounds
    stochastically. Every pair of operands occurs, if
    there are as many cases, and at most 2**16 pairs.

    Parameters
    ----------
    count : int
        Number of cases.
    seed : int
        Equal seeds give equal lines.

    Returns
    -------
    iterator of str
        Lines without line ends: the comments, then ``count`` cases.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> lines = list(vector_lines(parse_unit("e4m3", acc="kulisch"), 100, seed=1))
    >>> lines[2], len(lines)
    ('# a b acc want nan', 103)
    """
    header = _header(config, _columns(config), f"{count} cases, seed {seed}")
    triples = biased_triples(config, count, seed)
    drawn = random_numbers(config, count, seed)
    cases = ((a, b, (acc,)) for a, b, acc in triples.integers())
    if config.segment_bits is not None:
        carries = Triples(triples.a, triples.b, random_carries(config, count, seed)).integers()
        both = zip(triples.integers(), carries, strict=True)
        cases = ((a, b, (acc, carry)) for (a, b, acc), (_, _, carry) in both)
    return chain(header, _steps(config, cases, drawn))


def product_lines(config: MacConfig) -> Iterator[str]:
    """Every pair of operands once, in the columns of `vector_lines`.

    The accumulator is 0, so that ``want`` is the product, rounded where it has to be; that of a
    product of -0 is +0. Random numbers are 0 all the time.

    Raises
    ------
    ConfigError
        If there are more than 2**24 pairs, or operands are blocks.
    """
    bits = sum(named(ports(config, Shape.CORE), Role.OPERAND, Role.SCALE).values())
    if bits > 24 or config.block is not None:
        raise ConfigError(f"All pairs of operands of {config.slug} are 2**{bits} cases, too many.")
    header = _header(config, _columns(config), "all pairs of operands")
    zero = (0, 0) if config.segment_bits is not None else (0,)
    pairs = product(*(_legal(config, format_) for format_ in (config.a, config.b)))
    return chain(header, _steps(config, ((a, b, zero) for a, b in pairs), repeat(0)))


def sequence_lines(config: MacConfig, count: int, seed: int) -> Iterator[str]:
    """Clock cycles of a registered unit, of which the first is a reset.

    Columns are ``rst en clear a b acc``, before ``acc`` what sums are rescaled with as they leave,
    if they are, and one for each of ``config.flags``; the accumulator and
    the flags are those after the clock edge that takes the inputs; in a unit of several
    stages the inputs reach them that many edges later, less one. The rounded sum, ``out``, comes
    last, if there is one. Of an accumulator in segments it is the value.

    Parameters are those of `vector_lines`.
    """
    operands = (Role.OPERAND, Role.SCALE, Role.RANDOM, Role.RESCALE)
    roles = (Role.RESET, Role.CONTROL, *operands, Role.RESULT)
    columns = named(ports(config, Shape.UNIT), *roles)
    header = _header(config, " ".join(columns), f"{count} cycles, seed {seed}")
    header[-1] += " out" if config.output else ""
    a, b, _ = biased_triples(config, count, seed)
    controls = np.random.default_rng([seed, 1]).random((count, 3)) < (1 / 64, 7 / 8, 1 / 4)
    controls[:1, 0] = True
    drawn = random_numbers(config, count, seed)
    inputs = zip(*controls.T.tolist(), integers(a), integers(b), drawn, strict=True)
    rescales = random_rescales(config.output, config, count, seed)
    return chain(header, _cycles(config, inputs, rescales or [golden.NO_RESCALE] * count))


def _legal(config: MacConfig, format_: Format) -> list[int]:
    """Operands that may be presented to a unit, those of its lanes packed."""
    lanes = np.array(list(product(legal_codes(format_), repeat=config.products_per_cycle)))
    return integers(packed(lanes[:, ::-1].astype(np.uint64), format_.bits))


def _columns(config: MacConfig) -> str:
    scales = "" if config.block is None else "sa sb "
    random = "random " * (config.random_bits is not None)
    return f"a b {scales}{random}acc {'' if config.segment_bits is None else 'carry '}want"


def _steps(
    config: MacConfig, cases: Iterable[tuple[int, int, tuple[int, ...]]], drawn: Iterable[int]
) -> Iterator[str]:
    row = _Row(config)
    for (a, b, acc), random in zip(cases, drawn, strict=False):
        value = acc[0] if len(acc) == 1 else resolved(config, *acc)
        want = golden.mac(config, a, b, value, random=random)
        yield f"{row.operands(a, b, random)} {row.acc(*acc)} {row.state(want)}"


def _cycles(
    config: MacConfig,
    inputs: Iterable[tuple[bool, bool, bool, int, int, int]],
    rescales: Iterable[golden.Rescale],
) -> Iterator[str]:
    row = _Row(config)
    held = None
    for (rst, en, clear, a, b, random), rescale in zip(inputs, rescales, strict=True):
        held = golden.clock(config, held, a, b, en=en, clear=clear, rst=rst, random=random)
        columns = (f"{rst:d} {en:d} {clear:d} {row.operands(a, b, random)}", *row.rescale(rescale))
        yield " ".join([*columns, row.state(held.state)]) + row.out(held.state, rescale)


class _Row:
    """Columns of a fixed width."""

    def __init__(self, config: MacConfig) -> None:
        self._config = config
        table = ports(config, Shape.CORE)
        widths = named(table, Role.OPERAND, Role.STATE, Role.CARRY_STATE).values()
        a, b, *acc = (f"{{:0{-(-bits // 4)}x}}" for bits in widths)
        scale = f"{{:0{2 * config.scales_per_cycle}x}}"
        self._operands = (f"{a} {b}" if config.block is None else f"{a} {b} {scale} {scale}").format
        self._random = f" {{:0{-(-(config.random_bits or 0) // 4)}x}}".format
        self.acc = " ".join(acc).format
        self._value = acc[0].format
        self._unspecified = "x" * len(self._value(0))

    def operands(self, a: int, b: int, random: int) -> str:
        """Columns of operands, of scales, and of random numbers."""
        drawn = "" if self._config.random_bits is None else self._random(random)
        return self._pair(a, b) + drawn

    def _pair(self, a: int, b: int) -> str:
        config = self._config
        if config.block is None:
            return self._operands(a, b)
        (a, sa), (b, sb) = (
            golden.apart(config, a, config.a.bits),
            golden.apart(config, b, config.b.bits),
        )
        return self._operands(a, b, sa, sb)

    def rescale(self, rescale: golden.Rescale) -> list[str]:
        """Columns of what a sum is rescaled with as it leaves."""
        config = self._config
        widths = rescale_widths(config.output, config.acc_bits)
        words = rescale.ports(config.output, config.acc_bits)
        return [f"{words[name]:0{-(-bits // 4)}x}" for name, bits in widths.items()]

    def out(self, state: golden.State, rescale: golden.Rescale) -> str:
        """Last column of a unit with an output."""
        if (output := self._config.output) is None:
            return ""
        digits, code = -(-output.format.bits // 4), golden.leave(self._config, state, rescale)
        return " " + ("x" * digits if code is None else f"{code:0{digits}x}")

    def state(self, state: golden.State) -> str:
        acc = self._unspecified if state.acc is None else self._value(state.acc)
        return " ".join([acc, *("1" if flag else "0" for flag in state.flags)])


def _header(config: MacConfig, columns: str, remark: str) -> list[str]:
    acc = config.accumulator
    formula, count = products_text(config), config.products_per_cycle
    lanes = f", {count} lanes, lane 0 in the lowest bits" if count > 1 else ""
    return [
        f"# {config.slug}: acc + {formula} of {config.a} times {config.b} in {acc.name}{lanes}",
        f"# fp8mac {version('fp8mac')}, {remark}",
        " ".join(["#", columns, *config.flags]),
    ]
