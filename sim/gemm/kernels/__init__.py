"""Loops of matrix products: each in numpy, and compiled beside it."""
