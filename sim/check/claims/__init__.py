"""What is claimed of all sums of a unit: bounds, differences, order."""
