"""What a unit has to compute, as formulas over the theory of floating-point numbers."""
