"""Sums by linear arithmetic: what a tree of adders adds up, without any search.

A full adder gives ``s`` and ``c`` with ``s + 2 c = x + y + z``. Where ``s`` counts *K* in a sum,
and ``c`` counts *2 K*, the three bits that come in count *K* each::

    K s + 2 K c   ->   K x + K y + K z

From the result backwards every adder goes, one after the other, and what is left is the sum of the
bits that the tree was given, each with its weight. Which nets are the adders' is told by names;
that they are adders is read from their gates, for every value of their inputs. So a name that is
wrong makes a proof fail, and never succeed.

# Ref: A. Mahzoon, D. Grosse, R. Drechsler, RevSCA-2.0, IEEE TCAD 41(5), 2022
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter

from fp8mac.proofs.cuts.gates import Bit, CutError, Gates

__all__ = ["LinearForm", "adders_of", "linear_form"]

_MOST_INPUTS = 3
_ADDER = re.compile(r"(sum|carry|half)_([0-9]+_[0-9]+)(?:\$[0-9]+)?")


@dataclass(frozen=True)
class LinearForm:
    """A sum ``constant + weights[x] * x + ...``, modulo ``2**width``, of bits ``x``."""

    weights: dict[Bit, int]
    constant: int
    width: int


def adders_of(gates: Gates, inside: str) -> set[Bit]:
    """Nets that by their names are sums and carries of adders, given how their names begin."""
    found: defaultdict[tuple[str, str], set[Bit]] = defaultdict(set)
    for name, net in gates.nets.items():
        match = _ADDER.fullmatch(name.removeprefix(inside))
        if match and name.startswith(inside) and len(net) == 1 and net[0] in gates.kinds:
            found[match[1], match[2]].add(net[0])
    bits = set[Bit]().union(*found.values())
    for (kind, which), halves in found.items():
        if kind == "half":  # the half of a full adder is inside of it
            sums = found.get(("sum", which), set[Bit]())
            bits -= halves & {each for bit in sums for each in gates.inputs[bit]}
    return bits


@dataclass(frozen=True)
class _Adder:
    """One or two nets that hang on the same inputs, and their truth tables.

    Bit *i* of a table is the net's value where the inputs are the binary digits of *i*.
    """

    inputs: tuple[Bit, ...]
    tables: dict[Bit, int]

    def linear(self, weights: dict[Bit, int], modulus: int) -> tuple[dict[Bit, int], int] | None:
        """What the weighted nets are in terms of the inputs: weights and a constant, if linear."""
        cases = 1 << len(self.inputs)

        def value(case: int) -> int:
            return sum(weights[net] * (table >> case & 1) for net, table in self.tables.items())

        constant = value(0)
        found = {bit: value(1 << at) - constant for at, bit in enumerate(self.inputs)}
        for case in range(cases):
            total = sum(found[bit] for at, bit in enumerate(self.inputs) if case >> at & 1)
            if (value(case) - constant - total) % modulus:
                return None
        return found, constant


def linear_form(
    gates: Gates,
    result: Iterable[tuple[Bit, int]],
    width: int,
    *,
    adders: Collection[Bit],
    leaves: Collection[Bit],
) -> LinearForm:
    """What a result adds up.

    Parameters
    ----------
    gates : Gates
        The circuit.
    result : iterable of tuple
        Bits and their weights.
    width : int
        All is modulo ``2**width``.
    adders : collection of Bit
        Nets that may be sums and carries of adders.
    leaves : collection of Bit
        Bits that the sum is to be expressed in.

    Raises
    ------
    CutError
        If something in between is not an adder.
    """
    modulus = 1 << width
    weights: defaultdict[Bit, int] = defaultdict(int)
    for bit, weight in result:
        weights[bit] += weight
    groups, order = _groups(gates, list(weights), adders, leaves)
    constant = 0
    for inputs in order:
        group = groups[inputs]
        mine = {net: weights.pop(net, 0) % modulus for net in group.tables}
        found = group.linear(mine, modulus)
        if found is None:
            raise CutError(
                f"The gates behind {_names(gates, group.tables)} do not add what they are given."
            )
        for bit, weight in found[0].items():
            weights[bit] += weight
        constant += found[1]
    constant += weights.pop("1", 0)
    weights.pop("0", None)
    rest = {bit: weight % modulus for bit, weight in weights.items() if weight % modulus}
    if strange := [bit for bit in rest if bit not in leaves]:
        raise CutError(f"The sum has {_names(gates, strange)}, which nothing gives it.")
    return LinearForm(rest, constant % modulus, width)


def _groups(
    gates: Gates, roots: list[Bit], adders: Collection[Bit], leaves: Collection[Bit]
) -> tuple[dict[tuple[Bit, ...], _Adder], list[tuple[Bit, ...]]]:
    """Adders by their inputs, and an order in which each comes before those that give it bits."""
    stops = {*adders, *leaves}
    groups: dict[tuple[Bit, ...], _Adder] = {}
    owner: dict[Bit, tuple[Bit, ...]] = {}
    pending = [bit for bit in roots if bit in adders]
    while pending:
        net = pending.pop()
        if net in owner or net in leaves:
            continue
        order, ends = gates.cone(gates.inputs[net], stops - {net})
        inputs = tuple(sorted(ends, key=str))
        if len(inputs) > _MOST_INPUTS:
            raise CutError(f"{_names(gates, [net])} hangs on {len(inputs)} nets: it is no adder.")
        ones = (1 << (1 << len(inputs))) - 1
        given = {bit: _digit(at, len(inputs)) for at, bit in enumerate(inputs)}
        table = gates.evaluate([*order, net], given, ones)[net]
        groups.setdefault(inputs, _Adder(inputs, {})).tables[net] = table
        owner[net] = inputs
        pending += [bit for bit in inputs if bit in adders]
    sorter: TopologicalSorter[tuple[Bit, ...]] = TopologicalSorter()
    for inputs in groups:
        sorter.add(inputs)
        for bit in inputs:
            if bit in owner:
                sorter.add(owner[bit], inputs)
    return groups, list(sorter.static_order())


def _digit(at: int, count: int) -> int:
    """Table of an input: bit *i* is digit ``at`` of *i*."""
    return sum(1 << case for case in range(1 << count) if case >> at & 1)


def _names(gates: Gates, bits: Iterable[Bit]) -> str:
    """Names of bits, for a sentence."""
    wanted, found = {*bits}, []
    for name, net in gates.nets.items():
        found += [f"{name}[{at}]" for at, bit in enumerate(net) if bit in wanted]
        wanted -= {*net}
        if not wanted:
            break
    return " and ".join(found[:2]) or "a net"
