"""What is checked of a unit, and what came of it.

============  =================================================================================
kind          what it shows
============  =================================================================================
``decode``    the specification reads every code of an operand as the golden model does
``step``      the circuit does what is specified, for all operands and from all states
``mutation``  the same question finds a planted bug, and the counterexample is a real one
``verilog``   the emitted Verilog is, gate by gate, what was proved
``netlist``   and so is the netlist whose gates are counted, where gates are
============  =================================================================================
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial

from fp8mac.gen.describe import module_name
from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal, Structure
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.mutations import Mutation, mutations_of
from fp8mac.proofs.check.circuit import Circuit
from fp8mac.proofs.check.queries import decoded
from fp8mac.proofs.check.replay import Counterexample
from fp8mac.proofs.check.solve import Answer, Encoding
from fp8mac.proofs.cuts.floats.questions import has_parts, question_sorts
from fp8mac.proofs.spec.outputs import multiplies
from fp8mac.proofs.spec.sorts import all_sorts
from fp8mac.sim.check.cosim import Mismatch

__all__ = [
    "Check",
    "CheckKind",
    "Record",
    "Units",
    "Verdict",
    "failures",
    "is_in_parts",
    "parts_encoding",
    "plan",
    "plan_circuit",
    "record_of",
]

Units = Mapping[Goal, list[MacConfig]] | list[MacConfig]
"""Units by what they are built for; without that, for few gates."""


def is_cut(config: MacConfig) -> bool:
    """Whether the core of a unit is proved in parts: it adds several products in a step."""
    return config != config.plain


def is_in_parts(config: MacConfig, shape: Shape) -> bool:
    """Whether it is proved in parts: a sum of several products, or one multiplied as it leaves."""
    return is_cut(config) or (shape.is_registered and multiplies(config.output))


class CheckKind(Enum):
    """What a check shows."""

    DECODE = "decode"
    STEP = "step"
    MUTATION = "mutation"
    VERILOG = "verilog"
    NETLIST = "netlist"


class Verdict(Enum):
    """What came of a check.

    ``equivalent`` is a mutation that changes nothing on this unit, as was proved; ``failed`` is
    everything that did not come to an end, a time limit included.
    """

    PROVED = "proved"
    REFUTED = "refuted"
    EQUIVALENT = "equivalent"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """One thing to show.

    Parameters
    ----------
    config : MacConfig
        The unit.
    shape : Shape
        What of it.
    kind : CheckKind
        What is shown.
    encoding : Encoding, optional
        Of those that take a solver.
    mutation : Mutation, optional
        The planted bug.
    circuit : Circuit, optional
        The circuit, if it is not the unit's own.
    any_nan : bool
        Whether every NaN will do where a result is NaN.
    goal : Goal or Structure
        What the circuit is built for, or how.
    """

    config: MacConfig
    shape: Shape
    kind: CheckKind
    encoding: Encoding | None = None
    mutation: Mutation | None = None
    circuit: Circuit | None = None
    any_nan: bool = False
    goal: Built = Goal.AREA

    @property
    def module(self) -> str:
        """Name of the module."""
        if self.circuit:
            return self.circuit.top
        return module_name(self.config, self.shape, goal=self.goal)

    def __str__(self) -> str:
        what = f"'{self.mutation.name}'" if self.mutation else self.kind.value
        return f"{self.module}: {what}" + (f" ({self.encoding.value})" if self.encoding else "")


@dataclass(frozen=True)
class Record:
    """What came of a check.

    Parameters
    ----------
    check : Check
        What was checked.
    verdict : Verdict
        The outcome.
    seconds : float
        Processor time of a solver, or time on the clock of an equivalence check.
    reason : str
        Of a failed check, one sentence.
    counterexample : Counterexample, optional
        Of a refuted one.
    sha256 : str, optional
        Hash of what was checked: RTLIL, Verilog without its header, netlist.
    """

    check: Check
    verdict: Verdict
    seconds: float = 0
    reason: str = ""
    counterexample: Counterexample | Mismatch | None = None
    sha256: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it came out as it has to."""
        if self.check.kind is CheckKind.MUTATION:
            return self.verdict in (Verdict.REFUTED, Verdict.EQUIVALENT)
        return self.verdict is Verdict.PROVED


def record_of(check: Check, answer: Answer, digest: str | None = None) -> Record:
    """Record of an answer that is not ``sat``."""
    if answer.verdict == "unsat":
        return Record(check, Verdict.PROVED, answer.seconds, sha256=digest)
    reason = "the solver does not know" if answer.verdict == "unknown" else answer.verdict
    return Record(check, Verdict.FAILED, answer.seconds, reason, sha256=digest)


