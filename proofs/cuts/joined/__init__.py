"""Proofs of float sums that are made of other sums: late accumulators, groups, trees."""
