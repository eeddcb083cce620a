"""Commands for FPGA boards: bitstreams, and a host that checks them."""
