"""Bits of a unit that are searched from what a network needs, not taken from a list."""
