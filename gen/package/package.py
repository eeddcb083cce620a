"""A unit as a product: its Verilog with all that one needs to simulate, constrain and read it.

::

    <module>.v, .json            the module, and its description
    <module>_tb.v, vectors.txt   a testbench that checks itself, and what it reads
    test_<module>.py             the same for cocotb
    <module>.core, fusesoc.conf  for FuseSoC: fusesoc run --target=sim <core>
    <module>.sdc .xdc .pcf .lpf  clock constraints to begin with
    Makefile                     make: Icarus Verilog, or Verilator
    README.md, timing.json .svg  datasheet, with a timing diagram of WaveDrom
"""

import importlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from fp8mac.gen.describe import module_name
from fp8mac.gen.package.datasheet import datasheet
from fp8mac.gen.package.templates import COCOTB, MAKEFILE, clock_constraints, fusesoc_core
from fp8mac.gen.testbench import bench_name, testbench_text
from fp8mac.gen.verilog import module_contents
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.vectors import sequence_lines, vector_lines

__all__ = ["package_contents", "timing_diagram"]

_VECTORS = "vectors.txt"


def package_contents(
    config: MacConfig,
    shape: Shape,
    *,
    goal: Goal = Goal.AREA,
    command: str | None = None,
    count: int = 2000,
    seed: int = 1,
    clock_mhz: float = 100,
    cost: Mapping[str, int] | None = None,
) -> dict[str, str]:
    """Texts of all files by their names.

    Parameters
    ----------
    command : str, optional
        What makes them again.
    count, seed : int
        Of the vectors.
    clock_mhz : float
        For the constraints.
    cost : mapping of str to int, optional
        What the datasheet says that it takes.

    Raises
    ------
    ConfigError
        If there is no circuit for the unit.
    YosysError
        If there is no Yosys that can be used.
    """
    top = module_name(config, shape, goal=goal)
    lines = (sequence_lines if shape.is_registered else vector_lines)(config, count, seed)
    verilog, facts = module_contents(config, shape, goal=goal, command=command)
    bench = testbench_text(config, shape, goal=goal, vectors_file=_VECTORS, count=count)
    diagram = timing_diagram(config) if shape.is_registered else None
    files = {
        f"{top}.v": verilog,
        f"{top}.json": facts,
        f"{bench_name(config, shape, goal=goal)}.v": bench,
        _VECTORS: "".join(line + "\n" for line in lines),
        f"test_{top}.py": _cocotb(config, shape, top, count),
        f"{top}.core": fusesoc_core(top, _VECTORS, version("fp8mac"), clocked=shape.is_registered),
        "fusesoc.conf": "[library.here]\nlocation = .\nsync-type = local\n",
        "Makefile": MAKEFILE.format(top=top),
        **(clock_constraints(top, clock_mhz) if shape.is_registered else {}),
    }
    drawn = None
    if diagram is not None:
        files["timing.json"] = json.dumps(diagram, indent=2) + "\n"
        drawn = _svg(diagram)
        if drawn is not None:
            files["timing.svg"] = drawn
    files["README.md"] = datasheet(json.loads(facts), cost or {}, count, drawn=drawn is not None)
    return files


def timing_diagram(config: MacConfig) -> dict[str, Any]:
    """Two products added, as WaveDrom takes it: a sum begins, goes on, and is held.

    Examples
    --------
    >>> from fp8mac.hw.config.unit import parse_unit
    >>> timing_diagram(parse_unit("int8", acc="int32"))["signal"][-1]["wave"]
    'x.34.'
    """
    late = config.latency_cycles
    rest = "." * (late + 1)

    def signal(name: str, wave: str, *data: str) -> dict[str, Any]:
        return {"name": name, "wave": wave, **({"data": list(data)} if data else {})}

    total = "a0 b0" if config.products_per_cycle == 1 else "sum a0 b0"
    operands = [signal(name, f"x34x{rest[1:]}", f"{name}0", f"{name}1") for name in ("a", "b")]
    return {
        "signal": [
            signal("clk", "p" + "." * (late + 3)),
            signal("en", f"01.0{rest[1:]}"),
            signal("clear", f"010.{rest[1:]}"),
            *operands,
            signal("acc", f"x{'.' * late}34.", total, f"+ {total.replace('0', '1')}"),
        ],
        "head": {"text": f"{config.text}: latency {late}, one step a cycle"},
    }


def _svg(diagram: dict[str, Any]) -> str | None:
    """The diagram as a picture, where the package `wavedrom` is there."""
    if find_spec("wavedrom") is None:
        return None
    wavedrom = importlib.import_module("wavedrom")
    return wavedrom.render(json.dumps(diagram)).tostring() + "\n"


def _cocotb(config: MacConfig, shape: Shape, top: str, count: int) -> str:
    table = ports(config, shape)
    operands = (Role.OPERAND, Role.SCALE, Role.RANDOM, Role.RESCALE)
    inputs = named(table, Role.RESET, Role.CONTROL, *operands, Role.STATE, Role.CARRY_STATE)
    step, value = "        await Timer(1)", "    return word"
    if shape.is_registered:
        step = "\n".join(
            f"        {line}"
            for line in (
                "dut.clk.value = 0",
                "await Timer(1)",
                "dut.clk.value = 1",
                "await Timer(1)",
            )
        )
    for carry in named(table, Role.CARRY):
        places = ", ".join(map(str, config.carry_places))
        value = (
            f"    carry = int(dut.{carry}.value)\n"
            f"    late = sum((carry >> j & 1) << place for j, place in enumerate([{places}]))\n"
            f"    return (word + late) % (1 << {config.acc_bits})"
        )
    return COCOTB.format(
        top=top,
        inputs=[*inputs],
        wanted=[*named(table, Role.RESULT, Role.FLAG, Role.OUTPUT)],
        flags=[*config.flags],
        vectors=_VECTORS,
        step=step,
        value=value,
        count=count,
    )
