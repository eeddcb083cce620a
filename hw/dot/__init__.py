"""Steps that add several products at once."""
