"""Reads what a measurement needs of a Liberty file: areas, functions, capacitances, tables.

A file is one tree of groups. It is read by one regular expression, a statement at a time, and
tables are made of their text only where somebody looks into them.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fp8mac.synth_reports.liberty.functions import Function, parse_function

__all__ = ["Cell", "Group", "LibertyError", "Pin", "Table", "parse_liberty", "read_text"]

_LARGEST = 200_000_000  # bytes

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\\\r?\n", re.DOTALL)
_STATEMENT = re.compile(
    r"""\s*(?:
        (?P<close>\})
      | (?P<name>[A-Za-z_][\w.-]*)\s*(?:
            :\s*(?P<value>"[^"]*"|[^;\n}"]+)\s*;?
          | \(\s*(?P<arguments>(?:"[^"]*"|[^()"{};])*)\)\s*(?:(?P<open>\{)|;?)
        )
      | ;
    )""",
    re.VERBOSE,
)


class LibertyError(ValueError):
    """A file that cannot be used as a cell library; the message is one sentence for the user."""


@dataclass
class Group:
    """``kind (arguments) { attributes and groups }``.

    Parameters
    ----------
    kind : str
        What it is.
    arguments : str
        What stands in its brackets, without quotes.
    attributes : dict of str to str
        Simple attributes without quotes, and complex ones as what stands in their brackets.
    groups : list of Group
        What it contains, in order.
    """

    kind: str
    arguments: str
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list["Group"] = field(default_factory=list)

    def all(self, kind: str) -> list["Group"]:
        """Groups of a kind in it."""
        return [group for group in self.groups if group.kind == kind]

    def number(self, name: str) -> float | None:
        """Attribute as a number; None where it is not there."""
        text = self.attributes.get(name)
        if text is None:
            return None
        try:
            return float(text)
        except ValueError:
            raise LibertyError(f"the {name} of {self.arguments} is '{text}'") from None


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


@dataclass(frozen=True)
class Cell:
    """A cell.

    Parameters
    ----------
    name : str
        Its name.
    area : float
        In the library's unit.
    leakage : float or None
        Power, in the library's unit; None where nothing is said.
    pins : dict of str to Pin
        Its pins.
    usable : bool
        Whether mapping may use it.
    group : Group
        Everything else.
    """

    name: str
    area: float
    leakage: float | None
    pins: dict[str, Pin]
    usable: bool
    group: Group

    @cached_property
    def output(self) -> Pin | None:
        """The output, of a cell that has one."""
        outputs = [pin for pin in self.pins.values() if pin.output]
        return outputs[0] if len(outputs) == 1 else None

    @property
    def inputs(self) -> list[Pin]:
        """Inputs, in order."""
        return [pin for pin in self.pins.values() if not pin.output]


def read_text(path: Path) -> str:
    """Text of a Liberty file.

    Raises
    ------
    LibertyError
        If it cannot be read, is too large, or does not begin as a library does.
    """
    try:
        if (size := path.stat().st_size) > _LARGEST:
            raise LibertyError(f"'{path}' has {size / 1e6:.0f} MB; a Liberty file has at most 200.")
        text = path.read_text(encoding="latin-1")
    except OSError as error:
        raise LibertyError(f"Cannot read '{path}': {error.strerror}.") from None
    if not re.search(r"^\s*library\s*\(", text, re.MULTILINE):
        raise LibertyError(f"'{path}' is not a Liberty file: it has no group library.")
    return text


def parse_liberty(text: str, source: str) -> Group:
    """Tree of the groups of a Liberty file.

    Raises
    ------
    LibertyError
        If it ends early, or something in it is not Liberty.
    """
    text = _COMMENT.sub(" ", text).rstrip()
    root = Group("", "")
    path, place = [root], 0
    while place < len(text):
        match = _STATEMENT.match(text, place)
        if match is None or (match["close"] and len(path) == 1):
            near = re.sub(r"\s+", " ", text[place : place + 40]).strip()
            raise LibertyError(f"'{source}' is not a Liberty file; it is broken at '{near}'.")
        place = match.end()
        if match["close"]:
            path.pop()
        elif match["open"]:
            group = Group(match["name"], match["arguments"].replace('"', "").strip())
            path[-1].groups.append(group)
            path.append(group)
        elif match["name"]:
            value = match["arguments"] if match["value"] is None else match["value"]
            path[-1].attributes[match["name"]] = value.strip().strip('"')
    libraries = root.all("library")
    if len(path) > 1 or len(libraries) != 1:
        raise LibertyError(f"'{source}' is not a whole Liberty file: it ends early.")
    return libraries[0]


def make_cells(library: Group) -> dict[str, Cell]:
    """Cells of a library.

    Raises
    ------
    LibertyError
        If there are none, or one has something that is not a number or a function.
    """
    default = library.number("default_input_pin_cap") or 0.0
    cells = {}
    for group in library.all("cell"):
        area = group.number("area")
        pins = {}
        for pin in group.all("pin"):
            for name in re.split(r"[\s,]+", pin.arguments):
                output = pin.attributes.get("direction") != "input"
                text = pin.attributes.get("function") if output else None
                capacitance = pin.number("capacitance")
                pins[name] = Pin(
                    name,
                    output,
                    (default if capacitance is None else capacitance) if not output else 0.0,
                    _function(text, group.arguments),
                    pin,
                )
        cells[group.arguments] = Cell(
            group.arguments,
            area or 0.0,
            _leakage(group),
            pins,
            area is not None and group.attributes.get("dont_use", "false").lower() != "true",
            group,
        )
    if not cells:
        raise LibertyError("it has no cells")
    return cells


def _function(text: str | None, cell: str) -> Function | None:
    try:
        return None if text is None else parse_function(text)
    except ValueError as error:
        raise LibertyError(f"in {cell}, {str(error).rstrip('.')}") from None


def _leakage(cell: Group) -> float | None:
    """Stated average, else the mean of the states."""
    states = [state.number("value") for state in cell.all("leakage_power")]
    values = [value for value in states if value is not None]
    stated = cell.number("cell_leakage_power")
    return stated if stated is not None else sum(values) / len(values) if values else None


def tables(group: Group, library: Group, *names: str) -> list[Table]:
    """Tables of the given kinds in a group ``timing`` or ``internal_power``."""
    return [_table(each, library) for name in names for each in group.all(name)]


def _table(group: Group, library: Group) -> Table:
    kinds = ("lu_table_template", "power_lut_template")
    templates = (each for kind in kinds for each in library.all(kind))
    template = next((each for each in templates if each.arguments == group.arguments), None)
    shape = template.attributes if template else {}

    def axis(name: str) -> tuple[float, ...]:
        return _numbers(group.attributes.get(name, shape.get(name, "")))

    values = _numbers(group.attributes.get("values", ""))
    first, second = axis("index_1"), axis("index_2")
    if len(values) == 1 or not first:
        return Table((0.0,), (0.0,), ((values or (0.0,))[:1],))
    is_load = "capacitance" in shape.get("variable_1", "")
    if not second:
        return (
            Table((0.0,), first, (values,))
            if is_load
            else Table(first, (0.0,), tuple((value,) for value in values))
        )
    if len(values) != len(first) * len(second):
        raise LibertyError(f"A table {group.kind} ({group.arguments}) has {len(values)} values.")
    rows = [values[start : start + len(second)] for start in range(0, len(values), len(second))]
    if is_load:
        return Table(second, first, tuple(zip(*rows, strict=True)))
    return Table(first, second, tuple(rows))


def _numbers(text: str) -> tuple[float, ...]:
    words = text.replace('"', " ").replace(",", " ").split()
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        raise LibertyError(f"'{text[:40]}' in a table is not a row of numbers.") from None
