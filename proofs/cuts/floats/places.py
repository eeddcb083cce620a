"""Products at places of their own in fixed point."""

from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.gates import Bit
from fp8mac.proofs.cuts.sums import Placed
from fp8mac.proofs.cuts.words import Question, question
from fp8mac.proofs.spec.terms import EXPONENT_BITS, exponent, unsigned
from fp8mac.proofs.spec.theory import bits

__all__ = ["is_placed", "largest_sum", "numbered", "place_of_product"]


def numbered(parts: FloatParts, name: str) -> list[list[Bit]]:
    """Nets of one name in the order of the circuit."""
    start = f"{parts.inside}{name}"
    found = {
        int(each.removeprefix(start).removeprefix("$") or 0): net
        for each, net in parts.gates.nets.items()
        if each.startswith(start) and each.removeprefix(start).strip("$0123456789") == ""
    }
    return [found[at] for at in sorted(found)]


def largest_sum(parts: FloatParts, count: int | None = None) -> int:
    """Largest magnitude of a sum of all, or so many, products, in the smallest's last places."""
    lanes = parts.lanes
    return (count or parts.count) * lanes.largest << lanes.highest - lanes.lowest


def is_placed(width: int, significand: str, precision: int, up: str) -> str:
    """That the word ``addend`` with its ``sign`` is a significand that is moved up.

    Parameters
    ----------
    width : int
        Of the word.
    significand, precision : str, int
        What is placed, and how wide it is.
    up : str
        By how many places, an exponent.
    """
    wide = max(width, precision, EXPONENT_BITS) + 2
    got = f"(bvadd {unsigned('addend', width, wide)} {unsigned('sign', 1, wide)})"
    less = f"(ite (= sign #b1) {bits(-1 << width, wide)} {bits(0, wide)})"
    moved = f"(bvshl {unsigned(significand, precision, wide)} {unsigned(up, EXPONENT_BITS, wide)})"
    term = f"(ite (= sign #b1) (bvneg {moved}) {moved})"
    return f"(= (bvadd {got} {less}) {term})"


def place_of_product(parts: FloatParts, lane: int, placed: Placed, *, offset: int) -> Question:
    """That a lane's term is its product, moved up by as much as its exponent is above the least.

    Parameters
    ----------
    placed : Placed
        The term; its sign may be any.
    offset : int
        What is added to the lanes' exponents.
    """
    product, lanes = parts.products[lane], parts.lanes
    width, addend = len(product.significand), len(placed.addend)
    given = {"e": product.exponent, "m": product.significand, "sign": [placed.sign]}
    given["zero"] = [product.zero]
    own = unsigned("e", len(product.exponent))
    least, most = exponent(lanes.lowest + offset), exponent(lanes.highest - lanes.lowest)
    nothing = f"(= m {bits(0, width)})"
    still = is_placed(addend, "m", width, exponent(0))
    what = "The place of a product"
    return what, question(
        parts.gates,
        given,
        {"addend": placed.addend},
        f"(ite {nothing} {still} {is_placed(addend, 'm', width, 'up')})",
        what=what,
        definitions=f"(define-fun up () (_ BitVec {EXPONENT_BITS}) (bvsub {own} {least}))\n",
        known=[f"(ite (= zero #b1) {nothing} (bvule up {most}))"],
    )
