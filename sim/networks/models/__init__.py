"""Networks in numpy; every product of matrices goes to an engine."""
