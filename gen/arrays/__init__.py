"""Matrix units as Verilog, with a description and a testbench."""
