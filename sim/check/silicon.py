"""A unit against rows recorded on a card: golden model and matrix product.

Results that are NaN are compared as NaN: cards and models write payloads of their own. Rows that a
file flags by ``zero_e`` depend on the exponent that a model gives to a zero, which no card has been
seen to tell; they are counted apart, and computed with that exponent as well.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.silicon.alignment import Exponents
from fp8mac.hw.config.silicon.named import named
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.sim.check.recorded import Recorded, Rows, rows_of
from fp8mac.sim.check.sums import SumCircuits
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.exact.golden import State
from fp8mac.sim.gemm.definition import dot
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.result import GemmResult

__all__ = ["Compared", "check", "unit_of"]

_SIDE = 16  # rows of a matrix product, of which the diagonal is wanted
_SMALLEST = -126  # exponent of a zero in the public models


@dataclass(frozen=True)
class Compared:
    """What a file says of a unit.

    Parameters
    ----------
    config : MacConfig
        The unit, with as many lanes as the file has, where they are free.
    rows, products : int
        Rows, and products of each.
    wrong : dict of str to int
        Wrong rows by who computed them, ``golden``, ``gemm`` and ``netlist``, if it was asked for;
        without those that are flagged.
    flagged, flagged_wrong, flagged_wrong_with_exponent : int
        Rows that depend on the exponent of a zero; wrong ones among them; and those that stay wrong
        if a zero has the exponent -126.
    from_zero : bool
        Whether the file's accumulators were not those that were added to, but 0 was.
    first : str
        The first wrong row, replayed; empty if there is none.
    """

    config: MacConfig
    rows: int
    products: int
    wrong: dict[str, int]
    flagged: int
    flagged_wrong: int
    flagged_wrong_with_exponent: int
    from_zero: bool
    first: str

    @property
    def is_right(self) -> bool:
        """Whether no row is wrong but flagged ones."""
        return not any(self.wrong.values())


def unit_of(text: str, recorded: Recorded) -> MacConfig:
    """Unit that a text names, as a file needs it.

    Where lanes are free, a step has those of a row; where results are FP16 and the named unit's are
    not, it is the same unit with FP16 results.

    Raises
    ------
    Error
        If there is no such unit.
    """
    unit = None if "->" in text else named(text)
    if unit is not None and unit.takes_lanes and " x " not in f"{text} ":
        name, guard, bits = text.partition(" guard ")
        text = f"{name} x {recorded.products}{guard}{bits}"
    if unit is not None and unit.fp16 is not None and recorded.has_fp16_results:
        text = unit.fp16
    return parse_line(text)


def check(
    config: MacConfig,
    recorded: Recorded,
    progress: Callable[[], object] | None = None,
    circuits: SumCircuits | None = None,
) -> Compared:
    """Compare every row with the golden model and with a matrix product.

    Parameters
    ----------
    config : MacConfig
        The unit, see `unit_of`.
    recorded : Recorded
        The file.
    progress : callable, optional
        Called when a row is done.
    circuits : SumCircuits, optional
        Netlists that are compared as well.

    Raises
    ------
    InputError
        If the rows are not those of such a unit.
    """
    rows = rows_of(recorded, config)
    golden = _golden(config, rows, progress)
    from_zero = False
    telling = ~rows.zero_e & (rows.c != 0)
    if telling.any() and not _same(golden, rows.d)[telling].any():
        # Some cards were recorded with another accumulator than the one that is written down.
        other = replace(rows, c=np.zeros_like(rows.c))
        again = _golden(config, other, None)
        if _same(again, rows.d)[~rows.zero_e].all():
            rows, golden, from_zero = other, again, True
    right = _same(golden, rows.d)
    sums = {"golden": right, "gemm": _same(_products(config, rows), rows.d)}
    if circuits is not None:
        codes = circuits.sums(rows.a, rows.b, rows.c, rows.scales).astype(np.uint32)
        sums["netlist"] = _same(_result(config, codes), rows.d)
    flagged = rows.zero_e
    stays = 0
    if (flagged & ~right).any():
        stays = int((~_same(_with_exponent(config, _some(rows, flagged)), rows.d[flagged])).sum())
    wrong = np.flatnonzero(~np.logical_and.reduce(list(sums.values())) & ~flagged)
    return Compared(
        config,
        len(rows.d),
        recorded.products,
        {who: int((~same & ~flagged).sum()) for who, same in sums.items()},
        int(flagged.sum()),
        int((flagged & ~right).sum()),
        stays,
        from_zero,
        _replayed(config, rows, int(wrong[0]), golden) if wrong.size else "",
    )


def _some(rows: Rows, which: NDArray[np.bool_]) -> Rows:
    scales = None if rows.scales is None else (rows.scales[0][which], rows.scales[1][which])
    a, b, c, d = (each[which] for each in (rows.a, rows.b, rows.c, rows.d))
    return Rows(a, b, c, d, scales, rows.zero_e[which])


def _same(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether numbers are equal, signs of zero included; NaN is NaN."""
    return ((x == y) & (np.signbit(x) == np.signbit(y))) | (np.isnan(x) & np.isnan(y))


