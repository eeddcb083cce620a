"""Texts of the files around a module, see `fp8mac.gen.package.package`."""

__all__ = ["COCOTB", "MAKEFILE", "clock_constraints", "fusesoc_core"]


def clock_constraints(top: str, clock_mhz: float) -> dict[str, str]:
    """One clock, and pins that are still to be given, for four families of tools."""
    period = f"{1000 / clock_mhz:.3f}"
    sdc = f"create_clock -name clk -period {period} [get_ports clk]\n"
    delays = "set_input_delay 0 -clock clk [all_inputs]\n"
    delays += "set_output_delay 0 -clock clk [all_outputs]\n"
    return {
        f"{top}.sdc": sdc + delays,
        f"{top}.xdc": sdc
        + "# set_property -dict {PACKAGE_PIN ... IOSTANDARD LVCMOS33} [get_ports clk]\n",
        f"{top}.pcf": f"set_frequency clk {clock_mhz:g}\n# set_io clk ...\n",
        f"{top}.lpf": f'FREQUENCY PORT "clk" {clock_mhz:g} MHZ;\n# LOCATE COMP "clk" SITE "...";\n',
    }


def fusesoc_core(top: str, vectors: str, version: str, *, clocked: bool) -> str:
    """Core of FuseSoC: the module, its testbench, and clock constraints."""
    constraints = "".join(
        f"""\
  {name}:
    files: [{top}.{suffix}: {{file_type: {kind}}}]
"""
        for name, suffix, kind in (("xdc", "xdc", "xdc"), ("sdc", "sdc", "SDC"))
        if clocked
    )
    return f"""\
CAPI=2:
name: fp8mac:mac:{top}:{version}
description: {top}, made by fp8mac

filesets:
  rtl:
    files: [{top}.v: {{file_type: verilogSource}}]
  bench:
    files:
      - {top}_tb.v: {{file_type: verilogSource}}
      - {vectors}: {{file_type: user, copyto: {vectors}}}
{constraints}
targets:
  default: &default
    filesets: [rtl]
    toplevel: {top}
  sim:
    <<: *default
    description: the testbench, in Icarus Verilog
    default_tool: icarus
    filesets: [rtl, bench]
    toplevel: {top}_tb
    tools:
      icarus:
        iverilog_options: [-g2005]
      verilator:
        mode: binary
        verilator_options: [-Wno-fatal, --timing]
  lint:
    <<: *default
    default_tool: verilator
    tools:
      verilator:
        mode: lint-only
"""


MAKEFILE = """\
# make: the testbench in Icarus Verilog; make verilator, make lint, make cocotb, make fusesoc.
TOP := {top}

.PHONY: sim verilator lint cocotb fusesoc clean

sim: build/bench
	cd $(CURDIR) && vvp -n build/bench

build/bench: $(TOP)_tb.v $(TOP).v
	mkdir -p build
	iverilog -g2005 -o $@ $^

verilator:
	mkdir -p build
	verilator --binary -Wno-fatal --Mdir build/verilator --top-module $(TOP)_tb $(TOP)_tb.v $(TOP).v
	build/verilator/V$(TOP)_tb

lint:
	verilator --lint-only -Wall $(TOP).v

cocotb:
	python3 test_$(TOP).py

fusesoc:
	fusesoc run --target=sim fp8mac:mac:$(TOP)

clean:
	rm -rf build
"""

COCOTB = '''\
"""Vectors against {top} in cocotb 2: python3 test_{top}.py"""

from pathlib import Path

import cocotb
from cocotb.triggers import Timer

HERE = Path(__file__).resolve().parent
INPUTS = {inputs}
WANTED = {wanted}
FLAGS = {flags}


def value(dut, word):
    """Value of an accumulator whose carries are held beside it."""
{value}


@cocotb.test()
async def vectors(dut):
    """Every line of vectors.txt."""
    checked = 0
    for line in (HERE / "{vectors}").read_text().splitlines():
        if line.startswith("#"):
            continue
        words = line.split()
        for name, word in zip(INPUTS, words):
            getattr(dut, name).value = int(word, 16)
{step}
        want = dict(zip(WANTED, words[len(INPUTS):]))
        raised = any(want[flag] == "1" for flag in FLAGS)
        for name, word in want.items():
            if "x" in word or (raised and name == WANTED[0]):
                continue  # not specified
            got = int(getattr(dut, name).value)
            if name == WANTED[0]:
                got = value(dut, got)
            assert got == int(word, 16), f"case {{checked}}, {{name}}: {{got:x}}, not {{word}}"
        checked += 1
    assert checked == {count}


if __name__ == "__main__":
    from cocotb_tools.runner import get_runner

    runner = get_runner("icarus")
    runner.build(
        sources=[HERE / "{top}.v"], hdl_toplevel="{top}", build_dir=HERE / "build" / "cocotb",
        timescale=("1ns", "1ps"),
    )
    runner.test(
        hdl_toplevel="{top}", test_module="test_{top}", test_dir=HERE,
        build_dir=HERE / "build" / "cocotb", results_xml=HERE / "build" / "cocotb" / "results.xml",
    )
'''
