"""A library as ABC and Yosys read it: one text, whatever the files were spelled like.

ABC takes a ``//`` in a string for a comment, wants tables over two axes of the length that their
template has, and knows few spellings of units. So it gets none of what a user wrote, but what we
have read: areas, pins, functions, delays, what stores; the same text for the same cells.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fp8mac.synth_reports.liberty.cells import Cell, Pin, Table, tables
from fp8mac.synth_reports.liberty.reader import Group
from fp8mac.synth_reports.liberty.units import Units

__all__ = ["plain_text"]

_TIMES = {1000.0: "1ns", 100.0: "100ps", 10.0: "10ps", 1.0: "1ps"}
_TABLES = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
_STORES = ("ff", "latch", "ff_bank", "latch_bank", "statetable")
_OF_PINS = ("rise_capacitance", "fall_capacitance", "max_capacitance")


def plain_text(
    name: str, libraries: Sequence[Group], cells: Mapping[str, Cell], units: Units
) -> str:
    """Text of a library.

    Parameters
    ----------
    name : str
        Its name.
    libraries : sequence of Group
        The groups ``library`` of its files.
    cells : mapping of str to Cell
        Its cells, in ``units``.

    Raises
    ------
    LibertyError
        If a table of delays is none, or ABC has no word for the unit of time.
    """
    if units.time not in _TIMES:
        first = libraries[0]
        at = first.places.get("time_unit", first.at)
        known = ", ".join(_TIMES.values())
        raise first.file.error(at, f"the time_unit is none of {known}")
    shapes: dict[tuple[int, int], Table] = {}
    body = [line for cell in cells.values() for line in _cell(cell, shapes)]
    slowest = [each.number("default_max_transition") for each in libraries]
    limits = [limit for limit in slowest if limit is not None]
    return "\n".join(
        [
            f'library ("{name}") {{',
            "  delay_model : table_lookup;",
            f'  time_unit : "{_TIMES[units.time]}";',
            f"  capacitive_load_unit ({_capacitance(units)});",
            *([f"  default_max_transition : {min(limits)!r};"] if limits else []),
            *_wires(libraries),
            *(line for shape, table in shapes.items() for line in _template(shape, table)),
            *body,
            "}",
            "",
        ]
    )


def _capacitance(units: Units) -> str:
    pico = units.capacitance >= 1000
    return f"{units.capacitance / 1000 if pico else units.capacitance:g},{'pf' if pico else 'ff'}"


def _wires(libraries: Sequence[Group]) -> Iterator[str]:
    """Wire loads of the first file that has some, by which ABC buffers and sizes."""
    kinds = ("wire_load", "wire_load_selection")
    library = next((each for each in libraries if any(map(each.all, kinds))), libraries[0])
    for name in ("default_wire_load", "default_wire_load_selection"):
        if name in library.attributes:
            yield f'  {name} : "{library.attributes[name]}";'
    for group in (each for kind in kinds for each in library.all(kind)):
        yield f'  {group.kind} ("{group.arguments}") {{'
        yield from _attributes(group, "    ")
        for statement in group.statements:
            yield f"    {statement.name} ({', '.join(statement.words)});"
        yield "  }"


def _template(shape: tuple[int, int], table: Table) -> Iterator[str]:
    yield f"  lu_table_template (t{shape[0]}x{shape[1]}) {{"
    yield "    variable_1 : input_net_transition;"
    yield "    variable_2 : total_output_net_capacitance;"
    yield from _rows("    index_1", [table.slews])
    yield from _rows("    index_2", [table.loads])
    yield "  }"


def _rows(name: str, rows: Iterable[Sequence[float]]) -> Iterator[str]:
    texts = ('"' + ", ".join(map(repr, row)) + '"' for row in rows)
    yield f"{name} ({', '.join(texts)});"


def _cell(cell: Cell, shapes: dict[tuple[int, int], Table]) -> Iterator[str]:
    yield f"  cell ({cell.name}) {{"
    yield f"    area : {cell.area!r};"
    stores = [each for kind in _STORES for each in cell.group.all(kind)]
    mute = any(pin.output and pin.function is None for pin in cell.pins.values())
    if not cell.usable or (mute and not stores):
        yield "    dont_use : true;"
    for group in stores:
        yield f"    {group.kind} ({group.arguments}) {{"
        yield from _attributes(group, "      ")
        yield "    }"
    for pin in cell.pins.values():
        yield from _pin(cell, pin, shapes)
    yield "  }"


def _attributes(group: Group, indent: str) -> Iterator[str]:
    """Simple attributes that are logic: whatever could be misread is left out."""
    for name, value in group.attributes.items():
        if not set(value) & set('"\\/\n'):
            yield f'{indent}{name} : "{value}";'


def _pin(cell: Cell, pin: Pin, shapes: dict[tuple[int, int], Table]) -> Iterator[str]:
    group = pin.group
    yield f"    pin ({pin.name}) {{"
    yield f"      direction : {group.attributes.get('direction', 'output')};"
    if not pin.output:
        yield f"      capacitance : {pin.capacitance!r};"
    for name in _OF_PINS:
        if (number := group.number(name)) is not None:
            yield f"      {name} : {number * cell.units.capacitance!r};"
    if (number := group.number("max_transition")) is not None:
        yield f"      max_transition : {number * cell.units.time!r};"
    for name in ("clock", "function", "three_state", "state_function", "nextstate_type"):
        if name in group.attributes:
            yield f'      {name} : "{group.attributes[name]}";'
    for timing in group.all("timing"):
        lines = [line for name in _TABLES for line in _table(cell, timing, name, shapes)]
        if lines:
            yield "      timing () {"
            for name in ("related_pin", "timing_sense", "timing_type", "when"):
                if name in timing.attributes:
                    yield f'        {name} : "{timing.attributes[name]}";'
            yield from lines
            yield "      }"
    yield "    }"


def _table(
    cell: Cell, timing: Group, name: str, shapes: dict[tuple[int, int], Table]
) -> Iterator[str]:
    for table in tables(timing, cell.units, name)[:1]:
        wide = _widened(table)
        shape = len(wide.slews), len(wide.loads)
        shapes.setdefault(shape, wide)
        yield f"        {name} (t{shape[0]}x{shape[1]}) {{"
        yield from _rows("          index_1", [wide.slews])
        yield from _rows("          index_2", [wide.loads])
        yield from _rows("          values", wide.values)
        yield "        }"


def _widened(table: Table) -> Table:
    """The same over three points or more of both axes, which a constant is brought to."""
    slews, loads, values = table.slews, table.loads, table.values
    if len(loads) == 1:
        loads, values = (0.0, 1.0, 2.0), tuple(row * 3 for row in values)
    if len(slews) == 1:
        slews, values = (0.0, 1.0, 2.0), values * 3
    return Table(slews, loads, values)
