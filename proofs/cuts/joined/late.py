"""Parts of a unit that adds its products in a window, or in several, and the accumulator to that.

::

    products --> window(s) --> join --> late, with c --> finish --> y
    products --> window ----> finish --> add c --> y

What one part shows is what the next ones know, and nothing else is assumed of any word.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fp8mac.proofs.cuts.floats.parts import FloatParts
from fp8mac.proofs.cuts.gates import Bit, CutError
from fp8mac.proofs.cuts.joined.aligned import Aligned, KeptTerm, rounded
from fp8mac.proofs.cuts.joined.terms import acc_term, product_term
from fp8mac.proofs.cuts.words import Question, question
from fp8mac.proofs.spec.sums import sum_claim
from fp8mac.proofs.spec.terms import exponent
from fp8mac.proofs.spec.theory import all_of, bits

__all__ = ["LateParts"]


@dataclass(frozen=True)
class LateParts:
    """Parts that follow the lanes of a unit.

    Parameters
    ----------
    parts : FloatParts
        Its lanes.
    """

    parts: FloatParts

    def questions(self) -> Iterator[Question]:
        """Prove what takes no solver; the questions that are left to one.

        Raises
        ------
        CutError
            If a part is not proved.
        """
        parts, how = self.parts, self.parts.config.summation
        windows = self._windows()
        for way, window in enumerate(windows):
            yield from window.questions(f"window_{way}.some")
        total, some = windows[0], "window_0.some"
        sums = [window.term(f"window_{way}.some") for way, window in enumerate(windows)]
        acc = acc_term(parts)
        if how.groups is not None and how.join is not None:
            kept = how.join.bits - 1
            terms = sums if how.late is not None else [*sums, acc]
            total, some = self._join("join", [KeptTerm(term, kept) for term in terms]), "join_some"
            yield from total.questions(some)
        if how.late is None:
            yield from self._specials(self._zero(windows))
            yield rounded(total, parts.gates.bus("y"))
            return
        if how.late.sum_bits is None or how.late.acc_bits is None:
            yield parts.specials(with_acc=False, zero=self._zero(windows, with_acc=False))
            code = parts.net("finish.code")
            yield rounded(total, code)
            yield self._add(code)
            return
        last = self._join(
            "late",
            [
                KeptTerm(total.term(some), how.late.sum_bits - 1),
                KeptTerm(acc, how.late.acc_bits - 1, how.late.drop),
            ],
        )
        yield from last.questions()
        yield from self._specials(self._zero(windows, total=total, last=last))
        yield rounded(last, parts.gates.bus("y"))

    @property
    def _is_bounded(self) -> bool:
        """Whether a product can be beyond the accumulator's range, and then is infinite."""
        bounded = self.parts.config.summation.products.bounded
        return bounded and self.parts.lanes.highest >= self.parts.acc.format.emax

    def _zero(
        self,
        windows: list[Aligned],
        *,
        total: Aligned | None = None,
        last: Aligned | None = None,
        with_acc: bool = True,
    ) -> tuple[dict[str, Sequence[Bit]], str] | None:
        """Words of sums, and whether a zero is negative: where all of its terms are, cut or not.

        A sum that is below zero stays negative where nothing is left of it; an accumulator that is
        dropped is +0.

        Parameters
        ----------
        windows : list of Aligned
            Sums of products.
        total : Aligned, optional
            Their sum, or the only one, where it is cut again.
        last : Aligned, optional
            Where it is cut, with the accumulator.
        with_acc : bool
            Whether the accumulator is among the terms.
        """
        if len(windows) == 1 and total is None:
            return None
        how, words = self.parts.config.summation, dict[str, Sequence[Bit]]()

        def below(name: str, of: Aligned, zero: str) -> str:
            words[name] = of.value[-1:]
            return f"(or (= {name} #b1) {zero})"

        each = []
        for way, window in enumerate(windows):
            signs = (f"(= ((_ extract {lane} {lane}) sign) #b1)" for lane in self._lanes_of(way))
            each.append(below(f"below_{way}", window, all_of(signs)))
        negative = all_of(each)
        if total is not None and total not in windows:
            negative = below("below", total, negative)
        sign = "(= c_sign #b1)"
        if last is not None and how.late is not None and how.late.drop is not None:
            words["top_"], acc = last.largest, acc_term(self.parts)
            far = f"(bvsgt (bvsub {last.top} {acc.exponent}) {exponent(how.late.drop)})"
            sign = f"(and {sign} (not (and {acc.counts} {far})))"
        return words, all_of([negative, *[sign] * with_acc])

    def _specials(self, zero: tuple[dict[str, Sequence[Bit]], str] | None) -> Iterator[Question]:
        """What is no number, and which products are beyond the accumulator's range.

        Those have a larger exponent, and factors both of which are normal numbers, or the largest
        exponent and a significand of two or more.
        """
        parts, beyond = self.parts, list[Bit]()
        emax = parts.acc.format.emax
        if self._is_bounded:
            a, b = parts.lanes.formats
            if max(a.emin + b.emax, a.emax + b.emin) > emax:
                raise CutError("Products of subnormal numbers can be beyond the range.")
            offset, two = parts.offset(), 2 << parts.lanes.fraction_bits
            for lane in range(parts.count):
                term = product_term(parts, lane, offset).at()
                is_two = f"(bvuge {term.magnitude} {bits(two, term.width)})"
                claim = (
                    f"(= (= beyond #b1) (and {term.counts}"
                    f" (or (bvsgt {term.exponent} {exponent(emax)})"
                    f" (and (= {term.exponent} {exponent(emax)}) {is_two}))))"
                )
                found = parts.net(f"beyond_{lane}")
                what = "Whether a product is beyond the range"
                words = {"beyond": found}
                yield what, question(parts.gates, term.words, words, claim, what=what)
                beyond += found
        yield parts.specials(beyond=beyond, zero=zero)

    def _lanes_of(self, way: int) -> list[int]:
        """Lanes of a group; all of them where there are none."""
        groups, lanes = self.parts.config.summation.groups, range(self.parts.count)
        if groups is None:
            return [*lanes]
        return [lane for lane in lanes if lane // groups.run % groups.ways == way]

    def _windows(self) -> list[Aligned]:
        """The sum of each group of products."""
        parts, how = self.parts, self.parts.config.summation
        assert how.window_bits is not None
        offset, kept = parts.offset(), how.window_bits - 1
        return [
            Aligned(
                parts,
                f"window_{way}",
                [KeptTerm(product_term(parts, lane, offset), kept) for lane in self._lanes_of(way)],
                how.cut,
                -offset,
                "product",
            )
            for way in range(how.groups.ways if how.groups is not None else 1)
        ]

    def _join(self, name: str, terms: list[KeptTerm]) -> Aligned:
        """A sum of other sums."""
        how = self.parts.config.summation
        late = how.late.cut if how.late is not None else None
        cut = how.join.cut if name == "join" and how.join is not None else late
        assert cut is not None
        base = min(each.term.lowest for each in terms)
        return Aligned(self.parts, name, terms, cut, base, "sum")

    def _add(self, code: list[Bit]) -> Question:
        """That the next accumulator is the sum of a code and the one before, rounded once."""
        gates = self.parts.gates
        what = "The sum with the accumulator"
        return what, question(
            gates,
            {"x": code, "c": gates.bus("c")},
            {"y": gates.bus("y")},
            sum_claim(self.parts.acc, "x", "c", "y"),
            what=what,
        )
