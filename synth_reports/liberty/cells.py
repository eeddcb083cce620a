"""Cells of a library: pins, functions, capacitances, tables, in the units of one file of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import isfinite

from fp8mac.synth_reports.liberty.functions import Function, parse_function
from fp8mac.synth_reports.liberty.reader import Group
from fp8mac.synth_reports.liberty.units import Units

__all__ = ["Cell", "Pin", "Table", "make_cells", "read_function", "tables"]

_MAYBE_WRONG = ("bus", "bundle")  # pins that nobody here or in ABC takes apart


@dataclass(frozen=True)
class Table:
    """Values over one or two axes, linear between and beyond the points.

    Parameters
    ----------
    slews, loads : tuple of float
        Points; a single one where the table does not depend on it.
    values : tuple of tuple of float
        By slew and load.
    """

    slews: tuple[float, ...]
    loads: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]

    def at(self, slew: float, load: float) -> float:
        """Value, in the library's units."""
        row, along = _place(self.slews, slew)
        column, across = _place(self.loads, load)
        total = 0.0
        for down, weight in ((0, 1 - along), (1, along)):
            for right, share in ((0, 1 - across), (1, across)):
                if weight * share:
                    total += weight * share * self.values[row + down][column + right]
        return total


def _place(points: tuple[float, ...], value: float) -> tuple[int, float]:
    """Interval that a value is in, or is nearest to, and how far along."""
    if len(points) == 1:
        return 0, 0.0
    place = sum(value >= point for point in points[1:-1])
    return place, (value - points[place]) / (points[place + 1] - points[place])


@dataclass(frozen=True)
class Pin:
    """A pin of a cell.

    Parameters
    ----------
    name : str
        Its name.
    output : bool
        Whether the cell drives it.
    capacitance : float
        Of an input, in the library's unit.
    function : Function or None
        Of an output that has one.
    group : Group
        Everything else.
    """

    name: str
    output: bool
    capacitance: float
    function: Function | None
    group: Group


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell.

    Parameters
    ----------
    name : str
        Its name.
    area : float
        In the library's unit.
    pins : dict of str to Pin
        Its pins.
    usable : bool
        Whether mapping may use it.
    group : Group
        Everything else.
    units : Units
        Of its file, as multiples of those of the library.
    """

    name: str
    area: float
    pins: dict[str, Pin]
    usable: bool
    group: Group
    units: Units

    @cached_property
    def output(self) -> Pin | None:
        """The output, of a cell that has one."""
        outputs = [pin for pin in self.pins.values() if pin.output]
        return outputs[0] if len(outputs) == 1 else None

    @property
    def inputs(self) -> list[Pin]:
        """Inputs, in order."""
        return [pin for pin in self.pins.values() if not pin.output]

    def timings(self, *names: str) -> list[Table]:
        """Tables of the given kinds in all timing groups of its pins."""
        arcs = [arc for pin in self.group.all("pin") for arc in pin.all("timing")]
        return [table for arc in arcs for table in tables(arc, self.units, *names)]


def make_cells(library: Group, units: Units) -> Iterator[Cell]:
    """Cells of a file, whose ``units`` are multiples of those that are wanted.

    Raises
    ------
    LibertyError
        If a cell has something that is not a number or a function.
    """
    default = library.number("default_input_pin_cap") or 0.0
    for group in library.all("cell"):
        name, area, pins = group.arguments, group.number("area"), {}
        for pin in group.all("pin"):
            output = pin.attributes.get("direction") != "input"
            capacitance = 0.0 if output else _capacitance(pin, default) * units.capacitance
            function = read_function(pin, "function", name) if output else None
            for each in pin.arguments.split(","):
                pins[each] = Pin(each, output, capacitance, function, pin)
        banned = group.attributes.get("dont_use", "false").lower() == "true"
        whole = not any(group.all(kind) for kind in _MAYBE_WRONG)
        usable = area is not None and not banned and whole
        yield Cell(name, area or 0.0, pins, usable, group, units)


def _capacitance(pin: Group, default: float) -> float:
    """Of an input: stated, else the mean of the edges, else the library's default."""
    if (stated := pin.number("capacitance")) is not None:
        return stated
    edges = [pin.number(f"{edge}_capacitance") for edge in ("rise", "fall")]
    known = [edge for edge in edges if edge is not None]
    return sum(known) / len(known) if known else default


def read_function(group: Group, name: str, cell: str) -> Function | None:
    """Attribute as a function of pins; None where it is not there.

    Raises
    ------
    LibertyError
        If it is no function.
    """
    text = group.attributes.get(name)
    try:
        return None if text is None else parse_function(text)
    except ValueError as error:
        raise group.error(f"in {cell}, {str(error).rstrip('.')}", name) from None


def tables(group: Group, units: Units, *names: str) -> list[Table]:
    """Tables of the given kinds in a group ``timing`` or ``internal_power``; none without values.

    Raises
    ------
    LibertyError
        If one has something that is not a number, or too few or too many of them.
    """
    found = [each for name in names for each in group.all(name)]
    return [_table(each, units) for each in found if each.statement("values")]


def _table(group: Group, units: Units) -> Table:
    template = _template(group)
    first, second = (_axis(group, template, name) for name in ("index_1", "index_2"))
    variables = [template.attributes.get(f"variable_{n}", "") if template else "" for n in (1, 2)]
    factor = units.energy if "power" in group.kind else units.time
    values = _numbers(group, "values", factor)
    if len(values) == 1 or not first:
        if len(values) != 1:
            raise group.error(f"a table {group.kind} without axes has {len(values)} values")
        return Table((0.0,), (0.0,), (values,))
    if len(values) != len(first) * max(1, len(second)):
        points = f"{len(first)} x {len(second)}" if second else f"{len(first)}"
        raise group.error(f"a table {group.kind} over {points} points has {len(values)} values")
    is_load = "capacitance" in variables[0]
    loads = (first if is_load else second) or (0.0,)
    slews = (second if is_load else first) or (0.0,)
    width = len(second) or 1
    rows = tuple(values[start : start + width] for start in range(0, len(values), width))
    if is_load:
        rows = tuple(zip(*rows, strict=True))
    return Table(
        tuple(slew * units.time for slew in slews),
        tuple(load * units.capacitance for load in loads),
        rows,
    )


def _template(group: Group) -> Group | None:
    """Shape of a table; of the other kind where there is none of its own."""
    kinds = ["lu_table_template", "power_lut_template"]
    known, name = group.file.templates, group.arguments
    ordered = kinds[::-1] if "power" in group.kind else kinds
    return next((known[kind, name] for kind in ordered if (kind, name) in known), None)


def _axis(group: Group, template: Group | None, name: str) -> tuple[float, ...]:
    """Points of an axis: rising, or none."""
    owner = group if group.statement(name) or template is None else template
    points = _numbers(owner, name, 1.0)
    if any(low >= high for low, high in pairwise(points)):
        raise owner.error(f"the {name} of {owner.kind} ({owner.arguments}) does not rise")
    return points


def _numbers(group: Group, name: str, factor: float) -> tuple[float, ...]:
    statement = group.statement(name)
    if statement is None:
        return ()
    words = [word for row in statement.words for word in re.split(r"[\s,]+", row) if word]
    try:
        numbers = tuple(float(word) * factor for word in words)
        if all(map(isfinite, numbers)):
            return numbers
        raise ValueError
    except ValueError:
        text = " ".join(words)[:40]
        raise group.file.error(statement.at, f"'{text}' is not a row of numbers") from None
