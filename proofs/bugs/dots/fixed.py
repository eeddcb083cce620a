"""Planted bugs in units of several lanes, see `bugs.mutations`: some in each part of a proof."""

from fp8mac.hw.config.accumulators import Resolve
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.conditions import is_segmented, saturates_ints, takes_ints
from fp8mac.proofs.bugs.planting import Mutation

__all__ = ["DOT_MUTATIONS"]

_BOTH = (Goal.AREA, Goal.SPEED)
_ALL = tuple(Goal)


def _has_floats(config: MacConfig) -> bool:
    """Whether lanes are of significands."""
    return not takes_ints(config)


def _adds_rows(config: MacConfig) -> bool:
    """Whether the register meets the products in their tree."""
    return config.resolve is not Resolve.IDLE


# fmt: off
DOT_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "lanes: complement lacks its one", "lanes", "dot.lanes",
        "terms.add_bits(0, sign)", "terms.add_bits(0, ~sign)",
        ("e2m1 x 3 -> kulisch:2", "e4m3 x 4 -> kulisch:15"),
        _has_floats, goals=_ALL,
    ),
    Mutation(
        "lanes: sign extended from one place too high", "lanes", "dot.lanes",
        "terms.add_bits(bits, ~sign)", "terms.add_bits(bits + 1, ~sign)",
        ("e2m1 x 3 -> kulisch:2", "e4m3 x 4 -> kulisch:15"),
        _has_floats, goals=_ALL,
    ),
    Mutation(
        "lanes: negative magnitude", "lanes", "dot.lanes",
        "aligned ^ sign.replicate(bits)", "aligned | sign.replicate(bits)",
        ("e2m1 x 3 -> kulisch:2", "e4m3 x 4 -> kulisch:15"),
        _has_floats, goals=_ALL,
    ),
    Mutation(
        "lanes: Booth digit of two is one", "lanes", "area.integer",
        "Cat(0, a) & two", "Cat(a, 0) & two",
        ("int4 x 3 -> int12", "int8 x 4 -> int32"),
        takes_ints,
    ),
    Mutation(
        "lanes: sign times bit not complemented", "lanes", "speed.integer",
        "~(x & y), arrival=AND", "x & y, arrival=AND",
        ("int4 x 3 -> int12", "int8 x 4 -> int32"),
        takes_ints, goals=(Goal.SPEED,),
    ),
    Mutation(
        "lanes: an operand of the neighbour", "lanes", "dot.fixed",
        "self.b.word_select(lane,", "self.b.word_select(lane // 2,",
        ("e2m1 x 3 -> kulisch:2", "int4 x 3 -> int12"),
        lambda config: True, goals=_ALL,
    ),
    Mutation(
        "lanes: NaN of one does not count", "lanes", "dot.fixed",
        "raised = raised | add_lane(", "raised = raised & add_lane(",
        ("e4m3 x 2 -> kulisch:0", "e5m2 x 2 -> kulisch:0"),
        lambda config: bool(config.flags), goals=_ALL,
    ),
    Mutation(
        "sum: the first lane twice, the second not at all", "sum", "dot.fixed",
        'found.wired(inside, "terms").add_to(summands)',
        'first = found.wired(inside, "terms") if lane != 1 else first; first.add_to(summands)',
        ("e2m1 x 3 -> kulisch:2", "int4 x 3 -> int12"),
        lambda config: True, goals=_ALL,
    ),
    Mutation(
        "sum: top bit of the register lost", "sum", "dot.fixed",
        "summands.add_bits(0, self.c, _EARLY)", "summands.add_bits(0, self.c[:-1], _EARLY)",
        ("e2m1 x 3 -> kulisch:2", "int4 x 3 -> int12"),
        _adds_rows, goals=_ALL,
    ),
    Mutation(
        "sum: constants of the lanes lost", "sum", "parts.summands",
        "tree.add_constant(self._constant)", "tree.add_constant(0)",
        ("e2m1 x 3 -> kulisch:2", "int4 x 3 -> int12"),
        lambda config: True, goals=_ALL,
    ),
    Mutation(
        "sum: register's sign not extended", "sum", "dot.fixed",
        "self.c[-1].replicate(width_of_sum - width)", "Const(0, width_of_sum - width)",
        ("int4 x 3 -> int8:saturate",),
        saturates_ints, goals=_ALL,
    ),
    Mutation(
        "sum: a carry enters the segment that it left", "sum", "dot.fixed",
        "summands.add_bits(place, carry, _EARLY)", "summands.add_bits(place - 1, carry, _EARLY)",
        ("e2m1 x 3 -> kulisch:2:segmented=4", "int4 x 3 -> int12:segmented=4"),
        lambda config: is_segmented(config) and _adds_rows(config), goals=_ALL,
    ),
    Mutation(
        "sum: a full adder's carry", "sum", "parts.compressor",
        "Mux(propagate, c, a)", "Mux(propagate, a, c)",
        ("e2m1 x 3 -> kulisch:2", "int4 x 3 -> int12"),
        lambda config: not is_segmented(config) or not _adds_rows(config),
    ),
    Mutation(
        "sum: a carry of the tree", "sum", "parts.carry_save",
        "(a & b) | ((a | b) & c)", "(a & b) | (a & c)",
        ("e2m1 x 3 -> kulisch:2", "int4 x 3 -> int12"),
        lambda config: True, goals=(Goal.SPEED,),
    ),
    Mutation(
        "last: carries leave segments in the wrong order", "last", "dot.fixed",
        "*carries[:-1])", "*carries[-2::-1])",
        ("e2m1 x 3 -> kulisch:2:segmented=4", "int4 x 3 -> int12:segmented=4"),
        lambda config: is_segmented(config) and _adds_rows(config), goals=_ALL,
    ),
    Mutation(
        "last: saturates a place too late", "last", "dot.fixed",
        "above = total[width - 1 : -1]", "above = total[width:-1]",
        ("int4 x 3 -> int8:saturate",),
        saturates_ints, goals=_ALL,
    ),
    Mutation(
        "last: saturates to the other end", "last", "dot.fixed",
        "Cat((~total[-1]).replicate(width - 1), total[-1])",
        "Cat(total[-1].replicate(width - 1), ~total[-1])",
        ("int4 x 3 -> int8:saturate",),
        saturates_ints, goals=_ALL,
    ),
    Mutation(
        "last: carries of a prefix", "last", "parts.prefix",
        "upper | (upper_live & lower)", "upper | (upper_live ^ lower)",
        ("e2m1 x 3 -> kulisch:2", "int4 x 3 -> int12"),
        lambda config: True, goals=(Goal.SPEED,),
    ),
    Mutation(
        "last: the products' sum a bit too narrow", "last", "dot.fixed",
        "self._rows(m, summands, sum_bits)", "self._rows(m, summands, sum_bits - 2)",
        ("e2m1 x 3 -> kulisch:4:segmented=4:resolve=idle",),
        lambda config: config.resolve is Resolve.IDLE, goals=_ALL,
    ),
)
# fmt: on
"""In the order of the data path."""
