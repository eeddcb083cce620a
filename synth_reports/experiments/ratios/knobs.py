"""Which knobs are turned, one after the other, to come from a plain ratio to a published one.

Every step names an FP8 unit and an INT8 unit, and what of them is divided:

==========  ========================================================================
gates       two-input gates of the cores
weighted    as arXiv:2303.17951 counts: XOR 3, and 6 for each flip-flop of the unit
area        of the registered units in our own library, gate equivalents
tables      of an iCE40, registered units
energy      of a product in our own library, glitches by unit delay
no glitch   the same, where a net toggles once a cycle at most
==========  ========================================================================
"""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["LITERATURE", "MEASURES", "KnobStep", "Paper", "units"]

MEASURES = ("gates", "weighted", "area", "tables", "energy", "no glitch")


@dataclass(frozen=True)
class KnobStep:
    """A knob that is turned.

    Parameters
    ----------
    knob : str
        Which one, in a few words.
    floats : tuple of str
        FP8 units in one line; of several, the ratios are a range.
    integers : str
        The INT8 unit.
    measure : str
        In `MEASURES`.
    """

    knob: str
    floats: tuple[str, ...]
    integers: str
    measure: str


@dataclass(frozen=True)
class Paper:
    """Steps towards a published ratio.

    Parameters
    ----------
    key : str
        Row of ``published/ratios.csv``.
    steps : tuple of KnobStep
        The last one is the nearest that there is here.
    why_not : str
        Where it does not land: why.
    """

    key: str
    steps: tuple[KnobStep, ...]
    why_not: str = ""


_INT8 = "int8 -> int32"
_PAPER_INT8 = "int8s -> kulisch:12"
_LARGE_INT8 = (
    "multipliers take 78 % of its INT8 unit; ours are smaller, so that what FP8 needs beside them "
    "is a larger share"
)
_SMALLER = "its parts are counted one by one; what is synthesised here is smaller than its sum"
_MANY_INT8, _WINDOW = "int8 x 32 -> int32", "e4m3 x 32 -> fp32, window 24"
_MANY_OUT = f"{_MANY_INT8}, output fp32"


def _formula(key: str, ocp: str, acc: str, why_not: str = _SMALLER) -> Paper:
    """A bar of Figure 3: its baseline has 27 bits, flip-flops count 6, products of floats wait."""
    ours, theirs = f"e4m3 -> {ocp}", f"e4m3fnuz -> {acc}"
    return Paper(
        key,
        (
            KnobStep("cores", (ours,), _INT8, "gates"),
            KnobStep("baseline: 27 bits; its E4", (theirs,), _PAPER_INT8, "gates"),
            KnobStep("flip-flops, XOR counts 3", (theirs,), _PAPER_INT8, "weighted"),
            KnobStep("flip-flops of products", (f"{theirs}, stages 2",), _PAPER_INT8, "weighted"),
        ),
        why_not,
    )


_SMALL = ("e2m5", "e3m4", "e4m3", "e5m2")


def _exact(lanes: int, output: str = "") -> tuple[str, ...]:
    times = f" x {lanes}" if lanes > 1 else ""
    return tuple(f"{each}{times} -> kulisch:7{output}" for each in _SMALL)


LITERATURE = (
    _formula("kulisch12", "kulisch:12", "kulisch:12"),
    _formula("fp16", "fp16", "fp16"),
    _formula(
        "fp32",
        "fp32",
        "fp32",
        "its model has as many gates as ours for INT8; its FP32 addition and rounding are larger "
        "than what is synthesised here, see figure3.md",
    ),
    Paper(
        "exact",
        (
            KnobStep("one product", _exact(1), "int8 -> kulisch:7", "tables"),
            KnobStep("lanes: 4", _exact(4), "int8 x 4 -> kulisch:7", "tables"),
        ),
        "its lower end is that of small formats beside integers of as many bits; an iCE40 has "
        "tables of four inputs and no wide adders of its FPGA",
    ),
    Paper(
        "rounded",
        (
            KnobStep("lanes: 4", _exact(4), "int8 x 4 -> kulisch:7", "tables"),
            KnobStep(
                "conversion: the sum leaves as FP16",
                _exact(4, ", output fp16"),
                "int8 x 4 -> kulisch:7",
                "tables",
            ),
        ),
        "its conversion is another one than ours into FP16",
    ),
    Paper(
        "window24",
        (
            KnobStep("one product in FP32", ("e4m3 -> fp32",), _INT8, "area"),
            KnobStep("lanes: 32, window 24", (_WINDOW,), _MANY_INT8, "area"),
            KnobStep("conversion: INT8 leaves as FP32", (_WINDOW,), _MANY_OUT, "area"),
        ),
        _LARGE_INT8,
    ),
    Paper(
        "window32",
        (
            KnobStep("window 24", (_WINDOW,), _MANY_OUT, "area"),
            KnobStep("window 32", ("e4m3 x 32 -> fp32, window 32",), _MANY_OUT, "area"),
        ),
        _LARGE_INT8,
    ),
    Paper(
        "mxarea",
        (
            KnobStep("lanes: 32, window 24", (_WINDOW,), _MANY_INT8, "area"),
            KnobStep("conversion: INT8 leaves as FP32", (_WINDOW,), _MANY_OUT, "area"),
        ),
        "scales of blocks are in neither unit",
    ),
    Paper(
        "mxenergy",
        (
            KnobStep("window 24, INT8 leaves as FP32", (_WINDOW,), _MANY_OUT, "energy"),
            KnobStep("no glitches", (_WINDOW,), _MANY_OUT, "no glitch"),
        ),
        "its energies are those of cells at a fixed activity; they lie between ours without "
        "glitches and with those of unit delay",
    ),
    Paper(
        "mgs",
        (
            KnobStep("area", ("e4m3 -> fp32",), _INT8, "area"),
            KnobStep("energy", ("e4m3 -> fp32",), _INT8, "energy"),
        ),
        "a layout with wires at a fixed clock; unit delay counts more glitches than a layout that "
        "is sized for a clock",
    ),
    Paper(
        "elma",
        (KnobStep("38 bits, linear codes", ("e4m3 -> kulisch:1",), _INT8, "area"),),
        "a log number's product is an addition; there is no log unit here",
    ),
    Paper(
        "elmapower",
        (
            KnobStep("38 bits, linear codes", ("e4m3 -> kulisch:1",), _INT8, "energy"),
            KnobStep("no glitches", ("e4m3 -> kulisch:1",), _INT8, "no glitch"),
        ),
        "there is no log unit here; it lies between ours with glitches and without",
    ),
    Paper(
        "adaptiv",
        (
            KnobStep("one product", ("e3m4 -> kulisch:7",), _INT8, "area"),
            KnobStep("lanes: 16", ("e3m4 x 16 -> kulisch:7",), "int8 x 16 -> int32", "area"),
        ),
        "its element has buffers and a multiplier of scales for integers beside the products",
    ),
    Paper("voyager", (), "an accelerator, of which products are a part; see docs/machine.md"),
    Paper("rouhani", (), "performance, not area; what was synthesised is not said"),
)
"""In the order of the published table."""


def units() -> Iterator[tuple[str, bool]]:
    """Units to measure, each once, and whether on an FPGA."""
    seen = {
        (unit, step.measure == "tables")
        for paper in LITERATURE
        for step in paper.steps
        for unit in (*step.floats, step.integers)
    }
    yield from sorted(seen)
