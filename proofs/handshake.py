"""A unit between two streams: proved, for all states, by one clock edge and by induction over them.

===============  ==============================================================================
claim            what it says
===============  ==============================================================================
``reset``        an edge with ``rst`` leaves no sum and no part of a vector
``waits``        a sum that is not taken stays, with its payload, and no element is taken
``frozen``       meanwhile no register changes: a run with waits is one without, some states longer
``counts``       last elements that are inside, behind an edge: those before, those that came in,
                 less the sums that were taken; with ``reset`` it follows by induction that as many
                 sums leave as vectors came in, none twice
``travels``      where it does not wait, each last element moves on by a stage, and an element
                 begins a sum if and only if the last one that was taken before it ended one
``adds``         where it does not wait, operands reach the accumulator as in the unit alone: what
                 `fp8mac.proofs.check.queries` proves of that, over its edges
===============  ==============================================================================
"""

import re
from itertools import pairwise

from fp8mac.gen.describe import stream_name
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.units.stream import element_layout, sum_layout
from fp8mac.proofs.check.queries import Query
from fp8mac.proofs.spec.outputs import multiplies
from fp8mac.proofs.spec.sorts import adds_integers
from fp8mac.proofs.spec.spec import definitions, port_after, unit_claim
from fp8mac.proofs.spec.theory import all_of

__all__ = ["handshake_queries"]

_PREPARE = """
hierarchy -check -top {top}
proc
setattr -set keep 1 {top}/w:lasts {top}/w:begins
flatten
opt_clean
async2sync
dffunmap
opt_clean
delete */t:$scopeinfo
setundef -undriven -anyseq
write_smt2 -stbv design.smt2
"""

_TEXT = """
(declare-const s |{top}_s|)
(declare-const t |{top}_s|)
(assert (|{top}_t| s t))
"""


def handshake_queries(
    text: str, config: MacConfig, *, goal: Built = Goal.AREA, language: str = "rtlil"
) -> dict[str, Query]:
    """Queries that prove the claims, if all of them are ``unsat``.

    Parameters
    ----------
    text : str
        The circuit, see `fp8mac.gen.rtlil.stream_rtlil` and `fp8mac.gen.verilog.stream_text`.
    language : str
        ``rtlil`` or ``verilog``.

    Returns
    -------
    dict of str to Query
        By claim; ``adds`` is left out of integers, of several lanes, and of sums that are
        multiplied as they leave, which take other proofs. What rescales sums as they leave is
        held while one waits.
    """
    top = stream_name(config, goal=goal)
    script = f"read_{language} design\n" + _PREPARE.format(top=top)
    smt2 = find_yosys().run(script, {"design": text}, ["design.smt2"])["design.smt2"]
    term = _Terms(top)
    # The emitted Verilog has one name for a sum that is there and a single stage's last element.
    lasts, stages = ("o__valid" if config.stages == 1 else "lasts"), config.stages
    text = smt2 + _TEXT.format(top=top)
    registers = re.findall(r"^; yosys-smt2-register (\S+) \d+$", smt2, re.M)
    same = [f"(= {term(name)} {term(name, 't')})" for name in registers]
    rescales = named(ports(config, Shape.UNIT), Role.RESCALE)
    held = [f"(= {term(name)} {term(name, 't')})" for name in rescales]
    edge = {
        "reset": f"(=> {term('rst')} (and {term.none(lasts, stages, 't')} {term('begins', 't')}))",
        "waits": f"(=> {all_of(['waits', *held])} (and (not ready) (not rst)"
        f" {term('o__valid', 't')} (= {term('o__payload')} {term('o__payload', 't')})))",
        "frozen": f"(=> waits {all_of(same)})",
        "counts": f"(=> (not rst) (= (bvadd {_count(term, lasts, stages, 't')} (one taken))"
        f" (bvadd {_count(term, lasts, stages, 's')} (one came))))",
        "travels": "(=> moves (and ready"
        f" (= {term.vector(lasts, stages, 't')} {_shifted(term, stages)})"
        f" (= {term('begins', 't')} (ite {term('i__valid')} last {term('begins')}))))",
    }
    element = term("i__payload")
    top_bit = element_layout(config).size - 1
    signals = {
        "rst": term("rst"),
        "ready": term("i__ready"),
        "waits": f"(and {term('o__valid')} (not {term('o__ready')}) (not {term('rst')}))",
        "moves": f"(and (or (not {term('o__valid')}) {term('o__ready')}) (not {term('rst')}))",
        "last": f"(= ((_ extract {top_bit} {top_bit}) {element}) #b1)",
        "came": f"(and {term('i__valid')} {term('i__ready')} last)",
        "taken": f"(and {term('o__valid')} {term('o__ready')})",
    }
    text += "".join(f"(define-fun {name} () Bool {what})\n" for name, what in signals.items())
    text += f"(define-fun one ((x Bool)) (_ BitVec 8) (ite x {_byte(1)} {_byte(0)}))\n"
    queries = {name: Query(f"{text}(assert (not {claim}))\n", ()) for name, claim in edge.items()}
    multiplied = multiplies(config.output)
    if config == config.plain and not adds_integers(config) and not multiplied:
        queries["adds"] = _adds(smt2, term, config)
    return queries


