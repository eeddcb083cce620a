"""Questions about a part of a circuit: between some of its words, for all of their values."""

from collections.abc import Iterable, Mapping, Sequence

from fp8mac.proofs.cuts.gates import Bit, CutError, Gates
from fp8mac.proofs.spec.theory import all_of

__all__ = ["Question", "Words", "question"]

Question = tuple[str, str]
"""What a question is about, and its text."""

Words = Mapping[str, Sequence[Bit]]
"""Bits of words by their names in a claim, the lowest first."""


def question(
    gates: Gates,
    given: Words,
    found: Words,
    claim: str,
    *,
    what: str,
    definitions: str = "",
    known: Iterable[str] = (),
) -> str:
    """SMT-LIB that is ``unsat`` if a claim holds for all values of the words that are given.

    Equal parts of a circuit give equal texts: gates are numbered in the order of their cone.

    Parameters
    ----------
    gates : Gates
        The circuit.
    given : Words
        Where the part begins.
    found : Words
        What it gives; it may hang on nothing else.
    claim : str
        About words, and ``definitions``.
    what : str
        The part, for an error.
    definitions : str
        SMT-LIB behind the words' own.
    known : iterable of str
        What is known of the words that are given.

    Raises
    ------
    CutError
        If what is found hangs on more than what is given.
    """
    stops = {bit for word in given.values() for bit in word if isinstance(bit, int)}
    # Yosys takes two inverters in a row away: what a word's bit inverts is known with it.
    inverted = {gates.inputs[bit][0]: bit for bit in stops if gates.kinds.get(bit) == "$_NOT_"}
    inverted = {bit: other for bit, other in inverted.items() if bit not in stops}
    stops |= {bit for bit in inverted if isinstance(bit, int)}
    order, ends = gates.cone((bit for word in found.values() for bit in word), stops)
    if strange := {*ends} - stops:
        raise CutError(f"{what} hangs on {len(strange)} bits that are none of its own.")
    names: dict[Bit, str] = {"0": "false", "1": "true"}
    lines = []
    for word in given.values():
        for bit in word:
            if bit not in names:
                names[bit] = f"i{len(names)}"
                lines.append(f"(declare-const {names[bit]} Bool)\n")
    names |= {bit: f"(not {names[other]})" for bit, other in inverted.items()}
    for bit in order:
        names[bit] = f"n{len(names)}"
        body = gates.formula(bit, names)
        lines.append(f"(define-fun {names[bit]} () Bool {body})\n")
    for name, word in (*given.items(), *found.items()):
        parts = [f"(ite {names[bit]} #b1 #b0)" for bit in word][::-1]
        body = f"(concat {' '.join(parts)})" if len(parts) > 1 else parts[0]
        lines.append(f"(define-fun {name} () (_ BitVec {len(word)}) {body})\n")
    facts = all_of(list(known))
    return f"{''.join(lines)}{definitions}(assert {facts})\n(assert (not {claim}))\n"
