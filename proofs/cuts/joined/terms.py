"""Terms of a sum by their words: products, the accumulator, sums of others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.gates import Bit
from fp8mac.proofs.cuts.words import Words
from fp8mac.proofs.spec.terms import acc_terms, exponent, unsigned
from fp8mac.proofs.spec.theory import bits

__all__ = ["TermWords", "acc_term", "magnitude_of", "merged", "product_term", "sum_term"]


@dataclass(frozen=True)
class TermWords:
    """A number ``magnitude * 2**(exponent - fraction_bits)``, which may be zero.

    In each text, ``{k}`` stands for what tells the term from others, see `at`.

    Parameters
    ----------
    words : mapping
        Bits that it is told by.
    counts : str
        Whether it sets an exponent, a Boolean; otherwise it is zero.
    exponent : str
        Signed, true: the exponent of one is 0.
    magnitude, width : str, int
        Unsigned, and how many bits it has.
    sign : str
        One bit.
    fraction_bits : int
        Places of the magnitude below the exponent.
    most : int
        Largest magnitude.
    lowest, highest : int
        Range of the exponent, where it counts.
    known : tuple of str
        What else has been shown of its words.
    definitions : str
        SMT-LIB behind the words; the same for all terms of a kind.
    """

    words: Words
    counts: str
    exponent: str
    magnitude: str
    width: int
    sign: str
    fraction_bits: int
    most: int
    lowest: int
    highest: int
    known: tuple[str, ...] = ()
    definitions: str = ""

    def at(self, k: str = "") -> "TermWords":
        """The term with another name."""
        return replace(
            self,
            words={name.format(k=k): word for name, word in self.words.items()},
            counts=self.counts.format(k=k),
            exponent=self.exponent.format(k=k),
            magnitude=self.magnitude.format(k=k),
            sign=self.sign.format(k=k),
            known=tuple(each.format(k=k) for each in self.known),
        )

    @property
    def facts(self) -> list[str]:
        """All that is known of it."""
        within = (
            f"(and (bvsge {self.exponent} {exponent(self.lowest)})"
            f" (bvsle {self.exponent} {exponent(self.highest)}))"
        )
        zero = f"(= {self.magnitude} {bits(0, self.width)})"
        return [f"(ite {self.counts} {within} {zero})", *self.known]


def magnitude_of(value: str, width: int) -> str:
    """Magnitude of an integer in two's complement."""
    return f"(ite (bvslt {value} {bits(0, width)}) (bvneg {value}) {value})"


def merged(terms: Iterable[TermWords]) -> tuple[dict[str, Sequence[Bit]], str]:
    """Words of terms with names of their own, and their definitions."""
    terms = list(terms)
    words = {name: word for term in terms for name, word in term.words.items()}
    return words, "".join(dict.fromkeys(term.definitions for term in terms))


def product_term(parts: FloatParts, lane: int, offset: int) -> TermWords:
    """The product of a lane, to whose exponents ``offset`` is added."""
    product, lanes = parts.products[lane], parts.lanes
    return TermWords(
        {
            "e{k}": product.exponent,
            "m{k}": product.significand,
            "sign{k}": [product.sign],
            "zero{k}": [product.zero],
        },
        "(= zero{k} #b0)",
        f"(bvsub {unsigned('e{k}', len(product.exponent))} {exponent(offset)})",
        "m{k}",
        len(product.significand),
        "sign{k}",
        lanes.fraction_bits,
        lanes.largest,
        lanes.lowest,
        lanes.highest,
    )


def acc_term(parts: FloatParts) -> TermWords:
    """The accumulator."""
    format_ = parts.acc.format
    return TermWords(
        {"c": parts.gates.bus("c")},
        f"(not (= c_significand {bits(0, format_.precision)}))",
        f"(bvsub c_exponent {exponent(format_.exponent_bias)})",
        "c_significand",
        format_.precision,
        "c_sign",
        format_.mantissa_bits,
        (1 << format_.precision) - 1,
        1 - format_.exponent_bias,
        (1 << format_.exponent_bits) - 1 - format_.exponent_bias,
        definitions=acc_terms(format_, "c", "c"),
    )


def sum_term(
    words: Words, *, base: int, fraction_bits: int, most: int, lowest: int, highest: int
) -> TermWords:
    """A sum whose words are ``value``, in two's complement, ``largest`` and ``some``.

    Parameters
    ----------
    base : int
        Exponent where ``largest``, which is unsigned, is 0.
    """
    width, exponent_bits = len(words["value"]), len(words["largest"])
    return TermWords(
        {f"{name}{{k}}": word for name, word in words.items()},
        "(= some{k} #b1)",
        f"(bvadd {unsigned('largest{k}', exponent_bits)} {exponent(base)})",
        magnitude_of("value{k}", width),
        width,
        f"((_ extract {width - 1} {width - 1}) value{{k}})",
        fraction_bits,
        most,
        lowest,
        highest,
        known=(
            f"(bvsle value{{k}} {bits(most, width)})",
            f"(bvsge value{{k}} {bits(-most, width)})",
        ),
    )
