"""What a cell takes: leakage, and internal energy of a toggle, over its states and rails.

All states of a cell are alike, as are all ways in which a pin can toggle. A group that is stated
``when`` something holds counts for its share of the states; one without condition, for the states
that no other one of its rail and pin names::

    leakage          sum over power rails  of the mean over states
    energy           sum over all rails    of the mean over states and pins that make the output
                                           toggle, and over both edges

as OpenSTA does it with the activities of a design. An integer has a bit for each state, so that
``when`` is evaluated for all of them at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from fp8mac.synth_reports.liberty.cells import Cell, Table, read_function, tables
from fp8mac.synth_reports.liberty.functions import Function
from fp8mac.synth_reports.liberty.reader import Group

__all__ = ["Arcs", "internal_energy", "leakage"]

Arcs = tuple[tuple[float, Table], ...]
"""Tables whose weighted sum counts."""

_MOST = 18  # pins and nodes that a state consists of


class _States:
    """All states of a cell, as far as some functions and the output ``target`` depend on them."""

    def __init__(self, cell: Cell, functions: Iterable[Function | None], target: str = "") -> None:
        self.cell, self.target = cell, target
        self._complements = {
            words[1]: words[0]
            for kind in ("ff", "latch")
            for group in cell.group.all(kind)
            if len(words := group.arguments.split(",")) == 2
        }
        wanted = [name for each in functions if each for name in each.inputs]
        names = dict.fromkeys(self._support([*wanted, target]))
        if len(names) > _MOST:
            raise cell.group.error(f"states of {cell.name} have {len(names)} pins, above {_MOST}")
        self.count = 1 << len(names)
        self.one = (1 << self.count) - 1
        self._known: dict[str, int] = {}
        for place, name in enumerate(names):
            half = 1 << place
            self._known[name] = (((1 << half) - 1) << half) * (self.one // ((1 << 2 * half) - 1))

    def _function(self, name: str) -> Function | None:
        pin = self.cell.pins.get(name)
        return pin.function if pin else None

    def _support(self, names: Iterable[str]) -> Iterator[str]:
        """What is free to be 0 or 1: inputs, stored bits, and what nothing is known of."""
        for name in names:
            function = self._function(name)
            if function is not None:
                yield from self._support(function.inputs)
            elif name:
                yield self._complements.get(name, name)

    def values(self, name: str) -> int:
        """Value of a pin or node in every state."""
        if name not in self._known:
            function = self._function(name)
            if function is not None:
                self._known[name] = self.of(function)
            else:
                self._known[name] = self.one ^ self._known[self._complements[name]]
        return self._known[name]

    def of(self, function: Function | None) -> int:
        """States in which a function is 1; all of them for none."""
        if function is None:
            return self.one
        return function({name: self.values(name) for name in function.inputs}, one=self.one)

    def share(self, states: int) -> float:
        """How many of all states these are."""
        return states.bit_count() / self.count

    def propagating(self, name: str) -> int:
        """States in which a toggle of an input makes the target toggle; all where nobody knows."""
        function = self._function(self.target)
        if function is None or name not in self._known:
            return self.one
        place = list(self._known).index(name)
        pattern, shift = self._known[name], 1 << place
        result = self.of(function)
        swapped = (result & pattern) >> shift | (result & ~pattern) << shift
        return result ^ swapped & self.one


def leakage(cell: Cell) -> float | None:
    """Mean power over all states, in the library's unit; None where nothing is said.

    States that no ``leakage_power`` names have the ``cell_leakage_power``.
    """
    default = cell.group.number("cell_leakage_power")
    if default is None:  # one of 0 for all cells stands where nobody has measured
        default = cell.group.file.library.number("default_cell_leakage_power") or None
    factor = cell.units.leakage or 0.0
    groups = [each for each in cell.group.all("leakage_power") if not _is_ground(cell, each)]
    rails: dict[str, list[tuple[Function | None, float]]] = defaultdict(list)
    for group in groups:
        value = group.number("value")
        if value is not None:
            rail = group.attributes.get("related_pg_pin", "")
            rails[rail].append((read_function(group, "when", cell.name), value))
    states = _States(cell, (when for each in rails.values() for when, _ in each))
    total, named = 0.0, 0
    for stated in rails.values():
        covered = 0
        for when, value in stated:
            if when is not None:
                total += value * states.share(states.of(when))
                covered |= states.of(when)
        rest = states.share(states.one ^ covered)
        for when, value in stated:
            if when is None:
                total += value * rest
                covered = states.one
        named |= covered
    share = states.share(named)
    if default is not None:
        total += default * (1 - share)
    elif not named:
        return None
    else:
        total /= share
    return total * factor


def _is_ground(cell: Cell, group: Group) -> bool:
    """Whether what a group states is of a ground rail; one that nobody declares is none."""
    rail = group.attributes.get("related_pg_pin")
    for pin in cell.group.all("pg_pin"):
        if pin.arguments == rail:
            return not pin.attributes.get("pg_type", "").endswith("power")
    maps = (each.words for each in group.file.library.statements if each.name == "voltage_map")
    return any(words[:1] == [rail] and not words[-1].strip("0.") for words in maps)


def internal_energy(cell: Cell, pin: str) -> Arcs:
    """Energy of a toggle of a pin, as tables and weights; empty where the library states nothing.

    A rail's table that is there for one edge only says that the other edge takes nothing.
    """
    group = cell.pins[pin].group
    target = pin if cell.pins[pin].output else ""
    rails: dict[str, list[tuple[str, Function | None, Group]]] = defaultdict(list)
    for power in group.all("internal_power"):
        when = read_function(power, "when", cell.name)
        rail = power.attributes.get("related_pg_pin", "")
        related = power.attributes.get("related_pin", "").split() or [""]
        rails[rail] += [(each, when, power) for each in related]
    states = _States(cell, (when for each in rails.values() for _, when, _ in each), target)
    found: list[tuple[float, Table]] = []
    for arcs in rails.values():
        weights = _weights(states, arcs)
        for edge in ("rise_power", "fall_power"):
            kinds = ("power", edge)
            stated = [
                (weight, each)
                for weight, (_, _, power) in zip(weights, arcs, strict=True)
                for each in tables(power, cell.units, *kinds)
            ]
            total = sum(weight for weight, _ in stated)
            found += [(weight / total / 2, each) for weight, each in stated if weight]
    return tuple(found)


def _weights(states: _States, arcs: list[tuple[str, Function | None, Group]]) -> list[float]:
    """Share of the states that each arc is of; equal ones where none is of any."""
    weights = []
    for related, when, _ in arcs:
        mask = states.propagating(related)
        if when is None:
            for other, condition, _ in arcs:
                if other == related and condition is not None:
                    mask &= states.one ^ states.of(condition)
        else:
            mask &= states.of(when)
        weights.append(states.share(mask))
    return weights if any(weights) else [1.0] * len(arcs)
