"""Proof obligations as SMT-LIB texts: each asks for a way in which a circuit breaks its claim.

``unsat`` is a proof, for all operands and all states. A unit is taken from one arbitrary state to
the next, or as many edges on as it has stages, so nothing is assumed about how it got there.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.formats import Format
from fp8mac.hw.config.outputs.output import rescale_widths
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.spec.outputs import multiplies
from fp8mac.proofs.spec.register import settling, value, zero_claim
from fp8mac.proofs.spec.sorts import adds_integers, product_sort, sorts_of
from fp8mac.proofs.spec.spec import core_claim, definitions, port_after, sum_claim, unit_claim
from fp8mac.proofs.spec.theory import Sort, all_of, bits, decode
from fp8mac.sim.exact import golden

__all__ = ["Query", "around_query", "decode_query", "decoded", "step_queries"]


@dataclass(frozen=True)
class Query:
    """A question to a solver.

    Parameters
    ----------
    text : str
        SMT-LIB, without ``check-sat``.
    constants : tuple of str
        Bit-vectors that make a counterexample.
    """

    text: str
    constants: tuple[str, ...]


def step_queries(circuit: Circuit, *, any_nan: bool = False, boxed: bool = False) -> list[Query]:
    """Queries that prove a core, or a unit, if all of them are ``unsat``.

    With ``boxed`` they prove a unit around any output stage, and have no counterexamples.

    A sum of integers takes two, because products merged with a sum are hard for solvers: first that
    a sum from zero is the product, then that any other is the accumulator and a sum from zero.
    """
    config, registered = circuit.config, circuit.shape.is_registered
    circuit = _Boxed(config, circuit.shape, circuit.text, circuit.top) if boxed else circuit
    results = (*named(circuit.table, Role.RESULT, Role.CARRY),)
    accs = (*named(circuit.table, Role.STATE, Role.CARRY_STATE),) or results
    afters = tuple(f"{result}_next" if registered else result for result in results)
    states = _edges(config) if registered else ["s"]
    before = states[-2] if registered else "s"
    text = circuit.smt2 + _states(circuit, *states)
    constants = {name: circuit.port(name, "s") for name in circuit.inputs}
    constants |= {name: circuit.port(name, before) for name in circuit.outputs}
    if registered:
        constants |= {f"{name}_next": circuit.port(name, states[-1]) for name in circuit.outputs}
        constants |= {name: circuit.port(name, before) for name in circuit.views}
        for at, state in enumerate(states[1:-1], 1):
            constants |= {
                port_after(name, at): circuit.port(name, state) for name in circuit.inputs
            }
    widths = circuit.inputs | circuit.outputs | circuit.views
    for name, term in constants.items():
        width = widths[re.sub("_(next|after[0-9]*)$", "", name)]
        text += f"(declare-const {name} (_ BitVec {width}))\n(assert (= {name} {term}))\n"
    text += _box(circuit, before) if isinstance(circuit, _Boxed) else ""
    text += definitions(config, any_nan=any_nan)
    claim = unit_claim(config, boxed=boxed) if registered else core_claim(config)
    names = tuple(constants)
    if not adds_integers(config):
        return [Query(f"{text}(assert (not {claim}))\n", names)]

    later = states[1:-1]
    last = "".join(f" (= {port_after('rst', at)} #b0)" for at, _ in enumerate(later, 1))
    sums = f"(and (= rst #b0) (= en #b1) (= clear #b0){last})" if registered else "true"
    from_zero = f"(assert (or (not {sums}) {zero_claim(config, *accs)}))\n(assert (not {claim}))\n"
    again = tuple(f"{state}_zero" for state in states)
    other = {name: name for name in named(circuit.table, Role.OPERAND)}
    other |= {"rst": "#b0", "en": "#b1", "clear": "#b1"} if registered else {}
    total = _states(circuit, *again) + f"(assert {sums})\n"
    for name, term in other.items():
        total += f"(assert (= {circuit.port(name, 's_zero')} {term}))\n"
    for state in later:
        total += f"(assert (= {circuit.port('rst', f'{state}_zero')} #b0))\n"
    if not registered:
        zeros = (circuit.port(name, "s_zero") for name in accs)
        total += f"(assert {zero_claim(config, *zeros)})\n"
    product = value(config, *(circuit.port(result, again[-1]) for result in results))
    terms = (value(config, *accs), product, value(config, *afters))
    total += f"(assert (not {sum_claim(config, *terms)}))\n"
    return [Query(text + from_zero, names), Query(text + total, names)]


@dataclass(frozen=True)
class _Boxed(Circuit):
    """A unit of which the output stage is left out if it multiplies, and may give anything."""

    @property
    def left_out(self) -> dict[str, tuple[str, int, bool]]:
        """Wire, width and direction of the ports of what is left out, by names in claims."""
        output, width = self.config.output, self.config.acc_bits
        if output is None or not multiplies(output):
            return {}
        widths = {"value": width} | rescale_widths(output, width)
        pins = {name: (f"output.{name}", bits_, True) for name, bits_ in widths.items()}
        pins["code"] = ("output.code", output.format.bits, False)
        return {f"output_{name}": facts for name, facts in pins.items()}

    @property
    def script(self) -> str:
        """As it is of circuits, but for what is left out."""
        if not self.left_out:
            return super().script
        wires = [f"w:{wire}" for wire, _, _ in self.left_out.values()]
        free = [f"w:{wire}" for wire, _, is_input in self.left_out.values() if not is_input]
        cut = f"setattr -set keep 1 {' '.join(wires)}\ncutpoint {' '.join(free)}\n"
        return super().script.replace("memory\n", f"{cut}memory\n", 1)

    def wire(self, name: str, state: str) -> str:
        """Bit-vector term of a port of what is left out."""
        wire, width, _ = self.left_out[name]
        value_ = f"(|{self.top}_n {wire}| {state})"
        return value_ if width > 1 else f"(ite {value_} #b1 #b0)"


def _box(circuit: _Boxed, state: str) -> str:
    """Definitions of the ports of what is left out."""
    return "".join(
        f"(define-fun {name} () (_ BitVec {width}) {circuit.wire(name, state)})\n"
        for name, (_, width, _) in circuit.left_out.items()
    )


@dataclass(frozen=True)
class _Shell(_Boxed):
    """A unit of which the circuit in its core is left out as well."""

    @property
    def left_out(self) -> dict[str, tuple[str, int, bool]]:
        """Also that circuit's ports, with ``inner_`` before their names."""
        module = self.text.partition(f"\nmodule \\{self.top}.core.accumulator\n")[2]
        wires = re.findall(
            r"^  wire .*?(?:input|output) [0-9]+ +\\(\S+)$", module.partition("\nend\n")[0], re.M
        )
        # Amaranth gives a port another name where a part of it has one of that name.
        known = {wire.partition("$")[0]: f"core.accumulator.{wire}" for wire in wires}
        inner = {
            f"inner_{port.name}": (
                known.get(port.name, f"core.accumulator.{port.name}"),
                port.bits,
                port.is_input,
            )
            for port in ports(self.config, Shape.CORE)
        }
        return inner | super().left_out


