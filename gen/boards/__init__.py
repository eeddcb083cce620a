"""Units on FPGA boards: what is around them, bitstreams, and the host at the other end."""
