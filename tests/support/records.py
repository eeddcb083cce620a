"""Records of designs from netlists that a test makes up."""

from fp8mac.gen.yosys import Yosys
from fp8mac.synth_reports.cost.measure import Bench, Measurement
from fp8mac.synth_reports.cost.physical import facts_of
from fp8mac.synth_reports.experiments.designs import DesignRecord, record_of
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.synthesis import Flow

FLOW = Flow("toy", "front", ("script",), "library")


class Nothing(Store):
    """A store that keeps nothing."""

    def load(self, kind, key):
        return None

    def save(self, kind, key, content):
        pass


BENCH = Bench(lambda design: "", FLOW, Yosys(("yosys",), "yosys", "0.50"), Nothing())


def recorded(measured: Measurement, energy: float | None = None) -> DesignRecord:
    """Record of a measurement, by the toy flow; energies of it are all the same."""
    facts = facts_of(own_library(), BENCH.store) if measured.design.library else None
    kinds = {kind: {"dynamic_cinv_v2": energy} for kind in ("functional", "unit_delay")}
    found = None if energy is None else kinds | {"overflow_share": 0.25}
    return record_of(measured, BENCH, facts, found)
