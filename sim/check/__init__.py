"""Circuits against the golden model: stimuli, vectors, netlists as functions."""
