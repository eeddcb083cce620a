"""Accumulators in segments: between which bits carries are held back, and how a sum is read."""

import re
from enum import Enum
from typing import Any

from fp8mac.hw.config.errors import ConfigError, integer

__all__ = ["BEHIND", "Resolve", "Segmented", "parse_segments"]


class Resolve(Enum):
    """How a unit shows the sum that its register holds in segments."""

    COMBINATIONAL = "combinational"
    """An adder behind the register, outside the loop: the sum is there in every cycle."""
    IDLE = "idle"
    """Cycles without a product carry on; the sum is there when no carry is left."""


class Segmented:
    """What all accumulators have that can be cut into segments."""

    segment_bits: int | None
    resolve: Resolve | None

    def _check_segments(self) -> None:
        if self.segment_bits is not None:
            object.__setattr__(self, "segment_bits", integer(self.segment_bits, "segment_bits"))
            if self.segment_bits < 1:
                raise ConfigError(f"A segment has 1 bit or more, not {self.segment_bits}.")
        elif self.resolve is not None:
            raise ConfigError(
                "Only a register in segments has carries to resolve; add segmented=<bits>."
            )

    @property
    def _segments(self) -> str:
        """How it is cut, as in a name; empty where it is not."""
        cut = "" if self.segment_bits is None else f":segmented={self.segment_bits}"
        return cut + ("" if self.resolve is None else f":resolve={self.resolve.value}")


BEHIND = ", and behind it :segmented=<bits> and :resolve=combinational or :resolve=idle"
"""How a message names these options."""


def parse_segments(options: list[str]) -> dict[str, Any]:
    """Take what is said about segments out of options; what is said twice is left there."""
    found: dict[str, Any] = {}
    for option in [*options]:
        name, _, value = option.partition("=")
        if name == "segmented" and re.fullmatch("[0-9]{1,20}", value):
            read = {"segment_bits": int(value)}
        elif name == "resolve" and value in (each.value for each in Resolve):
            read = {"resolve": Resolve(value)}
        else:
            continue
        if not read.keys() & found.keys():
            found |= read
            options.remove(option)
    return found
