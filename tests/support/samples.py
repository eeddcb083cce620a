"""Parameters of tests that are too many for every day."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.dots.beside import BESIDE_MUTATIONS
from fp8mac.proofs.bugs.dots.floats import FLOAT_DOT_MUTATIONS
from fp8mac.proofs.bugs.mutations import MUTATIONS, parse_unit_text
from fp8mac.synth_reports.experiments.grid import GRID

__all__ = ["first_of_each", "grid_units", "one_in", "planted_bugs"]


def first_of_each(
    things: Iterable[Any], kind: Callable[[Any], object], name: Callable[[Any], str]
) -> list[Any]:
    """Parameters: the first thing of each kind is always tested, the others are slow."""
    seen: set[object] = set()
    parameters = []
    for thing in things:
        marks = [pytest.mark.slow] if kind(thing) in seen else []
        seen.add(kind(thing))
        parameters.append(pytest.param(thing, id=name(thing), marks=marks))
    return parameters


def one_in(number: int, things: Iterable[Sequence[Any]]) -> list[Any]:
    """Parameters, several at a time: one in so many is always tested, the others are slow."""
    return [
        pytest.param(*thing, marks=[pytest.mark.slow] if place % number else [])
        for place, thing in enumerate(things)
    ]


def planted_bugs() -> list[Any]:
    """One of each kind of accumulator; sums of float products apart."""

    def kind(mutation: Any) -> object:
        config = parse_unit_text(mutation.units[0])
        return type(config.accumulator)

    of_floats = (*FLOAT_DOT_MUTATIONS, *BESIDE_MUTATIONS)
    others = [each for each in MUTATIONS if each not in of_floats]
    plain_first = sorted(others, key=lambda mutation: "segmented" in mutation.units[0])
    return first_of_each(plain_first, kind, lambda mutation: mutation.name)


def grid_units(kind: Callable[[MacConfig], object] = lambda config: config.a) -> list[Any]:
    """The first unit of each kind: by default each format, in one accumulator after the other."""
    formats = list(dict.fromkeys(config.a for config in GRID))
    accumulators = list(dict.fromkeys(config.accumulator for config in GRID))

    def is_picked(config: MacConfig) -> bool:
        place = formats.index(config.a)
        return accumulators.index(config.accumulator) == place % len(accumulators)

    picked = sorted(GRID, key=lambda config: not is_picked(config))
    return first_of_each(picked, kind, lambda config: config.slug)
