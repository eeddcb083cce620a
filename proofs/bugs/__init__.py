"""Bugs that are planted in circuits, and that every check has to find."""
