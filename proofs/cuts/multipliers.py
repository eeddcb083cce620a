"""Multipliers: the products of a bit of each factor that their trees add up."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

from fp8mac.proofs.cuts.gates import Bit, Gates

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
    """

    gates: Gates
    nets: dict[tuple[int, int], Bit]
    same: dict[Bit, Bit]

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
        return cls(gates, nets, same)

    def word(self, bits: Sequence[Bit]) -> list[Bit]:
        """A word with the nets that stand for others."""
        return [self.same.get(bit, bit) for bit in bits]


def _factors(kind: str, inputs: tuple[Bit, ...]) -> tuple[Bit, ...]:
    """Bits that a gate multiplies: an AND, or a choice between one and nothing."""
    if kind == "$_MUX_" and inputs[0] == "0":
        return inputs[1:]
    return inputs if kind == "$_AND_" else ()
