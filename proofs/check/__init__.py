"""What is checked of a unit, by whom, and what came of it."""
