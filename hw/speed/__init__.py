"""Circuits with a short path."""
