"""Multipliers: the products of a bit of each factor that their trees add up."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

from fp8mac.proofs.cuts.gates import Bit, CutError, Gates
from fp8mac.proofs.cuts.linear import adders_of, linear_form

__all__ = ["BitProducts"]


@dataclass(frozen=True)
class BitProducts:
    """A circuit in which each product of two bits is one net.

    Parameters
    ----------
    gates : Gates
        The circuit.
    nets : dict
        Net of each pair of places.
    same : dict
        The net that stands for another one.
    pairs : int
        How many pairs of places there are.
    """

    gates: Gates
    nets: dict[tuple[int, int], Bit]
    same: dict[Bit, Bit]
    pairs: int

    @classmethod
    def of(cls, gates: Gates, first: Sequence[Bit], second: Sequence[Bit]) -> "BitProducts":
        """Those of the bits of two factors.

        A product of two bits is written again wherever it is taken: equal nets become one.
        """
        places, others = ({bit: at for at, bit in enumerate(bus)} for bus in (first, second))
        nets: dict[tuple[int, int], Bit] = {}
        same: dict[Bit, Bit] = {}
        for net, inputs in gates.inputs.items():
            pair = _factors(gates.kinds[net], inputs)
            left = [places[bit] for bit in pair if bit in places]
            right = [others[bit] for bit in pair if bit in others]
            if len(left) == len(right) == 1:
                same[net] = nets.setdefault((left[0], right[0]), net)
        gates = copy(gates)
        gates.inputs = {
            bit: tuple(same.get(each, each) for each in inputs)
            for bit, inputs in gates.inputs.items()
        }
        return cls(gates, nets, same, len(first) * len(second))

    def word(self, bits: Sequence[Bit]) -> list[Bit]:
        """A word with the nets that stand for others."""
        return [self.same.get(bit, bit) for bit in bits]

    def check(self, inside: str, rows: Sequence[Sequence[Bit]]) -> None:
        """Prove that rows add up to all products of a bit of each factor.

        Parameters
        ----------
        inside : str
            How names of the adders begin.

        Raises
        ------
        CutError
            If they do not.
        """
        result = [(bit, 1 << at) for row in rows for at, bit in enumerate(row)]
        leaves = {net: 1 << i + j for (i, j), net in self.nets.items()}
        adders = adders_of(self.gates, inside) - {*leaves}
        form = linear_form(self.gates, result, len(rows[0]), adders=adders, leaves=leaves)
        if form.constant or len(leaves) != self.pairs or form.weights != leaves:
            raise CutError("The product does not add every product of two bits once, at its place.")


def _factors(kind: str, inputs: tuple[Bit, ...]) -> tuple[Bit, ...]:
    """Bits that a gate multiplies: an AND, or a choice between one and nothing."""
    if kind == "$_MUX_" and inputs[0] == "0":
        return inputs[1:]
    return inputs if kind == "$_AND_" else ()