def around_query(unit: Circuit) -> Query:
    """Query that proves a unit around a circuit that is right, if it is ``unsat``.

    That circuit's part in a step is an assumption about its ports: where the operands that it gets
    are those of the step, and the accumulator that of before, what it gives is the step's result.
    Where it gets zeros, whose product is zero, it gives the accumulator back.

    Parameters
    ----------
    unit : Circuit
        RTL of a unit of several lanes.
    """
    shell = _Shell(unit.config, unit.shape, unit.text, unit.top)
    config, core = unit.config, ports(unit.config, Shape.CORE)
    states = _edges(config)
    before = states[-2]
    widths = shell.inputs | shell.outputs | shell.views
    terms = {name: (shell.port(name, "s"), widths[name]) for name in shell.inputs}
    for name in shell.outputs | shell.views:
        terms[name] = (shell.port(name, before), widths[name])
    for name in shell.outputs:
        terms[f"{name}_next"] = (shell.port(name, states[-1]), widths[name])
    for at, state in enumerate(states[1:-1], 1):
        for name in shell.inputs:
            terms[port_after(name, at)] = (shell.port(name, state), widths[name])
    for name, (_, width, _) in shell.left_out.items():
        terms[name] = (shell.wire(name, before), width)
    text = shell.smt2 + _states(shell, *states)
    for name, (term, width) in terms.items():
        text += f"(define-fun {name} () (_ BitVec {width}) {term})\n"
    operands = named(shell.table, Role.OPERAND, Role.RANDOM)
    inside, given = (
        value(config, *(f"inner_{name}" for name in named(core, *roles)))
        for roles in ((Role.STATE, Role.CARRY_STATE), (Role.RESULT, Role.CARRY))
    )
    signature = " ".join(f"({name} (_ BitVec {width}))" for name, width in operands.items())
    word, names = f"(_ BitVec {config.acc_bits})", " ".join(operands)
    taken = all_of(f"(= {name} inner_{name})" for name in operands)
    text += f"(define-fun taken ({signature}) Bool {taken})\n"
    for flag in config.flags:
        text += f"(define-fun raises_{flag} ({signature}) Bool (= inner_{flag} #b1))\n"
    step = f"(and (taken {names}) (= c {inside}) (= y {given}))"
    text += f"(define-fun step ({signature} (c {word}) (y {word})) Bool {step})\n"
    if config.resolve is Resolve.IDLE:
        nothing = all_of(f"(= inner_{name} {bits(0, width)})" for name, width in operands.items())
        rest = settling(config, "inner_y_carry", "inner_c_carry")
        text += f"(assert (=> {nothing} (and (= {given} {inside}) {rest})))\n"
    added = "(and (= en #b1) (= rst #b0))"
    claim = unit_claim(config, boxed=multiplies(config.output))
    claim = f"(and {claim} (=> {added} (taken {names})))"
    return Query(f"{text}(assert (not {claim}))\n", ())


