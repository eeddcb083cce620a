"""What circuits tell of the largest exponent, and where they place terms: for each family."""

from collections.abc import Sequence

from fp8mac.proofs.cuts.adders import adder_rows
from fp8mac.proofs.cuts.floats.windows import WindowParts
from fp8mac.proofs.cuts.gates import Bit
from fp8mac.proofs.cuts.sums import Placed
from fp8mac.proofs.spec.terms import EXPONENT_BITS, exponent, unsigned
from fp8mac.proofs.spec.theory import any_of, bits

__all__ = ["AreaWindow", "FastWindow"]


class AreaWindow(WindowParts):
    """Of a circuit for few gates."""

    @property
    def words(self) -> dict[str, Sequence[Bit]]:
        names = {"largest_": "largest", "some_": "some", "beyond_": "beyond"}
        return {name: self.parts.net(f"window.{net}") for name, net in names.items()}

    @property
    def definitions(self) -> str:
        largest = unsigned("largest_", len(self.words["largest_"]))
        return (
            "(define-fun some () Bool (= some_ #b1))\n"
            "(define-fun inside () Bool (and some (= beyond_ #b0)))\n"
            f"(define-fun largest () (_ BitVec {EXPONENT_BITS}) {largest})\n"
        )

    @property
    def shown(self) -> str:
        ones = bits(-1, len(self.words["largest_"]))
        return f"(=> (= beyond_ #b1) (= largest_ {ones}))"

    def away(self, own: str) -> str:
        return f"(bvsge (bvsub largest {own}) {exponent(self.nothing_left)})"

    def placed(self, lane: int) -> Placed:
        place = f"window.place_{'c' if lane == self.parts.count else lane}"
        one, sign = (self.parts.net(f"{place}.{word}")[0] for word in ("one", "sign"))
        return Placed(self.parts.net(f"{place}.addend"), one, sign)

    @property
    def rows(self) -> dict[str, Sequence[Bit]]:
        adder = adder_rows(self.parts.gates, f"{self.tree}total")
        return adder or {"total": self.parts.net("window.value")}

    @property
    def tree(self) -> str:
        return f"{self.parts.inside}window."


class FastWindow(WindowParts):
    """Of a circuit for a short path, with exponents as digits: see `fp8mac.hw.dot.fast.digits`."""

    low_bits = 3
    less = 1

    @property
    def words(self) -> dict[str, Sequence[Bit]]:
        return {f"{name}_": self.parts.net(name) for name in ("exactly", "cut", "alone", "beyond")}

    @property
    def definitions(self) -> str:
        digits = len(self.words["exactly_"])
        digit = exponent(0)
        for at in range(1, digits):
            digit = f"(ite (= {_bit('exactly_', at)} #b1) {exponent(4 * at)} {digit})"
        low = "(ite (= cut_ #b000) #b00 (ite (= cut_ #b001) #b01 (ite (= cut_ #b011) #b10 #b11)))"
        return (
            "(define-fun some () Bool (= alone_ #b0))\n"
            "(define-fun inside () Bool (and some (= beyond_ #b0)))\n"
            f"(define-fun low () (_ BitVec 2) {low})\n"
            f"(define-fun largest () (_ BitVec {EXPONENT_BITS})"
            f" (bvor {digit} {unsigned('low', 2)}))\n"
        )

    @property
    def shown(self) -> str:
        digits = len(self.words["exactly_"])
        one = any_of(f"(= exactly_ {bits(1 << at, digits)})" for at in range(digits))
        tops = any_of(f"(= cut_ {bits((1 << at) - 1, 3)})" for at in range(4))
        last = f"(= exactly_ {bits(1 << digits - 1, digits)})"
        most = exponent(4 * digits)
        own = "(= low ((_ extract 1 0) c_own))"
        return (
            f"(and {one} {tops} (=> (not inside) {own})"
            f" (= (= beyond_ #b1) (bvsge c_own {most})) (=> (= beyond_ #b1) {last}))"
        )

    def away(self, own: str) -> str:
        return "true"

    def placed(self, lane: int) -> Placed:
        addend = self.parts.net(f"addend_{lane}")
        acc = lane == self.parts.count
        sign = self.parts.gates.bus("c")[-1] if acc else self.parts.products[lane].sign
        return Placed(addend, sign, sign)

    @property
    def rows(self) -> dict[str, Sequence[Bit]]:
        return {name: self.parts.net(f"finish.{name}") for name in ("early", "late")}

    @property
    def tree(self) -> str:
        return self.parts.inside


def _bit(name: str, at: int) -> str:
    return f"((_ extract {at} {at}) {name})"
