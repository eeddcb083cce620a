"""How real matrix units add, and their names."""
