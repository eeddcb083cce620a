"""Models of PyTorch on a unit, forward and backward; the modules that need torch import it."""
