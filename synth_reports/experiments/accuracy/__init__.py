"""Networks on units."""
