"""Error of sums against their length."""
