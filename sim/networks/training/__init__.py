"""Training in numpy, with rounding or without."""
