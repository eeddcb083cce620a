"""Descriptions of MAC units, and the circuits that they describe."""
