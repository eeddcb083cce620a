"""Which cells are flip-flops with a rising edge."""

from dataclasses import dataclass

from fp8mac.synth_reports.liberty.cells import Cell

__all__ = ["FlipFlop", "as_flip_flop"]

_INVERTER = (1, 0)
_BUFFER = (0, 1)


@dataclass(frozen=True)
class FlipFlop:
    """The flip-flop that registers are counted with.

    Parameters
    ----------
    cell : Cell
        The cell.
    clock, data, output : str
        Its pins.
    inverting : bool
        Whether the output is the complement of what was stored; no inverter is counted for that.
    """

    cell: Cell
    clock: str
    data: str
    output: str
    inverting: bool


def as_flip_flop(cell: Cell) -> FlipFlop | None:
    """The cell as a flip-flop with a rising edge, if it is one."""
    groups = cell.group.all("ff")
    if not cell.usable or len(groups) != 1:
        return None
    attributes = groups[0].attributes
    clock = attributes.get("clocked_on", "").strip(" ()")
    stored = attributes.get("next_state", "").strip(" ()")
    data = stored.strip("!'")
    if clock not in cell.pins or data not in cell.pins:
        return None
    state, complement = (*(name.strip() for name in groups[0].arguments.split(",")), "", "")[:2]
    outputs = [
        (
            (stored != data) ^ (function.inputs == (complement,)) ^ (function.truth == _INVERTER),
            name,
        )
        for name, pin in cell.pins.items()
        if (function := pin.function) is not None
        and function.inputs in ((state,), (complement,))
        and function.truth in (_BUFFER, _INVERTER)
    ]
    if not outputs:
        return None
    inverting, output = min(outputs)
    return FlipFlop(cell, clock, data, output, inverting)
