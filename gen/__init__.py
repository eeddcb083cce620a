"""From a description to files: Verilog, and the command line."""
