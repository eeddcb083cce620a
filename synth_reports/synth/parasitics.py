"""Wires as OpenSTA reads them: a capacitance for each net, from lengths and a library's LEF.

Their resistance is left out: with less than half an ohm a micrometre, hundreds of micrometres are
little beside the thousands of ohms of a cell.
"""

import re
from collections.abc import Mapping, Sequence

from fp8mac.synth_reports.synth.geometry import Segment

__all__ = ["layer_capacitances", "net_capacitances", "spef"]

_NUMBER = r"\s+(\S+)\s*;"


def layer_capacitances(lef: str) -> dict[str, float]:
    """Farads of a micrometre of wire of each layer, of its width: its area and both of its edges.

    Parameters
    ----------
    lef : str
        The file with the layers, in picofarads a square micrometre and a micrometre of an edge.
    """
    found = {}
    for name, body in re.findall(r"^LAYER\s+(\S+)(.*?)^END\s+\1", lef, re.MULTILINE | re.DOTALL):
        words = ("WIDTH", r"CAPACITANCE\s+CPERSQDIST", "EDGECAPACITANCE")
        numbers = [re.search(rf"^\s*{word}{_NUMBER}", body, re.MULTILINE) for word in words]
        if all(numbers):
            width, area, edge = (float(each[1]) for each in numbers if each)
            found[name] = (width * area + 2 * edge) * 1e-12
    return found


def net_capacitances(
    nets: Mapping[str, Sequence[Segment]], layers: Mapping[str, float]
) -> dict[str, float]:
    """Farads of the wires of each net; vias have none."""
    return {
        name: sum(each.length * layers[each.layer] for each in segments if each.length)
        for name, segments in nets.items()
    }


def spef(
    farads: Mapping[str, float],
    drivers: Mapping[str, str],
    sinks: Mapping[str, Sequence[str]],
    times: float = 1.0,
) -> str:
    """Nets in the Standard Parasitic Exchange Format, IEEE 1481.

    Parameters
    ----------
    farads : mapping
        Capacitance of each net.
    drivers, sinks : mapping
        Pins of each net, such as ``INV_1:Y``; a port has its own name.
    times : float
        What capacitances are multiplied by.
    """
    lines = list(_HEADER)
    for name, value in farads.items():
        ends = [(drivers[name], "O"), *((pin, "I") for pin in sinks[name])]
        lines += [f"*D_NET {name} {value * 1e15 * times:.6g}", "*CONN"]
        lines += [_end(pin, way) for pin, way in ends]
        lines += ["*CAP", f"1 {drivers[name]} {value * 1e15 * times:.6g}", "*RES"]
        pairs = enumerate(sinks[name], 1)
        lines += [f"{number} {drivers[name]} {pin} 0.001" for number, pin in pairs]
        lines.append("*END")
    return "\n".join([*lines, ""])


_HEADER = (
    '*SPEF "IEEE 1481-1998"',
    '*DESIGN "top"',
    *(f'*{name} ""' for name in ("DATE", "VENDOR", "PROGRAM", "VERSION", "DESIGN_FLOW")),
    "*DIVIDER /",
    "*DELIMITER :",
    "*BUS_DELIMITER [ ]",
    "*T_UNIT 1 NS",
    "*C_UNIT 1 FF",
    "*R_UNIT 1 OHM",
    "*L_UNIT 1 HENRY",
)


def _end(pin: str, way: str) -> str:
    """A line of ``*CONN``; a port that drives a net is an input of the design."""
    if ":" in pin:
        return f"*I {pin} {way}"
    return f"*P {pin} {'I' if way == 'O' else 'O'}"
