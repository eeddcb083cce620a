"""Units that differ in one number of bits, and what layers of a network say of it.

=============  ================  ==================================================================
what is asked  bits              where the search begins
=============  ================  ==================================================================
``kulisch``    guard bits        what the largest sum takes that the layers have in some questions;
                                 it ends where no codes can overflow, whatever the input
``e6m*``       mantissa bits     p + log2(n) / 2: n roundings add up to that of operands with p bits
window         bits of a window  the same, with n steps; it ends where no bit is ever cut
=============  ================  ==================================================================
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import ceil, log2

from fp8mac.hw.config.accumulators import ConfigError, FloatAccConfig, parse_accumulator
from fp8mac.hw.config.formats import FloatFormat, Format
from fp8mac.hw.config.unit import MacConfig, parse_line
from fp8mac.sim.networks.tasks.certify import LayerBound, guard_bits
from fp8mac.synth_reports.experiments.accuracy.accuracy import certificate
from fp8mac.synth_reports.experiments.accuracy.cases import case_of, questions
from fp8mac.synth_reports.experiments.sweep.spec import Spec, SpecError, is_trained

__all__ = ["MANTISSA", "Family", "families_of", "rest_of"]

MANTISSA = "m*"
"""How the name of a float accumulator ends whose mantissa bits are searched."""

_MOST_GUARD, _MOST_MANTISSA, _MOST_WINDOW = 20, 23, 64
_QUESTIONS = 32
"""That the layers are looked at with."""


@dataclass(frozen=True)
class Family:
    """Units of one line with a number of bits left open.

    Parameters
    ----------
    spec : Spec
        How they are built and measured; one network.
    line : str
        With ``{}`` where the bits stand.
    kind : str
        ``guard``, ``mantissa`` or ``window``.
    low, high : int
        Fewest and most bits.
    guess : int
        Where the search begins.
    layer : str
        Layer of the network that needs most by that; empty where layers say nothing.
    certified : bool
        Whether ``high`` bits are proved to lose nothing, whatever the input.
    """

    spec: Spec
    line: str
    kind: str
    low: int
    high: int
    guess: int
    layer: str
    certified: bool

    @property
    def network(self) -> str:
        """That runs on them."""
        return self.spec.networks[0]

    def spec_of(self, bits: int) -> Spec:
        """The unit with so many bits, alone."""
        return replace(
            self.spec, formats=(), accumulators=(), units=(self.line.format(bits),), search=None
        )


def families_of(spec: Spec, refused: dict[str, str]) -> Iterator[Family]:
    """What is searched of a specification; combinations that are no units are noted.

    Raises
    ------
    SpecError
        If there is no network, or bits are listed that are searched.
    """
    if spec.search is None:
        return
    if not spec.networks:
        raise SpecError("A search needs a network: name one with --networks.")
    if spec.guard_bits or spec.windows:
        raise SpecError("Guard bits and windows are searched; leave their lists out.")
    for network in spec.networks:
        if is_trained(network):
            raise SpecError(f"Bits are searched for networks that are only run, not {network}.")
        for lanes, format_, acc, stages in product(
            spec.lanes, spec.formats, spec.accumulators, spec.stages
        ):
            kind = _kind(acc, lanes)
            if kind is None:
                continue
            times = f" x {lanes}" if lanes > 1 else ""
            line = f"{format_}{times} -> {_OPEN[kind](acc)}"
            line += f", stages {stages}" if stages > 1 else ""
            try:
                yield _family(replace(spec, networks=(network,)), format_, line, kind)
            except ConfigError as error:
                refused[line.format("*")] = str(error)


def rest_of(spec: Spec) -> list[Spec]:
    """What is not searched: accumulators without a number of bits that is left open."""
    if spec.search is None:
        return [spec]
    parts = []
    for lanes in spec.lanes:
        accs = tuple(acc for acc in spec.accumulators if _kind(acc, lanes) is None)
        if accs:
            parts.append(replace(spec, accumulators=accs, lanes=(lanes,), units=(), search=None))
    if spec.units:
        parts.append(replace(spec, formats=(), accumulators=(), search=None))
    return parts


_OPEN = {
    "guard": lambda acc: "kulisch:{}",
    "mantissa": lambda acc: acc.replace(MANTISSA, "m{}"),
    "window": lambda acc: acc + ", window {}",
}


def _kind(acc: str, lanes: int) -> str | None:
    if MANTISSA in acc:
        parse_accumulator(acc.replace(MANTISSA, "m9"))  # says what is wrong with the rest
        return "mantissa"
    if acc == "kulisch":
        return "guard"
    is_float = isinstance(parse_accumulator(acc), FloatAccConfig)
    return "window" if is_float and lanes > 1 else None


def _family(spec: Spec, format_: str, line: str, kind: str) -> Family:
    most = {"guard": _MOST_GUARD, "mantissa": _MOST_MANTISSA, "window": _MOST_WINDOW}[kind]
    config = parse_line(line.format(most))
    if kind == "guard":
        layers = _layers(config, spec)
        needs = {each.name: guard_bits(config, each.largest_sum) for each in layers}
        high = max((each.guard_bits for each in layers), default=None)
        low = 0
    else:
        layers = _layers(parse_line(f"{format_} -> kulisch"), spec)
        needs = {each.name: _rounded(each, config) for each in layers}
        low, high = 1, None
        if kind == "window":
            found = _layers(config, spec)
            high = max((each.window_bits for each in found), default=None)
    layer = max(needs, key=lambda name: needs[name], default="")
    guess = needs.get(layer, most // 2)
    high_ = most if high is None else min(most, max(high, low))
    return Family(spec, line, kind, low, high_, guess, layer, high is not None and high <= most)


def _layers(config: MacConfig, spec: Spec) -> list[LayerBound]:
    """What layers say; nothing where sums of the unit are not bounded."""
    network, data = spec.networks[0], {"inputs": spec.inputs, "axes": spec.axes}
    asked = min(_QUESTIONS, spec.questions or questions(network, **data))
    try:
        return certificate(case_of(config, network, asked, **data))
    except ConfigError:
        return []


def _rounded(layer: LayerBound, config: MacConfig) -> int:
    steps = max(1, layer.terms / config.products_per_cycle)
    return min(map(_precision, (config.a, config.b))) + ceil(log2(steps) / 2)


def _precision(format_: Format) -> int:
    return format_.mantissa_bits + 1 if isinstance(format_, FloatFormat) else format_.bits - 1
