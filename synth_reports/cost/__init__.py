"""What a unit costs: designs, measurements, energy, parts, reports."""