def parts_encoding(config: MacConfig) -> Encoding:
    """Who turns floating point into bit-vectors in a proof in parts."""
    if config.is_fixed:
        return Encoding.BITWUZLA
    common, own, *added = question_sorts(config)
    if any(each.exponent_bits > each.precision for each in added):
        return Encoding.BITWUZLA  # z3 adds no numbers that have so few bits
    return Encoding.of([common, own, *added])[0]


def plan(
    units: Units,
    *,
    structures: Iterable[tuple[MacConfig, Structure]] = (),
    both: bool = False,
    mutations: int = 2,
    planted: Mapping[str, int] | None = None,
) -> list[Check]:
    """Checks of units: cores and registered units.

    Parameters
    ----------
    units : Units
        The units.
    structures : iterable of tuple
        Units and how they are built. Only their cores are checked: what is around is the same.
    both : bool
        Prove every step in both encodings.
    mutations : int
        Planted bugs beside each proof, twice as many beside that of a sum of float products; those
        before others that were planted least so far.
    planted : mapping, optional
        How often bugs were planted in other units, by name.
    """
    checks: list[Check] = []
    planted = Counter(planted or {})
    by_goal = {Goal.AREA: units} if isinstance(units, list) else units
    pairs: list[tuple[MacConfig, Built]] = [
        (config, goal) for goal, configs in by_goal.items() for config in configs
    ]
    for config, goal in dict.fromkeys([*pairs, *structures]):
        if is_cut(config) and not config.is_fixed and not has_parts(config):
            raise ConfigError(
                f"There is no proof of {config.text}: proved are units that add products one by "
                "one, and those that add several in fixed point, in windows, or exactly."
            )
        encodings = Encoding.of(all_sorts(config), both=both)
        check = partial(Check, config, goal=goal)
        if decoded(config) and not is_cut(config):
            checks += [check(Shape.CORE, CheckKind.DECODE, encoding) for encoding in encodings]
        for shape in (Shape.CORE,) if isinstance(goal, Structure) else Shape:
            if is_cut(config):
                encodings = (parts_encoding(config),)
            checks += [check(shape, CheckKind.STEP, encoding) for encoding in encodings]
            pool = mutations_of(config, shape, goal=goal)
            pool = [each for each in pool if each.registered is shape.is_registered]
            # Sums of float products have twice as many parts as others.
            many = mutations * (2 if is_cut(config) and not config.is_fixed else 1)
            for mutation in sorted(pool, key=lambda each: planted[each.name])[:many]:
                planted[mutation.name] += 1
                checks.append(check(shape, CheckKind.MUTATION, encodings[0], mutation))
            kinds = (CheckKind.VERILOG,) if goal.is_fpga else (CheckKind.VERILOG, CheckKind.NETLIST)
            checks += [check(shape, kind) for kind in kinds]
    return checks


def plan_circuit(circuit: Circuit, *, both: bool = False, any_nan: bool = False) -> list[Check]:
    """Checks of somebody's circuit; the planted bug is one of our own unit.

    Raises
    ------
    ConfigError
        If it adds several products in a step.
    """
    config, shape = circuit.config, circuit.shape
    if is_cut(config):
        raise ConfigError(
            f"A module of {config.text} is proved in parts, which are known of our own alone; "
            "'fp8mac vectors' tests others."
        )
    encodings = Encoding.of(all_sorts(config), both=both)
    checks = [
        Check(config, Shape.CORE, CheckKind.DECODE, each) for each in encodings if decoded(config)
    ]
    checks += [
        Check(config, shape, CheckKind.STEP, encoding, circuit=circuit, any_nan=any_nan)
        for encoding in encodings
    ]
    mutation = next(
        each for each in mutations_of(config, shape) if each.registered is shape.is_registered
    )
    return [
        *checks,
        Check(config, shape, CheckKind.MUTATION, encodings[0], mutation, any_nan=any_nan),
    ]


def failures(records: Iterable[Record]) -> list[str]:
    """Sentences about all that did not come out as it has to; none is a success.

    A proof fails as well if no bug that was planted beside it was refuted.
    """
    records = list(records)
    sentences = []
    for record in records:
        if not record.passed:
            reason = record.reason or str(record.counterexample or record.verdict.value)
            sentences.append(f"{record.check}: {reason.rstrip('.')}.")
    controlled = {
        (record.check.config, record.check.goal, record.check.shape)
        for record in records
        if record.check.kind is CheckKind.MUTATION and record.verdict is Verdict.REFUTED
    }
    for record in records:
        check = record.check
        if (
            check.kind is CheckKind.STEP
            and (check.config, check.goal, check.shape) not in controlled
        ):
            sentences.append(f"{check}: no planted bug was refuted beside this proof.")
    return sentences
