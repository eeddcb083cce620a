"""Circuits of few gates."""
