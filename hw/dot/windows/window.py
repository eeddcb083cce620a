"""Sum of products, and of the accumulator, in one window below the largest exponent."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.structure import Adder
from fp8mac.hw.dot.windows.frame import Frame
from fp8mac.hw.dot.windows.maximum import Maximum
from fp8mac.hw.dot.windows.place import Place
from fp8mac.hw.dot.windows.terms import wire_signed
from fp8mac.hw.dot.windows.total import Total, minus
from fp8mac.hw.parts.prefix import wire

__all__ = ["WindowSum"]


class WindowSum(wiring.Component):
    """Aligns terms to the largest exponent, cuts them off, and adds them. Combinational.

    ::

        exponents --> largest, E --> E - exponent of each
                                             v
        significands --------------------> place --> sum

    Parameters
    ----------
    frame : Frame
        Widths.
    adder : Adder
        How carries run.

    Members
    -------
    significands : :py:`In(ArrayLayout(bits, lanes))`
        Magnitudes of the products; zero where a product is not present.
    exponents : :py:`In(ArrayLayout(frame.product_exponent_bits, lanes))`
        Their exponents.
    signs, present : :py:`In(lanes)`
        Their signs; whether they are not zero.
    c_significand, c_exponent, c_sign : :py:`In`, if ``frame.with_acc``
        The accumulator; its exponent is signed.
    value : :py:`Out(frame.value_bits)`
        Sum, two's complement, in units of ``2**(largest - frame.fraction_bits)``.
    largest : :py:`Out(frame.exponent_bits)`
        Largest exponent.
    some : :py:`Out(1)`
        A product is present; otherwise ``largest`` is the accumulator's, and not said.
    beyond : :py:`Out(1)`, if ``frame.with_acc``
        The accumulator's exponent is beyond what ``largest`` can say.
    """

    significands: data.View
    exponents: data.View
    signs: Signal
    present: Signal
    c_significand: Signal
    c_exponent: Signal
    c_sign: Signal
    value: Signal
    largest: Signal
    some: Signal
    beyond: Signal

    def __init__(self, frame: Frame, c_exponent_bits: int, adder: Adder = Adder.RIPPLE) -> None:
        self._frame = frame
        self._adder = adder
        lanes = frame.lanes
        members = {
            "significands": In(data.ArrayLayout(frame.products.significand_bits, lanes)),
            "exponents": In(data.ArrayLayout(frame.product_exponent_bits, lanes)),
            "signs": In(lanes),
            "present": In(lanes),
            "value": Out(frame.value_bits),
            "largest": Out(frame.exponent_bits),
            "some": Out(1),
        }
        if frame.with_acc:
            members |= {
                "c_significand": In(frame.acc.format.precision),
                "c_exponent": In(signed(c_exponent_bits)),
                "c_sign": In(1),
                "beyond": Out(1),
            }
        super().__init__(members)

    @property
    def frame(self) -> Frame:
        """Widths."""
        return self._frame

    def elaborate(self, platform: object) -> Module:
        m = Module()
        frame, adder = self._frame, self._adder
        lanes, bits = frame.lanes, frame.exponent_bits
        m.d.comb += self.some.eq(self.present.any())
        known, present = self._acc(m) if frame.with_acc else (None, None)
        self._find_largest(m, known, present)
        total = Total(m, frame.value_bits, adder)
        field = frame.fraction_bits + 2
        units = []
        for lane in range(lanes):
            unit = Place(frame.products.significand_bits, field, bits, frame.cut)
            m.submodules[f"place_{lane}"] = unit
            distance = minus(
                m, self.largest, self.exponents[lane], bits, f"distance_{lane}", adder=adder
            )
            m.d.comb += [
                unit.sign.eq(self.signs[lane]),
                unit.significand.eq(self.significands[lane]),
                unit.distance.eq(distance),
            ]
            units.append(unit)
        total.add(units)
        if known is not None:
            unit = Place(len(self.c_significand), field - 1, len(self.c_exponent), frame.cut)
            m.submodules.place_c = unit
            distance = minus(m, self.largest, known, len(known), "distance_c", adder=adder)
            m.d.comb += [
                unit.sign.eq(self.c_sign),
                unit.significand.eq(self.c_significand),
                unit.distance.eq(distance & self.some.replicate(len(distance))),
            ]
            total.add([unit])
        m.d.comb += self.value.eq(total.elaborate())
        return m

    def _acc(self, m: Module) -> tuple[Value, Value]:
        """Exponent of the accumulator, as large as can be said; whether it can be the largest."""
        frame, bits = self._frame, self._frame.exponent_bits
        low, high = self.c_exponent[:bits], self.c_exponent[bits:]
        below = self.c_exponent[-1]
        present, beyond = ~below, ~below & high.any()
        if frame.exponent_offset - frame.most_scaled < 1 - frame.lowest:  # even a zero could be
            present &= self.c_significand.any()
            beyond &= self.c_significand.any()
        m.d.comb += self.beyond.eq(beyond)
        known = Cat(
            low | self.beyond.replicate(bits), high & (~self.beyond).replicate(len(high))
        ).as_signed()
        return wire_signed(m, known, "c_known"), wire(m, present, "c_present")

    def _find_largest(self, m: Module, known: Value | None, c_present: Value | None) -> None:
        """The largest of all; digits that only the accumulator has are not searched."""
        frame, bits = self._frame, self._frame.product_exponent_bits
        terms = frame.lanes + (known is not None)
        m.submodules.maximum = maximum = Maximum(terms, bits)
        for lane in range(frame.lanes):
            m.d.comb += maximum.exponents[lane].eq(self.exponents[lane])
        m.d.comb += maximum.present.eq(self.present)
        found: Value = maximum.largest
        if known is not None and c_present is not None:
            m.d.comb += [
                maximum.exponents[frame.lanes].eq(known[:bits]),
                maximum.present[frame.lanes].eq(c_present),
            ]
            if frame.exponent_bits > bits:
                own = known[bits : frame.exponent_bits]
                alone = wire(m, c_present & own.any(), "c_alone")
                digits = Mux(alone, known[:bits], found)
                found = Cat(digits, own & c_present.replicate(len(own)))
        m.d.comb += self.largest.eq(found)
