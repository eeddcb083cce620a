"""What multiplies matrices for a network: a unit, or float32 in its place."""
