"""What a matrix unit costs: one of its rows, times their number, and all that is around them."""

from dataclasses import asdict, dataclass
from hashlib import sha256
from threading import Lock

from fp8mac.gen.arrays.verilog import array_name, array_rtlil
from fp8mac.gen.yosys import Yosys
from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.synth_reports.cost.measure import Design, Measurement
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.synthesis import Flow, Synthesis, synthesize

__all__ = ["ELABORATION", "ArrayParts", "measure_array"]

ELABORATION = Lock()
"""Circuits are made by one thread at a time."""


@dataclass(frozen=True)
class ArrayParts:
    """An array, mapped in two pieces: nothing is shared between rows.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    row, rest : Measurement
        A row of cells; the operands' registers, control, and what reads the sums.
    """

    config: ArrayConfig
    row: Measurement
    rest: Measurement


def measure_array(
    config: ArrayConfig,
    flow: Flow,
    yosys: Yosys,
    store: Store,
    *,
    goal: Built = Goal.AREA,
    force: bool = False,
) -> ArrayParts:
    """Map an array, or look it up.

    The row is the last one.

    Raises
    ------
    ConfigError
        If there is no circuit for its units.
    YosysError, SynthesisError
        If a synthesis fails.
    """
    top = array_name(config, goal=goal)
    names = [f"row_{row}" for row in range(config.rows)]
    inputs = [top, repr(config), flow.sha256, yosys.build, yosys.version]
    key = store.key(inputs, __name__)
    entry = None if force else store.load("arrays", key)
    if entry is None:
        with ELABORATION:
            rtlil = array_rtlil(config, goal=goal)
        row = synthesize(rtlil, f"{top}.{names[-1]}", flow, yosys)
        rest = synthesize(rtlil, top, flow.without(top, tuple(names)), yosys)
        digest = sha256(rtlil.encode()).hexdigest()
        entry = {"rtlil_sha256": digest, "row": asdict(row), "rest": asdict(rest)}
        store.save("arrays", key, entry)
    design = Design(config.cell, Shape.UNIT, goal, flow.cells and flow.cells.name)
    row, rest = (
        Measurement(
            design,
            entry["rtlil_sha256"],
            Synthesis(**entry[name] | {"flip_flops": tuple(entry[name]["flip_flops"])}),
        )
        for name in ("row", "rest")
    )
    return ArrayParts(config, row, rest)