def _edges(config: MacConfig) -> list[str]:
    """States around the edges from operands to their sum."""
    return ["s", "t", "u", "v", "w"][: config.stages + 1]


def _states(circuit: Circuit, *names: str) -> str:
    """Declare states, each the next one of that before it."""
    text = "".join(f"(declare-const {name} |{circuit.top}_s|)\n" for name in names)
    for before, behind in pairwise(names):
        text += f"(assert (|{circuit.top}_t| {before} {behind}))\n"
    return text


def decoded(config: MacConfig) -> list[tuple[Format, Sort, int]]:
    """What a unit's operands are decoded to: format, sort and scale.

    Formats of more than 10 bits are left out: the table of all codes would be too large.
    """
    if adds_integers(config):
        return []
    sorts = sorts_of(config)
    found = [(config.a, sorts.exact, sorts.scale_a), (config.b, sorts.exact, sorts.scale_b)]
    if config.flags:
        found += [(operand, product_sort(config), 0) for operand in (config.a, config.b)]
    return [each for each in dict.fromkeys(found) if each[0].bits <= 10]


def decode_query(format_: Format, sort: Sort, scale: int) -> Query:
    """Whether any code is decoded to something else than the golden model says."""
    top = sort.precision - 1
    text = f"(declare-const x (_ BitVec {format_.bits}))\n"
    table = sort.of_code(bits(0, 1 + sort.exponent_bits + top))
    for code in range(1 << format_.bits):
        exact = golden.decode(format_, code)
        number = sort.of_code(bits(_ieee_code(exact, sort, scale), 1 + sort.exponent_bits + top))
        table = f"(ite (= x {bits(code, format_.bits)}) {number}\n {table})"
    text += f"(assert (not (= {decode(format_, 'x', sort, scale)}\n {table})))\n"
    return Query(text, ("x",))


def _ieee_code(value: golden.Value, sort: Sort, scale: int) -> int:
    """Code of ``value * 2**scale`` in the IEEE format of a sort, which has to contain it."""
    top = sort.precision - 1
    sign = value.sign << (sort.exponent_bits + top)
    all_ones = (1 << sort.exponent_bits) - 1
    if value.kind is golden.Kind.NAN:
        return all_ones << top | 1
    if value.kind is golden.Kind.INF:
        return sign | all_ones << top
    leading = value.magnitude.bit_length() - 1
    field = leading + value.exponent + scale + sort.bias
    if value.magnitude and field > 0:
        return sign | (field - 1 << top) + (value.magnitude << top - leading)
    return sign | value.magnitude << (value.exponent + scale - sort.emin + top)
