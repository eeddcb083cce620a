"""Sums of several products in a float accumulator, for a short path."""
