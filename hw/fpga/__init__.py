"""Circuits of lookup tables and carry chains."""
