"""Proofs in parts of units that add several products in a float accumulator."""
