"""Where cells and wires lie: the Design Exchange Format."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

__all__ = ["PlacedCell", "RoutedLayout", "Segment", "read_def"]


@dataclass(frozen=True)
class PlacedCell:
    """A cell at its place, in micrometres."""

    name: str
    cell: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Segment:
    """A piece of wire on a layer, in micrometres; a via where it has no length."""

    layer: str
    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def length(self) -> float:
        """Its length."""
        return abs(self.x1 - self.x2) + abs(self.y1 - self.y2)


@dataclass(frozen=True)
class RoutedLayout:
    """A unit that is placed and routed.

    Parameters
    ----------
    cells : tuple of PlacedCell
        Where its cells are.
    nets : dict
        Wires of each net, without those of power.
    """

    cells: tuple[PlacedCell, ...]
    nets: dict[str, tuple[Segment, ...]]

    @property
    def segments(self) -> list[Segment]:
        """All wires."""
        return [each for wires in self.nets.values() for each in wires]

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """Left, lower, right and upper edge of the rows."""
        return (
            min(each.x for each in self.cells),
            min(each.y for each in self.cells),
            max(each.x + each.width for each in self.cells),
            max(each.y + each.height for each in self.cells),
        )

    @property
    def area_um2(self) -> float:
        """Of the rows, with what is left free in them."""
        left, lower, right, upper = self.box
        return (right - left) * (upper - lower)

    @property
    def cell_area_um2(self) -> float:
        """Of the cells."""
        return sum(each.width * each.height for each in self.cells)

    @property
    def wire_um(self) -> float:
        """Length of all wires."""
        return sum(each.length for each in self.segments)


def read_def(text: str, sizes: dict[str, tuple[float, float]]) -> RoutedLayout:
    """Cells and wires of a file in the Design Exchange Format, as qrouter writes it.

    Parameters
    ----------
    text : str
        The file.
    sizes : dict
        Width and height of each cell, in micrometres; others, which fill rows, are left out.
    """
    found = re.search(r"^UNITS DISTANCE MICRONS (\d+)", text, re.MULTILINE)
    units = float(found[1]) if found else 100.0
    cells = [
        PlacedCell(name, cell, int(x) / units, int(y) / units, *sizes[cell])
        for name, cell, x, y in re.findall(
            r"^- (\S+) (\S+) \+ PLACED \( (-?\d+) (-?\d+) \)", text, re.MULTILINE
        )
        if cell in sizes
    ]
    section = re.search(r"^NETS .*?^END NETS", text, re.MULTILINE | re.DOTALL)
    nets = re.findall(r"^- (\S+)(.*?);$", section[0] if section else "", re.MULTILINE | re.DOTALL)
    return RoutedLayout(tuple(cells), {name: tuple(_segments(body, units)) for name, body in nets})


def _segments(body: str, units: float) -> Iterator[Segment]:
    """Pieces of a net; a via alone has no length."""
    for layer, points in re.findall(r"(?:ROUTED|NEW) (\S+)((?: \( \S+ \S+ \))+)", body):
        x = y = 0.0
        ends: list[tuple[float, float]] = []
        for left, right in re.findall(r"\( (\S+) (\S+) \)", points):
            x = x if left == "*" else int(left) / units
            y = y if right == "*" else int(right) / units
            ends.append((x, y))
        for before, after in pairwise(ends if len(ends) > 1 else ends * 2):
            yield Segment(layer, *before, *after)
