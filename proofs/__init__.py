"""Proofs that a unit computes what its configuration says, and planted bugs that must be found."""
