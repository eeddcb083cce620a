"""What a unit consists of: parts that are synthesised on their own, and what that misses.

The parts are those of Figure 2 in arXiv:2303.17951: multiplier, alignment and adder, normalisation
and accumulation. A part is a submodule; it is optimised with all its ports as they are. What is
around the parts is synthesised with their ports as its own. Together that is more than the unit,
in which ABC works across the borders: the last row but one takes off what that saves::

      multiplier              alone
    + align and add           alone
    + normalise and round     alone
    + around them             alone
    - saved across borders    the rest
    = core                    as a whole
    + enable, clear, reset    unit less core
    + output                  alone, if exact sums leave through a rounding
    + flip-flops
    = unit                    as a whole
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.measure import Design, Measurement
from fp8mac.synth_reports.cost.physical import Facts

__all__ = ["Breakdown", "breakdown_designs", "breakdown_report", "parts_of"]

_LABELS = {
    "multiplier": "multiplier",
    "accumulator.align": "align and add",
    "accumulator.add": "align and add",
    "accumulator.normalise": "normalise and round",
    "accumulator.round": "normalise and round",
    "accumulator.frames": "align",
    "accumulator.difference": "add and normalise",
    "accumulator.near": "near path: subtract, normalise",
    "accumulator.far": "far path: add, round",
    "accumulator.window": "align and add",
    "accumulator.finish": "normalise and round",
}
_LANE = re.compile(r"(accumulator\.(?:lane|product)_)[0-9]+")


@dataclass(frozen=True)
class Breakdown:
    """The designs that a breakdown takes.

    Parameters
    ----------
    core, unit : Design
        As a whole.
    parts : dict of str to tuple of Design
        By what they are called; several submodules can be one part. All lanes are the first one,
        again and again.
    around : Design
        What is left of the core without the parts.
    output : Design, optional
        What rounds exact sums where they leave the unit.
    """

    core: Design
    unit: Design
    parts: dict[str, tuple[Design, ...]]
    around: Design
    output: Design | None = None

    @property
    def designs(self) -> list[Design]:
        """All of them."""
        return [self.core, self.unit, *sum(self.parts.values(), ()), self.around, *self._outputs]

    @property
    def _outputs(self) -> list[Design]:
        return [self.output] if self.output is not None else []


def parts_of(modules: tuple[str, ...]) -> list[str]:
    """Submodules of a core that are parts: the outermost, but those of an accumulator."""
    inside = [module for module in modules if module.startswith("accumulator.")]
    inner = [module for module in inside if module.count(".") == 1]
    outer = [module for module in modules if "." not in module and module != "accumulator"]
    return [*outer, *(inner or ["accumulator"] if "accumulator" in modules else [])]


def breakdown_designs(
    config: MacConfig, goal: Built, library: str | None, modules: tuple[str, ...]
) -> Breakdown:
    """What to measure for a breakdown.

    Parameters
    ----------
    modules : tuple of str
        Submodules of the core, of its `Measurement`.
    """
    core = Design(config, Shape.CORE, goal, library)
    parts: dict[str, tuple[Design, ...]] = {}
    paths = parts_of(modules)
    for path in paths:
        label = _accumulator_label(paths) if path == "accumulator" else _LABELS.get(path, path)
        lane = _LANE.fullmatch(path)  # they are all alike
        label, part = ("lanes", f"{lane[1]}0") if lane else (label, path)
        parts[label] = (*parts.get(label, ()), replace(core, part=part))
    around = replace(core, without=tuple(paths))
    unit = replace(core, shape=Shape.UNIT)
    output = replace(unit, part="output") if config.output is not None else None
    return Breakdown(core, unit, parts, around, output)


def _accumulator_label(paths: list[str]) -> str:
    """What an accumulator without parts of its own does."""
    return "align, add and accumulate" if "multiplier" in paths else "multiply and accumulate"


def breakdown_report(
    breakdown: Breakdown, found: Mapping[Design, Measurement], facts: Facts | None
) -> dict[str, float | None]:
    """Rows of a breakdown, in two-input gates, or with ``facts`` in GE; their sum is the unit."""

    def size(*designs: Design) -> float:
        synthesis = [found[design].synthesis for design in designs]
        if facts is None:
            return sum(each.metrics.two_input_gates for each in synthesis)
        return sum(each.area or 0.0 for each in synthesis) / facts.nand2_area

    rows = {label: size(*designs) for label, designs in breakdown.parts.items()}
    rows["around them"] = size(breakdown.around)
    core, unit = size(breakdown.core), size(breakdown.unit)
    saved = core - sum(rows.values())
    rows |= {"saved across borders": saved, "core": core}
    output = size(breakdown.output) if breakdown.output is not None else 0
    rows |= {"enable, clear, reset": unit - core - output}
    rows |= {"output": output} if breakdown.output is not None else {}
    flip_flops = len(found[breakdown.unit].synthesis.flip_flops)
    registers = None if facts is None else flip_flops * facts.flip_flop_area / facts.nand2_area
    result: dict[str, Any] = {**rows, "flip-flops": registers, "unit": unit + (registers or 0)}
    return {label: None if value is None else round(value, 2) for label, value in result.items()}
