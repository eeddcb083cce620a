"""What a sequencer before a matrix unit costs, which leaves out blocks of zeros."""

from dataclasses import asdict
from hashlib import sha256

from fp8mac.gen.arrays.block_sparse import block_sparse_name, block_sparse_rtlil
from fp8mac.gen.yosys import Yosys
from fp8mac.hw.config.arrays.block_sparse import BlockSparseConfig
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.synth_reports.cost.measure import Design, Measurement
from fp8mac.synth_reports.experiments.arrays.parts import ELABORATION
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.synthesis import Flow, Synthesis, synthesize

__all__ = ["measure_sequencer"]


def measure_sequencer(
    config: BlockSparseConfig,
    flow: Flow,
    yosys: Yosys,
    store: Store,
    *,
    goal: Built = Goal.AREA,
    force: bool = False,
) -> Measurement:
    """Map what a block-sparse array has beside the array, or look it up.

    Raises
    ------
    ConfigError
        If there is no circuit for its units.
    YosysError, SynthesisError
        If a synthesis fails.
    """
    top = block_sparse_name(config, goal=goal)
    key = store.key([top, repr(config), flow.sha256, yosys.build, yosys.version], __name__)
    entry = None if force else store.load("arrays", key)
    if entry is None:
        with ELABORATION:
            rtlil = block_sparse_rtlil(config, goal=goal)
        made = synthesize(rtlil, top, flow.without(top, ("array",)), yosys)
        entry = {"rtlil_sha256": sha256(rtlil.encode()).hexdigest(), "rest": asdict(made)}
        store.save("arrays", key, entry)
    design = Design(config.array.cell, Shape.UNIT, goal, flow.cells and flow.cells.name)
    flip_flops = {"flip_flops": tuple(entry["rest"]["flip_flops"])}
    return Measurement(design, entry["rtlil_sha256"], Synthesis(**entry["rest"] | flip_flops))
