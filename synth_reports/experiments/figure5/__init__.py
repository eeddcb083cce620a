"""Bits of accuracy of formats, without a network."""
