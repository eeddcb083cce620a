"""Which products ran, on what, and what became of their numbers."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["ProductReport", "ProductRow", "RoundingCounts"]

_HEAD: tuple[str, ...] = tuple(
    "layer pass unit calls MAC saturated underflown overflown swamped".split()
)
_PASSES = ("forward", "data gradient", "weight gradient")


@dataclass
class RoundingCounts:
    """What rounding made of an operand's numbers.

    Parameters
    ----------
    numbers : int
        Numbers that were rounded.
    saturated : int
        Those beyond the format's largest number, infinities included.
    underflown : int
        Those that are not zero and became zero.
    """

    numbers: int = 0
    saturated: int = 0
    underflown: int = 0

    def add(self, other: "RoundingCounts") -> None:
        """Count others as well."""
        self.numbers += other.numbers
        self.saturated += other.saturated
        self.underflown += other.underflown


@dataclass
class ProductRow:
    """All products of one layer in one pass.

    Parameters
    ----------
    layer : str
        Name of the layer: its weight's, without ``.weight``; or the module's and the operation's.
    step : str
        ``forward``, ``data gradient`` or ``weight gradient``.
    unit : str
        Who multiplied; ``float32`` where the scheme leaves it so.
    left, right : str
        Roles of the operands.
    calls : int
        Products of matrices.
    multiplications : int
        Products of numbers.
    sums : int
        Sums that were made.
    overflown : int
        Sums that are NaN or infinite, or hold the largest number of an accumulator that saturates.
        An integer that wraps around is not seen.
    watched, swamped : int
        Products of numbers in a sample of the sums that are not zero, and those of them that are
        below half an ulp of the sum they are added to.
    left_counts, right_counts : RoundingCounts
        Of the operands.
    """

    layer: str
    step: str
    unit: str
    left: str
    right: str
    calls: int = 0
    multiplications: int = 0
    sums: int = 0
    overflown: int = 0
    watched: int = 0
    swamped: int = 0
    left_counts: RoundingCounts = field(default_factory=RoundingCounts)
    right_counts: RoundingCounts = field(default_factory=RoundingCounts)

    def record(self) -> dict[str, Any]:
        """As JSON types, in one level."""
        facts = asdict(self)
        for side in ("left", "right"):
            counts = facts.pop(f"{side}_counts")
            facts |= {f"{side}_{name}": value for name, value in counts.items()}
        return facts


class ProductReport:
    """Rows of all layers, in the order in which they were first computed.

    Iterating gives `ProductRow`; as text it is a table.
    """

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], ProductRow] = {}

    def row(self, layer: str, step: str, unit: str, left: str, right: str) -> ProductRow:
        """The row of a product, made where there is none."""
        key = layer, step, unit
        if key not in self._rows:
            self._rows[key] = ProductRow(layer, step, unit, left, right)
        return self._rows[key]

    def __iter__(self) -> Iterator[ProductRow]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def clear(self) -> None:
        """Count from zero."""
        self._rows.clear()

    def to_records(self) -> list[dict[str, Any]]:
        """One record for each row; ``pandas.DataFrame`` takes them."""
        return [row.record() for row in self]

    def __str__(self) -> str:
        lines = [_HEAD]
        for row in sorted(self, key=lambda row: _PASSES.index(row.step)):
            sides = row.left_counts, row.right_counts
            numbers = sum(side.numbers for side in sides)
            lines.append(
                (
                    row.layer,
                    row.step,
                    row.unit,
                    f"{row.calls}",
                    f"{row.multiplications}",
                    _share(sum(side.saturated for side in sides), numbers),
                    _share(sum(side.underflown for side in sides), numbers),
                    _share(row.overflown, row.sums),
                    _share(row.swamped, row.watched),
                )
            )
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if column < 3 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )


def _share(some: int, whole: int) -> str:
    """In per cent; exact zero and nothing to count look different."""
    if not whole:
        return "-"
    return "0" if not some else f"{100 * some / whole:.2g}%"
