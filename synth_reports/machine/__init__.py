"""An array of units and a network: cycles, traffic, buffers, energy."""
