"""Which flip-flop of a netlist is which of its design, where names are lost: by what they do.

Flip-flops that may be the same are a class; at first those that are no output, and each output for
itself. Those of a class are given the same random states, and those that differ in what comes next
are parted; that is repeated until no class is parted any more.
A pairing is a proposal: whoever uses it has to prove that both do the same with it.
"""

import re
from collections.abc import Sequence
from graphlib import TopologicalSorter
from hashlib import sha256
from random import Random

from fp8mac.sim.check.blif import BlifTable, read_blif
from fp8mac.synth_reports.synth.synthesis import Logic

__all__ = ["reordered"]

_STIMULI = 1024
_ONES = (1 << _STIMULI) - 1
"""A signal is an integer, bit *i* of which is its value in stimulus *i*."""


def reordered(netlist: Logic, design: Logic) -> str | None:
    """A netlist with its flip-flops in the order of those of a design.

    Parameters
    ----------
    netlist, design : Logic
        Both with the same ports.

    Returns
    -------
    str or None
        BLIF; None where one of both has a flip-flop that the other one has not.
    """
    theirs, ours = _classes(netlist), _classes(design)
    if sorted(theirs) != sorted(ours):
        return None
    place = dict(zip(_sorted(theirs), _sorted(ours), strict=True))
    return re.sub(
        r"\b(ff_[qd])\[(\d+)\]", lambda bit: f"{bit[1]}[{place[int(bit[2])]}]", netlist.blif
    )


def _sorted(classes: Sequence[bytes]) -> list[int]:
    return sorted(range(len(classes)), key=lambda number: classes[number])


def _classes(logic: Logic) -> list[bytes]:
    """Class of each flip-flop."""
    found = read_blif(logic.blif)
    tables = {each.output: each for each in found.tables}
    order = [
        tables[name]
        for name in TopologicalSorter(
            {name: each.inputs for name, each in tables.items()}
        ).static_order()
        if name in tables
    ]
    values = {name: _random(name.encode()) for name in found.inputs}
    classes = [name.encode() if name in found.outputs else b"" for name in logic.flip_flops]
    while True:
        values |= {f"ff_q[{number}]": _random(each) for number, each in enumerate(classes)}
        for each in order:
            values[each.output] = _value(each, values)
        parted = [
            sha256(each + values[f"ff_d[{number}]"].to_bytes(_STIMULI // 8)).digest()
            for number, each in enumerate(classes)
        ]
        if len({*parted}) == len({*classes}):
            return parted
        classes = parted


def _random(seed: bytes) -> int:
    return Random(seed).getrandbits(_STIMULI)


def _value(table: BlifTable, values: dict[str, int]) -> int:
    """Output of a table; its rows say where it is one. A net that nothing drives is zero."""
    total = 0
    for row in table.rows:
        term = _ONES
        for literal, name in zip(row.split()[0] if table.inputs else "", table.inputs, strict=True):
            if literal != "-":
                value = values.get(name, 0)
                term &= value if literal == "1" else ~value
        total |= term
    return total
