# amaranth: UnusedElaboratable=no
"""Output stages proved at full width: the product by linear arithmetic, the rest by a solver."""

from dataclasses import replace

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, Const, Module, Value
from children import PATIENCE

from fp8mac.hw.area.requantize import Requantize
from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.outputs.output import Requantizer, parse_output
from fp8mac.hw.parts.compressor import Compressor
from fp8mac.hw.parts.prefix import wire
from fp8mac.hw.parts.register import add_signed
from fp8mac.proofs.check.queries import Query
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.proofs.cuts.gates import CutError, Gates
from fp8mac.proofs.cuts.outputs import OutputCut


def verdict(circuit: Requantize, config: Requantizer | None = None) -> str:
    """Answer to whether a stage is wrong, once its product is proved."""
    gates = Gates(rtlil.convert(circuit, name="top", emit_src=False), "top")
    question = OutputCut(config or circuit.config, gates).check()
    return Solver(PATIENCE).solve(Query(question, ()), Encoding.BITWUZLA).verdict


def stage(text: str, width: int) -> Requantize:
    config = parse_output(text)
    assert isinstance(config, Requantizer)
    return Requantize(width, config)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("int8", 44),
        ("int8s:rtz", 32),
        ("int4s:times=3", 6),
        ("int10:times=2:rtz", 10),
        pytest.param("int8:times=16", 32, marks=pytest.mark.slow),
    ],
)
def test_stage_is_right_for_every_sum_multiplier_and_shift(text, width):
    """Of the same circuit another rounding, or range, is refuted."""
    circuit = stage(text, width)
    assert verdict(circuit) == "unsat"
    if width == 32 and circuit.config.multiplier_bits:
        return  # as long again for each
    other = Rounding.RTZ if circuit.config.rounding is Rounding.RNE else Rounding.RNE
    assert verdict(circuit, replace(circuit.config, rounding=other)) == "sat"
    format_ = replace(circuit.config.format, symmetric=not circuit.config.format.symmetric)
    assert verdict(circuit, replace(circuit.config, format=format_)) == "sat"


class Other(Requantize):
    """A stage whose product has a row that is not shifted, unsigned, or missing."""

    fault = ""

    def _product(self, m: Module) -> Value:
        tree = Compressor(len(self.value) + len(self.multiplier))
        for place, bit in enumerate(self.multiplier):
            at = 0 if self.fault == "not shifted" and place == 2 else place
            row = Cat(Const(0, at), self.value & bit.replicate(len(self.value)))
            if self.fault == "unsigned":
                tree.add_bits(0, row)
            elif not (self.fault == "missing" and place == 1):
                add_signed(tree, row)
        if self.fault == "one more":
            tree.add_constant(1)
        return wire(m, tree.elaborate_into(m), "product")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("not shifted", "Bit 0 of the value times bit 2 does not count as it has to."),
        ("unsigned", "Bit 5 of the value times bit 0 does not count as it has to."),
        ("missing", "Bit 0 of the value times bit 1 does not count as it has to."),
        ("one more", "The product is 1 more than that of its bits."),
    ],
)
def test_wrong_product_is_found(fault, sentence):
    config = parse_output("int4:times=3")
    assert isinstance(config, Requantizer)
    circuit = Other(6, config)
    assert verdict(circuit) == "unsat"
    circuit.fault = fault
    with pytest.raises(CutError) as error:
        verdict(circuit)
    assert str(error.value) == sentence
