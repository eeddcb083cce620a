"""Area against delay of all structures of a unit, and the lower envelope.

Each structure is mapped for area, for speed, and to rungs between, from its fastest mapping up to
twice that delay, where slower structures take over. The envelope are the points that no other one
is both smaller and faster than.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "STANDARD",
    "CurveJob",
    "CurveOptions",
    "CurvePoint",
    "CurveRecord",
    "envelope",
    "points_of",
]

STANDARD = (
    "e4m3 -> fp16",
    "e4m3 -> bf16",
    "e5m2 -> fp16",
    "e4m3 -> kulisch:3",
    "e4m3 -> kulisch:3:segmented=5",
    "int8 -> int32",
)
"""Units whose curves are published."""


@dataclass(frozen=True)
class CurveOptions:
    """What is drawn.

    Parameters
    ----------
    units : tuple of str
        In one line each.
    liberty : str
        The library; empty for our own.
    """

    units: tuple[str, ...] = STANDARD
    liberty: str = ""


@dataclass(frozen=True)
class CurveJob:
    """A structure of a unit, to be mapped to a library."""

    unit: str
    structure: str
    liberty: str


@dataclass(frozen=True)
class CurveRecord:
    """What was found of a structure.

    Parameters
    ----------
    unit, structure, library : str
        What it is.
    library_sha256 : str
        Hash of the library.
    wanted_fo4 : list of float
        Delays that it was mapped to: zero for speed, and None for area.
    delay_fo4, delay_ns, area_ge, area_um2 : list of float
        What each mapping takes; None in units that the library has not.
    netlist_sha256 : list of str
        Hash of each netlist; all are proved equal to the circuit.
    """

    unit: str
    structure: str
    library: str
    library_sha256: str
    wanted_fo4: list[float | None]
    delay_fo4: list[float]
    delay_ns: list[float | None]
    area_ge: list[float]
    area_um2: list[float | None]
    netlist_sha256: list[str]


@dataclass(frozen=True, order=True)
class CurvePoint:
    """A circuit.

    Parameters
    ----------
    delay : float
        In ns, or in FO4 of our own library.
    area_ge : float
        Area of the core.
    structure : str
        How it is built.
    """

    delay: float
    area_ge: float
    structure: str


def points_of(records: Sequence[CurveRecord]) -> list[CurvePoint]:
    """All circuits of a unit, from fast to slow."""
    return sorted(
        CurvePoint(fo4 if ns is None else ns, area, record.structure)
        for record in records
        for fo4, ns, area in zip(record.delay_fo4, record.delay_ns, record.area_ge, strict=True)
    )


def envelope(points: Sequence[CurvePoint]) -> list[CurvePoint]:
    """Those that no other one is smaller than at that delay, from fast to slow."""
    kept: list[CurvePoint] = []
    for point in sorted(points):
        if not kept or point.area_ge < kept[-1].area_ge:
            kept.append(point)
    return kept
