"""What a unit is: formats, accumulators, goals; in the standard library alone."""
