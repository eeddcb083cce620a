"""A flat circuit gate by gate, with nets by all of their names."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.errors import Error

__all__ = ["Bit", "CutError", "Gates", "term", "vector"]

#: A net by its number, or a constant: ``0``, ``1``.
Bit = int | str

_SCRIPT = """
read_rtlil design
hierarchy -check -top {top}
proc
flatten
delete */t:$scopeinfo
techmap
simplemap
write_json gates.json
"""

_KINDS: dict[str, tuple[str, Callable[..., Any], str]] = {
    "$_BUF_": ("A", lambda ones, a: a, "{0}"),
    "$_NOT_": ("A", lambda ones, a: a ^ ones, "(not {0})"),
    "$_AND_": ("AB", lambda ones, a, b: a & b, "(and {0} {1})"),
    "$_NAND_": ("AB", lambda ones, a, b: (a & b) ^ ones, "(not (and {0} {1}))"),
    "$_OR_": ("AB", lambda ones, a, b: a | b, "(or {0} {1})"),
    "$_NOR_": ("AB", lambda ones, a, b: (a | b) ^ ones, "(not (or {0} {1}))"),
    "$_XOR_": ("AB", lambda ones, a, b: a ^ b, "(xor {0} {1})"),
    "$_XNOR_": ("AB", lambda ones, a, b: a ^ b ^ ones, "(not (xor {0} {1}))"),
    "$_ANDNOT_": ("AB", lambda ones, a, b: a & (b ^ ones), "(and {0} (not {1}))"),
    "$_ORNOT_": ("AB", lambda ones, a, b: a | (b ^ ones), "(or {0} (not {1}))"),
    "$_MUX_": ("ABS", lambda ones, a, b, s: (a & (s ^ ones)) | (b & s), "(ite {2} {1} {0})"),
}
"""Of each gate its inputs, its function of ones and of them, and the same in SMT-LIB."""


class CutError(Error, RuntimeError):
    """A cut that is not proved; the message is one sentence for the user."""


class Gates:
    """A flat combinational circuit.

    Parameters
    ----------
    rtlil : str
        The design.
    top : str
        Its top module.

    Raises
    ------
    CutError
        If it is not combinational, or reads bits that nobody defines.
    YosysError
        If there is no Yosys that can be used, or it cannot read the design.
    """

    def __init__(self, rtlil: str, top: str) -> None:
        files = find_yosys().run(_SCRIPT.format(top=top), {"design": rtlil}, ["gates.json"])
        module = json.loads(files["gates.json"])["modules"][top]
        self.nets: dict[str, list[Bit]] = {
            name: facts["bits"] for name, facts in module["netnames"].items()
        }
        # Amaranth gives a port another name where a part of it has one of that name.
        self.nets |= {
            name.partition("$")[0]: facts["bits"] for name, facts in module["ports"].items()
        }
        self.kinds: dict[Bit, str] = {}
        self.inputs: dict[Bit, tuple[Bit, ...]] = {}
        for name, cell in module["cells"].items():
            if cell["type"] not in _KINDS:
                raise CutError(f"The cell '{name}' of {top} is no gate: {cell['type']}.")
            (output,) = cell["connections"]["Y"]
            self.kinds[output] = cell["type"]
            pins, *_ = _KINDS[cell["type"]]
            self.inputs[output] = tuple(cell["connections"][pin][0] for pin in pins)
            if strange := {*self.inputs[output]} & {"x", "z"}:
                raise CutError(f"The cell '{name}' of {top} reads an {strange.pop()}.")

    def bus(self, name: str) -> list[Bit]:
        """Bits of a net, the lowest first.

        Raises
        ------
        CutError
            If there is none of that name.
        """
        if name not in self.nets:
            raise CutError(f"There is no net {name} to cut at.")
        return self.nets[name]

    def cone(self, roots: Iterable[Bit], stops: Collection[Bit]) -> tuple[list[Bit], list[Bit]]:
        """What bits hang on: gates, each behind those that drive it, and where that ends.

        Parameters
        ----------
        roots : iterable of Bit
            Bits; one of them that is a stop ends at itself.
        stops : collection of Bit
            Bits that are not followed back.
        """
        order: dict[Bit, None] = {}
        ends: dict[Bit, None] = {}
        stack: list[tuple[Bit, bool]] = [(root, False) for root in roots]
        while stack:
            bit, done = stack.pop()
            if done:
                order[bit] = None
            elif bit not in order and bit not in ends and not isinstance(bit, str):
                if bit in stops or bit not in self.kinds:
                    ends[bit] = None
                else:
                    stack.append((bit, True))
                    stack += [(each, False) for each in self.inputs[bit]]
        return list(order), list(ends)

    def evaluate(self, order: Iterable[Bit], given: Mapping[Bit, Any], ones: Any) -> dict[Bit, Any]:
        """Values of gates, given those of the bits that they end at; ``ones`` is all bits set."""
        values: dict[Bit, Any] = {"0": ones ^ ones, "1": ones, **given}
        for bit in order:
            _, function, _ = _KINDS[self.kinds[bit]]
            values[bit] = function(ones, *(values[each] for each in self.inputs[bit]))
        return values

    def smt(self, order: Iterable[Bit]) -> str:
        """Definitions of gates in SMT-LIB, see `term`."""
        order = list(order)
        names = {each: term(each) for bit in order for each in (bit, *self.inputs[bit])}
        return "".join(
            f"(define-fun {names[bit]} () Bool {self.formula(bit, names)})\n" for bit in order
        )

    def formula(self, bit: Bit, names: Mapping[Bit, str]) -> str:
        """What a gate gives, as a term of SMT-LIB, given the names of its inputs."""
        _, _, text = _KINDS[self.kinds[bit]]
        return text.format(*(names[each] for each in self.inputs[bit]))


def term(bit: Bit) -> str:
    """What a bit is called in SMT-LIB."""
    return {"0": "false", "1": "true"}[bit] if isinstance(bit, str) else f"n{bit}"


def vector(bits: Iterable[Bit]) -> str:
    """Bit-vector of bits, the lowest first."""
    parts = [f"(ite {term(bit)} #b1 #b0)" for bit in bits][::-1]
    return f"(concat {' '.join(parts)})" if len(parts) > 1 else parts[0]
