"""Prefix adders: where their two rows are, by the names that `fp8mac.hw.parts.prefix` gives."""

from collections.abc import Sequence

from fp8mac.proofs.cuts.gates import Bit, CutError, Gates

__all__ = ["adder_rows"]


def adder_rows(gates: Gates, name: str) -> dict[str, Sequence[Bit]]:
    """Words that an adder adds, as bits come in; none where there is no such adder.

    A name that is wrong makes a proof fail, and never succeed: that the sum is that of these words
    has to be proved.
    """
    if (half := f"{name}_half") not in gates.nets:
        return {}
    rows: list[tuple[Bit, ...]] = []
    for bit in gates.bus(half):
        if bit == "0":
            rows.append(("0", "0"))
        elif gates.kinds.get(bit) == "$_XOR_":
            rows.append(gates.inputs[bit])
        else:
            raise CutError(f"{half} is no sum of two bits.")
    first, second = zip(*rows, strict=True)
    return {"row_x": first, "row_z": second}
