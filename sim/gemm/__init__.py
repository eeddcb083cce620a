"""Matrix products exactly as a unit computes them."""
