"""What measures units, wired: the circuits, the flows, the Yosys and the store that there are."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.structure import Goal, Structure
from fp8mac.synth_reports.cost.measure import Bench, Design
from fp8mac.synth_reports.liberty.library import Library
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.synthesis import Flow

__all__ = ["make_bench"]


def make_bench(
    libraries: Mapping[str, Library] = MappingProxyType({}),
    seconds: float = 0,
    flow: str | None = None,
    store: Store | None = None,
) -> Bench:
    """What measures units, with the flows of the package and the Yosys that there is.

    Parameters
    ----------
    libraries : mapping of str to Library
        What designs can be mapped to, by the names that these use.
    seconds : float
        Time to look for better netlists.
    flow : str, optional
        Flow for all designs; by default the one that is named after their goal.
    store : Store, optional
        Where results are kept; default the user's cache.

    Raises
    ------
    YosysError
        If there is no Yosys that can be used.
    """

    def elaborate(design: Design) -> str:
        from fp8mac.gen.rtlil import rtlil_text  # a known answer needs no Amaranth

        return rtlil_text(design.config, design.shape, goal=design.goal)

    @cache
    def load(goal: Goal, library: str | None) -> Flow:
        return Flow.load(flow or goal.value, libraries[library] if library is not None else None)

    def flow_of(design: Design) -> Flow:
        found = load(Structure.of(design.goal).goal, design.library)
        return found if design.delay_ps is None else found.to(design.delay_ps)

    return Bench(elaborate, flow_of, find_yosys(), store or Store(), seconds)
