"""Counterexamples: played through the circuit and the golden model before anybody sees them."""

from dataclasses import dataclass

import numpy as np

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.ports import Role, named
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.check.circuit import Circuit, CircuitError
from fp8mac.proofs.spec.spec import port_after
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.segments import fault, resolved
from fp8mac.synth_reports.synth.abc import cut_flip_flops, run_abc
from fp8mac.synth_reports.synth.synthesis import Flow

__all__ = ["Counterexample", "ReplayError", "replay", "with_all_registers"]


class ReplayError(Error, RuntimeError):
    """A counterexample that is none: solver, specification and golden model do not agree."""


@dataclass(frozen=True)
class Counterexample:
    """A step in which a circuit differs from the golden model.

    Parameters
    ----------
    config : MacConfig
        The unit.
    a, b : int
        Codes of the operands.
    acc : int
        Accumulator before the step; of one in segments the value, as everywhere here.
    flags : tuple of bool
        Of a unit, its flags before the step; of a core, none.
    controls : dict of str to int
        Of a unit, ``en``, ``clear`` and ``rst``; of a core, none. Carries between segments; the
        random number of a step.
    got, want : State
        What the circuit gives, and the golden model; ``acc`` is None where it is not specified.
    fault : str
        What it does wrong with its segments, see `fp8mac.sim.exact.segments.fault`.
    """

    config: MacConfig
    a: int
    b: int
    acc: int
    flags: tuple[bool, ...]
    controls: dict[str, int]
    got: golden.State
    want: golden.State
    fault: str = ""

    def __str__(self) -> str:
        config = self.config

        def state(acc: int | None, flags: tuple[bool, ...]) -> str:
            up = [flag for flag, raised in zip(config.flags, flags, strict=True) if raised]
            if acc is None:
                return f"anything, {' '.join(up)}"
            return ", ".join([_text(acc, config.acc_bits, golden.read(config, acc)), *up])

        operands = (("a", config.a, self.a), ("b", config.b, self.b))
        words = [
            f"{name} = {_text(code, format_.bits, golden.decode(format_, code))}"
            for name, format_, code in operands
        ]
        words += [f"{name} = {value}" for name, value in self.controls.items()]
        words.append(f"acc = {state(self.acc, self.flags or (False,) * len(config.flags))}")
        fault = f"; {self.fault}" if self.fault else ""
        return f"{', '.join(words)}: got {state(*self.got)}, want {state(*self.want)}{fault}"


def replay(circuit: Circuit, model: dict[str, int]) -> Counterexample:
    """Play a solver's model through the circuit and the golden model.

    Parameters
    ----------
    model : dict of str to int
        Values of the constants of `step_queries`.

    Raises
    ------
    ReplayError
        If the circuit does not give what the solver says, or the golden model gives the same.
    """
    config, flags = circuit.config, named(circuit.table, Role.FLAG)
    try:
        piped = circuit.shape.is_registered and config.stages > 1
        outputs = _behind_a_register(circuit, model) if piped else circuit.evaluate(model)
    except CircuitError as error:
        raise ReplayError(str(error)) from error
    registered = circuit.shape.is_registered
    next_ = "_next" if registered else ""
    claimed = {name: model[name if name in circuit.views else name + next_] for name in outputs}
    if outputs != claimed:
        raise ReplayError(f"The circuit gives {outputs}, not {claimed} as the solver says.")
    table = circuit.table
    a, b = (model[name] for name in named(table, Role.OPERAND))
    results = named(table, Role.RESULT, Role.CARRY)
    states = named(table, Role.STATE, Role.CARRY_STATE) or results
    held, new = [model[name] for name in states], [outputs[name] for name in results]
    acc = _value(config, held)
    got = golden.State(_value(config, new), tuple(bool(outputs[flag]) for flag in flags))
    wrong, random = "", model.get("random")
    if not registered:
        before, controls = (), {name: model[name] for name in named(table, Role.CARRY_STATE)}
        want = golden.mac(config, a, b, acc, random=random)
    else:
        before = tuple(bool(model[flag]) for flag in flags)
        controls = {name: model[name] for name in named(table, Role.CONTROL, Role.RESET)}
        old = golden.State(None if any(before) else acc, before)
        raised = {name: bool(value) for name, value in controls.items()}
        want = golden.step(config, old, a, b, **raised, random=random)
        resets = raised["rst"]
        if piped:  # a reset before the last edge was before this state, one there ends it
            later = [port_after("rst", edges) for edges in range(1, config.stages)]
            dropped = resets or any(model[name] for name in later[:-1])
            resets = bool(model[later[-1]])
            raised = (dict.fromkeys(raised, False) if dropped else raised) | {"rst": resets}
            want = golden.step(config, old, a, b, **raised)
            controls |= {name: model[name] for name in later}
        controls |= {name: model[name] for name in named(table, Role.CARRY)}
        if config.segment_bits is not None:
            shown = {name: outputs[name] for name in circuit.views}
            words = ((held[0], held[1]), (new[0], new[1]))
            states = {"en": raised["en"], "rst": resets, "flagged": any(before)}
            wrong = fault(config, *words, shown, **states)
        if config.output is not None:
            given, fault_ = _leaving(circuit, model, old, outputs["out"])
            controls, wrong = controls | given, wrong or fault_
    found = Counterexample(config, a, b, acc, before, controls | _drawn(random), got, want, wrong)
    if got.flags == want.flags and want.acc in (None, got.acc) and not wrong:
        raise ReplayError(f"The golden model agrees with the circuit: {found}.")
    return found


