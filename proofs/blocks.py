"""Proofs of what rounds the sums of a block: its scale, and each of its elements.

No cut is needed: the scale follows from the leading one of all magnitudes, and a solver finds it
for a block of 32 sums of full width in seconds. An element is stated with the scale that the
circuit gives, so that the two claims together say what the block becomes.
"""

from collections.abc import Iterator

from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue] (no stub)

from fp8mac.hw.area.block import ToBlock
from fp8mac.proofs.check.queries import Query
from fp8mac.proofs.cuts.gates import Bit, Gates, term, vector
from fp8mac.proofs.spec.blocks import Leaving, element_claim, scale_claim

__all__ = ["block_queries"]


def block_queries(circuit: ToBlock) -> Iterator[tuple[str, Query]]:
    """What is asked, and queries that prove a circuit if all of them are ``unsat``.

    The scale first, then the elements in their order, each for all sums, NaN and infinities.
    """
    output, width, lsb_exponent = circuit.config, circuit.width, circuit.lsb_exponent
    gates = Gates(rtlil.convert(circuit, name="top", emit_src=False), "top")
    value, code, scale = (gates.bus(name) for name in ("value", "code", "scale"))
    flags = [gates.bus(name) for name in ("nan", "inf", "negative")]
    sums = [
        Leaving(vector(value[place * width :][:width]), *(term(flag[place]) for flag in flags))
        for place in range(output.size)
    ]
    given = [*value, *(bit for flag in flags for bit in flag)]

    def query(roots: list[Bit], claim: str) -> Query:
        order, _ = gates.cone(roots, ())
        text = "".join(f"(declare-const {term(bit)} Bool)\n" for bit in given)
        return Query(f"{text}{gates.smt(order)}(assert (not {claim}))\n", ())

    claim = scale_claim(output, width, lsb_exponent, sums, vector(scale))
    yield "scale", query(scale, claim)
    bits = output.format.element.bits
    for place, each in enumerate(sums):
        own = code[place * bits :][:bits]
        terms = {"scale": vector(scale), "code": vector(own)}
        claim = element_claim(output, lsb_exponent, each, width=width, **terms)
        yield f"element {place}", query([*scale, *own], claim)
