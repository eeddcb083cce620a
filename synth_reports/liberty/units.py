"""Units of a Liberty file, however they are spelled."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fp8mac.synth_reports.liberty.reader import Group

__all__ = ["SAME", "Units", "check_thresholds", "read_units", "read_voltage"]

_THRESHOLDS = (
    "input_threshold_pct",
    "output_threshold_pct",
    "slew_lower_threshold_pct",
    "slew_upper_threshold_pct",
    "slew_derate_from_library",
)
_PREFIXES = {"a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0}


@dataclass(frozen=True)
class Units:
    """Units as multiples of others: of ps, fF, V and nW, or of those of a library.

    Parameters
    ----------
    time, capacitance, voltage : float
        Of delays and slews, of loads, of supplies.
    leakage : float or None
        Of leakage; None where the file states none.
    """

    time: float = 1.0
    capacitance: float = 1.0
    voltage: float = 1.0
    leakage: float | None = 1.0

    @property
    def energy(self) -> float:
        """Of what toggling costs inside of cells."""
        return self.capacitance * self.voltage**2

    def over(self, other: "Units") -> "Units":
        """These units as multiples of others."""
        leakage = None
        if self.leakage is not None and other.leakage is not None:
            leakage = self.leakage / other.leakage
        return Units(
            self.time / other.time,
            self.capacitance / other.capacitance,
            self.voltage / other.voltage,
            leakage,
        )


#: The same units.
SAME = Units()


def read_units(library: Group) -> Units:
    """Units of a file in ps, fF, V and nW; where it states none, 1 ns, 1 pF and 1 V.

    Raises
    ------
    LibertyError
        If one is no unit.
    """
    load = library.statement("capacitive_load_unit")
    text = "" if load is None else "".join(load.words)
    at = 0 if load is None else load.at
    leakage = "leakage_power_unit"
    return Units(
        _attribute(library, "time_unit", "s", -12, "1ns"),
        _unit(library, text or "1pf", ("capacitive_load_unit", "f", -15), at),
        _attribute(library, "voltage_unit", "v", 0, "1V"),
        _attribute(library, leakage, "w", -9, "") if leakage in library.attributes else None,
    )


def _attribute(library: Group, name: str, symbol: str, base: int, default: str) -> float:
    text = library.attributes.get(name, default)
    return _unit(library, text, (name, symbol, base), library.places.get(name, library.at))


def _unit(library: Group, text: str, kind: tuple[str, str, int], at: int) -> float:
    name, symbol, base = kind
    match = re.fullmatch(rf"\s*(\d*\.?\d*(?:e[+-]?\d+)?)\s*([afpnum]?){symbol}\s*", text.lower())
    try:
        count = float((match and match[1]) or 1)
    except ValueError:
        count = 0.0
    if match is None or not count:
        raise library.file.error(at, f"the {name} is '{text}'")
    return float(f"{count * 10.0 ** (_PREFIXES[match[2]] - base):.12g}")


def read_voltage(library: Group) -> float | None:
    """Nominal supply in volts, else that of the operating conditions that are the default."""
    volts = library.number("nom_voltage")
    if volts is None:
        default = library.attributes.get("default_operating_conditions")
        corners = library.all("operating_conditions")
        usual = [each for each in corners if default is None or each.arguments == default]
        volts = usual[0].number("voltage") if len(usual) == 1 else None
    return None if volts is None else volts * read_units(library).voltage


def check_thresholds(libraries: Sequence[Group]) -> None:
    """Make sure that the files of a library measure delays alike.

    Raises
    ------
    LibertyError
        If they do not.
    """
    first, *others = libraries
    for name in (f"{each}{edge}" for each in _THRESHOLDS for edge in ("", "_rise", "_fall")):
        for other in others:
            if first.number(name) != other.number(name):
                one, two = (each.attributes.get(name, "not stated") for each in (first, other))
                at = other.places.get(name, other.at)
                what = f"the {name} is {two}, but {one} in '{first.file.name}'"
                raise other.file.error(at, what)