def _drawn(random: int | None) -> dict[str, int]:
    return {} if random is None else {"random": random}


def _leaving(
    circuit: Circuit, model: dict[str, int], state: golden.State, out: int
) -> tuple[dict[str, int], str]:
    """What a sum is rescaled with as it leaves, and what is wrong with what it leaves as."""
    config, late = circuit.config, circuit.config.stages - 1
    given = {name: model[port_after(name, late)] for name in named(circuit.table, Role.RESCALE)}
    right = golden.leave(config, state, golden.Rescale.of_ports(config.output, given))
    return given, "" if right in (None, out) else f"out is {out:#x}, not {right:#x}"


def with_all_registers(circuit: Circuit) -> tuple[Netlist, tuple[str, ...]]:
    """A netlist that has every flip-flop of a circuit, also equal ones; and their names."""
    logic, nets = cut_flip_flops(circuit.blif)
    files = {"flow.genlib": Flow.load().library, "logic.blif": logic}
    lines = ["read_genlib flow.genlib", "read_blif logic.blif", "map", "write_blif mapped.blif"]
    found = run_abc(find_yosys(), lines, files, ["mapped.blif"])["mapped.blif"]
    return Netlist.from_blif(found), tuple(map(circuit.register, nets))


def _behind_a_register(circuit: Circuit, model: dict[str, int]) -> dict[str, int]:
    """Outputs after all edges; those before the last fill the registers before the accumulator."""
    netlist, names = with_all_registers(circuit)
    places = {name: place for place, name in enumerate(names)}
    state = 0

    def edge(at: int) -> dict[str, int]:
        given = {name: model[port_after(name, at)] for name in circuit.inputs}
        given |= {"clk": 0, "ff_q": state}
        words = {
            port: np.array([[given[port] >> at & (1 << 64) - 1 for at in range(0, bits, 64)]], "u8")
            for port, bits in netlist.ports.items()
            if port in given
        }
        found = netlist.evaluate(words)
        return {port: _integer(each[0].tolist()) for port, each in found.items()}

    last = circuit.config.stages - 1
    for at in range(last):
        state = edge(at)["ff_d"]
    registers = {
        port.name: [(bit, places[wire]) for bit, wire in enumerate(port.wires) if wire in places]
        for port in circuit.table
        if port.name in circuit.outputs
    }
    for name, bits in registers.items():
        for bit, place in bits:
            state &= ~(1 << place)
            state |= (model[name] >> bit & 1) << place
    shown = edge(last)
    state = shown["ff_d"]
    views = {name: shown[name] for name in circuit.views}
    return views | {
        name: sum((state >> place & 1) << bit for bit, place in bits)
        for name, bits in registers.items()
    }


def _integer(words: list[int]) -> int:
    return sum(word << 64 * at for at, word in enumerate(words))


def _value(config: MacConfig, words: list[int]) -> int:
    """Accumulator of its word, and of the carries between its segments."""
    return resolved(config, *words) if len(words) > 1 else words[0]


def _text(code: int, bits: int, value: golden.Value) -> str:
    """Code and value, as in ``0x3c00 (1)``."""
    match value.kind:
        case golden.Kind.NAN:
            number = "NaN"
        case golden.Kind.INF:
            number = "-inf" if value.sign else "inf"
        case golden.Kind.FINITE:
            magnitude = abs(value.fraction)
            exact = magnitude.denominator == 1 or magnitude.denominator > 2**1000
            number = "-" * value.sign + (str(magnitude) if exact else f"{float(magnitude):.17g}")
    return f"{code:#0{2 + -(-bits // 4)}x} ({number})"
