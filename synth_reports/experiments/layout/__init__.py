"""Units that are placed and routed in a cell library: area with free space, delay with wires."""
