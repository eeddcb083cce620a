"""Planted bugs in sums of several products."""
