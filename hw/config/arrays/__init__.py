"""Descriptions of matrix units: many of one unit, and what stands around them."""
