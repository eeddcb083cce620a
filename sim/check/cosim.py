"""Circuits against the golden model, step for step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fp8mac.hw.config.ports import Port, Role, Shape, named, ports, wires
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import Triples, integers, random_carries, random_numbers
from fp8mac.sim.check.words import port_words, random_rescales, rescale_words
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.segments import fault, resolved

__all__ = ["Mismatch", "check_core", "check_unit"]


@dataclass(frozen=True)
class Mismatch:
    """A step in which a circuit differs from the golden model.

    Accumulators and flags are stored patterns; ``want`` is None where it is not specified. Those of
    an accumulator in segments are values; ``fault`` is what is wrong where its value is right.
    """

    a: int
    b: int
    acc: int
    got: int
    got_flags: tuple[bool, ...]
    want: int | None
    want_flags: tuple[bool, ...]
    fault: str = ""
    random: int | None = None

    def __str__(self) -> str:
        want = "anything" if self.want is None else f"{self.want:#x}"
        flags = f", flags {self.got_flags}, want {self.want_flags}" if self.want_flags else ""
        fault = f", {self.fault}" if self.fault else ""
        drawn = "" if self.random is None else f" random={self.random:#x}"
        return (
            f"a={self.a:#x} b={self.b:#x}{drawn} acc={self.acc:#x}: got {self.got:#x}, want {want}"
            f"{flags}{fault}"
        )


def check_core(config: MacConfig, netlist: Netlist, triples: Triples) -> list[Mismatch]:
    """Evaluate the netlist of a core on triples, and compare every result.

    Parameters
    ----------
    netlist : Netlist
        With the `ports` of a core.

    Returns
    -------
    list of Mismatch
        Empty where the netlist is right.
    """
    table = ports(config, Shape.CORE)
    inputs = named(table, Role.STATE, Role.CARRY_STATE)
    carries = [
        random_carries(config, len(triples.a), seed=1) for _ in named(table, Role.CARRY_STATE)
    ]
    given = port_words(config, triples.a, triples.b)
    given |= zip(inputs, (triples.c, *carries), strict=True)
    drawn = random_numbers(config, len(triples.a), seed=1)
    given |= {name: np.array(drawn, np.uint64) for name in named(table, Role.RANDOM)}
    outputs = netlist.evaluate(given)
    got_words = [outputs[port] for port in named(table, Role.RESULT, Role.CARRY)]
    flag_words = [outputs[flag][:, 0] for flag in named(table, Role.FLAG)]
    flag_rows = np.stack(flag_words, axis=1).astype(bool).tolist() if flag_words else None
    before, after = _values(config, triples.c, *carries), _values(config, *got_words)
    mismatches = []
    for index, (a, b, acc, got) in enumerate(
        zip(integers(triples.a), integers(triples.b), before, after, strict=True)
    ):
        want = golden.mac(config, a, b, acc, random=drawn[index])
        got_flags = tuple(flag_rows[index]) if flag_rows else ()
        if got_flags != want.flags or (want.acc is not None and got != want.acc):
            random = drawn[index] if config.random_bits else None
            state = (got, got_flags, want.acc, want.flags)
            mismatches.append(Mismatch(a, b, acc, *state, random=random))
    return mismatches


def check_unit(
    config: MacConfig,
    netlist: Netlist,
    flip_flops: Sequence[str],
    triples: Triples,
    seed: int = 1,
) -> list[Mismatch]:
    """Evaluate one clock edge of a unit in many states, and compare the states behind it.

    The states are the accumulators of the triples with random flags, and random carries between
    segments; ``en``, ``clear`` and ``rst`` are random as well. What a unit shows of its state is
    compared too: a resolved sum, and whether it is ready. In a unit of several stages, operands and
    controls are those of an edge before, from which on its registers are filled; at later ones
    there are others, and ``rst`` again is random.

    Parameters
    ----------
    netlist : Netlist
        Combinational part, with the flip-flops' outputs as input ``ff_q`` and their inputs as
        output ``ff_d``.
    flip_flops : sequence of str
        Net of each flip-flop: a bit of the result, a carry, or a flag; of several stages, others as
        well.
    seed : int
        For flags and controls.

    Returns
    -------
    list of Mismatch
        Empty where the netlist is right.
    """
    rng, count = np.random.default_rng(seed), len(triples.a)
    table = ports(config, Shape.UNIT)
    register, flag_names = wires(table, Role.RESULT), wires(table, Role.FLAG)
    carry_names = wires(table, Role.CARRY)
    known = {*register, *carry_names, *flag_names}
    if not known <= set(flip_flops) or (config.stages == 1 and len(flip_flops) > len(known)):
        raise ValueError(f"The flip-flops of {config.slug} are not acc and its flags.")
    flags = rng.random((count, len(config.flags))) < 0.1
    bits = dict(zip(flag_names, flags.T, strict=True))
    carries = [random_carries(config, count, seed)] if carry_names else []
    for names, words in zip((register, carry_names), (triples.c, *carries), strict=False):
        bits |= _bits(names, words)
    controls = rng.random((count, 3)) < (0.8, 0.2, 0.1)
    drawn, rescales = random_numbers(config, count, seed), _rescales(config, count, seed)
    more = rescale_words(config.output, config, rescales) | {
        name: np.array(drawn, np.uint64) for name in named(table, Role.RANDOM)
    }

    def edge(
        bits: dict[str, np.ndarray], operands: Sequence[np.ndarray], controls: np.ndarray
    ) -> dict[str, np.ndarray]:
        stimuli = (*controls.astype(np.uint64).T, np.zeros(count, np.uint64))
        state = _words([bits[name] for name in flip_flops])
        inputs = named(table, Role.CONTROL, Role.RESET, Role.CLOCK)
        given = dict(zip(inputs, stimuli, strict=True)) | {"ff_q": state}
        given |= port_words(config, *operands) | more
        return netlist.evaluate(given)

    filled = dict.fromkeys(flip_flops, np.zeros(count, np.uint64)) if config.stages > 1 else {}
    operands, others, dropped = triples[:2], controls.copy(), np.zeros(count, bool)
    for late in range(1, config.stages):
        filled = _bits(flip_flops, edge(filled, operands, others)["ff_d"])
        dropped |= others[:, 2]
        operands = [np.roll(each[::-1], late - 1) for each in triples[:2]]
        others = np.roll(controls[::-1], late - 1, axis=0)
    outputs = edge(filled | bits, operands, others)
    controls[dropped, 0], ends = False, others[:, 2]
    after = _bits(flip_flops, outputs["ff_d"])
    got_words = [
        _words([after[net] for net in names]) for names in (register, carry_names) if names
    ]
    held, got = _values(config, triples.c, *carries), _values(config, *got_words)
    segments = _segments(table, (triples.c, *carries), got_words, outputs)
    raised = np.array([after[flag] for flag in flag_names], bool).reshape(-1, count).T
    mismatches = []
    for index, (a, b, before) in enumerate(
        zip(integers(triples.a), integers(triples.b), held, strict=True)
    ):
        up = tuple(flags[index].tolist())
        en, clear, _ = controls[index].tolist()
        rst = bool(ends[index])
        old = golden.State(None if any(up) else before, up)
        given = {"en": en, "clear": clear, "rst": rst}
        want = golden.step(config, old, a, b, **given, random=drawn[index])
        got_flags = tuple(raised[index].tolist())
        state = (got[index], got_flags, want.acc, want.flags)
        states = {"en": en, "rst": rst, "flagged": any(up)}
        wrong = fault(config, *segments[index], **states) if carries else ""
        if config.output is not None:
            wrong = wrong or _out_fault(config, old, rescales[index], int(outputs["out"][index, 0]))
        if got_flags != want.flags or (want.acc is not None and got[index] != want.acc) or wrong:
            random = drawn[index] if config.random_bits else None
            mismatches.append(Mismatch(a, b, before, *state, wrong, random))
    return mismatches


def _rescales(config: MacConfig, count: int, seed: int) -> list[golden.Rescale]:
    """What sums of any length are rescaled with in each case, if they are."""
    found = random_rescales(config.output, config, count, seed, any_sum=True)
    return found or [golden.NO_RESCALE] * count


def _out_fault(config: MacConfig, state: golden.State, rescale: golden.Rescale, got: int) -> str:
    """What is wrong with a rounded sum; nothing if it is right."""
    want = golden.leave(config, state, rescale)
    return "" if want in (None, got) else f"out is {got:#x}, not {want:#x}"


_Segments = tuple[tuple[int, ...], tuple[int, ...], dict[str, int]]


def _segments(
    table: tuple[Port, ...],
    before: Sequence[np.ndarray],
    after: Sequence[np.ndarray],
    outputs: dict[str, np.ndarray],
) -> list[_Segments]:
    """Of every case word and carries before and after it, and what else is shown."""
    shown = named(table, Role.SUM, Role.READY)
    held, got = (zip(*map(integers, words), strict=True) for words in (before, after))
    views = zip(*(integers(outputs[port]) for port in shown), strict=True)
    rows = views if shown else ((),) * len(before[0])
    return [
        (old, new, dict(zip(shown, row, strict=True)))
        for old, new, row in zip(held, got, rows, strict=True)
    ]


def _values(config: MacConfig, word: np.ndarray, carry: np.ndarray | None = None) -> list[int]:
    """Accumulators as integers; those in segments are resolved."""
    words = integers(word)
    if carry is None:
        return words
    both = zip(words, integers(carry), strict=True)
    return [resolved(config, *each) for each in both]


def _bits(names: Sequence[str], words: np.ndarray) -> dict[str, np.ndarray]:
    """Bits of words of 64 bits, by name."""
    return {
        name: words[:, place // 64] >> np.uint64(place % 64) & np.uint64(1)
        for place, name in enumerate(names)
    }


def _words(bits: Sequence[np.ndarray]) -> np.ndarray:
    """Words of 64 bits, least significant first, of bits in that order."""
    words = np.zeros((len(bits[0]), -(-len(bits) // 64)), np.uint64)
    for place, bit in enumerate(bits):
        words[:, place // 64] |= bit.astype(np.uint64) << np.uint64(place % 64)
    return words
