"""Units that no proof is known of: tried with many steps, and never called proved.

======================  =======================================================================
what                    how
======================  =======================================================================
the mapped netlist      biased steps, see `fp8mac.sim.check.claims.tiles`; synthesis has proved it
                        equal to the RTL
planted bugs            gates of that netlist are made others, and the same steps find each
a smaller unit          two lanes of e2m1 in a narrow accumulator, by the same generator
                        and the same rule: every operand of each lane with every accumulator. Of
                        trees e2m1 by e1m1, in six bits: the golden model adds them one by one
======================  =======================================================================
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, parse_format
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.silicon.alignment import Groups
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.hw.dot.beside import is_beside
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.proofs.check.equivalence import EquivalenceError, check_equal
from fp8mac.proofs.cuts.floats.questions import has_parts
from fp8mac.sim.check.claims.sampled import Sampled, check_every, check_sampled
from fp8mac.sim.check.netlist import Netlist
from fp8mac.synth_reports.cost.measure import Bench, Design

__all__ = ["SAMPLED_UNITS", "Tried", "is_sampled", "smaller", "try_unit"]

SAMPLED_UNITS: list[MacConfig] = [parse_line(line) for line in ("mi100-fp16", "mi200-fp16")]
"""Units of the certificate that no proof is known of."""

_GATES = 8
_BUG_STEPS = 1 << 17
_OPERAND = parse_format("e2m1")
_REGISTER = FloatFormat(4, 3)
_TREE_OPERAND = parse_format("e1m1none")
_TREE_REGISTER = FloatFormat(3, 2)
_WIDE_REGISTER = FloatFormat(7, 1)  # of too many exponents for a fixed frame

_OTHER = {"AND2": "OR2", "NAND2": "NOR2", "XOR2": "XNOR2", "INV": "BUF"}
_OTHER |= {other: cell for cell, other in _OTHER.items()}


def is_sampled(config: MacConfig) -> bool:
    """Whether a unit is tried: one of several lanes in a float accumulator without a proof."""
    if config == config.plain or not isinstance(config.accumulator, FloatAccConfig):
        return False
    if config.stages > 1 or config.summation.chunk is not None or config.random_bits:
        return False
    return not has_parts(config)


@dataclass(frozen=True)
class Tried:
    """What came of trying a unit.

    Parameters
    ----------
    config, goal
        The unit.
    netlist : str
        Hash of its core's netlist.
    steps : Sampled
        Biased steps of it.
    planted, found : int
        Gates that were changed and changed what the core computes, and those that were noticed.
    small : MacConfig, optional
        A smaller unit of the same generator, where there is one.
    every : Sampled, optional
        All steps of that.
    same : int
        Gates that were changed and are proved to change nothing.
    """

    config: MacConfig
    goal: Goal
    netlist: str
    steps: Sampled
    planted: int
    found: int
    small: MacConfig | None
    every: Sampled | None
    same: int = 0

    @property
    def failures(self) -> list[str]:
        """Sentences about what did not come out as it has to."""
        sentences = []
        for config, found in ((self.config, self.steps), (self.small, self.every)):
            if config is not None and found is not None and found.wrong:
                of = "" if config is self.config else f"of {config.text}, "
                sentences.append(
                    f"{self.config.slug}: {of}{found.wrong} of {found.steps} steps are wrong: "
                    f"{found.mismatches[0]}."
                )
        if self.found < self.planted or not self.planted:
            sentences.append(
                f"{self.config.slug}: of {self.planted} gates that were changed, {self.found} "
                "were found by the steps."
            )
        return sentences

    @property
    def facts(self) -> dict[str, Any]:
        """As JSON types."""
        small = self.small and self.every
        return {
            "unit": self.config.slug,
            "line": self.config.text,
            "goal": self.goal.value,
            "shape": Shape.CORE.value,
            "property": "sampled",
            "verdict": "failed" if self.failures else "sampled",
            "steps": self.steps.steps,
            "by_golden": self.steps.by_golden,
            "wrong": self.steps.wrong,
            "bugs_planted": self.planted,
            "bugs_found": self.found,
            "bugs_same": self.same,
            "smaller": self.small.text if self.small else None,
            "smaller_steps": small.steps if small else None,
            "smaller_wrong": small.wrong if small else None,
            "seconds": round(self.steps.seconds + (small.seconds if small else 0), 1),
            "netlist_sha256": self.netlist,
        }


def smaller(config: MacConfig) -> MacConfig | None:
    """A unit of two lanes that adds in the same way, so small that every step can be tried.

    Windows are as much wider than the significand as before. None for blocks, whose scales are too
    many.
    """
    acc, how = config.accumulator, config.summation
    assert isinstance(acc, FloatAccConfig)
    register = _TREE_REGISTER if how.tree else _REGISTER
    if config.block is None and is_beside(config):
        register = _WIDE_REGISTER
    less = acc.format.precision - register.precision
    if config.block is not None or less < 0:
        return None

    def fewer(bits: int | None) -> int | None:
        return None if bits is None else max(bits - less, 1)

    late, join = how.late, how.join
    if late is not None:
        bits = fewer(late.sum_bits), fewer(late.acc_bits)
        late = replace(late, sum_bits=bits[0], acc_bits=bits[1], drop=fewer(late.drop))
    if join is not None:
        join = replace(join, bits=fewer(join.bits))
    how = replace(
        how,
        lanes=2,
        window_bits=fewer(how.window_bits),
        groups=how.groups and Groups(2),
        join=join,
        late=late,
    )
    other = _TREE_OPERAND if how.tree else _OPERAND
    return MacConfig(_OPERAND, other, replace(acc, format=register), how)


def try_unit(
    config: MacConfig,
    *,
    goal: Goal = Goal.AREA,
    vectors: int,
    bench: Bench,
    progress: Callable[[str], object] = lambda what: None,
) -> Tried:
    """Try a unit.

    Parameters
    ----------
    config : MacConfig
        One of which `is_sampled`.
    goal : Goal
        What the circuit is built for.
    vectors : int
        Biased steps, at least.
    bench : Bench
        What gives netlists.
    progress : callable
        Called with what was done, three times.

    Raises
    ------
    ConfigError
        If there is no circuit for the unit.
    SelfTestError
        If the golden model and a matrix product differ.
    SynthesisError, YosysError
        If there is no netlist.
    """
    check_buildable(config)
    small = smaller(config)
    designs = [Design(each, Shape.CORE, goal) for each in (config, small) if each is not None]
    measured = bench.measure(designs)
    synthesis = measured[designs[0]].synthesis
    progress("netlist")
    steps = check_sampled(config, Netlist.from_blif(synthesis.netlist), vectors)
    progress("steps")
    planted = found = same = 0
    counts = _BUG_STEPS, vectors
    for text, changed in _changed(synthesis.netlist):
        if any(check_sampled(config, changed, count).wrong for count in counts):
            planted, found = planted + 1, found + 1
        elif _is_same(text, synthesis.netlist):
            same += 1
        else:
            planted += 1
    every = None
    if small is not None:
        every = check_every(small, Netlist.from_blif(measured[designs[1]].synthesis.netlist))
    progress("bugs")
    return Tried(config, goal, synthesis.sha256, steps, planted, found, small, every, same)


def _changed(blif: str) -> Iterable[tuple[str, Netlist]]:
    """Netlists with one gate changed, as text as well: the same ones each time."""
    gates = [each for each in re.finditer(r"^\.gate (\S+)", blif, re.M) if each[1] in _OTHER]
    for at in sorted(np.random.default_rng(1).choice(len(gates), min(_GATES, len(gates)), False)):
        gate = gates[at]
        text = f"{blif[: gate.start(1)]}{_OTHER[gate[1]]}{blif[gate.end(1) :]}"
        yield text, Netlist.from_blif(text)


def _is_same(first: str, second: str) -> bool:
    """Whether two netlists are proved to compute the same."""
    try:
        check_equal(first, second)
    except EquivalenceError:
        return False
    return True
