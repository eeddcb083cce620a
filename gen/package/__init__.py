"""A module with all that one needs to use it: testbenches, constraints, a datasheet."""
