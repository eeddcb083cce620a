"""Where named units disagree, and whose sums are monotone."""
