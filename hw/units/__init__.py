"""Whole units: the combinational core, and the registered unit around it."""
