"""Descriptions of what exact sums leave as."""
