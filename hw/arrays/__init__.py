"""Matrix units: rows and columns of one unit between two streams."""
