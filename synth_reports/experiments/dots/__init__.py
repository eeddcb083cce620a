"""What dot products cost: named units, lanes by format and accumulator, windows."""
