"""A dot product in fixed point, cut into lanes, a sum, and what follows the sum.

::

    a[k], b[k] --> lane k --> terms --+            lane    terms count a[k] * b[k], for all operands
                                      |
                      c, carries -----+--> tree    sum     rows count c and terms: linear arithmetic
                                            |
                                          rows --> adder --> y, carries     last    by a solver

The weights of the terms are not taken from the circuit's description: they are what the sum gives
them. That the parts make up the whole is part of each: a lane hangs on its own operands alone, the
sum on the register and on terms, every lane's once, and the constants of all of them cancel.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.cuts.floats.lanes import lane_values
from fp8mac.proofs.cuts.gates import Bit, CutError, Gates, term, vector
from fp8mac.proofs.cuts.linear import LinearForm, adders_of, linear_form
from fp8mac.proofs.cuts.operands import products, raised
from fp8mac.proofs.spec.register import settling, value
from fp8mac.proofs.spec.theory import bits, extend

__all__ = ["DotCuts"]

_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True)
class DotCuts:
    """The core of a unit, and its proofs.

    Parameters
    ----------
    config : MacConfig
        A unit that adds several products into a fixed-point register.
    gates : Gates
        Its core, or the circuit in it.
    inside : str
        Prefix of the names of nets of that circuit.
    """

    config: MacConfig
    gates: Gates
    inside: str = ""

    def check(self) -> str:
        """Prove lanes and sum.

        Returns
        -------
        str
            What is left to a solver: SMT-LIB that is ``unsat`` if the last cut is right as well.

        Raises
        ------
        CutError
            If one of them is not proved.
        """
        form = self.sum()
        constants = [self.lane(lane, form) for lane in range(self.config.products_per_cycle)]
        if (form.constant + sum(constants)) % (1 << form.width):
            raise CutError("The constants of the lanes and of the sum do not cancel.")
        self.flags()
        return self.last()

    @cached_property
    def rows(self) -> list[list[Bit]]:
        """Rows that the tree ends with."""
        names = ("total",) if f"{self.inside}early" not in self.gates.nets else ("early", "late")
        return [self.gates.bus(self.inside + name) for name in names]

    @cached_property
    def terms(self) -> list[list[Bit]]:
        """Terms of each lane, those that are constants left out."""
        return [
            [
                bit
                for bit in self.gates.bus(f"{self.inside}lane_{lane}.terms")
                if bit not in ("0", "1")
            ]
            for lane in range(self.config.products_per_cycle)
        ]

    def sum(self) -> LinearForm:
        """Prove that the rows are the register, the carries between its segments, and terms.

        Returns
        -------
        LinearForm
            The terms that are left, and a constant.
        """
        config = self.config
        width = len(self.rows[0])
        register = self._register(width)
        adders = adders_of(self.gates, self.inside)
        leaves = {*register, *chain(*self.terms)}
        result = [(bit, 1 << place) for row in self.rows for place, bit in enumerate(row)]
        form = linear_form(self.gates, result, width, adders=adders, leaves=leaves)
        weights = dict(form.weights)
        for bit, weight in register.items():
            if weights.pop(bit, 0) != weight % (1 << width):
                raise CutError("The register does not count as what it is.")
        most = config.a.max_magnitude * config.b.max_magnitude * config.products_per_cycle
        most += 1 << config.acc_bits - 1 if config.saturates else 0
        if (config.saturates or config.resolve is Resolve.IDLE) and most >= 1 << width - 1:
            raise CutError(f"The sum has {width} bits, which do not hold it.")
        return LinearForm(weights, form.constant, width)

    def _register(self, width: int) -> dict[Bit, int]:
        """Bits of the register and their weights, where it is added in the tree."""
        config, gates = self.config, self.gates
        if config.resolve is Resolve.IDLE:
            return {}
        *low, sign = gates.bus("c")
        weights = {bit: 1 << place for place, bit in enumerate(low)}
        weights[sign] = -1 << len(low)
        if not config.saturates:
            weights[sign] %= 1 << width
        if config.segment_bits is not None:
            weights |= {
                bit: 1 << place
                for bit, place in zip(gates.bus("c_carry"), config.carry_places, strict=True)
            }
        return weights

    def lane(self, lane: int, form: LinearForm) -> int:
        """Prove that the terms of a lane count its product and a constant.

        Returns
        -------
        int
            The constant.
        """
        mine = {bit: form.weights[bit] for bit in self.terms[lane] if bit in form.weights}
        others = {bit for at, each in enumerate(self.terms) if at != lane for bit in each}
        if shared := mine.keys() & others:
            raise CutError(f"Lane {lane} shares {len(shared)} terms with another.")
        want, finite = self._products
        mask = (1 << form.width) - 1
        total = np.zeros_like(want)
        for bit, number in self._lane_values(lane, list(mine)).items():
            total = total + number.astype(want.dtype) * (mine[bit] & mask)
        at_zero = int(total[0]) & mask
        wrong = (((total - want) & mask) != at_zero) & finite
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            a, b = divmod(place, 1 << self.config.b.bits)
            raise CutError(f"Lane {lane} does not give the product of a={a:#x} and b={b:#x}.")
        return at_zero

    def _lane_values(self, lane: int, roots: list[Bit]) -> dict[Bit, NDArray[np.uint64]]:
        """Values of bits of a lane for all of its operands, in the order of `_products`."""
        return lane_values(self.gates, self.config, lane, roots)

    @cached_property
    def _products(self) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        wide = max(self.config.acc_bits, len(self.rows[0])) > 62
        return products(self.config, object if wide else np.int64)

    def flags(self) -> None:
        """Prove that flags are those of the lanes, and each lane's those of its product."""
        config, gates = self.config, self.gates
        if not config.flags:
            return
        lanes = range(config.products_per_cycle)
        buses = [gates.bus(f"{self.inside}lane_{lane}.raised") for lane in lanes]
        for at, flag in enumerate(config.flags):
            wanted = {bus[at] for bus in buses}
            order, ends = gates.cone(gates.bus(flag), wanted)
            if {*ends} != wanted or {gates.kinds[bit] for bit in order} - {"$_OR_", "$_BUF_"}:
                raise CutError(f"The flag {flag} is not one of any lane.")
        want = raised(config)
        for lane, bus in enumerate(buses):
            values = self._lane_values(lane, bus)
            got = np.stack([values[bit] for bit in bus], axis=1).astype(bool)
            if (got != want).any():
                raise CutError(f"Lane {lane} raises other flags than its product.")

    def last(self) -> str:
        """Question whether anything behind the rows is wrong, for any rows at all."""
        config, gates = self.config, self.gates
        outputs = {name: gates.bus(name) for name in ("y", "y_carry") if name in gates.nets}
        inputs = {name: gates.bus(name) for name in ("c", "c_carry") if name in gates.nets}
        rows = {f"row_{at}": row for at, row in enumerate(self.rows)}
        idle = config.resolve is Resolve.IDLE
        cut = rows | (inputs if idle else {})
        stops = {*chain(*cut.values())}
        order, ends = gates.cone(chain(*outputs.values()), stops)
        if not {*ends} <= stops:
            raise CutError("What follows the sum hangs on more than the sum.")
        text = "".join(
            f"(declare-const {term(bit)} Bool)\n"
            for bit in dict.fromkeys(chain(*cut.values()))
            if isinstance(bit, int)
        )
        text += gates.smt(order)
        width = len(self.rows[0])
        total = vector(self.rows[0])
        if len(self.rows) > 1:
            total = f"(bvadd {total} {vector(self.rows[1])})"
        text += f"(define-fun total () (_ BitVec {width}) {total})\n"
        y = value(config, *(vector(bus) for bus in outputs.values()))
        if idle:
            before = value(config, *(vector(bus) for bus in inputs.values()))
            claim = f"(= {y} (bvadd {before} {_resized(config, width)}))"
            zero = f"(= total {bits(0, width)})"
            rest = settling(config, vector(outputs["y_carry"]), vector(inputs["c_carry"]))
            claim = f"(and {claim} (=> {zero} {rest}))"
        elif config.saturates:
            claim = f"(= {y} {_saturated(config, width)})"
        else:
            claim = f"(= {y} total)"
        return f"{text}(assert (not {claim}))\n"


def _resized(config: MacConfig, width: int) -> str:
    """The sum of the products, as wide as the register."""
    if width > config.acc_bits:
        return f"((_ extract {config.acc_bits - 1} 0) total)"
    return extend("total", width, config.acc_bits)


def _saturated(config: MacConfig, width: int) -> str:
    """The sum, or the end of the register's range that is nearest to it."""
    bits_ = config.acc_bits
    least, most = -(1 << bits_ - 1), (1 << bits_ - 1) - 1
    return (
        f"(ite (bvslt total {bits(least, width)}) {bits(least, bits_)}"
        f" (ite (bvsgt total {bits(most, width)}) {bits(most, bits_)}"
        f" ((_ extract {bits_ - 1} 0) total)))"
    )
