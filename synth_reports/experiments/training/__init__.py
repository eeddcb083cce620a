"""Training on units: what formats, sums, scales and stored weights do to it, as an experiment."""
