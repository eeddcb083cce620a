"""Circuits against the golden model, step for step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fp8mac.hw.config.ports import Role, Shape, named, ports, wires
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import Triples
from fp8mac.sim.exact import golden

__all__ = ["Mismatch", "check_core", "check_unit"]


@dataclass(frozen=True)
class Mismatch:
    """A step in which a circuit differs from the golden model.

    Accumulators and flags are stored patterns; ``want`` is None where it is not specified.
    """

    a: int
    b: int
    acc: int
    got: int
    got_flags: tuple[bool, ...]
    want: int | None
    want_flags: tuple[bool, ...]

    def __str__(self) -> str:
        want = "anything" if self.want is None else f"{self.want:#x}"
        flags = f", flags {self.got_flags}, want {self.want_flags}" if self.want_flags else ""
        return (
            f"a={self.a:#x} b={self.b:#x} acc={self.acc:#x}: got {self.got:#x}, want {want}{flags}"
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
    inputs = named(table, Role.OPERAND, Role.STATE)
    outputs = netlist.evaluate(dict(zip(inputs, triples, strict=True)))
    (result,) = named(table, Role.RESULT)
    flag_words = [outputs[flag][:, 0] for flag in named(table, Role.FLAG)]
    flag_rows = np.stack(flag_words, axis=1).astype(bool).tolist() if flag_words else None
    results = Triples(triples.a, triples.b, outputs[result]).integers()
    mismatches = []
    for index, ((a, b, acc), (_, _, got)) in enumerate(
        zip(triples.integers(), results, strict=True)
    ):
        want = golden.mac(config, a, b, acc)
        got_flags = tuple(flag_rows[index]) if flag_rows else ()
        if got_flags != want.flags or (want.acc is not None and got != want.acc):
            mismatches.append(Mismatch(a, b, acc, got, got_flags, want.acc, want.flags))
    return mismatches


def check_unit(
    config: MacConfig,
    netlist: Netlist,
    flip_flops: Sequence[str],
    triples: Triples,
    seed: int = 1,
) -> list[Mismatch]:
    """Evaluate one clock edge of a unit in many states, and compare the states behind it.

    The states are the accumulators of the triples with random flags; ``en``, ``clear`` and ``rst``
    are random as well.

    Parameters
    ----------
    netlist : Netlist
        Combinational part, with the flip-flops' outputs as input ``ff_q`` and their inputs as
        output ``ff_d``.
    flip_flops : sequence of str
        Net of each flip-flop: a bit of the result, or a flag.
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
    if sorted(register + flag_names) != sorted(flip_flops):
        raise ValueError(f"The flip-flops of {config.slug} are not acc and its flags.")
    flags = rng.random((count, len(config.flags))) < 0.1
    bits = dict(zip(flag_names, flags.T, strict=True))
    for bit, net in enumerate(register):
        bits[net] = triples.c[:, bit // 64] >> np.uint64(bit % 64) & np.uint64(1)
    controls = rng.random((count, 3)) < (0.8, 0.2, 0.1)
    state = _words([bits[name] for name in flip_flops])
    inputs = named(table, Role.OPERAND, Role.CONTROL, Role.RESET, Role.CLOCK)
    stimuli = (*triples[:2], *controls.astype(np.uint64).T, np.zeros(count, np.uint64))
    outputs = netlist.evaluate(dict(zip(inputs, stimuli, strict=True)) | {"ff_q": state})
    after = {
        name: outputs["ff_d"][:, place // 64] >> np.uint64(place % 64) & np.uint64(1)
        for place, name in enumerate(flip_flops)
    }
    acc = _words([after[net] for net in register])
    got = Triples(triples.a, triples.b, acc).integers()
    raised = np.array([after[flag] for flag in flag_names], bool).reshape(-1, count).T
    mismatches = []
    for index, (a, b, before) in enumerate(triples.integers()):
        up = tuple(flags[index].tolist())
        en, clear, rst = controls[index].tolist()
        old = golden.State(None if any(up) else before, up)
        want = golden.step(config, old, a, b, en=en, clear=clear, rst=rst)
        got_flags = tuple(raised[index].tolist())
        if got_flags != want.flags or (want.acc is not None and got[index][2] != want.acc):
            mismatches.append(
                Mismatch(a, b, before, got[index][2], got_flags, want.acc, want.flags)
            )
    return mismatches


def _words(bits: Sequence[np.ndarray]) -> np.ndarray:
    """Words of 64 bits, least significant first, of bits in that order."""
    words = np.zeros((len(bits[0]), -(-len(bits) // 64)), np.uint64)
    for place, bit in enumerate(bits):
        words[:, place // 64] |= bit.astype(np.uint64) << np.uint64(place % 64)
    return words
