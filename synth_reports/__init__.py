"""What a unit costs: synthesis, its results on disk, tables."""
