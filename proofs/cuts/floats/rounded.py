"""The last part of a sum of floats: it is rounded once."""

from collections.abc import Sequence

from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.gates import Bit, CutError
from fp8mac.proofs.cuts.words import Question, Words, question
from fp8mac.proofs.spec.terms import result_claim
from fp8mac.proofs.spec.theory import all_of, bits

__all__ = ["rounding"]


def rounding(
    parts: FloatParts,
    rows: Words,
    y: Sequence[Bit],
    *,
    power: str,
    most: int,
    less: int = 0,
    given: Words | None = None,
    known: Sequence[str] = (),
    against: str = "false",
    definitions: str = "",
) -> Question:
    """That a code is the sum of some rows, rounded once.

    Parameters
    ----------
    rows : mapping
        Words whose sum is the number, in two's complement, but for what it is ``less``.
    y : sequence of Bit
        The code.
    power : str
        Exponent of the sum's last place.
    most : int
        Largest magnitude of the sum.
    given, known, definitions
        Other words, and what is known of them.
    against : str
        Whether the sum has the other sign.

    Raises
    ------
    CutError
        If the rows do not hold such a sum, or the code hangs on more than is given.
    """
    width = len(next(iter(rows.values())))
    if most >= 1 << width - 1:
        raise CutError(f"The sum has {width} bits, which do not hold it.")
    total = bits(less, width)
    for row in rows:
        total = f"(bvadd {total} {row})"
    words = {**rows, **(given or {}), **parts.last}
    negative = "(= negative #b1)" if "negative" in words else "false"
    facts = [
        f"(bvsle value {bits(most, width)})",
        f"(bvsge value {bits(-most, width)})",
        # A sum of terms none of which is positive is not.
        f"(=> {negative} (bvsle value {bits(0, width)}))",
        *known,
    ]
    claim = result_claim(
        parts.acc,
        "y",
        value="value",
        width=width,
        power=power,
        negative=negative,
        nan="(= nan #b1)",
        pos_inf="(= pos_inf #b1)",
        neg_inf="(= neg_inf #b1)",
        given=all_of(facts),
    )
    vector = f"(_ BitVec {width})"
    if against != "false":
        total = f"(ite {against} (bvneg {total}) {total})"
    what = "The rounding"
    return what, question(
        parts.gates,
        words,
        {"y": y},
        claim,
        what=what,
        definitions=f"{definitions}(define-fun value () {vector} {total})\n",
    )
