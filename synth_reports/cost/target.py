"""How fast a unit has to be: a delay, or a clock.

=============  ====================================================================================
what is said   what it means
=============  ====================================================================================
``20fo4``      the core takes no more than 20 inverters that drive four of their kind
``0.8ns``      the core takes no more than that; ``800ps`` is the same
``1.2GHz``     the registered unit runs at that clock: its logic takes no more than a period less
               what its flip-flop takes, from clock to output and for set-up
=============  ====================================================================================
"""

import re
from dataclasses import dataclass

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.ports import Shape
from fp8mac.synth_reports.liberty.cells import tables
from fp8mac.synth_reports.liberty.library import Library

__all__ = ["Target", "TargetError", "flip_flop_ps", "parse_clock", "parse_delay"]

_DELAYS = {"fo4": None, "ps": 1.0, "ns": 1000.0}
_CLOCKS = {"mhz": 1e6, "ghz": 1e3}
"""Picoseconds of a period at one of each."""
_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{0,9})?)\s*([a-z0-9]*)"
_MOST_FO4 = 100_000


class TargetError(Error, ValueError):
    """A delay or clock that means nothing; the message is one sentence for the user."""


@dataclass(frozen=True)
class Target:
    """What is wanted.

    Parameters
    ----------
    text : str
        As it was said.
    fo4, ps : float or None
        Delay; the one in which it was said.
    shape : Shape
        What has to meet it: the core, or the registered unit.
    """

    text: str
    fo4: float | None
    ps: float | None
    shape: Shape

    def delay_ps(self, library: Library) -> float:
        """What logic may take in a library, in its unit of time: ps, or tau for our own.

        Raises
        ------
        TargetError
            If the library knows no picoseconds, or leaves no time beside its flip-flops.
        """
        if self.fo4 is not None:
            return self.fo4 * library.fo4_ps
        assert self.ps is not None
        if library.is_own:
            raise TargetError(
                f"'{self.text}' needs a library that has picoseconds, see --liberty; in our own "
                "delays are told in FO4, such as --delay 20fo4."
            )
        left = self.ps - (flip_flop_ps(library) if self.shape is Shape.UNIT else 0.0)
        if left <= 0:
            raise TargetError(
                f"A clock of {self.text} leaves no time for logic: flip-flops of {library.name} "
                f"take {flip_flop_ps(library):.0f} of {self.ps:.0f} ps."
            )
        if left > _MOST_FO4 * library.fo4_ps:
            raise TargetError(f"'{self.text}' is more than {_MOST_FO4:,} FO4 of {library.name}.")
        return left


def parse_delay(text: str) -> Target:
    """Read a delay of the core.

    Raises
    ------
    TargetError
        If it is none.

    Examples
    --------
    >>> parse_delay("0.8ns").ps, parse_delay("20fo4").fo4
    (800.0, 20.0)
    """
    match = re.fullmatch(_NUMBER, text.strip().lower())
    if not match or match[2] not in _DELAYS or not 0 < float(match[1]) <= _MOST_FO4:
        raise TargetError(f"'{text}' is not a delay; write 20fo4, 0.8ns or 800ps.")
    factor = _DELAYS[match[2]]
    if factor is None:
        return Target(text, float(match[1]), None, Shape.CORE)
    return Target(text, None, float(match[1]) * factor, Shape.CORE)


def parse_clock(text: str) -> Target:
    """Read a clock of the registered unit.

    Raises
    ------
    TargetError
        If it is none.

    Examples
    --------
    >>> parse_clock("1.25GHz").ps, parse_clock("500MHz").ps
    (800.0, 2000.0)
    """
    match = re.fullmatch(_NUMBER, text.strip().lower())
    if not match or match[2] not in _CLOCKS or float(match[1]) == 0:
        raise TargetError(f"'{text}' is not a clock; write 1.2GHz or 800MHz.")
    return Target(text, None, round(_CLOCKS[match[2]] / float(match[1]), 6), Shape.UNIT)


def flip_flop_ps(library: Library) -> float:
    """What a flip-flop takes of a period: clock to output under four inverters, and set-up."""
    cell = library.flip_flop.cell
    slew, load = library.slew, library.load
    arcs = [arc for pin in cell.group.all("pin") for arc in pin.all("timing")]
    setups = [arc for arc in arcs if arc.attributes.get("timing_type", "").startswith("setup")]
    outputs = cell.timings("cell_rise", "cell_fall")
    output = max((table.at(slew, load) for table in outputs), default=0.0)
    kinds = ("rise_constraint", "fall_constraint")
    tables_ = [table for arc in setups for table in tables(arc, cell.units, *kinds)]
    setup = max((table.at(slew, slew) for table in tables_), default=0.0)
    return (output + setup) * library.time_ps
