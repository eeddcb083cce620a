"""Planted bugs in what puts a unit between two streams; the part of each is the claim it breaks."""

from fp8mac.hw.config.structure import Goal
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["STREAM_MUTATIONS"]


def _bug(name: str, claim: str, old: str, new: str) -> Mutation:
    small = ("e2m1 -> kulisch:0, stages 2",)
    return Mutation(
        *(name, claim, "units.stream", old, new, small),
        *(lambda config: True, True, tuple(Goal)),
    )


# fmt: off
STREAM_MUTATIONS = (
    _bug("a reset leaves the rest of a vector", "reset", "Signal(init=1)", "Signal()"),
    _bug(
        "a sum does not wait", "waits",
        "moves.eq(~self.o.valid | self.o.ready)", "moves.eq(1)",
    ),
    _bug(
        "an element is taken while a sum waits", "waits",
        "self.i.ready.eq(moves)", "self.i.ready.eq(1)",
    ),
    _bug(
        "the unit goes on while a sum waits", "frozen",
        "EnableInserter(moves)(unit)", "unit",
    ),
    _bug(
        "a last element counts that is not there", "counts",
        "self.i.valid & element.last", "element.last",
    ),
    _bug("a sum leaves twice", "counts", "lasts.eq(Cat(", "lasts.eq(lasts | Cat("),
    _bug("every element begins a sum", "travels", "begins.eq(element.last)", "begins.eq(1)"),
    _bug(
        "an element that is not there ends a vector", "travels",
        "with m.If(self.i.valid):", "with m.If(1):",
    ),
    _bug("bubbles are added", "adds", "unit.en.eq(self.i.valid)", "unit.en.eq(1)"),
    _bug("no sum begins anew", "adds", "unit.clear.eq(begins)", "unit.clear.eq(0)"),
)
"""Every planted bug."""
# fmt: on
