"""What several tests need: circuits as netlists, all pairs of operands, the units of the grid."""

import dataclasses
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from amaranth.back import rtlil
from amaranth.lib import wiring
from numpy.typing import NDArray

from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import rtlil_text
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.formats import Format
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.exact.codecs import decode
from fp8mac.sim.exact.values import Value, multiply
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.abc import run_abc
from fp8mac.synth_reports.synth.synthesis import (
    Flow,
    Synthesis,
    map_logic,
    prove,
    read_logic,
    synthesize,
)

#: For circuits whose gates nobody counts: mapped as they are written.
PLAIN = dataclasses.replace(Flow.load(), name="plain", scripts=("strash; map",))
_MANY = 4000  # gates above which ABC's older prover is the quicker one, where none were moved


def plain(text: str, top: str) -> Synthesis:
    """A design as `PLAIN` maps it, proved equal like every other."""
    yosys, flow = find_yosys(), PLAIN
    logic = read_logic(text, top, flow.name, front=flow.front, techmap=flow.techmap, yosys=yosys)
    [found] = map_logic(logic, top, flow, flow.scripts, yosys)
    inputs = {"logic.blif": logic.blif, "mapped.blif": found.netlist, "flow.genlib": flow.library}
    lines = ["read_genlib flow.genlib", "cec -T 60 logic.blif mapped.blif"]
    many = found.netlist.count("\n.gate") > _MANY
    log = run_abc(yosys, lines, inputs, ["abc.log"])["abc.log"] if many else ""
    if "\nABC: Networks are equivalent" not in log:
        prove(found, logic, top, flow, yosys)
    return found


def mapped(component: wiring.Component) -> Netlist:
    """Netlist of a combinational component."""
    return mapped_rtlil(rtlil.convert(component, name="top", emit_src=False), "top")


def mapped_rtlil(text: str, top: str, flow: Flow = PLAIN) -> Netlist:
    """Netlist of a combinational design; what one test has made is there for the others."""
    yosys, store = find_yosys(), Store()
    inputs = [text, top, flow.sha256, yosys.build, yosys.version]
    key = store.key(inputs, "fp8mac.synth_reports.synth.synthesis")
    known = store.load("netlists", key)
    if known is None:
        made = plain(text, top) if flow is PLAIN else synthesize(text, top, flow, yosys)
        known = {"blif": made.netlist}
        store.save("netlists", key, known)
    return Netlist.from_blif(known["blif"])


def counted_core(config: MacConfig) -> Netlist:
    """Netlist of a core as it is counted: the default flow."""
    top = module_name(config, Shape.CORE)
    return mapped_rtlil(rtlil_text(config, Shape.CORE), top, Flow.load())


def all_pairs(a: Format, b: Format) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Every code of ``a`` with every code of ``b``; symmetric integers without the excluded one."""
    codes = [np.arange(1 << format_.bits, dtype=np.uint64) for format_ in (a, b)]
    for position, format_ in enumerate((a, b)):
        if getattr(format_, "symmetric", False):
            codes[position] = np.delete(codes[position], 1 << (format_.bits - 1))
    first, second = np.meshgrid(*codes, indexing="ij")
    return first.ravel(), second.ravel()


def products(a: Format, b: Format) -> Callable[[int, int], Value]:
    """Golden product of two codes, each code decoded once."""
    decode_a, decode_b = (
        lru_cache(maxsize=None)(lambda code, format_=format_: decode(format_, code))
        for format_ in (a, b)
    )
    return lambda x, y: multiply(decode_a(x), decode_b(y))
