"""Counterexamples: played through the circuit and the golden model before anybody sees them."""

from dataclasses import dataclass

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.ports import Role, named
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.check.circuit import Circuit, CircuitError
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.segments import fault, resolved

__all__ = ["Counterexample", "ReplayError", "replay"]


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
        Of a unit, ``en``, ``clear`` and ``rst``; of a core, none. Carries between segments.
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
        outputs = circuit.evaluate(model)
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
    wrong = ""
    if not registered:
        before, controls = (), {name: model[name] for name in named(table, Role.CARRY_STATE)}
        want = golden.mac(config, a, b, acc)
    else:
        before = tuple(bool(model[flag]) for flag in flags)
        controls = {name: model[name] for name in named(table, Role.CONTROL, Role.RESET)}
        old = golden.State(None if any(before) else acc, before)
        raised = {name: bool(value) for name, value in controls.items()}
        want = golden.step(config, old, a, b, **raised)
        controls |= {name: model[name] for name in named(table, Role.CARRY)}
        if config.segment_bits is not None:
            shown = {name: outputs[name] for name in circuit.views}
            words = ((held[0], held[1]), (new[0], new[1]))
            states = {"en": raised["en"], "rst": raised["rst"], "flagged": any(before)}
            wrong = fault(config, *words, shown, **states)
    found = Counterexample(config, a, b, acc, before, controls, got, want, wrong)
    if got.flags == want.flags and want.acc in (None, got.acc) and not wrong:
        raise ReplayError(f"The golden model agrees with the circuit: {found}.")
    return found


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