class _Terms:
    """Terms of a circuit's wires in a state; those of one bit are propositions."""

    def __init__(self, top: str) -> None:
        self._top = top

    def __call__(self, wire: str, state: str = "s") -> str:
        return f"(|{self._top}_n {wire}| {state})"

    def vector(self, wire: str, bits: int, state: str = "s") -> str:
        """A wire as a bit-vector."""
        return self(wire, state) if bits > 1 else f"(ite {self(wire, state)} #b1 #b0)"

    def none(self, wire: str, bits: int, state: str) -> str:
        """Whether all bits are 0."""
        return f"(= {self.vector(wire, bits, state)} (_ bv0 {bits}))"


def _byte(number: int) -> str:
    return f"(_ bv{number} 8)"


def _count(term: _Terms, lasts: str, stages: int, state: str) -> str:
    """How many last elements are inside."""
    vector = term.vector(lasts, stages, state)
    bits = [f"(one (= ((_ extract {at} {at}) {vector}) #b1))" for at in range(stages)]
    return f"(bvadd {' '.join(bits)} {_byte(0)})"


def _shifted(term: _Terms, stages: int) -> str:
    """Last elements, each a stage on, behind the one that comes in."""
    came = f"(ite (and {term('i__valid')} last) #b1 #b0)"
    if stages == 1:
        return came
    return f"(concat ((_ extract {stages - 2} 0) {term('lasts')}) {came})"


def _adds(smt2: str, term: _Terms, config: MacConfig) -> Query:
    """The claim about the unit's step, over as many edges as it has stages, none of which waits."""
    table, states = ports(config, Shape.UNIT), ["s", "t", "u", "v"][: config.stages + 1]
    text, top = smt2, term("x").split("_n ")[0].removeprefix("(|")
    text += "".join(f"(declare-const {state} |{top}_s|)\n" for state in states)
    for before, behind in pairwise(states):
        text += f"(assert (|{top}_t| {before} {behind}))\n"
        text += f"(assert (or (not {term('o__valid', before)}) {term('o__ready', before)}))\n"
    names: dict[str, str] = {}
    for name, (low, bits) in _fields(element_layout(config)).items():
        names[name] = f"((_ extract {low + bits - 1} {low}) {term('i__payload')})"
    for name, wire in (("en", "i__valid"), ("clear", "begins")):
        names[name] = f"(ite {term(wire)} #b1 #b0)"
    for at, state in enumerate(states[:-1]):
        names[port_after("rst", at)] = f"(ite {term('rst', state)} #b1 #b0)"
    for name, width in named(table, Role.RESCALE).items():
        names[port_after(name, config.stages - 1)] = term.vector(name, width, states[-2])
    registers = named(table, Role.RESULT, Role.CARRY, Role.FLAG)
    for name, (low, bits) in _fields(sum_layout(config)).items():
        for state, suffix in ((states[-2], ""), (states[-1], "_next")):
            if not suffix or name in registers:
                payload = term("o__payload", state)
                names[name + suffix] = f"((_ extract {low + bits - 1} {low}) {payload})"
    widths = named(table, *Role)
    for name, what in names.items():
        stem = re.sub("_(next|after[0-9]*)$", "", name)
        width = widths.get(stem, 1)
        text += f"(define-fun {name} () (_ BitVec {width}) {what})\n"
    text += definitions(config)
    return Query(f"{text}(assert (not {unit_claim(config)}))\n", ())


def _fields(layout: object) -> dict[str, tuple[int, int]]:
    """Lowest place and width of each field of a layout."""
    return {
        str(name): (field.offset, field.width)
        for name, field in layout  # pyright: ignore[reportGeneralTypeIssues]
    }
