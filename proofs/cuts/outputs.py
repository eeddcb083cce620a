"""An output stage that multiplies, cut at the product.

::

    value, multiplier --> tree --> product --> shift, rounding, ends --> code
                          linear arithmetic    by a solver, for any product at all

The leaves of the tree are the products of two bits, a gate each; those of the value's sign count
less, as that does.
"""

from itertools import product

from fp8mac.hw.config.outputs.output import Requantizer
from fp8mac.proofs.cuts.gates import CutError, Gates, term, vector
from fp8mac.proofs.cuts.linear import adders_of, linear_form
from fp8mac.proofs.cuts.multipliers import BitProducts
from fp8mac.proofs.spec.outputs import product_bits, requantized_claim

__all__ = ["OutputCut"]


class OutputCut:
    """An output stage, and its proofs.

    Parameters
    ----------
    output : Requantizer
        What it has to do.
    gates : Gates
        Its circuit, with the ports of `fp8mac.hw.area.requantize.Requantize`.
    """

    def __init__(self, output: Requantizer, gates: Gates) -> None:
        self._output = output
        self._value = gates.bus("value")
        self._multiplier = gates.bus("multiplier") if output.multiplier_bits else []
        products = BitProducts.of(gates, self._value, self._multiplier)
        self._gates, self._leaves = products.gates, products.nets
        held = gates.bus("product") if self._multiplier else self._value
        self._product = products.word(held)

    def check(self) -> str:
        """Prove the product.

        Returns
        -------
        str
            SMT-LIB that is ``unsat`` if the code is right for every product and every shift.

        Raises
        ------
        CutError
            If the product is not proved.
        """
        self.prove_product()
        gates = self._gates
        held, shift, code = self._product, gates.bus("shift"), gates.bus("code")
        # Where a bit of the product is inverted once more, the net behind it is taken.
        inverted = {gates.inputs[bit][0]: bit for bit in held if gates.kinds.get(bit) == "$_NOT_"}
        behind = {net: bit for net, bit in inverted.items() if net not in held}
        order, ends = gates.cone(code, {*held, *shift, *behind})
        free = dict.fromkeys(bit for bit in (*held, *shift, *ends) if bit not in behind)
        text = "".join(
            f"(declare-const {term(bit)} Bool)\n" for bit in free if isinstance(bit, int)
        )
        text += "".join(
            f"(define-fun {term(net)} () Bool (not {term(bit)}))\n" for net, bit in behind.items()
        )
        terms = (vector(bus) for bus in (held, shift, code))
        claim = requantized_claim(self._output, len(self._value), *terms)
        return f"{text}{gates.smt(order)}(assert (not {claim}))\n"

    def prove_product(self) -> None:
        """Prove that the net ``product`` is value times multiplier, for all of both.

        Without a multiplier the value itself is taken, and there is nothing to prove.

        Raises
        ------
        CutError
            If it is not.
        """
        if not self._multiplier:
            return
        width = product_bits(self._output, len(self._value))
        if len(self._product) != width:
            raise CutError(f"The product has {len(self._product)} bits, not {width}.")
        weights = [(bit, 1 << place) for place, bit in enumerate(self._product)]
        leaves = [*self._leaves.values()]
        adders = adders_of(self._gates, "")
        form = linear_form(self._gates, weights, width, adders=adders, leaves=leaves)
        sign = len(self._value) - 1
        for at, by in product(range(len(self._value)), range(len(self._multiplier))):
            want = (-1 if at == sign else 1) << at + by
            if (form.weights.get(self._leaves.get((at, by), ""), 0) - want) % (1 << width):
                raise CutError(f"Bit {at} of the value times bit {by} does not count as it has to.")
        if form.constant:
            raise CutError(f"The product is {form.constant} more than that of its bits.")
