"""Planted bugs in registers in segments, see `bugs.mutations`: both families share their parts."""

from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.conditions import Condition, is_kulisch, is_segmented, takes_ints
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["SEGMENT_MUTATIONS"]

_BOTH = (Goal.AREA, Goal.SPEED)


def _adds_numbers(config: MacConfig) -> bool:
    """Whether a product is one number when it meets the register."""
    return is_segmented(config) and (is_kulisch(config) or config.resolve is Resolve.IDLE)


def _merges(config: MacConfig) -> bool:
    """Whether the terms of a product meet the register in one tree."""
    return is_segmented(config) and not _adds_numbers(config)


def _counts_beyond(config: MacConfig) -> bool:
    """Whether a segment, but not the last, ends above the product."""
    return _adds_numbers(config) and config.carry_places[-1] >= config.product_bits


def _resolves(how: Resolve) -> Condition:
    return lambda config: config.resolve is how


_IDLE, _SHOWN = ("e4m3,kulisch:3:segmented=5:resolve=idle",), Resolve.COMBINATIONAL

# fmt: off
SEGMENT_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "carry out of a segment above the product not complemented", "segments",
        "parts.segments",
        "carry = step ^ sign", "carry = step",
        ("e4m3,kulisch:12:segmented=5",),
        _counts_beyond,
        goals=_BOTH,
    ),
    Mutation(
        "carry between segments lost", "segments", "parts.segments",
        "carry: Value = entering[at]", "carry: Value = Const(0, 1) if at else one",
        ("e4m3,kulisch:3:segmented=5", "int8,int32:segmented=4:resolve=idle"),
        _adds_numbers,
        goals=_BOTH,
    ),
    Mutation(
        "carry enters the segment that it left", "segments", "parts.segments",
        "entering = Cat(one, carries)", "entering = Cat(one & carries[0], carries[1:], one)",
        ("e4m3,kulisch:3:segmented=5", "e5m2,kulisch:segmented=6"),
        _adds_numbers,
        goals=_BOTH,
    ),
    Mutation(
        "sign of a product not extended", "segments", "parts.segments",
        "step = carry ^ sign", "step = carry",
        ("e4m3,kulisch:3:segmented=5", "int8,int32:segmented=4:resolve=idle"),
        _adds_numbers,
        goals=_BOTH,
    ),
    Mutation(
        "segments above the product count up only", "segments", "parts.segments",
        "step & (word[place] ^ sign)", "step & word[place]",
        ("e4m3,kulisch:3:segmented=5", "int8,int32:segmented=4:resolve=idle"),
        _adds_numbers,
        goals=_BOTH,
    ),
    Mutation(
        "carry between segments lost in a tree", "segments", "parts.segments",
        "carry = carries[at - 1]", "carry = Const(0, 1)",
        ("int8,int32:segmented=4", "int8,kulisch:segmented=9"),
        _merges,
        goals=_BOTH,
    ),
    Mutation(
        "carries leave a tree in the wrong order", "segments", "parts.segments",
        "leaving.append(carry)", "leaving.insert(0, carry)",
        ("int8,int32:segmented=4", "int8,kulisch:segmented=9"),
        _merges,
        goals=_BOTH,
    ),
    Mutation(
        "carry not cleared", "clear", "units.mac",
        "Mux(clear, 0, self.carry)", "self.carry",
        ("e4m3,kulisch:3:segmented=5", "int8,int32:segmented=4"),
        is_segmented,
        registered=True, goals=_BOTH,
    ),
    Mutation(
        "carry cleared in every step", "clear", "units.mac",
        "Mux(clear, 0, self.carry)", "Mux(clear | self.en, 0, self.carry)",
        ("e4m3,kulisch:3:segmented=5", "int8,int32:segmented=4"),
        is_segmented,
        registered=True, goals=_BOTH,
    ),
    Mutation(
        "idle cycle clears", "clear", "units.mac",
        "clear &= en\n            m.d.sync += [self.acc",
        "clear |= 0\n            m.d.sync += [self.acc",
        (*_IDLE, "int8,int32:segmented=4:resolve=idle"),
        _resolves(Resolve.IDLE),
        registered=True, goals=_BOTH,
    ),
    Mutation(
        "idle cycle adds -0, which leaves carries", "resolver", "units.mac",
        "b &= self.en.replicate(len(b))", "b |= 0",
        _IDLE,
        # Products of several lanes are added up before they meet the register: -0 is 0 there.
        lambda config: (
            config.resolve is Resolve.IDLE and is_kulisch(config) and config == config.plain
        ),
        registered=True, goals=_BOTH,
    ),
    Mutation(
        "signs of integer products leave carries", "resolver", "area.family",
        "config.resolve is Resolve.IDLE", "config.resolve is None",
        ("int8,int32:segmented=4:resolve=idle",),
        lambda config: config.resolve is Resolve.IDLE and takes_ints(config),
        registered=True,
    ),
    Mutation(
        "ready with carries left", "resolver", "units.mac",
        "~self.carry.any()", "~self.carry.all()",
        _IDLE,
        _resolves(Resolve.IDLE),
        registered=True, goals=_BOTH,
    ),
    Mutation(
        "resolver adds the first carry everywhere", "resolver", "parts.segments",
        "_add_bits(m, carries[at - 1], word", "_add_bits(m, carries[0], word",
        ("e4m3,kulisch:3:segmented=5:resolve=combinational",),
        _resolves(_SHOWN),
        registered=True,
    ),
    Mutation(
        "resolver adds carries one place too high", "resolver", "parts.segments",
        "late = Cat(0, gap, *(", "late = Cat(0, 0, gap, *(",
        ("e4m3,kulisch:3:segmented=5:resolve=combinational",),
        _resolves(_SHOWN),
        registered=True, goals=(Goal.SPEED,),
    ),
)
# fmt: on
"""In the order of the data path; those that few units have come first."""
