"""Lanes of operands that are too wide for all pairs to be tried.

::

    code a --> significand --+--> a[i] & b[j] --> tree --> rows --> adder --> product's
    code b --> significand --+                linear arithmetic     by a solver

Everything else of a product hangs on few bits, and is left to a solver.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fp8mac.hw.config.formats import FloatFormat
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.cuts.adders import adder_rows
from fp8mac.proofs.cuts.floats.lanes import ProductWords
from fp8mac.proofs.cuts.gates import Bit, CutError, Gates
from fp8mac.proofs.cuts.multipliers import BitProducts
from fp8mac.proofs.cuts.words import Question, question
from fp8mac.proofs.spec.terms import EXPONENT_BITS, acc_terms, exponent
from fp8mac.proofs.spec.theory import all_of, bits

__all__ = ["WideLanes"]


@dataclass(frozen=True)
class WideLanes:
    """What products of a unit's operands are, as `fp8mac.proofs.cuts.lanes.FloatLanes` says it.

    Parameters
    ----------
    config : MacConfig
        The unit; its operands are stored as their significands are.
    """

    config: MacConfig

    @cached_property
    def formats(self) -> tuple[FloatFormat, FloatFormat]:
        """Of both operands."""
        a, b = self.config.a, self.config.b
        assert isinstance(a, FloatFormat)
        assert isinstance(b, FloatFormat)
        return a, b

    @property
    def fraction_bits(self) -> int:
        """Places of a product's significand below its exponent."""
        return sum(each.mantissa_bits for each in self.formats)

    @property
    def largest(self) -> int:
        """Largest significand."""
        a, b = ((1 << each.precision) - 1 for each in self.formats)
        return a * b

    @property
    def lowest(self) -> int:
        """Smallest exponent of a product that is not zero."""
        return sum(each.emin for each in self.formats)

    @property
    def highest(self) -> int:
        """Largest exponent of a product."""
        return sum(each.emax for each in self.formats)

    def check(self, gates: Gates, lane: int, words: ProductWords) -> int:
        """What is added to the exponents of a lane's products, if `questions` prove it.

        Raises
        ------
        CutError
            If they hang on anything but the lane's operands.
        """
        codes = self._codes(gates, lane)
        ones = [each.exponent_bias << each.mantissa_bits for each in self.formats]
        given = {
            bit: np.uint8(one >> at & 1)
            for code, one in zip(codes.values(), ones, strict=True)
            for at, bit in enumerate(code)
        }
        order, ends = gates.cone(words.exponent, given)
        if strange := {*ends} - {*given}:
            raise CutError(f"Lane {lane} hangs on {len(strange)} bits that are none of its own.")
        values = gates.evaluate(order, given, np.uint8(1))
        return sum(int(values[bit]) << at for at, bit in enumerate(words.exponent))

    def questions(
        self, gates: Gates, inside: str, lane: int, words: ProductWords, offset: int
    ) -> Iterator[Question]:
        """Prove what takes no solver of a lane; the questions that are left to one.

        Parameters
        ----------
        inside : str
            Prefix of the names of the lane's nets.
        offset : int
            What is added to its exponents.

        Raises
        ------
        CutError
            If the products of bits are not added, each at its place.
        """
        codes = self._codes(gates, lane)
        factors = {name: self._significand(gates, inside, name, codes[name]) for name in "ab"}
        products = BitProducts.of(gates, *factors.values())
        rows = adder_rows(products.gates, f"{inside}total") or {"total": words.significand}
        rows = {name: products.word(row) for name, row in rows.items()}
        products.check(inside, list(rows.values()))
        definitions = "".join(
            acc_terms(each, name, name) for name, each in zip("ab", self.formats, strict=True)
        )
        found = {"sign": [words.sign], "zero": [words.zero], "nan": [words.nan]}
        found |= {"inf": [words.inf], "e": words.exponent}
        found |= {f"significand_{name}": word for name, word in factors.items()}
        what = "A product"
        claim = self._claim(len(words.exponent), offset)
        yield what, question(gates, codes, found, claim, what=what, definitions=definitions)
        if len(rows) > 1:
            what = "The last addition of a product"
            claim = "(= total (bvadd row_x row_z))"
            word = {"total": products.word(words.significand)}
            yield what, question(products.gates, rows, word, claim, what=what)

    def _codes(self, gates: Gates, lane: int) -> dict[str, list[Bit]]:
        widths = {"a": self.config.a.bits, "b": self.config.b.bits}
        return {
            name: gates.bus(name)[lane * width : (lane + 1) * width]
            for name, width in widths.items()
        }

    def _significand(
        self, gates: Gates, inside: str, name: str, code: Sequence[Bit]
    ) -> Sequence[Bit]:
        """What is multiplied of an operand."""
        unpacked = f"{inside}unpack_{name}.number.significand"
        if unpacked in gates.nets:
            return gates.bus(unpacked)
        format_ = self.formats["ab".index(name)]
        return [*code[: format_.mantissa_bits], *gates.bus(f"{inside}hidden_{name}")]

    def _claim(self, width: int, offset: int) -> str:
        """About everything but the product of the significands."""
        named = [*zip("ab", self.formats, strict=True)]
        none = [f"(= {name}_significand {bits(0, each.precision)})" for name, each in named]
        zeros = [
            f"(and (not {name}_nan) (not {name}_inf) {zero})"
            for name, zero in zip("ab", none, strict=True)
        ]
        nan = f"(or a_nan b_nan (and a_inf {zeros[1]}) (and b_inf {zeros[0]}))"
        finite = "(not (or a_nan b_nan a_inf b_inf))"
        biases = sum(format_.exponent_bias for format_ in self.formats)
        total = f"(bvsub (bvadd a_exponent b_exponent) {exponent(biases - offset)})"
        own = f"((_ zero_extend {EXPONENT_BITS - width}) e)"
        numbers = all_of(f"(= significand_{name} {name}_significand)" for name in "ab")
        some = f"(not (or {' '.join(none)}))"
        return (
            f"(and (= (= nan #b1) {nan}) (or {nan} (= (= inf #b1) (or a_inf b_inf)))\n"
            f" (or {nan} (= sign (bvxor a_sign b_sign)))\n"
            f" (=> {finite} (and {numbers} (= (= zero #b0) {some}) (=> {some} (= {own} {total})))))"
        )
