"""Parts of an exact sum in an accumulator of many exponents, which is shifted to the products.

The sum that is rounded, *V*, is not always the sum that is meant, *X*; both are rounded to the same
number. Places count from the last one of *V*; an accumulator has *p* bits, *r* places below its
last one matter to its rounding (one, or a random number's), and products that are not zero begin
at the place *below*::

    accumulator   m m m m                   it is above: X has the products further down
                        m m|m m             or below: what is lost of it, V has in its last place
    products          P P P P P
    places        T     below     0

* Where the accumulator is above, *P* is less than a part in ``2**r`` of half of its last place, as
  *T* is at least ``below + r`` and the products' bits. So is what *X* has of them: both are
  strictly between the accumulator and the next number at which a rounding changes.
* Where bits of it are lost, *V* is odd and differs from *X* by less than 1, and both are more than
  ``2**(p + r)``, as *below* is at least ``p + 1 + r``: a rounding changes at even numbers only.
* Where products come to zero, the accumulator is the sum; in all other cases *V* is *X*.

# Ref: M. D. Ercegovac, T. Lang, Digital Arithmetic, section 8.4 (sticky bits)
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property

from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.floats.places import largest_sum, place_of_product
from fp8mac.proofs.cuts.gates import CutError
from fp8mac.proofs.cuts.sums import Placed
from fp8mac.proofs.cuts.words import Question, Words
from fp8mac.proofs.spec.scales import E8M0_SPAN
from fp8mac.proofs.spec.terms import EXPONENT_BITS, acc_terms, exponent
from fp8mac.proofs.spec.theory import bits

__all__ = ["BesideParts"]


class BesideParts(ABC):
    """Parts of a unit whose products keep their places, and whose accumulator is moved to them.

    Parameters
    ----------
    parts : FloatParts
        Its lanes.
    """

    def __init__(self, parts: FloatParts) -> None:
        self.parts = parts
        self.precision, self.drawn = parts.acc.format.precision, parts.acc.random_bits or 1
        self._offset = parts.offset()

    # What a family has of its own.

    @property
    @abstractmethod
    def acc_bits(self) -> int:
        """Places that an accumulator can be in."""

    @property
    @abstractmethod
    def below(self) -> int:
        """Place where the products begin."""

    @property
    @abstractmethod
    def placed(self) -> list[Placed]:
        """Words of the products, from the place where they begin."""

    @abstractmethod
    def check_sums(self) -> None:
        """Prove what is added."""

    @abstractmethod
    def others(self) -> Iterator[Question]:
        """Questions about the accumulator, the sum, and the rounding."""

    # What is the same for all.

    def questions(self) -> Iterator[Question]:
        """Prove what takes no solver; the questions that are left to one.

        Raises
        ------
        CutError
            If a part is not proved.
        """
        parts = self.parts
        self._check_places()
        self.check_sums()
        yield parts.specials()
        yield from parts.scale()
        for lane, placed in enumerate(self.placed):
            yield place_of_product(parts, lane, placed, offset=self._offset)
        yield from self.others()

    @cached_property
    def most(self) -> int:
        """Largest magnitude of the sum of products."""
        return largest_sum(self.parts)

    @property
    def most_of_all(self) -> int:
        """Largest magnitude of the sum."""
        acc = (1 << self.precision) - 1 << self.acc_bits - self.precision
        return acc + (self.most << self.below)

    @property
    def bias(self) -> int:
        """Exponent of the sum's last place, less that of its highest one."""
        return self.acc_bits - 1 + self.parts.acc.format.exponent_bias

    def _check_places(self) -> None:
        """Prove that sums that are not exact are rounded as if they were, see above."""
        if self.below < self.precision + 1 + self.drawn:
            raise CutError(f"Products begin at the place {self.below}, which is too low.")
        top = self.acc_bits - self.precision
        if top < self.below + self.most.bit_length() + 1 + self.drawn:
            raise CutError(f"The accumulator is at the place {top} at most, which is too low.")

    @property
    def given(self) -> Words:
        """What says where the accumulator is."""
        return {"c": self.parts.gates.bus("c"), **self.parts.scale_word}

    @property
    def wide(self) -> int:
        """Bits of `definitions`' words."""
        return max(self.acc_bits, EXPONENT_BITS)

    def definitions(self, alone: str = "false") -> str:
        """Where the accumulator has to be.

        ::

            (above)             it is at its highest place, as it is above the products, or alone
            (jammed) (lost)     its places, of ``wide`` bits; whether a one is below
            (highest)           exponent of the highest place

        Parameters
        ----------
        alone : str
            Whether it is told that there are no products.
        """
        lanes, precision, wide = self.parts.lanes, self.precision, self.wide
        near = exponent(lanes.lowest - lanes.fraction_bits - self.below + self.bias)
        near = f"(bvadd {near} {self.parts.scale_exponent})"
        top = bits(self.acc_bits - precision, wide)
        whole = f"(bvshl ((_ zero_extend {wide - precision}) c_significand) {top})"
        far = f"((_ zero_extend {wide - EXPONENT_BITS}) (ite above {exponent(0)} away))"
        lines = [
            ("near", EXPONENT_BITS, near),
            ("away", EXPONENT_BITS, "(bvsub near c_exponent)"),
            ("above", 0, f"(or (bvslt away {exponent(0)}) {alone})"),
            ("highest", EXPONENT_BITS, "(ite above c_exponent near)"),
            ("whole", wide, whole),
            ("far", wide, far),
            ("left", wide, "(bvlshr whole far)"),
            ("lost", 0, "(not (= (bvshl left far) whole))"),
            ("jammed", wide, f"(ite lost (bvor left {bits(1, wide)}) left)"),
        ]
        return acc_terms(self.parts.acc.format, "c", "c") + "".join(
            f"(define-fun {name} () {f'(_ BitVec {width})' if width else 'Bool'} {text})\n"
            for name, width, text in lines
        )

    def within(self, highest: str) -> str:
        """What is known of the exponent of the highest place."""
        format_, lanes = self.parts.acc.format, self.parts.lanes
        near = lanes.lowest - lanes.fraction_bits - self.below + self.bias
        if self.parts.scale_word:
            near += E8M0_SPAN[1]
        most = max(near, (1 << format_.exponent_bits) - 1)
        return f"(and (bvsge {highest} {exponent(1)}) (bvsle {highest} {exponent(most)}))"