def _result(config: MacConfig, codes: NDArray[Any]) -> NDArray[np.float64]:
    accumulator = config.result.accumulator
    assert isinstance(accumulator, FloatAccConfig)
    return decode(codes, accumulator.format)


def _row(config: MacConfig, rows: Rows, row: int) -> int:
    """Accumulator after a row, by the golden model."""
    scales = None
    if rows.scales is not None:
        scales = rows.scales[0][row].tolist(), rows.scales[1][row].tolist()
    start = State(int(rows.c[row]), ())
    return dot(config, rows.a[row].tolist(), rows.b[row].tolist(), start, scales=scales).acc or 0


def _golden(
    config: MacConfig, rows: Rows, progress: Callable[[], object] | None
) -> NDArray[np.float64]:
    codes = np.zeros(len(rows.d), np.uint32)
    for row in range(len(codes)):
        codes[row] = _row(config, rows, row)
        if progress is not None:
            progress()
    return _result(config, codes)


def _with_exponent(config: MacConfig, rows: Rows) -> NDArray[np.float64]:
    how = config.summation
    exponents = Exponents(False, _SMALLEST, how.exponents.operands)
    return _golden(replace(config, summation=replace(how, exponents=exponents)), rows, None)


def _products(config: MacConfig, rows: Rows) -> NDArray[np.float64]:
    """Results of matrix products, of which each row is an element of the diagonal."""
    found = [np.zeros(0)]
    for first in range(0, len(rows.d), _SIDE):
        part = slice(first, first + _SIDE)
        a, b, c = rows.a[part], rows.b[part], rows.c[part]
        start = GemmResult(
            config.result, np.repeat(c[:, None], len(c), 1), np.zeros((len(c), len(c), 0), bool)
        )
        scales = None
        if rows.scales is not None:
            scales = rows.scales[0][part], rows.scales[1][part].T
        result = gemm(a, b.T, config, start=start, scales=scales)
        found.append(np.diagonal(result.values))
    return np.concatenate(found)


def _replayed(config: MacConfig, rows: Rows, row: int, golden: NDArray[np.float64]) -> str:
    """A row, as one can look at it: its terms, and the accumulator after each step."""
    a, b = rows.a[row].tolist(), rows.b[row].tolist()
    digits = -(-config.a.bits // 4), -(-config.b.bits // 4)
    x, y = decode(rows.a[row], config.a), decode(rows.b[row], config.b)
    lines = [f"row {row}: c = {_number(_result(config, rows.c[row : row + 1])[0])}"]
    if rows.scales is not None:
        scales = (" ".join(f"{code:02x}" for code in each[row].tolist()) for each in rows.scales)
        lines.append("  scales {} and {}".format(*scales))
    lines += [
        f"  {k:2d}: {a[k]:0{digits[0]}x} * {b[k]:0{digits[1]}x} = {_number(x[k])} * {_number(y[k])}"
        for k in range(len(a))
        if x[k] * y[k] != 0
    ]
    lines.append(f"  wanted {_number(rows.d[row])}")
    lines.append(f"  golden {_number(golden[row])}")
    return "\n".join(lines)


def _number(number: float) -> str:
    return float(number).hex().replace("0x0.0p+0", "0") + f" ({float(number):.9g})"
