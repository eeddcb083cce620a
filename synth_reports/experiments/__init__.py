"""What follows from costs and accuracy: one experiment, one module or package."""
